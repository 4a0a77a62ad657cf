//! The sensor behind the control bus: its registers, as far as core 0 is concerned.
//!
//! Core 1 reads them at frame start. The registers live while the module has power; the sensor
//! acknowledges only while it has its clock and is out of reset.

use super::bus::{Ended, Request};
use super::hardware::{Hardware, Platform};
use super::prcm::{Answer, Needs};
use crate::core1::sensor_sends;
use crate::shared::Shared;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::prcm::MODULE_KIND_YCBCR;
use drv_isp_regs::sensor::{
    BLUE_GAIN, BUS_ADDRESS, CHIP_VERSION, CHIP_VERSION_ALT, CHIP_VERSION_VALUE, CHIP_VERSION_YCBCR,
    GLOBAL_GAIN, GREEN1_GAIN, GREEN2_GAIN, PIXEL_CLOCK_CONTROL, PLL_CONFIG_1, PLL_CONFIG_2,
    PLL_CONTROL, RED_GAIN, RESET, RESTART, TABLE, restart,
};
use drv_isp_regs::sensor_bus::{COMMAND, DATA, INDEX, SLAVE, STATUS, command, status};
use drv_isp_regs::{Access, Register};

/// The part that is on a module says what it is.
fn identify(shared: &Shared, module_id: u32) {
    let version = match module_id >> 16 {
        MODULE_KIND_YCBCR => CHIP_VERSION_YCBCR,
        _ => CHIP_VERSION_VALUE,
    };
    for register in [&CHIP_VERSION, &CHIP_VERSION_ALT] {
        shared.sensor(register.sensor_index()).store(version.into(), SeqCst);
    }
}

impl<P: Platform> Hardware<'_, P> {
    /// A write to the bus controller's COMMAND.
    pub(super) fn bus_command(&mut self, value: u32) {
        debug_assert_eq!(COMMAND.access, Access::Command);
        let now_us = self.platform.now_us();
        if command::RECOVER.is_set(value) {
            self.bus.recover(now_us);
        } else if command::GO.is_set(value) {
            let data = self.shared.get(&DATA) as u16;
            let request = Request {
                slave: self.shared.get(&SLAVE) as u8,
                index: self.shared.get(&INDEX) as u8,
                write: (!command::READ.is_set(value)).then_some(data),
            };
            self.bus.start(request, now_us);
        }
    }

    /// Ends a transfer that is due.
    pub(super) fn poll_bus(&mut self, now_us: u64) {
        let Some(ended) = self.bus.poll(now_us) else { return };
        let failure = match ended {
            Ended::Failed(bits) => bits,
            Ended::Transfer(request) if self.sensor_acknowledges(request.slave) => {
                self.perform(request);
                0
            }
            Ended::Transfer(_) => status::NAK.mask(),
        };
        self.shared.word(&STATUS).fetch_or(status::DONE.mask() | failure, SeqCst);
    }

    /// All registers of the sensor to their defaults; a frame in progress is given up.
    pub(super) fn reset_sensor(&mut self) {
        let (shared, platform) = (self.shared, &mut self.platform);
        let module_id = self.prcm.module_id;
        shared.new_epoch(
            || platform.relax(),
            |shared| {
                for register in TABLE {
                    shared.sensor(register.sensor_index()).store(register.reset, SeqCst);
                }
                identify(shared, module_id);
                // It may send again by its defaults.
                shared.sensor_stops.fetch_add(1, SeqCst);
            },
        );
        self.update_gates();
    }

    /// Another module may have another part on it.
    pub(super) fn identify_sensor(&self) {
        identify(self.shared, self.prcm.module_id);
    }

    /// Counts a stop of the sensor, which `sent` before.
    pub(super) fn note_stop(&self, sent: bool) {
        if sent && !sensor_sends(self.shared) {
            self.shared.sensor_stops.fetch_add(1, SeqCst);
        }
    }

    fn sensor_acknowledges(&self, slave: u8) -> bool {
        slave == BUS_ADDRESS && self.answer(Needs::SENSOR) == Answer::Yes && self.xclk_runs()
    }

    fn perform(&mut self, request: Request) {
        match request.write {
            None => {
                let value = self.sensor_read(request.index);
                self.shared.set(&DATA, u32::from(value));
            }
            Some(value) => self.sensor_write(request.index, value),
        }
    }

    fn sensor_read(&self, index: u8) -> u16 {
        let is_version =
            [CHIP_VERSION, CHIP_VERSION_ALT].iter().any(|row| row.sensor_index() == index);
        if is_version && self.wrong_id != 0 {
            return self.wrong_id;
        }
        self.shared.sensor(index).load(SeqCst) as u16
    }

    fn sensor_write(&mut self, index: u8, value: u16) {
        let Some(register) = TABLE.iter().find(|row| row.sensor_index() == index) else { return };
        let sent = sensor_sends(self.shared);
        match *register {
            RESET if value & 1 != 0 => self.reset_sensor(),
            GLOBAL_GAIN => {
                for gain in [&GREEN1_GAIN, &BLUE_GAIN, &RED_GAIN, &GREEN2_GAIN, &GLOBAL_GAIN] {
                    self.sensor_store(gain, value);
                }
            }
            PIXEL_CLOCK_CONTROL | PLL_CONTROL | PLL_CONFIG_1 | PLL_CONFIG_2 => {
                self.sensor_store(register, value);
                self.update_gates();
            }
            RESTART => self.sensor_restart(value),
            _ => self.sensor_store(register, value),
        }
        self.note_stop(sent);
        self.platform.ring_core1();
    }

    /// Core 1 clears RESTART when a frame begins. One that is cleared by hand before leaves a part that
    /// pauses: the data sheet calls that undefined.
    fn sensor_restart(&self, value: u16) {
        let written = u32::from(value) & RESTART.writable;
        let _ = self.shared.sensor(RESTART.sensor_index()).fetch_update(SeqCst, SeqCst, |before| {
            let by_hand = restart::RESTART.is_set(before) && !restart::RESTART.is_set(written);
            Some(if by_hand { restart::PAUSE.put(before, 1) } else { written })
        });
    }

    fn sensor_store(&self, register: &Register, value: u16) {
        if register.access != Access::ReadOnly {
            let kept = u32::from(value) & register.writable;
            self.shared.sensor(register.sensor_index()).store(kept, SeqCst);
        }
    }
}
