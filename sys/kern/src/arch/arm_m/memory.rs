//! The copies themselves, and the stack that a new life finds.

use crate::umem::{Readable, Writable};
use core::arch::asm;
use sys_abi::TaskDesc;

/// What an unused stack word holds, so that the high water can be seen.
const PAINT: u32 = 0xBADD_CAFE;

/// Words of the exception frame: r0-r3, r12, lr, pc, xpsr.
const FRAME_WORDS: u32 = 8;
const WORD_BYTES: u32 = 4;
/// What one turn of the painting loop fills.
const PAINT_BURST_BYTES: u32 = 64;
/// xPSR of Thumb code.
const XPSR_THUMB: u32 = 1 << 24;

/// Copies as many bytes as both sides have; they do not overlap.
#[inline(always)]
pub fn copy(from: Readable, to: Writable) -> u32 {
    let len = from.len().min(to.len());
    if len != 0 {
        // SAFETY: the types prove that both ranges are memory of tasks, readable and writable, and
        // `len` is within both; the kernel holds no reference to task memory; tasks do not run
        // now.
        unsafe { copy_bytes(from.base(), to.base(), len) };
    }
    len
}

/// Reads out of a task.
pub fn load(from: Readable, to: &mut [u8]) {
    let len = from.len().min(to.len() as u32);
    // SAFETY: as in `copy`; the destination is borrowed mutably, and kernel memory is never
    // memory of a task.
    unsafe { copy_bytes(from.base(), to.as_mut_ptr().expose_provenance() as u32, len) };
}

/// Writes into a task.
pub fn store(from: &[u8], to: Writable) {
    let len = to.len().min(from.len() as u32);
    // SAFETY: as in `load`, the other way round.
    unsafe { copy_bytes(from.as_ptr().expose_provenance() as u32, to.base(), len) };
}

/// Copies in bursts of four words, then words, then bytes; bytes only, if one side is unaligned.
///
/// # Safety
/// Both ranges are memory, the destination writable and not borrowed, and they do not overlap.
#[inline(always)]
unsafe fn copy_bytes(mut from: u32, mut to: u32, mut len: u32) {
    if (from | to) & 3 == 0 {
        while len >= 16 {
            // SAFETY: sixteen bytes are left on both sides.
            unsafe {
                asm!(
                    "ldmia {from}!, {{r4, r5, r8, r9}}",
                    "stmia {to}!, {{r4, r5, r8, r9}}",
                    from = inout(reg) from,
                    to = inout(reg) to,
                    out("r4") _, out("r5") _, out("r8") _, out("r9") _,
                    options(nostack, preserves_flags),
                );
            }
            len = len.wrapping_sub(16);
        }
        while len >= WORD_BYTES {
            // SAFETY: four bytes are left on both sides.
            unsafe { word(to).write(word(from).read()) };
            from = from.wrapping_add(WORD_BYTES);
            to = to.wrapping_add(WORD_BYTES);
            len = len.wrapping_sub(WORD_BYTES);
        }
    }
    while len != 0 {
        // SAFETY: one byte is left on both sides.
        unsafe { word(to).cast::<u8>().write_volatile(word(from).cast::<u8>().read()) };
        from = from.wrapping_add(1);
        to = to.wrapping_add(1);
        len = len.wrapping_sub(1);
    }
}

#[inline(always)]
const fn word(address: u32) -> *mut u32 {
    core::ptr::with_exposed_provenance_mut(address as usize)
}

/// Paints the stack and puts the first exception frame on it; gives the stack pointer.
pub fn prepare_stack(desc: &TaskDesc) -> u32 {
    let frame = desc.initial_sp.wrapping_sub(FRAME_WORDS * WORD_BYTES);
    // SAFETY: the builder places the stack, `stack_limit..initial_sp`, in the task's own RAM, at
    // least one frame large and 8-aligned; the task does not run, and nothing borrows its memory.
    unsafe {
        paint(desc.stack_limit, frame);
        for register in 0..FRAME_WORDS {
            word(frame.wrapping_add(register.wrapping_mul(WORD_BYTES))).write(0);
        }
        word(frame.wrapping_add(5 * WORD_BYTES)).write(u32::MAX);
        word(frame.wrapping_add(6 * WORD_BYTES)).write(desc.entry & !1);
        word(frame.wrapping_add(7 * WORD_BYTES)).write(XPSR_THUMB);
    }
    frame
}

/// Fills from `from` up to `to`, both 8-aligned.
///
/// # Safety
/// The range is writable memory that nothing borrows.
unsafe fn paint(mut from: u32, to: u32) {
    let bursts = to.saturating_sub(from) / PAINT_BURST_BYTES;
    if bursts != 0 {
        // SAFETY: so many bursts of 64 bytes are left.
        unsafe {
            asm!(
                "1: stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
                "stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
                "subs {bursts}, {bursts}, #1",
                "bne 1b",
                from = inout(reg) from,
                bursts = inout(reg) bursts => _,
                in("r0") PAINT, in("r1") PAINT, in("r2") PAINT, in("r3") PAINT,
                in("r4") PAINT, in("r5") PAINT, in("r8") PAINT, in("r9") PAINT,
                options(nostack),
            );
        }
    }
    while from < to {
        // SAFETY: four bytes are left.
        unsafe { word(from).write(PAINT) };
        from = from.wrapping_add(WORD_BYTES);
    }
}
