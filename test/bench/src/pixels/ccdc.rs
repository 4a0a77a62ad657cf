//! The CCDC: black level, then two ways out, to memory and to the video port.
//!
//! YCbCr becomes what memory is to get right at the input: chroma first. Behind that nothing knows what it is.
//!
//! Both ways crop on their own. The video port always delivers 10 bits; its window is one line
//! shorter than the frame at most, because the hardware needs a line to end it (the driver programs
//! `height - 1`; SWPU177N: VERT_NUM < FMTLNV). Memory gets 16 bits per pixel, little-endian, with
//! the unused upper bits zero, which is how V4L2 defines SGRBG10 and its family.

use super::memory_path::MemoryPath;
use super::optical_black::{Clamp, OpticalBlack};
use super::{Window, black};
use core::ops::Range;

/// What comes in (SYN_MODE.INPMOD).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputMode {
    /// A mosaic, or anything.
    #[default]
    Raw,
    /// YCbCr, a word a pixel, luma in its lower byte.
    Words,
    /// YCbCr, a byte a sample.
    Bytes {
        /// Luma is the first of two.
        luma_first: bool,
    },
}

/// The CCDC's registers, decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CcdcConfig {
    /// Bits by which the lane shifter moves the bus to the right (ISP_CTRL 7:6, times two).
    pub lane_shift: u8,
    /// Width of a pixel after the shifter in bits (SYN_MODE.DATSIZ), 8..=16.
    pub data_bits: u8,
    /// What comes in.
    pub input: InputMode,
    /// CFG.MSBINVI: the upper bit of chroma is inverted.
    pub chroma_inverted: bool,
    /// SYN_MODE.DATAPOL: the bus carries the one's complement.
    pub inverted: bool,
    /// DCSUB, in codes.
    pub dc_sub: u16,
    /// The optical black clamp, which then takes the place of DCSUB.
    pub clamp: Option<Clamp>,
    /// BLKCMP for R, Gr, Gb, B, in codes.
    pub black_compensation: [i8; 4],
    /// COLPTN as written.
    pub colour_pattern: u32,
    /// What goes to memory (HORZ_INFO, VERT_START, VERT_LINES).
    pub memory: Window,
    /// What is done to it on the way.
    pub memory_path: MemoryPath,
    /// SYN_MODE.VP2SDR: memory gets what leaves the video port, not the raw lines.
    pub port_to_memory: bool,
    /// What goes to the video port (FMT_HORZ, FMT_VERT, VP_OUT).
    pub video_port: Window,
    /// Bits dropped at the bottom for the video port: `6 - FMTCFG.VPIN`.
    pub video_port_shift: u8,
}

impl CcdcConfig {
    /// Ten bits, nothing subtracted, both windows empty.
    pub const EMPTY: Self = {
        const EMPTY: Window = Window { left: 0, top: 0, width: 0, height: 0 };
        Self {
            lane_shift: 0,
            data_bits: 10,
            input: InputMode::Raw,
            chroma_inverted: false,
            inverted: false,
            dc_sub: 0,
            clamp: None,
            black_compensation: [0; 4],
            colour_pattern: 0,
            memory: EMPTY,
            memory_path: MemoryPath::OFF,
            port_to_memory: false,
            video_port: EMPTY,
            video_port_shift: 0,
        }
    };

    /// Puts chroma first, in each word or each pair of samples, and subtracts from luma.
    // Kept out of the caller, which is off this path by default.
    #[inline(never)]
    fn take_ycbcr(&self, line: &mut [u16]) {
        let complement: u8 = if self.inverted { 0xFF } else { 0 };
        let chroma_complement: u8 = if self.chroma_inverted { 0x80 } else { 0 };
        let taken = |sample: u16| (sample >> self.lane_shift.min(15)) as u8 ^ complement;
        let luma = |sample| u16::from(taken(sample)).saturating_sub(self.dc_sub);
        let chroma = |sample| u16::from(taken(sample) ^ chroma_complement);
        match self.input {
            InputMode::Raw => {}
            InputMode::Words => {
                line.iter_mut().for_each(|word| *word = chroma(*word >> 8) | luma(*word) << 8);
            }
            InputMode::Bytes { luma_first } => {
                for pair in line.chunks_exact_mut(2) {
                    if luma_first {
                        pair.swap(0, 1);
                    }
                    (pair[0], pair[1]) = (chroma(pair[0]), luma(pair[1]));
                }
            }
        }
    }

    /// The highest code of a pixel.
    pub fn max_code(&self) -> u16 {
        ((1_u32 << self.data_bits.min(16)) - 1) as u16
    }
}

/// The CCDC between two configurations.
pub struct Ccdc {
    config: CcdcConfig,
    optical_black: OpticalBlack,
}

impl Ccdc {
    /// A CCDC whose windows are empty.
    pub const fn new() -> Self {
        Self { config: CcdcConfig::EMPTY, optical_black: OpticalBlack::new() }
    }

    /// Takes over a configuration; call it between frames.
    pub fn configure(&mut self, config: &CcdcConfig) {
        self.config = *config;
    }

    /// Shift, black clamp and compensation of input row `row`, in place. Rows come in order.
    pub fn correct(&mut self, row: usize, line: &mut [u16]) {
        if self.config.input != InputMode::Raw {
            return self.config.take_ycbcr(line);
        }
        if row == 0 {
            self.optical_black = OpticalBlack::new();
        }
        let config = &self.config;
        let mut lane_shift = u32::from(config.lane_shift.min(15));
        if config.inverted {
            complement(line, lane_shift, config.max_code());
            lane_shift = 0;
        }
        let level = match &config.clamp {
            None => config.dc_sub,
            Some(clamp) => self.optical_black.line(clamp, line, lane_shift),
        };
        let offsets =
            black::row_offsets(row, level, &config.black_compensation, config.colour_pattern);
        black::correct(line, lane_shift, &offsets, config.max_code());
    }

    /// Writes the part of row `row` that goes to memory as bytes into `out` and returns their
    /// number, or `None` if the row lies outside of the window or is culled. What does not fit is
    /// cut.
    pub fn memory_line(&self, row: usize, line: &[u16], out: &mut [u8]) -> Option<usize> {
        let row = self.config.memory.row(row)?;
        let pixels = &line[self.config.memory.columns(line.len())];
        if self.config.memory_path != MemoryPath::OFF {
            return self.config.memory_path.line(row, pixels, out);
        }
        for (bytes, pixel) in out.chunks_exact_mut(2).zip(pixels) {
            bytes.copy_from_slice(&pixel.to_le_bytes());
        }
        Some((2 * pixels.len()).min(out.len() & !1))
    }

    /// The columns of row `row` that the video port carries, now 10-bit codes, or `None` if the row
    /// lies outside of the window. The line is changed, so ask for the memory line before.
    pub fn video_port_line(&self, row: usize, line: &mut [u16]) -> Option<Range<usize>> {
        self.config.video_port.row(row)?;
        let columns = self.config.video_port.columns(line.len());
        let pixels = &mut line[columns.clone()];
        let shift = u32::from(self.config.video_port_shift.min(6));
        let wider = self.config.data_bits > 10 || self.config.input == InputMode::Words;
        if shift > 0 || wider {
            pixels.iter_mut().for_each(|pixel| *pixel = *pixel >> shift & 0x3ff);
        }
        Some(columns)
    }
}

/// Shifts each pixel and inverts the bits of `mask`.
// Kept out of the caller, which is off this path by default.
#[inline(never)]
fn complement(line: &mut [u16], shift: u32, mask: u16) {
    line.iter_mut().for_each(|pixel| *pixel = !(*pixel >> shift) & mask);
}

impl Default for Ccdc {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ccdc(config: CcdcConfig) -> Ccdc {
        let mut ccdc = Ccdc::new();
        ccdc.configure(&config);
        ccdc
    }

    #[test]
    fn memory_gets_the_window_as_little_endian_words() {
        let window = Window { left: 2, top: 1, width: 3, height: 2 };
        let ccdc = ccdc(CcdcConfig { memory: window, ..CcdcConfig::default() });
        let line = [0, 1, 0x0102, 3, 4, 5];
        let mut out = [0xaa; 16];
        assert_eq!(ccdc.memory_line(0, &line, &mut out), None);
        assert_eq!(ccdc.memory_line(1, &line, &mut out), Some(6));
        assert_eq!(out[..7], [2, 1, 3, 0, 4, 0, 0xaa]);
        assert_eq!(ccdc.memory_line(3, &line, &mut out), None);
        // A window beyond the line gives what there is.
        assert_eq!(ccdc.memory_line(1, &line[..4], &mut out), Some(4));
    }

    #[test]
    fn video_port_takes_ten_bits_from_where_vpin_says() {
        let window = Window { left: 0, top: 0, width: 4, height: 1 };
        let config = CcdcConfig {
            data_bits: 12,
            video_port: window,
            video_port_shift: 2,
            ..CcdcConfig::default()
        };
        let mut line = [4095, 4, 3, 2048];
        assert_eq!(ccdc(config).video_port_line(0, &mut line), Some(0..4));
        assert_eq!(line, [1023, 1, 0, 512]);
        assert_eq!(ccdc(config).video_port_line(1, &mut line), None);
    }

    /// A word of YCbCr has sixteen bits, whatever the width of a sample; the port has ten.
    #[test]
    fn the_video_port_has_ten_bits_of_words_of_ycbcr_too() {
        let window = Window { left: 0, top: 0, width: 2, height: 1 };
        let config =
            CcdcConfig { input: InputMode::Words, video_port: window, ..CcdcConfig::EMPTY };
        let mut line = [0xFFFF, 0x1280];
        assert_eq!(ccdc(config).video_port_line(0, &mut line), Some(0..2));
        assert_eq!(line, [0x3FF, 0x280]);
    }

    #[test]
    fn correction_uses_the_width_of_the_bus() {
        let config = CcdcConfig { data_bits: 8, dc_sub: 1, ..CcdcConfig::default() };
        let mut line = [0, 1, 300];
        ccdc(config).correct(0, &mut line);
        assert_eq!(line, [0, 0, 255]);
    }

    fn taken(config: CcdcConfig, line: [u16; 4]) -> [u16; 4] {
        let mut line = line;
        ccdc(config).correct(0, &mut line);
        line
    }

    #[test]
    fn ycbcr_has_chroma_first_in_memory_whatever_comes_first() {
        let mode = |input| CcdcConfig { input, ..CcdcConfig::EMPTY };
        // Luma 1, 3, 5, 7, chroma 2, 4, 6, 8.
        let words = [0x0201, 0x0403, 0x0605, 0x0807];
        assert_eq!(taken(mode(InputMode::Words), words), [0x0102, 0x0304, 0x0506, 0x0708]);
        let [luma_first, chroma_first] =
            [true, false].map(|luma_first| mode(InputMode::Bytes { luma_first }));
        assert_eq!(taken(luma_first, [1, 2, 3, 4]), [2, 1, 4, 3]);
        assert_eq!(taken(chroma_first, [2, 1, 4, 3]), [2, 1, 4, 3]);
    }

    #[test]
    fn of_ycbcr_only_luma_is_moved_to_black_and_only_chroma_has_its_upper_bit_inverted() {
        let config = CcdcConfig {
            input: InputMode::Words,
            dc_sub: 16,
            black_compensation: [-9; 4],
            clamp: Some(Clamp { start: 0, pixels_log2: 0, lines_log2: 0, gain_q4: 16 }),
            ..CcdcConfig::EMPTY
        };
        let words = [0x8010, 0x0520, 0xFF0F, 0x80FF];
        assert_eq!(taken(config, words), [0x0080, 0x1005, 0x00FF, 0xEF80]);
        let inverted = CcdcConfig { chroma_inverted: true, ..config };
        assert_eq!(taken(inverted, words), [0x0000, 0x1085, 0x007F, 0xEF00]);
        let complement = CcdcConfig { inverted: true, dc_sub: 0, ..config };
        assert_eq!(taken(complement, words), [0xEF7F, 0xDFFA, 0xF000, 0x007F]);
    }

    proptest::proptest! {
        /// The one's complement of a code is the highest code less it. Integers: no tolerance.
        #[test]
        fn inverted_data_are_the_distance_to_the_highest_code(
            codes in proptest::collection::vec(0_u16..4096, 0..40),
            lane_shift in proptest::sample::select(vec![0_u8, 2]),
            dc_sub in 0_u16..100,
        ) {
            let data_bits = 12 - lane_shift;
            let config = CcdcConfig { lane_shift, data_bits, dc_sub, inverted: true, ..CcdcConfig::EMPTY };
            let mut line = codes.clone();
            ccdc(config).correct(0, &mut line);
            for (got, code) in line.into_iter().zip(codes) {
                let shifted = (f64::from(code) / f64::from(1 << lane_shift)).floor();
                let highest = f64::from((1 << data_bits) - 1);
                let exact = (highest - shifted - f64::from(dc_sub)).max(0.0);
                proptest::prop_assert_eq!(f64::from(got), exact, "{}", code);
            }
        }
    }
}
