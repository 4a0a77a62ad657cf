//! The pool that H3A writes to: the one place of this task that looks at it.

use core::ptr::{read_volatile, with_exposed_provenance};

/// The pool where the manifest maps it.
pub struct Pool {
    /// Invariant 1: this many bytes from here on are mapped to this task for its whole life, and
    /// start at a multiple of 32.
    base: usize,
    bytes: usize,
}

impl Pool {
    /// The pool of the task's configuration `pool`, if it has one (invariant 1: the builder writes
    /// base and length of a region there that this task reads; regions are aligned).
    pub fn mapped() -> Option<Self> {
        match userlib::config_u32s!("pool") {
            [base, bytes] => Some(Self { base: *base as usize, bytes: *bytes as usize }),
            _ => None,
        }
    }

    /// Copies words from `offset` bytes on, which is a multiple of four.
    ///
    /// # Panics
    /// If they do not lie in the pool.
    pub fn read(&self, offset: usize, words: &mut [u32]) {
        let end = offset + size_of_val(words);
        assert!(offset.is_multiple_of(4) && end <= self.bytes, "outside of the pool");
        for (index, word) in words.iter_mut().enumerate() {
            let address = with_exposed_provenance(self.base + offset + 4 * index);
            // SAFETY: a word of the pool, mapped and aligned (invariant 1, and the check above).
            // Volatile, because hardware writes there; no reference to it is made.
            *word = unsafe { read_volatile(address) };
        }
    }
}
