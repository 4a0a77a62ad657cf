//! What the host tells the tasks of this run: the product's parameter block.
//!
//! The loader puts it, hubpack-encoded, at the start of the region `parameters`, which the tasks
//! that need it map read-only. Without it (all zero) the defaults hold, so an image also runs
//! where nobody writes a block.

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

/// First word of a block that somebody wrote: "OBSP", little endian.
pub const MAGIC: u32 = u32::from_le_bytes(*b"OBSP");

/// Parameters of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Parameters {
    /// [`MAGIC`].
    pub magic: u32,
    /// Width of the processed frames, in pixels.
    pub width_px: u16,
    /// Height of the processed frames, in pixels.
    pub height_px: u16,
    /// Frames to stream; 0 = until stopped.
    pub frames: u32,
    /// Send each frame's pixels to the host.
    pub pictures: bool,
    /// Width of the sensor's picture, in pixels; 0 = the widest mode that suits.
    pub sensor_width_px: u16,
    /// Height of the sensor's picture, in pixels; 0 = the mode that suits.
    pub sensor_height_px: u16,
    /// Expose and balance by statistics; else the controls stay at their defaults.
    pub auto: bool,
    /// Seed of random choices.
    pub seed: u32,
    /// For test images: number of the case to run; `u32::MAX` = all.
    pub case: u32,
}

impl Parameters {
    /// What holds when nobody wrote a block.
    pub const DEFAULT: Self = Self {
        magic: MAGIC,
        width_px: 640,
        height_px: 480,
        frames: 30,
        pictures: false,
        sensor_width_px: 0,
        sensor_height_px: 0,
        auto: false,
        seed: 1,
        case: u32::MAX,
    };

    /// The parameters in `block`, or the defaults if nobody wrote any.
    #[must_use]
    pub fn read(block: &[u8]) -> Self {
        match hubpack::deserialize::<Self>(block) {
            Ok((parameters, _)) if parameters.magic == MAGIC => parameters,
            _ => Self::DEFAULT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unwritten_block_gives_the_defaults() {
        assert_eq!(Parameters::read(&[0; 64]), Parameters::DEFAULT);
        assert_eq!(Parameters::read(&[]), Parameters::DEFAULT);
    }

    #[test]
    fn a_written_block_is_read_back() {
        let written = Parameters { frames: 7, case: 3, ..Parameters::DEFAULT };
        let mut block = [0; 64];
        hubpack::serialize(&mut block, &written).expect("64 bytes are enough");
        assert_eq!(Parameters::read(&block), written);
    }
}
