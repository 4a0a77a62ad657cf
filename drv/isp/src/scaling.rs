//! The equations of the resizer: ratio and input size for an output size.
//!
//! A ratio is 256 x input / output. Up to 512 the filters have 4 taps and 8 phases, above 7 taps
//! and 4 phases. The input that an output needs follows from the ratio and must be programmed
//! exactly, else the hardware hangs or reads beyond the line (TRM, resizer, input and output
//! sizes):
//!
//! ```text
//!   4 taps: width  = ((32 p + (out - 1) ratio + 16) >> 8) + 7      height: + 4
//!   7 taps: width  = ((64 p + (out - 1) ratio + 32) >> 8) + 7      height: + 7
//! ```

/// Ratio of 1:1.
pub const UNITY: u32 = 256;
/// Smallest ratio: 4 times larger.
pub const RATIO_MIN: u32 = 64;
/// Largest ratio of the 4-tap filters.
pub const RATIO_FOUR_TAP_MAX: u32 = 512;
/// Largest ratio: 4 times smaller.
pub const RATIO_MAX: u32 = 1024;
/// Start phase in both directions, as the Linux driver sets it.
pub const START_PHASE: u32 = 1;

/// Narrowest output, in pixels.
const OUT_WIDTH_MIN: u32 = 16;
/// Widest output with 4 and with 7 vertical taps (line memory of revision 15.0), in pixels.
const OUT_WIDTH_MAX: (u32, u32) = (4096, 2048);
/// Lowest and highest output, in lines.
const OUT_HEIGHT: (u32, u32) = (2, 4095);

/// A direction: they differ in what 4 taps need beyond the last position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Along a line.
    Horizontal,
    /// Across the lines.
    Vertical,
}

impl Direction {
    /// Input beyond the last position, for a ratio.
    const fn reach(self, ratio: u32) -> u32 {
        match self {
            Self::Vertical if ratio <= RATIO_FOUR_TAP_MAX => 4,
            _ => 7,
        }
    }

    /// Input that `out` samples at `ratio` need.
    #[must_use]
    pub const fn input(self, out: u32, ratio: u32) -> u32 {
        ((start(ratio) + (out - 1) * ratio) >> 8) + self.reach(ratio)
    }

    /// The largest ratio at which `out` samples need no more than `input`, within the limits.
    const fn ratio(self, input: u32, out: u32) -> u32 {
        let four = self.steps(input, 1) / (out - 1);
        let ratio =
            if four > RATIO_FOUR_TAP_MAX { self.steps(input, RATIO_MAX) / (out - 1) } else { four };
        clamp(ratio, RATIO_MIN, RATIO_MAX)
    }

    /// Room for ratio steps in `input`, with the filters of `ratio`.
    const fn steps(self, input: u32, ratio: u32) -> u32 {
        (input.saturating_sub(self.reach(ratio)) * UNITY + 255).saturating_sub(start(ratio))
    }

    /// Fewest and most samples that can be made of `input`.
    const fn out_range(self, input: u32) -> (u32, u32) {
        let fewest = self.steps(input, RATIO_MAX).div_ceil(RATIO_MAX + 1) + 1;
        let most = self.steps(input, RATIO_MIN) / RATIO_MIN + 1;
        (fewest, most)
    }
}

/// Position of the first sample in 256ths, with the half that rounds to a phase.
const fn start(ratio: u32) -> u32 {
    if ratio <= RATIO_FOUR_TAP_MAX { 32 * START_PHASE + 16 } else { 64 * START_PHASE + 32 }
}

const fn clamp(value: u32, low: u32, high: u32) -> u32 {
    if value > high {
        high
    } else if value < low {
        low
    } else {
        value
    }
}

/// What one direction is programmed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Samples out.
    pub out: u32,
    /// 256 x in / out.
    pub ratio: u32,
    /// Samples in, exactly.
    pub input: u32,
}

impl Axis {
    fn new(direction: Direction, available: u32, out: u32) -> Self {
        let ratio = direction.ratio(available, out);
        Self { out, ratio, input: direction.input(out, ratio) }
    }
}

/// The nearest output to `wanted` (width, height) that can be made of `available`, and its input.
///
/// Height first: the width's limits depend on the vertical filter.
#[must_use]
pub fn solve(available: (u32, u32), wanted: (u32, u32)) -> (Axis, Axis) {
    let (fewest, most) = Direction::Vertical.out_range(available.1);
    let (low, high) = (fewest.max(OUT_HEIGHT.0), most.min(OUT_HEIGHT.1));
    let vertical = Axis::new(Direction::Vertical, available.1, clamp(wanted.1, low, high));

    let four_tap = vertical.ratio <= RATIO_FOUR_TAP_MAX;
    let widest = if four_tap { OUT_WIDTH_MAX.0 } else { OUT_WIDTH_MAX.1 };
    // 16-byte bursts when the hardware writes lines faster than it reads them (TRM).
    let unit = if vertical.ratio < UNITY { 8 } else { 2 };
    let (fewest, most) = Direction::Horizontal.out_range(available.0);
    let high = most.min(widest) / unit * unit;
    let low = fewest.max(OUT_WIDTH_MIN).next_multiple_of(unit);
    let width = clamp(wanted.0, low, high).next_multiple_of(unit).min(high);
    (Axis::new(Direction::Horizontal, available.0, width), vertical)
}

/// Smallest and largest input (width, height) from which `out` can be made.
#[must_use]
pub fn input_range(out: (u32, u32)) -> ((u32, u32), (u32, u32)) {
    let range = |direction: Direction, out| {
        (direction.input(out, RATIO_MIN), direction.input(out, RATIO_MAX))
    };
    (range(Direction::Horizontal, out.0), range(Direction::Vertical, out.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(available: (u32, u32), wanted: (u32, u32), expect: [(u32, u32, u32); 2]) {
        let (h, v) = solve(available, wanted);
        let got = [(h.out, h.ratio, h.input), (v.out, v.ratio, v.input)];
        assert_eq!(got, expect, "{available:?} -> {wanted:?}");
    }

    #[test]
    fn the_real_print_is_reproduced() {
        // omap3isp on a Logic PD Torpedo: 1280x961 -> 320x240, all of the input used.
        check((1280, 961), (320, 240), [(320, 1022, 1280), (240, 1022, 961)]);
    }

    #[test]
    fn one_to_one_is_slightly_less_than_256() {
        // 1:1 would need 7 pixels more than there are.
        check((1280, 960), (1280, 960), [(1280, 254, 1276), (960, 255, 959)]);
    }

    #[test]
    fn more_than_four_times_either_way_is_clamped() {
        let (h, v) = solve((1280, 960), (16, 2));
        assert!(h.out >= 1280 / 4 - 8 && h.ratio <= RATIO_MAX, "{h:?}");
        assert!(v.out >= 960 / 4 - 8 && v.ratio <= RATIO_MAX, "{v:?}");
        let (h, v) = solve((64, 64), (4095, 4095));
        assert!(h.out <= 64 * 4 && h.ratio >= RATIO_MIN && h.out % 8 == 0, "{h:?}");
        assert!(v.out <= 64 * 4 && v.ratio >= RATIO_MIN, "{v:?}");
    }

    #[test]
    fn the_input_is_exact_and_available_for_every_size() {
        for input in (32..700).step_by(7) {
            for out in (16..1400).step_by(13) {
                let (h, v) = solve((input, input), (out, out));
                for (direction, axis) in [(Direction::Horizontal, h), (Direction::Vertical, v)] {
                    let case = (input, out, direction, axis);
                    assert!((RATIO_MIN..=RATIO_MAX).contains(&axis.ratio), "{case:?}");
                    assert_eq!(axis.input, direction.input(axis.out, axis.ratio), "{case:?}");
                    assert!(axis.input <= input, "{case:?}");
                }
                assert_eq!(h.out % if v.ratio < UNITY { 8 } else { 2 }, 0);
            }
        }
    }

    #[test]
    fn solving_again_from_the_exact_input_changes_nothing() {
        for input in (40..1300).step_by(11) {
            for out in (16..1300).step_by(17) {
                let first = solve((input, input), (out, out));
                let again = solve((first.0.input, first.1.input), (first.0.out, first.1.out));
                assert_eq!((first.0.input, first.1.input), (again.0.input, again.1.input));
            }
        }
    }
}
