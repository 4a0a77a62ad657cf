//! The only `unsafe` of the suite: registers of the bench, and pixels that an engine may write.

use drv_isp_regs::{Block, Register};

/// A mapped block of the register window.
#[derive(Clone, Copy, Debug)]
pub struct Registers {
    base: usize,
    block: Block,
}

impl Registers {
    /// The block mapped at `base`.
    ///
    /// # Safety
    /// `app.toml` maps `block` at `base` for this task.
    #[must_use]
    pub const unsafe fn new(base: usize, block: Block) -> Self {
        Self { base, block }
    }

    /// Reads element `index` of a register (0 for a single one).
    #[must_use]
    pub fn read(self, register: &Register, index: usize) -> u32 {
        let pointer = core::ptr::with_exposed_provenance::<u32>(self.address(register, index));
        // SAFETY: `new` promised that the block is mapped; a register is an aligned word of it.
        unsafe { pointer.read_volatile() }
    }

    /// Writes a register.
    pub fn write(self, register: &Register, value: u32) {
        let pointer = core::ptr::with_exposed_provenance_mut::<u32>(self.address(register, 0));
        // SAFETY: as `read`; a write to a register has no effect on memory of Rust objects.
        unsafe { pointer.write_volatile(value) };
    }

    /// Where a register is that this task does not map: all blocks lie in one window.
    #[must_use]
    pub const fn address_of(self, other: &Register) -> usize {
        self.base - self.block.window_offset() as usize + other.window_offset() as usize
    }

    fn address(self, register: &Register, index: usize) -> usize {
        assert!(register.block == self.block, "a register of another block");
        self.base + register.offset_at(index)
    }
}

/// Reads a register that this task does not map, and so ends its life.
///
/// # Safety
/// `address` is that of a register, which is no memory of any object, and a multiple of 4.
pub unsafe fn trespass(address: usize) -> u32 {
    let pointer = core::ptr::with_exposed_provenance::<u32>(address);
    // SAFETY: `trespass`'s caller promises that no object is there; the memory protection stops the read.
    unsafe { pointer.read_volatile() }
}

/// A mapped range of frame memory.
#[derive(Clone, Copy, Debug)]
pub struct Pixels {
    base: usize,
    bytes: usize,
}

impl Pixels {
    /// The range at `base`.
    ///
    /// # Safety
    /// `app.toml` maps the range for this task, read-write if [`Pixels::write`] is called, and `base` is
    /// a multiple of 4.
    #[must_use]
    pub const unsafe fn new(base: usize, bytes: usize) -> Self {
        Self { base, bytes }
    }

    /// The word at an offset in bytes.
    ///
    /// # Panics
    /// If it is not inside of the range.
    #[must_use]
    pub fn read(self, offset: usize) -> u32 {
        let pointer = core::ptr::with_exposed_provenance::<u32>(self.part(offset, 4).base);
        // SAFETY: as in `checksum`.
        unsafe { pointer.read_volatile() }
    }

    /// Writes the word at an offset in bytes, in a range that this task may write.
    ///
    /// # Panics
    /// If it is not inside of the range.
    pub fn write(self, offset: usize, word: u32) {
        let pointer = core::ptr::with_exposed_provenance_mut::<u32>(self.part(offset, 4).base);
        // SAFETY: `new` promised that the range is mapped for that and aligned; no reference to the
        // range exists.
        unsafe { pointer.write_volatile(word) };
    }

    /// Writes the words of another range of this length, in a range that this task may write.
    ///
    /// # Panics
    /// If the other one is longer.
    pub fn fill_from(self, other: Self) {
        for offset in (0..other.bytes()).step_by(4) {
            self.write(offset, other.read(offset));
        }
    }

    /// Length in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.bytes
    }

    /// A part of the range.
    ///
    /// # Panics
    /// If the part is not inside of the range.
    #[must_use]
    pub fn part(self, offset: usize, bytes: usize) -> Self {
        assert!(offset.is_multiple_of(4) && offset + bytes <= self.bytes, "outside of the range");
        Self { base: self.base + offset, bytes }
    }

    /// Mean of luma, in 256ths of a code, of a range of YUYV.
    #[must_use]
    pub fn mean_luma_q8(self) -> u32 {
        let pairs = (self.bytes / 4) as u32;
        let sum: u64 = (0..self.bytes / 4)
            .map(|index| {
                let pointer = core::ptr::with_exposed_provenance::<u32>(self.base + index * 4);
                // SAFETY: as in `checksum`.
                let word = unsafe { pointer.read_volatile() };
                u64::from(word & 0xFF) + u64::from(word >> 16 & 0xFF)
            })
            .sum();
        (sum * 128 / u64::from(pairs.max(1))) as u32
    }

    /// [`Pixels::checksum`] of the first `line.0` bytes of each line, `line.1` bytes from line to line.
    ///
    /// # Panics
    /// If a line is not inside of the range.
    #[must_use]
    pub fn checksum_of_lines(self, lines: usize, line: (usize, usize)) -> u32 {
        (0..lines).fold(OFFSET_BASIS, |sum, y| self.part(y * line.1, line.0).added_to(sum))
    }

    /// A checksum over all whole words: any change of a word changes it.
    ///
    /// FNV-1a over words instead of a CRC, because a test reads megabytes under an emulator.
    #[must_use]
    pub fn checksum(self) -> u32 {
        self.added_to(OFFSET_BASIS)
    }

    fn added_to(self, before: u32) -> u32 {
        (0..self.bytes / 4).fold(before, |sum, index| {
            let pointer = core::ptr::with_exposed_provenance::<u32>(self.base + index * 4);
            // SAFETY: `new` promised that the range is mapped and aligned. The engine may write
            // it at any time, hence volatile, and no reference is made.
            let word = unsafe { pointer.read_volatile() };
            (sum ^ word).wrapping_mul(PRIME)
        })
    }
}

/// FNV-1a: where it begins, and its factor.
const OFFSET_BASIS: u32 = 0x811C_9DC5;
const PRIME: u32 = 0x0100_0193;

/// [`Pixels::checksum`] of bytes that nobody writes.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    let words = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
    words.fold(OFFSET_BASIS, |sum, word| (sum ^ word).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_is_the_first_and_third_byte_of_each_pair() {
        let words = [0xFF_10_FF_20u32; 8];
        // SAFETY: the array lives and is aligned.
        let pixels = unsafe { Pixels::new(words.as_ptr().expose_provenance(), 32) };
        assert_eq!(pixels.mean_luma_q8(), 0x18 * 256);
    }

    #[test]
    fn a_change_of_any_word_changes_the_checksum() {
        let mut words = [7u32; 64];
        let checksum = |words: &[u32; 64]| {
            // SAFETY: the array lives and is aligned.
            unsafe { Pixels::new(words.as_ptr().expose_provenance(), 256) }.checksum()
        };
        let before = checksum(&words);
        for index in 0..64 {
            words[index] ^= 1;
            assert_ne!(checksum(&words), before, "word {index}");
            words[index] ^= 1;
        }
        assert_eq!(checksum(&words), before);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(super::checksum(&bytes), before);
    }
}
