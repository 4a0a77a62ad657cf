//! Armv8-M: `svc #0`, number in r11, arguments r4..r10, results r4..r9; start-up; linked symbols.
//!
//! The compiler keeps r6 and r7 to itself, so the assembly passes those two arguments through r0
//! and r1 and saves the compiler's values around the trap. The kernel keeps every register that
//! is not a result.

use core::arch::{asm, global_asm};
use core::cell::{Cell, UnsafeCell};
use sys_abi::Sysnum;

// Copies the initialised data and clears the rest, word by word (the linker script aligns both),
// then never returns from the task's main. The kernel has set sp.
global_asm!(
    ".section .text._start, \"ax\", %progbits",
    ".globl _start",
    ".type _start, %function",
    ".thumb_func",
    "_start:",
    "movw r0, #:lower16:__sdata",
    "movt r0, #:upper16:__sdata",
    "movw r1, #:lower16:__edata",
    "movt r1, #:upper16:__edata",
    "movw r2, #:lower16:__sidata",
    "movt r2, #:upper16:__sidata",
    "1: cmp r0, r1",
    "bhs 2f",
    "ldmia r2!, {{r3}}",
    "stmia r0!, {{r3}}",
    "b 1b",
    "2: movw r0, #:lower16:__sbss",
    "movt r0, #:upper16:__sbss",
    "movw r1, #:lower16:__ebss",
    "movt r1, #:upper16:__ebss",
    "movs r3, #0",
    "3: cmp r0, r1",
    "bhs 4f",
    "stmia r0!, {{r3}}",
    "b 3b",
    "4: bl __task_main",
    "udf #0",
    ".size _start, . - _start",
);

/// SEND: seven arguments, four results.
///
/// # Safety
/// Every address in `args` must be memory of this task that the kernel may read (message, lease
/// table) or write (reply buffer, write leases) until the call returns, with nothing in Rust
/// borrowing the written parts.
#[inline(always)]
pub unsafe fn svc_send(args: [u32; 7]) -> [u32; 4] {
    let [a4, a5, a6, a7, a8, a9, a10] = args;
    let (r4, r5, r6, r7);
    // SAFETY: the kernel touches no memory but what the caller vouches for, and keeps all
    // registers except r4..r9; r6 and r7 are put back by the assembly.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r6, r0",
            "mov r7, r1",
            "svc #0",
            "mov r0, r6",
            "mov r1, r7",
            "pop {{r6, r7}}",
            inout("r4") a4 => r4,
            inout("r5") a5 => r5,
            inout("r0") a6 => r6,
            inout("r1") a7 => r7,
            inout("r8") a8 => _,
            inout("r9") a9 => _,
            in("r10") a10,
            in("r11") Sysnum::Send as u32,
            options(preserves_flags),
        );
    }
    [r4, r5, r6, r7]
}

/// RECV: five arguments, six results.
///
/// # Safety
/// The buffer must be memory of this task that nothing in Rust borrows during the call.
#[inline(always)]
pub unsafe fn svc_recv(args: [u32; 5]) -> [u32; 6] {
    let [a4, a5, a6, a7, a8] = args;
    let (r4, r5, r6, r7, r8, r9);
    // SAFETY: as in `svc_send`.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r6, r0",
            "mov r7, r1",
            "svc #0",
            "mov r0, r6",
            "mov r1, r7",
            "pop {{r6, r7}}",
            inout("r4") a4 => r4,
            inout("r5") a5 => r5,
            inout("r0") a6 => r6,
            inout("r1") a7 => r7,
            inout("r8") a8 => r8,
            out("r9") r9,
            in("r11") Sysnum::Recv as u32,
            options(preserves_flags),
        );
    }
    [r4, r5, r6, r7, r8, r9]
}

/// REPLY_RECV: four arguments, six results.
///
/// # Safety
/// As [`svc_recv`], for the registered buffer; the reply must be readable memory of this task.
#[inline(always)]
pub unsafe fn svc_reply_recv(args: [u32; 4]) -> [u32; 6] {
    let [a4, a5, a6, a7] = args;
    let (r4, r5, r6, r7, r8, r9);
    // SAFETY: as in `svc_send`.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r6, r0",
            "mov r7, r1",
            "svc #0",
            "mov r0, r6",
            "mov r1, r7",
            "pop {{r6, r7}}",
            inout("r4") a4 => r4,
            inout("r5") a5 => r5,
            inout("r0") a6 => r6,
            inout("r1") a7 => r7,
            out("r8") r8,
            out("r9") r9,
            in("r11") Sysnum::ReplyRecv as u32,
            options(preserves_flags),
        );
    }
    [r4, r5, r6, r7, r8, r9]
}

/// GET_TIMER: no arguments, five results.
#[inline(always)]
#[must_use]
pub fn svc_get_timer() -> [u32; 5] {
    let (r4, r5, r6, r7, r8);
    // SAFETY: no memory is involved; registers as in `svc_send`.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "svc #0",
            "mov r0, r6",
            "mov r1, r7",
            "pop {{r6, r7}}",
            out("r4") r4,
            out("r5") r5,
            lateout("r0") r6,
            lateout("r1") r7,
            out("r8") r8,
            out("r9") _,
            in("r11") Sysnum::GetTimer as u32,
            options(preserves_flags),
        );
    }
    [r4, r5, r6, r7, r8]
}

/// The other calls: five arguments, five results (unused ones are zero or ignored).
///
/// # Safety
/// Memory named by the arguments is touched by the kernel as the call's documentation says; it
/// must belong to this task, and what is written must not be borrowed in Rust.
#[inline(always)]
pub unsafe fn svc(number: Sysnum, args: [u32; 5]) -> [u32; 5] {
    let [a4, a5, a6, a7, a8] = args;
    let (r4, r5, r6, r7, r8);
    // SAFETY: as in `svc_send`.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r6, r0",
            "mov r7, r1",
            "svc #0",
            "mov r0, r6",
            "mov r1, r7",
            "pop {{r6, r7}}",
            inout("r4") a4 => r4,
            inout("r5") a5 => r5,
            inout("r0") a6 => r6,
            inout("r1") a7 => r7,
            inout("r8") a8 => r8,
            out("r9") _,
            in("r11") number as u32,
            options(preserves_flags),
        );
    }
    [r4, r5, r6, r7, r8]
}

/// Sleeps until an interrupt comes: what the least important task does all the time.
#[inline(always)]
pub fn wait_for_interrupt() {
    // SAFETY: a hint; no memory is touched.
    unsafe { asm!("wfi", options(nomem, nostack, preserves_flags)) };
}

/// Text that the builder linked into a read-only section.
///
/// # Safety
/// `address` and `len` must be a `__config_*` symbol and its `_len`: the builder emits valid
/// UTF-8 there that lives as long as the image.
#[must_use]
pub unsafe fn linked_text(address: u32, len: u32) -> &'static str {
    // SAFETY: promised by the caller; the section is mapped read-only for this task.
    unsafe {
        let bytes = core::slice::from_raw_parts(
            core::ptr::with_exposed_provenance(address as usize),
            len as usize,
        );
        core::str::from_utf8_unchecked(bytes)
    }
}

/// Bytes of memory that the builder maps for this task.
///
/// # Safety
/// The range is mapped, and nobody writes it for as long as the bytes are in use.
#[must_use]
pub unsafe fn linked_bytes(address: u32, len: u32) -> &'static [u8] {
    // SAFETY: promised by the caller.
    unsafe {
        core::slice::from_raw_parts(
            core::ptr::with_exposed_provenance(address as usize),
            len as usize,
        )
    }
}

/// Words that the builder linked into a read-only section.
///
/// # Safety
/// As [`linked_text`]; the builder aligns the words to four.
#[must_use]
pub unsafe fn linked_words(address: u32, len: u32) -> &'static [u32] {
    // SAFETY: promised by the caller.
    unsafe {
        core::slice::from_raw_parts(
            core::ptr::with_exposed_provenance(address as usize),
            len as usize,
        )
    }
}

/// A value that only this task's one thread can reach.
pub struct TaskCell<T> {
    taken: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: a task has exactly one thread and no interrupt handlers, so a static of a task is never
// reached from two places at once; re-entry through `with` is refused by `taken`.
unsafe impl<T> Sync for TaskCell<T> {}

impl<T> TaskCell<T> {
    /// A cell that holds `value`.
    pub const fn new(value: T) -> Self {
        Self { taken: Cell::new(false), value: UnsafeCell::new(value) }
    }

    /// Lends the value to `body`; `None` if called from inside another `with` of the same cell.
    pub fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.taken.replace(true) {
            return None;
        }
        // SAFETY: `taken` was false, so no other borrow exists, and it stays true until the end.
        let result = body(unsafe { &mut *self.value.get() });
        self.taken.set(false);
        Some(result)
    }
}

/// The value of a linker-resolved absolute symbol, as two immediates (no load, no relocation at
/// run time). Used by the macros of [`crate`]; opaque to the optimiser, so that zero is a value
/// like any other.
#[doc(hidden)]
#[macro_export]
macro_rules! linked_symbol {
    ($($name:expr),+) => {{
        let value: u32;
        // SAFETY: two register moves; no memory is touched.
        #[allow(clippy::undocumented_unsafe_blocks)]
        unsafe {
            ::core::arch::asm!(
                concat!("movw {0}, #:lower16:", $($name),+),
                concat!("movt {0}, #:upper16:", $($name),+),
                out(reg) value,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        value
    }};
}

/// Makes `$main` (a `fn() -> !`) what the task runs after its memory is set up.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        extern "C" fn __task_main() -> ! {
            $main()
        }
    };
}
