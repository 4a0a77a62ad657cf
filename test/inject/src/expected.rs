//! The pixels that a clean run delivers: CRCs by sequence number, in the product's parameter block
//! behind the parameters.
//!
//! The sensor's picture depends on the sequence number alone, and a new stream starts at 0 again. So
//! each life of the driver must deliver the same frames.

/// Where the table starts in the block, in bytes.
const OFFSET: usize = 1024;
/// First word of a table that somebody wrote.
const MAGIC: u32 = u32::from_le_bytes(*b"CRCS");
/// Most frames in a table.
pub const FRAMES_MAX: usize = 64;

/// What is known of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As in the clean run.
    Good,
    /// Not as in the clean run.
    Wrong,
    /// The clean run was shorter, or this is the clean run.
    Unknown,
}

/// The table, in a parameter block.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a>(&'a [u8]);

impl<'a> Expected<'a> {
    /// The table in this block.
    #[must_use]
    pub const fn in_block(block: &'a [u8]) -> Self {
        Self(block)
    }

    /// Judges a frame.
    #[must_use]
    pub fn judge(self, sequence: u32, crc32: u32) -> Verdict {
        match self.crc32(sequence) {
            None => Verdict::Unknown,
            Some(expected) if expected == crc32 => Verdict::Good,
            Some(_) => Verdict::Wrong,
        }
    }

    fn crc32(self, sequence: u32) -> Option<u32> {
        let count = self.word(1).filter(|_| self.word(0) == Some(MAGIC))?;
        if sequence < count { self.word(2 + sequence as usize) } else { None }
    }

    fn word(self, index: usize) -> Option<u32> {
        let start = OFFSET + 4 * index;
        let bytes = self.0.get(start..start + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }
}

/// Writes the CRCs of frames 0, 1, ... into a block; at most [`FRAMES_MAX`].
///
/// # Panics
/// If the block is too short.
pub fn write(block: &mut [u8], crc32s: &[u32]) {
    let count = crc32s.len().min(FRAMES_MAX);
    let words = [MAGIC, count as u32].into_iter().chain(crc32s[..count].iter().copied());
    for (index, word) in words.enumerate() {
        let start = OFFSET + 4 * index;
        block[start..start + 4].copy_from_slice(&word.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_judged_by_their_sequence() {
        let mut block = [0; 4096];
        let judge = |block: &[u8], n, crc| Expected::in_block(block).judge(n, crc);
        assert_eq!(judge(&block, 0, 0), Verdict::Unknown);
        write(&mut block, &[7, 8]);
        assert_eq!(judge(&block, 1, 8), Verdict::Good);
        assert_eq!(judge(&block, 0, 8), Verdict::Wrong);
        assert_eq!(judge(&block, 2, 8), Verdict::Unknown);
    }

    #[test]
    fn the_longest_table_fits_the_block() {
        let mut block = [0; 4096];
        write(&mut block, &[9; 100]);
        let last = FRAMES_MAX as u32 - 1;
        assert_eq!(Expected::in_block(&block).judge(last, 9), Verdict::Good);
    }

    #[test]
    fn the_table_does_not_touch_the_parameters() {
        use hubpack::SerializedSize;
        const { assert!(idl::parameters::Parameters::MAX_SIZE <= OFFSET) };
    }
}
