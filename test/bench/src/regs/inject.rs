//! Misbehaviour on command: what each kind of script entry does.

use super::hardware::{Hardware, Platform};
use crate::irq::{FIRST_IRQ, Line};
use crate::misbehaviour;
use crate::script::Entry;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::{
    Block, bench_control as kind, ccdc, ccp2, hist, host_link, main_block, preview, resizer,
};

/// Is there a misbehaviour of this kind?
#[must_use]
pub const fn is_known(code: u32) -> bool {
    // Codes count from one (tested beside the table).
    kind::UNPLUG <= code && code as usize <= misbehaviour::ALL.len()
}

impl<P: Platform> Hardware<'_, P> {
    /// Does what is due, and tells core 1 when the next entry is.
    pub(super) fn run_script(&mut self) {
        let now = self.device_time();
        // The script is bounded, and nothing in it adds entries.
        while let Some(entry) = self.script.take_due(now) {
            self.inject(entry.kind, entry.a, entry.b);
        }
        let alarm = &self.shared.alarm;
        let next = self.script.next_moment();
        if let Some((frame, line)) = next {
            alarm.frame.store(frame, SeqCst);
            alarm.line.store(line, SeqCst);
        }
        alarm.armed.store(u32::from(next.is_some()), SeqCst);
    }

    /// Does or schedules a misbehaviour. False if its kind is unknown or the script is full.
    pub fn schedule(&mut self, entry: Entry) -> bool {
        let accepted = is_known(entry.kind) && self.script.add(entry);
        self.run_script();
        accepted
    }

    /// The host asks the product's operator. False if it is no request, or the one before has not been
    /// taken.
    pub fn ask_operator(&mut self, request: u32) -> bool {
        use host_link::{STATUS, status};
        let requests = status::SUSPEND.mask() | status::RESUME.mask();
        let waits = self.shared.get(&STATUS) & requests != 0;
        if waits || request == 0 || request & !requests != 0 {
            return false;
        }
        self.shared.word(&STATUS).fetch_or(request, SeqCst);
        true
    }

    fn inject(&mut self, code: u32, a: u32, b: u32) {
        let mischief = &self.shared.mischief;
        match code {
            kind::UNPLUG => self.unplug(),
            kind::REPLUG => self.replug(a),
            kind::IRQ_LOST => self.with_line(b, |line| line.lose(a)),
            kind::IRQ_LATE => self.with_line(b, |line| line.delay(a)),
            kind::IRQ_DOUBLED => self.with_line(b, |line| line.double(a)),
            kind::IRQ_SPURIOUS => self.with_line(b, |line| line.storm(1)),
            kind::IRQ_STORM => self.with_line(b, |line| line.storm(a)),
            kind::BUSY_STUCK => {
                mischief.stuck.fetch_or(block_bit(a), SeqCst);
            }
            kind::BUSY_RELEASE => self.release(a),
            kind::ALL_ONES => self.bad_reads.all_ones = a != 0,
            kind::READ_GARBAGE => self.bad_reads.garbage_count = a,
            kind::READ_STALE => self.bad_reads.stale_count = a,
            kind::DMA_AFTER_STOP => mischief.after_stop_lines.store(a, SeqCst),
            kind::SENSOR_NAK => self.bus.nak_count = a,
            kind::SENSOR_WRONG_ID => self.wrong_id = a as u16,
            kind::BUS_ARBITRATION => self.bus.arbitration_count = a,
            kind::RESET_STUCK => {
                self.reset_stuck = a != 0;
                if a == 0 {
                    let done = main_block::sysstatus::RESETDONE.mask();
                    self.shared.word(&main_block::SYSSTATUS).fetch_or(done, SeqCst);
                }
            }
            kind::FRAME_DROP => mischief.dropped.set(0, a),
            kind::FRAME_TRUNCATED => mischief.truncated.set(a, b),
            kind::FRAME_TORN => mischief.torn.set(a, b),
            kind::CSI2_CRC => mischief.csi2_crc.set(a, b),
            kind::CSI2_ECC_1BIT => mischief.csi2_ecc_1bit.set(a, b),
            kind::CSI2_ECC_2BIT => mischief.csi2_ecc_2bit.set(a, b),
            kind::DMA_STRAY => mischief.stray.set(a, b),
            kind::DMA_STALE => mischief.stale.set(a, b),
            kind::DMA_LATE => mischief.late.set(a.min(kind::LATE_LINES_MAX), b),
            kind::DMA_SHORT => mischief.short.set(a, b),
            kind::DMA_LONG => mischief.long.set(a.min(kind::LONG_LINES_MAX), b),
            kind::CLOCK_LOST => {
                self.clock_lost = a != 0;
                self.update_gates();
            }
            kind::DMA_DRAIN => self.drain_lines = a,
            kind::ACCESS_STUCK => {
                self.unstick();
                self.stuck_block = Block::from_code(a);
            }
            kind::MUTE => self.mute = Block::from_code(a).map(|block| (block, b)),
            _ => {}
        }
        self.update_lines();
    }

    fn with_line(&mut self, irq: u32, change: impl FnOnce(&mut Line)) {
        let index = irq.wrapping_sub(FIRST_IRQ) as usize;
        if let Some(line) = self.lines.get_mut(index) {
            change(line);
        }
    }

    /// BUSY of a block is free again; if no frame is in the block, it clears now.
    fn release(&mut self, code: u32) {
        let bit = block_bit(code);
        self.shared.mischief.stuck.fetch_and(!bit, SeqCst);
        if self.shared.progress.active.load(SeqCst) & bit == 0 {
            let (register, busy) = match Block::from_code(code) {
                Some(Block::Ccdc) => (&ccdc::PCR, ccdc::pcr::BUSY),
                Some(Block::Preview) => (&preview::PCR, preview::pcr::BUSY),
                Some(Block::Resizer) => (&resizer::PCR, resizer::pcr::BUSY),
                Some(Block::Hist) => (&hist::PCR, hist::pcr::BUSY),
                Some(Block::Ccp2) => (&ccp2::LCM_CTRL, ccp2::lcm_ctrl::CHAN_EN),
                _ => return,
            };
            self.shared.word(register).fetch_and(!busy.mask(), SeqCst);
        }
    }
}

/// The bit of a block in a set of blocks.
const fn block_bit(code: u32) -> u32 {
    if code < u32::BITS { 1 << code } else { 0 }
}
