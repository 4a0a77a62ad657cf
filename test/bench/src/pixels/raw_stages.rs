//! What the preview does to the mosaic before white balance.
//!
//! ```text
//! averager -> inverse A-law -> dark frame or shading -> median -> [5 rows] -> defects, noise filter
//! ```
//!
//! The last two look at five rows, so they give a row when the second one after it is in. Pixels at
//! the rims that lack neighbours pass unchanged; the preview cuts them off (its margins).

use super::averager::Averager;
use super::dark_frame::{self, DarkFrame};
use super::defect::{self, Defects};
use super::median::{self, Median};
use super::noise_filter;
use super::{MAX_WIDTH_PX, alaw};

/// Rows of the neighbourhood.
pub const ROWS: usize = 5;

/// Five rows from top to bottom, equally long.
pub type Rows<'a> = [&'a [u16]; ROWS];

/// What is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawConfig {
    /// Averager.
    pub average: Averager,
    /// PCR.INVALAW.
    pub inverse_alaw: bool,
    /// PCR.DRKFEN and SCOMP_EN.
    pub dark_frame: Option<DarkFrame>,
    /// PCR.HMEDEN.
    pub median: Option<Median>,
    /// PCR.DCOREN.
    pub defects: Option<Defects>,
    /// PCR.NFEN: SPREAD.
    pub noise_spread: Option<u32>,
}

impl RawConfig {
    /// Nothing.
    pub const OFF: Self = Self {
        average: Averager::OFF,
        inverse_alaw: false,
        dark_frame: None,
        median: None,
        defects: None,
        noise_spread: None,
    };
}

/// The stages in the middle of a frame.
pub struct RawStages {
    /// Thresholds of the noise filter, as loaded by the driver.
    pub noise_table: noise_filter::Thresholds,
    rows: [[u16; MAX_WIDTH_PX]; ROWS],
    line: [u16; MAX_WIDTH_PX],
}

impl RawStages {
    /// Stages without a frame.
    pub const fn new() -> Self {
        Self {
            noise_table: [0; noise_filter::ENTRIES],
            rows: [[0; MAX_WIDTH_PX]; ROWS],
            line: [0; MAX_WIDTH_PX],
        }
    }

    /// Takes row `row` of the window, with the bytes of the dark frame if it is on. Gives the row
    /// that is ready, if one is, and its number: with `looks_around`, which defects and noise
    /// filter need, the second one before.
    // Kept out of the caller's loop over pixels, which is off this path by default.
    #[inline(never)]
    pub fn push(
        &mut self,
        config: &RawConfig,
        looks_around: bool,
        (row, input): (usize, &[u16]),
        dark: &[u8],
    ) -> Option<(usize, &[u16])> {
        let count = config.average.output(input.len().min(MAX_WIDTH_PX));
        let slot = &mut self.rows[row % ROWS][..count];
        if config.average.count_log2 == 0 {
            slot.copy_from_slice(&input[..count]);
        } else {
            config.average.average(input, slot);
        }
        if config.inverse_alaw {
            alaw::expand(slot);
        }
        if let Some(settings) = &config.dark_frame {
            dark_frame::apply(settings, slot, dark);
        }
        if let Some(settings) = &config.median {
            median::filter(settings, slot, &mut self.line[..count]);
            slot.copy_from_slice(&self.line[..count]);
        }
        if !looks_around {
            return Some((row, &self.rows[row % ROWS][..count]));
        }
        let centre = row.checked_sub(2).filter(|centre| *centre >= 2)?;
        self.look_around(config, centre, count);
        Some((centre, &self.line[..count]))
    }

    fn look_around(&mut self, config: &RawConfig, centre: usize, count: usize) {
        let rows: Rows =
            core::array::from_fn(|index| &self.rows[(centre + ROWS - 2 + index) % ROWS][..count]);
        let out = &mut self.line[..count];
        out.copy_from_slice(rows[2]);
        for x in 2..count.saturating_sub(2) {
            let mut pixel = rows[2][x];
            if let Some(defects) = &config.defects {
                pixel = defect::corrected(defects, &rows, x, 2 * (centre % 2) + x % 2);
            }
            if let Some(spread) = config.noise_spread {
                pixel = noise_filter::filtered(&self.noise_table, spread, &rows, x, pixel);
            }
            out[x] = pixel;
        }
    }
}

impl Default for RawStages {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
