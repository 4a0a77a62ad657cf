//! The sensor: scene light in, a GRBG mosaic of codes out, one row at a time.
//!
//! ```text
//! scene row -> moving object -> window and step -> dyes, exposure, gain -> noise -> black level -> 12 bits
//! ```
//!
//! An MT9P031-class part (2592x1944, GRBG, a converter of 12 bits, black level 168). What is sent is the upper
//! bits of those: 12, 10 or 8, so that each narrower picture is the wider one, shifted. A row depends on
//! nothing but the configuration, the scene, the sequence number and its own number, so rows can be
//! asked for in any order, and a raw frame can be checked bit for bit by asking again. A part with a colour processor
//! sends YCbCr of the same scene: [`super::colour_processor`].

use super::colour_processor;
use super::geometry::{ARRAY_HEIGHT_PX, ARRAY_WIDTH_PX, Axis};
use super::noise::{self, RowNoise};
use super::object::object_at;
use super::pattern::pattern_row;
use super::response::{self, ResponseTable};
use super::{MAX_SCENE_WIDTH_PX, SceneSize, SceneSource};
use crate::pixels::MAX_WIDTH_PX;
use crate::pixels::yuv::YuvOrder;

pub use super::pattern::{Levels, TestPattern};
pub use super::response::{NOMINAL_EXPOSURE_LINES, NOMINAL_GAIN_EIGHTHS, NOMINAL_LIGHT_Q6};

/// Bits of the converter (MT9P031).
pub const CONVERTER_BITS: u32 = 12;

/// Code of a pixel that got no light, of 12 bits: MT9P031 datasheet, target black level.
pub const BLACK_LEVEL: u16 = 168;

/// The highest code of 12 bits.
pub const MAX_CODE: u16 = 4095;

/// What the control bus has programmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorConfig {
    /// First array column of the window; even, so that the order stays GRBG.
    pub column_start: u32,
    /// First array row of the window; even.
    pub row_start: u32,
    /// Array pixels per output pixel in both directions (skip and bin), 1..=8.
    pub step: u32,
    /// Output pixels per row, at most [`MAX_WIDTH_PX`].
    pub width_px: usize,
    /// Output rows.
    pub height_px: usize,
    /// Integration time in lines.
    pub exposure_lines: u32,
    /// Gains in eighths, 8..=1024, of green in red lines, red, blue, green in blue lines.
    pub gains_eighths: [u32; 4],
    /// Light on the scene in red, green and blue, in 1/64 of the nominal light.
    pub light_q6: [u32; 3],
    /// Rows are read right to left (the order of colours stays GRBG).
    pub flip_horizontal: bool,
    /// Rows are read bottom to top (the order of colours stays GRBG).
    pub flip_vertical: bool,
    /// Bits of a code that are sent, 8..=12: the upper ones of the converter's.
    pub bits: u32,
    /// YCbCr in this order is sent in place of the mosaic.
    pub ycbcr: Option<YuvOrder>,
    /// Test pattern instead of the scene.
    pub pattern: TestPattern,
    /// Shot and read noise are on.
    pub noise: bool,
    /// Seed of the noise.
    pub seed: u32,
}

impl SensorConfig {
    /// The whole array at step 4: 648x486.
    pub const FULL_4X: Self = Self {
        column_start: 0,
        row_start: 0,
        step: 4,
        width_px: 648,
        height_px: 486,
        exposure_lines: NOMINAL_EXPOSURE_LINES,
        gains_eighths: [NOMINAL_GAIN_EIGHTHS; 4],
        light_q6: [NOMINAL_LIGHT_Q6; 3],
        flip_horizontal: false,
        flip_vertical: false,
        bits: 10,
        ycbcr: None,
        pattern: TestPattern::Off,
        noise: true,
        seed: 1,
    };

    /// The whole array at step 2: 1296x972.
    pub const FULL_2X: Self = Self { step: 2, width_px: 1296, height_px: 972, ..Self::FULL_4X };

    /// The middle of the array at step 4: 160x120.
    pub const SMALL: Self =
        Self { column_start: 976, row_start: 732, width_px: 160, height_px: 120, ..Self::FULL_4X };

    /// Bits of the converter that are not sent.
    fn dropped_bits(&self) -> u32 {
        CONVERTER_BITS.saturating_sub(self.bits)
    }

    /// How columns map to the scene.
    pub fn columns(&self, scene: SceneSize) -> Axis {
        Axis {
            start: self.column_start,
            step: self.step,
            count: self.width_px,
            flip: self.flip_horizontal,
            array: ARRAY_WIDTH_PX,
            scene: scene.width_px,
        }
    }

    /// How rows map to the scene.
    pub fn rows(&self, scene: SceneSize) -> Axis {
        Axis {
            start: self.row_start,
            step: self.step,
            count: self.height_px,
            flip: self.flip_vertical,
            array: ARRAY_HEIGHT_PX,
            scene: scene.height_px,
        }
    }
}

/// The sensor's tables and line buffers, all derived from its configuration.
pub struct Sensor {
    config: SensorConfig,
    scene: SceneSize,
    /// Scene column of each output column.
    columns: [u16; MAX_WIDTH_PX],
    /// First column, if the columns are neighbours from left to right.
    neighbours_from: Option<usize>,
    response: ResponseTable,
    amplitudes: [[u16; noise::CLASSES]; 4],
    scene_line: [u8; 3 * MAX_SCENE_WIDTH_PX],
    window_line: [u8; 3 * MAX_WIDTH_PX],
}

impl Sensor {
    /// A sensor that is not configured yet; its rows are empty.
    pub const fn new() -> Self {
        Self {
            config: SensorConfig { width_px: 0, height_px: 0, ..SensorConfig::FULL_4X },
            scene: SceneSize { width_px: 0, height_px: 0 },
            columns: [0; MAX_WIDTH_PX],
            neighbours_from: None,
            response: [[[0; 256]; 3]; 4],
            amplitudes: [[0; noise::CLASSES]; 4],
            scene_line: [0; 3 * MAX_SCENE_WIDTH_PX],
            window_line: [0; 3 * MAX_WIDTH_PX],
        }
    }

    /// Computes the tables. A width above [`MAX_WIDTH_PX`] or a scene above
    /// [`MAX_SCENE_WIDTH_PX`] is cut.
    pub fn configure(&mut self, config: &SensorConfig, scene: SceneSize) {
        self.config = *config;
        self.config.width_px = config.width_px.min(MAX_WIDTH_PX);
        self.scene = SceneSize { width_px: scene.width_px.min(MAX_SCENE_WIDTH_PX), ..scene };
        let axis = self.config.columns(self.scene);
        let columns = &mut self.columns[..self.config.width_px];
        for (index, column) in columns.iter_mut().enumerate() {
            *column = axis.scene_coordinate(index) as u16;
        }
        let adjacent = columns.windows(2).all(|pair| pair[1] == pair[0] + 1);
        self.neighbours_from =
            columns.first().filter(|_| adjacent).map(|first| usize::from(*first));
        let SensorConfig { exposure_lines, gains_eighths, light_q6, .. } = config;
        response::fill(&mut self.response, *exposure_lines, gains_eighths, light_q6);
        self.amplitudes = [[0; noise::CLASSES]; 4];
        if config.noise {
            self.amplitudes = config.gains_eighths.map(noise::amplitudes);
        }
    }

    /// Produces row `row` of frame `sequence` into `out` (codes of the configured bits, GRBG; of YCbCr both bytes of a
    /// pixel, the first one lowest) and returns the number of pixels: the configured width, or what fits into
    /// `out`.
    pub fn line(
        &mut self,
        source: &mut impl SceneSource,
        sequence: u32,
        row: usize,
        out: &mut [u16],
    ) -> usize {
        let count = self.config.width_px.min(out.len());
        let out = &mut out[..count];
        if count == 0 {
            return 0;
        }
        if let Some(order) = self.config.ycbcr {
            self.process_colour(source, (sequence, row), order, out);
        } else if self.config.pattern == TestPattern::Off {
            self.scene_row(source, sequence, row);
            self.expose(sequence, row, out);
        } else {
            pattern_row(&self.config.pattern, (row, self.config.height_px), out);
            let dropped = self.config.dropped_bits();
            out.iter_mut().for_each(|code| *code >>= dropped);
        }
        count
    }

    /// Reads the scene row under sensor row `row` and paints the object into it.
    fn scene_row(&mut self, source: &mut impl SceneSource, sequence: u32, row: usize) {
        let y = self.config.rows(self.scene).scene_coordinate(row);
        let line = &mut self.scene_line[..3 * self.scene.width_px];
        source.line(y, line);
        object_at(sequence, self.scene).composite(y, line);
    }

    /// The row as the colour processor sends it.
    // Kept out of the caller, which is off this path by default.
    #[inline(never)]
    fn process_colour(
        &mut self,
        source: &mut impl SceneSource,
        (sequence, row): (u32, usize),
        order: YuvOrder,
        out: &mut [u16],
    ) {
        let bytes = 3 * out.len();
        if self.config.pattern == TestPattern::Off {
            self.scene_row(source, sequence, row);
            gather(&self.scene_line, &self.columns, &mut self.window_line[..bytes]);
        } else {
            for part in [0, 1] {
                pattern_row(&self.config.pattern, ((row & !1) + part, self.config.height_px), out);
                colour_processor::take_cells(part, out, &mut self.window_line[..bytes]);
            }
        }
        colour_processor::send(&self.window_line[..bytes], order, out);
    }

    /// Turns the light of the row into codes.
    // A function of its own, so that its loop has the registers to itself.
    #[inline(never)]
    fn expose(&mut self, sequence: u32, row: usize, out: &mut [u16]) {
        let bytes = 3 * out.len();
        let light = match self.neighbours_from {
            Some(first) => &self.scene_line[3 * first..][..bytes],
            None => {
                gather(&self.scene_line, &self.columns, &mut self.window_line[..bytes]);
                &self.window_line[..bytes]
            }
        };
        let place = 2 * (row % 2);
        let (even, odd) = (&self.response[place], &self.response[place + 1]);
        let (even_noise, odd_noise) = (&self.amplitudes[place], &self.amplitudes[place + 1]);
        let mut noise = RowNoise::new(self.config.seed, sequence, row);
        let dropped = self.config.dropped_bits();
        let mut pixel = |dye, amplitudes, light: &[u8]| {
            read_out(signal(dye, light), amplitudes, &mut noise, dropped)
        };
        let (mut pairs, lights) = (out.chunks_exact_mut(2), light.chunks_exact(6));
        let last = lights.remainder();
        for (codes, light) in pairs.by_ref().zip(lights) {
            codes[0] = pixel(even, even_noise, &light[..3]);
            codes[1] = pixel(odd, odd_noise, &light[3..]);
        }
        if let [code] = pairs.into_remainder() {
            *code = pixel(even, even_noise, last);
        }
    }
}

impl Default for Sensor {
    fn default() -> Self {
        Self::new()
    }
}

/// Picks the scene pixels of the window.
fn gather(scene_line: &[u8], columns: &[u16], window_line: &mut [u8]) {
    for (pixel, &column) in window_line.chunks_exact_mut(3).zip(columns) {
        pixel.copy_from_slice(&scene_line[3 * usize::from(column)..][..3]);
    }
}

/// Signal of one pixel in 1/4 codes of 12 bits, without black level; at most the full scale.
#[inline(always)]
fn signal(dye: &[[u16; 256]; 3], light: &[u8]) -> u32 {
    let [red, green, blue] = dye;
    let sum = u32::from(red[usize::from(light[0])])
        + u32::from(green[usize::from(light[1])])
        + u32::from(blue[usize::from(light[2])]);
    sum.min(4 * u32::from(MAX_CODE) + 3)
}

/// Adds noise and black level, rounds to a code of 12 bits and drops the lowest of those: the shift of both
/// together comes to the same.
#[inline(always)]
fn read_out(
    signal: u32,
    amplitudes: &[u16; noise::CLASSES],
    noise: &mut RowNoise,
    dropped: u32,
) -> u16 {
    let amplitude = i32::from(amplitudes[(signal >> 8) as usize % noise::CLASSES]);
    let deviation = (noise.triangular() * amplitude) >> 16;
    let code = (signal as i32 + deviation + 4 * i32::from(BLACK_LEVEL) + 2) >> (2 + dropped);
    code.clamp(0, i32::from(MAX_CODE >> dropped)) as u16
}

#[cfg(test)]
mod tests;
