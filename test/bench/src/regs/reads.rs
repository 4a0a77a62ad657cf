//! Reads that are more than the word of the register.

use super::hardware::{Hardware, Platform};
use crate::log::Verdict;
use crate::shared::{HISTOGRAM_ENTRIES, gate};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::{
    Block, Register, bench_control, hist, prcm, prcm::dma_status, preview, sensor_bus,
};

/// What a table gives that cannot be read because its block is busy.
const GARBAGE: u32 = 0xA_5A5A;

/// What is wrong with reads of camera registers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BadReads {
    /// All of them give ones.
    pub(super) all_ones: bool,
    /// This many give garbage.
    pub(super) garbage_count: u32,
    /// This many give `latest`.
    pub(super) stale_count: u32,
    /// What the latest read gave.
    latest: u32,
    /// The latest garbage.
    noise: u32,
}

impl BadReads {
    /// What a read gives whose right value is `value`.
    fn pass(&mut self, value: u32) -> (Verdict, u32) {
        if self.all_ones {
            return (Verdict::AllOnes, u32::MAX);
        }
        if self.stale_count > 0 {
            self.stale_count -= 1;
            return (Verdict::Stale, self.latest);
        }
        self.latest = value;
        if self.garbage_count > 0 {
            self.garbage_count -= 1;
            // A linear congruential generator (Numerical Recipes, 7.1): any word that changes does.
            self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            return (Verdict::Garbage, self.noise);
        }
        (Verdict::Ok, value)
    }
}

impl<P: Platform> Hardware<'_, P> {
    /// Value of a read that is allowed, and whether it is the register's.
    pub(super) fn read(&mut self, register: &Register, index: u16, offset: u32) -> (Verdict, u32) {
        let value = self.true_read(register, index, offset);
        match is_in_module(register.block) {
            true => self.bad_reads.pass(value),
            false => (Verdict::Ok, value),
        }
    }

    fn true_read(&mut self, register: &Register, index: u16, offset: u32) -> u32 {
        match register.block {
            Block::BenchControl => self.read_control(register, index),
            Block::Prcm if *register == prcm::DMA_STATUS => self.dma_status(),
            Block::SensorBus if *register == sensor_bus::STATUS => {
                self.shared.get(register) | self.bus.state_bits()
            }
            Block::Preview if *register == preview::SET_TBL_DATA => self.read_preview_table(),
            Block::Hist if *register == hist::DATA => self.read_histogram(),
            _ => self.shared.word_at(offset).load(SeqCst),
        }
    }

    /// Takes the table address for an access to the data register, and moves it on.
    pub(super) fn next_table_index(&self, address: &Register, entries: usize) -> Option<usize> {
        let index = self.shared.word(address).load(SeqCst);
        self.shared.set(address, index.wrapping_add(1) & address.writable);
        Some(index as usize).filter(|index| *index < entries)
    }

    fn read_preview_table(&mut self) -> u32 {
        if self.is_busy(Block::Preview) {
            return GARBAGE;
        }
        self.next_table_index(&preview::SET_TBL_ADDR, preview::TABLE_ENTRIES)
            .map_or(0, |index| self.shared.preview_tables[index].load(SeqCst))
    }

    fn read_histogram(&mut self) -> u32 {
        if self.is_busy(Block::Hist) {
            return GARBAGE;
        }
        let clears = hist::cnt::CLEAR.is_set(self.shared.get(&hist::CNT));
        let Some(index) = self.next_table_index(&hist::ADDR, HISTOGRAM_ENTRIES) else { return 0 };
        let entry = &self.shared.histogram[index];
        if clears { entry.swap(0, SeqCst) } else { entry.load(SeqCst) }
    }

    /// Idle means: nothing outstanding, or no way to memory. Core 1 is out of its burst.
    fn dma_status(&mut self) -> u32 {
        let platform = &mut self.platform;
        self.shared.wait_out_of_commit(|| platform.relax());
        let outstanding = match self.shared.gates.load(SeqCst) & gate::DMA {
            0 => u32::from(self.is_draining()),
            _ => self.outstanding().count_ones(),
        };
        dma_status::IDLE.of(u32::from(outstanding == 0)) | dma_status::OUTSTANDING.of(outstanding)
    }

    /// Engines with requests outstanding, a bit per engine code.
    pub(super) fn outstanding(&self) -> u32 {
        let progress = &self.shared.progress;
        progress.outstanding.load(SeqCst) | progress.from_memory.load(SeqCst)
    }

    /// Requests under way when the bus was denied have not drained yet.
    fn is_draining(&self) -> bool {
        self.drained_at_line.is_some_and(|line| (line.wrapping_sub(self.device_lines) as i32) > 0)
    }

    fn read_control(&mut self, register: &Register, index: u16) -> u32 {
        let progress = &self.shared.progress;
        match *register {
            bench_control::FRAME => progress.frame.load(SeqCst),
            bench_control::LINE => progress.line.load(SeqCst),
            bench_control::TIME_LOW => {
                let now_us = self.platform.now_us();
                self.time_high = (now_us >> 32) as u32;
                now_us as u32
            }
            bench_control::TIME_HIGH => self.time_high,
            bench_control::DMA_BYTES => progress.dma_bytes.load(SeqCst),
            bench_control::DMA_REFUSED => progress.dma_refused.load(SeqCst),
            bench_control::LATE_IRQS => self.late_irqs,
            bench_control::VERDICT_COUNT => self.log.verdict_count(usize::from(index)),
            bench_control::IRQ_COUNT => {
                self.lines.get(usize::from(index)).map_or(0, crate::irq::Line::given_count)
            }
            bench_control::BLOCK_COUNT => self.log.block_count(usize::from(index)),
            _ => self.shared.get(register),
        }
    }
}

/// Is the block on the module, so that a dying connector makes its reads float high?
const fn is_in_module(block: Block) -> bool {
    !matches!(
        block,
        Block::Prcm
            | Block::Firewall
            | Block::KillSwitch
            | Block::BenchControl
            | Block::HostLink
            | Block::Sensor
    )
}
