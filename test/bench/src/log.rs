//! The access log: every access to a register, who made it, and what became of it.
//!
//! A ring in the bench's RAM (symbol `ACCESS_LOG`), so that a debugger can show it, and counts
//! since a mark, so that a test task can ask whether anything touched a block after a death.
//!
//! | the access | verdicts |
//! |---|---|
//! | reached the register | `Ok`, `BusyDropped` |
//! | reached it, and the value read is not its | `AllOnes`, `Garbage`, `Stale` |
//! | was stopped by the bus: the task faults | `Absent`, `Unpowered`, `Unclocked`, `Reserved` |
//! | never reached the bus | `Stuck`, `Muted`, `Foreign` |
//!
//! # What the memory protection stops
//! The MPU is inside of the processor: no monitor on a bus sees an access that it stops, and on
//! hardware only the kernel's fault record has its address. The bench sees it all the same, because
//! the window is Secure and that is checked before the MPU: the access traps first, the bench asks
//! the processor what the MPU will say (TTAT), notes `Foreign` and hands the genuine fault back. Of
//! accesses to anything but the window the bench sees nothing, or (in Secure memory) notes nothing:
//! they are to no register, and the fault record has them.

use drv_isp_regs::{Block, bench_control};

/// Entries of the ring: two lives of the driver of the ISP, whose tables alone are 3,700 accesses.
pub const ENTRIES: usize = 8192;

/// What became of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// It was done.
    Ok = bench_control::VERDICT_OK as u8,
    /// The module is not there: bus fault.
    Absent = bench_control::VERDICT_ABSENT as u8,
    /// The power domain is not on: bus fault.
    Unpowered = bench_control::VERDICT_UNPOWERED as u8,
    /// A clock is missing or the block is in reset: bus fault.
    Unclocked = bench_control::VERDICT_UNCLOCKED as u8,
    /// No register there, or not 32 bits wide, or not aligned: bus fault.
    Reserved = bench_control::VERDICT_RESERVED as u8,
    /// The block was busy; the write was dropped silently.
    BusyDropped = bench_control::VERDICT_BUSY_DROPPED as u8,
    /// Misbehaviour: the read gave ones.
    AllOnes = bench_control::VERDICT_ALL_ONES as u8,
    /// Misbehaviour: the read gave garbage.
    Garbage = bench_control::VERDICT_GARBAGE as u8,
    /// Misbehaviour: the read gave what the one before it gave.
    Stale = bench_control::VERDICT_STALE as u8,
    /// Misbehaviour: it did not complete. Once in the log, however long its task spins in it.
    Stuck = bench_control::VERDICT_STUCK as u8,
    /// Misbehaviour: its task made a system call instead.
    Muted = bench_control::VERDICT_MUTED as u8,
    /// The memory protection of its task did not allow it: MemManage fault.
    Foreign = bench_control::VERDICT_FOREIGN as u8,
}

impl Verdict {
    /// Does the access end in a bus fault?
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Absent | Self::Unpowered | Self::Unclocked | Self::Reserved)
    }
}

/// Who made an access: enough to name the task in a debugger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Who {
    /// Address of the instruction.
    pub pc: u32,
    /// Process stack pointer, which tells the task; 0 for the kernel.
    pub psp: u32,
}

/// One access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Access {
    /// Virtual time in microseconds, low word.
    pub time_us: u32,
    /// Who.
    pub who: Who,
    /// Value written, or given to the reader; 0 if there was none.
    pub value: u32,
    /// Offset in the window in bytes.
    pub offset: u16,
    /// Written, not read.
    pub write: bool,
    /// What became of it.
    pub verdict: Verdict,
}

/// The ring and the counts.
#[repr(C)]
pub struct Log {
    /// Accesses recorded since the start; the newest is at `(total - 1) % ENTRIES`.
    total: u32,
    entries: [Access; ENTRIES],
    verdicts: [u32; bench_control::VERDICTS],
    blocks: [u32; Block::WINDOW.len()],
}

const NOTHING: Access = Access {
    time_us: 0,
    who: Who { pc: 0, psp: 0 },
    value: 0,
    offset: 0,
    write: false,
    verdict: Verdict::Ok,
};

impl Log {
    /// An empty log.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            total: 0,
            entries: [NOTHING; ENTRIES],
            verdicts: [0; bench_control::VERDICTS],
            blocks: [0; Block::WINDOW.len()],
        }
    }

    /// Records an access. Verdicts of bench control and of the host link are not counted: asking
    /// must not change the answer. What the memory protection stops reaches no block, whose ever it is.
    pub fn record(&mut self, access: Access) {
        self.entries[self.total as usize % ENTRIES] = access;
        self.total = self.total.wrapping_add(1);
        let block = Block::at(u32::from(access.offset));
        if let Some(block) = block.filter(|_| access.verdict != Verdict::Foreign) {
            let count = &mut self.blocks[block as usize];
            *count = count.saturating_add(1);
            if matches!(block, Block::BenchControl | Block::HostLink) {
                return;
            }
        }
        let count = &mut self.verdicts[access.verdict as usize];
        *count = count.saturating_add(1);
    }

    /// Starts new counts.
    pub fn mark(&mut self) {
        self.verdicts = [0; bench_control::VERDICTS];
        self.blocks = [0; Block::WINDOW.len()];
    }

    /// Accesses with this verdict since the mark.
    #[must_use]
    pub fn verdict_count(&self, index: usize) -> u32 {
        self.verdicts.get(index).copied().unwrap_or(0)
    }

    /// Accesses to the block with this code since the mark.
    #[must_use]
    pub fn block_count(&self, index: usize) -> u32 {
        self.blocks.get(index).copied().unwrap_or(0)
    }

    /// The latest accesses, newest first.
    pub fn latest(&self) -> impl Iterator<Item = &Access> {
        let kept = (self.total as usize).min(ENTRIES);
        (1..=kept)
            .map(|back| &self.entries[self.total.wrapping_sub(back as u32) as usize % ENTRIES])
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drv_isp_regs::ccdc;

    fn access(offset: u32, verdict: Verdict) -> Access {
        Access { offset: offset as u16, verdict, ..NOTHING }
    }

    #[test]
    fn counts_start_anew_at_the_mark() {
        let mut log = Log::new();
        log.record(access(ccdc::PCR.window_offset(), Verdict::Ok));
        log.record(access(ccdc::PCR.window_offset(), Verdict::Unpowered));
        assert_eq!(log.block_count(Block::Ccdc as usize), 2);
        assert_eq!(log.verdict_count(bench_control::VERDICT_UNPOWERED), 1);
        log.mark();
        assert_eq!(log.block_count(Block::Ccdc as usize), 0);
        assert_eq!(log.verdict_count(bench_control::VERDICT_UNPOWERED), 0);
        assert_eq!(log.latest().count(), 2);
    }

    #[test]
    fn asking_bench_control_does_not_change_the_verdicts() {
        let mut log = Log::new();
        log.record(access(bench_control::LINE.window_offset(), Verdict::Ok));
        assert_eq!(log.verdict_count(bench_control::VERDICT_OK), 0);
    }

    #[test]
    fn what_the_memory_protection_stops_reaches_no_block() {
        let mut log = Log::new();
        for register in [ccdc::PCR, bench_control::LINE] {
            log.record(access(register.window_offset(), Verdict::Foreign));
        }
        assert_eq!(log.verdict_count(bench_control::VERDICT_FOREIGN), 2);
        let blocks =
            [Block::Ccdc, Block::BenchControl].map(|block| log.block_count(block as usize));
        assert_eq!(blocks, [0, 0]);
        assert_eq!(log.latest().count(), 2);
    }

    #[test]
    fn the_ring_keeps_the_newest_accesses() {
        let mut log = Log::new();
        for value in 0..ENTRIES as u32 + 10 {
            log.record(Access { value, ..NOTHING });
        }
        assert_eq!(log.latest().count(), ENTRIES);
        assert_eq!(log.latest().next().map(|access| access.value), Some(ENTRIES as u32 + 9));
        assert_eq!(log.latest().last().map(|access| access.value), Some(10));
    }
}
