//! Exposure, gain, flips and test pattern: ranges, and the register values behind them.
//!
//! Ranges are those of the Linux driver of this part, so that scripts for it keep working. At
//! power-on exposure (1943 lines) and gain 1 the white of the test chart comes out at 0.9 of full
//! scale, so the defaults are the part's own.

use drv_isp_regs::sensor as regs;
use idl::types::{ControlDescription, ControlId, ControlKind, Name};

/// Exposure that a life begins with, in lines. The part's own, 1943, is that of its whole array, and would make
/// smaller frames longer; this one is kept by all of 120 lines and more.
const EXPOSURE_LINES: i32 = 144;

/// Items of the test pattern menu, as the Linux driver of this part calls them, so that a program that
/// looks for a name finds it.
const TEST_PATTERNS: [&str; 10] = [
    "Disabled",
    "Color Field",
    "Horizontal Gradient",
    "Vertical Gradient",
    "Diagonal Gradient",
    "Classic Test Pattern",
    "Walking 1s",
    "Monochrome Horizontal Bars",
    "Monochrome Vertical Bars",
    "Vertical Color Bars",
];

/// One control and its place in [`Controls`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Exposure time, in lines.
    Exposure,
    /// Total gain, in eighths.
    Gain,
    /// 0 = off, else pattern 1..9.
    TestPattern,
    /// 1 = left and right are mirrored.
    HorizontalFlip,
    /// 1 = up and down are mirrored.
    VerticalFlip,
}

impl Control {
    /// All controls, in the order of `query_control`.
    pub const ALL: [Self; 5] =
        [Self::Exposure, Self::Gain, Self::TestPattern, Self::HorizontalFlip, Self::VerticalFlip];

    /// The control with this id.
    #[must_use]
    pub fn from_id(id: ControlId) -> Option<Self> {
        Self::ALL.into_iter().find(|control| control.description().id == id)
    }

    /// Range, step and default.
    #[must_use]
    pub const fn description(self) -> ControlDescription {
        use ControlKind::{Boolean, Integer, Menu};
        let (id, kind, minimum, maximum, default) = match self {
            Self::Exposure => (ControlId::EXPOSURE, Integer, 1, 1_048_575, EXPOSURE_LINES),
            Self::Gain => (ControlId::GAIN, Integer, 8, 1024, 8),
            Self::TestPattern => {
                (ControlId::TEST_PATTERN, Menu, 0, TEST_PATTERNS.len() as i32 - 1, 0)
            }
            Self::HorizontalFlip => (ControlId::HFLIP, Boolean, 0, 1, 0),
            Self::VerticalFlip => (ControlId::VFLIP, Boolean, 0, 1, 0),
        };
        ControlDescription { id, kind, minimum, maximum, step: 1, default, read_only: false }
    }

    /// The name of an item, if this is a menu and has it.
    #[must_use]
    pub fn item(self, index: u32) -> Option<Name> {
        match self {
            Self::TestPattern => TEST_PATTERNS.get(index as usize).map(|name| Name::new(name)),
            Self::Exposure | Self::Gain | Self::HorizontalFlip | Self::VerticalFlip => None,
        }
    }
}

/// The pixel rate: one pixel in each pixel clock, whatever is set.
#[must_use]
pub const fn pixel_rate(clock_hz: u32) -> ControlDescription {
    let hz = clock_hz as i32;
    ControlDescription {
        id: ControlId::PIXEL_RATE,
        kind: ControlKind::Integer,
        minimum: hz,
        maximum: hz,
        step: 1,
        default: hz,
        read_only: true,
    }
}

/// The values of all controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controls([i32; Control::ALL.len()]);

impl Controls {
    /// What a new life begins with.
    pub const DEFAULT: Self = Self([
        Control::Exposure.description().default,
        Control::Gain.description().default,
        Control::TestPattern.description().default,
        Control::HorizontalFlip.description().default,
        Control::VerticalFlip.description().default,
    ]);

    /// The value of one control.
    #[must_use]
    pub fn get(&self, control: Control) -> i32 {
        self.0[control as usize]
    }

    /// Sets one control to the nearest value that the part has, and gives that.
    pub fn set(&mut self, control: Control, value: i32) -> i32 {
        let ControlDescription { minimum, maximum, .. } = control.description();
        let value = value.clamp(minimum, maximum);
        self.0[control as usize] = if control == Control::Gain { gain_step(value) } else { value };
        self.get(control)
    }
}

/// The gain at or below `eighths` that the part has: steps of 1/8 up to 4, 1/4 up to 8, 1 above.
const fn gain_step(eighths: i32) -> i32 {
    match eighths {
        ..=32 => eighths,
        33..=64 => eighths & !1,
        _ => eighths & !7,
    }
}

/// GLOBAL_GAIN for a gain that [`Controls::set`] gave: analog first (least noise), then the
/// multiplier, then digital.
#[must_use]
pub const fn gain_word(eighths: i32) -> u16 {
    use regs::green1_gain::{ANALOG, DIGITAL, MULTIPLIER};
    let eighths = eighths as u32;
    let word = match eighths {
        ..=32 => ANALOG.of(eighths),
        33..=64 => ANALOG.of(eighths / 2) | MULTIPLIER.of(1),
        _ => ANALOG.of(32) | MULTIPLIER.of(1) | DIGITAL.of((eighths - 64) / 8),
    };
    word as u16
}

/// READ_MODE_2 for both flips. The part keeps the order of colours: it starts one pixel or line
/// further in (Linux mt9p031 does not change the bus code either).
#[must_use]
pub const fn flip_word(controls: &Controls) -> u16 {
    use regs::read_mode_2::{COLUMN_MIRROR, ROW_MIRROR};
    let word = COLUMN_MIRROR
        .put(regs::READ_MODE_2.reset, controls.0[Control::HorizontalFlip as usize] as u32);
    ROW_MIRROR.put(word, controls.0[Control::VerticalFlip as usize] as u32) as u16
}

/// TEST_PATTERN for the value of the control.
#[must_use]
pub const fn pattern_word(value: i32) -> u16 {
    use regs::test_pattern::{CONTROL, ENABLE};
    match value {
        1.. => (ENABLE.of(1) | CONTROL.of(value as u32 - 1)) as u16,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the part makes of a gain word, in eighths.
    fn eighths(word: u16) -> u32 {
        use regs::green1_gain::{ANALOG, DIGITAL, MULTIPLIER};
        let word = u32::from(word);
        ANALOG.get(word) * (1 + MULTIPLIER.get(word)) * (8 + DIGITAL.get(word)) / 8
    }

    #[test]
    fn every_gain_that_is_set_is_the_gain_that_the_part_makes() {
        let mut controls = Controls::DEFAULT;
        for wanted in 8..=1024 {
            let got = controls.set(Control::Gain, wanted);
            assert_eq!(eighths(gain_word(got)), got as u32, "wanted {wanted}");
            assert!(got <= wanted && wanted - got < 8, "wanted {wanted}, got {got}");
            assert_eq!(controls.set(Control::Gain, got), got, "set of got is identity");
        }
    }

    #[test]
    fn values_outside_are_clamped() {
        let mut controls = Controls::DEFAULT;
        for (control, value, expect) in [
            (Control::Exposure, 0, 1),
            (Control::Exposure, i32::MAX, 1_048_575),
            (Control::Gain, i32::MIN, 8),
            (Control::Gain, 5000, 1024),
            (Control::TestPattern, 10, 9),
            (Control::TestPattern, -1, 0),
        ] {
            assert_eq!(controls.set(control, value), expect);
            assert_eq!(controls.get(control), expect);
        }
    }

    #[test]
    fn each_flip_has_its_bit_and_keeps_the_other() {
        let mut controls = Controls::DEFAULT;
        assert_eq!(flip_word(&controls), 0x0040);
        assert_eq!(controls.set(Control::HorizontalFlip, 7), 1);
        assert_eq!(flip_word(&controls), 0x4040);
        controls.set(Control::VerticalFlip, 1);
        assert_eq!(flip_word(&controls), 0xC040);
        controls.set(Control::HorizontalFlip, 0);
        assert_eq!(flip_word(&controls), 0x8040);
    }

    #[test]
    fn a_menu_has_a_name_for_each_value_and_nothing_else_has_names() {
        for control in Control::ALL {
            let ControlDescription { kind, minimum, maximum, .. } = control.description();
            let items = (0..100).map(|index| control.item(index));
            let named: Vec<_> = items.take_while(Option::is_some).flatten().collect();
            let expected = if kind == ControlKind::Menu { maximum - minimum + 1 } else { 0 };
            assert_eq!(named.len() as i32, expected, "{control:?}");
            let distinct = |one: &Name| named.iter().filter(|other| *other == one).count() == 1;
            assert!(named.iter().all(distinct), "{named:?}");
        }
        assert_eq!(Control::TestPattern.item(9), Some(Name::new("Vertical Color Bars")));
        assert_eq!(Control::TestPattern.item(10), None);
        assert_eq!(Control::TestPattern.item(u32::MAX), None);
    }

    #[test]
    fn ids_find_their_control() {
        for control in Control::ALL {
            assert_eq!(Control::from_id(control.description().id), Some(control));
        }
        assert_eq!(Control::from_id(ControlId(1)), None);
    }

    #[test]
    fn pattern_zero_is_off_and_nine_is_the_last() {
        assert_eq!([0, 1, 9].map(pattern_word), [0, 0b1, 0b100_0001]);
    }
}
