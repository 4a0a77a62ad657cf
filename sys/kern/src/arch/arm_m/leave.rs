//! The way out: what a task needs that the one before did not have, and the return to it.
//!
//! The kernel's functions only say who is next. When that is somebody else than before, the limit of
//! the stack and the MPU are loaded here: once in the kernel, with all registers free, because the
//! task's own are loaded last. The exception return makes the regions effective.
//!
//! Most tasks have at most four regions, which go through the alias registers in one burst. The upper
//! four are written only when this task or the one before has something there: with the empty ones
//! that the table begins with, if it was the one before. Region 0 stays selected in between.

use super::fp;
use super::registers::{MPU_RBAR, MPU_RNR_OFFSET};
use super::start::LOADED_OFFSET;
use crate::negative;
use crate::task::Saved;
use core::arch::global_asm;
use core::mem::offset_of;
use sys_abi::{OwnMemory, REGIONS_PER_BURST, TaskDesc, UpperRegions};

const _: () = assert!(size_of::<UpperRegions>() == 1 << 5 && REGIONS_PER_BURST == 4);

// r0 = `Saved` of the task to return to, r5 = the kernel object, r6 = `Saved` of the task before; with
// FP registers, r4 = EXC_RETURN of the one before: if either that one or the next has a context,
// s16-s31 of the next are loaded (see `fp`).
global_asm!(
    ".if {save_fp}",
    ".fpu fpv5-sp-d16",
    ".endif",
    ".section .text.trap_leave, \"ax\", %progbits",
    ".globl trap_leave",
    ".type trap_leave, %function",
    ".thumb_func",
    "trap_leave:",
    "cmp r0, r6",
    "beq 2f",
    "ldr r1, [r0, #{desc}]",
    "ldr r2, [r1, #{stack_limit}]",
    "msr psplim, r2",
    "ldrb r2, [r1, #{upper}]",
    "movw r3, #:lower16:{rbar}",
    "movt r3, #:upper16:{rbar}",
    "ldrb r12, [r5, #{loaded}]",
    ".if {clears}",
    "orrs r12, r12, r2",
    ".else",
    "cmp r2, #0",
    ".endif",
    "bne 3f",
    "1: ldmia r1, {{r5-r12}}",
    "stmia r3, {{r5-r12}}",
    "2:",
    ".if {save_fp}",
    "ldr r1, [r0, #{exc_return}]",
    "and r1, r1, r4",
    "tst r1, #{no_context}",
    "itt eq",
    "addeq r1, r0, #{fp}",
    "vldmiaeq r1, {{s16-s31}}",
    ".endif",
    "ldmia r0, {{r4-r12, lr}}",
    "msr psp, r12",
    "bx lr",
    // The upper regions.
    "3: strb r2, [r5, #{loaded}]",
    "movs r5, #{lower}",
    "str r5, [r3, #{number}]",
    "movw r5, #:lower16:KERNEL_UPPER",
    "movt r5, #:upper16:KERNEL_UPPER",
    "add r2, r5, r2, lsl #5",
    "ldmia r2, {{r5-r12}}",
    "stmia r3, {{r5-r12}}",
    "movs r5, #0",
    "str r5, [r3, #{number}]",
    "b 1b",
    ".size trap_leave, . - trap_leave",
    desc = const offset_of!(Saved, desc),
    stack_limit = const offset_of!(TaskDesc, ram) + offset_of!(OwnMemory, base),
    upper = const offset_of!(TaskDesc, upper),
    loaded = const LOADED_OFFSET,
    clears = const negative::CLEARS_REGIONS as usize,
    lower = const REGIONS_PER_BURST,
    rbar = const MPU_RBAR,
    number = const MPU_RNR_OFFSET,
    save_fp = const fp::SAVED,
    no_context = const fp::NO_CONTEXT,
    exc_return = const offset_of!(Saved, exc_return),
    fp = const offset_of!(Saved, fp),
);
