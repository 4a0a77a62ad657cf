//! Floating-point contexts, in images that are built for a processor with FP registers.
//!
//! # Why
//! * **Decided by the build.** Whether there are FP registers to save is a fact of the target that
//!   the image is compiled for (`eabihf`), and kernel and tasks are compiled in one go. So a
//!   soft-float kernel has not one instruction of this, neither code nor a test of a bit.
//! * **No lazy stacking.** The processor could leave room in the frame and store s0-s15 only when
//!   somebody uses an FP register (FPCCR.LSPEN). That store would be made when another task runs,
//!   under its MPU regions, and if it failed, the fault would hit the wrong one. The trap stores
//!   s16-s31 of a task that has a context at once anyway, which is a use, so laziness would save
//!   nothing. Without it a frame that does not fit is an overflow of the task's own stack, like any.
//! * **Whoever does not calculate does not pay.** EXC_RETURN bit 4 says that the task has no context:
//!   its frame is the short one, and the trap costs it eleven instructions. Giving every task a
//!   context from its start on was rejected: 72 bytes more of each stack, and 33 words more to
//!   store at each trap.
//! * **Nobody sees somebody else's numbers.** A task without a context runs with zeroed registers:
//!   s16-s31 come out of its `Saved`, where they are zero until it has a context, whenever the one
//!   before had one; that load is a use in the handler, so that at the exception return the
//!   processor itself clears s0-s15 and FPSCR (FPCCR.CLRONRET) before it fetches those of the frame.
//!
//! Arm DDI 0553: FPCCR, EXC_RETURN.FType, PushStack, PopStack.

use super::registers::{CPACR, FPCCR};
use core::arch::asm;

/// Is the image built for FP registers?
pub const PRESENT: bool = cfg!(target_abi = "eabihf");

/// Does the trap save them? As the assembler wants to know it.
pub const SAVED: usize = (PRESENT && crate::negative::FP_CONTEXTS) as usize;

/// EXC_RETURN.FType: the frame has no FP registers.
pub const NO_CONTEXT: u32 = 1 << 4;

/// What the kernel keeps of a task that does not run: s16-s31. The others are in its frame.
pub const SAVED_COUNT: usize = if PRESENT { 16 } else { 0 };

/// CP10 and CP11 for privileged and unprivileged code.
const CPACR_FP_FULL: u32 = 0xF << 20;
/// FPCCR: contexts begin with the first use and are stored by the processor.
const FPCCR_ASPEN: u32 = 1 << 31;
/// FPCCR: an exception return clears what the handler left.
const FPCCR_CLRONRET: u32 = 1 << 28;

/// Turns the FP registers on, before the first task runs. In Non-secure state the loader must have
/// left them to it (NSACR).
pub fn start() {
    if !PRESENT {
        return;
    }
    CPACR.write(CPACR.read() | CPACR_FP_FULL);
    FPCCR.write(FPCCR_ASPEN | FPCCR_CLRONRET);
    // SAFETY: barriers, so that the next FP instruction finds the registers turned on.
    unsafe { asm!("dsb", "isb", options(nomem, nostack, preserves_flags)) };
}
