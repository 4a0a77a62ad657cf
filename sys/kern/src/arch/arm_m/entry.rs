//! The way in: vector table and trap code. The way out is in [`super::leave`].
//!
//! Every handler stores r4-r11, the process stack pointer and EXC_RETURN of the current task in
//! its [`Saved`], calls its Rust function, and leaves to whoever is current then. One path for
//! system calls, interrupts, faults and the tick.

use super::fp;
use super::start::{CURRENT_OFFSET, KERNEL};
use crate::task::Saved;
use core::arch::global_asm;
use core::mem::offset_of;
use sys_abi::Sysnum;

/// Interrupt lines that the table has vectors for. The builder refuses a line behind it.
pub const INTERRUPT_LINES: usize = 128;

/// Exception number of the first interrupt line.
pub const FIRST_INTERRUPT: u32 = SYSTEM_VECTORS as u32;

/// Vectors of the architecture itself: initial stack pointer, reset, and exceptions 2..15.
const SYSTEM_VECTORS: usize = 16;

/// One entry: a handler, or the initial stack pointer.
#[repr(C)]
union Vector {
    // SAFETY (obligation): only the processor calls it, at its exception.
    handler: unsafe extern "C" fn(),
    stack: *const u32,
    unused: u32,
}

// SAFETY: the table is read-only, and only the processor reads it.
unsafe impl Sync for Vector {}

unsafe extern "C" {
    static __stack_top: u32;
    fn _start();
    fn trap_escalated();
    fn trap_hard_fault();
    fn trap_fault();
    fn trap_svc();
    fn trap_start();
    fn trap_tick();
    fn trap_interrupt();
}

#[used]
#[unsafe(link_section = ".vectors")]
static VECTORS: [Vector; SYSTEM_VECTORS + INTERRUPT_LINES] = {
    const INTERRUPT: Vector = Vector { handler: trap_interrupt };
    let mut table = [INTERRUPT; SYSTEM_VECTORS + INTERRUPT_LINES];
    table[0] = Vector { stack: &raw const __stack_top };
    table[1] = Vector { handler: _start };
    table[2] = Vector { handler: trap_hard_fault };
    table[3] = Vector { handler: trap_escalated };
    table[4] = Vector { handler: trap_fault };
    table[5] = Vector { handler: trap_fault };
    table[6] = Vector { handler: trap_fault };
    table[7] = Vector { handler: trap_hard_fault };
    let mut reserved = 8;
    while reserved < 11 {
        table[reserved] = Vector { unused: 0 };
        reserved += 1;
    }
    table[11] = Vector { handler: trap_svc };
    table[12] = Vector { handler: trap_hard_fault };
    table[13] = Vector { unused: 0 };
    table[14] = Vector { handler: trap_start };
    table[15] = Vector { handler: trap_tick };
    table
};

// What the jump table of `trap_svc` takes for granted.
const _: () = {
    assert!(Sysnum::Send as u32 == 0 && Sysnum::Recv as u32 == 1);
    assert!(Sysnum::GetTimer as u32 == 9 && Sysnum::Post as u32 == 11);
    assert!(Sysnum::ReplyRecv as u32 == 14);
};

// The kernel object holds the address of the current task's `Saved`; each function gets the object
// and gives the address of the `Saved` to return to. ldm and stm go up in register number, which
// is the order of `Saved`. PendSV comes once, from the kernel's own boot code on the main stack,
// and starts the first task.
//
// What `trap_leave` wants to know goes through the function in registers that functions keep: r5 =
// the kernel object, r6 = the `Saved` of the task before, and with FP registers r4 = its EXC_RETURN.
// Before the first task nobody knows what FP registers hold.
global_asm!(
    // What the compiler knows about the processor does not reach this text.
    ".if {save_fp}",
    ".fpu fpv5-sp-d16",
    ".endif",
    ".macro save",
    "movw r0, #:lower16:{kernel}",
    "movt r0, #:upper16:{kernel}",
    "ldr r1, [r0, #{current}]",
    "mrs r12, psp",
    "stmia r1, {{r4-r12, lr}}",
    "mov r5, r0",
    "mov r6, r1",
    ".if {save_fp}",
    "mov r4, lr",
    "tst lr, #{no_context}",
    "itt eq",
    "addeq r1, r1, #{fp}",
    "vstmiaeq r1, {{s16-s31}}",
    ".endif",
    ".endm",
    ".macro trap name, function",
    ".section .text.\\name, \"ax\", %progbits",
    ".globl \\name",
    ".type \\name, %function",
    ".thumb_func",
    "\\name:",
    "save",
    "bl \\function",
    "b trap_leave",
    ".size \\name, . - \\name",
    ".endm",
    ".macro go label, function",
    "\\label:",
    "bl \\function",
    "b trap_leave",
    ".endm",
    ".section .text.trap_svc, \"ax\", %progbits",
    ".globl trap_svc",
    ".type trap_svc, %function",
    ".thumb_func",
    "trap_svc:",
    "save",
    "cmp r11, #14",
    "bhi 6f",
    "tbb [pc, r11]",
    // By number, 0 to 14: what has a function of its own, and the rest.
    "0: .byte (1f - 0b) / 2, (2f - 0b) / 2, (6f - 0b) / 2, (6f - 0b) / 2, (6f - 0b) / 2",
    ".byte (6f - 0b) / 2, (6f - 0b) / 2, (6f - 0b) / 2, (6f - 0b) / 2, (3f - 0b) / 2",
    ".byte (6f - 0b) / 2, (4f - 0b) / 2, (6f - 0b) / 2, (6f - 0b) / 2, (5f - 0b) / 2",
    ".p2align 1",
    "go 1, kernel_send",
    "go 2, kernel_recv",
    "go 3, kernel_get_timer",
    "go 4, kernel_post",
    "go 5, kernel_reply_recv",
    "go 6, kernel_svc",
    ".size trap_svc, . - trap_svc",
    "trap trap_fault, kernel_fault",
    "trap trap_tick, kernel_tick",
    "trap trap_interrupt, kernel_interrupt",
    ".section .text.trap_start, \"ax\", %progbits",
    ".globl trap_start",
    ".type trap_start, %function",
    ".thumb_func",
    "trap_start:",
    "mov r0, lr",
    "movw r5, #:lower16:{kernel}",
    "movt r5, #:upper16:{kernel}",
    "movs r6, #0",
    "bl kernel_start",
    ".if {save_fp}",
    "movs r4, #0",
    ".endif",
    "b trap_leave",
    ".size trap_start, . - trap_start",
    // A HardFault from the process stack is a task's: of a breakpoint, which no handler of its own
    // takes (Arm DDI 0553B, BKPT). The kernel is on the main stack.
    ".section .text.trap_escalated, \"ax\", %progbits",
    ".globl trap_escalated",
    ".type trap_escalated, %function",
    ".thumb_func",
    "trap_escalated:",
    "tst lr, #4",
    "beq 7f",
    "b trap_fault",
    "7: b trap_hard_fault",
    ".size trap_escalated, . - trap_escalated",
    ".section .text.trap_hard_fault, \"ax\", %progbits",
    ".globl trap_hard_fault",
    ".type trap_hard_fault, %function",
    ".thumb_func",
    "trap_hard_fault:",
    "tst lr, #4",
    "ite eq",
    "mrseq r0, msp",
    "mrsne r0, psp",
    "b kernel_hard_fault",
    ".size trap_hard_fault, . - trap_hard_fault",
    kernel = sym KERNEL,
    current = const CURRENT_OFFSET,
    save_fp = const fp::SAVED,
    no_context = const fp::NO_CONTEXT,
    fp = const offset_of!(Saved, fp),
);
