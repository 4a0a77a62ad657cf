//! The driver's states: from power on to serving, and what is allowed when.
//!
//! ```text
//!   Off ──power is on──► Resetting ──RESETDONE──► Loading (tables) ──► Up ──┐
//!                            ▲                                              │
//!                            └──── blocks not idle in time at a stop ───────┘
//! ```
//!
//! | call | Off | Resetting, Loading | Up |
//! |---|---|---|---|
//! | describe, default_state, adjust, ping | yes | yes | yes |
//! | start | NotReady | NotReady; Crashed after a stop that failed | yes, one pipeline |
//! | set_crop | NotStreaming | NotStreaming | between two frames |
//! | queue, stop | NotStreaming | NotStreaming; stop goes on | yes |
//! | next_done | yes | yes | yes |
//! | query_control, get_control | yes | yes | yes |
//! | set_control | kept for the next start | kept for the next start | at once |
//! | frame_start | NotStreaming | NotStreaming | once a frame of the stream has started |
//! | xclk | NotReady | NotReady | yes |
//!
//! # Why
//! *No loop waits.* Reset, table loading and stop are polled from the timer, with a bound each; a
//! register access costs microseconds, and 3075 of them in one go would look like a hang.
//!
//! *One pipeline at a time.* All pipelines from a sensor go through the one CCDC.

use drv_isp_regs::main_block::{IRQ0STATUS, REVISION, REVISION_15_0, SYSCONFIG, SYSSTATUS};
use drv_isp_regs::main_block::{sysconfig, sysstatus};
use idl::types::{
    BlockState, ControlDescription, ControlId, FrameFlags, FrameStart, Generation, IspError, Name,
    NextDone, Pipeline, QUEUE_DEPTH, TaskIndex, VideoNode,
};
use sys_abi::TaskId;

use crate::controls::{self, Controls};
use crate::outbox::Outbox;
use crate::program::{self, Path, TABLE_WRITES};
use crate::registers::{Registers, Write, Writer};
use crate::stream::{Held, Ledger, Outside, Stream};
use crate::xclk::Xclk;

/// Polls of RESETDONE before the reset counts as failed (Linux omap3isp: 10,000 us).
const RESET_POLLS_MAX: u32 = 20;
/// Time between polls, and between chunks of tables, in microseconds: the kernel's tick.
const POLL_US: u64 = 1_000;
/// Time without an interrupt after which a running stream looks for events by itself, in
/// microseconds: more than a frame takes, and less than a client waits. So a lost interrupt costs
/// frames and not the stream.
const LOOK_US: u64 = 100_000;
/// Table writes per chunk.
const CHUNK_WRITES: usize = 256;
/// Video nodes that a pipeline of this driver can end in.
const OUTPUTS: usize = 3;

/// How far the driver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Off,
    Resetting { polls_left: u32 },
    Loading { next: usize },
    Up,
}

/// What the glue must tell others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The driver serves from now on.
    pub ready: bool,
    /// This node has something to fetch.
    pub wake: Option<VideoNode>,
    /// A frame has started.
    pub frame_sync: bool,
    /// What was read is nothing that this hardware gives: whatever answers, it is not the ISP.
    pub lost: bool,
}

impl News {
    const NONE: Self = Self { ready: false, wake: None, frame_sync: false, lost: false };
    const LOST: Self = Self { lost: true, ..Self::NONE };
}

/// The driver.
#[derive(Debug)]
pub struct Driver {
    phase: Phase,
    /// Whether `ready` has been said in this life.
    announced: bool,
    /// When to look again.
    look_at_us: Option<u64>,
    stream: Option<Stream>,
    outboxes: [Outbox; OUTPUTS],
    xclk: Xclk,
    controls: Controls,
}

impl Driver {
    /// Nothing is known of the hardware yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            phase: Phase::Off,
            announced: false,
            look_at_us: None,
            stream: None,
            outboxes: [Outbox::new(); OUTPUTS],
            xclk: Xclk::new(),
            controls: Controls::DEFAULT,
        }
    }

    /// Whether the hardware has not been touched yet.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.phase == Phase::Off
    }

    /// When the timer is needed next; `None` = not at all. A deadline stays until the timer has
    /// fired, however often others call meanwhile.
    pub fn deadline_us(&mut self, now_us: u64) -> Option<u64> {
        let stopping = self.stream.as_ref().is_some_and(Stream::is_stopping);
        let polling = matches!(self.phase, Phase::Resetting { .. } | Phase::Loading { .. });
        let pause_us = if polling || stopping { POLL_US } else { LOOK_US };
        let next_us = self.look_at_us.unwrap_or(now_us.saturating_add(pause_us));
        self.look_at_us = (polling || self.stream.is_some()).then_some(next_us);
        self.look_at_us
    }

    /// The domain is on: registers answer. Whatever state they are in, it goes. Lost if it is not
    /// the ISP that the driver knows.
    pub fn power_on(&mut self, registers: &mut impl Registers) -> News {
        if registers.read(&REVISION) != REVISION_15_0 {
            return News::LOST;
        }
        self.reset(registers);
        News::NONE
    }

    /// The timer fired.
    ///
    /// # Panics
    /// If a reset does not end within its bound: the next life gets hardware that power has reset.
    pub fn timer<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) -> News {
        self.look_at_us = None;
        match self.phase {
            Phase::Off => News::NONE,
            Phase::Resetting { polls_left } => self.poll_reset(polls_left, outside),
            Phase::Loading { next } => self.load(next, outside),
            Phase::Up => self.interrupt(outside),
        }
    }

    /// The interrupt came, or none for too long: acknowledges and handles what there is. Lost if the
    /// status has bits that no event has: what was read is not the register.
    pub fn interrupt<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) -> News {
        let Some(stream) = &mut self.stream else { return News::NONE };
        self.look_at_us = None;
        let events = outside.registers.read(&IRQ0STATUS);
        if events & !IRQ0STATUS.writable != 0 {
            return News::LOST;
        }
        outside.registers.write(&IRQ0STATUS, events);
        if stream.is_stopping() {
            return self.poll_stop(outside);
        }
        let path = stream.checked().path;
        let video = stream.checked().video();
        let outbox = &mut self.outboxes[path as usize];
        let before = (outbox.len(), stream.frame_start());
        stream.events(events, outside, outbox);
        News {
            wake: (outbox.len() != before.0).then_some(video),
            frame_sync: stream.frame_start() != before.1,
            ..News::NONE
        }
    }

    /// Starts a pipeline.
    ///
    /// # Errors
    /// `NotReady`, `Crashed`, `Busy` while another runs or stops, `InvalidPipeline`.
    pub fn start(
        &mut self,
        pipeline: &Pipeline,
        registers: &mut impl Registers,
    ) -> Result<(), IspError> {
        match (self.phase, &self.stream) {
            (Phase::Up, None) => {}
            (_, Some(_)) if self.phase != Phase::Up => return Err(IspError::Crashed),
            (_, Some(_)) => return Err(IspError::Busy),
            (_, None) => return Err(IspError::NotReady),
        }
        let checked = program::check(pipeline)?;
        program::configure(&checked, &mut Writer(&mut |write| registers.write_at(write)));
        self.controls.write(registers);
        // What an earlier stream left is not this one's.
        self.outboxes[checked.path as usize] = Outbox::new();
        self.stream = Some(Stream::start(checked, registers));
        Ok(())
    }

    /// Stops a pipeline at the end of the frame. Stopping twice is stopping.
    ///
    /// # Errors
    /// `NotStreaming` if no pipeline runs on that node.
    pub fn stop<R: Registers, L: Ledger>(
        &mut self,
        video: VideoNode,
        outside: &mut Outside<'_, R, L>,
    ) -> Result<News, IspError> {
        let stream = running(&mut self.stream, video)?;
        if !stream.is_stopping() {
            let path = stream.checked().path;
            stream.stop(outside, &mut self.outboxes[path as usize]);
            self.look_at_us = None;
        }
        Ok(self.poll_stop(outside))
    }

    /// One more buffer for a pipeline.
    ///
    /// # Errors
    /// `NotStreaming` if none runs on that node or it is stopping; `QueueFull` if the node has not
    /// fetched enough.
    pub fn queue<R: Registers, L: Ledger>(
        &mut self,
        video: VideoNode,
        held: Held,
        outside: &mut Outside<'_, R, L>,
    ) -> Result<News, IspError> {
        let stream = running(&mut self.stream, video)?;
        if stream.is_stopping() {
            return Err(IspError::NotStreaming);
        }
        let outbox = &mut self.outboxes[stream.checked().path as usize];
        let before = outbox.len();
        if stream.held() + before >= QUEUE_DEPTH {
            return Err(IspError::QueueFull);
        }
        stream.queue(held, outside, outbox);
        Ok(News { wake: (outbox.len() != before).then_some(video), ..News::NONE })
    }

    /// Another crop of the resizer, from the next gap between frames on.
    ///
    /// # Errors
    /// `NotStreaming` if none runs on that node or it is stopping; `InvalidPipeline` if formats
    /// would change or the rules do not give that crop.
    pub fn set_crop<R: Registers, L: Ledger>(
        &mut self,
        video: VideoNode,
        resizer: &BlockState,
        outside: &mut Outside<'_, R, L>,
    ) -> Result<(), IspError> {
        let stream = running(&mut self.stream, video)?;
        if stream.is_stopping() {
            return Err(IspError::NotStreaming);
        }
        let checked = stream.checked().with_crop(resizer)?;
        stream.set_crop(checked, outside);
        Ok(())
    }

    /// What happened on a node.
    ///
    /// # Errors
    /// `NotStreaming` if nothing did and nothing can.
    pub fn next_done(&mut self, video: VideoNode) -> Result<NextDone, IspError> {
        let path = Path::to(video).ok_or(IspError::NotStreaming)?;
        let streaming = self.stream.as_ref().is_some_and(|s| s.checked().path == path);
        self.outboxes[path as usize].next(streaming)
    }

    /// The frame that started last.
    ///
    /// # Errors
    /// `NotStreaming` if none has, or no stream runs.
    pub fn frame_start(&self) -> Result<FrameStart, IspError> {
        self.stream.as_ref().and_then(Stream::frame_start).ok_or(IspError::NotStreaming)
    }

    /// The control of a block at a position.
    ///
    /// # Errors
    /// `NoSuchEntity`; `NoSuchControl` after the last.
    pub fn query_control(&self, entity: &Name, index: u8) -> Result<ControlDescription, IspError> {
        controls::query(entity, index)
    }

    /// The value of a control.
    ///
    /// # Errors
    /// `NoSuchEntity`, `NoSuchControl`.
    pub fn get_control(&self, entity: &Name, id: ControlId) -> Result<i32, IspError> {
        self.controls.get(entity, id)
    }

    /// Sets a control and gives the value after clamping. A running stream shows it at once, also
    /// in the middle of a frame; else the next start takes it.
    ///
    /// # Errors
    /// As [`Driver::get_control`].
    pub fn set_control(
        &mut self,
        entity: &Name,
        id: ControlId,
        value: i32,
        registers: &mut impl Registers,
    ) -> Result<i32, IspError> {
        let value = self.controls.set(entity, id, value)?;
        if self.phase == Phase::Up && self.stream.is_some() {
            self.controls.write(registers);
        }
        Ok(value)
    }

    /// Sets the sensor's clock.
    ///
    /// # Errors
    /// `NotReady`; `Busy` while another task has it.
    pub fn xclk(
        &mut self,
        caller: TaskId,
        frequency_hz: u32,
        registers: &mut impl Registers,
    ) -> Result<u32, IspError> {
        if self.phase != Phase::Up {
            return Err(IspError::NotReady);
        }
        self.xclk.set(caller, frequency_hz, registers)
    }

    /// A task that may have the clock died.
    pub fn client_died(
        &mut self,
        task: TaskIndex,
        generation: Generation,
        registers: &mut impl Registers,
    ) {
        self.xclk.died(task, generation, registers);
    }

    fn reset(&mut self, registers: &mut impl Registers) {
        registers.write(&SYSCONFIG, sysconfig::SOFTRESET.of(1));
        self.phase = Phase::Resetting { polls_left: RESET_POLLS_MAX };
    }

    fn poll_reset<R: Registers, L: Ledger>(
        &mut self,
        polls_left: u32,
        outside: &mut Outside<'_, R, L>,
    ) -> News {
        if !sysstatus::RESETDONE.is_set(outside.registers.read(&SYSSTATUS)) {
            assert!(polls_left > 0, "the reset of the ISP does not end");
            self.phase = Phase::Resetting { polls_left: polls_left - 1 };
            return News::NONE;
        }
        let mut write = |write: Write| outside.registers.write_at(write);
        program::configure_main(self.xclk.divider(), &mut Writer(&mut write));
        self.phase = Phase::Loading { next: 0 };
        News::NONE
    }

    fn load<R: Registers, L: Ledger>(
        &mut self,
        next: usize,
        outside: &mut Outside<'_, R, L>,
    ) -> News {
        let end = TABLE_WRITES.min(next + CHUNK_WRITES);
        (next..end).for_each(|index| outside.registers.write_at(program::table_write(index)));
        if end < TABLE_WRITES {
            self.phase = Phase::Loading { next: end };
            return News::NONE;
        }
        self.phase = Phase::Up;
        // After a reset nothing is in progress: a stream that would not stop has stopped. It is
        // said only now, so that who hears it can start the next one.
        let ended = self.end_stream(FrameFlags::ERROR, outside);
        News { ready: !core::mem::replace(&mut self.announced, true), ..ended }
    }

    fn poll_stop<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) -> News {
        let Some(stream) = &self.stream else { return News::NONE };
        if !stream.is_stopping() || self.phase != Phase::Up {
            return News::NONE;
        }
        match stream.settled(outside) {
            (true, _) => self.end_stream(FrameFlags::default(), outside),
            (false, true) => {
                self.reset(outside.registers);
                News::NONE
            }
            (false, false) => News::NONE,
        }
    }

    fn end_stream<R: Registers, L: Ledger>(
        &mut self,
        flags: FrameFlags,
        outside: &mut Outside<'_, R, L>,
    ) -> News {
        let Some(stream) = self.stream.take() else { return News::NONE };
        let path = stream.checked().path;
        let video = stream.checked().video();
        stream.end(flags, outside, &mut self.outboxes[path as usize]);
        News { wake: Some(video), ..News::NONE }
    }
}

impl Default for Driver {
    fn default() -> Self {
        Self::new()
    }
}

fn running(stream: &mut Option<Stream>, video: VideoNode) -> Result<&mut Stream, IspError> {
    stream.as_mut().filter(|stream| stream.checked().video() == video).ok_or(IspError::NotStreaming)
}

#[cfg(test)]
mod tests;
