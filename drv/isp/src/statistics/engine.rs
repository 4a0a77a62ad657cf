//! One statistics engine: which buffer is where, from frame to frame.
//!
//! ```text
//!            arm: open window, address, EN       frame start: EN off      done
//!   waiting ───────────────────────────► armed ─────────────────► running ────► outbox
//!      │                                   │                         │
//!      └────────────── disable: returned ──┴──── once it is done ────┘
//! ```
//!
//! | state (omap3isp) | here |
//! |---|---|
//! | DISABLED | not wanted, nothing in the engine |
//! | ENABLING | wanted, no frame measured yet: no stream, no buffer, or the frame has not started |
//! | ENABLED | wanted, armed or running |
//! | DISABLING | not wanted, the frame in progress is measured to its end |
//!
//! # Why
//! *One frame at a time.* The engines are continuous: enabled, they measure frame after frame to the
//! same address. So the enable bit, which takes effect at frame start, is set for each frame and
//! taken back as soon as that frame has started. A frame start that is handled too late costs a
//! measurement, never a buffer that two frames share: there is no way to write to a buffer that
//! nobody armed, and the next configuration, address and recovery all fit between two frames.
//!
//! *What a very late interrupt costs.* If the frame start is handled a whole frame late, the engine has
//! measured two frames to one buffer. H3A has written all of it again, so the buffer holds the
//! second, whole; the histogram has added the second to the first, and its counts are doubled: one
//! frame start has been seen, so nothing tells. Its sum does, for a client that cares.
//!
//! *The histogram has no DMA.* Its counts stay in the engine until they have been read out, entry by
//! entry, in the reader's pace; then it measures again. What nobody will read is cleared here.
//!
//! *No magic around buffers.* omap3isp writes a pattern before and after each buffer to find an
//! engine that wrote too far; here the DMA window ends where the measurement does.
//!
//! *A recovery needs room for one small measurement, not for two whole ones.* After an overflow H3A
//! goes on where it stopped in the buffer before. omap3isp has armed the next whole measurement by
//! then, so its buffers are twice as large; here nothing is armed before the overflow is known, so
//! that only the smallest measurement is written behind the place, and thrown away.

use drv_isp_regs::main_block::{IRQ0STATUS, irq};
use drv_isp_regs::sbl;
use idl::types::{
    FrameStart, IspError, NextStatistics, QUEUE_DEPTH, Statistics, StatisticsConfig,
    StatisticsEngine,
};
use sys_abi::TaskId;

use super::program::{self, Unit, unit};
use crate::fifo::Fifo;
use crate::registers::Registers;
use crate::stream::{Held, Ledger, Outside};

/// Entries of the histogram's memory that are cleared in one go: a register access costs
/// microseconds.
const CLEAR_CHUNK: u16 = 256;
/// Entries of the histogram's memory.
const ENTRIES: u16 = 1024;

/// A buffer in the engine, and how it was armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Job {
    held: Held,
    config_counter: u16,
    bytes: u32,
    /// It is there to be thrown away.
    recovers: bool,
}

/// What the engine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Idle,
    /// Measures the next frame that starts.
    Armed(Job),
    /// Measures this frame; doubtful: another frame may have started before the enable bit was
    /// taken back.
    Running {
        job: Job,
        frame: FrameStart,
        doubtful: bool,
    },
    /// Histogram: entries `next..end` wait to be read.
    Counts {
        next: u16,
        end: u16,
    },
    /// Histogram: entries from `next` on must be cleared.
    Clearing {
        next: u16,
    },
}

/// An engine.
#[derive(Debug)]
pub struct Engine {
    which: StatisticsEngine,
    /// The life of the node that is in charge.
    node: Option<TaskId>,
    config: Option<StatisticsConfig>,
    config_counter: u16,
    /// The registers have the configuration.
    programmed: bool,
    /// The histogram's memory may hold counts that nobody will read.
    unclean: bool,
    wanted: bool,
    /// A stream runs that the engine sees.
    live: bool,
    /// Data was lost: the next measurement is the recovery's. Bytes of the lost one, in which the engine
    /// has stopped somewhere; it may have been configured anew since.
    overflowed: Option<u32>,
    work: Work,
    waiting: Fifo<Held, QUEUE_DEPTH>,
    outbox: Fifo<NextStatistics, QUEUE_DEPTH>,
    /// Off is to be said once the engine is idle, after all buffers.
    off_due: bool,
    news: bool,
}

impl Engine {
    /// An engine that is off and knows no configuration.
    #[must_use]
    pub const fn new(which: StatisticsEngine) -> Self {
        Self {
            which,
            node: None,
            config: None,
            config_counter: 0,
            programmed: false,
            unclean: matches!(which, StatisticsEngine::Histogram),
            wanted: false,
            live: false,
            overflowed: None,
            work: Work::Idle,
            waiting: Fifo::new(),
            outbox: Fifo::new(),
            off_due: false,
            news: false,
        }
    }

    /// Another life of the node takes charge: what was promised to the former one is void.
    pub fn adopt<R: Registers, L: Ledger>(
        &mut self,
        node: TaskId,
        outside: &mut Outside<'_, R, L>,
    ) {
        if self.node.replace(node) == Some(node) {
            return;
        }
        self.disable(outside);
        (self.waiting, self.outbox, self.off_due) = (Fifo::new(), Fifo::new(), false);
    }

    /// Takes a configuration that has passed the check.
    pub fn configure(&mut self, config: StatisticsConfig) -> u16 {
        self.config = Some(config);
        self.programmed = false;
        self.config_counter = self.config_counter.wrapping_add(1);
        self.config_counter
    }

    /// Measures from now on.
    ///
    /// # Errors
    /// `NotConfigured`.
    pub fn enable<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
    ) -> Result<(), IspError> {
        if self.config.is_none() {
            return Err(IspError::NotConfigured);
        }
        (self.wanted, self.off_due) = (true, false);
        self.arm(outside);
        Ok(())
    }

    /// Measures no further frame, and gives back what it does not need for the one in progress.
    pub fn disable<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.off_due |= self.wanted;
        self.wanted = false;
        while let Some(held) = self.waiting.pop() {
            self.put(NextStatistics::Returned { buffer: held.buffer });
        }
        match self.work {
            Work::Armed(job) => {
                self.unit().switch(false, outside.registers);
                if self.unit().is_busy(outside.registers) {
                    // It had started by then.
                    let frame = FrameStart::default();
                    self.work = Work::Running { job, frame, doubtful: true };
                } else {
                    self.give_back(job, outside);
                }
            }
            Work::Counts { .. } => self.work = Work::Idle,
            Work::Idle | Work::Running { .. } | Work::Clearing { .. } => {}
        }
        self.news |= self.off_due;
    }

    /// One more buffer.
    ///
    /// # Errors
    /// `QueueFull`.
    pub fn queue<R: Registers, L: Ledger>(
        &mut self,
        held: Held,
        outside: &mut Outside<'_, R, L>,
    ) -> Result<(), IspError> {
        let working = matches!(self.work, Work::Armed(_) | Work::Running { .. });
        if self.waiting.len() + self.outbox.len() + usize::from(working) >= QUEUE_DEPTH
            || !self.waiting.push(held)
        {
            return Err(IspError::QueueFull);
        }
        if !self.wanted {
            let _ = self.waiting.pop();
            self.put(NextStatistics::Returned { buffer: held.buffer });
        }
        self.arm(outside);
        Ok(())
    }

    /// What happened to the oldest buffer that the node has not heard of.
    pub fn next(&mut self) -> NextStatistics {
        if let Some(next) = self.outbox.pop() {
            return next;
        }
        let idle = !self.is_measuring();
        if idle && core::mem::take(&mut self.off_due) {
            return NextStatistics::Off;
        }
        NextStatistics::Empty
    }

    /// Reads counts from entry `first` on into `out`, and clears them in the engine.
    ///
    /// # Errors
    /// `NotStreaming` unless exactly these entries are the next ones to read.
    pub fn counts<R: Registers, L: Ledger>(
        &mut self,
        first: u16,
        out: &mut [u32],
        outside: &mut Outside<'_, R, L>,
    ) -> Result<(), IspError> {
        let Work::Counts { next, end } = self.work else { return Err(IspError::NotStreaming) };
        let after = usize::from(first) + out.len();
        if first != next || out.is_empty() || after > usize::from(end) {
            return Err(IspError::NotStreaming);
        }
        program::seek(first, outside.registers);
        out.fill_with(|| program::take_count(outside.registers));
        self.work = Work::Counts { next: after as u16, end };
        if after == usize::from(end) {
            (self.work, self.unclean) = (Work::Idle, false);
            self.arm(outside);
        }
        Ok(())
    }

    /// The timer: clears a piece of the histogram's memory, if it must be.
    pub fn tick<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        let Work::Clearing { next } = self.work else { return };
        program::seek(next, outside.registers);
        (0..CLEAR_CHUNK).for_each(|_| {
            program::take_count(outside.registers);
        });
        self.work = Work::Clearing { next: next + CLEAR_CHUNK };
        if next + CLEAR_CHUNK == ENTRIES {
            (self.work, self.unclean) = (Work::Idle, false);
            self.arm(outside);
        }
    }

    /// A stream runs that the engine sees.
    pub fn stream_started(&mut self) {
        self.live = true;
    }

    /// The stream is about to end: no further frame.
    pub fn stream_stops<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.live = false;
        if self.wanted {
            self.disable(outside);
        }
    }

    /// No frame is measured that has not started.
    pub fn stream_pauses(&mut self) {
        self.live = false;
    }

    /// The registers lose, or have lost, what was written. What was to be measured is damaged: the
    /// node gives that buffer again, unless it wants no measurement any more.
    pub fn power_ends<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        let work = core::mem::replace(&mut self.work, Work::Idle);
        if let Work::Armed(job) | Work::Running { job, .. } = work {
            if self.unit().address.is_some() {
                // A refusal means that the ledger has taken the buffer back by itself.
                let _ = outside.ledger.finish_dma(job.held);
            }
            let statistics = Statistics {
                frame_number: 0,
                config_counter: job.config_counter,
                timestamp_us: outside.now_us,
                bytes: job.bytes,
            };
            let buffer = job.held.buffer;
            self.put(match self.wanted {
                true => NextStatistics::Damaged { buffer, statistics },
                false => NextStatistics::Returned { buffer },
            });
        }
        (self.live, self.programmed) = (false, false);
        self.unclean = self.which == StatisticsEngine::Histogram;
    }

    /// The stream has ended and nothing is in progress, or everything was reset.
    pub fn stream_ended<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.stream_stops(outside);
        if let Work::Armed(job) | Work::Running { job, .. } = self.work {
            self.give_back(job, outside);
        }
        self.work = Work::Idle;
        self.programmed = false;
        self.unclean = self.which == StatisticsEngine::Histogram;
        self.news |= self.off_due;
    }

    /// Events of IRQ0STATUS, acknowledged; `frame` is the one that started last.
    pub fn events<R: Registers, L: Ledger>(
        &mut self,
        events: u32,
        frame: Option<FrameStart>,
        outside: &mut Outside<'_, R, L>,
    ) {
        let done = events & self.unit().done != 0;
        let started = frame.filter(|_| irq::HS_VS.is_set(events));
        // Both at once: what is running was done before the next frame, what was armed has run
        // the whole frame that has just been told of.
        let late = matches!(self.work, Work::Armed(_));
        if done && !late {
            self.done(outside);
        }
        if let Some(frame) = started {
            self.frame_started(frame, outside);
        }
        if done && late {
            self.done(outside);
        }
        self.arm(outside);
    }

    /// Whether a frame is being measured, or the next one will be.
    #[must_use]
    pub const fn is_measuring(&self) -> bool {
        matches!(self.work, Work::Armed(_) | Work::Running { .. })
    }

    /// Whether a frame is being measured.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        matches!(self.work, Work::Running { .. })
    }

    /// Whether the timer is needed.
    #[must_use]
    pub const fn is_clearing(&self) -> bool {
        matches!(self.work, Work::Clearing { .. })
    }

    /// Whether there is something for the node to fetch.
    #[must_use]
    pub const fn has_news(&self) -> bool {
        self.news
    }

    /// Whether there is something for the node to fetch; asking forgets it.
    pub fn take_news(&mut self) -> bool {
        core::mem::take(&mut self.news)
    }

    const fn unit(&self) -> Unit {
        unit(self.which)
    }

    fn put(&mut self, next: NextStatistics) {
        assert!(self.outbox.push(next), "a node has more buffers than QUEUE_DEPTH");
        self.news = true;
    }

    /// Gives the next frame a buffer, if there is one.
    fn arm<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        let Some(config) = self.config.filter(|_| self.wanted && self.live) else { return };
        if self.work != Work::Idle || self.waiting.len() == 0 {
            return;
        }
        let recovers = self.overflowed.is_some();
        let config = if recovers { program::recovery(&config) } else { config };
        if !self.programmed {
            program::configure(&config, outside.registers);
            self.programmed = true;
        }
        if self.unclean {
            self.work = Work::Clearing { next: 0 };
            return;
        }
        // The engine goes on from where it stopped.
        let stopped_at = self.overflowed.unwrap_or(0);
        while let Some(held) = self.waiting.pop() {
            if let Some(register) = self.unit().address {
                let window_bytes = stopped_at + config.bytes();
                let Some(address) = outside.ledger.start_dma(held, window_bytes) else {
                    self.put(NextStatistics::Returned { buffer: held.buffer });
                    continue;
                };
                outside.registers.write(&register, address);
            }
            self.unit().switch(true, outside.registers);
            self.work = Work::Armed(Job {
                held,
                config_counter: self.config_counter,
                bytes: config.bytes(),
                recovers,
            });
            return;
        }
    }

    fn frame_started<R: Registers, L>(
        &mut self,
        frame: FrameStart,
        outside: &mut Outside<'_, R, L>,
    ) {
        match self.work {
            Work::Armed(job) => {
                self.unit().switch(false, outside.registers);
                // If another frame has started meanwhile, it is measured to the same place.
                let status = outside.registers.read(&IRQ0STATUS);
                self.work = Work::Running { job, frame, doubtful: irq::HS_VS.is_set(status) };
            }
            Work::Running { job, .. } => {
                // In this order: a frame that is done between the two shows in the second.
                let busy = self.unit().is_busy(outside.registers);
                let done = outside.registers.read(&IRQ0STATUS) & self.unit().done != 0;
                if !busy && !done {
                    // The enable bit came after that frame's start, and was taken back unused.
                    self.unit().switch(true, outside.registers);
                    self.work = Work::Armed(job);
                }
            }
            Work::Idle | Work::Counts { .. } | Work::Clearing { .. } => {}
        }
    }

    fn done<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) {
        let Work::Running { job, frame, doubtful } = self.work else { return };
        if self.unit().is_busy(outside.registers) {
            // A second frame is being measured to the same place; it ends with an event too.
            self.work = Work::Running { job, frame, doubtful: true };
            return;
        }
        // If a second frame was measured, its event may have come since; it must not end the next job.
        outside.registers.write(&IRQ0STATUS, self.unit().done);
        self.work = Work::Idle;
        let overflow = self.take_overflow(outside.registers);
        if overflow || job.recovers {
            // A recovery that overflows too is repeated with the same window; what would come to lie
            // behind it the firewall refuses.
            let lost_bytes = self.overflowed.unwrap_or(job.bytes);
            (self.overflowed, self.programmed) = (overflow.then_some(lost_bytes), false);
        }
        let kept = self.unit().address.is_none() || outside.ledger.finish_dma(job.held);
        let buffer = job.held.buffer;
        let statistics = Statistics {
            frame_number: frame.sequence,
            config_counter: job.config_counter,
            timestamp_us: outside.now_us,
            bytes: job.bytes,
        };
        let damaged = doubtful || overflow || job.recovers;
        if self.unit().address.is_none() {
            let end = (job.bytes / 4) as u16;
            let readable = self.wanted && !damaged;
            self.unclean = true;
            self.work = if readable { Work::Counts { next: 0, end } } else { Work::Idle };
        }
        self.put(match (kept && self.wanted, damaged) {
            (false, _) => NextStatistics::Returned { buffer },
            (true, false) => NextStatistics::Filled { buffer, statistics },
            (true, true) => NextStatistics::Damaged { buffer, statistics },
        });
    }

    /// Whether data of this measurement was lost on its way to memory.
    fn take_overflow(&self, registers: &mut impl Registers) -> bool {
        let mask = self.unit().overflow;
        let lost = mask != 0 && registers.read(&sbl::PCR) & mask != 0;
        if lost {
            registers.write(&sbl::PCR, mask);
        }
        lost
    }

    /// The engine does not need the buffer any more, and has not filled it.
    fn give_back<R: Registers, L: Ledger>(&mut self, job: Job, outside: &mut Outside<'_, R, L>) {
        if self.unit().address.is_some() {
            // A refusal means that the ledger has taken the buffer back by itself.
            let _ = outside.ledger.finish_dma(job.held);
        }
        self.work = Work::Idle;
        self.put(NextStatistics::Returned { buffer: job.held.buffer });
    }
}
