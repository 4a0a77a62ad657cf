//! The memory functions that the compiler calls: small ones.
//!
//! The compiler's own are tuned for speed and take four kilobytes. The kernel calls them for a few
//! words at boot, at a death and at a borrow; messages are copied elsewhere (`memory`). They are
//! written in assembly, because the compiler would make a loop in Rust into a call of itself.

use core::arch::global_asm;

global_asm!(
    ".macro builtin name",
    ".section .text.\\name, \"ax\", %progbits",
    ".globl \\name",
    ".type \\name, %function",
    ".thumb_func",
    "\\name:",
    ".endm",
    ".macro also name",
    ".globl \\name",
    ".type \\name, %function",
    ".thumb_set \\name, 0b",
    ".endm",
    // r0 = to, r1 = from, r2 = bytes; gives r0.
    "builtin memcpy",
    "0: mov r12, r0",
    "1: subs r2, r2, #1",
    "blo 2f",
    "ldrb r3, [r1], #1",
    "strb r3, [r12], #1",
    "b 1b",
    "2: bx lr",
    "also __aeabi_memcpy",
    "also __aeabi_memcpy4",
    "also __aeabi_memcpy8",
    // Forwards, unless that would write what is still to be read.
    "builtin memmove",
    "0: subs r3, r0, r1",
    "cmp r3, r2",
    "bhs memcpy",
    "1: subs r2, r2, #1",
    "blo 2f",
    "ldrb r3, [r1, r2]",
    "strb r3, [r0, r2]",
    "b 1b",
    "2: bx lr",
    "also __aeabi_memmove",
    "also __aeabi_memmove4",
    "also __aeabi_memmove8",
    // r0 = to, r1 = byte, r2 = bytes; gives r0.
    "builtin memset",
    "0: mov r12, r0",
    "1: subs r2, r2, #1",
    "blo 2f",
    "strb r1, [r12], #1",
    "b 1b",
    "2: bx lr",
    // r0 = to, r1 = bytes.
    "builtin __aeabi_memclr",
    "0: mov r2, r1",
    "movs r1, #0",
    "b memset",
    // The same, aligned: by pairs of words first.
    "builtin __aeabi_memclr4",
    "0: movs r2, #0",
    "b 2f",
    "1: strd r2, r2, [r0], #8",
    "2: subs r1, r1, #8",
    "bhs 1b",
    "adds r1, r1, #8",
    "bne __aeabi_memclr",
    "bx lr",
    "also __aeabi_memclr8",
);
