//! The picture that a sensor with a colour processor sends, bit for bit, written from its definition.
//!
//! ITU-R BT.601-7 (2.5.1 and 2.5.3: 8 bits) in factors of 1/256; luma of each pixel, chroma of the mean of a pair.

use crate::scene::Scene;
use test_bench::scene::sensor::SensorConfig;

/// Factors of R, G and B, and what is added.
struct Row([i32; 3], i32);

const LUMA: Row = Row([66, 129, 25], 16);
const BLUE_DIFFERENCE: Row = Row([-38, -74, 112], 128);
const RED_DIFFERENCE: Row = Row([112, -94, -18], 128);

impl Row {
    /// Of the mean of these pixels.
    fn of(&self, pixels: &[[u8; 3]]) -> u8 {
        let scale = 256 * pixels.len() as i32;
        let channel = |n: usize| pixels.iter().map(|pixel| i32::from(pixel[n])).sum::<i32>();
        let sum: i32 = (0..3).map(|n| self.0[n] * channel(n)).sum();
        // BT.601 of 0..=255 stays in the range of a byte.
        (self.1 + (sum + scale / 2).div_euclid(scale)) as u8
    }
}

/// Frame `sequence` as YUYV, `[height][2 * width]`.
pub fn picture(scene: &Scene, config: &SensorConfig, sequence: u32) -> Vec<u8> {
    let (rgb, size) = (scene.at(sequence), scene.size());
    let (columns, rows) = (config.columns(size), config.rows(size));
    let pixel = |x: usize, y: usize| -> [u8; 3] {
        let at = rows.scene_coordinate(y) * size.width_px + columns.scene_coordinate(x);
        rgb[3 * at..][..3].try_into().expect("three bytes")
    };
    let pairs =
        (0..config.height_px).flat_map(|y| (0..config.width_px / 2).map(move |x| (2 * x, y)));
    let bytes = pairs.flat_map(|(x, y)| {
        let pair = [pixel(x, y), pixel(x + 1, y)];
        let [blue, red] = [BLUE_DIFFERENCE, RED_DIFFERENCE].map(|row| row.of(&pair));
        [LUMA.of(&pair[..1]), blue, LUMA.of(&pair[1..]), red]
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_ranges_are_those_of_the_standard() {
        let of =
            |pixel: [u8; 3]| [LUMA, BLUE_DIFFERENCE, RED_DIFFERENCE].map(|row| row.of(&[pixel]));
        assert_eq!(of([0; 3]), [16, 128, 128]);
        assert_eq!(of([255; 3]), [235, 128, 128]);
        assert_eq!(of([0, 0, 255])[1], 240);
        assert_eq!(of([255, 255, 0])[1], 16);
        assert_eq!(of([255, 0, 0])[2], 240);
        assert_eq!(of([0, 255, 255])[2], 16);
    }
}
