//! Frames from memory: what enabling the preview, the resizer or the histogram starts when memory is their
//! input, and what enabling the memory channel of CCP2 starts.
//!
//! Such a frame starts at once, is always one shot (TRM), and takes its shadowed words at that moment;
//! everything else is locked by BUSY until it is done. The memory channel locks nothing; the blocks behind
//! it latch their words at its frame start, as from a sensor. Core 1 does the work.

use super::hardware::{Hardware, Platform};
use crate::shared::MemoryFrame;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::{Field, Register, ccp2, hist, main_block, preview, resizer};

/// Position in [`crate::shared::Shared::memory_frames`].
pub const OF_PREVIEW: usize = 0;
/// Position in [`crate::shared::Shared::memory_frames`].
pub const OF_RESIZER: usize = 1;
/// Position in [`crate::shared::Shared::memory_frames`].
pub const OF_HISTOGRAM: usize = 2;
/// Positions in [`crate::shared::Shared::memory_frames`].
pub const OF_ALL: usize = 3;

impl<P: Platform> Hardware<'_, P> {
    /// EN of the preview was written; PCR was `old` before. SOURCE does its work and clears.
    pub(super) fn preview_enabled(&mut self, old: u32) {
        let word = self.shared.word(&preview::PCR);
        let control = word.fetch_and(!preview::pcr::SOURCE.mask(), SeqCst);
        let from_memory = preview::pcr::SOURCE.is_set(control);
        if preview::pcr::BUSY.is_set(old) || !from_memory {
            return;
        }
        if !self.is_clocked(main_block::ctrl::PREV_CLK_EN) {
            return;
        }
        let frame = &self.shared.memory_frames[OF_PREVIEW];
        self.latch(&frame.input, &preview::RSDR_ADDR);
        self.latch(&frame.input_offset, &preview::RADR_OFFSET);
        self.latch(&frame.output, &preview::WSDR_ADDR);
        self.latch(&frame.output_offset, &preview::WADD_OFFSET);
        let scaled = preview::pcr::RSZPORT.is_set(control) && self.takes_part();
        frame.scaled.store(u32::from(scaled), Relaxed);
        self.latch(&frame.scaled_output, &resizer::SDR_OUTADD);
        self.latch(&frame.scaled_offset, &resizer::SDR_OUTOFF);
        if scaled {
            self.begin(&resizer::PCR, resizer::pcr::EN, resizer::pcr::BUSY);
        }
        self.begin(&preview::PCR, preview::pcr::EN, preview::pcr::BUSY);
        self.hand_over(frame);
    }

    /// EN of the resizer was written; PCR was `old` before. Live, it waits for the block before it.
    pub(super) fn resizer_enabled(&mut self, old: u32) {
        let from_memory = resizer::cnt::INPSRC.is_set(self.shared.get(&resizer::CNT));
        let clocked = self.is_clocked(main_block::ctrl::RSZ_CLK_EN);
        if resizer::pcr::BUSY.is_set(old) || !from_memory || !clocked {
            return;
        }
        let frame = &self.shared.memory_frames[OF_RESIZER];
        self.latch(&frame.input, &resizer::SDR_INADD);
        self.latch(&frame.input_offset, &resizer::SDR_INOFF);
        self.latch(&frame.output, &resizer::SDR_OUTADD);
        self.latch(&frame.output_offset, &resizer::SDR_OUTOFF);
        self.begin(&resizer::PCR, resizer::pcr::EN, resizer::pcr::BUSY);
        self.hand_over(frame);
    }

    /// EN of the histogram was written; PCR was `old` before. Without memory as its source it waits for the
    /// video port.
    pub(super) fn histogram_enabled(&mut self, old: u32) {
        let from_memory = hist::cnt::SOURCE.is_set(self.shared.get(&hist::CNT));
        let clocked = self.is_clocked(main_block::ctrl::HIST_CLK_EN);
        if hist::pcr::BUSY.is_set(old) || !from_memory || !clocked {
            return;
        }
        let frame = &self.shared.memory_frames[OF_HISTOGRAM];
        self.latch(&frame.input, &hist::RADD);
        self.latch(&frame.input_offset, &hist::RADD_OFF);
        self.begin(&hist::PCR, hist::pcr::EN, hist::pcr::BUSY);
        self.hand_over(frame);
    }

    /// CHAN_EN of the memory channel was written; LCM_CTRL was `old` before.
    pub(super) fn channel_enabled(&mut self, old: u32) {
        if ccp2::lcm_ctrl::CHAN_EN.is_set(old) {
            return;
        }
        let frame = &self.shared.channel_frame;
        self.latch(&frame.input, &ccp2::LCM_SRC_ADDR);
        self.latch(&frame.input_offset, &ccp2::LCM_SRC_OFST);
        self.hand_over(frame);
    }

    /// Does the resizer wait for the preview's picture?
    fn takes_part(&self) -> bool {
        let control = self.shared.get(&resizer::PCR);
        resizer::pcr::EN.is_set(control)
            && !resizer::pcr::BUSY.is_set(control)
            && !resizer::cnt::INPSRC.is_set(self.shared.get(&resizer::CNT))
            && self.is_clocked(main_block::ctrl::RSZ_CLK_EN)
    }

    fn is_clocked(&self, clock: Field) -> bool {
        clock.is_set(self.shared.get(&main_block::CTRL))
    }

    fn latch(&self, word: &core::sync::atomic::AtomicU32, register: &Register) {
        word.store(self.shared.get(register), Relaxed);
    }

    /// A frame is in the block from this access on.
    fn begin(&self, control: &Register, enable: Field, busy: Field) {
        let word = self.shared.word(control);
        word.fetch_or(busy.mask(), SeqCst);
        word.fetch_and(!enable.mask(), SeqCst);
    }

    fn hand_over(&mut self, frame: &MemoryFrame) {
        frame.epoch.store(self.shared.epoch(), Relaxed);
        frame.pending.store(1, SeqCst);
        self.platform.ring_core1();
    }
}

#[cfg(test)]
mod tests {
    use super::super::hardware_tests::{get, power_up, set, with_defaults};
    use super::*;

    #[test]
    fn the_histogram_starts_one_picture_from_memory_and_is_locked_by_it() {
        with_defaults(|hw, shared| {
            power_up(hw);
            let given = &shared.memory_frames[OF_HISTOGRAM];
            let (enable, busy) = (hist::pcr::EN.mask(), hist::pcr::BUSY.mask());
            set(hw, &hist::RADD, 0x8001_0000);
            set(hw, &hist::RADD_OFF, 0x400);
            set(hw, &hist::CNT, hist::cnt::SOURCE.mask());
            set(hw, &hist::PCR, enable);
            assert_eq!((given.pending.load(SeqCst), get(hw, &hist::PCR)), (0, enable), "no clock");
            set(hw, &main_block::CTRL, main_block::ctrl::HIST_CLK_EN.mask());
            set(hw, &hist::CNT, 0);
            set(hw, &hist::PCR, enable);
            assert_eq!((given.pending.load(SeqCst), get(hw, &hist::PCR)), (0, enable), "live");
            set(hw, &hist::CNT, hist::cnt::SOURCE.mask());
            let rings = hw.platform().rings;
            set(hw, &hist::PCR, enable);
            assert_eq!((given.pending.load(SeqCst), get(hw, &hist::PCR)), (1, busy));
            set(hw, &hist::RADD, 0x8002_0000);
            set(hw, &hist::CNT, 0);
            set(hw, &hist::PCR, enable);
            assert_eq!(get(hw, &hist::RADD), 0x8001_0000, "locked");
            assert_eq!(get(hw, &hist::CNT), hist::cnt::SOURCE.mask(), "locked");
            assert_eq!(hw.platform().rings - rings, 1, "once");
            let given = [&given.input, &given.input_offset].map(|word| word.load(SeqCst));
            assert_eq!(given, [0x8001_0000, 0x400]);
        });
    }
}
