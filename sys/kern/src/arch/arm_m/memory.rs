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
const PAINT_BURST_BYTES: u32 = 256;
/// xPSR of Thumb code.
const XPSR_THUMB: u32 = 1 << 24;

/// Copies as many bytes as both sides have; they do not overlap.
#[inline(always)]
pub fn copy_here(from: Readable, to: Writable) -> u32 {
    let len = from.len().min(to.len());
    if len != 0 {
        // SAFETY: the types prove that both ranges are memory of tasks, readable and writable, and
        // `len` is within both; the kernel holds no reference to task memory; tasks do not run
        // now.
        unsafe { copy_bytes(from.base(), to.base(), len) };
    }
    len
}

/// The same as a call: where it does not pay to have the loops once more.
pub fn copy(from: Readable, to: Writable) -> u32 {
    let len = from.len().min(to.len());
    // SAFETY: as in `copy_here`.
    unsafe { call_copy_bytes(from.base(), to.base(), len) };
    len
}

/// Reads out of a task.
pub fn load(from: Readable, to: &mut [u8]) {
    let len = from.len().min(to.len() as u32);
    // SAFETY: as in `copy_here`; the destination is borrowed mutably, and kernel memory is never
    // memory of a task.
    unsafe { call_copy_bytes(from.base(), to.as_mut_ptr().expose_provenance() as u32, len) };
}

/// Writes into a task.
pub fn store(from: &[u8], to: Writable) {
    let len = to.len().min(from.len() as u32);
    // SAFETY: as in `load`, the other way round.
    unsafe { call_copy_bytes(from.as_ptr().expose_provenance() as u32, to.base(), len) };
}

/// As [`copy_bytes`].
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn call_copy_bytes(from: u32, to: u32, len: u32) {
    // SAFETY: promised by the caller.
    unsafe { copy_bytes(from, to, len) };
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
    // SAFETY: the builder places the stack, `ram.base..initial_sp`, in the task's own RAM, at
    // least one frame large and 8-aligned; the task does not run, and nothing borrows its memory.
    unsafe {
        // The frame as well: a whole number of bursts is the most usual.
        paint(desc.ram.base, desc.initial_sp);
        asm!(
            "stmia {frame}, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
            frame = in(reg) frame,
            in("r0") 0, in("r1") 0, in("r2") 0, in("r3") 0, in("r4") 0,
            in("r5") u32::MAX, in("r8") desc.entry & !1, in("r9") XPSR_THUMB,
            options(nostack, preserves_flags),
        );
    }
    frame
}

/// Fills from `from` up to `to`, both 8-aligned.
///
/// # Safety
/// The range is writable memory that nothing borrows.
unsafe fn paint(from: u32, to: u32) {
    // SAFETY: bursts of 256 bytes while so many are left, then pairs of words.
    unsafe {
        asm!(
            "b 2f",
            "1: stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
            "stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
            "stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
            "stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
            "stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
            "stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
            "stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
            "stmia {from}!, {{r0, r1, r2, r3, r4, r5, r8, r9}}",
            "2: subs {left}, {left}, #{burst}",
            "bhs 1b",
            "adds {left}, {left}, #{burst} - 8",
            "bmi 4f",
            "3: stmia {from}!, {{r0, r1}}",
            "subs {left}, {left}, #8",
            "bpl 3b",
            "4:",
            from = inout(reg) from => _,
            left = inout(reg) to.saturating_sub(from) => _,
            burst = const PAINT_BURST_BYTES,
            in("r0") PAINT, in("r1") PAINT, in("r2") PAINT, in("r3") PAINT,
            in("r4") PAINT, in("r5") PAINT, in("r8") PAINT, in("r9") PAINT,
            options(nostack),
        );
    }
}
