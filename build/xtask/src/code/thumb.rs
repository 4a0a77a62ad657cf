//! What an instruction of Thumb is, as far as cost and control flow go.
//!
//! Encodings: Arm DDI 0553, C2.3 (T16 and T32). Arithmetic needs no closer look: whatever is not
//! named here is [`Kind::Plain`].
//!
//! # Why not `yaxpeax-arm` or `capstone`
//! `yaxpeax-arm` 0.5 was tried on the code of two images. It has the length of each of 205,840
//! instructions of the product right; of 33,514 of an image with FP registers, 41 end in
//! `DecodeError::Incomplete`: all moves of FP registers, of which `vpush` moves the stack pointer.
//! `sg` comes out as `ldrd`, `msr psplim` as a write of the flags. Cost classes and the effect on the
//! stack pointer would be a table over its opcodes, as long as this one. `capstone` is C.

/// A decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// 2 or 4.
    pub bytes: u32,
    /// What it does.
    pub kind: Kind,
}

/// Kinds that differ in cost or in where they lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Arithmetic, moves, comparisons.
    Plain,
    /// One word, or less, from memory.
    Load,
    /// One word, or less, to memory.
    Store,
    /// So many words from memory; `jumps` if the program counter is one of them.
    LoadMany {
        /// How many.
        words: u32,
        /// Whether it is a return.
        jumps: bool,
    },
    /// So many words to memory.
    StoreMany {
        /// How many.
        words: u32,
    },
    /// `sdiv`, `udiv`.
    Divide,
    /// `b`, `cbz`: to an address of its own.
    Branch {
        /// Where to.
        target: u32,
        /// Whether it may fall through. (Inside of an IT block, `b` may as well.)
        conditional: bool,
    },
    /// `bl`.
    Call {
        /// Where to.
        target: u32,
    },
    /// `blx`: to where a register points.
    IndirectCall,
    /// `bx lr`, and what else puts lr into the program counter.
    Return,
    /// `bx`, `mov pc`: to where another register points.
    IndirectJump,
    /// `tbb`, `tbh`: inside of the function.
    TableBranch,
    /// `mrs`, `msr`, `cps`.
    Status,
    /// `dmb`, `dsb`, `isb`.
    Barrier,
    /// `svc`.
    Trap,
    /// `it`.
    IfThen,
    /// `udf`, `bkpt`: goes no further.
    Undefined,
}

const PC: u16 = 15;
const LR: u16 = 14;

/// Whether the first halfword has a second one.
#[must_use]
pub const fn is_wide(first: u16) -> bool {
    first >= 0b11101 << 11
}

/// Decodes the instruction at `address`; `second` counts only if the first halfword says so.
#[must_use]
pub fn decode(address: u32, first: u16, second: u16) -> Instruction {
    if is_wide(first) {
        Instruction { bytes: 4, kind: wide(address, first, second) }
    } else {
        Instruction { bytes: 2, kind: narrow(address, first) }
    }
}

/// `bits` low bits of `value`, as a signed number.
const fn signed(value: u32, bits: u32) -> u32 {
    let shift = 32 - bits;
    (value.wrapping_shl(shift).cast_signed() >> shift).cast_unsigned()
}

const fn branch(address: u32, offset: u32, conditional: bool) -> Kind {
    Kind::Branch { target: address.wrapping_add(4).wrapping_add(offset), conditional }
}

const fn jump(register: u16) -> Kind {
    if register == LR { Kind::Return } else { Kind::IndirectJump }
}

fn narrow(address: u32, code: u16) -> Kind {
    let low = u32::from(code);
    let register = code >> 3 & 15;
    match code >> 11 {
        0b01000 if code & 0xff80 == 0x4700 => jump(register),
        0b01000 if code & 0xff80 == 0x4780 => Kind::IndirectCall,
        // add, mov with any register as the destination.
        0b01000 if code & 0xfd87 == 0x4487 => jump(register),
        0b01001 | 0b01101 | 0b01111 | 0b10001 | 0b10011 => Kind::Load,
        0b01010 | 0b01011 => {
            if code >> 9 & 7 < 3 {
                Kind::Store
            } else {
                Kind::Load
            }
        }
        0b01100 | 0b01110 | 0b10000 | 0b10010 => Kind::Store,
        0b10110 | 0b10111 => miscellaneous(address, code),
        0b11000 => Kind::StoreMany { words: (low & 0xff).count_ones() },
        0b11001 => Kind::LoadMany { words: (low & 0xff).count_ones(), jumps: false },
        0b11010 | 0b11011 => match code >> 8 & 15 {
            0b1110 => Kind::Undefined,
            0b1111 => Kind::Trap,
            _ => branch(address, signed((low & 0xff) << 1, 9), true),
        },
        0b11100 => branch(address, signed((low & 0x7ff) << 1, 12), false),
        _ => Kind::Plain,
    }
}

fn miscellaneous(address: u32, code: u16) -> Kind {
    let low = u32::from(code);
    let words = (low & 0x1ff).count_ones();
    match code >> 8 & 15 {
        0b0001 | 0b0011 | 0b1001 | 0b1011 => {
            branch(address, low >> 2 & 0x3e | low >> 3 & 0x40, true)
        }
        0b0100 | 0b0101 => Kind::StoreMany { words },
        0b1100 | 0b1101 => Kind::LoadMany { words, jumps: low & 0x100 != 0 },
        0b0110 => Kind::Status,
        0b1110 => Kind::Undefined,
        0b1111 if code & 15 != 0 => Kind::IfThen,
        _ => Kind::Plain,
    }
}

fn wide(address: u32, first: u16, second: u16) -> Kind {
    match first >> 11 & 3 {
        0b01 => wide_memory(first, second),
        0b10 if second >> 15 != 0 => wide_control(address, first, second),
        0b11 => wide_single(first, second),
        _ => Kind::Plain,
    }
}

/// Load and store multiple, dual, exclusive; table branch; what goes to coprocessors.
fn wide_memory(first: u16, second: u16) -> Kind {
    let load = first & 0x10 != 0;
    let many = |words| {
        if load { Kind::LoadMany { words, jumps: false } } else { Kind::StoreMany { words } }
    };
    if first == 0xe97f && second == 0xe97f {
        return Kind::Plain; // sg
    }
    match first >> 8 & 15 {
        // Bit 6 tells the pairs from the lists.
        0b1000 | 0b1001 if first & 0x40 == 0 => {
            let words = second.count_ones();
            if load { Kind::LoadMany { words, jumps: second >> 15 != 0 } } else { many(words) }
        }
        0b1000 | 0b1001 => {
            if first & 0xfff0 == 0xe8d0 && second & 0xffe0 == 0xf000 {
                return Kind::TableBranch;
            }
            if first & 0xfff0 == 0xe840 && second & 0xf000 == 0xf000 {
                return Kind::Plain; // tt
            }
            let pair = first & 0x0120 != 0;
            match (pair, load) {
                (true, _) => many(2),
                (false, true) => Kind::Load,
                (false, false) => Kind::Store,
            }
        }
        // vldm, vstm, vpush, vpop, vldr, vstr.
        0b1100 | 0b1101 if second & 0x0e00 == 0x0a00 => {
            let one = first & 0x120 == 0x100;
            let words = if one { 1 + u32::from(second >> 8 & 1) } else { (second & 0xff).into() };
            many(words)
        }
        _ => Kind::Plain,
    }
}

/// Branches, and what reads or writes the processor's state.
fn wide_control(address: u32, first: u16, second: u16) -> Kind {
    let (high, low) = (u32::from(first), u32::from(second));
    let sign = high >> 10 & 1;
    let (j1, j2) = (low >> 13 & 1, low >> 11 & 1);
    let far = || {
        // I1 = NOT(J1 EOR S), I2 likewise.
        let (i1, i2) = (1 ^ j1 ^ sign, 1 ^ j2 ^ sign);
        let offset = sign << 24 | i1 << 23 | i2 << 22 | (high & 0x3ff) << 12 | (low & 0x7ff) << 1;
        signed(offset, 25)
    };
    match (second >> 14 & 1, second >> 12 & 1) {
        (1, 1) => Kind::Call { target: address.wrapping_add(4).wrapping_add(far()) },
        (0, 1) => branch(address, far(), false),
        (0, 0) if high >> 7 & 7 != 7 => {
            let offset =
                sign << 20 | j2 << 19 | j1 << 18 | (high & 0x3f) << 12 | (low & 0x7ff) << 1;
            branch(address, signed(offset, 21), true)
        }
        (0, 0) => match first & 0xfff0 {
            0xf380 | 0xf390 | 0xf3e0 | 0xf3f0 => Kind::Status,
            0xf3b0 => Kind::Barrier,
            0xf7f0 => Kind::Undefined,
            _ => Kind::Plain,
        },
        _ => Kind::Plain,
    }
}

/// Single loads and stores, multiplication and division.
fn wide_single(first: u16, second: u16) -> Kind {
    let target = second >> 12;
    match first >> 4 & 0x7f {
        op if op & 0x71 == 0x00 => Kind::Store,
        op if op & 0x67 == 0x05 && target == PC => Kind::LoadMany { words: 1, jumps: true },
        op if op & 0x61 == 0x01 => {
            if target == PC {
                Kind::Plain
            } else {
                Kind::Load
            }
        }
        0x39 | 0x3b => Kind::Divide,
        _ => Kind::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: u16, second: u16, bytes: u32, kind: Kind) {
        let expect = Instruction { bytes, kind };
        assert_eq!(decode(0x1000, first, second), expect, "{first:04x} {second:04x}");
    }

    // Encodings as an assembler made them.
    #[test]
    fn narrow_instructions_are_told_apart() {
        let cases = [
            (0x4770, Kind::Return),                                        // bx lr
            (0x4718, Kind::IndirectJump),                                  // bx r3
            (0x4798, Kind::IndirectCall),                                  // blx r3
            (0x469f, Kind::IndirectJump),                                  // mov pc, r3
            (0x46f7, Kind::Return),                                        // mov pc, lr
            (0x4618, Kind::Plain),                                         // mov r0, r3
            (0x4348, Kind::Plain),                                         // muls r0, r1, r0
            (0x6801, Kind::Load),                                          // ldr r1, [r0]
            (0x6001, Kind::Store),                                         // str r1, [r0]
            (0x7801, Kind::Load),                                          // ldrb r1, [r0]
            (0x8001, Kind::Store),                                         // strh r1, [r0]
            (0x5681, Kind::Load),                                          // ldrsb r1, [r0, r2]
            (0x5481, Kind::Store),                                         // strb r1, [r0, r2]
            (0x9902, Kind::Load),                                          // ldr r1, [sp, #8]
            (0x4902, Kind::Load),                                          // ldr r1, [pc, #8]
            (0xb5d0, Kind::StoreMany { words: 4 }),                        // push {r4, r6, r7, lr}
            (0xbdd0, Kind::LoadMany { words: 4, jumps: true }),            // pop {r4, r6, r7, pc}
            (0xbc10, Kind::LoadMany { words: 1, jumps: false }),           // pop {r4}
            (0xc0fc, Kind::StoreMany { words: 6 }),                        // stm r0!, {r2-r7}
            (0xb084, Kind::Plain),                                         // sub sp, #16
            (0xd1fe, Kind::Branch { target: 0x1000, conditional: true }),  // bne .
            (0xe7fe, Kind::Branch { target: 0x1000, conditional: false }), // b .
            (0xb110, Kind::Branch { target: 0x1008, conditional: true }),  // cbz r0, .+8
            (0xdf00, Kind::Trap),                                          // svc 0
            (0xde00, Kind::Undefined),                                     // udf 0
            (0xbf08, Kind::IfThen),                                        // it eq
            (0xbf00, Kind::Plain),                                         // nop
        ];
        for (code, kind) in cases {
            check(code, 0, 2, kind);
        }
    }

    #[test]
    fn wide_instructions_are_told_apart() {
        let cases = [
            (0xf7ff, 0xfffe, Kind::Call { target: 0x1000 }), // bl .
            (0xf000, 0xb800, Kind::Branch { target: 0x1004, conditional: false }), // b.w .+4
            (0xf43f, 0xaffe, Kind::Branch { target: 0x1000, conditional: true }), // beq.w .
            (0xe92d, 0x0f00, Kind::StoreMany { words: 4 }),  // push.w {r8-r11}
            (0xe8bd, 0x8ff0, Kind::LoadMany { words: 9, jumps: true }), // pop.w {r4-r11, pc}
            (0xe9cd, 0x3c02, Kind::StoreMany { words: 2 }),  // strd r3, r12, [sp, #8]
            (0xe8df, 0xf000, Kind::TableBranch),             // tbb [pc, r0]
            (0xe850, 0x1f00, Kind::Load),                    // ldrex r1, [r0]
            (0xf8d0, 0x00a4, Kind::Load),                    // ldr.w r0, [r0, #164]
            (0xf85d, 0xfb04, Kind::LoadMany { words: 1, jumps: true }), // ldr pc, [sp], #4
            (0xf8c0, 0x00a4, Kind::Store),                   // str.w r0, [r0, #164]
            (0xf88d, 0x2004, Kind::Store),                   // strb.w r2, [sp, #4]
            (0xf991, 0x2004, Kind::Load),                    // ldrsb.w r2, [r1, #4]
            (0xf3ef, 0x8209, Kind::Status),                  // mrs r2, psp
            (0xf381, 0x880b, Kind::Status),                  // msr psplim, r1
            (0xf3bf, 0x8f4f, Kind::Barrier),                 // dsb sy
            (0xfbb0, 0xf1f2, Kind::Divide),                  // udiv r1, r0, r2
            (0xfb02, 0x1103, Kind::Plain),                   // mla r1, r2, r3, r1
            (0xf64e, 0x5024, Kind::Plain),                   // movw
            (0xf411, 0x1f80, Kind::Plain),                   // tst.w r1, #1048576
            (0xfab0, 0xf080, Kind::Plain),                   // clz r0, r0
            (0xed2d, 0x8b10, Kind::StoreMany { words: 16 }), // vpush {d8-d15}
        ];
        for (first, second, kind) in cases {
            check(first, second, 4, kind);
        }
    }
}
