//! The raw picture: bit for bit what the sensor sent.

use crate::decode::{DecodeError, check};
use crate::scene::Scene;
use crate::view::Rectangle;
use test_bench::scene::sensor::{Sensor, SensorConfig};

/// Where a raw picture differs from the sensor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Column of the first wrong pixel.
    pub x: usize,
    /// Row of the first wrong pixel.
    pub y: usize,
    /// What the sensor sent there.
    pub expected: u16,
    /// What the buffer holds there.
    pub got: u16,
    /// Number of wrong pixels.
    pub count: usize,
}

/// The mosaic that the sensor sends in frame `sequence`, `[height][width]` codes.
pub fn mosaic(scene: &Scene, config: &SensorConfig, sequence: u32) -> Vec<u16> {
    let mut sensor = Box::new(Sensor::new());
    sensor.configure(config, scene.size());
    let mut codes = vec![0; config.width_px * config.height_px];
    for (row, line) in codes.chunks_exact_mut(config.width_px).enumerate() {
        sensor.line(&mut scene.source(), sequence, row, line);
    }
    codes
}

/// Compares a buffer of codes, `[crop.height][stride]` bytes, with `crop` of the sensor's frame. A code takes
/// `code_bytes`: one, or two, little-endian.
///
/// # Errors
/// [`DecodeError`] if the buffer is too short for the crop.
pub fn compare(
    bytes: &[u8],
    (stride, code_bytes): (usize, usize),
    crop: Rectangle,
    mosaic: &[u16],
    sensor_width: usize,
) -> Result<Option<Mismatch>, DecodeError> {
    check(bytes.len(), crop.width, crop.height, stride, code_bytes * crop.width)?;
    let mut first: Option<Mismatch> = None;
    for y in 0..crop.height {
        let expected = &mosaic[(crop.top + y) * sensor_width + crop.left..][..crop.width];
        let line = &bytes[y * stride..][..code_bytes * crop.width];
        for (x, (&expected, bytes)) in
            expected.iter().zip(line.chunks_exact(code_bytes)).enumerate()
        {
            let got = bytes.iter().rev().fold(0, |code, byte| code << 8 | u16::from(*byte));
            if got != expected {
                let mismatch = first.get_or_insert(Mismatch { x, y, expected, got, count: 0 });
                mismatch.count += 1;
            }
        }
    }
    Ok(first)
}
