//! How long a frame takes, and the blanking that makes it take longer.
//!
//! ```text
//!   line  = sent + 2 x horizontal blanking     pixel clocks, at least 2 x (346 x row bin + 140)
//!   frame = height + vertical blanking         lines, at least exposure + 1
//! ```
//! What is sent takes a clock a pixel, or two if it is YCbCr. The part reads two pixels in a clock of its rows, and needs a shortest horizontal blanking that grows
//! with the rows that it averages; a smaller value in the register counts as that (MT9P031 data sheet, row
//! timing; Linux mt9p031 writes that very value). It is left at that, and frames are made longer by
//! blank lines only: those change neither the unit of the exposure nor the way rows are read.
//!
//! An exposure that is longer than the frame makes it longer. It stays what it is when a shorter interval is
//! asked for: V4L2 leaves open which of both gives way, and a client that asks for an interval is told what it
//! got, while one that has set a control is not told when it changes. The interval that was asked for comes
//! back with a shorter exposure.

use drv_isp_regs::sensor as regs;
use idl::types::FrameInterval;

use crate::mode::Mode;

/// VERTICAL_BLANK of the shortest frames: the part's default, 26 lines.
const BLANK_MIN: u32 = regs::VERTICAL_BLANK.reset;
/// The largest value that VERTICAL_BLANK takes.
const BLANK_MAX: u32 = regs::VERTICAL_BLANK.writable;

/// Pixel clocks of a line. However few columns there are, the rows take their time.
fn line_clocks(mode: &Mode) -> u32 {
    let bin = u32::from(mode.reduction.min(4));
    let blank = 346 * bin + 64 + (80 >> bin.min(3));
    (mode.sent.clocks() * u32::from(mode.output().width_px) + 2 * blank).max(2 * (346 * bin + 140))
}

/// VERTICAL_BLANK for frames that are as near to this interval as lines allow, and none shorter than the
/// mode's shortest. An interval of nothing (V4L2: a zero in either place asks for the default) is the
/// shortest.
#[must_use]
pub fn vertical_blank(mode: &Mode, clock_hz: u32, wanted: FrameInterval) -> u16 {
    let FrameInterval { numerator, denominator } = wanted;
    let lines = match denominator {
        0 => 0,
        _ => {
            let line = u64::from(line_clocks(mode)) * u64::from(denominator);
            (u64::from(numerator) * u64::from(clock_hz) + line / 2) / line
        }
    };
    let height = u64::from(mode.output().height_px);
    let blank = lines.saturating_sub(height + 1);
    blank.clamp(BLANK_MIN.into(), BLANK_MAX.into()) as u16
}

/// The interval of frames with this VERTICAL_BLANK and this exposure.
#[must_use]
pub fn interval(
    mode: &Mode,
    clock_hz: u32,
    vertical_blank: u16,
    exposure_lines: u32,
) -> FrameInterval {
    let blanked = u32::from(mode.output().height_px) + u32::from(vertical_blank);
    let lines = blanked.max(exposure_lines) + 1;
    let (mut clocks, mut denominator) = (u64::from(lines) * u64::from(line_clocks(mode)), clock_hz);
    // At most 4,000 clocks by a million lines: a bit too many.
    while clocks > u32::MAX.into() {
        (clocks, denominator) = (clocks / 2, denominator / 2);
    }
    FrameInterval { numerator: clocks as u32, denominator }
}

/// The interval at a position, the shortest first: one for each number of blank lines; `None` after the last.
#[must_use]
pub fn nth(mode: &Mode, clock_hz: u32, index: u16) -> Option<FrameInterval> {
    let blank = BLANK_MIN + u32::from(index);
    (blank <= BLANK_MAX).then(|| interval(mode, clock_hz, blank as u16, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mode::{Part, Sent};

    const CLOCK_HZ: u32 = 24_000_000;

    fn every(numerator: u32, denominator: u32) -> FrameInterval {
        FrameInterval { numerator, denominator }
    }

    /// The interval that is taken, in microseconds.
    fn taken_us(mode: &Mode, wanted: FrameInterval) -> u32 {
        interval(mode, CLOCK_HZ, vertical_blank(mode, CLOCK_HZ, wanted), 1).as_us()
    }

    #[test]
    fn the_shortest_frames_are_those_of_the_data_sheet_s_row_timing() {
        // 648 + 2 x (346 x 4 + 64 + 10) clocks, 486 + 26 lines.
        let blank = vertical_blank(&Mode::DEFAULT, CLOCK_HZ, FrameInterval::NONE);
        let shortest = interval(&Mode::DEFAULT, CLOCK_HZ, blank, 1);
        assert_eq!(shortest, every((648 + 2 * 1458) * 512, CLOCK_HZ));
        // 2592 + 2 x (346 + 64 + 40) clocks, 1944 + 26 lines.
        let whole = Mode { reduction: 1, ..Mode::DEFAULT };
        assert_eq!(interval(&whole, CLOCK_HZ, 25, 1), every((2592 + 900) * 1970, CLOCK_HZ));
    }

    #[test]
    fn a_pixel_of_ycbcr_takes_two_clocks() {
        let processed = Mode { part: Part::Processed, sent: Sent::Yuyv8, ..Mode::DEFAULT };
        assert_eq!(line_clocks(&processed), line_clocks(&Mode::DEFAULT) + 648);
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
            assert_eq!(vertical_blank(&mode, CLOCK_HZ, nothing), 25, "{nothing:?}");
        }
        for long in [every(u32::MAX, 1), every(u32::MAX, u32::MAX / 2), every(10, 1)] {
            assert_eq!(vertical_blank(&mode, CLOCK_HZ, long), 2047, "{long:?}");
        }
    }

    #[test]
    fn a_slower_clock_makes_the_same_lines_longer() {
        let mode = Mode::DEFAULT;
        let [fast, slow] = [CLOCK_HZ, CLOCK_HZ / 2].map(|hz| interval(&mode, hz, 25, 1).as_us());
        assert_eq!(slow, 2 * fast);
        let narrow = Mode { window: idl::types::Rect { width_px: 256, ..mode.window }, ..mode };
        assert_eq!(line_clocks(&narrow), 2 * (346 * 4 + 140), "64 pixels in a line");
    }

    #[test]
    fn an_exposure_that_is_longer_than_the_frame_makes_it_longer() {
        let frame = |exposure| interval(&Mode::DEFAULT, CLOCK_HZ, 25, exposure);
        assert_eq!([1, 486, 511].map(frame), [every(3564 * 512, CLOCK_HZ); 3]);
        assert_eq!(frame(512), every(3564 * 513, CLOCK_HZ));
        assert_eq!(frame(1_048_575).as_us(), 155_713_536, "two minutes and a half");
    }

    #[test]
    fn setting_what_was_got_changes_nothing() {
        for reduction in [1, 2, 4, 8] {
            let mode = Mode { reduction, ..Mode::DEFAULT };
            for blank in [25, 26, 100, 2046, 2047] {
                assert_eq!(
                    vertical_blank(&mode, CLOCK_HZ, interval(&mode, CLOCK_HZ, blank, 1)),
                    blank
                );
            }
        }
    }
}
