//! The frame deadline: when the next frame of the sensor should have started.
//!
//! ```text
//!   start      start        (lost: look)            (stalled: say so)
//!     │◄─interval─►│◄─────2 intervals─────►│               │
//!                  │◄──────── 4 intervals, at least 100 ms ►│
//! ```
//!
//! # Why
//! The ISP has no register that counts the sensor's lines, so the deadline is in frames, and what a frame takes is
//! measured. The longer of the last two intervals counts: an interrupt that was handled late makes one of them
//! too short. What the sensor says of its next frames counts as well: an exposure of seconds is no stall, and
//! cannot be measured before it is over. The longest that it has said of the frame in progress and of the one
//! before counts: one that has begun takes its time, whatever is said meanwhile, and the sensor may be told of
//! a new exposure too late for the next one.
//!
//! A deadline that passes is no death: the driver lives, and the sensor may send again (V4L2:
//! VIDIOC_DQBUF, EIO "can also indicate temporary problems like signal loss"). Whoever waits for a
//! frame is told each time that it passes.

/// Frame intervals without an interrupt after which the driver looks for events by itself.
pub const LOST_FRAMES: u64 = 2;
/// Frame intervals without a frame start after which the stream counts as stalled.
pub const STALLED_FRAMES: u64 = 4;
/// Least time for both of an interval that is not known, and for a stalled stream, in microseconds.
pub const LOOK_US: u64 = 100_000;
/// Longest wait for the second frame start of a stream, in microseconds: the sensor is started, and
/// locks its clock, after the ISP.
pub const FIRST_FRAMES_US: u64 = 1_000_000;

/// Frame starts of a stream, as far as the deadline needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameClock {
    /// The last frame start.
    started_us: Option<u64>,
    /// The last two distances of frame starts; 0 = not known.
    intervals_us: [u64; 2],
    /// Since when a frame start is awaited, and how long, in microseconds; `None` = not watched.
    awaited: Option<(u64, u64)>,
    /// The longest time that the sensor has said a frame takes, during the last frame and this one; 0 = nothing.
    told_us: [u64; 2],
}

impl FrameClock {
    /// Nothing is expected.
    pub const IDLE: Self =
        Self { started_us: None, intervals_us: [0; 2], awaited: None, told_us: [0; 2] };

    /// Frames are expected from now on.
    #[must_use]
    pub const fn new(now_us: u64) -> Self {
        Self { awaited: Some((now_us, FIRST_FRAMES_US)), ..Self::IDLE }
    }

    /// A frame has started.
    pub fn started(&mut self, now_us: u64) {
        if let Some(before_us) = self.started_us.replace(now_us) {
            self.intervals_us = [self.intervals_us[1], now_us.saturating_sub(before_us)];
        }
        self.told_us = [self.told_us[1], 0];
        self.expect_next(now_us);
    }

    /// What a frame takes, in microseconds; `None` before the third frame start.
    fn interval_us(&self) -> Option<u64> {
        let [first, second] = self.intervals_us;
        (first != 0).then_some(first.max(second))
    }

    fn expect_next(&mut self, now_us: u64) {
        let stalled = |interval_us: u64| interval_us.saturating_mul(STALLED_FRAMES).max(LOOK_US);
        let wait_us = self.interval_us().map_or(FIRST_FRAMES_US, stalled);
        self.awaited = Some((now_us, wait_us));
    }

    /// Time without an interrupt after which to look for events, in microseconds.
    #[must_use]
    pub fn look_us(&self) -> u64 {
        let lost = |interval_us: u64| interval_us.saturating_mul(LOST_FRAMES).min(LOOK_US);
        self.interval_us().map_or(LOOK_US, lost)
    }

    /// Whether the deadline has passed; the next one begins then. Frames are expected to take `expected_us`, or
    /// nothing is known of that: 0.
    pub fn is_stalled(&mut self, now_us: u64, expected_us: u64) -> bool {
        let [before_us, told_us] = &mut self.told_us;
        *told_us = expected_us.max(*told_us);
        let least_us = told_us.max(before_us).saturating_mul(STALLED_FRAMES);
        let stalled = self.awaited.is_some_and(|(since_us, wait_us)| {
            now_us >= since_us.saturating_add(wait_us.max(least_us))
        });
        if stalled {
            // What a frame took before the silence says nothing about the time after it: the sensor may
            // have been told to take longer.
            *self = Self::new(now_us);
        }
        stalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that has seen frame starts, the last one at `starts.last()`.
    fn running(starts: &[u64]) -> FrameClock {
        let mut clock = FrameClock::new(0);
        starts.iter().for_each(|start| clock.started(*start));
        clock
    }

    #[test]
    fn a_stream_that_never_starts_is_stalled_after_the_longest_wait() {
        let mut clock = FrameClock::new(7);
        assert!(!clock.is_stalled(7 + FIRST_FRAMES_US - 1, 0));
        assert!(clock.is_stalled(7 + FIRST_FRAMES_US, 0));
        assert!(!clock.is_stalled(7 + FIRST_FRAMES_US, 0), "once for each deadline");
        assert!(clock.is_stalled(7 + 2 * FIRST_FRAMES_US, 0));
    }

    #[test]
    fn the_deadline_is_a_number_of_measured_frames() {
        let mut clock = running(&[1_000, 34_000, 67_000]);
        assert_eq!(clock.look_us(), 66_000);
        assert!(!clock.is_stalled(67_000 + 4 * 33_000 - 1, 0));
        assert!(clock.is_stalled(67_000 + 4 * 33_000, 0));
    }

    #[test]
    fn fast_frames_are_given_the_least_time() {
        let mut clock = running(&[0, 1_000, 2_000]);
        assert_eq!(clock.look_us(), 2_000);
        assert!(!clock.is_stalled(2_000 + LOOK_US - 1, 0));
        assert!(clock.is_stalled(2_000 + LOOK_US, 0));
    }

    #[test]
    fn an_interrupt_that_was_handled_late_does_not_shorten_the_deadline() {
        // The frame that started at 80,000 was seen at 110,000.
        let clock = running(&[0, 40_000, 110_000, 120_000]);
        assert_eq!(clock.look_us(), LOOK_US, "two of the longer ones are over the limit");
        let clock = running(&[0, 10_000, 28_000, 30_000]);
        assert_eq!(clock.look_us(), 36_000);
    }

    #[test]
    fn the_silence_is_no_interval() {
        let mut clock = running(&[0, 10_000, 20_000]);
        assert!(clock.is_stalled(500_000, 0));
        clock.started(900_000);
        assert_eq!(clock.look_us(), LOOK_US, "not known yet");
        clock.started(910_000);
        clock.started(920_000);
        assert_eq!(clock.look_us(), 20_000);
    }

    /// The sensor's frame interval is set to much more while it streams.
    #[test]
    fn an_interval_that_became_much_longer_is_learned_after_one_stall() {
        let mut clock = running(&[0, 10_000, 20_000]);
        let mut stalls = 0;
        for now_ms in 21..2_000 {
            stalls += u32::from(clock.is_stalled(now_ms * 1_000, 0));
            if now_ms % 300 == 0 {
                clock.started(now_ms * 1_000);
            }
        }
        assert_eq!(stalls, 1);
    }

    /// A long exposure, which the sensor has told of.
    #[test]
    fn silence_that_was_told_of_is_no_stall() {
        let mut clock = running(&[0, 10_000, 20_000]);
        assert!(!clock.is_stalled(20_000 + 4 * 500_000 - 1, 500_000));
        assert!(clock.is_stalled(20_000 + 4 * 500_000, 500_000));
        let mut first = FrameClock::new(0);
        assert!(!first.is_stalled(3 * FIRST_FRAMES_US, FIRST_FRAMES_US));
        let mut short = FrameClock::new(0);
        assert!(short.is_stalled(FIRST_FRAMES_US, 1_000), "a short one changes nothing");
    }

    /// An exposure is shortened while a long one is in progress, or the sensor is told of it too late for the
    /// next one: that frame takes its time.
    #[test]
    fn a_frame_that_began_long_takes_as_long_whatever_is_said_meanwhile() {
        const LONG_US: u64 = 500_000;
        for late in [false, true] {
            let mut clock = running(&[0, 10_000, 20_000]);
            assert!(!clock.is_stalled(20_000, LONG_US));
            if late {
                clock.started(30_000);
            }
            let since_us = if late { 30_000 } else { 20_000 };
            assert!(!clock.is_stalled(since_us + LONG_US, 10_000), "{late}");
            assert!(clock.is_stalled(since_us + 4 * LONG_US, 10_000), "{late}: and not for ever");
            clock.started(3_000_000);
            clock.started(3_010_000);
            clock.started(3_020_000);
            assert!(clock.is_stalled(3_020_000 + LOOK_US, 10_000), "{late}: that is over");
        }
    }

    #[test]
    fn what_is_not_watched_is_never_stalled() {
        let mut idle = FrameClock::IDLE;
        assert!(!idle.is_stalled(u64::MAX, 0));
        assert_eq!(idle.look_us(), LOOK_US);
    }
}
