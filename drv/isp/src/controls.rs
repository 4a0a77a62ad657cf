//! Controls of the preview engine: brightness, contrast, and the white balance gains.
//!
//! Ranges and defaults are those of the Linux driver (omap3isp, `isppreview.c`)
//! where it has them. The registers are taken over at once, also while the engine works.
//!
//! # Why
//! *White balance as V4L2_CID_RED_BALANCE and BLUE_BALANCE.* The Linux driver has the gains only in
//! its private VIDIOC_OMAP3ISP_PRV_CFG, next to matrices and tables. A client that balances sets two
//! numbers every frame, and V4L2 has names for just these; green is the reference and has no
//! control. Their unit is the register's, U8Q5: 32 is 1.0. The whole of it is a configuration
//! ([`crate::config`]).

use drv_isp_regs::preview::{CNT_BRT, WB_DGAIN, WBGAIN, cnt_brt, wb_dgain};
use idl::types::{ControlDescription, ControlId, ControlKind, IspError, Name, WhiteBalance};

use crate::program;
use crate::registers::Registers;
use crate::topology::{self, position};
use crate::tuning;

/// Largest value of each.
const MAXIMUM: u8 = 255;
/// A white balance gain of 1.0.
const UNITY_Q5: u8 = 32;
/// Places of colours in [`WhiteBalance::gains_q5`].
const RED: usize = 0;
const BLUE: usize = 3;
/// Brightness of a new life.
const BRIGHTNESS: u8 = 0;

const ALL: [ControlId; 4] =
    [ControlId::BRIGHTNESS, ControlId::CONTRAST, ControlId::RED_BALANCE, ControlId::BLUE_BALANCE];

/// The values of all controls of the ISP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controls {
    brightness: u8,
    contrast_q4: u8,
    /// White balance, which a configuration sets too ([`crate::config`]).
    pub white_balance: WhiteBalance,
}

impl Controls {
    /// What a new life begins with.
    pub const DEFAULT: Self = Self {
        brightness: BRIGHTNESS,
        contrast_q4: tuning::CONTRAST_Q4,
        white_balance: WhiteBalance {
            digital_gain_q8: tuning::DIGITAL_GAIN_Q8,
            gains_q5: [tuning::RED_BALANCE_Q5, UNITY_Q5, UNITY_Q5, tuning::BLUE_BALANCE_Q5],
        },
    };

    /// The word of brightness and contrast.
    #[must_use]
    pub fn word(self) -> u32 {
        cnt_brt::BRT.of(self.brightness.into()) | cnt_brt::CNT.of(self.contrast_q4.into())
    }

    /// The value of a control of an entity.
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoSuchControl`.
    pub fn get(self, entity: &Name, id: ControlId) -> Result<i32, IspError> {
        let mut values = self;
        values.place(entity, id).map(|value| i32::from(*value))
    }

    /// Sets a control to the nearest value of its range, and gives that.
    ///
    /// # Errors
    /// As [`Controls::get`].
    pub fn set(&mut self, entity: &Name, id: ControlId, value: i32) -> Result<i32, IspError> {
        let place = self.place(entity, id)?;
        *place = value.clamp(0, MAXIMUM.into()) as u8;
        Ok((*place).into())
    }

    /// Writes the registers.
    pub fn write(self, registers: &mut impl Registers) {
        registers.write(&CNT_BRT, self.word());
        let WhiteBalance { digital_gain_q8, gains_q5 } = self.white_balance;
        registers.write(&WB_DGAIN, wb_dgain::DGAIN.of(digital_gain_q8.into()));
        registers.write(&WBGAIN, program::white_balance(gains_q5));
    }

    fn place(&mut self, entity: &Name, id: ControlId) -> Result<&mut u8, IspError> {
        has_controls(entity)?;
        match id {
            ControlId::BRIGHTNESS => Ok(&mut self.brightness),
            ControlId::CONTRAST => Ok(&mut self.contrast_q4),
            ControlId::RED_BALANCE => Ok(&mut self.white_balance.gains_q5[RED]),
            ControlId::BLUE_BALANCE => Ok(&mut self.white_balance.gains_q5[BLUE]),
            _ => Err(IspError::NoSuchControl),
        }
    }
}

/// Range, step and default of the control at a position.
///
/// # Errors
/// `NoSuchEntity`; `NoSuchControl` after the last.
pub fn query(entity: &Name, index: u8) -> Result<ControlDescription, IspError> {
    has_controls(entity)?;
    let id = *ALL.get(usize::from(index)).ok_or(IspError::NoSuchControl)?;
    let default = Controls::DEFAULT.get(entity, id)?;
    let kind = ControlKind::Integer;
    Ok(ControlDescription {
        id,
        kind,
        minimum: 0,
        maximum: MAXIMUM.into(),
        step: 1,
        default,
        read_only: false,
    })
}

fn has_controls(entity: &Name) -> Result<(), IspError> {
    match topology::find(entity)? {
        position::PREVIEW => Ok(()),
        _ => Err(IspError::NoSuchControl),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text)
    }

    #[test]
    fn the_preview_engine_has_four_controls_and_no_other_block_has_any() {
        let preview = name("OMAP3 ISP preview");
        let known: Vec<_> = (0..5).map(|index| query(&preview, index)).collect();
        let kind = ControlKind::Integer;
        let range = |id, default| {
            Ok(ControlDescription {
                id,
                kind,
                minimum: 0,
                maximum: 255,
                step: 1,
                default,
                read_only: false,
            })
        };
        let none = Err(IspError::NoSuchControl);
        let expected = [
            range(ControlId::BRIGHTNESS, 0),
            range(ControlId::CONTRAST, 16),
            range(ControlId::RED_BALANCE, 52),
            range(ControlId::BLUE_BALANCE, 46),
            none,
        ];
        assert_eq!(known, expected);
        assert_eq!(query(&name("OMAP3 ISP CCDC"), 0), none);
        assert_eq!(query(&name("mt9p031 1-0048"), 0), Err(IspError::NoSuchEntity));
        let exposure = Controls::DEFAULT.get(&preview, ControlId::EXPOSURE);
        assert_eq!(exposure, Err(IspError::NoSuchControl));
    }

    #[test]
    fn values_are_clamped_and_set_of_got_is_identity() {
        let preview = name("OMAP3 ISP preview");
        let mut controls = Controls::DEFAULT;
        for id in ALL {
            for (wanted, got) in [(-1, 0), (0, 0), (77, 77), (255, 255), (i32::MAX, 255)] {
                assert_eq!(controls.set(&preview, id, wanted), Ok(got));
                assert_eq!(controls.get(&preview, id), Ok(got));
                assert_eq!(controls.set(&preview, id, got), Ok(got));
            }
        }
        assert_eq!(controls.word(), 0xFFFF);
        controls.set(&preview, ControlId::BRIGHTNESS, 3).expect("it exists");
        assert_eq!(controls.word(), 0xFF03, "contrast above, brightness below");
    }

    #[test]
    fn each_gain_is_at_the_place_of_its_colour() {
        let gains_q5 = Controls::DEFAULT.white_balance.gains_q5;
        assert_eq!(program::white_balance(gains_q5), 32 | 52 << 8 | 46 << 16 | 32 << 24);
    }
}
