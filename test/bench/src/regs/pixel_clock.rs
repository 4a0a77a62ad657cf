//! The sensor's pixel clock: the external clock, through the PLL or past it, and divided.
//!
//! ```text
//!   cam_mclk --(/ DIVA)--> external --+------------------------------.
//!                                     |                               USE --(/ 2 DIVIDE)--> pixel clock
//!                                     '--(/ N)--(x M)--(/ P1)--------'
//! ```
//! A setting that the part cannot make gives no clock, and so no frames; nor does the PLL before it has
//! locked. The control bus does not need any of it: it runs from the external clock.
//!
//! # Why no clock instead of a wrong one
//! The data sheet gives limits and no behaviour beyond them. A driver that misses one finds out at once.

use drv_isp_regs::Register;
use drv_isp_regs::sensor::{
    PIXEL_CLOCK_CONTROL, PIXEL_CLOCK_MAX_HZ, PLL_CONFIG_1, PLL_CONFIG_2, PLL_CONTROL,
    pixel_clock_control, pll, pll_config_1, pll_config_2, pll_control,
};

/// What the PLL makes its frequency of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Setting {
    powered: bool,
    external_hz: u32,
    m: u32,
    n: u32,
    p1: u32,
}

/// The clocks behind the external one.
#[derive(Clone, Copy, Debug, Default)]
pub struct PixelClock {
    setting: Setting,
    /// When the PLL has locked.
    stable_us: u64,
    /// Somebody waits for that.
    waits: bool,
}

impl PixelClock {
    /// The pixel clock, in Hz, with these registers; 0 = none. To be asked at each change of them.
    pub fn hz(&mut self, now_us: u64, external_hz: u32, get: impl Fn(&Register) -> u32) -> u32 {
        let (control, factors) = (get(&PLL_CONTROL), get(&PLL_CONFIG_1));
        let setting = Setting {
            powered: pll_control::POWER.is_set(control),
            external_hz,
            m: pll_config_1::M.get(factors),
            n: pll_config_1::N_LESS_1.get(factors) + 1,
            p1: pll_config_2::P1_LESS_1.get(get(&PLL_CONFIG_2)) + 1,
        };
        if self.setting != setting {
            self.setting = setting;
            self.stable_us = now_us.saturating_add(pll::LOCK_US.into());
        }
        let uses = pll_control::USE.is_set(control);
        self.waits = uses && setting.hz() != 0 && now_us < self.stable_us;
        let undivided_hz = match (uses, self.waits) {
            (false, _) => external_hz,
            (true, false) => setting.hz(),
            (true, true) => 0,
        };
        divided(undivided_hz, pixel_clock_control::DIVIDE.get(get(&PIXEL_CLOCK_CONTROL)))
    }

    /// Whether the PLL has locked since it was asked.
    #[must_use]
    pub fn is_due(&self, now_us: u64) -> bool {
        self.waits && now_us >= self.stable_us
    }
}

impl Setting {
    /// What comes out when it has locked, in Hz; 0 = it never does.
    fn hz(&self) -> u32 {
        let &Self { powered, external_hz, m, n, p1 } = self;
        // At most 27 MHz by 255.
        let vco_hz = u64::from(external_hz) * u64::from(m) / u64::from(n);
        let vco_hz = u32::try_from(vco_hz).unwrap_or(u32::MAX);
        let possible = powered
            && pll::EXTERNAL_HZ.contains(&external_hz)
            && pll::REFERENCE_HZ.contains(&(external_hz / n))
            && pll::M.contains(&m)
            && pll::VCO_HZ.contains(&vco_hz);
        if possible { vco_hz / p1 } else { 0 }
    }
}

fn divided(hz: u32, divide: u32) -> u32 {
    let hz = match divide {
        0 => hz,
        _ if divide.is_power_of_two() => hz / (2 * divide),
        _ => 0,
    };
    if hz <= PIXEL_CLOCK_MAX_HZ { hz } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTERNAL_HZ: u32 = 21_600_000;
    const LOCK_US: u64 = pll::LOCK_US as u64;
    const ON: u32 = 0x53;

    /// Control, factors, post divider, pixel clock control.
    type Words = [u32; 4];

    fn ask(clock: &mut PixelClock, now_us: u64, external_hz: u32, words: Words) -> u32 {
        let [control, factors, post, divider] = words;
        clock.hz(now_us, external_hz, |register| match *register {
            PLL_CONTROL => control,
            PLL_CONFIG_1 => factors,
            PLL_CONFIG_2 => post,
            _ => divider,
        })
    }

    /// The clock that these registers make in the end.
    fn settled(external_hz: u32, words: Words) -> u32 {
        let mut clock = PixelClock::default();
        ask(&mut clock, 0, external_hz, words);
        ask(&mut clock, LOCK_US, external_hz, words)
    }

    #[test]
    fn without_the_pll_it_is_the_external_clock_divided() {
        for (divide, hz) in [(0, 21_600_000), (1, 10_800_000), (4, 2_700_000), (64, 168_750)] {
            assert_eq!(settled(EXTERNAL_HZ, [0x50, 0x6404, 0, divide]), hz, "{divide}");
        }
        assert_eq!(settled(EXTERNAL_HZ, [0x50, 0x6404, 0, 3]), 0, "no power of two");
        assert_eq!(settled(0, [0x50, 0x6404, 0, 0]), 0);
        assert_eq!(settled(172_800_000, [0x50, 0x6404, 0, 0]), 0, "faster than the part");
    }

    #[test]
    fn the_pll_makes_what_its_factors_say() {
        // 21.6 MHz x 80 / 9 / 8, and the factors that Linux takes for 96 MHz from 6 MHz.
        assert_eq!(settled(EXTERNAL_HZ, [ON, 80 << 8 | 8, 7, 0]), 24_000_000);
        assert_eq!(settled(6_000_000, [ON, 32 << 8, 1, 0]), 96_000_000);
        assert_eq!(settled(EXTERNAL_HZ, [ON, 80 << 8 | 8, 7, 1]), 12_000_000);
        assert_eq!(settled(EXTERNAL_HZ, [0x51, 80 << 8 | 8, 7, 0]), EXTERNAL_HZ, "not used");
    }

    #[test]
    fn what_the_pll_cannot_do_gives_no_clock() {
        for (external_hz, words, why) in [
            (EXTERNAL_HZ, [0x52, 80 << 8 | 8, 7, 0], "it has no power"),
            (5_900_000, [ON, 32 << 8, 1, 0], "slow external clock"),
            (28_800_000, [ON, 80 << 8 | 8, 7, 0], "fast external clock"),
            (EXTERNAL_HZ, [ON, 16 << 8, 7, 0], "reference of 21.6 MHz"),
            (EXTERNAL_HZ, [ON, 180 << 8 | 11, 7, 0], "reference of 1.8 MHz"),
            (EXTERNAL_HZ, [ON, 15 << 8 | 1, 7, 0], "M of 15"),
            (EXTERNAL_HZ, [ON, 16 << 8 | 1, 7, 0], "VCO of 172.8 MHz"),
            (EXTERNAL_HZ, [ON, 34 << 8 | 1, 7, 0], "VCO of 367 MHz"),
            (EXTERNAL_HZ, [ON, 20 << 8 | 1, 1, 0], "108 MHz behind it"),
        ] {
            assert_eq!(settled(external_hz, words), 0, "{why}");
        }
    }

    #[test]
    fn the_pll_gives_nothing_before_it_has_locked_and_after_each_change() {
        let (mut clock, words) = (PixelClock::default(), [ON, 80 << 8 | 8, 7, 0]);
        assert_eq!(ask(&mut clock, 50, EXTERNAL_HZ, words), 0);
        assert!(!clock.is_due(50 + LOCK_US - 1));
        assert_eq!(ask(&mut clock, 50 + LOCK_US - 1, EXTERNAL_HZ, words), 0);
        assert!(clock.is_due(50 + LOCK_US));
        assert_eq!(ask(&mut clock, 50 + LOCK_US, EXTERNAL_HZ, words), 24_000_000);
        assert!(!clock.is_due(u64::MAX), "nobody waits any more");
        let other = [ON, 80 << 8 | 8, 15, 0];
        assert_eq!(ask(&mut clock, 5_000, EXTERNAL_HZ, other), 0);
        assert_eq!(ask(&mut clock, 5_000 + LOCK_US, EXTERNAL_HZ, other), 12_000_000);
        assert_eq!(ask(&mut clock, 9_000, 0, other), 0, "the external clock stops");
        assert!(!clock.is_due(u64::MAX), "and no wait makes one of it");
    }

    #[test]
    fn a_driver_that_waits_before_it_switches_loses_no_time() {
        let mut clock = PixelClock::default();
        assert_eq!(ask(&mut clock, 0, EXTERNAL_HZ, [0x51, 80 << 8 | 8, 7, 0]), EXTERNAL_HZ);
        assert_eq!(ask(&mut clock, LOCK_US, EXTERNAL_HZ, [ON, 80 << 8 | 8, 7, 0]), 24_000_000);
    }
}
