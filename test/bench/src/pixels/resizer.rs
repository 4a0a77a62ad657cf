//! The resizer: 4:2:2 lines in, 4:2:2 lines of another size out.
//!
//! Horizontal first, into a ring of four or eight lines, then vertical from the ring. Pushing a
//! line can make none, one or several output lines ready (up to four when it enlarges), so the
//! caller pushes one and pops until there is none.
//!
//! Geometry: an input of 7 pixels serves the first output pixel in both shapes, and its middle one
//! (pixel 3) is where phase 0 lies; so the 4-tap filter uses pixels 2..=5 of the seven, and its
//! tap 1 is the pixel itself. Vertically the 4-tap filter needs just its four lines. Chroma samples
//! sit half-way between the two pixels of their pair, before and after, and the line's end samples
//! are repeated where a chroma filter reaches beyond the window. Luma never does.
//!
//! Edge enhancement lies between the two directions; with it, four more pixels are made horizontally than
//! come out.

use super::edge_enhancement::{EXTRA_PX, EdgeEnhancement};
use super::polyphase::{Bank, Columns, SLOTS, SOURCE_LENGTH, Shape, UNITY, bilinear_chroma};
use super::yuv::YuvLine;
use super::{MAX_WIDTH_PX, Window};

/// Pixel of the first seven that phase 0 sits on.
const CENTRE_TAP: u32 = 3;

/// Pairs repeated on either side of the window for chroma.
const CHROMA_PADDING: usize = 4;

/// The resizer's registers, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResizerConfig {
    /// What is read of the input (IN_START in pixels, IN_SIZE); left is even.
    pub input: Window,
    /// Output pixels per line, even.
    pub output_width: usize,
    /// Output lines.
    pub output_height: usize,
    /// 256 * input / output, 64..=1024 (the register holds one less).
    pub horizontal_ratio: u32,
    /// 256 * input / output, 64..=1024 (the register holds one less).
    pub vertical_ratio: u32,
    /// HSTPH, 0..=7.
    pub horizontal_phase: u32,
    /// VSTPH, 0..=7.
    pub vertical_phase: u32,
    /// HFILT, the low half of each word first, S10Q8.
    pub horizontal_filter: [i16; 32],
    /// VFILT, the low half of each word first, S10Q8.
    pub vertical_filter: [i16; 32],
    /// CBILIN: chroma is interpolated linearly.
    pub chroma_bilinear: bool,
    /// YENH, if it is on.
    pub edge_enhancement: Option<EdgeEnhancement>,
}

/// Why a configuration cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeError {
    /// A ratio outside of 64..=1024.
    Ratio {
        /// The ratio.
        ratio: u32,
    },
    /// The output does not fit into the line buffers, or is empty.
    Output {
        /// Pixels per line.
        width: usize,
        /// Lines.
        height: usize,
    },
    /// The input width is not the one that output, ratio and phase ask for.
    Width {
        /// What IN_SIZE says.
        given: usize,
        /// What the equation says.
        needed: usize,
    },
    /// The input height is not the one that output, ratio and phase ask for.
    Height {
        /// What IN_SIZE says.
        given: usize,
        /// What the equation says.
        needed: usize,
    },
}

impl ResizerConfig {
    /// An empty window.
    const IDLE: Self = Self {
        input: Window { left: 0, top: 0, width: 0, height: 0 },
        output_width: 0,
        output_height: 0,
        horizontal_ratio: UNITY,
        vertical_ratio: UNITY,
        horizontal_phase: 0,
        vertical_phase: 0,
        horizontal_filter: [0; 32],
        vertical_filter: [0; 32],
        chroma_bilinear: false,
        edge_enhancement: None,
    };

    /// Pixels that edge enhancement takes from a line.
    fn extra_px(&self) -> usize {
        if self.edge_enhancement.is_some() { EXTRA_PX } else { 0 }
    }

    /// Checks the ratios and the exact input size (SWPU177N, "Resizer: input and output sizes").
    ///
    /// # Errors
    /// [`SizeError`] names the first thing that is wrong.
    pub fn check(&self) -> Result<(), SizeError> {
        for ratio in [self.horizontal_ratio, self.vertical_ratio] {
            if !(64..=1024).contains(&ratio) {
                return Err(SizeError::Ratio { ratio });
            }
        }
        let (width, height) = (self.output_width, self.output_height);
        let made = width + self.extra_px();
        if width == 0 || height == 0 || made > MAX_WIDTH_PX {
            return Err(SizeError::Output { width, height });
        }
        let needed = needed_width(made, self.horizontal_ratio, self.horizontal_phase);
        if self.input.width != needed {
            return Err(SizeError::Width { given: self.input.width, needed });
        }
        let needed = needed_height(height, self.vertical_ratio, self.vertical_phase);
        if self.input.height != needed {
            return Err(SizeError::Height { given: self.input.height, needed });
        }
        Ok(())
    }
}

/// Input pixels that an output of `width` takes.
pub fn needed_width(width: usize, ratio: u32, phase: u32) -> usize {
    last_position(width, ratio, phase) + 7
}

/// Input lines that an output of `height` takes.
pub fn needed_height(height: usize, ratio: u32, phase: u32) -> usize {
    last_position(height, ratio, phase) + Shape::of_ratio(ratio).taps()
}

/// Whole part of the last sample's position.
fn last_position(count: usize, ratio: u32, phase: u32) -> usize {
    let shape = Shape::of_ratio(ratio);
    let steps = count.saturating_sub(1) as u64 * u64::from(ratio);
    ((u64::from(shape.start(phase) + shape.half()) + steps) >> 8) as usize
}

/// The resizer in the middle of a frame.
pub struct Resizer {
    config: ResizerConfig,
    horizontal: Bank,
    vertical: Bank,
    /// Input lines seen in this frame.
    row: usize,
    /// Lines of the window that are or were in the ring.
    pushed: usize,
    /// Output lines given.
    popped: usize,
    luma: Columns,
    chroma: Columns,
    /// The window's part of a line, with room for what a filter reads beyond.
    source: [u8; SOURCE_LENGTH],
}

impl Resizer {
    /// A resizer whose window is empty.
    pub const fn new() -> Self {
        Self {
            config: ResizerConfig::IDLE,
            horizontal: Bank::IDLE,
            vertical: Bank::IDLE,
            row: 0,
            pushed: 0,
            popped: 0,
            luma: [[0; SLOTS]; MAX_WIDTH_PX],
            chroma: [[0; SLOTS]; MAX_WIDTH_PX],
            source: [0; SOURCE_LENGTH],
        }
    }

    /// Starts a frame with a configuration, which should pass [`ResizerConfig::check`]; if it does
    /// not, lines are missing at the end or hold repeated pixels, as in the hardware.
    pub fn begin_frame(&mut self, config: &ResizerConfig) {
        self.config = *config;
        self.config.output_width = config.output_width.min(MAX_WIDTH_PX - config.extra_px()) & !1;
        let bank = |ratio, filter| Bank::new(Shape::of_ratio(ratio), filter);
        self.horizontal = bank(config.horizontal_ratio, &config.horizontal_filter);
        self.vertical = bank(config.vertical_ratio, &config.vertical_filter);
        (self.row, self.pushed, self.popped) = (0, 0, 0);
    }

    /// Takes the next input line; those above and below the window are only counted.
    pub fn push(&mut self, line: &YuvLine) {
        let row = self.row;
        self.row += 1;
        if self.config.input.row(row).is_none() {
            return;
        }
        let slot = self.pushed % self.vertical.slots();
        self.pushed += 1;
        let columns = self.config.input.columns(line.width.min(MAX_WIDTH_PX));
        self.resize_luma(&line.luma[columns.clone()], slot);
        self.resize_chroma(&line.chroma[columns.start & !1..columns.end & !1], slot);
    }

    fn resize_luma(&mut self, luma: &[u8], slot: usize) {
        let config = &self.config;
        let shape = self.horizontal.shape();
        // The first tap is pixel 0 of the seven with 7 taps, pixel 2 with 4.
        let first_tap = if shape == Shape::FourTap { (CENTRE_TAP - 1) << 8 } else { 0 };
        let position = shape.start(config.horizontal_phase) + shape.half() + first_tap;
        self.source[..luma.len()].copy_from_slice(luma);
        let out = &mut self.luma[..config.output_width + config.extra_px()];
        self.horizontal.luma(&self.source, position, config.horizontal_ratio, slot, out);
        if let Some(settings) = &config.edge_enhancement {
            enhance(settings, out, slot, &mut self.source);
        }
    }

    fn resize_chroma(&mut self, chroma: &[u8], slot: usize) {
        let config = &self.config;
        let ratio = config.horizontal_ratio;
        let shape = self.horizontal.shape();
        pad(&mut self.source, chroma);
        // Luma position of the middle of the first output pair, then the chroma pair there, all
        // with eight fraction bits: (luma + ratio / 2 - 1/2) / 2.
        let extra = config.extra_px() as u32 / 2 * ratio;
        let luma = shape.start(config.horizontal_phase) + (CENTRE_TAP << 8) + extra;
        let centre = (luma + ratio / 2 - UNITY / 2) / 2 + ((CHROMA_PADDING as u32) << 8);
        let out = &mut self.chroma[..config.output_width];
        if config.chroma_bilinear {
            bilinear_chroma(&self.source, centre, ratio, slot, out);
            return;
        }
        let before = if shape == Shape::FourTap { 1 } else { 3 };
        let position = centre + shape.half() - (before << 8);
        self.horizontal.chroma(&self.source, position, ratio, slot, out);
    }

    /// Gives the next output line if its input is there.
    pub fn pop(&mut self, out: &mut YuvLine) -> bool {
        let config = &self.config;
        if self.popped >= config.output_height {
            return false;
        }
        let shape = self.vertical.shape();
        let position = shape.start(config.vertical_phase)
            + shape.half()
            + self.popped as u32 * config.vertical_ratio;
        let first = (position >> 8) as usize;
        if first + shape.taps() > self.pushed {
            return false;
        }
        self.popped += 1;
        out.width = config.output_width;
        let width = config.output_width;
        self.vertical.vertical(&self.luma[..width], position, &mut out.luma[..width]);
        self.vertical.vertical(&self.chroma[..width], position, &mut out.chroma[..width]);
        true
    }
}

impl Default for Resizer {
    fn default() -> Self {
        Self::new()
    }
}

/// Enhances the line in `slot`: the first pixel that comes out is the third that was made.
// Kept out of the caller, which is off this path by default.
#[inline(never)]
fn enhance(
    settings: &EdgeEnhancement,
    columns: &mut [[i16; SLOTS]],
    slot: usize,
    scratch: &mut [u8; SOURCE_LENGTH],
) {
    for (code, column) in scratch.iter_mut().zip(columns.iter()) {
        *code = ((i32::from(column[slot]) + 8) >> 4).clamp(0, 255) as u8;
    }
    let made = &scratch[..columns.len()];
    for (column, around) in columns.iter_mut().zip(made.array_windows()) {
        column[slot] = 16 * i16::from(settings.enhanced(around));
    }
}

/// Copies pairs into `source`, with the first and the last one repeated on either side.
fn pad(source: &mut [u8; SOURCE_LENGTH], pairs: &[u8]) {
    let (head, rest) = source.split_at_mut(2 * CHROMA_PADDING);
    let (body, tail) = rest.split_at_mut(pairs.len());
    body.copy_from_slice(pairs);
    let repeat = |ends: &mut [u8], pair: Option<&[u8]>| {
        for end in ends.chunks_exact_mut(2) {
            end.copy_from_slice(pair.unwrap_or(&[128, 128]));
        }
    };
    repeat(head, pairs.first_chunk::<2>().map(|pair| &pair[..]));
    repeat(&mut tail[..2 * CHROMA_PADDING], pairs.last_chunk::<2>().map(|pair| &pair[..]));
}

#[cfg(test)]
mod tests;
