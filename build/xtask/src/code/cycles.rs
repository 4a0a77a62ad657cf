//! A modelled cycle figure for an executed stream of instructions.
//!
//! # Source, and what it is worth
//! Arm publishes no table of instruction times for the Cortex-M33. The table of the Cortex-M4 (Arm
//! 100166, "Table of processor instructions", and the notes on load and store timings behind it) is
//! the nearest: the same architecture profile, three stages, in order, zero wait states. Where it
//! gives a range, the model takes one value: a pipeline refill is 2 of its 1 to 3, a division its
//! longest 12, an access to the processor's state its longer 2. Exception entry and return are 12
//! cycles each, the figure of the Cortex-M3 and M4 for zero wait states.
//!
//! The M33 issues some pairs of narrow instructions together, which the model leaves out, and a real
//! memory has wait states, which it leaves out too. So the figure is no measurement. It ranks two
//! ways of doing the same thing better than a count of instructions does, because a move of many
//! words costs as many cycles as words: that is what it is for.

use super::Code;
use super::thumb::Kind;

/// Pipeline refill of a taken branch.
const REFILL: u32 = 2;
/// Longest division.
const DIVISION: u32 = 12;
/// `mrs` and `msr`.
const STATUS: u32 = 2;
/// A barrier that has nothing to wait for still refills the pipeline (`isb`).
const BARRIER: u32 = 1 + REFILL;
/// Stacking of eight words and fetching of the handler; and the way back.
const EXCEPTION: u32 = 12;
/// Program of [`Code`] whose functions run in handler mode.
const KERNEL: usize = 0;

/// Cycles of a stream that was executed without a gap.
#[must_use]
pub fn of(code: &Code, stream: &[u32]) -> u32 {
    let mut cycles: u32 = 0;
    let mut pipelined = false;
    for (place, address) in stream.iter().enumerate() {
        let Some(instruction) = code.instruction(*address) else { continue };
        let next = stream.get(place + 1).copied();
        let taken = next.is_some_and(|next| next != address.wrapping_add(instruction.bytes));
        cycles += one(instruction.kind, taken, pipelined);
        pipelined = matches!(instruction.kind, Kind::Load | Kind::Store);
        if next.is_some_and(|next| crosses(code, *address, next)) {
            cycles += EXCEPTION;
        }
    }
    cycles
}

/// Whether the processor goes from a task into the kernel, or back.
fn crosses(code: &Code, from: u32, to: u32) -> bool {
    let in_kernel = |address| code.function_at(address).map(|function| function.program == KERNEL);
    match (in_kernel(from), in_kernel(to)) {
        (Some(from), Some(to)) => from != to,
        _ => false,
    }
}

/// One instruction. A load behind another access to memory is pipelined with it.
fn one(kind: Kind, taken: bool, pipelined: bool) -> u32 {
    let jump = if taken { REFILL } else { 0 };
    match kind {
        Kind::Plain | Kind::Store | Kind::IfThen | Kind::Trap | Kind::Undefined => 1,
        Kind::Load => {
            if pipelined {
                1
            } else {
                2
            }
        }
        Kind::LoadMany { words, jumps } => 1 + words + if jumps { REFILL } else { 0 },
        Kind::StoreMany { words } => 1 + words,
        Kind::Divide => DIVISION,
        Kind::Branch { .. } => 1 + jump,
        Kind::Call { .. } | Kind::IndirectCall | Kind::Return | Kind::IndirectJump => 1 + REFILL,
        Kind::TableBranch => 2 + REFILL,
        Kind::Status => STATUS,
        Kind::Barrier => BARRIER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_of_many_words_cost_their_words() {
        assert_eq!(one(Kind::LoadMany { words: 9, jumps: true }, true, false), 12);
        assert_eq!(one(Kind::StoreMany { words: 8 }, false, false), 9);
        assert_eq!(one(Kind::Load, false, false) + one(Kind::Load, false, true), 3);
        let branch = Kind::Branch { target: 0, conditional: true };
        assert_eq!((one(branch, false, false), one(branch, true, false)), (1, 3));
    }
}
