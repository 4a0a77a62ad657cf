//! Power, clocks, resets and presence: the state machine behind the PRCM registers.
//!
//! ```text
//!  Off --on--> Rising --SETTLE_LINES--> On --off--> Falling --SETTLE_LINES--> Off
//!   ^             |  off                 ^  on         |
//!   |             '-----> Falling        '--- Rising <-'
//!   '------- kill switch or unplug, from any state, at once
//! ```
//! Time is counted in device lines, which go on (more slowly) while no frame runs.

use drv_isp_regs::prcm::{
    SETTLE_LINES, STATE_FALLING, STATE_OFF, STATE_ON, STATE_RISING, clock, reset,
};

/// State of the power domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// No voltage.
    Off,
    /// Voltage rises; on after this many more lines.
    Rising(u32),
    /// On.
    On,
    /// Voltage falls; off after this many more lines.
    Falling(u32),
}

/// The state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prcm {
    /// Power domain.
    pub power: Power,
    /// A module is plugged.
    pub present: bool,
    /// Its identity.
    pub module_id: u32,
}

/// What changed in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The domain reached On or Off.
    pub settled: bool,
    /// The domain lost its voltage: everything in it is at reset values.
    pub lost_power: bool,
}

impl Prcm {
    /// The state at the start.
    #[must_use]
    pub const fn new(present: bool, module_id: u32) -> Self {
        Self { power: Power::Off, present, module_id }
    }

    /// A write to POWER_CONTROL. Returns what the register keeps.
    pub fn request_power(&mut self, on: bool) -> bool {
        let on = on && self.present;
        self.power = match (self.power, on) {
            (Power::Off, true) | (Power::Falling(_), true) => Power::Rising(SETTLE_LINES),
            (Power::On, false) | (Power::Rising(_), false) => Power::Falling(SETTLE_LINES),
            (same, _) => same,
        };
        on
    }

    /// `lines` device lines pass.
    pub fn pass_lines(&mut self, lines: u32) -> Change {
        let before = self.power;
        self.power = match before {
            Power::Rising(left) if left <= lines => Power::On,
            Power::Rising(left) => Power::Rising(left - lines),
            Power::Falling(left) if left <= lines => Power::Off,
            Power::Falling(left) => Power::Falling(left - lines),
            same => same,
        };
        let settled = before != self.power && matches!(self.power, Power::On | Power::Off);
        Change { settled, lost_power: settled && self.power == Power::Off }
    }

    /// The domain is off at once.
    pub fn cut(&mut self) -> Change {
        let was_off = self.power == Power::Off;
        self.power = Power::Off;
        Change { settled: !was_off, lost_power: !was_off }
    }

    /// The module is pulled.
    pub fn unplug(&mut self) -> Change {
        self.present = false;
        self.cut()
    }

    /// A module is plugged; 0 means the former identity.
    pub fn plug(&mut self, module_id: u32) {
        self.present = true;
        if module_id != 0 {
            self.module_id = module_id;
        }
    }

    /// Code for POWER_STATUS.
    #[must_use]
    pub const fn state_code(&self) -> u32 {
        match self.power {
            Power::Off => STATE_OFF,
            Power::Rising(_) => STATE_RISING,
            Power::On => STATE_ON,
            Power::Falling(_) => STATE_FALLING,
        }
    }

    /// CLOCK_STATUS for this CLOCK_ENABLE.
    #[must_use]
    pub fn clocks(&self, enable: u32) -> u32 {
        if self.power == Power::On { enable } else { 0 }
    }

    /// Does a camera block answer, with these clocks running and these resets asserted?
    #[must_use]
    pub fn answers(&self, clocks: u32, resets: u32, needs: Needs) -> Answer {
        if !self.present {
            Answer::Absent
        } else if self.power != Power::On {
            Answer::Unpowered
        } else if clocks & needs.clocks != needs.clocks || resets & needs.resets_released != 0 {
            Answer::Unclocked
        } else {
            Answer::Yes
        }
    }
}

/// What a block needs to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    clocks: u32,
    resets_released: u32,
}

impl Needs {
    /// Main to SBL.
    pub const ISP: Self =
        Self { clocks: clock::CAM_ICK.mask(), resets_released: reset::ISP.mask() };
    /// CSI-2 receiver.
    pub const CSI2: Self = Self {
        clocks: clock::CAM_ICK.mask() | clock::CSI2_96M.mask(),
        resets_released: reset::ISP.mask(),
    };
    /// Control bus controller.
    pub const BUS: Self =
        Self { clocks: clock::CAM_ICK.mask(), resets_released: reset::BUS.mask() };
    /// The data path.
    pub const PIPE: Self = Self {
        clocks: clock::CAM_ICK.mask() | clock::CAM_MCLK.mask(),
        resets_released: reset::ISP.mask(),
    };
    /// The sensor; it needs xclk A too.
    pub const SENSOR: Self =
        Self { clocks: clock::CAM_MCLK.mask(), resets_released: reset::SENSOR.mask() };
}

/// Whether a block answers, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It does.
    Yes,
    /// No module.
    Absent,
    /// No power.
    Unpowered,
    /// No clock, or in reset.
    Unclocked,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on() -> Prcm {
        let mut prcm = Prcm::new(true, 7);
        assert!(prcm.request_power(true));
        assert_eq!(prcm.pass_lines(SETTLE_LINES), Change { settled: true, lost_power: false });
        prcm
    }

    #[test]
    fn power_takes_its_time_to_rise_and_says_so() {
        let mut prcm = Prcm::new(true, 7);
        prcm.request_power(true);
        assert_eq!(prcm.state_code(), STATE_RISING);
        assert_eq!(prcm.pass_lines(SETTLE_LINES - 1), Change::default());
        assert!(prcm.pass_lines(1).settled);
        assert_eq!(prcm.state_code(), STATE_ON);
        assert_eq!(prcm.pass_lines(100), Change::default());
    }

    #[test]
    fn a_change_of_mind_starts_over_in_the_other_direction() {
        let mut prcm = on();
        prcm.request_power(false);
        assert_eq!(prcm.state_code(), STATE_FALLING);
        prcm.pass_lines(3);
        prcm.request_power(true);
        assert_eq!(prcm.power, Power::Rising(SETTLE_LINES));
        prcm.request_power(false);
        assert!(prcm.pass_lines(SETTLE_LINES).lost_power);
        assert_eq!(prcm.state_code(), STATE_OFF);
    }

    #[test]
    fn without_a_module_power_stays_off() {
        let mut prcm = Prcm::new(false, 7);
        assert!(!prcm.request_power(true));
        assert_eq!(prcm.power, Power::Off);
    }

    #[test]
    fn unplug_cuts_at_once_and_replug_does_not_power_up() {
        let mut prcm = on();
        assert!(prcm.unplug().lost_power);
        assert_eq!(prcm.answers(0xF, 0, Needs::ISP), Answer::Absent);
        prcm.plug(0);
        assert_eq!((prcm.power, prcm.module_id), (Power::Off, 7));
        assert_eq!(prcm.answers(0xF, 0, Needs::ISP), Answer::Unpowered);
        prcm.plug(9);
        assert_eq!(prcm.module_id, 9);
    }

    #[test]
    fn clocks_run_only_in_a_powered_domain() {
        let mut prcm = on();
        assert_eq!(prcm.clocks(0b1001), 0b1001);
        prcm.request_power(false);
        assert_eq!(prcm.clocks(0b1001), 0);
    }

    #[test]
    fn each_block_names_what_it_lacks() {
        let prcm = on();
        let ick = clock::CAM_ICK.mask();
        assert_eq!(prcm.answers(ick, 0, Needs::ISP), Answer::Yes);
        assert_eq!(prcm.answers(0, 0, Needs::ISP), Answer::Unclocked);
        assert_eq!(prcm.answers(ick, reset::ISP.mask(), Needs::ISP), Answer::Unclocked);
        assert_eq!(prcm.answers(ick, reset::ISP.mask(), Needs::BUS), Answer::Yes);
        assert_eq!(prcm.answers(ick, 0, Needs::CSI2), Answer::Unclocked);
        assert_eq!(prcm.answers(ick, 0, Needs::PIPE), Answer::Unclocked);
    }

    #[test]
    fn a_second_cut_changes_nothing() {
        let mut prcm = on();
        assert!(prcm.cut().lost_power);
        assert_eq!(prcm.cut(), Change::default());
    }
}
