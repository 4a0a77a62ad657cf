//! What the statistics of a test pattern must be, computed from their definitions, pixel by pixel.
//!
//! Written from `idl/src/types/statistics.rs` and the sensor's data sheet alone; nothing of the
//! bench is in it.

use idl::types::{AewbConfig, AfConfig, HistogramConfig};

/// Value of the sensor's TEST_PATTERN control whose codes differ from pixel to pixel: the diagonal
/// gradient (MT9P031, test pattern 3).
pub const DIAGONAL: i32 = 4;
/// What the CCDC takes away for black, in codes.
const BLACK_LEVEL: u32 = 42;
/// The largest code.
const CODE_MAX: u32 = (1 << CODE_BITS) - 1;
/// Bits of a code.
const CODE_BITS: u32 = 10;
/// Half of the range of codes: what the filters of auto focus see as zero.
const MIDDLE: i64 = 512;

/// The picture of the video port while the sensor shows the diagonal gradient.
#[derive(Clone, Copy, Debug)]
pub struct Gradient {
    /// Columns of the sensor's picture.
    pub width_px: u32,
    /// Lines of the sensor's picture.
    pub height_px: u32,
}

impl Gradient {
    /// The code of a pixel.
    #[must_use]
    pub fn code(&self, x: u32, y: u32) -> u32 {
        self.sample(x, y).saturating_sub(BLACK_LEVEL)
    }

    /// The same as the sensor sends it.
    #[must_use]
    pub fn sample(&self, x: u32, y: u32) -> u32 {
        self.sample_of(x, y, CODE_BITS)
    }

    /// The same, of this many bits.
    #[must_use]
    pub fn sample_of(&self, x: u32, y: u32, bits: u32) -> u32 {
        let span = self.width_px + self.height_px;
        (((x + y) << bits) / span).min((1 << bits) - 1)
    }

    /// The four codes of a 2x2 cell.
    fn cell(&self, x: u32, y: u32) -> [u32; 4] {
        [self.code(x, y), self.code(x + 1, y), self.code(x, y + 1), self.code(x + 1, y + 1)]
    }
}

/// One AEWB window: eight sums, and the count of cells without a saturated sample.
#[must_use]
pub fn aewb_window(
    picture: &Gradient,
    config: &AewbConfig,
    (left, top): (u32, u32),
    height: u32,
) -> ([u16; 8], u16) {
    let (mut sums, mut unsaturated) = ([0u16; 8], 0);
    let limit = u32::from(config.saturation);
    for y in (top..top + height).step_by(config.step_y_px.into()) {
        for x in (left..left + u32::from(config.grid.width_px)).step_by(config.step_x_px.into()) {
            let cell = picture.cell(x, y);
            for (place, code) in cell.into_iter().enumerate() {
                sums[place] = sums[place].wrapping_add(code as u16);
                sums[place + 4] = sums[place + 4].wrapping_add(code.min(limit) as u16);
            }
            unsaturated += u16::from(cell.into_iter().all(|code| code < limit));
        }
    }
    (sums, unsaturated)
}

/// One auto focus paxel whose filters pass everything: three times sum, two filter values, zero.
#[must_use]
pub fn af_paxel(picture: &Gradient, config: &AfConfig, (left, top): (u32, u32)) -> [u32; 12] {
    // Places of green, red and blue in GRBG: colours code 2.
    const PLACES: [&[usize]; 3] = [&[0, 3], &[1], &[2]];
    let mut words = [0; 12];
    for y in (top..top + u32::from(config.grid.height_px)).step_by(config.step_y_px.into()) {
        for x in (left..left + u32::from(config.grid.width_px)).step_by(2) {
            let cell = picture.cell(x, y);
            for (colour, places) in PLACES.into_iter().enumerate() {
                let sum: u32 = places.iter().map(|place| cell[*place]).sum();
                let away = i64::from(sum) - MIDDLE * places.len() as i64;
                // U16Q4.
                let filtered = (away.unsigned_abs() * 16).min(0xFFFF) as u32;
                words[4 * colour] += sum;
                words[4 * colour + 1] += filtered;
                words[4 * colour + 2] += filtered;
            }
        }
    }
    words
}

/// One entry of the histogram.
#[must_use]
pub fn histogram_entry(
    picture: &Gradient,
    config: &HistogramConfig,
    region: usize,
    (place, bin): (usize, u32),
) -> u32 {
    let bins = u32::from(config.bins);
    let shift = 10 - bins.ilog2();
    let area = &config.regions[region];
    let mut count = 0;
    for y in u32::from(area.top_px)..=u32::from(area.bottom_px) {
        for x in u32::from(area.left_px)..=u32::from(area.right_px) {
            let here = (2 * (y % 2) + x % 2) as usize == place;
            let gained = picture.code(x, y) * u32::from(config.gains_q5[place]) / 32;
            count += u32::from(here && (gained >> shift).min(bins - 1) == bin);
        }
    }
    count
}

/// A receiver of DPCM codes of one line: ten bits from eight.
///
/// Written from the MIPI CSI-2 specification (annex E: predictor 1, decoder for 10-8-10) alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decoder {
    /// The last two pixels, the older one first.
    before: (u32, u32),
    pixels: u32,
}

impl Decoder {
    /// The next pixel.
    pub fn next(&mut self, code: u32) -> u32 {
        let prediction = self.before.0;
        let pixel = match (self.pixels, code >> 4) {
            (0 | 1, _) => code << 2 | 2,
            (_, 0..=1) => prediction.saturating_add(code & 0x1F),
            (_, 2..=3) => prediction.saturating_sub(code & 0x1F),
            (_, 4) => prediction + 32 + 2 * (code & 0xF),
            (_, 5) => prediction.saturating_sub(32 + 2 * (code & 0xF)),
            (_, 6) => prediction + 65 + 4 * (code & 0xF),
            (_, 7) => prediction.saturating_sub(65 + 4 * (code & 0xF)),
            _ => {
                let coarse = (code & 0x7F) << 3;
                coarse + if coarse > prediction { 3 } else { 4 }
            }
        };
        let pixel = pixel.min(CODE_MAX);
        self.before = (self.before.1, pixel);
        self.pixels += 1;
        pixel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoder_predicts_from_the_pixel_of_the_same_colour() {
        let mut decoder = Decoder::default();
        let codes = [100, 20, 0x05, 0x25, 0x41, 0x71, 0xFF, 0x80, 0x6F, 0x5F];
        let pixels = [402, 82, 407, 77, 441, 8, 1019, 4, 1023, 0];
        assert_eq!(codes.map(|code| decoder.next(code)), pixels);
    }

    #[test]
    fn the_gradient_rises_and_starts_at_true_black() {
        let picture = Gradient { width_px: 160, height_px: 120 };
        assert_eq!([picture.code(0, 0), picture.code(11, 0), picture.code(12, 0)], [0, 0, 1]);
        assert_eq!(picture.code(40, 100), picture.code(100, 40));
        assert_eq!(picture.code(159, 119), 278 * 1024 / 280 - 42);
    }
}
