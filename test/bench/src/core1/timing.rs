//! What the sensor's registers make of the time of a line and of a frame.
//!
//! ```text
//!   line  = 2 x max(sent / 2 + max(HB, least HB), 346 x row bin + 140)    pixel clocks
//!   frame = height + max(VERTICAL_BLANK, 8, exposure - height) + 1        lines
//! ```
//! What is sent takes a clock a pixel, or two if it is YCbCr. HB is HORIZONTAL_BLANK + 1, and the least is 346 x row bin + 64, and 40, 20 or 10 by column bin (MT9P031
//! data sheet, row timing and frame timing). With the part's fastest clock, 96 MHz, its table of standard
//! resolutions comes out: 14 frames/s of 2592x1944, 53 of 640x480 binned.

use super::config;
use crate::shared::Shared;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::Register;
use drv_isp_regs::sensor::{
    COLUMN_ADDRESS_MODE, HORIZONTAL_BLANK, ROW_ADDRESS_MODE, VERTICAL_BLANK, column_address_mode,
    row_address_mode,
};

/// Time of a line while engines read from memory and the sensor has sent nothing, in microseconds. The ISP's rate limits
/// (SBL, SDR_REQ_EXP) are not modelled.
const MEMORY_LINE_US: u32 = 100;

/// Least that VERTICAL_BLANK counts as.
const VERTICAL_BLANK_LEAST: u32 = 8;

/// What a frame was latched with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Pixel clocks of a line.
    pub line_clocks: u32,
    /// Lines of a frame, blanking included.
    pub lines: u32,
}

impl Timing {
    /// No frame has been latched.
    pub const NONE: Self = Self { line_clocks: 0, lines: 1 };

    /// Of frames of this size, with this exposure.
    pub fn of(shared: &Shared, size_px: (usize, usize), exposure_lines: u32) -> Self {
        let (width_px, height_px) = (size_px.0 as u32, size_px.1 as u32);
        let get = |register: &Register| shared.sensor(register.sensor_index()).load(Relaxed);
        let row_bin = row_address_mode::BIN.get(get(&ROW_ADDRESS_MODE)) + 1;
        let dark_pairs = match column_address_mode::BIN.get(get(&COLUMN_ADDRESS_MODE)) {
            0 => 40,
            1 => 20,
            _ => 10,
        };
        let blank = (get(&HORIZONTAL_BLANK) + 1).max(346 * row_bin + 64 + dark_pairs);
        let pixel_clocks = if config::sent(shared).ycbcr().is_some() { 2 } else { 1 };
        let pairs = (pixel_clocks * width_px / 2 + blank).max(346 * row_bin + 140);
        let least = exposure_lines.saturating_sub(height_px).max(VERTICAL_BLANK_LEAST);
        let lines = height_px + get(&VERTICAL_BLANK).max(least) + 1;
        Self { line_clocks: 2 * pairs, lines }
    }

    /// Time of a line in units of 1 / `unit_hz`, at the present pixel clock.
    pub fn line_time(&self, shared: &Shared, unit_hz: u32) -> u32 {
        let units = u64::from(self.line_clocks) * u64::from(unit_hz);
        match u64::from(shared.pixel_clock_hz.load(SeqCst)) {
            clock_hz if clock_hz == 0 || *self == Self::NONE => {
                MEMORY_LINE_US * (unit_hz / 1_000_000)
            }
            clock_hz => ((units + clock_hz / 2) / clock_hz).min(u32::MAX.into()) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drv_isp_regs::sensor::{CHIP_VERSION, CHIP_VERSION_YCBCR, DATA_FORMAT, data_format};

    /// Frames/s that these registers make, times ten: vertical blank, bin field of both modes.
    fn fps_x10(size: (usize, usize), bin: u32, clock_hz: u32) -> u32 {
        let shared = Shared::new();
        let set = |register: &Register, value| {
            shared.sensor(register.sensor_index()).store(value, SeqCst);
        };
        set(&VERTICAL_BLANK, 25);
        set(&ROW_ADDRESS_MODE, row_address_mode::BIN.of(bin));
        set(&COLUMN_ADDRESS_MODE, column_address_mode::BIN.of(bin));
        shared.pixel_clock_hz.store(clock_hz, SeqCst);
        let timing = Timing::of(&shared, size, 1);
        let line_ns = timing.line_time(&shared, 1_000_000_000);
        (10_000_000_000 / (u64::from(line_ns) * u64::from(timing.lines))) as u32
    }

    /// MT9P031 data sheet, table of standard resolutions, at 96 MHz.
    #[test]
    fn the_frame_rates_are_those_of_the_data_sheet() {
        for (size, bin, fps) in [
            ((2592, 1944), 0, 14),
            ((2048, 1536), 0, 21),
            ((1600, 1200), 0, 31),
            ((1280, 1024), 0, 42),
            ((1024, 768), 1, 47),
            ((640, 480), 3, 53),
        ] {
            let got = fps_x10(size, bin, 96_000_000);
            assert!(got.abs_diff(10 * fps) <= 5, "{size:?}: {got} / 10, not {fps}");
        }
        assert_eq!(fps_x10((640, 480), 3, 48_000_000), fps_x10((640, 480), 3, 96_000_000) / 2);
    }

    #[test]
    fn a_blanking_below_the_least_counts_as_that_and_a_longer_one_is_added_in_pairs() {
        let shared = Shared::new();
        let clocks = |blank| {
            shared.sensor(HORIZONTAL_BLANK.sensor_index()).store(blank, SeqCst);
            Timing::of(&shared, (2592, 1944), 1).line_clocks
        };
        assert_eq!([0, 448, 449, 450, 4095].map(clocks), [3492, 3492, 3492, 3494, 10_784]);
    }

    #[test]
    fn a_pixel_of_ycbcr_takes_two_clocks() {
        let shared = Shared::new();
        let set = |register: &Register, value| {
            shared.sensor(register.sensor_index()).store(value, SeqCst);
        };
        let clocks = || Timing::of(&shared, (640, 480), 1).line_clocks;
        set(&DATA_FORMAT, data_format::YUYV8.into());
        assert_eq!(clocks(), 640 + 900, "the part without a colour processor");
        set(&CHIP_VERSION, CHIP_VERSION_YCBCR.into());
        assert_eq!(clocks(), 2 * 640 + 900);
        set(&DATA_FORMAT, data_format::RAW8.into());
        assert_eq!(clocks(), 640 + 900);
    }

    #[test]
    fn narrow_windows_do_not_make_lines_shorter_than_the_rows_take() {
        let shared = Shared::new();
        let clocks = |width_px| Timing::of(&shared, (width_px, 32), 1).line_clocks;
        assert_eq!([32, 64, 72, 74].map(clocks), [972, 972, 972, 974]);
    }

    #[test]
    fn a_frame_is_as_long_as_its_exposure_and_a_line() {
        let shared = Shared::new();
        let lines = |exposure| Timing::of(&shared, (64, 48), exposure).lines;
        assert_eq!([1, 48, 56, 57, 58, 1_048_575].map(lines), [57, 57, 57, 58, 59, 1_048_576]);
        shared.sensor(VERTICAL_BLANK.sensor_index()).store(25, SeqCst);
        assert_eq!([1, 73, 74].map(lines), [74, 74, 75]);
    }

    #[test]
    fn before_the_sensor_sends_lines_from_memory_have_their_own_time() {
        let shared = Shared::new();
        for clock_hz in [0, 28_800_000] {
            shared.pixel_clock_hz.store(clock_hz, SeqCst);
            assert_eq!(Timing::NONE.line_time(&shared, 20_000_000), 2_000, "{clock_hz}");
        }
    }
}
