//! How deep a stack can get: the bound of a function, from its code and what it calls.
//!
//! The way of the stack pointer through each function is followed instruction by instruction, along
//! every branch; a call adds what the callee needs at the depth of the call. Calls are those of the
//! linked code, so nothing that the optimiser did is missed. What cannot be bounded is said: a call
//! through a register, a function that reaches itself, a stack pointer that is computed.
//!
//! # Why not `.debug_frame`
//! The compiler keeps a frame pointer on this target and describes the frame relative to it, so the
//! debug information does not say how far the stack pointer goes below.

use super::thumb::Kind;
use super::{Code, Function};
use std::collections::BTreeMap;

/// What an instruction does to the stack pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Nothing.
    Stays,
    /// Takes so many bytes.
    Down(u32),
    /// Gives so many bytes back.
    Up(u32),
    /// Sets it to something computed.
    Computed,
}

const SP: u32 = 13;

/// An immediate of T32 arithmetic (Arm DDI 0553, ThumbExpandImm).
fn expanded(first: u16, second: u16) -> u32 {
    let (i, imm3, imm8) =
        (u32::from(first) >> 10 & 1, u32::from(second) >> 12 & 7, u32::from(second) & 0xff);
    let imm12 = i << 11 | imm3 << 8 | imm8;
    match imm12 >> 8 {
        0 => imm8,
        1 => imm8 << 16 | imm8,
        2 => imm8 << 24 | imm8 << 8,
        3 => imm8 << 24 | imm8 << 16 | imm8 << 8 | imm8,
        _ => (0x80 | imm12 & 0x7f).rotate_right(imm12 >> 7),
    }
}

/// What an instruction does to the stack pointer.
#[must_use]
pub fn effect(first: u16, second: u16) -> Move {
    let (high, low) = (u32::from(first), u32::from(second));
    let destination = low >> 8 & 15;
    let plain = (high >> 10 & 1) << 11 | (low >> 12 & 7) << 8 | low & 0xff;
    let words = |bits: u32| 4 * bits.count_ones();
    match first {
        0xb400..=0xb5ff => Move::Down(words(high & 0x1ff)),
        0xbc00..=0xbdff => Move::Up(words(high & 0x1ff)),
        0xb080..=0xb0ff => Move::Down(4 * (high & 0x7f)),
        0xb000..=0xb07f => Move::Up(4 * (high & 0x7f)),
        0xe92d => Move::Down(words(low)),
        0xe8bd => Move::Up(words(low)),
        // vpush, vpop; with an odd single register first, too.
        0xed2d | 0xed6d => Move::Down(4 * (low & 0xff)),
        0xecbd | 0xecfd => Move::Up(4 * (low & 0xff)),
        // str, strd with write-back; ldr, ldrd behind it.
        0xf84d if low & 0xf00 == 0xd00 => Move::Down(low & 0xff),
        0xf85d if low & 0xf00 == 0xb00 => Move::Up(low & 0xff),
        0xe96d => Move::Down(4 * (low & 0xff)),
        0xe8fd => Move::Up(4 * (low & 0xff)),
        0xf1ad | 0xf5ad if destination == SP => Move::Down(expanded(first, second)),
        0xf10d | 0xf50d if destination == SP => Move::Up(expanded(first, second)),
        0xf2ad | 0xf6ad if destination == SP => Move::Down(plain),
        0xf20d | 0xf60d if destination == SP => Move::Up(plain),
        // Everything else that has sp as its destination: mov, add, sub of registers, msr aside.
        _ if high & 0xff87 == 0x4685 || high & 0xff87 == 0x4485 => Move::Computed,
        _ if high >> 9 == 0x75 && destination == SP => Move::Computed,
        _ if high >> 11 == 0x1e && low >> 15 == 0 && destination == SP && !compares(high) => {
            Move::Computed
        }
        _ => Move::Stays,
    }
}

/// `cmp`, `cmn`, `tst`, `teq` have no destination: their field is 15, never 13, but for the plain
/// immediates (`movw`, `bfi`...), which are no way to set sp.
const fn compares(high: u32) -> bool {
    high >> 9 & 1 == 1
}

/// Why there is no bound.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unbounded {
    /// A call whose callee is not in the code.
    #[error("{function} calls through a register at {address:#x}")]
    Indirect {
        /// Caller.
        function: String,
        /// Of the call.
        address: u32,
    },
    /// A cycle of calls.
    #[error("{function} can call itself: {}", way.join(" -> "))]
    Recursion {
        /// The function.
        function: String,
        /// What it calls, until itself.
        way: Vec<String>,
    },
    /// The stack pointer is set to a computed value.
    #[error("{function} computes its stack pointer at {address:#x}")]
    Computed {
        /// Where.
        function: String,
        /// Of the instruction.
        address: u32,
    },
    /// A loop takes more stack at each turn.
    #[error("{function} takes stack in a loop at {address:#x}")]
    Grows {
        /// Where.
        function: String,
        /// Of the instruction.
        address: u32,
    },
    /// A call to where no function is.
    #[error("{function} calls {target:#x}, where no function begins")]
    Nowhere {
        /// Caller.
        function: String,
        /// Callee.
        target: u32,
    },
}

/// Deepest use of a function and everything below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// Bytes, if what is unbounded takes none.
    pub bytes: u32,
    /// The functions on the deepest way, the first one first, with the depth at each call.
    pub way: Vec<(u32, String)>,
    /// What the figure leaves out.
    pub unbounded: Vec<Unbounded>,
}

/// One function by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Frame {
    deepest_bytes: u32,
    /// Depth at the call, callee.
    calls: Vec<(u32, u32)>,
    unbounded: Vec<Unbounded>,
}

/// Deeper than any stack: whatever gets there grows.
const DEEPEST_BYTES: u32 = 1 << 20;

/// Bounds of functions, each computed once.
pub struct Bounds<'a> {
    code: &'a Code,
    done: BTreeMap<u32, Bound>,
}

impl<'a> Bounds<'a> {
    /// Nothing is computed yet.
    #[must_use]
    pub const fn new(code: &'a Code) -> Self {
        Self { code, done: BTreeMap::new() }
    }

    /// The bound of a function.
    pub fn of(&mut self, function: &Function) -> Bound {
        self.bound(function, &mut Vec::new())
    }

    fn bound(&mut self, function: &Function, above: &mut Vec<u32>) -> Bound {
        if let Some(bound) = self.done.get(&function.start) {
            return bound.clone();
        }
        let frame = frame(self.code, function);
        let mut bound = Bound {
            bytes: frame.deepest_bytes,
            way: vec![(frame.deepest_bytes, function.name.clone())],
            unbounded: frame.unbounded,
        };
        above.push(function.start);
        for (depth, target) in frame.calls {
            let name = function.name.clone();
            let Some(callee) = self.code.function_at(target).filter(|f| f.start == target) else {
                bound.unbounded.push(Unbounded::Nowhere { function: name, target });
                continue;
            };
            if let Some(place) = above.iter().position(|start| *start == target) {
                let named = |start: &u32| self.code.function_at(*start).map(|f| f.name.clone());
                let way = above[place..].iter().chain([&target]).filter_map(named).collect();
                let function = callee.name.clone();
                bound.unbounded.push(Unbounded::Recursion { function, way });
                continue;
            }
            let below = self.bound(&callee.clone(), above);
            if depth + below.bytes > bound.bytes {
                bound.bytes = depth + below.bytes;
                bound.way = [(depth, name)].into_iter().chain(below.way).collect();
            }
            bound.unbounded.extend(below.unbounded);
        }
        above.pop();
        bound.unbounded.sort();
        bound.unbounded.dedup();
        self.done.insert(function.start, bound.clone());
        bound
    }
}

/// Follows the stack pointer through one function.
fn frame(code: &Code, function: &Function) -> Frame {
    let mut frame = Frame::default();
    let mut depths: BTreeMap<u32, u32> = BTreeMap::new();
    let mut open = vec![(function.start, 0)];
    let name = || function.name.clone();
    while let Some((address, depth)) = open.pop() {
        if !(function.start..function.end).contains(&address) {
            continue;
        }
        if depths.get(&address).is_some_and(|known| *known >= depth) {
            continue;
        }
        if depth > DEEPEST_BYTES {
            // What it takes is unknown, so the figure leaves it out.
            let unbounded = vec![Unbounded::Grows { function: name(), address }];
            return Frame { unbounded, ..Frame::default() };
        }
        depths.insert(address, depth);
        let Some((instruction, halves)) = code.raw(address) else { continue };
        let after = match effect(halves.0, halves.1) {
            Move::Stays => depth,
            Move::Down(bytes) => depth + bytes,
            // An epilogue in the middle of a function gives back what its way has taken.
            Move::Up(bytes) => depth.saturating_sub(bytes),
            Move::Computed => {
                frame.unbounded.push(Unbounded::Computed { function: name(), address });
                depth
            }
        };
        frame.deepest_bytes = frame.deepest_bytes.max(after);
        let next = address + instruction.bytes;
        match instruction.kind {
            Kind::Branch { target, conditional } => {
                if (function.start..function.end).contains(&target) {
                    open.push((target, after));
                } else {
                    frame.calls.push((after, target));
                }
                // In an IT block, `b` may fall through: following it is on the safe side.
                if conditional || address > function.start && code.in_block(address) {
                    open.push((next, after));
                }
            }
            Kind::Call { target } => {
                frame.calls.push((after, target));
                open.push((next, after));
            }
            Kind::IndirectCall => {
                frame.unbounded.push(Unbounded::Indirect { function: name(), address });
                open.push((next, after));
            }
            Kind::IndirectJump => {
                frame.unbounded.push(Unbounded::Indirect { function: name(), address });
            }
            Kind::TableBranch => {
                open.extend(code.table(address, halves.1).map(|target| (target, after)));
            }
            Kind::Return | Kind::Undefined | Kind::LoadMany { jumps: true, .. } => {
                // A return may be conditional, too.
                if code.in_block(address) {
                    open.push((next, depth));
                }
            }
            _ => open.push((next, after)),
        }
    }
    frame.calls.sort_unstable();
    frame.calls.dedup_by(|later, earlier| later.1 == earlier.1 && later.0 <= earlier.0);
    frame.unbounded.sort();
    frame.unbounded.dedup();
    frame
}

impl Code {
    /// Whether an instruction is one of the up to four that an IT instruction makes conditional.
    fn in_block(&self, address: u32) -> bool {
        // The block begins at most four wide instructions before; a number in between that looks
        // like IT only makes an instruction conditional that is not.
        (1..=8).any(|halves| {
            let before = address.wrapping_sub(2 * halves);
            let it = self.raw(before).filter(|(found, _)| found.kind == Kind::IfThen);
            it.is_some_and(|(_, (first, _))| {
                let length = 4 - (first & 15).trailing_zeros().min(3);
                let mut at = before.wrapping_add(2);
                (0..length).any(|_| {
                    let here = at == address;
                    at = at.wrapping_add(self.instruction(at).map_or(2, |found| found.bytes));
                    here
                })
            })
        })
    }

    /// Where a `tbb` or `tbh` at an address leads to: its table lies behind it, up to the next code.
    fn table(&self, address: u32, second: u16) -> impl Iterator<Item = u32> + '_ {
        let (base, entry_bytes) = (address + 4, if second & 0x10 != 0 { 2 } else { 1 });
        let first = self.marks.partition_point(|mark| mark.at <= base);
        let end = self.marks[first..].iter().find(|mark| !mark.data).map_or(base, |mark| mark.at);
        (base..end).step_by(entry_bytes).filter_map(move |place| {
            let entry = if entry_bytes == 2 {
                u32::from(self.halfword(place)?)
            } else {
                u32::from(self.byte(place)?)
            };
            Some(base + 2 * entry).filter(|target| *target >= end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn moves(first: u16, second: u16, expect: Move) {
        assert_eq!(effect(first, second), expect, "{first:04x} {second:04x}");
    }

    #[test]
    fn whatever_moves_the_stack_pointer_is_seen() {
        moves(0xb5d0, 0, Move::Down(16)); // push {r4, r6, r7, lr}
        moves(0xbdd0, 0, Move::Up(16));
        moves(0xb084, 0, Move::Down(16)); // sub sp, #16
        moves(0xb004, 0, Move::Up(16));
        moves(0xe92d, 0x0f00, Move::Down(16)); // push.w {r8-r11}
        moves(0xe8bd, 0x0f00, Move::Up(16));
        moves(0xf84d, 0xbd04, Move::Down(4)); // str r11, [sp, #-4]!
        moves(0xf85d, 0xbb04, Move::Up(4)); // ldr r11, [sp], #4
        moves(0xf5ad, 0x7d00, Move::Down(512)); // sub.w sp, sp, #512
        moves(0xf5ad, 0x7da2, Move::Down(324)); // sub.w sp, sp, #324
        moves(0xf6ad, 0x1d08, Move::Down(0x908)); // subw sp, sp, #0x908
        moves(0xed2d, 0x8b10, Move::Down(64)); // vpush {d8-d15}
        moves(0xed6d, 0x8a01, Move::Down(4)); // vpush {s17}
        moves(0xecfd, 0x8a01, Move::Up(4)); // vpop {s17}
        moves(0x46a5, 0, Move::Computed); // mov sp, r4
        moves(0xebad, 0x0d0c, Move::Computed); // sub.w sp, sp, r12
        moves(0xf1a7, 0x0d10, Move::Computed); // sub.w sp, r7, #16
    }

    #[test]
    fn what_only_uses_the_stack_pointer_is_not() {
        moves(0xaf02, 0, Move::Stays); // add r7, sp, #8
        moves(0x9002, 0, Move::Stays); // str r0, [sp, #8]
        moves(0x466c, 0, Move::Stays); // mov r4, sp
        moves(0xe9cd, 0x3c02, Move::Stays); // strd r3, r12, [sp, #8]
        moves(0xf8cd, 0x0010, Move::Stays); // str.w r0, [sp, #16]
        moves(0xf10d, 0x0410, Move::Stays); // add.w r4, sp, #16
        moves(0xf64e, 0x5d24, Move::Stays); // movw sp is no instruction
        moves(0xf7ff, 0xfd0e, Move::Stays); // bl: bits that look like a destination
    }
}
