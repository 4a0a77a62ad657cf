//! The camera's power domain: what loses its state when, and what core 1 may do.

use super::hardware::{Hardware, Platform};
use super::prcm::{Answer, Change, Needs};
use crate::core1::sensor_sends;
use crate::shared::{Shared, gate};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::prcm::{
    BUS_CTRL, CLOCK_ENABLE, CLOCK_STATUS, IRQSTATUS, MODULE_ID, POWER_CONTROL, POWER_STATUS,
    PRESENCE, RESET_CONTROL, RESET_STATUS, bus_ctrl, clock, irq, presence, reset,
};
use drv_isp_regs::{ALL, Block, Register, kill_switch, main_block};

/// Puts all registers of these blocks to their reset values.
pub(super) fn reset_blocks(shared: &Shared, blocks: &[Block]) {
    let rows = blocks.iter().flat_map(|block| ALL[*block as usize]);
    for register in rows {
        for index in 0..usize::from(register.count) {
            shared.element(register, index).store(register.reset, SeqCst);
        }
    }
}

impl<P: Platform> Hardware<'_, P> {
    /// Does a block with these needs answer now?
    pub(super) fn answer(&self, needs: Needs) -> Answer {
        let clocks = self.prcm.clocks(self.shared.get(&CLOCK_ENABLE));
        self.prcm.answers(clocks, self.shared.get(&RESET_CONTROL), needs)
    }

    /// A write to POWER_CONTROL.
    pub(super) fn power_written(&mut self, on: bool) {
        let kept = self.prcm.request_power(on);
        self.shared.set(&POWER_CONTROL, u32::from(kept));
        self.publish_domain();
    }

    /// A write to RESET_CONTROL, which was `old` before.
    pub(super) fn resets_written(&mut self, old: u32) {
        let asserted = self.shared.get(&RESET_CONTROL) & !old;
        if reset::ISP.is_set(asserted) {
            self.reset_isp();
        }
        if reset::SENSOR.is_set(asserted) {
            self.reset_sensor();
        }
        if reset::BUS.is_set(asserted) {
            self.reset_bus();
        }
        self.publish_domain();
    }

    /// The kill switch was thrown.
    pub(super) fn kill(&mut self) {
        self.shared.word(&kill_switch::COUNT).fetch_add(1, SeqCst);
        self.shared.set(&BUS_CTRL, bus_ctrl::DENY.mask());
        let change = self.prcm.cut();
        self.domain_lost(change);
    }

    /// The module is pulled.
    pub(super) fn unplug(&mut self) {
        if self.prcm.present {
            let change = self.prcm.unplug();
            self.domain_lost(change);
            self.shared.word(&IRQSTATUS).fetch_or(irq::PRESENCE_CHANGE.mask(), SeqCst);
        }
    }

    /// A module is plugged.
    pub(super) fn replug(&mut self, module_id: u32) {
        if !self.prcm.present {
            self.prcm.plug(module_id);
            self.identify_sensor();
            self.publish_domain();
            self.shared.word(&IRQSTATUS).fetch_or(irq::PRESENCE_CHANGE.mask(), SeqCst);
        }
    }

    /// The domain settled, or lost its power in good order.
    pub(super) fn domain_changed(&mut self, change: Change) {
        if change.lost_power {
            self.lose_state();
        }
        if change.settled {
            self.shared.word(&IRQSTATUS).fetch_or(irq::POWER_SETTLED.mask(), SeqCst);
        }
        self.publish_domain();
    }

    /// The domain lost its power without being asked: requests and enables are gone too.
    fn domain_lost(&mut self, change: Change) {
        self.shared.set(&POWER_CONTROL, 0);
        self.shared.set(&CLOCK_ENABLE, 0);
        self.shared.set(&RESET_CONTROL, RESET_CONTROL.reset);
        self.domain_changed(change);
    }

    fn lose_state(&mut self) {
        self.bus.reset(false);
        reset_blocks(self.shared, &[Block::SensorBus]);
        self.reset_isp();
        self.reset_sensor();
    }

    /// All ISP blocks to reset values; frames in progress are given up.
    pub(super) fn reset_isp(&mut self) {
        self.drained_at_line = None;
        self.unstick();
        let (shared, platform) = (self.shared, &mut self.platform);
        shared.new_epoch(
            || platform.relax(),
            |shared| {
                reset_blocks(shared, &Block::ISP);
                shared.mischief.stuck.store(0, SeqCst);
                shared.mischief.after_stop_lines.store(0, SeqCst);
                shared.progress.active.store(0, SeqCst);
                shared.progress.outstanding.store(0, SeqCst);
                shared.progress.from_memory.store(0, SeqCst);
                shared.receiver.frames.store(0, SeqCst);
            },
        );
        if self.reset_stuck {
            self.shared.set(&main_block::SYSSTATUS, 0);
        }
        self.update_gates();
    }

    fn reset_bus(&mut self) {
        let slave_powered = self.answer(Needs::SENSOR) == Answer::Yes;
        self.bus.reset(slave_powered);
        reset_blocks(self.shared, &[Block::SensorBus]);
    }

    /// Brings the read-only registers of the PRCM up to date, and the gates.
    pub(super) fn publish_domain(&mut self) {
        let shared = self.shared;
        shared.set(&CLOCK_STATUS, self.prcm.clocks(shared.get(&CLOCK_ENABLE)));
        shared.set(&RESET_STATUS, shared.get(&RESET_CONTROL));
        shared.set(&POWER_STATUS, self.prcm.state_code());
        shared.set(&PRESENCE, presence::PRESENT.of(u32::from(self.prcm.present)));
        shared.set(&MODULE_ID, if self.prcm.present { self.prcm.module_id } else { 0 });
        self.update_gates();
    }

    /// Does the sensor get its clock?
    pub(super) fn xclk_runs(&self) -> bool {
        self.xclk_hz() != 0
    }

    fn xclk_hz(&self) -> u32 {
        let divider = main_block::tctrl_ctrl::DIVA.get(self.shared.get(&main_block::TCTRL_CTRL));
        if self.clock_lost { 0 } else { main_block::xclk_hz(divider) }
    }

    /// Whether the sensor has a pixel clock; tells core 1 which.
    fn pixel_clock_runs(&mut self, powered: bool) -> bool {
        let shared = self.shared;
        let external_hz = if powered { self.xclk_hz() } else { 0 };
        let now_us = self.platform.now_us();
        let get = |register: &Register| shared.sensor(register.sensor_index()).load(SeqCst);
        let hz = self.pixel_clock.hz(now_us, external_hz, get);
        shared.pixel_clock_hz.store(hz, SeqCst);
        hz != 0
    }

    /// Tells core 1 what it may do; when this returns, core 1 keeps to it.
    pub(super) fn update_gates(&mut self) {
        let yes = |needs| self.answer(needs) == Answer::Yes;
        let clocks = self.shared.get(&CLOCK_STATUS);
        let (pipe, powered) = (yes(Needs::PIPE), yes(Needs::SENSOR));
        let sends = self.pixel_clock_runs(powered);
        let memory =
            clock::L3_ICK.is_set(clocks) && !bus_ctrl::DENY.is_set(self.shared.get(&BUS_CTRL));
        let bit = |condition: bool, gate: u32| if condition { gate } else { 0 };
        let gates =
            bit(sends, gate::SENSOR) | bit(pipe, gate::PIPE) | bit(pipe && memory, gate::DMA);
        if gates != self.shared.gates.load(SeqCst) {
            let (sent, platform) = (sensor_sends(self.shared), &mut self.platform);
            self.shared.set_gates(gates, || platform.relax());
            platform.ring_core1();
            self.note_stop(sent);
        }
    }
}
