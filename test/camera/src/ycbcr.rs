//! The pictures of a sensor that sends YCbCr, as they lie in memory.
//!
//! Their checksums are in `ycbcr.in`, next to this file: computed on the host by the golden model
//! (`test_golden::ycbcr`). `UPDATE=1 cargo test -p test-camera ycbcr` writes them anew.

use idl::types::PixelFormat;

/// Pictures that are known, from the first of a stream on.
pub const KNOWN: usize = 24;

/// Checksums of the pictures of the small sensor, luma first, and chroma first.
const SUMS: [[u32; KNOWN]; 2] = include!("ycbcr.in");

/// Checksum of a picture in memory; `None` if it is not known.
#[must_use]
pub fn sum(format: PixelFormat, sequence: u32) -> Option<u32> {
    let sums = if format == PixelFormat::YUYV { &SUMS[0] } else { &SUMS[1] };
    sums.get(sequence as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::looks::tests::{SMALL, assert_current, scene};
    use crate::mmio::checksum;
    use test_golden::ycbcr::picture;

    fn sums() -> [[u32; KNOWN]; 2] {
        let (scene, mut sums) = (scene(), [[0; KNOWN]; 2]);
        let [yuyv, uyvy] = &mut sums;
        for (number, (yuyv, uyvy)) in yuyv.iter_mut().zip(uyvy).enumerate() {
            let mut bytes = picture(&scene, &SMALL, number as u32);
            *yuyv = checksum(&bytes);
            bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| pair.swap(0, 1));
            *uyvy = checksum(&bytes);
        }
        sums
    }

    #[test]
    fn the_sums_are_those_of_the_golden_model() {
        assert_current("ycbcr.in", &SUMS, &sums());
    }

    /// A case that takes one for another could not fail.
    #[test]
    fn no_two_pictures_look_alike() {
        let mut all: Vec<_> = SUMS.as_flattened().to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * KNOWN);
    }
}
