//! The host: same names, no kernel. A system call or a linked constant panics.

use std::sync::Mutex;
use sys_abi::Sysnum;

/// SEND.
///
/// # Safety
/// None needed: it does not return.
pub unsafe fn svc_send(_args: [u32; 7]) -> [u32; 4] {
    no_kernel(Sysnum::Send)
}

/// RECV.
///
/// # Safety
/// None needed: it does not return.
pub unsafe fn svc_recv(_args: [u32; 5]) -> [u32; 6] {
    no_kernel(Sysnum::Recv)
}

/// GET_TIMER.
pub fn svc_get_timer() -> [u32; 5] {
    no_kernel(Sysnum::GetTimer)
}

/// REPLY_RECV.
///
/// # Safety
/// None needed: it does not return.
pub unsafe fn svc_reply_recv(_args: [u32; 4]) -> [u32; 6] {
    no_kernel(Sysnum::ReplyRecv)
}

/// The other calls.
///
/// # Safety
/// None needed: it does not return.
pub unsafe fn svc(number: Sysnum, _args: [u32; 5]) -> [u32; 5] {
    no_kernel(number)
}

/// Lets other threads run.
pub fn wait_for_interrupt() {
    std::thread::yield_now();
}

/// Linked text; never reached, because [`linked`] panics first.
///
/// # Safety
/// None needed.
#[must_use]
pub unsafe fn linked_text(_address: u32, _len: u32) -> &'static str {
    ""
}

/// Mapped bytes; never reached, because [`linked`] panics first.
///
/// # Safety
/// None needed.
#[must_use]
pub unsafe fn linked_bytes(_address: u32, _len: u32) -> &'static [u8] {
    &[]
}

/// Linked words; never reached, because [`linked`] panics first.
///
/// # Safety
/// None needed.
#[must_use]
pub unsafe fn linked_words(_address: u32, _len: u32) -> &'static [u32] {
    &[]
}

/// # Panics
/// Always: only the image builder gives linked symbols a value.
#[must_use]
pub fn linked(name: &str) -> u32 {
    panic!("{name} has a value in an image only")
}

fn no_kernel(number: Sysnum) -> ! {
    panic!("{number:?} needs the kernel, and this is the host")
}

/// A value that one thread at a time can reach.
pub struct TaskCell<T>(Mutex<T>);

impl<T> TaskCell<T> {
    /// A cell that holds `value`.
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Lends the value to `body`; `None` if called from inside another `with` of the same cell,
    /// or while another test thread uses it.
    pub fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.0.try_lock().ok().map(|mut value| body(&mut value))
    }
}

/// A linked symbol; on the host it has no value.
#[doc(hidden)]
#[macro_export]
macro_rules! linked_symbol {
    ($($name:expr),+) => {
        $crate::arch::linked(concat!($($name),+))
    };
}

/// Makes `$main` what the task runs; on the host it is the program's own main already.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        const _: fn() -> ! = $main;
    };
}
