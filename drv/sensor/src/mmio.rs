//! The registers of the control bus controller.

use drv_isp_regs::sensor_bus as regs;
use drv_isp_regs::{Register, sensor};
use drv_sensor::{Look, Transfer};

/// The events that end a transfer.
const EVENTS: u32 =
    regs::status::DONE.mask() | regs::status::NAK.mask() | regs::status::ARBITRATION_LOST.mask();

/// The controller.
pub struct Controller {
    base: usize,
}

impl Controller {
    /// The controller that is mapped at `base`.
    pub fn at(base: usize) -> Self {
        Self { base }
    }

    /// Reads what the controller says, and takes its events. Only with power on.
    pub fn look(&mut self) -> Look {
        let status = self.read(&regs::STATUS);
        if status & EVENTS != 0 {
            self.write(&regs::STATUS, status & EVENTS);
        }
        let done = regs::status::DONE.is_set(status);
        let nak = regs::status::NAK.is_set(status);
        Look {
            done,
            nak,
            arbitration_lost: regs::status::ARBITRATION_LOST.is_set(status),
            stuck: regs::status::STUCK.is_set(status),
            data: if done && !nak { self.read(&regs::DATA) as u16 } else { 0 },
        }
    }

    /// Begins a transfer. Only with power on.
    pub fn command(&mut self, transfer: Transfer) {
        match transfer {
            Transfer::Recover => {
                // The first command after each power-up: events of an earlier life end here.
                self.write(&regs::STATUS, EVENTS);
                self.write(&regs::IRQENABLE, regs::status::DONE.mask());
                self.write(&regs::COMMAND, regs::command::RECOVER.of(1));
            }
            Transfer::Read { index } => {
                self.address(index);
                self.write(&regs::COMMAND, regs::command::GO.of(1) | regs::command::READ.of(1));
            }
            Transfer::Write { index, value } => {
                self.address(index);
                self.write(&regs::DATA, u32::from(value));
                self.write(&regs::COMMAND, regs::command::GO.of(1));
            }
        }
    }

    fn address(&mut self, index: u8) {
        self.write(&regs::SLAVE, u32::from(sensor::BUS_ADDRESS));
        self.write(&regs::INDEX, u32::from(index));
    }

    fn read(&self, register: &Register) -> u32 {
        let address = (self.base + register.offset()) as *const u32;
        // SAFETY: `base` is the linked address of the block `sensor_bus`, which the manifest maps for
        // this task alone; the offset is a 32-bit register of it by the register contract. An
        // unpowered block answers with a bus fault, which ends this task and nothing else.
        unsafe { address.read_volatile() }
    }

    fn write(&mut self, register: &Register, value: u32) {
        let address = (self.base + register.offset()) as *mut u32;
        // SAFETY: as in `read`.
        unsafe { address.write_volatile(value) }
    }
}
