//! The preview engine: 10-bit mosaic lines in, 4:2:2 lines out.
//!
//! ```text
//! window -> raw_stages -> white balance -> [5 rows] -> cfa -> black adjust, rgb_blend -> gamma
//!        -> ycbcr -> luma_enhancement, chroma_suppression -> tone
//! ```
//!
//! The engine eats a margin: each function that looks at neighbours makes the output smaller
//! ([`PreviewConfig::output_size`]), and the driver programs an input window that is larger by as
//! much. A line comes out as soon as the two lines below it are in.
//!
//! What is off costs nothing: without raw stages a line goes straight from the window to white balance,
//! and without luma and chroma filters from gamma to memory in one pass.

use super::bayer::Phase;
use super::cfa::{self, Columns, Pixel, Thresholds};
use super::chroma_suppression::{Suppression, suppressed};
use super::gamma::{self, GammaTables};
use super::luma_enhancement;
use super::raw_stages::{RawConfig, RawStages};
use super::rgb_blend::Blend;
use super::tone::{Tone, ToneTables};
use super::white_balance;
use super::ycbcr::Conversion;
use super::yuv::YuvLine;
use super::{MAX_WIDTH_PX, Window};

/// Functions that can be switched, as far as they change the size or the path of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// CFA interpolation (PCR.CFAEN); without it a pixel is taken for grey. 2 px, 2 lines a side.
    pub cfa: bool,
    /// Noise filter or defect correction (PCR.NFEN, DCOREN). 2 px, 2 lines a side.
    pub noise_or_defect: bool,
    /// Horizontal median (PCR.HMEDEN). 2 px a side.
    pub median: bool,
    /// Luma enhancement or chroma suppression (PCR.YNENHEN, SUPEN). 2 px on the left.
    pub yc_filters: bool,
    /// PCR.GAMMA_BYPASS.
    pub gamma_bypass: bool,
}

impl Features {
    /// Pixels lost on the left, on the right, and lines lost above and below.
    pub fn margins(&self) -> (usize, usize, usize) {
        let rows = 2 * (usize::from(self.cfa) + usize::from(self.noise_or_defect));
        let right = rows + 2 * usize::from(self.median);
        (right + 2 * usize::from(self.yc_filters), right, rows)
    }
}

/// The preview engine's registers, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewConfig {
    /// What is read of the input, margins included (HORZ_INFO, VERT_INFO).
    pub window: Window,
    /// What is switched on.
    pub features: Features,
    /// What is done before white balance.
    pub raw: RawConfig,
    /// Luma enhancement is on (PCR.YNENHEN).
    pub enhance_luma: bool,
    /// Chroma suppression, if it is on (PCR.SUPEN).
    pub suppress_chroma: Option<Suppression>,
    /// Order of colours, seen from the first pixel of the window.
    pub first_colour: Phase,
    /// What may change in the middle of the frame.
    pub at_once: AtOnce,
    /// CFA gradient threshold, bits 7:0.
    pub cfa_threshold_horizontal: u8,
    /// CFA gradient threshold, bits 15:8.
    pub cfa_threshold_vertical: u8,
    /// BLKADJOFF for red, green, blue: added, S8.
    pub black_adjust: [i8; 3],
    /// RGB_MAT, rows for red, green, blue, S12Q8.
    pub rgb_matrix_q8: [[i16; 3]; 3],
    /// RGB_OFF, S10.
    pub rgb_offset: [i16; 3],
    /// CSC, rows for Y, Cb, Cr, S10Q8.
    pub csc_q8: [[i16; 3]; 3],
    /// CSC_OFFSET for Y, Cb, Cr, S8.
    pub csc_offset: [i8; 3],
}

/// What takes effect at once, also in the middle of a frame: the registers that are writable while the
/// block is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOnce {
    /// WB_DGAIN, U10Q8.
    pub digital_gain_q8: u16,
    /// WBGAIN coefficients 0 to 3, U8Q5.
    pub white_balance_q5: [u8; 4],
    /// WBSEL as written, counted from the first pixel of the window.
    pub white_balance_select: u32,
    /// CNT_BRT and SETUP_YC.
    pub tone: Tone,
}

impl AtOnce {
    /// Gains of one, and nothing changed behind them.
    pub const NEUTRAL: Self = Self {
        digital_gain_q8: 0x100,
        white_balance_q5: [0x20; 4],
        white_balance_select: 0,
        tone: Tone::NEUTRAL,
    };
}

impl PreviewConfig {
    /// Everything off or neutral, the window empty.
    pub const NEUTRAL: Self = Self {
        window: Window { left: 0, top: 0, width: 0, height: 0 },
        features: Features {
            cfa: true,
            noise_or_defect: false,
            median: false,
            yc_filters: false,
            gamma_bypass: false,
        },
        raw: RawConfig::OFF,
        enhance_luma: false,
        suppress_chroma: None,
        first_colour: Phase::Grbg,
        at_once: AtOnce::NEUTRAL,
        cfa_threshold_horizontal: 0x28,
        cfa_threshold_vertical: 0x28,
        black_adjust: [0; 3],
        rgb_matrix_q8: [[256, 0, 0], [0, 256, 0], [0, 0, 256]],
        rgb_offset: [0; 3],
        csc_q8: [[66, 129, 25], [-38, -75, 112], [112, -94, -18]],
        csc_offset: [0; 3],
    };

    /// Width and height of the picture that comes out; an odd width loses its last pixel.
    pub fn output_size(&self) -> (usize, usize) {
        let (left, right, rows) = self.features.margins();
        let width = self.raw.average.output(self.window.width.min(MAX_WIDTH_PX));
        let width = width.saturating_sub(left + right) & !1;
        (width, self.window.height.saturating_sub(2 * rows))
    }
}

/// Pixels that the luma and chroma filters need to the left of the output.
const LEAD: usize = 2;

/// The preview engine in the middle of a frame.
pub struct Preview {
    config: PreviewConfig,
    blend: Blend,
    conversion: Conversion,
    tone: ToneTables,
    /// Mosaic filters; their table belongs to the driver.
    pub raw: RawStages,
    /// Table of the luma enhancement, as loaded by the driver.
    pub luma_table: luma_enhancement::Table,
    /// Something is done before white balance, or after the conversion to luma and chroma.
    has_raw_stages: bool,
    has_yc_filters: bool,
    /// Input rows seen in this frame.
    row: usize,
    /// The last five white-balanced rows of the window.
    columns: Columns,
    /// The row between CFA interpolation and colour.
    pixels: [Pixel; MAX_WIDTH_PX],
    /// Luma before the filters that look at neighbours.
    luma: [u8; MAX_WIDTH_PX],
}

impl Preview {
    /// An engine whose window is empty.
    pub const fn new() -> Self {
        Self {
            config: PreviewConfig::NEUTRAL,
            blend: Blend::IDLE,
            conversion: Conversion::IDLE,
            tone: ToneTables::identity(),
            raw: RawStages::new(),
            luma_table: [0; luma_enhancement::ENTRIES],
            has_raw_stages: false,
            has_yc_filters: false,
            row: 0,
            columns: [[0; 8]; cfa::COLUMNS],
            pixels: [[0; 4]; MAX_WIDTH_PX],
            luma: [0; MAX_WIDTH_PX],
        }
    }

    /// Starts a frame with a configuration.
    pub fn begin_frame(&mut self, config: &PreviewConfig) {
        self.config = *config;
        self.blend = Blend::new(&config.rgb_matrix_q8, &config.rgb_offset, &config.black_adjust);
        self.conversion = Conversion::new(&config.csc_q8, &config.csc_offset);
        self.tone.fill(&config.at_once.tone);
        self.row = 0;
        self.has_raw_stages = config.raw != RawConfig::OFF || config.features.noise_or_defect;
        self.has_yc_filters = config.enhance_luma || config.suppress_chroma.is_some();
    }

    /// The next line has this; it is cheap if nothing changed.
    pub fn change(&mut self, at_once: &AtOnce) {
        if *at_once == self.config.at_once {
            return;
        }
        self.config.at_once = *at_once;
        self.tone.fill(&at_once.tone);
    }

    /// The configuration, if it needs a dark frame.
    pub fn dark_frame(&self) -> Option<&PreviewConfig> {
        self.config.raw.dark_frame.is_some().then_some(&self.config)
    }

    /// Takes the next input line (10-bit codes) and returns whether `out` now holds a line.
    pub fn line(&mut self, tables: &GammaTables, input: &[u16], out: &mut YuvLine) -> bool {
        self.line_over(tables, input, &[], out)
    }

    /// [`Preview::line`] with the line's bytes of the dark frame.
    pub fn line_over(
        &mut self,
        tables: &GammaTables,
        input: &[u16],
        dark: &[u8],
        out: &mut YuvLine,
    ) -> bool {
        let row = self.row;
        self.row += 1;
        let Some(row) = self.config.window.row(row) else { return false };
        let pixels = &input[self.config.window.columns(input.len())];
        let (ready, pixels) = if self.has_raw_stages {
            let looks_around = self.config.features.noise_or_defect;
            let ready = self.raw.push(&self.config.raw, looks_around, (row, pixels), dark);
            let Some(ready) = ready else { return false };
            ready
        } else {
            (row, pixels)
        };
        balance(&self.config, &mut self.columns, ready, pixels);
        let (_, _, margin) = self.config.features.margins();
        // The newest row is the last of its neighbourhood: `margin` rows below the centre.
        let Some(centre) = row.checked_sub(margin).filter(|centre| *centre >= margin) else {
            return false;
        };
        let (width, _) = self.config.output_size();
        let filtered = self.has_yc_filters;
        let lead = if filtered { LEAD } else { 0 };
        let red_row = self.interpolate(centre, lead, width);
        let tables = if self.config.features.gamma_bypass { &gamma::BYPASS } else { tables };
        out.width = width;
        match (red_row, filtered) {
            (true, false) => self.develop::<0, 2>(tables, out),
            (false, false) => self.develop::<2, 0>(tables, out),
            (true, true) => self.develop_filtered::<0, 2>(tables, out),
            (false, true) => self.develop_filtered::<2, 0>(tables, out),
        }
        true
    }

    /// Fills the pixels for window row `centre`, `lead` pixels to the left of the output included,
    /// and returns whether it is a red row.
    fn interpolate(&mut self, centre: usize, lead: usize, width: usize) -> bool {
        let features = self.config.features;
        let left = features.margins().0 - lead;
        let pixels = &mut self.pixels[..lead + width];
        if !features.cfa {
            let slot = centre % cfa::ROWS;
            for (pixel, column) in pixels.iter_mut().zip(&self.columns[left..]) {
                *pixel = [column[slot]; 4];
            }
            return true;
        }
        let phase = self.config.first_colour.moved(left, centre);
        let thresholds = Thresholds {
            horizontal: self.config.cfa_threshold_horizontal,
            vertical: self.config.cfa_threshold_vertical,
        };
        let first = left - cfa::MARGIN;
        cfa::interpolate(&self.columns, centre, first, phase.green_first(), thresholds, pixels);
        phase.red_row_first()
    }

    /// Pixels to luma and chroma; red is at index `RED` of a pixel and blue at `BLUE`.
    // A function of its own, so that its loop has the registers to itself.
    #[inline(never)]
    fn develop<const RED: usize, const BLUE: usize>(
        &self,
        tables: &GammaTables,
        out: &mut YuvLine,
    ) {
        let width = out.width;
        let pairs = self.pixels[..width].chunks_exact(2);
        let luma = out.luma[..width].chunks_exact_mut(2);
        let chroma = out.chroma[..width].chunks_exact_mut(2);
        for ((pair, luma), chroma) in pairs.zip(luma).zip(chroma) {
            let first = self.coded::<RED, BLUE>(&pair[0], tables);
            luma[0] = self.tone.luma[self.conversion.luma(first)];
            let second = self.coded::<RED, BLUE>(&pair[1], tables);
            luma[1] = self.tone.luma[self.conversion.luma(second)];
            let sum = [first[0] + second[0], first[1] + second[1], first[2] + second[2]];
            let [blue, red] = self.conversion.chroma(sum);
            chroma[0] = self.tone.chroma[blue];
            chroma[1] = self.tone.chroma[red];
        }
    }

    /// [`Preview::develop`] with the filters that look at the luma around a pixel; the pixels start
    /// [`LEAD`] to the left of the output.
    // Kept out of the caller's loop over pixels, which is off this path by default.
    #[inline(never)]
    fn develop_filtered<const RED: usize, const BLUE: usize>(
        &mut self,
        tables: &GammaTables,
        out: &mut YuvLine,
    ) {
        let width = out.width;
        for x in 0..LEAD + width {
            let code = self.coded::<RED, BLUE>(&self.pixels[x], tables);
            self.luma[x] = self.conversion.luma(code) as u8;
        }
        let luma = &self.luma[..LEAD + width];
        for x in (0..width).step_by(2) {
            let coded = |x| self.coded::<RED, BLUE>(&self.pixels[LEAD + x], tables);
            let (first, second) = (coded(x), coded(x + 1));
            let sum = core::array::from_fn(|channel| first[channel] + second[channel]);
            let mut chroma = self.conversion.chroma(sum).map(|code| code as u8);
            if let Some(suppression) = &self.config.suppress_chroma {
                let factor = suppression.factor_q8(measure(suppression, luma, LEAD + x));
                chroma = chroma.map(|code| suppressed(code, factor));
            }
            for x in [x, x + 1] {
                let own = luma[LEAD + x];
                let own = if self.config.enhance_luma {
                    let high = luma_enhancement::high_pass(luma, LEAD + x);
                    luma_enhancement::enhanced(&self.luma_table, own, high)
                } else {
                    own
                };
                out.luma[x] = self.tone.luma[usize::from(own)];
            }
            out.chroma[x] = self.tone.chroma[usize::from(chroma[0])];
            out.chroma[x + 1] = self.tone.chroma[usize::from(chroma[1])];
        }
    }

    /// Blends one pixel and applies gamma.
    #[inline(always)]
    fn coded<const RED: usize, const BLUE: usize>(
        &self,
        pixel: &Pixel,
        tables: &GammaTables,
    ) -> [i32; 3] {
        let pixel = [pixel[RED], pixel[1], pixel[BLUE]].map(i32::from);
        let [red, green, blue] = self.blend.apply(pixel);
        [tables.red[red], tables.green[green], tables.blue[blue]].map(i32::from)
    }
}

/// White-balances a row of the window into the ring.
// A function of its own, so that its loop has the registers to itself.
#[inline(never)]
fn balance(config: &PreviewConfig, columns: &mut Columns, row: usize, pixels: &[u16]) {
    let gains = white_balance::row_gains(
        row,
        config.at_once.digital_gain_q8,
        &config.at_once.white_balance_q5,
        config.at_once.white_balance_select,
    );
    let slot = row % cfa::ROWS;
    let places = columns[..MAX_WIDTH_PX].iter_mut().map(|column| &mut column[slot]);
    white_balance::apply(pixels, places, &gains);
}

/// What decides how much colour the pair at `x` keeps.
fn measure(suppression: &Suppression, luma: &[u8], x: usize) -> u32 {
    let pair = [x, x + 1];
    if suppression.high_pass {
        let high = pair.map(|x| luma_enhancement::high_pass(luma, x).unsigned_abs());
        high[0].max(high[1])
    } else {
        pair.map(|x| u32::from(luma[x])).iter().sum::<u32>().div_ceil(2)
    }
}

impl Default for Preview {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
