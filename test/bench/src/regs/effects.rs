//! What a write causes beyond the new value of the word.

use super::hardware::{Hardware, HostTransfer, Platform};
use crate::script::Entry;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::{
    Block, Register, bench_control, ccp2, firewall, hist, host_link, kill_switch, main_block, prcm,
    preview, resizer, sbl, sensor_bus,
};

impl<P: Platform> Hardware<'_, P> {
    /// The word of `register` (element `index`) was written with `value`; it was `old` before.
    pub(super) fn after_write(&mut self, register: &Register, index: u16, value: u32, old: u32) {
        match register.block {
            Block::Main => self.main_written(register, value),
            Block::Csi2a => self.receiver_written(register, value, old),
            Block::Ccp2
                if *register == ccp2::SYSCONFIG && ccp2::sysconfig::SOFT_RESET.is_set(value) =>
            {
                super::domain::reset_blocks(self.shared, &[Block::Ccp2]);
            }
            Block::Ccp2 if *register == ccp2::LCM_CTRL && ccp2::lcm_ctrl::CHAN_EN.is_set(value) => {
                self.channel_enabled(old);
            }
            Block::Preview => self.preview_written(register, value, old),
            Block::Resizer if *register == resizer::PCR && resizer::pcr::EN.is_set(value) => {
                self.resizer_enabled(old);
            }
            Block::Hist if *register == hist::PCR && hist::pcr::EN.is_set(value) => {
                self.histogram_enabled(old);
            }
            Block::Hist if *register == hist::DATA => self.histogram_written(value),
            Block::SensorBus if *register == sensor_bus::COMMAND => self.bus_command(value),
            Block::Prcm => self.prcm_written(register, value, old),
            Block::Firewall => self.firewall_written(register, index, old),
            Block::KillSwitch if *register == kill_switch::KILL && value == kill_switch::MAGIC => {
                self.kill();
            }
            Block::BenchControl => self.control_written(register, value),
            Block::HostLink if *register == host_link::GO => self.host_link_go(value),
            _ => {}
        }
    }

    fn main_written(&mut self, register: &Register, value: u32) {
        match *register {
            main_block::SYSCONFIG if main_block::sysconfig::SOFTRESET.is_set(value) => {
                self.reset_isp();
            }
            main_block::TCTRL_CTRL => self.update_gates(),
            _ => {}
        }
    }

    fn preview_written(&mut self, register: &Register, value: u32, old: u32) {
        match *register {
            preview::PCR if preview::pcr::EN.is_set(value) => self.preview_enabled(old),
            preview::SET_TBL_DATA => {
                let entries = preview::TABLE_ENTRIES;
                if let Some(index) = self.next_table_index(&preview::SET_TBL_ADDR, entries) {
                    let entry = value & preview::SET_TBL_DATA.writable;
                    self.shared.preview_tables[index].store(entry, SeqCst);
                }
            }
            _ => {}
        }
    }

    fn histogram_written(&mut self, value: u32) {
        let entries = crate::shared::HISTOGRAM_ENTRIES;
        if let Some(index) = self.next_table_index(&hist::ADDR, entries) {
            self.shared.histogram[index].store(value & hist::DATA.writable, SeqCst);
        }
    }

    fn prcm_written(&mut self, register: &Register, value: u32, old: u32) {
        match *register {
            prcm::CLOCK_ENABLE => self.publish_domain(),
            prcm::RESET_CONTROL => self.resets_written(old),
            prcm::POWER_CONTROL => self.power_written(prcm::power_control::ON.is_set(value)),
            prcm::BUS_CTRL => self.bus_control_written(value, old),
            _ => {}
        }
    }

    /// Requests that are under way at a denial may take a while to drain.
    fn bus_control_written(&mut self, value: u32, old: u32) {
        if prcm::bus_ctrl::DENY.is_set(value & !old) && self.drain_lines != 0 {
            let under_way = self.outstanding() != 0;
            let drained = self.device_lines.wrapping_add(self.drain_lines);
            self.drained_at_line = under_way.then_some(drained);
        }
        self.update_gates();
    }

    /// A window that closes is closed when the write returns: core 1 is out of its burst.
    fn firewall_written(&mut self, register: &Register, index: u16, old: u32) {
        if *register != firewall::WINDOW_CONTROL {
            return;
        }
        let now = self.shared.element(register, usize::from(index)).load(SeqCst);
        if old & !now != 0 {
            let platform = &mut self.platform;
            self.shared.wait_out_of_commit(|| platform.relax());
        }
    }

    fn control_written(&mut self, register: &Register, value: u32) {
        match *register {
            bench_control::COMMAND => {
                let get = |register| self.shared.get(register);
                let entry = Entry {
                    frame: get(&bench_control::WHEN_FRAME),
                    line: get(&bench_control::WHEN_LINE),
                    kind: value & bench_control::COMMAND.writable,
                    a: get(&bench_control::A),
                    b: get(&bench_control::B),
                };
                let accepted = self.schedule(entry);
                self.shared.set(&bench_control::ACCEPTED, u32::from(accepted));
            }
            bench_control::OVERFLOW => {
                let lost = value & bench_control::OVERFLOW.writable;
                self.shared.word(&sbl::PCR).fetch_or(lost, SeqCst);
            }
            bench_control::MARK => {
                self.log.mark();
                self.late_irqs = 0;
                self.lines.iter_mut().for_each(crate::irq::Line::count_anew);
                self.shared.progress.dma_bytes.store(0, SeqCst);
                self.shared.progress.dma_refused.store(0, SeqCst);
            }
            _ => {}
        }
    }

    fn host_link_go(&mut self, value: u32) {
        if value & 1 == 0 {
            return;
        }
        let get = |register| self.shared.get(register);
        let transfer = HostTransfer {
            kind: get(&host_link::KIND),
            address: get(&host_link::ADDRESS),
            bytes: get(&host_link::LENGTH),
            argument: get(&host_link::ARGUMENT),
        };
        let done = self.platform.send_to_host(transfer);
        let bit = if done { host_link::status::DONE } else { host_link::status::ERROR };
        let word = self.shared.word(&host_link::STATUS);
        // What the host asks stays.
        word.fetch_and(!(host_link::status::DONE.mask() | host_link::status::ERROR.mask()), SeqCst);
        word.fetch_or(bit.mask(), SeqCst);
    }
}
