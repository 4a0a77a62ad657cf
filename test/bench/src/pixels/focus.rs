//! H3A, auto focus: how much detail a grid of paxels holds.
//!
//! ```text
//! 2x2 cell -> red, blue, sum of greens -> less their middle -> two filters along the line
//!          -> absolute value -> sum, or sum of each line's peak, per paxel
//! ```
//!
//! A filter is a gain and two biquads in a row, eleven coefficients S12Q6:
//!
//! ```text
//!   v = c0 x + c1 v' + c2 v''      y = c3 v + c4 v' + c5 v''
//!   u = y    + c6 u' + c7 u''      z = c8 u + c9 u' + c10 u''
//! ```
//!
//! Values between the stages keep six fraction bits and saturate; `|z|` is U16Q4. The filters are
//! cleared at IIRSH of each line. Number formats, offset and what a paxel delivers are those of
//! SWPU177N and of the later manuals of the block (SPRUIE9, "H3A"); the order of the stages is
//! ours, as the drawing of it is not public text.
//!
//! A paxel is 48 bytes: for green, red and blue four little-endian words: sum of the samples, value
//! of filter 0, value of filter 1, zero.

use super::median::{self, Median};
use super::{MAX_WIDTH_PX, alaw};

/// Paxels of a row.
pub const MAX_COLUMNS: usize = 36;

/// Bytes of a paxel.
pub const PAXEL_BYTES: usize = 48;

/// Coefficients of one filter.
pub type Coefficients = [i16; 11];

/// Limits of the values between two stages, with six fraction bits.
const STAGE_MAX: i32 = (1 << 21) - 1;

/// The registers, decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FocusConfig {
    /// Width of a paxel in pixels; even.
    pub width: usize,
    /// Height of a paxel in lines; even.
    pub height: usize,
    /// Paxels per row, at most [`MAX_COLUMNS`].
    pub columns: usize,
    /// Rows of paxels.
    pub rows: usize,
    /// First pixel of the first paxel.
    pub left: usize,
    /// First line of the first paxel.
    pub top: usize,
    /// Distance of the line pairs that are used, 2..=32, even.
    pub step_y: usize,
    /// Pixel at which the filters start, at most `left`.
    pub filter_start: usize,
    /// The two filters, S12Q6.
    pub filters_q6: [Coefficients; 2],
    /// Colour of each place of a 2x2 cell (RGBPOS).
    pub cell: Cell,
    /// The peak of each line counts, not its sum (FVMODE).
    pub peak: bool,
    /// Samples are compressed first.
    pub alaw: bool,
    /// Samples are filtered before all else.
    pub median: Option<Median>,
}

/// Places of red and blue in a 2x2 cell, counted left to right, top to bottom; the others are green.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Place of red.
    pub red: usize,
    /// Place of blue.
    pub blue: usize,
}

impl Cell {
    /// Decodes RGBPOS (omap3isp.h: GRGB, RGGB, GRBG, RGBG, GGRB, RBGG).
    pub const fn from_code(code: u32) -> Self {
        let (red, blue) = match code {
            0 => (1, 3),
            1 => (0, 3),
            2 => (1, 2),
            3 => (0, 2),
            4 => (2, 3),
            _ => (0, 1),
        };
        Self { red, blue }
    }
}

/// One filter in the middle of a line.
#[derive(Clone, Copy, Default)]
struct Filter {
    first: [i32; 2],
    second: [i32; 2],
}

impl Filter {
    /// Takes a sample and gives the absolute value of the output, U16Q4.
    #[inline(always)]
    fn step(&mut self, sample: i32, coefficients: &Coefficients) -> u32 {
        let c = coefficients.map(i32::from);
        let [v1, v2] = self.first;
        let v = stage([c[0], c[1], c[2]], [sample << 6, v1, v2]);
        let y = stage([c[3], c[4], c[5]], [v, v1, v2]);
        self.first = [v, v1];
        let [u1, u2] = self.second;
        let u = stage([1 << 6, c[6], c[7]], [y, u1, u2]);
        let z = stage([c[8], c[9], c[10]], [u, u1, u2]);
        self.second = [u, u1];
        ((z.unsigned_abs() + 2) >> 2).min(0xffff)
    }
}

/// Sum of three products, rounded to six fraction bits and saturated.
#[inline(always)]
fn stage(coefficients: [i32; 3], values: [i32; 3]) -> i32 {
    let products = coefficients.iter().zip(values).map(|(c, v)| i64::from(*c) * i64::from(v));
    let sum = (products.sum::<i64>() + 32) >> 6;
    sum.clamp(-i64::from(STAGE_MAX), i64::from(STAGE_MAX)) as i32
}

/// One colour of a paxel in the making.
#[derive(Clone, Copy)]
struct Values {
    samples: u32,
    filtered: [u32; 2],
    line_peak: [u32; 2],
}

const ZERO: Values = Values { samples: 0, filtered: [0; 2], line_peak: [0; 2] };

/// The engine in the middle of a frame.
pub struct Focus {
    config: FocusConfig,
    /// First line of a pair.
    upper: [u16; MAX_WIDTH_PX],
    lower: [u16; MAX_WIDTH_PX],
    paxels: [[Values; 3]; MAX_COLUMNS],
    rows_left: usize,
    burst: [u8; MAX_COLUMNS * PAXEL_BYTES],
}

impl Focus {
    /// An engine without paxels.
    pub const fn new() -> Self {
        const NO_MEDIAN: Option<Median> = None;
        Self {
            config: FocusConfig {
                width: 2,
                height: 2,
                columns: 0,
                rows: 0,
                left: 0,
                top: 0,
                step_y: 2,
                filter_start: 0,
                filters_q6: [[0; 11]; 2],
                cell: Cell { red: 0, blue: 0 },
                peak: false,
                alaw: false,
                median: NO_MEDIAN,
            },
            upper: [0; MAX_WIDTH_PX],
            lower: [0; MAX_WIDTH_PX],
            paxels: [[ZERO; 3]; MAX_COLUMNS],
            rows_left: 0,
            burst: [0; MAX_COLUMNS * PAXEL_BYTES],
        }
    }

    /// Starts a frame.
    pub fn begin_frame(&mut self, config: &FocusConfig) {
        self.config = *config;
        self.config.columns = config.columns.min(MAX_COLUMNS);
        self.rows_left = config.rows;
        self.paxels = [[ZERO; 3]; MAX_COLUMNS];
    }

    /// All paxels have come.
    pub fn is_done(&self) -> bool {
        self.rows_left == 0
    }

    /// Takes line `y` (10-bit codes). The bytes that are ready for memory, perhaps none.
    pub fn line(&mut self, y: usize, pixels: &[u16]) -> &[u8] {
        let FocusConfig { top, rows, height, step_y, .. } = self.config;
        let Some(line) = y.checked_sub(top).filter(|line| *line < rows * height) else {
            return &[];
        };
        let inside = line % height;
        match inside % step_y {
            0 => prepare(&self.config, pixels, &mut self.upper),
            1 => {
                prepare(&self.config, pixels, &mut self.lower);
                self.pair(pixels.len().min(MAX_WIDTH_PX));
            }
            _ => {}
        }
        if inside + 1 == height { self.end_row() } else { &[] }
    }

    /// The frame ended: a row that has not come comes as far as it is.
    pub fn flush(&mut self) -> &[u8] {
        if self.is_done() { &[] } else { self.end_row() }
    }

    /// Filters a pair of lines.
    fn pair(&mut self, width: usize) {
        let config = &self.config;
        let end = (config.left + config.columns * config.width).min(width);
        let mut filters = [[Filter::default(); 2]; 3];
        for x in (config.filter_start..end.saturating_sub(1)).step_by(2) {
            let cell = [self.upper[x], self.upper[x + 1], self.lower[x], self.lower[x + 1]];
            let samples = colours(config, cell.map(i32::from));
            let paxel = x.checked_sub(config.left).map(|inside| inside / config.width);
            for (colour, (sum, offset)) in samples.into_iter().enumerate() {
                let outputs: [u32; 2] = core::array::from_fn(|index| {
                    filters[colour][index].step(sum - offset, &config.filters_q6[index])
                });
                if let Some(paxel) = paxel {
                    self.paxels[paxel][colour].add(sum as u32, outputs, config.peak);
                }
            }
        }
        if config.peak {
            self.paxels.as_flattened_mut().iter_mut().for_each(Values::end_line);
        }
    }

    fn end_row(&mut self) -> &[u8] {
        self.rows_left -= 1;
        let columns = self.config.columns;
        let paxels = core::mem::replace(&mut self.paxels, [[ZERO; 3]; MAX_COLUMNS]);
        let values = paxels[..columns].as_flattened();
        for (bytes, values) in self.burst.chunks_exact_mut(PAXEL_BYTES / 3).zip(values) {
            let words = [values.samples, values.filtered[0], values.filtered[1], 0];
            for (bytes, word) in bytes.chunks_exact_mut(4).zip(words) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
        }
        &self.burst[..columns * PAXEL_BYTES]
    }
}

impl Values {
    fn add(&mut self, sample: u32, outputs: [u32; 2], peak: bool) {
        self.samples = self.samples.wrapping_add(sample);
        for (index, output) in outputs.into_iter().enumerate() {
            if peak {
                self.line_peak[index] = self.line_peak[index].max(output);
            } else {
                self.filtered[index] = self.filtered[index].wrapping_add(output);
            }
        }
    }

    fn end_line(&mut self) {
        for (sum, peak) in self.filtered.iter_mut().zip(&mut self.line_peak) {
            *sum = sum.wrapping_add(core::mem::take(peak));
        }
    }
}

/// Green, red and blue of a cell, each with the offset that its filter takes away.
fn colours(config: &FocusConfig, cell: [i32; 4]) -> [(i32, i32); 3] {
    let middle = if config.alaw { 128 } else { 512 };
    let Cell { red, blue } = config.cell;
    let green = cell.iter().sum::<i32>() - cell[red] - cell[blue];
    [(green, 2 * middle), (cell[red], middle), (cell[blue], middle)]
}

/// Median and A-law, as far as they are on.
fn prepare(config: &FocusConfig, pixels: &[u16], out: &mut [u16; MAX_WIDTH_PX]) {
    let count = pixels.len().min(MAX_WIDTH_PX);
    let (pixels, out) = (&pixels[..count], &mut out[..count]);
    match &config.median {
        Some(settings) => median::filter(settings, pixels, out),
        None => out.copy_from_slice(pixels),
    }
    if config.alaw {
        alaw::compress(out);
    }
}

impl Default for Focus {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
