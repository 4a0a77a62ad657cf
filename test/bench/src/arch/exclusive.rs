//! Statics that change: one that a context at a time may use, and one that is lent once.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

/// A value that all handlers of one core share. They never interrupt each other, so it is never
/// taken twice; if it is, that is a defect of the bench and ends the run.
pub struct Exclusive<T> {
    taken: AtomicBool,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: `with` hands out the value only while `taken` is set by this very call, so there is
// never more than one reference.
unsafe impl<T> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self { taken: AtomicBool::new(false), value: UnsafeCell::new(None) }
    }

    /// Holding this value.
    #[must_use]
    pub const fn holding(value: T) -> Self {
        Self { taken: AtomicBool::new(false), value: UnsafeCell::new(Some(value)) }
    }

    /// Uses the value, which is made by `init` the first time.
    ///
    /// # Panics
    /// If it is in use already.
    pub fn with<R>(&self, init: impl FnOnce() -> T, action: impl FnOnce(&mut T) -> R) -> R {
        assert!(!self.taken.swap(true, Ordering::Acquire), "a handler interrupted another one");
        // SAFETY: `taken` was clear and is set now, so this is the only reference until it is
        // cleared below; the reference does not leave this function.
        let value = unsafe { &mut *self.value.get() };
        let result = action(value.get_or_insert_with(init));
        self.taken.store(false, Ordering::Release);
        result
    }
}

impl<T> Default for Exclusive<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Memory that is lent once, for ever. Zero memory stays out of the image.
#[repr(transparent)]
pub struct Lent<T>(UnsafeCell<T>);

// SAFETY: the content is reached through `lend` only, whose caller promises to be the only one.
unsafe impl<T: Send> Sync for Lent<T> {}

impl<T> Lent<T> {
    /// Holding this value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Lends the value.
    ///
    /// # Safety
    /// Called once in the life of the machine.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that this happens once")]
    pub unsafe fn lend(&'static self) -> &'static mut T {
        // SAFETY: by the caller's promise this is the only reference.
        unsafe { &mut *self.0.get() }
    }
}
