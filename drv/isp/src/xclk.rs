//! The clock that the ISP supplies to the sensor, and who has it.

use drv_isp_regs::main_block::{CAM_MCLK_HZ, TCTRL_CTRL, tctrl_ctrl, xclk_hz};
use idl::types::{Generation, IspError, TaskIndex};
use sys_abi::TaskId;

use crate::registers::Registers;

/// Field values that do not divide.
const STOPPED: u32 = 0;
const BYPASS: u32 = 31;
/// Largest divider.
const DIVIDER_MAX: u32 = 30;

/// A lease of the clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Xclk {
    owner: Option<TaskId>,
    divider: u32,
    /// What the owner says of the time of a frame, in microseconds; 0 = nothing.
    frame_us: u32,
}

impl Xclk {
    /// Nobody has it; it stands still.
    #[must_use]
    pub const fn new() -> Self {
        Self { owner: None, divider: STOPPED, frame_us: 0 }
    }

    /// The value of TCTRL_CTRL.DIVA.
    #[must_use]
    pub const fn divider(&self) -> u32 {
        self.divider
    }

    /// Sets the clock for `caller`, or stops it (0). Gives the frequency made, in Hz.
    ///
    /// # Errors
    /// `Busy` while another task has it.
    pub fn set(
        &mut self,
        caller: TaskId,
        frequency_hz: u32,
        registers: &mut impl Registers,
    ) -> Result<u32, IspError> {
        if self.owner.is_some_and(|owner| owner.index() != caller.index()) {
            return Err(IspError::Busy);
        }
        let (divider, made_hz) = divide(frequency_hz);
        self.owner = (divider != STOPPED).then_some(caller);
        self.frame_us = 0;
        self.apply(divider, registers);
        Ok(made_hz)
    }

    /// The owner says how long a frame takes, in microseconds.
    ///
    /// # Errors
    /// `NotReady` if `caller` does not have the clock.
    pub fn expect_frames(&mut self, caller: TaskId, frame_us: u32) -> Result<(), IspError> {
        if self.owner != Some(caller) {
            return Err(IspError::NotReady);
        }
        self.frame_us = frame_us;
        Ok(())
    }

    /// What a frame takes, in microseconds, as far as its owner has said; else 0.
    #[must_use]
    pub const fn frame_us(&self) -> u32 {
        self.frame_us
    }

    /// A life ended: its clock stops.
    pub fn died(
        &mut self,
        task: TaskIndex,
        generation: Generation,
        registers: &mut impl Registers,
    ) {
        if self.forget(task, generation) {
            self.apply(STOPPED, registers);
        }
    }

    /// As [`Xclk::died`], while the hardware is off: the clock will not start again. True if the
    /// life had it.
    pub fn forget(&mut self, task: TaskIndex, generation: Generation) -> bool {
        let had_it = self.owner == Some(TaskId::new(task, generation));
        if had_it {
            *self = Self::new();
        }
        had_it
    }

    fn apply(&mut self, divider: u32, registers: &mut impl Registers) {
        self.divider = divider;
        registers.write(&TCTRL_CTRL, tctrl_ctrl::DIVA.of(divider));
    }
}

/// The nearest divider, and the frequency that it makes.
fn divide(frequency_hz: u32) -> (u32, u32) {
    let divider = match frequency_hz {
        0 => STOPPED,
        CAM_MCLK_HZ.. => BYPASS,
        _ => ((CAM_MCLK_HZ + frequency_hz / 2) / frequency_hz).clamp(2, DIVIDER_MAX),
    };
    (divider, xclk_hz(divider))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registers::Write;

    #[derive(Default)]
    struct Written(Vec<u32>);

    impl Registers for Written {
        fn read_at(&mut self, _: usize) -> u32 {
            0
        }
        fn write_at(&mut self, write: Write) {
            assert_eq!(write.offset, TCTRL_CTRL.offset());
            self.0.push(write.value);
        }
    }

    const SENSOR: TaskId = TaskId::new(TaskIndex(4), Generation(2));
    const OTHER: TaskId = TaskId::new(TaskIndex(5), Generation(2));

    #[test]
    fn dividers_are_the_nearest_that_the_field_holds() {
        for (wanted_hz, divider, made_hz) in [
            (0, 0, 0),
            (21_600_000, 8, 21_600_000),
            (24_000_000, 7, 24_685_714),
            (1, 30, 5_760_000),
            (100_000_000, 2, 86_400_000),
            (172_800_000, 31, 172_800_000),
            (u32::MAX, 31, 172_800_000),
        ] {
            assert_eq!(divide(wanted_hz), (divider, made_hz), "{wanted_hz}");
        }
    }

    #[test]
    fn the_clock_belongs_to_one_life_and_stops_once_with_it() {
        let (mut xclk, mut written) = (Xclk::new(), Written::default());
        assert_eq!(xclk.set(SENSOR, 21_600_000, &mut written), Ok(21_600_000));
        assert_eq!(xclk.set(OTHER, 0, &mut written), Err(IspError::Busy));
        assert_eq!(xclk.expect_frames(OTHER, 1), Err(IspError::NotReady));
        assert_eq!(xclk.expect_frames(SENSOR, 2_000_000), Ok(()));
        assert_eq!(xclk.frame_us(), 2_000_000);
        xclk.died(SENSOR.index(), Generation(1), &mut written);
        assert_eq!(written.0, [8], "an older life's end is not this one's");
        for _ in 0..2 {
            xclk.died(SENSOR.index(), SENSOR.generation(), &mut written);
        }
        assert_eq!(written.0, [8, 0]);
        assert_eq!(xclk.frame_us(), 0, "nor does it say any more how long frames take");
        assert!(xclk.set(OTHER, 172_800_000, &mut written).is_ok());
    }
}
