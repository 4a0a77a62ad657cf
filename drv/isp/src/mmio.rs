//! The registers of the ISP on the target.

use drv_isp::{Registers, Write};

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
