//! A running pipeline from memory to memory: one frame at a time.
//!
//! ```text
//!   input node  ─► inputs  ─┐ both have one: windows open, addresses, enable      all events are there
//!   output node ─► outputs ─┴──────────────────────────────────────────► job ─────────────────────► outboxes
//!                     │                                                   │
//!                     └───────────────── stop: cancelled ─────────────────┴─ once idle
//! ```
//!
//! # Why
//! *A job settles as a unit.* Both of its buffers come back with the same number, time and flags: done,
//! damaged, or cancelled.
//!
//! *What the hardware says of its own damage marks the job*: lost lines, an error of the channel that
//! reads, and requests that the DMA firewall refused. That event does not say whose request it was, so
//! it marks what is under way in every pipeline.
//!
//! *A crop waits for the gap between two jobs*, which the driver makes itself, so nothing can be torn.
//!
//! *The CCDC has no event after the last pixel.* Once all other events of its job are there it has a few
//! writes left at most; the driver looks again until they are done.
//!
//! *A job waits for its time*, if its client limits the frame rate of what it queues (S_PARM). omap3isp
//! lets the blocks read more slowly instead (SDR_REQ_EXP of the shared buffer logic). That reaches 1023
//! times 32 cycles between two bursts, 0.4 s for a picture 640x480 and less for smaller ones, while a
//! wait reaches any interval.
//!
//! *A job has no time limit.* One that does not end is a stalled stream, which the client notices and
//! stops; the stop has its limit.

use drv_isp_regs::main_block::irq;
use idl::types::{FrameDone, FrameFlags, QUEUE_DEPTH, ReadTiming, VideoNode};

use crate::fifo::Fifo;
use crate::outbox::Outboxes;
use crate::program::{self, Blocks, Checked, MemoryPath};
use crate::registers::{Registers, Writer};
use crate::run::Run;
use crate::stream::{Held, Ledger, Outside, take_overflows};

/// A buffer to read, its time, and when it may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Source {
    held: Held,
    timing: ReadTiming,
}

/// The frame in the hardware.
#[derive(Clone, Copy, Debug)]
struct Job {
    source: Source,
    target: Held,
    /// Events that have not come yet.
    events_left: u32,
    /// A part of what was to be read did not come, or of what was made did not reach memory.
    damaged: bool,
}

/// A running (or stopping) pipeline from memory.
#[derive(Debug)]
pub struct Jobs {
    checked: Checked,
    path: MemoryPath,
    inputs: Fifo<Source, QUEUE_DEPTH>,
    outputs: Fifo<Held, QUEUE_DEPTH>,
    job: Option<Job>,
    /// Jobs so far.
    sequence: u32,
    /// When the last one began, in microseconds since boot.
    begun_us: Option<u64>,
    /// The resizer has not been told of the crop of `checked` yet.
    crop_waits: bool,
    /// No further job begins: the preview engine is being configured, or will be after the one in the hardware.
    pub held: bool,
    /// What it is told to do.
    pub run: Run,
}

impl Jobs {
    /// A pipeline along `path` that is configured and has no buffer yet.
    pub const fn new(checked: Checked, path: MemoryPath) -> Self {
        Self {
            checked,
            path,
            inputs: Fifo::new(),
            outputs: Fifo::new(),
            job: None,
            sequence: 0,
            begun_us: None,
            crop_waits: false,
            held: false,
            run: Run::Parked { by_us: 0 },
        }
    }

    /// What runs.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// The blocks that are still in the middle of a frame.
    pub fn busy(&self, registers: &mut impl Registers) -> Blocks {
        self.path.busy(registers)
    }

    /// Whether a job only waits for the last writes, which nothing tells of.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.job.is_some_and(|job| job.events_left == 0)
    }

    /// Buffers of one of its nodes that it holds.
    #[must_use]
    pub fn held(&self, video: VideoNode) -> usize {
        let waiting =
            if video == self.path.input() { self.inputs.len() } else { self.outputs.len() };
        waiting + usize::from(self.job.is_some())
    }

    /// One more buffer of one of its nodes. The caller has checked that there is room.
    pub fn queue<R: Registers, L: Ledger>(
        &mut self,
        video: VideoNode,
        (held, timing): (Held, ReadTiming),
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        let room = if video == self.path.input() {
            self.inputs.push(Source { held, timing })
        } else {
            self.outputs.push(held)
        };
        assert!(room, "the caller checks QUEUE_DEPTH");
        self.begin(outside, outboxes);
    }

    /// Runs with another crop of the resizer from the next job on.
    pub fn set_crop(&mut self, checked: Checked) {
        self.checked = checked;
        self.crop_waits = true;
    }

    /// Lets no further job begin; `false` if one is in the hardware: its end comes back here.
    pub const fn hold(&mut self) -> bool {
        self.held = true;
        self.job.is_none()
    }

    /// Jobs begin again.
    pub fn release<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        self.held = false;
        self.begin(outside, outboxes);
    }

    /// Events of IRQ0STATUS, acknowledged.
    pub fn events<R: Registers, L: Ledger>(
        &mut self,
        events: u32,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        let Some(job) = &mut self.job else {
            // The time of the next one may have come.
            return self.begin(outside, outboxes);
        };
        let (done, failed) = self.path.take_events(events, outside.registers);
        job.events_left &= !done;
        job.damaged |= failed || irq::MMU_ERR.is_set(events);
        if job.events_left != 0 || !self.path.has_written(outside.registers) {
            return;
        }
        let damaged = job.damaged | take_overflows(self.path.blocks(), outside.registers);
        self.path.disable(outside.registers);
        let flags = if damaged { FrameFlags::ERROR } else { FrameFlags::default() };
        self.settle(flags, outside, outboxes);
        self.begin(outside, outboxes);
    }

    /// Begins no further job; what waited is cancelled at once.
    pub fn stop<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        if !self.run.is_parked() {
            self.path.disable(outside.registers);
        }
        self.run = self.run.stop(outside.now_us);
        while let Some(source) = self.inputs.pop() {
            outboxes.of(self.path.input()).push(cancelled(source.held, FrameFlags::default()));
        }
        while let Some(held) = self.outputs.pop() {
            outboxes.of(self.checked.video()).push(cancelled(held, FrameFlags::default()));
        }
    }

    /// Whatever it was in the middle of was cut off: it comes back, marked.
    pub fn cut_off<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        self.settle(FrameFlags::ERROR, outside, outboxes);
    }

    /// After a park, the pipeline is configured anew: goes on with what waits.
    pub fn go_on<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        self.cut_off(outside, outboxes);
        (self.run, self.crop_waits) = (Run::On, false);
        self.begin(outside, outboxes);
    }

    /// The hardware is idle, or is kept off the buffers from now on: gives back what it had, and ends.
    pub fn end<R: Registers, L: Ledger>(
        mut self,
        flags: FrameFlags,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        self.settle(FrameFlags(flags.0 | FrameFlags::CANCELLED.0), outside, outboxes);
        outboxes.of(self.path.input()).stop();
        outboxes.of(self.checked.video()).stop();
    }

    /// Begins a job if there is none and both nodes have given a buffer.
    fn begin<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        while self.due_in_us(outside.now_us) == Some(0)
            && let Some((source, target)) = self.take_pair()
        {
            let read = outside.ledger.start_read(source.held, self.checked.input_bytes);
            let written = read.and_then(|_| outside.ledger.start_dma(target, self.checked.bytes));
            let (Some(input), Some(output)) = (read, written) else {
                if read.is_some() {
                    // A refusal means that the ledger has taken the buffer back by itself.
                    let _ = outside.ledger.finish_dma(source.held);
                }
                outboxes.of(self.path.input()).push(cancelled(source.held, FrameFlags::ERROR));
                outboxes.of(self.checked.video()).push(cancelled(target, FrameFlags::ERROR));
                continue;
            };
            self.begun_us = Some(outside.now_us);
            let events_left = self.path.done_events();
            self.job = Some(Job { source, target, events_left, damaged: false });
            self.run_job((input, output), outside.registers);
        }
    }

    /// How long the job that both nodes have given a buffer for has to wait until it may begin, in
    /// microseconds; `None` if there is no such job, or one is in the hardware.
    #[must_use]
    pub fn due_in_us(&self, now_us: u64) -> Option<u64> {
        let may_begin = self.job.is_none() && self.run.is_on() && !self.held;
        let source = self.inputs.first().filter(|_| may_begin && self.outputs.len() > 0)?;
        let interval_us = u64::from(source.timing.interval.as_us());
        let due_us = self.begun_us.map_or(0, |begun_us| begun_us.saturating_add(interval_us));
        Some(due_us.saturating_sub(now_us))
    }

    fn take_pair(&mut self) -> Option<(Source, Held)> {
        if self.inputs.len() == 0 || self.outputs.len() == 0 {
            return None;
        }
        self.inputs.pop().zip(self.outputs.pop())
    }

    fn run_job(&mut self, addresses: (u32, u32), registers: &mut impl Registers) {
        let resizer = self.checked.pipeline.resizer;
        if core::mem::take(&mut self.crop_waits)
            && let Some(state) = &resizer
        {
            let mut write = |write| registers.write_at(write);
            program::configure_crop(&self.checked, state, &mut Writer(&mut write));
        }
        let input = self.checked.pipeline.input.memory();
        let stride_bytes = input.map_or(0, |format| format.stride_bytes);
        self.path.run(addresses, (resizer.as_ref(), stride_bytes), registers);
    }

    /// Both buffers of the job come back, with the same word on them.
    fn settle<R: Registers, L: Ledger>(
        &mut self,
        flags: FrameFlags,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        let Some(Job { source, target, .. }) = self.job.take() else { return };
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let finished = [source.held, target].map(|held| outside.ledger.finish_dma(held));
        // A refusal means that the ledger has taken a buffer back by itself.
        let lost = FrameFlags(FrameFlags::ERROR.0 | FrameFlags::CANCELLED.0);
        let flags = if finished == [true; 2] { flags } else { lost };
        let done = |held: Held, bytes: u32| FrameDone {
            pool: held.pool,
            buffer: held.buffer,
            sequence,
            timestamp_us: source.timing.timestamp_us,
            bytes_used: if flags.contains(FrameFlags::CANCELLED) { 0 } else { bytes },
            flags,
        };
        outboxes.of(self.path.input()).push(done(source.held, self.checked.input_bytes));
        outboxes.of(self.checked.video()).push(done(target, self.checked.bytes));
    }
}

/// A buffer that hardware never had.
fn cancelled(held: Held, flags: FrameFlags) -> FrameDone {
    FrameDone {
        pool: held.pool,
        buffer: held.buffer,
        sequence: 0,
        timestamp_us: 0,
        bytes_used: 0,
        flags: FrameFlags(flags.0 | FrameFlags::CANCELLED.0),
    }
}
