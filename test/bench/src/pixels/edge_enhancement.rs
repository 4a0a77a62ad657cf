//! Edge enhancement of the resizer: an edge is made steeper between the two directions.
//!
//! ```text
//! high = [-1 2 -1] / 2  or  [-1 -2 6 -2 -1] / 4 of the luma around, limited to -256..=255
//! gain = (|high| - CORE) * SLOP (U4Q4), limited to 0..=GAIN (U4Q4)
//! Y'   = Y + high * gain, limited to 0..=255
//! ```
//!
//! It works on the luma of the horizontally resized line, which is eight bits wide here, and takes two
//! pixels at either end: the resizer makes four more (SWPU177N, resizer process and "input size
//! calculations"; taps, fields and their formats: RSZ_YENH). How core, slope and gain act together is a
//! choice of this bench: no page of the manual was found that says it. `high` is cut to an integer, as the
//! sum of the taps is shifted; the product is rounded once.

/// Pixels that the filter needs beyond its output, both ends together.
pub const EXTRA_PX: usize = 4;

/// The high pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HighPass {
    /// ALGO 1: `[-1 2 -1] / 2`.
    ThreeTap,
    /// ALGO 2: `[-1 -2 6 -2 -1] / 4`.
    FiveTap,
}

/// RSZ_YENH, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeEnhancement {
    /// ALGO.
    pub high_pass: HighPass,
    /// CORE: what of the high pass is noise.
    pub core: u8,
    /// SLOP, U4Q4.
    pub slope_q4: u8,
    /// GAIN, U4Q4.
    pub gain_q4: u8,
}

impl EdgeEnhancement {
    /// The luma in the middle of five.
    pub fn enhanced(&self, around: &[u8; 1 + EXTRA_PX]) -> u8 {
        let [a, b, own, c, d] = around.map(i32::from);
        let high = match self.high_pass {
            HighPass::ThreeTap => (2 * own - b - c) >> 1,
            HighPass::FiveTap => (6 * own - 2 * (b + c) - a - d) >> 2,
        };
        let high = high.clamp(-256, 255);
        let excess = (high.abs() - i32::from(self.core)).max(0);
        let gain_q4 = (excess * i32::from(self.slope_q4)).min(self.gain_q4.into());
        (own + ((high * gain_q4 + 8) >> 4)).clamp(0, 255) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition; the high pass is cut to an integer, the rest is exact.
    fn reference(settings: &EdgeEnhancement, around: [u8; 5]) -> f64 {
        let (taps, divisor) = match settings.high_pass {
            HighPass::ThreeTap => ([0.0, -1.0, 2.0, -1.0, 0.0], 2.0),
            HighPass::FiveTap => ([-1.0, -2.0, 6.0, -2.0, -1.0], 4.0),
        };
        let sum: f64 = taps.iter().zip(around).map(|(tap, luma)| tap * f64::from(luma)).sum();
        let high = (sum / divisor).floor().clamp(-256.0, 255.0);
        let rising = (high.abs() - f64::from(settings.core)) * f64::from(settings.slope_q4) / 16.0;
        let gain = rising.clamp(0.0, f64::from(settings.gain_q4) / 16.0);
        (f64::from(around[2]) + high * gain).clamp(0.0, 255.0)
    }

    proptest::proptest! {
        /// One rounding: half a code.
        #[test]
        fn every_neighbourhood_gives_the_rounded_answer_of_the_definition(
            around: [u8; 5],
            core: u8,
            small_core: bool,
            slope_q4 in 0_u8..16,
            gain_q4 in 0_u8..16,
            five: bool,
        ) {
            let high_pass = if five { HighPass::FiveTap } else { HighPass::ThreeTap };
            let core = if small_core { core % 16 } else { core };
            let settings = EdgeEnhancement { high_pass, core, slope_q4, gain_q4 };
            let exact = reference(&settings, around);
            let got = f64::from(settings.enhanced(&around));
            proptest::prop_assert!((got - exact).abs() <= 0.5, "{:?}: {} {}", settings, got, exact);
        }
    }

    #[test]
    fn a_flat_line_and_what_is_below_the_core_stay_and_an_edge_becomes_steeper() {
        let settings =
            EdgeEnhancement { high_pass: HighPass::ThreeTap, core: 10, slope_q4: 4, gain_q4: 8 };
        assert_eq!(settings.enhanced(&[77; 5]), 77);
        assert_eq!(settings.enhanced(&[0, 60, 60, 80, 0]), 60);
        // The high pass is 50, the gain is at its limit of a half.
        assert_eq!(settings.enhanced(&[0, 50, 150, 150, 0]), 175);
        assert_eq!(settings.enhanced(&[0, 50, 50, 150, 0]), 25);
    }
}
