//! What does this load or store do? A pure function over code bytes and register values.
//!
//! # Why decode at all
//! A trapped access leaves no effective address behind (bench study, 2.1), so it is computed from the
//! instruction. All single loads and stores and the double ones are decoded. Multiple, exclusive
//! and literal accesses are not: no driver needs them on device registers, and the trap turns
//! them into the bus fault that an unmapped address gives.
//!
//! Encodings: Arm DDI 0553B, C2.3 (T16 and T32 instruction set encoding).

/// Index of the stack pointer in a register array.
pub const SP: usize = 13;
/// Index of the program counter in a register array.
pub const PC: usize = 15;

/// Values of r0..r15 at the instruction; r15 is the address of the instruction itself.
pub type Registers = [u32; 16];

/// One decoded load or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Effective address of the first element.
    pub address: u32,
    /// Size of an element: 1, 2 or 4 bytes.
    pub bytes: u8,
    /// Load or store.
    pub direction: Direction,
    /// Register of the first element.
    pub register: u8,
    /// Register of the second element, 4 bytes further, of a double transfer.
    pub second: Option<u8>,
    /// New value of the base register, if it is written back.
    pub write_back: Option<(u8, u32)>,
    /// Length of the instruction: 2 or 4 bytes.
    pub length_bytes: u8,
}

/// Which way the data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Memory to register, zero-extended.
    Load,
    /// Memory to register, sign-extended.
    LoadSigned,
    /// Register to memory.
    Store,
}

/// An instruction that is not emulated; `base` is its base register if it accesses memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotEmulated {
    /// The base register.
    pub base: Option<u8>,
}

impl Transfer {
    /// Is the address a multiple of the element size?
    #[must_use]
    pub const fn is_aligned(&self) -> bool {
        self.address.is_multiple_of(self.bytes as u32)
    }

    /// What a load puts into the register, from the 32-bit word that holds the element.
    #[must_use]
    pub const fn extend(&self, value: u32) -> u32 {
        match (self.direction, self.bytes) {
            (Direction::LoadSigned, 1) => value as u8 as i8 as i32 as u32,
            (Direction::LoadSigned, 2) => value as u16 as i16 as i32 as u32,
            (_, 1) => value & 0xFF,
            (_, 2) => value & 0xFFFF,
            _ => value,
        }
    }
}

/// Length in bytes of the instruction that starts with this halfword.
#[must_use]
pub const fn instruction_bytes(first: u16) -> u8 {
    if first >> 11 >= 0b11101 { 4 } else { 2 }
}

/// The transfer that the instruction `first` (followed by `second`, if it has 4 bytes) performs.
///
/// # Errors
/// [`NotEmulated`] for everything but single and double loads and stores.
pub fn decode(first: u16, second: u16, registers: &Registers) -> Result<Transfer, NotEmulated> {
    let (first, second) = (u32::from(first), u32::from(second));
    if instruction_bytes(first as u16) == 2 {
        narrow(first, registers)
    } else {
        wide(first, second, registers)
    }
}

/// The base register of a load or store, decoded or not, that can be patched.
#[must_use]
pub fn base_register(first: u16, second: u16) -> Option<u8> {
    let (first, second) = (u32::from(first), u32::from(second));
    match first >> 11 {
        0b01010..=0b10001 => Some((first >> 3 & 7) as u8),
        0b10010 | 0b10011 => Some(SP as u8),
        0b11000 | 0b11001 => Some((first >> 8 & 7) as u8),
        0b11101..=0b11111 => {
            let _ = second;
            let memory =
                first >> 9 == 0b111_0100 || first >> 9 == 0b111_0110 || first >> 9 == 0b111_1100;
            let base = (first & 15) as u8;
            (memory && base != PC as u8).then_some(base)
        }
        _ => None,
    }
}

/// Does a multiple or exclusive access store? Bit L: 20 of a T32 encoding, 11 of a T16 one.
#[must_use]
pub const fn multiple_stores(first: u16) -> bool {
    let load = if instruction_bytes(first) == 4 { 1 << 4 } else { 1 << 11 };
    first & load == 0
}

fn narrow(code: u32, registers: &Registers) -> Result<Transfer, NotEmulated> {
    let low = |shift: u32| (code >> shift & 7) as usize;
    let base = registers[low(3)];
    let imm5 = code >> 6 & 31;
    let load = code & 0x800 != 0;
    let transfer = |address: u32, bytes: u8, direction, register: usize| Transfer {
        address,
        bytes,
        direction,
        register: register as u8,
        second: None,
        write_back: None,
        length_bytes: 2,
    };
    let direction = if load { Direction::Load } else { Direction::Store };
    match code >> 11 {
        0b01010 | 0b01011 => {
            let (bytes, direction) = match code >> 9 & 7 {
                0 => (4, Direction::Store),
                1 => (2, Direction::Store),
                2 => (1, Direction::Store),
                3 => (1, Direction::LoadSigned),
                4 => (4, Direction::Load),
                5 => (2, Direction::Load),
                6 => (1, Direction::Load),
                _ => (2, Direction::LoadSigned),
            };
            Ok(transfer(base.wrapping_add(registers[low(6)]), bytes, direction, low(0)))
        }
        0b01100 | 0b01101 => Ok(transfer(base.wrapping_add(imm5 * 4), 4, direction, low(0))),
        0b01110 | 0b01111 => Ok(transfer(base.wrapping_add(imm5), 1, direction, low(0))),
        0b10000 | 0b10001 => Ok(transfer(base.wrapping_add(imm5 * 2), 2, direction, low(0))),
        0b10010 | 0b10011 => {
            let address = registers[SP].wrapping_add((code & 0xFF) * 4);
            Ok(transfer(address, 4, direction, low(8)))
        }
        _ => Err(NotEmulated { base: base_register(code as u16, 0) }),
    }
}

fn wide(first: u32, second: u32, registers: &Registers) -> Result<Transfer, NotEmulated> {
    let refused = NotEmulated { base: base_register(first as u16, second as u16) };
    if first & 0xFE00 == 0xF800 {
        wide_single(first, second, registers)
    } else if first & 0xFFE0 == 0xE8C0 {
        acquire_release(first, second, registers)
    } else if first & 0xFE40 == 0xE840 && first & 0x0120 != 0 {
        double(first, second, registers)
    } else {
        None
    }
    .filter(|_| first & 15 != PC as u32)
    .ok_or(refused)
}

/// LDR, LDRB, LDRH, LDRSB, LDRSH, STR, STRB, STRH and their unprivileged forms, T32.
fn wide_single(first: u32, second: u32, registers: &Registers) -> Option<Transfer> {
    let (load, signed) = (first & 0x10 != 0, first & 0x100 != 0);
    let bytes = match first >> 5 & 3 {
        0 => 1,
        1 => 2,
        2 if !signed => 4,
        _ => return None,
    };
    let direction = match (load, signed) {
        (true, false) => Direction::Load,
        (true, true) => Direction::LoadSigned,
        (false, false) => Direction::Store,
        (false, true) => return None,
    };
    let base_index = first & 15;
    let base = registers[base_index as usize];
    let register = second >> 12;
    if register == PC as u32 {
        return None;
    }
    let (address, new_base) = if first & 0x80 != 0 {
        (base.wrapping_add(second & 0xFFF), None)
    } else if second & 0x800 != 0 {
        indexed(base, second & 0xFF, second >> 8)?
    } else if second & 0xFC0 == 0 {
        let index = registers[(second & 15) as usize];
        (base.wrapping_add(index << (second >> 4 & 3)), None)
    } else {
        return None;
    };
    Some(Transfer {
        address,
        bytes,
        direction,
        register: register as u8,
        second: None,
        write_back: new_base.map(|value| (base_index as u8, value)),
        length_bytes: 4,
    })
}

/// Address and new base of an 8-bit immediate; `puw` holds index, add and write-back bits.
fn indexed(base: u32, offset: u32, puw: u32) -> Option<(u32, Option<u32>)> {
    let (index, add, write_back) = (puw & 4 != 0, puw & 2 != 0, puw & 1 != 0);
    let moved = if add { base.wrapping_add(offset) } else { base.wrapping_sub(offset) };
    match (index, write_back) {
        (true, _) => Some((moved, write_back.then_some(moved))),
        (false, true) => Some((base, Some(moved))),
        (false, false) => None,
    }
}

/// LDA, LDAB, LDAH, STL, STLB, STLH.
fn acquire_release(first: u32, second: u32, registers: &Registers) -> Option<Transfer> {
    let bytes = match second >> 4 & 15 {
        8 => 1,
        9 => 2,
        10 => 4,
        _ => return None,
    };
    let direction = if first & 0x10 != 0 { Direction::Load } else { Direction::Store };
    Some(Transfer {
        address: registers[(first & 15) as usize],
        bytes,
        direction,
        register: (second >> 12) as u8,
        second: None,
        write_back: None,
        length_bytes: 4,
    })
}

/// LDRD and STRD.
fn double(first: u32, second: u32, registers: &Registers) -> Option<Transfer> {
    let base_index = first & 15;
    let puw = (first >> 8 & 1) << 2 | (first >> 7 & 1) << 1 | (first >> 5 & 1);
    let (address, new_base) = indexed(registers[base_index as usize], (second & 0xFF) * 4, puw)?;
    let direction = if first & 0x10 != 0 { Direction::Load } else { Direction::Store };
    Some(Transfer {
        address,
        bytes: 4,
        direction,
        register: (second >> 12) as u8,
        second: Some((second >> 8 & 15) as u8),
        write_back: new_base.map(|value| (base_index as u8, value)),
        length_bytes: 4,
    })
}

/// xPSR behind an instruction that was executed on somebody's behalf: an instruction inside an IT
/// block uses one step of ITSTATE up (Arm DDI 0553B, ITAdvance).
#[must_use]
pub const fn advance_it(xpsr: u32) -> u32 {
    let state = xpsr >> 25 & 3 | xpsr >> 8 & 0xFC;
    let next = match state & 7 {
        0 => 0,
        _ => state & 0xE0 | state << 1 & 0x1F,
    };
    xpsr & !0x0600_FC00 | (next & 3) << 25 | (next & 0xFC) << 8
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
