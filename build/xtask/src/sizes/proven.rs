//! Proven stack bounds of the kernel and the tasks of an image, from their call graphs.
//!
//! # The kernel
//! It has one stack, the main one. All handlers have one priority, so none interrupts another, but
//! for HardFault, which may interrupt any, and NMI, which may interrupt HardFault; both end in a reset.
//! What the boot code had on the stack stays there when the first task starts:
//!
//! ```text
//!   _start .. boot | frame | deepest handler | frame | HardFault | frame | NMI
//! ```
//!
//! # A task
//! From its entry down, and one frame: a trap or an interrupt stores it on the task's stack.

use crate::code::stack::{Bound, Bounds, Unbounded};
use crate::code::{Code, Function};
use anyhow::Context;

/// What the processor stores at an exception: eight words, and one to align (Arm DDI 0553, B3.20).
const FRAME_BYTES: u32 = 36;
/// The same with an FP context: s0-s15, FPSCR and a reserved word more.
const FP_FRAME_BYTES: u32 = FRAME_BYTES + 18 * 4;

/// Whoever may calculate with FP registers is taken to do so, the kernel included: it stores those of
/// a task, which is a use.
const fn frame_bytes(hard_float: bool) -> u32 {
    if hard_float { FP_FRAME_BYTES } else { FRAME_BYTES }
}

/// The kernel's handlers, as `sys/kern/src/arch/arm_m/entry.rs` names them.
const HANDLERS: [&str; 5] = ["trap_start", "trap_svc", "trap_fault", "trap_tick", "trap_interrupt"];
/// What may interrupt one of them; NMI has the same handler.
const HARD_FAULT: &str = "trap_hard_fault";
/// Entry of the kernel and of each task.
const ENTRY: &str = "_start";

/// Bound of the kernel's stack.
///
/// # Errors
/// A handler is missing.
pub fn kernel(code: &Code) -> anyhow::Result<Bound> {
    let mut bounds = Bounds::new(code);
    let mut of = |name| anyhow::Ok(bounds.of(function(code, "kernel", name)?));
    let boot = of(ENTRY)?;
    let handlers = HANDLERS.into_iter().map(&mut of).collect::<Result<Vec<_>, _>>()?;
    let crash = of(HARD_FAULT)?;
    let unbounded: Vec<Unbounded> =
        handlers.iter().chain([&boot, &crash]).flat_map(|b| b.unbounded.clone()).collect();
    let deepest = handlers.into_iter().max_by_key(|bound| bound.bytes).unwrap_or_default();
    let frame_bytes = frame_bytes(code.hard_float);
    let frame = |what: &str| (frame_bytes, format!("exception frame ({what})"));
    let bytes = boot.bytes + deepest.bytes + 2 * crash.bytes + 3 * frame_bytes;
    let way = boot.way.into_iter().chain([frame("PendSV")]).chain(deepest.way);
    let crashes = ["HardFault", "NMI"]
        .map(|what| [frame(what)].into_iter().chain(crash.way.iter().cloned()).collect::<Vec<_>>());
    Ok(Bound { bytes, way: way.chain(crashes.concat()).collect(), unbounded })
}

/// Bound of a task's stack.
///
/// # Errors
/// It has no entry.
pub fn task(code: &Code, task: &str) -> anyhow::Result<Bound> {
    let mut bound = Bounds::new(code).of(function(code, task, ENTRY)?);
    bound.bytes += frame_bytes(code.hard_float);
    Ok(bound)
}

fn function<'a>(code: &'a Code, program: &str, name: &str) -> anyhow::Result<&'a Function> {
    code.named(program, name).with_context(|| format!("{program} has no function {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_fp_context_is_eighteen_words_more() {
        // Arm DDI 0553, B3.20: 0x20 and 0x68 bytes, and a word to align either.
        assert_eq!(frame_bytes(false), 0x20 + 4);
        assert_eq!(frame_bytes(true), 0x68 + 4);
    }
}
