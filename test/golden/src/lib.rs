//! Are the pictures right? The checker of frames, for the host.
//!
//! It takes what a client of the camera got (bytes in a video format) and what the graph says about
//! the way there (rectangles), and compares with a picture that it computes itself, in floating
//! point, from the scene: [`view`] follows one output pixel back to the scene, [`mod@reference`] draws
//! the expected picture, [`verdict`] compares. Nothing of the data path's arithmetic is used, with
//! one exception: the raw picture is compared bit for bit with the sensor model, which is a pure
//! function and is called again ([`raw`]).
//!
//! [`ycbcr`] is the picture of a sensor that makes YCbCr itself, bit for bit too.
//!
//! [`preview`] and [`ccdc`] are for another question: a client configures a block, and what comes out must be
//! what that configuration says, bit for bit.
//!
//! A check that accepts everything is worse than none, so the tests feed it pictures with red and
//! blue swapped, shifted by a pixel, of the wrong Bayer phase and of the previous frame; it has to
//! refuse each of them.

#![forbid(unsafe_code)]

pub mod ccdc;
pub mod decode;
pub mod files;
pub mod patches;
pub mod picture;
pub mod preview;
pub mod raw;
pub mod reference;
pub mod scene;
pub mod verdict;
pub mod view;
pub mod ycbcr;

pub use decode::{DecodeError, decode_yuv};
pub use picture::{Picture, psnr_db};
pub use scene::Scene;
pub use verdict::{Fault, Report, examine};
pub use view::{Rectangle, View};

/// CRC-32 (IEEE 802.3) of a frame's bytes, as the reports print it.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn crc_is_that_of_the_standard_check_string() {
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }
}
