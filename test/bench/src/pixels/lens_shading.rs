//! Lens shading compensation: a gain that grows towards the corners.
//!
//! A coarse map of gains is stretched over the picture, bilinearly, and multiplied in:
//!
//! ```text
//! point(0,0) . . . . point(1,0)     a point every 4..64 pixels and lines (2^M, 2^N), a 32-bit word:
//!   .       pixel       .           one byte for each place of the 2x2 cell, the first one lowest
//! point(0,1) . . . . point(1,1)     gain = byte / 2^(8 - format / 2) + format % 2
//! ```
//!
//! So formats 0 to 7 are U8Q8, U8Q8 + 1, U8Q7, ... U8Q5 + 1 (SWPU177N, lens-shading compensation; LSC
//! of the later manuals, SPRUIE9, for the order of the bytes). The product is rounded once.

use super::MAX_WIDTH_PX;

/// Points of a row of the map: the smallest paxel, and one more at either end.
pub const MAX_POINTS: usize = MAX_WIDTH_PX / 4 + 18;

/// LSC_CONFIG and LSC_INITIAL, decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LensShading {
    /// Gain format.
    pub format: u32,
    /// log2 of the distance of points along the line, 2..=6.
    pub width_log2: u32,
    /// log2 of the distance of points in lines, 2..=6.
    pub height_log2: u32,
    /// Column of the map under the first pixel.
    pub initial_x: usize,
    /// Line of the map under the first line.
    pub initial_y: usize,
}

impl LensShading {
    /// The upper row of points for line `y`.
    pub fn point_row(&self, y: usize) -> usize {
        (y + self.initial_y) >> self.height_log2
    }

    /// Points that a line of `count` pixels needs.
    pub fn points(&self, count: usize) -> usize {
        let last = count.saturating_sub(1) + self.initial_x;
        ((last >> self.width_log2) + 2).min(MAX_POINTS)
    }

    /// Multiplies line `y` by the gains between two rows of points; the result saturates at `max`.
    pub fn apply(&self, y: usize, line: &mut [u16], rows: [&[u32]; 2], max: u16) {
        let (width, height) = (1_u32 << self.width_log2, 1_u32 << self.height_log2);
        let down = (y + self.initial_y) as u32 % height;
        let fraction_bits = self.width_log2 + self.height_log2 + 8 - self.format / 2;
        let base = u64::from(self.format % 2) << fraction_bits;
        for (x, pixel) in line.iter_mut().enumerate() {
            let at = x + self.initial_x;
            let (point, along) = (at >> self.width_log2, at as u32 % width);
            let place = 8 * (2 * (y % 2) + x % 2);
            let between = |row: &[u32]| {
                let gain = |point: usize| row.get(point).map_or(0, |word| *word >> place & 0xff);
                (width - along) * gain(point) + along * gain(point + 1)
            };
            let gain = (height - down) * between(rows[0]) + down * between(rows[1]);
            let product = u64::from(*pixel) * (base + u64::from(gain));
            let rounded = (product + (1 << (fraction_bits - 1))) >> fraction_bits;
            *pixel = rounded.min(u64::from(max)) as u16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(column: usize, row: usize) -> u32 {
        let mix =
            (column as u32).wrapping_mul(0x9e37_79b9) ^ (row as u32).wrapping_mul(0x85eb_ca6b);
        (mix ^ mix >> 15).wrapping_mul(0xc2b2_ae35)
    }

    #[test]
    fn every_pixel_is_the_rounded_product_with_the_bilinear_gain() {
        for format in 0..8 {
            let (width_log2, height_log2) = (2 + format % 5, 2 + (format + 3) % 5);
            let settings =
                LensShading { format, width_log2, height_log2, initial_x: 3, initial_y: 2 };
            for y in 0..40 {
                let row = settings.point_row(y);
                let points = settings.points(200);
                let rows = [row, row + 1]
                    .map(|row| (0..points).map(|column| point(column, row)).collect::<Vec<_>>());
                let mut line: Vec<u16> = (0..200).map(|x| (x * 5 + y) as u16).collect();
                settings.apply(y, &mut line, [&rows[0], &rows[1]], 1023);
                for (x, got) in line.iter().enumerate() {
                    let exact = (x * 5 + y) as f64 * gain(&settings, x, y);
                    let error = f64::from(*got) - exact.min(1023.0);
                    assert!(error.abs() <= 0.5 + 1e-9, "{format} ({x}, {y}): {got} {exact}");
                }
            }
        }
    }

    /// The gain of a pixel, from the definition.
    fn gain(settings: &LensShading, x: usize, y: usize) -> f64 {
        let across = (x + settings.initial_x) as f64 / f64::from(1 << settings.width_log2);
        let down = (y + settings.initial_y) as f64 / f64::from(1 << settings.height_log2);
        let byte = |column: usize, row: usize| {
            f64::from(point(column, row).to_le_bytes()[2 * (y % 2) + x % 2])
        };
        let (column, row) = (across as usize, down as usize);
        let mix = |first: f64, second: f64, share: f64| first * (1.0 - share) + second * share;
        let upper = mix(byte(column, row), byte(column + 1, row), across.fract());
        let lower = mix(byte(column, row + 1), byte(column + 1, row + 1), across.fract());
        let step = f64::from(1 << (8 - settings.format / 2));
        mix(upper, lower, down.fract()) / step + f64::from(settings.format % 2)
    }

    #[test]
    fn a_map_of_ones_changes_nothing_and_the_result_saturates() {
        let settings =
            LensShading { format: 4, width_log2: 6, height_log2: 6, ..LensShading::default() };
        let mut line = [0, 1, 500, 1023];
        settings.apply(9, &mut line, [&[0x4040_4040; 2]; 2], 1023);
        assert_eq!(line, [0, 1, 500, 1023]);
        settings.apply(9, &mut line, [&[0x8080_8080; 2]; 2], 1023);
        assert_eq!(line, [0, 2, 1000, 1023]);
    }

    #[test]
    fn the_widest_line_with_the_finest_map_has_all_its_points() {
        let settings = LensShading { width_log2: 2, initial_x: 63, ..LensShading::default() };
        assert_eq!(settings.points(MAX_WIDTH_PX), ((MAX_WIDTH_PX - 1 + 63) >> 2) + 2);
    }
}
