//! How long a frame takes, and the blanking that makes it take longer.
//!
//! ```text
//!   line  = width + 2 x horizontal blanking    pixel clocks
//!   frame = height + vertical blanking         lines
//! ```
//! The part reads two pixels in a clock of its rows, and needs a shortest horizontal blanking that grows
//! with the rows that it averages; a smaller value in the register counts as that (MT9P031 data sheet, row
//! timing; Linux mt9p031 writes that very value). It is left at that, and frames are made longer by
//! blank lines only: those change neither the unit of the exposure nor the way rows are read.
//!
//! An exposure that is longer than the frame makes it longer; that is not counted here.

use drv_isp_regs::sensor as regs;
use idl::types::FrameInterval;

use crate::driver::CLOCK_HZ;
use crate::mode::Mode;

/// VERTICAL_BLANK of the shortest frames: the part's default, 26 lines.
const BLANK_MIN: u32 = regs::VERTICAL_BLANK.reset;
/// The largest value that VERTICAL_BLANK takes.
const BLANK_MAX: u32 = regs::VERTICAL_BLANK.writable;

/// Pixel clocks of a line. Without its PLL the part's pixel clock is the clock that it is given.
fn line_clocks(mode: &Mode) -> u32 {
    let bin = u32::from(mode.reduction.min(4));
    let blank = 346 * bin + 64 + (80 >> bin.min(3));
    u32::from(mode.output().width_px) + 2 * blank
}

/// VERTICAL_BLANK for frames that are as near to this interval as lines allow, and none shorter than the
/// mode's shortest. An interval of nothing (V4L2: a zero in either place asks for the default) is the
/// shortest.
#[must_use]
pub fn vertical_blank(mode: &Mode, wanted: FrameInterval) -> u16 {
    let FrameInterval { numerator, denominator } = wanted;
    let lines = match denominator {
        0 => 0,
        _ => {
            let line = u64::from(line_clocks(mode)) * u64::from(denominator);
            (u64::from(numerator) * u64::from(CLOCK_HZ) + line / 2) / line
        }
    };
    let height = u64::from(mode.output().height_px);
    let blank = lines.saturating_sub(height + 1);
    blank.clamp(BLANK_MIN.into(), BLANK_MAX.into()) as u16
}

/// The interval of frames with this VERTICAL_BLANK.
#[must_use]
pub fn interval(mode: &Mode, vertical_blank: u16) -> FrameInterval {
    let lines = u32::from(mode.output().height_px) + u32::from(vertical_blank) + 1;
    // At most 7,000 clocks by 4,000 lines.
    FrameInterval { numerator: lines * line_clocks(mode), denominator: CLOCK_HZ }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(numerator: u32, denominator: u32) -> FrameInterval {
        FrameInterval { numerator, denominator }
    }

    /// The interval that is taken, in microseconds.
    fn taken_us(mode: &Mode, wanted: FrameInterval) -> u32 {
        interval(mode, vertical_blank(mode, wanted)).as_us()
    }

    #[test]
    fn the_shortest_frames_are_those_of_the_data_sheet_s_row_timing() {
        // 648 + 2 x (346 x 4 + 64 + 10) clocks, 486 + 26 lines.
        let shortest =
            interval(&Mode::DEFAULT, vertical_blank(&Mode::DEFAULT, FrameInterval::NONE));
        assert_eq!(shortest, every((648 + 2 * 1458) * 512, CLOCK_HZ));
        // 2592 + 2 x (346 + 64 + 40) clocks, 1944 + 26 lines.
        let whole = Mode { reduction: 1, ..Mode::DEFAULT };
        assert_eq!(interval(&whole, 25), every((2592 + 900) * 1970, CLOCK_HZ));
    }

    #[test]
    fn an_interval_is_taken_to_half_a_line() {
        for reduction in [1, 2, 4, 8] {
            let mode = Mode { reduction, ..Mode::DEFAULT };
            let line_us = line_clocks(&mode).div_ceil(CLOCK_HZ / 1_000_000);
            let shortest_us = taken_us(&mode, FrameInterval::NONE);
            for more_us in [0, 1, 777, 20_000, 33_333, 100_000] {
                let wanted_us = shortest_us + more_us;
                let taken_us = taken_us(&mode, every(wanted_us, 1_000_000));
                assert!(taken_us.abs_diff(wanted_us) <= line_us / 2 + 1, "{reduction} {more_us}");
            }
        }
    }

    #[test]
    fn what_cannot_be_is_the_shortest_or_the_longest() {
        let mode = Mode::DEFAULT;
        for nothing in [every(0, 1), every(0, 0), every(5, 0), every(1, u32::MAX), every(1, 1_000)]
        {
            assert_eq!(vertical_blank(&mode, nothing), 25, "{nothing:?}");
        }
        for long in [every(u32::MAX, 1), every(u32::MAX, u32::MAX / 2), every(10, 1)] {
            assert_eq!(vertical_blank(&mode, long), 2047, "{long:?}");
        }
    }

    #[test]
    fn setting_what_was_got_changes_nothing() {
        for reduction in [1, 2, 4, 8] {
            let mode = Mode { reduction, ..Mode::DEFAULT };
            for blank in [25, 26, 100, 2046, 2047] {
                assert_eq!(vertical_blank(&mode, interval(&mode, blank)), blank);
            }
        }
    }
}
