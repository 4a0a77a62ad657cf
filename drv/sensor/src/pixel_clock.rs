//! The pixel clock: which factors of the PLL make it from the clock that the part is given.
//!
//! ```text
//!   external --(/ N)--> 2..13.5 MHz --(x M)--> 180..360 MHz --(/ P1)--> pixel clock
//! ```
//! What is wanted is a matter of the board (Linux: `pixel-clock-frequency` of the mt9p031 binding): of its
//! wires, and here of what the machine behind them can take. Of all factors those are taken that come
//! nearest, and of several the least N: the faster reference makes less jitter. P1 is even, or the clock
//! would not be high for half of the time (MT9P031 data sheet, PLL). A part whose external clock is no
//! clock for its PLL runs from that clock itself, as with Linux.

use drv_isp_regs::sensor::{PIXEL_CLOCK_MAX_HZ, pll};

/// Factors of the PLL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pll {
    /// Of the VCO.
    pub m: u32,
    /// Divider before the VCO.
    pub n: u32,
    /// Divider behind the VCO.
    pub p1: u32,
}

impl Pll {
    fn hz(self, external_hz: u32) -> u32 {
        // The VCO's frequency fits: 360 MHz.
        (u64::from(external_hz) * u64::from(self.m) / u64::from(self.n)) as u32 / self.p1
    }
}

/// The pixel clock and how it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelClock {
    /// In Hz.
    pub hz: u32,
    /// `None`: it is the external clock.
    pub pll: Option<Pll>,
}

impl PixelClock {
    /// The one nearest to `wanted_hz` that can be made of an external clock.
    #[must_use]
    pub fn nearest(external_hz: u32, wanted_hz: u32) -> Self {
        let wanted_hz = wanted_hz.clamp(1, PIXEL_CLOCK_MAX_HZ);
        let direct = Self { hz: external_hz, pll: None };
        if external_hz == wanted_hz || !pll::EXTERNAL_HZ.contains(&external_hz) {
            return direct;
        }
        let mut best = direct;
        for n in pll::N.filter(|n| pll::REFERENCE_HZ.contains(&(external_hz / n))) {
            for p1 in pll::P1.step_by(2).map(|odd| odd + 1) {
                let Some(pll) = factors(external_hz, wanted_hz, n, p1) else { continue };
                let hz = pll.hz(external_hz);
                if hz.abs_diff(wanted_hz) < best.hz.abs_diff(wanted_hz) {
                    best = Self { hz, pll: Some(pll) };
                }
            }
        }
        best
    }
}

/// With the best M for these dividers, if the VCO can do that.
fn factors(external_hz: u32, wanted_hz: u32, n: u32, p1: u32) -> Option<Pll> {
    let vco_hz = wanted_hz.checked_mul(p1).filter(|vco_hz| pll::VCO_HZ.contains(vco_hz))?;
    let reference_hz = external_hz / n;
    let m = (vco_hz + reference_hz / 2) / reference_hz;
    let pll = Pll { m, n, p1 };
    let made_hz = pll.hz(external_hz).checked_mul(p1)?;
    (pll::M.contains(&m)
        && pll::VCO_HZ.contains(&made_hz)
        && pll.hz(external_hz) <= PIXEL_CLOCK_MAX_HZ)
        .then_some(pll)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_clocks_are_made_exactly() {
        for (external_hz, wanted_hz) in [
            (21_600_000, 24_000_000),
            (21_600_000, 48_000_000),
            (21_600_000, 96_000_000),
            (24_000_000, 96_000_000),
            (6_000_000, 96_000_000),
            (21_600_000, 21_600_000),
        ] {
            let clock = PixelClock::nearest(external_hz, wanted_hz);
            assert_eq!(clock.hz, wanted_hz, "{external_hz}: {clock:?}");
            assert_eq!(clock.pll.is_none(), external_hz == wanted_hz);
        }
        let board = PixelClock::nearest(21_600_000, 24_000_000).pll;
        assert_eq!(board, Some(Pll { m: 40, n: 3, p1: 12 }));
    }

    #[test]
    fn whatever_is_given_and_wanted_the_pll_stays_within_its_limits() {
        for external_hz in (6_000_000..=27_000_000).step_by(333_333) {
            for wanted_hz in [1, 6_000_000, 9_999_999, 33_333_333, 74_250_000, 96_000_000, u32::MAX]
            {
                let clock = PixelClock::nearest(external_hz, wanted_hz);
                let Some(Pll { m, n, p1 }) = clock.pll else {
                    assert_eq!(clock.hz, external_hz);
                    continue;
                };
                assert!(pll::M.contains(&m) && pll::N.contains(&n) && pll::P1.contains(&p1));
                assert!(p1 % 2 == 0 && pll::REFERENCE_HZ.contains(&(external_hz / n)));
                assert!(pll::VCO_HZ.contains(&(external_hz * m / n)), "{external_hz} {clock:?}");
                assert!(clock.hz <= PIXEL_CLOCK_MAX_HZ);
                if (6_000_000..=96_000_000).contains(&wanted_hz) {
                    let off_hz = clock.hz.abs_diff(wanted_hz);
                    assert!(off_hz * 50 <= wanted_hz, "{external_hz} {wanted_hz}: {clock:?}");
                }
            }
        }
    }

    #[test]
    fn a_clock_that_is_none_for_the_pll_is_taken_as_it_is() {
        for external_hz in [5_760_000, 28_800_000, 43_200_000] {
            let clock = PixelClock::nearest(external_hz, 24_000_000);
            assert_eq!(clock, PixelClock { hz: external_hz, pll: None });
        }
    }
}
