//! A running pipeline, from the sensor or from memory.

use idl::types::{FrameFlags, FrameStart, ReadTiming, VideoNode};

use crate::frame_clock::LOOK_US;
use crate::jobs::Jobs;
use crate::outbox::Outboxes;
use crate::program::{Blocks, Checked, Route};
use crate::reception::Reception;
use crate::registers::Registers;
use crate::run::Run;
use crate::stream::{Held, Ledger, Outside, Stream};

/// A running (or stopping) pipeline.
#[allow(clippy::large_enum_variant, reason = "there are four of them, and no heap to put them on")]
#[derive(Debug)]
pub enum Running {
    /// From the sensor, through the CCDC.
    Live(Stream),
    /// From the serial line of the sensor to memory.
    Received(Reception),
    /// From memory.
    Memory(Jobs),
}

impl Running {
    /// A pipeline of which the hardware knows nothing yet: parked, without a buffer.
    #[must_use]
    pub const fn new(checked: Checked) -> Self {
        match checked.route {
            Route::Live(path) | Route::Serial(path) => Self::Live(Stream::new(checked, path)),
            Route::Csi2a => Self::Received(Reception::new(checked)),
            Route::Memory(path) => Self::Memory(Jobs::new(checked, path)),
        }
    }

    /// What runs.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        match self {
            Self::Live(stream) => stream.checked(),
            Self::Received(reception) => reception.checked(),
            Self::Memory(jobs) => jobs.checked(),
        }
    }

    /// Whether one of its ends is this node.
    #[must_use]
    pub fn serves(&self, video: VideoNode) -> bool {
        let checked = self.checked();
        checked.video() == video || checked.input() == Some(video)
    }

    /// Its blocks.
    #[must_use]
    pub const fn blocks(&self) -> Blocks {
        self.checked().route.blocks()
    }

    /// Whether it runs from the sensor through the CCDC: frame sync and statistics are of such frames.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// What it is told to do.
    #[must_use]
    pub const fn run(&self) -> Run {
        match self {
            Self::Live(stream) => stream.run,
            Self::Received(reception) => reception.run,
            Self::Memory(jobs) => jobs.run,
        }
    }

    /// Whether it has been told to stop.
    #[must_use]
    pub const fn is_stopping(&self) -> bool {
        self.run().is_stopping()
    }

    /// Lets no further frame start, for a while, unless it is stopping.
    pub fn park<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) {
        match self {
            _ if self.is_stopping() || self.run().has_crashed() => {}
            Self::Live(stream) => stream.park(outside),
            Self::Received(reception) => reception.park(outside),
            Self::Memory(jobs) => jobs.run = Run::park(outside.now_us),
        }
    }

    /// The hardware is about to be reset.
    pub fn park_now(&mut self) {
        match self {
            Self::Live(stream) => stream.run = stream.run.park_now(),
            Self::Received(reception) => reception.park_now(),
            Self::Memory(jobs) => jobs.run = jobs.run.park_now(),
        }
    }

    /// After [`Running::park`], the hardware is `idle`, or will not be: what is left of the frame in
    /// progress comes back.
    pub fn finish_last<R: Registers, L: Ledger>(
        &mut self,
        idle: bool,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        let video = self.checked().video();
        match self {
            Self::Live(stream) => stream.finish_last(idle, outside, outboxes.of(video)),
            Self::Received(reception) => reception.cut_off(outside, outboxes.of(video)),
            Self::Memory(jobs) => jobs.cut_off(outside, outboxes),
        }
    }

    /// The pipeline is configured, its events are asked for: frames start.
    pub fn go_on<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        let video = self.checked().video();
        match self {
            Self::Live(stream) => stream.go_on(outside, outboxes.of(video)),
            Self::Received(reception) => reception.go_on(outside, outboxes.of(video)),
            Self::Memory(jobs) => jobs.go_on(outside, outboxes),
        }
    }

    /// Whether it waits for something that no interrupt tells of.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        match self {
            Self::Live(_) | Self::Received(_) => false,
            Self::Memory(jobs) => jobs.is_draining(),
        }
    }

    /// Buffers of one of its nodes that it holds.
    #[must_use]
    pub fn held(&self, video: VideoNode) -> usize {
        match self {
            Self::Live(stream) => stream.held(),
            Self::Received(reception) => reception.held(),
            Self::Memory(jobs) => jobs.held(video),
        }
    }

    /// Time without an interrupt after which to look for events, or whether the next job is due, in
    /// microseconds.
    #[must_use]
    pub fn look_us(&self, now_us: u64) -> u64 {
        match self {
            Self::Live(stream) => stream.look_us(now_us),
            Self::Received(reception) => reception.look_us(),
            Self::Memory(jobs) => {
                jobs.due_in_us(now_us).map_or(LOOK_US, |due_us| due_us.min(LOOK_US))
            }
        }
    }

    /// Says so if the sensor has been silent for too long.
    pub fn check_deadline(&mut self, now_us: u64, expected_us: u64, outboxes: &mut Outboxes) {
        let video = self.checked().video();
        match self {
            Self::Live(stream) => stream.check_deadline(now_us, expected_us, outboxes.of(video)),
            Self::Received(reception) => {
                reception.check_deadline(now_us, expected_us, outboxes.of(video))
            }
            Self::Memory(_) => {}
        }
    }

    /// Takes events of IRQ0STATUS, before [`Running::events`]: the blocks that hang, by what they say.
    pub fn hanging<R: Registers, L>(
        &mut self,
        events: u32,
        outside: &mut Outside<'_, R, L>,
    ) -> Blocks {
        let hangs = match self {
            Self::Live(stream) => stream.ccdc_hangs(events, outside.now_us, outside.registers),
            Self::Memory(jobs) => jobs.ccdc_hangs(outside.now_us, outside.registers),
            Self::Received(_) => false,
        };
        if hangs { Blocks::CCDC } else { Blocks::NONE }
    }

    /// One of its blocks has crashed: its buffers come back, and it takes none until it is told to stop.
    pub fn crash<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        let video = self.checked().video();
        match self {
            Self::Live(stream) => stream.crash(outside, outboxes.of(video)),
            Self::Memory(jobs) => jobs.crash(outside, outboxes),
            // No block of it hangs so.
            Self::Received(_) => {}
        }
    }

    /// The frame of the sensor that started last.
    #[must_use]
    pub const fn frame_start(&self) -> Option<FrameStart> {
        match self {
            Self::Live(stream) => stream.frame_start(),
            Self::Received(_) | Self::Memory(_) => None,
        }
    }

    /// One more buffer. The caller has checked that there is room.
    pub fn queue<R: Registers, L: Ledger>(
        &mut self,
        video: VideoNode,
        (held, timing): (Held, ReadTiming),
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        match self {
            Self::Live(stream) => stream.queue(held, outside, outboxes.of(video)),
            Self::Received(reception) => reception.queue(held, outside, outboxes.of(video)),
            Self::Memory(jobs) => jobs.queue(video, (held, timing), outside, outboxes),
        }
    }

    /// Another crop of the resizer, from the next gap between frames on.
    pub fn set_crop<R: Registers, L>(&mut self, checked: Checked, outside: &mut Outside<'_, R, L>) {
        match self {
            Self::Live(stream) => stream.set_crop(checked, outside),
            // It has no crop, and a pipeline without one has none to change.
            Self::Received(_) => {}
            Self::Memory(jobs) => jobs.set_crop(checked),
        }
    }

    /// Lets no frame of the preview engine start before [`Running::release`]; `false` if one is in
    /// progress, or has been without that its events are handled.
    pub fn hold<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) -> bool {
        match self {
            Self::Live(stream) => stream.hold(outside),
            // It has no preview engine.
            Self::Received(_) => true,
            Self::Memory(jobs) => jobs.hold(),
        }
    }

    /// Whether frames of the preview engine wait for [`Running::release`] from the start on.
    pub fn set_held(&mut self, held: bool) {
        match self {
            Self::Live(stream) => stream.held = held,
            Self::Received(_) => {}
            Self::Memory(jobs) => jobs.held = held,
        }
    }

    /// After [`Running::hold`]: the engine is configured, frames start.
    pub fn release<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        let video = self.checked().video();
        match self {
            Self::Live(stream) => stream.release(outside, outboxes.of(video)),
            Self::Received(_) => {}
            Self::Memory(jobs) => jobs.release(outside, outboxes),
        }
    }

    /// Events of IRQ0STATUS, acknowledged. They mean nothing any more once it has crashed or is stopping.
    pub fn events<R: Registers, L: Ledger>(
        &mut self,
        events: u32,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        if self.is_stopping() || self.run().has_crashed() {
            return;
        }
        let video = self.checked().video();
        match self {
            Self::Live(stream) => stream.events(events, outside, outboxes.of(video)),
            Self::Received(reception) => reception.events(events, outside, outboxes.of(video)),
            Self::Memory(jobs) => jobs.events(events, outside, outboxes),
        }
    }

    /// Lets no further frame start; what waited is cancelled at once. Stopping twice is stopping.
    pub fn stop<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        if self.is_stopping() {
            return;
        }
        let video = self.checked().video();
        match self {
            Self::Live(stream) => stream.stop(outside, outboxes.of(video)),
            Self::Received(reception) => reception.stop(outside, outboxes.of(video)),
            Self::Memory(jobs) => jobs.stop(outside, outboxes),
        }
    }

    /// What has become of it after [`Running::stop`]: the blocks that are still in the middle of a
    /// frame, those aside that have `crashed`, and whether they have had their time.
    pub fn settled<R: Registers, L>(
        &self,
        crashed: Blocks,
        outside: &mut Outside<'_, R, L>,
    ) -> (Blocks, bool) {
        let busy = match self {
            Self::Live(stream) => stream.busy(outside.registers),
            Self::Received(reception) => reception.busy(outside.registers),
            Self::Memory(jobs) => jobs.busy(outside.registers),
        };
        let busy = busy.without(crashed);
        (busy, self.run().is_late(busy, outside.now_us))
    }

    /// The hardware is idle, or is kept off the buffers from now on: gives back what it had.
    pub fn end<R: Registers, L: Ledger>(
        self,
        flags: FrameFlags,
        outside: &mut Outside<'_, R, L>,
        outboxes: &mut Outboxes,
    ) {
        let video = self.checked().video();
        match self {
            Self::Live(stream) => stream.end(flags, outside, outboxes.of(video)),
            Self::Received(reception) => reception.end(flags, outside, outboxes.of(video)),
            Self::Memory(jobs) => jobs.end(flags, outside, outboxes),
        }
    }
}
