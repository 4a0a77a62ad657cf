//! What the memory channel of CCP2 makes of the bytes of a line: samples of eight or ten bits.
//!
//! Codes are those of the Linux driver omap3isp; what it does not use is not modelled
//! ([`drv_isp_regs::ccp2`]).

use super::dpcm::Predictor;

/// How the samples of a frame lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// RAW8: a byte each.
    Bytes,
    /// RAW10: two bytes each, little-endian, of which the low ten bits count.
    Pairs,
    /// RAW8 with decompression: a code each, predicted within the line.
    Codes,
}

impl Storage {
    /// Bytes of a sample.
    #[must_use]
    pub const fn sample_bytes(self) -> usize {
        match self {
            Self::Bytes | Self::Codes => 1,
            Self::Pairs => 2,
        }
    }

    /// Unpacks a line without its first `skip` samples, and returns how many there are. A line of codes
    /// is decoded from its beginning all the same. What does not fit is cut.
    pub fn line(self, bytes: &[u8], skip: usize, out: &mut [u16]) -> usize {
        match self {
            Self::Bytes => store(bytes.iter().map(|byte| u16::from(*byte)), skip, out),
            Self::Pairs => {
                let pairs = bytes.chunks_exact(2);
                store(pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]]) & 0x3FF), skip, out)
            }
            Self::Codes => {
                let mut predictor = Predictor::default();
                store(bytes.iter().map(|code| predictor.decode(*code)), skip, out)
            }
        }
    }
}

fn store(samples: impl Iterator<Item = u16>, skip: usize, out: &mut [u16]) -> usize {
    let places = out.iter_mut().zip(samples.skip(skip));
    places.map(|(place, sample)| *place = sample).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::dpcm::encode_line;

    fn check(storage: Storage, bytes: &[u8], skip: usize, expect: &[u16]) {
        let mut out = [0xEEEE; 8];
        assert_eq!(storage.line(bytes, skip, &mut out), expect.len());
        assert_eq!(&out[..expect.len()], expect, "{storage:?}");
    }

    #[test]
    fn samples_are_one_or_two_bytes_long() {
        check(Storage::Bytes, &[0, 1, 128, 255], 0, &[0, 1, 128, 255]);
        check(Storage::Pairs, &[0xFF, 0xFF, 0x00, 0x02], 0, &[0x3FF, 0x200]);
        check(Storage::Pairs, &[0xFF, 0xFF, 0x00, 0x02, 1, 0], 1, &[0x200, 1]);
        check(Storage::Bytes, &[7; 20], 4, &[7; 8]);
        check(Storage::Bytes, &[7; 3], 9, &[]);
    }

    #[test]
    fn codes_give_what_the_coder_predicted_from_whatever_is_skipped() {
        let line = [500, 40, 501, 60, 700, 61, 0, 1023];
        let mut codes = [0; 8];
        encode_line(&line, &mut codes);
        let mut predictor = Predictor::default();
        let decoded = codes.map(|code| predictor.decode(code));
        check(Storage::Codes, &codes, 0, &decoded);
        check(Storage::Codes, &codes, 3, &decoded[3..]);
        for (sample, decoded) in line.iter().zip(decoded) {
            assert!(sample.abs_diff(decoded) <= 6, "{sample} {decoded}");
        }
    }
}
