//! The way in and out: vector table and trap code.
//!
//! Every handler stores r4-r11, the process stack pointer and EXC_RETURN of the current task in
//! its [`Saved`], calls its Rust function, and loads those of whoever is current then. One path for
//! system calls, interrupts, faults and the tick: a switch costs nothing extra.

use crate::task::Saved;
use core::arch::{asm, global_asm};
use core::cell::UnsafeCell;

/// Interrupt lines that the table has vectors for. The builder refuses a line behind it.
pub const INTERRUPT_LINES: usize = 128;

/// Exception number of the first interrupt line.
pub const FIRST_INTERRUPT: u32 = SYSTEM_VECTORS as u32;

/// Vectors of the architecture itself: initial stack pointer, reset, and exceptions 2..15.
const SYSTEM_VECTORS: usize = 16;

/// One entry: a handler, or the initial stack pointer.
#[repr(C)]
union Vector {
    handler: unsafe extern "C" fn(),
    stack: *const u32,
    unused: u32,
}

// SAFETY: the table is read-only, and only the processor reads it.
unsafe impl Sync for Vector {}

unsafe extern "C" {
    static __stack_top: u32;
    fn _start();
    fn trap_hard_fault();
    fn trap_fault();
    fn trap_svc();
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
    table[3] = Vector { handler: trap_hard_fault };
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
    table[14] = Vector { handler: trap_hard_fault };
    table[15] = Vector { handler: trap_tick };
    table
};

/// Where the trap stores and loads: the current task's registers.
struct Current(UnsafeCell<*mut Saved>);

// SAFETY: written by the kernel, which nothing interrupts, and read by the trap.
unsafe impl Sync for Current {}

#[unsafe(no_mangle)]
static CURRENT_SAVED: Current = Current(UnsafeCell::new(core::ptr::null_mut()));

/// Makes `saved` what the trap returns to.
#[inline(always)]
pub fn set_current(saved: &mut Saved, stack_limit: u32) {
    // SAFETY: `saved` lies in the static task table. The process stack pointer is not in use in
    // handler mode; its limit is that of the task that the trap returns to.
    unsafe {
        *CURRENT_SAVED.0.get() = saved;
        asm!("msr psplim, {}", in(reg) stack_limit, options(nomem, nostack, preserves_flags));
    }
}

// `svc` from the kernel's own boot code (main stack, EXC_RETURN bit 2 clear) starts the first
// task; it never returns there. ldm and stm go up in register number, which is the order of
// `Saved`.
global_asm!(
    ".macro trap name, function",
    ".section .text.\\name, \"ax\", %progbits",
    ".globl \\name",
    ".type \\name, %function",
    ".thumb_func",
    "\\name:",
    "movw r0, #:lower16:CURRENT_SAVED",
    "movt r0, #:upper16:CURRENT_SAVED",
    "ldr r0, [r0]",
    "mrs r12, psp",
    "stmia r0, {{r4-r12, lr}}",
    "bl \\function",
    "b trap_return",
    ".size \\name, . - \\name",
    ".endm",
    "trap trap_fault, kernel_fault",
    "trap trap_tick, kernel_tick",
    "trap trap_interrupt, kernel_interrupt",
    ".section .text.trap_svc, \"ax\", %progbits",
    ".globl trap_svc",
    ".type trap_svc, %function",
    ".thumb_func",
    "trap_svc:",
    "movw r0, #:lower16:CURRENT_SAVED",
    "movt r0, #:upper16:CURRENT_SAVED",
    "ldr r0, [r0]",
    "cbz r0, 1f",
    "mrs r12, psp",
    "stmia r0, {{r4-r12, lr}}",
    "bl kernel_svc",
    ".globl trap_return",
    ".thumb_func",
    "trap_return:",
    "movw r0, #:lower16:CURRENT_SAVED",
    "movt r0, #:upper16:CURRENT_SAVED",
    "ldr r0, [r0]",
    "ldmia r0, {{r4-r12, lr}}",
    "msr psp, r12",
    "bx lr",
    "1:",
    "mov r0, lr",
    "bl kernel_start",
    "b trap_return",
    ".size trap_svc, . - trap_svc",
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
);
