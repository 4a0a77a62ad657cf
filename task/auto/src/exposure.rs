//! Exposure time and gain.

use crate::Measurement;

/// Wanted mean, in codes above black of 10 bits: 18 % of the white that the camera is tuned for
/// (mid-grey, ISO 2720).
pub const TARGET: u32 = 168;
/// Longest exposure, in lines: the default of the sensor's driver, with which frames of 120 lines and more
/// keep their rate. A longer one would make them longer (MT9P031, frame timing).
pub const EXPOSURE_MAX_LINES: u32 = 144;
/// Largest gain, in eighths: four stops. Above it noise is worse than dark.
pub const GAIN_MAX_EIGHTHS: u32 = 128;
/// Measurements of frames before this many after a change are not of that change: it is written
/// while the next frame is exposed, and an exposure is seen two frames after it was written (MT9P031,
/// exposure timing).
pub const SETTLE_FRAMES: u32 = 3;

/// Deviation that is left alone, in 1/256 of the target: noise is not a reason to move.
const DEADBAND_Q8: u32 = 13;
/// Most that one step changes, as a factor.
const STEP_MAX: u64 = 16;

/// The state of the exposure loop.
#[derive(Clone, Debug)]
pub struct Exposure {
    exposure_lines: u32,
    gain_eighths: u32,
    /// The first frame that shows the last change.
    settled_at: Option<u32>,
}

impl Exposure {
    pub const fn new(exposure_lines: u32, gain_eighths: u32) -> Self {
        Self { exposure_lines, gain_eighths, settled_at: None }
    }

    pub const fn settings(&self) -> (u32, u32) {
        (self.exposure_lines, self.gain_eighths)
    }

    pub fn step(&mut self, frame_number: u32, measured: &Measurement) {
        if self.settled_at.is_some_and(|settled| (frame_number.wrapping_sub(settled) as i32) < 0) {
            return;
        }
        let target_q4 = 16 * TARGET;
        let deviation = measured.luma_q4.abs_diff(target_q4);
        if deviation * 256 <= DEADBAND_Q8 * target_q4 {
            return;
        }
        // Lines times eighths.
        let total = u64::from(self.exposure_lines) * u64::from(self.gain_eighths);
        let wanted = total * u64::from(target_q4) / u64::from(measured.luma_q4.max(1));
        let wanted = wanted.clamp(total / STEP_MAX, total * STEP_MAX);
        let before = self.settings();
        (self.exposure_lines, self.gain_eighths) = split(wanted);
        if self.settings() != before {
            self.settled_at = Some(frame_number.wrapping_add(SETTLE_FRAMES));
        }
    }
}

/// Exposure and gain for a product of lines and eighths.
fn split(total: u64) -> (u32, u32) {
    let lines_max = u64::from(EXPOSURE_MAX_LINES);
    let gain = gain_step(total.div_ceil(lines_max).max(8) as u32);
    let lines = (total + u64::from(gain) / 2) / u64::from(gain);
    (lines.clamp(1, lines_max) as u32, gain)
}

/// The least gain that the sensor has and that is not below `eighths`: steps of 1/8 up to 4, 1/4 up
/// to 8, 1 above (MT9P031, gain settings).
fn gain_step(eighths: u32) -> u32 {
    let step = match eighths {
        ..=32 => 1,
        33..=64 => 2,
        _ => 8,
    };
    eighths.next_multiple_of(step).min(GAIN_MAX_EIGHTHS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposure_is_used_up_before_gain() {
        for (total, expected) in [
            (0, (1, 8)),
            (8 * 100, (100, 8)),
            (8 * 144, (144, 8)),
            (8 * 144 + 1, (128, 9)),
            (33 * 144, (140, 34)),
            (65 * 144, (130, 72)),
            (u64::from(u32::MAX), (144, 128)),
        ] {
            assert_eq!(split(total), expected, "{total}");
        }
    }

    #[test]
    fn the_product_is_met_within_a_line() {
        for total in (200..144 * 128).step_by(97) {
            let (lines, gain) = split(total);
            let got = u64::from(lines) * u64::from(gain);
            assert!(got.abs_diff(total) <= u64::from(gain) / 2 + 1, "{total}: {lines} x {gain}");
        }
    }

    fn measured(luma: u32) -> Measurement {
        Measurement { luma_q4: 16 * luma, colour_q4: [0; 3], clean_q8: 0 }
    }

    #[test]
    fn frames_that_do_not_show_the_change_yet_are_not_looked_at() {
        let mut exposure = Exposure::new(120, 8);
        exposure.step(7, &measured(2 * TARGET));
        assert_eq!(exposure.settings(), (60, 8));
        for frame in 8..7 + SETTLE_FRAMES {
            exposure.step(frame, &measured(2 * TARGET));
            assert_eq!(exposure.settings(), (60, 8), "frame {frame}");
        }
        exposure.step(7 + SETTLE_FRAMES, &measured(2 * TARGET));
        assert_eq!(exposure.settings(), (30, 8));
    }

    #[test]
    fn what_is_near_enough_stays_and_darkness_is_not_divided_by() {
        let mut exposure = Exposure::new(120, 8);
        exposure.step(0, &measured(TARGET + 8));
        assert_eq!(exposure.settings(), (120, 8));
        exposure.step(0, &measured(0));
        assert_eq!(exposure.settings(), (137, 112));
    }

    #[test]
    fn numbers_of_frames_wrap() {
        let mut exposure = Exposure::new(120, 8);
        exposure.step(u32::MAX - 1, &measured(2 * TARGET));
        exposure.step(0, &measured(2 * TARGET));
        assert_eq!(exposure.settings(), (60, 8));
        exposure.step(1, &measured(2 * TARGET));
        assert_eq!(exposure.settings(), (30, 8));
    }
}
