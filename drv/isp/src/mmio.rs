//! The registers of the ISP on the target, and the memory of the tables that its blocks read.

use core::ptr::{with_exposed_provenance_mut, write_volatile};

use drv_isp::{Registers, Write};
use idl::types::{BufferIndex, CCDC_TABLE_BYTES_MAX};

/// Size of the peripheral in bytes.
const ISP_BYTES: usize = 0x2000;

/// The peripheral that is mapped at `base`.
pub struct Isp {
    base: usize,
}

impl Isp {
    /// The peripheral at `base`.
    pub fn at(base: usize) -> Self {
        Self { base }
    }

    fn address(&self, offset: usize) -> usize {
        assert!(offset < ISP_BYTES && offset.is_multiple_of(4), "not a register of the ISP");
        self.base + offset
    }
}

impl Registers for Isp {
    fn read_at(&mut self, offset: usize) -> u32 {
        let address = self.address(offset) as *const u32;
        // SAFETY: `base` is the linked address of the peripheral `isp`, which the manifest maps for
        // this task alone; `address` has checked that the offset is a word inside of it.
        unsafe { address.read_volatile() }
    }

    fn write_at(&mut self, write: Write) {
        let address = self.address(write.offset) as *mut u32;
        // SAFETY: as in `read_at`. What a write makes the DMA engines do is bounded by the windows
        // that the ledger opens.
        unsafe { address.write_volatile(write.value) }
    }
}

/// The pool of tables where the manifest maps it.
pub struct Tables {
    /// Invariant 1: this many bytes from here on are mapped to this task alone, to write, for its whole
    /// life, and start at a multiple of 32.
    base: usize,
    bytes: usize,
}

impl Tables {
    /// The pool of the task's configuration `tables` (invariant 1: the builder writes base and length of a
    /// region there that this task writes; regions are aligned).
    ///
    /// # Panics
    /// If there is none: the image is wrong and must not run.
    pub fn mapped() -> Self {
        match userlib::config_u32s!("tables") {
            // TRM: FPC_ADDR.
            [base, bytes] if base.is_multiple_of(64) => {
                Self { base: *base as usize, bytes: *bytes as usize }
            }
            _ => panic!("`tables` is one region that starts at a multiple of 64 bytes"),
        }
    }

    /// Writes a piece of a table: whole words, at a multiple of four.
    ///
    /// # Panics
    /// If it does not lie in the buffer.
    pub fn write(&mut self, buffer: BufferIndex, offset: u32, piece: &[u8]) {
        let first = usize::from(buffer.0) * CCDC_TABLE_BYTES_MAX + offset as usize;
        let (words, rest) = piece.as_chunks();
        let inside = offset as usize + piece.len() <= CCDC_TABLE_BYTES_MAX
            && first + piece.len() <= self.bytes;
        assert!(offset.is_multiple_of(4) && rest.is_empty() && inside, "outside of the table");
        for (index, word) in words.iter().enumerate() {
            let address = with_exposed_provenance_mut(self.base + first + 4 * index);
            // SAFETY: a word of the pool, mapped and aligned (invariant 1, and the check above).
            // Volatile, because hardware reads it; no reference to it is made.
            unsafe { write_volatile(address, u32::from_le_bytes(*word)) };
        }
    }
}
