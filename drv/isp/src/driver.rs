//! The driver's states: from power on to serving, and what is allowed when.
//!
//! ```text
//!   Off ──power is on──► Resetting ──RESETDONE──► Loading (tables) ──► Up ──┐
//!    ▲                       ▲                                              │
//!    │                       └──── blocks not idle in time at a stop ───────┤
//!    └───── at rest: asked to, or no stream for a while; blocks idle ───────┘
//! ```
//!
//! | call | Off | Resetting, Loading | Up |
//! |---|---|---|---|
//! | describe, default_state, adjust, ping | yes | yes | yes |
//! | start | NotReady; at rest: when power is back | NotReady; Crashed after a stop that failed | yes, as long as no block is shared |
//! | set_crop | NotStreaming | NotStreaming | between two frames |
//! | queue, stop | NotStreaming | NotStreaming; stop goes on | yes; no buffer after a crash: Crashed |
//! | next_done | yes | yes | yes |
//! | query_control, get_control | yes | yes | yes |
//! | set_control | kept for the next start | kept for the next start | at once |
//! | preview_* | kept for the next start | kept for the next start | between two frames |
//! | ccdc_* | kept for the next start | kept for the next start | shadowed ones with the next frame, else Busy |
//! | frame_start | NotStreaming | NotStreaming | once a frame of the stream has started |
//! | statistics_* | kept for the next stream | kept for the next stream | yes |
//! | xclk | NotReady | NotReady | yes |
//!
//! # Why
//! *No loop waits.* Reset, table loading and stop are polled from the timer, with a bound each; a
//! register access costs microseconds, and thousands of them in one go would look like a hang.
//!
//! *At rest nothing is touched.* The domain may lose its power, and with it every register; the
//! pipelines, their buffers and what was set are kept. Frames in progress are finished, and after power
//! is back everything is written again: a reset, the tables, the pipelines, the controls, the next
//! buffers. So suspend and idle gating end no life, and clients see a pause.
//!
//! *Frames have a deadline.* A lost interrupt is found by looking after two frames; when no frame has
//! started for four, the node is told, so that its clients need not wait for their own time-out.
//!
//! *Pipelines share no block*, so there are at most four: from the sensor or the memory channel of CCP2
//! there is one CCDC, from the serial line one receiver CSI2a, from memory one preview engine and one
//! resizer.
//!
//! *A block that does not stop is marked, not reset, while others work.* The reset takes the whole ISP.
//! The marked block is kept off its buffers by the ledger (their windows are shut), pipelines that need
//! it are refused, and the last pipeline that ends takes the reset with it, which clears the marks. It
//! comes when the time for that stop is over: the sensor, which is stopped meanwhile, loses its clock.
//! A CCDC is marked while it streams, too: see [`crate::ccdc_watch`].

mod config;
mod corrections;
mod crash;
mod power;

use drv_isp_regs::main_block::{IRQ0ENABLE, IRQ0STATUS};
use idl::types::{
    BlockState, ControlDescription, ControlId, Drained, FrameFlags, FrameStart, Generation,
    IspError, Name, Pipeline, QUEUE_DEPTH, ReadTiming, TaskIndex, VideoNode,
};
use sys_abi::TaskId;

use crate::config::Config;
use crate::controls::{self, Controls};
use crate::corrections::Corrections;
use crate::outbox::{Nodes, Outbox, Outboxes};
use crate::program::{self, Blocks, Route};
use crate::registers::Registers;
use crate::running::Running;
use crate::statistics::Engines;
use crate::stream::{Held, Ledger, Outside};
use crate::xclk::Xclk;

/// Time between polls, and between chunks of tables, in microseconds: the kernel's tick.
const POLL_US: u64 = 1_000;
/// Most pipelines at a time: each needs one of the four blocks at its end.
const PIPELINES_MAX: usize = 4;

/// How far the driver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Off,
    Resetting { polls_left: u32 },
    Loading,
    Up,
}

/// What the glue must tell others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The driver serves from now on.
    pub ready: bool,
    /// These nodes have something to fetch.
    pub wake: Nodes,
    /// A frame has started.
    pub frame_sync: bool,
    /// Power is to know that no register is touched any more.
    pub at_rest: bool,
    /// Power is wanted again.
    pub power_wanted: bool,
    /// What was read is nothing that this hardware gives: whatever answers, it is not the ISP.
    pub lost: bool,
}

impl News {
    const NONE: Self = Self {
        ready: false,
        wake: Nodes::NONE,
        frame_sync: false,
        at_rest: false,
        power_wanted: false,
        lost: false,
    };
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
    /// To come to rest as soon as the blocks are idle.
    rest_wanted: bool,
    /// Time without a pipeline after which it comes to rest by itself, in microseconds; 0 = never.
    idle_us: u64,
    running: [Option<Running>; PIPELINES_MAX],
    outboxes: Outboxes,
    /// Blocks that did not stop in time, or hang; nobody uses them before the next reset.
    crashed: Blocks,
    /// What the buffers of a pipeline that waits for the reset are marked with.
    ends_with: FrameFlags,
    xclk: Xclk,
    controls: Controls,
    /// What the functions of the preview engine do.
    config: Config,
    /// What the CCDC corrects.
    corrections: Corrections,
    /// The statistics engines.
    pub statistics: Engines,
}

impl Driver {
    /// Nothing is known of the hardware yet. After `idle_us` microseconds without a pipeline the
    /// driver comes to rest; 0 = never.
    #[must_use]
    pub const fn new(idle_us: u64) -> Self {
        Self {
            phase: Phase::Off,
            announced: false,
            look_at_us: None,
            rest_wanted: false,
            idle_us,
            running: [const { None }; PIPELINES_MAX],
            outboxes: Outboxes::new(),
            crashed: Blocks::NONE,
            ends_with: FrameFlags(0),
            xclk: Xclk::new(),
            controls: Controls::DEFAULT,
            config: Config::new(),
            corrections: Corrections::new(),
            statistics: Engines::new(),
        }
    }

    /// The domain is given back after so long without a pipeline, in microseconds; 0 = never.
    pub const fn rest_after(&mut self, idle_us: u64) {
        self.idle_us = idle_us;
    }

    /// Whether [`Driver::power_on`] is to follow when the domain is on: the hardware has not been
    /// touched since it had no power, or is about to rest.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.phase == Phase::Off || self.rest_wanted
    }

    /// When the timer is needed next; `None` = not at all. A deadline stays until the timer has
    /// fired, however often others call meanwhile.
    pub fn deadline_us(&mut self, now_us: u64) -> Option<u64> {
        let soon = self.rest_wanted || self.statistics.need_time() || self.is_loading();
        // A lost interrupt costs frames and not the stream.
        let pause = |running: &Running| match running.is_stopping() || running.is_draining() {
            true => POLL_US,
            false => running.look_us(now_us),
        };
        let pause_us = match self.phase {
            Phase::Off => None,
            Phase::Resetting { .. } | Phase::Loading => Some(POLL_US),
            Phase::Up if soon => Some(POLL_US),
            Phase::Up => {
                let idle_us = Some(self.idle_us).filter(|idle_us| *idle_us != 0);
                self.running.iter().flatten().map(pause).min().or(idle_us)
            }
        };
        let latest_us = pause_us.map(|pause_us| now_us.saturating_add(pause_us));
        let known_us = self.look_at_us.unwrap_or(u64::MAX);
        self.look_at_us = latest_us.map(|latest_us| latest_us.min(known_us));
        self.look_at_us
    }

    /// The timer fired, at the deadline or before it; without one (an interrupt in the same turn came
    /// first) there is nothing to do.
    ///
    /// # Panics
    /// If a reset does not end within its bound: the next life gets hardware that power has reset.
    pub fn timer<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) -> News {
        if self.look_at_us.is_none_or(|look_at_us| outside.now_us < look_at_us) {
            return News::NONE;
        }
        self.look_at_us = None;
        match self.phase {
            Phase::Off => News::NONE,
            Phase::Resetting { polls_left } => self.poll_reset(polls_left, outside),
            Phase::Loading => self.load(outside),
            Phase::Up if self.rest_wanted => self.poll_rest(outside),
            // It has been idle.
            Phase::Up if !self.is_running() && self.idle_us != 0 => self.rest(outside),
            Phase::Up => {
                self.statistics.tick(outside);
                self.interrupt(outside)
            }
        }
    }

    /// The interrupt came, or none for too long: acknowledges and handles what there is. Lost if the
    /// status has bits that no event has: what was read is not the register.
    pub fn interrupt<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) -> News {
        // Before the tables are loaded nothing is left to acknowledge; at rest nothing may be.
        if self.phase != Phase::Up || !self.is_running() {
            return News::NONE;
        }
        self.look_at_us = None;
        let events = outside.registers.read(&IRQ0STATUS);
        if events & !IRQ0STATUS.writable != 0 {
            return News::LOST;
        }
        outside.registers.write(&IRQ0STATUS, events);
        self.poll_crashes(events, outside);
        let (mut frame_sync, mut frame) = (false, None);
        let expected_us = u64::from(self.xclk.frame_us());
        for running in self.running.iter_mut().flatten() {
            let before = running.frame_start();
            running.events(events, outside, &mut self.outboxes);
            running.check_deadline(outside.now_us, expected_us, &mut self.outboxes);
            frame_sync |= running.frame_start() != before;
            if !running.is_stopping() && !running.run().has_crashed() {
                frame = frame.or(running.frame_start());
            }
        }
        self.statistics.events(events, frame, outside);
        self.take_configuration(outside);
        News { frame_sync, ..self.poll_stops(outside) }
    }

    /// Starts a pipeline; at rest, as soon as power is back. Both of its nodes are to be told.
    ///
    /// # Errors
    /// `NotReady`; `Crashed` if a block is marked; `Busy` while another pipeline has one of its
    /// blocks; `InvalidPipeline`.
    pub fn start<R: Registers, L: Ledger>(
        &mut self,
        pipeline: &Pipeline,
        outside: &mut Outside<'_, R, L>,
    ) -> Result<News, IspError> {
        let is_up = self.phase == Phase::Up;
        let mut others = self.running.iter().flatten();
        if !is_up && !others.all(|running| running.run().is_parked()) {
            return Err(IspError::Crashed);
        }
        // A life that has served before is at rest, or on its way back.
        if !is_up && !self.announced {
            return Err(IspError::NotReady);
        }
        let checked = program::check(pipeline)?;
        let blocks = checked.route.blocks();
        if is_up && blocks.overlap(self.crashed) {
            return Err(IspError::Crashed);
        }
        if self.running.iter().flatten().any(|other| other.blocks().overlap(blocks)) {
            return Err(IspError::Busy);
        }
        // Pipelines that share no block are at most as many.
        let free = self.running.iter().position(Option::is_none).ok_or(IspError::Busy)?;
        for video in [Some(checked.video()), checked.input()].into_iter().flatten() {
            // What an earlier stream left is not this one's.
            *self.outboxes.of(video) = Outbox::new();
            self.outboxes.of(video).wake();
        }
        self.running[free] = Some(Running::new(checked));
        let power_wanted = !is_up || self.rest_wanted;
        if !power_wanted {
            self.go_on(free, outside);
        }
        self.look_at_us = None;
        Ok(News { power_wanted, ..self.news() })
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
        let running = serving(&mut self.running, video)?;
        if running.is_live() && !running.is_stopping() {
            self.statistics.stream_stops(outside);
        }
        running.stop(outside, &mut self.outboxes);
        self.look_at_us = None;
        if self.phase == Phase::Off {
            self.end_stopping(FrameFlags::default(), outside);
        }
        Ok(self.poll_stops(outside))
    }

    /// One more buffer for a pipeline; of a buffer to read, with its time and the pace of reading.
    ///
    /// # Errors
    /// `NotStreaming` if none runs on that node or it is stopping; `Crashed` if a block of it has,
    /// while it ran; `QueueFull` if the node has not fetched enough.
    pub fn queue<R: Registers, L: Ledger>(
        &mut self,
        video: VideoNode,
        (held, timing): (Held, ReadTiming),
        outside: &mut Outside<'_, R, L>,
    ) -> Result<News, IspError> {
        let running = serving(&mut self.running, video)?;
        if running.is_stopping() {
            return Err(IspError::NotStreaming);
        }
        if running.run().has_crashed() {
            return Err(IspError::Crashed);
        }
        if running.held(video) + self.outboxes.of(video).len() >= QUEUE_DEPTH {
            return Err(IspError::QueueFull);
        }
        running.queue(video, (held, timing), outside, &mut self.outboxes);
        Ok(self.news())
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
        let running = serving(&mut self.running, video)?;
        if running.is_stopping() {
            return Err(IspError::NotStreaming);
        }
        let checked = running.checked().with_crop(resizer)?;
        running.set_crop(checked, outside);
        Ok(())
    }

    /// What happened on a node.
    ///
    /// # Errors
    /// `NotStreaming` if nothing did and nothing can.
    pub fn next_done(&mut self, video: VideoNode) -> Result<Drained, IspError> {
        let Self { outboxes, running, .. } = self;
        outboxes.of(video).next(|| serving(running, video).is_ok())
    }

    /// The frame that started last.
    ///
    /// # Errors
    /// `NotStreaming` if none has, or no stream runs.
    pub fn frame_start(&self) -> Result<FrameStart, IspError> {
        let mut live = self.running.iter().flatten().filter_map(Running::frame_start);
        live.next().ok_or(IspError::NotStreaming)
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
        self.config.follow(id, value as u8);
        let uses = |running: &Running| running.blocks().overlap(Blocks::PREVIEW);
        let in_use = self.running.iter().flatten().any(uses);
        if self.phase == Phase::Up && in_use && !self.crashed.overlap(Blocks::PREVIEW) {
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

    /// Frames of the sensor take so long from now on.
    ///
    /// # Errors
    /// `NotReady` unless the caller has the clock.
    pub fn expect_frames(&mut self, caller: TaskId, interval_us: u32) -> Result<(), IspError> {
        self.xclk.expect_frames(caller, interval_us)
    }

    /// A task that may have the clock died.
    pub fn client_died(
        &mut self,
        task: TaskIndex,
        generation: Generation,
        registers: &mut impl Registers,
    ) {
        if self.phase == Phase::Off {
            self.xclk.forget(task, generation);
        } else {
            self.xclk.died(task, generation, registers);
        }
    }

    fn is_running(&self) -> bool {
        self.running.iter().any(Option::is_some)
    }

    /// Ends what has stopped, and what has had its time for it.
    fn poll_stops<R: Registers, L: Ledger>(&mut self, outside: &mut Outside<'_, R, L>) -> News {
        for index in 0..PIPELINES_MAX {
            let stopping = self.running[index].as_ref().filter(|running| running.is_stopping());
            if self.phase != Phase::Up {
                break;
            }
            let Some(running) = stopping else { continue };
            let (busy, late) = running.settled(self.crashed, outside);
            let measuring = running.is_live() && self.statistics.are_measuring();
            match (if measuring { busy.and(Blocks::STATISTICS) } else { busy }, late) {
                // The sensor's clock goes with a reset: it gets the whole time to stop.
                (Blocks::NONE, false) if self.ends_in_reset() => {}
                (Blocks::NONE, _) => self.leave(index, FrameFlags::default(), outside),
                (stuck, true) => {
                    self.crashed = self.crashed.and(stuck);
                    self.leave(index, FrameFlags::ERROR, outside);
                }
                (_, false) => {}
            }
        }
        self.news()
    }

    /// A pipeline ends. If a block is marked and nobody else works, a reset comes before that.
    fn leave<R: Registers, L: Ledger>(
        &mut self,
        index: usize,
        flags: FrameFlags,
        outside: &mut Outside<'_, R, L>,
    ) {
        if !self.ends_in_reset() {
            return self.end(index, flags, outside);
        }
        self.ends_with = flags;
        self.reset(outside.registers);
    }

    /// Whether a block is marked, and the next pipeline that ends is the last.
    fn ends_in_reset(&self) -> bool {
        self.crashed != Blocks::NONE && self.running.iter().flatten().count() == 1
    }

    /// At rest nothing has to become idle before a pipeline ends.
    fn end_stopping<R: Registers, L: Ledger>(
        &mut self,
        flags: FrameFlags,
        outside: &mut Outside<'_, R, L>,
    ) {
        for index in 0..PIPELINES_MAX {
            if self.running[index].as_ref().is_some_and(Running::is_stopping) {
                self.end(index, flags, outside);
            }
        }
    }

    fn end<R: Registers, L: Ledger>(
        &mut self,
        index: usize,
        flags: FrameFlags,
        outside: &mut Outside<'_, R, L>,
    ) {
        let Some(running) = self.running[index].take() else { return };
        let route = running.checked().route;
        if running.is_live() {
            self.statistics.stream_ended(outside);
        }
        running.end(flags, outside, &mut self.outboxes);
        if self.phase != Phase::Off {
            if matches!(route, Route::Serial(_)) {
                program::csi2a::switch_off(outside.registers);
            }
            outside.registers.write(&IRQ0ENABLE, self.wanted_events());
        }
        self.take_configuration(outside);
    }

    /// The events that the pipelines need whose frames start.
    fn wanted_events(&self) -> u32 {
        let running = self.running.iter().flatten().filter(|running| !running.run().is_parked());
        running.fold(0, |events, running| events | running.checked().route.events())
    }

    fn news(&mut self) -> News {
        News { wake: self.outboxes.take_news(), ..News::NONE }
    }
}

impl Default for Driver {
    fn default() -> Self {
        Self::new(0)
    }
}

/// The pipeline with that node at one of its ends.
fn serving(running: &mut [Option<Running>], video: VideoNode) -> Result<&mut Running, IspError> {
    let mut all = running.iter_mut().flatten();
    all.find(|running| running.serves(video)).ok_or(IspError::NotStreaming)
}

#[cfg(test)]
mod tests;
