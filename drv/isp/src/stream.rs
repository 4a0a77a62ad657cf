//! A running pipeline from the sensor: which buffer is where, from frame to frame.
//!
//! ```text
//!             arm: open window, address, enable       frame start        last pixel
//!   waiting ─────────────────────────────────► next ─────────────► current ─────────► outbox
//!      │                                        │                     │
//!      └──────────────── stop: cancelled ───────┴─── once idle ───────┘
//!
//!   sensor    ▁▁█ VS ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ VD0 ▁▁ end ▁▁█ VS
//!   driver      next→current, arm next         pause?    done
//! ```
//!
//! Address and enable bits take effect at the next frame start, so the next frame's buffer is
//! armed while this frame is being written: at its start, or when one is queued. Without a buffer
//! the blocks pause at the frame start (the CCDC is told so at VD0) and resume at a later one; a
//! frame is never joined in the middle.
//!
//! # Why
//! *Arming is never doubtful.* If a frame starts while arming is being written, the status shows it
//! afterwards; nobody can say which of the two frames took the buffer, so that frame start is not
//! counted as a change of buffers. A raw frame of that time is whole, but which of two it is
//! nobody knows, so it is marked damaged.
//!
//! *A late interrupt costs frames and not the stream.* Preview engine and resizer run for one frame at
//! a time, and two of their frames may be over before the driver looks: one event stands for both ends.
//! At a frame start the block itself tells what was missed: if it neither works nor is enabled, all that
//! it was given is over. Those buffers are marked, because a frame that ended early in that time cannot
//! be told from a whole one.
//!
//! *A CCDC that does not end a frame ends the stream* ([`crate::ccdc_watch`]), but not the pipeline: it
//! stays the user of its blocks until it is told to stop (Linux omap3isp: `crashed`).
//!
//! *A new crop waits for the gap between two frames.* The resizer's ratios and window are not
//! shadowed: it drops what is written while it works. They are written at the end of a frame, or at
//! once if it is idle. If a frame starts meanwhile, nobody knows which of them it took: frames are
//! marked damaged until all of them have been written again.
//!
//! *A new configuration of the preview engine holds the next frame* ([`crate::config`]): its enable bit is
//! taken back between two frames, and given again when all is written. A frame comes before the next one is
//! held, so that configurations, however many, cost frames and not the stream. If each end of a frame is
//! handled only after the next one has started, there is no gap to be seen: after [`GAP_STARTS_MAX`] frame starts no
//! further frame is armed, and the engine runs out.
//!
//! *What the hardware says of its own damage marks the frame.* Lost lines (overflow flags), requests
//! that the DMA firewall refused, a table of the CCDC that did not come, and a frame start in the middle of a picture (the sensor ended the
//! frame early: the blocks take the missing lines from the next one) mark the frame that ends next.
//! What the hardware does not say, such as lines that never reached memory, nobody can mark.
//!
//! *The CCDC has no event after the last pixel.* A raw frame is complete when the next one starts,
//! one vertical blanking later; polling for its end in the interrupt was rejected, because the
//! driver would spin for two lines.

mod between;

use between::Crop;
use drv_isp_regs::{main_block, main_block::irq, sbl};
use idl::types::{BufferIndex, FrameDone, FrameFlags, FrameStart, PoolId, QUEUE_DEPTH};

use crate::ccdc_watch::CcdcWatch;
use crate::fifo::Fifo;
use crate::frame_clock::FrameClock;
use crate::outbox::Outbox;
use crate::program::{self, Blocks, Checked, Path};
use crate::registers::Registers;
use crate::run::Run;
use crate::starts::Starts;

/// A buffer that the node gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its pool.
    pub pool: PoolId,
    /// Its index there.
    pub buffer: BufferIndex,
}

/// The ledger, as the stream needs it.
pub trait Ledger {
    /// Queued -> Hardware, to be written: the bus address, or `None` if the ledger refuses.
    fn start_dma(&mut self, held: Held, bytes: u32) -> Option<u32>;
    /// Queued -> Hardware, to be read.
    fn start_read(&mut self, held: Held, bytes: u32) -> Option<u32>;
    /// Hardware -> Done; `false` if the ledger refuses.
    fn finish_dma(&mut self, held: Held) -> bool;
    /// A buffer of the driver's own pool of tables, to be read: the bus address, or `None` if the ledger
    /// refuses.
    fn start_table(&mut self, buffer: BufferIndex, bytes: u32) -> Option<u32>;
    /// No hardware reads it any more.
    fn finish_table(&mut self, buffer: BufferIndex);
}

/// What the stream works with: passed in, so that it runs on the host too.
pub struct Outside<'a, R, L> {
    /// Registers of the ISP.
    pub registers: &'a mut R,
    /// The ledger.
    pub ledger: &'a mut L,
    /// Now, in microseconds since boot.
    pub now_us: u64,
}

/// Events that say that the frame under way is not what it should be: a request that the firewall refused,
/// and a table of the CCDC that did not come in time.
const BAD_EVENTS: u32 = irq::MMU_ERR.mask() | irq::LSC_PREF_ERR.mask() | irq::CCDC_ERR.mask();

/// Frame starts without a gap before the next one, as the driver sees it, after which a configuration of the
/// preview engine makes one: no further frame is armed.
pub const GAP_STARTS_MAX: u8 = 2;

/// A running (or stopping) pipeline from the sensor.
#[derive(Debug)]
pub struct Stream {
    checked: Checked,
    path: Path,
    waiting: Fifo<Held, QUEUE_DEPTH>,
    /// The buffer of the frame in progress.
    current: Option<Held>,
    /// The buffer of the next frame.
    next: Option<Held>,
    /// Frame starts seen.
    starts: Starts,
    /// The last of them.
    started: Option<FrameStart>,
    /// When the next one should come.
    clock: FrameClock,
    /// Whether the CCDC ends its frames.
    watch: CcdcWatch,
    /// The next frame start was there before the buffer was armed, or just after: see above.
    doubtful: bool,
    /// The CCDC writes nothing from the next frame start on.
    paused: bool,
    /// The next finished frame is marked.
    damaged: bool,
    /// The line of VD0 of the frame in progress has come.
    near_end: bool,
    /// What the resizer has of the crop of `checked`.
    crop: Crop,
    /// Frames that may have a part of two corrections of the CCDC; they are marked.
    mixed: u8,
    /// Bus address of `next`.
    next_address: u32,
    /// Number of the frame that was to start next when `next` was armed.
    next_number: u32,
    /// No frame of the preview engine starts: it is being configured.
    pub held: bool,
    /// It has been configured since the last frame start: a frame comes before it is held again.
    configured: bool,
    /// Frame starts for which it has been waited to hold it; `None` = nobody waits.
    gap_awaited: Option<u8>,
    /// What it is told to do.
    pub run: Run,
}

impl Stream {
    /// A pipeline along `path` that is parked and has no buffer yet.
    pub const fn new(checked: Checked, path: Path) -> Self {
        Self {
            watch: CcdcWatch::new(checked.ccdc_lines()),
            checked,
            path,
            waiting: Fifo::new(),
            current: None,
            next: None,
            starts: Starts::NONE,
            started: None,
            clock: FrameClock::IDLE,
            doubtful: false,
            paused: true,
            damaged: false,
            near_end: false,
            crop: Crop::Taken,
            mixed: 0,
            next_address: 0,
            next_number: 0,
            held: false,
            configured: false,
            gap_awaited: None,
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

    /// Lets no further frame start, for a while.
    pub fn park<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.path.disable(outside.registers);
        self.clock = FrameClock::IDLE;
        self.run = Run::park(outside.now_us);
    }

    /// After a park, the hardware is idle, or will not be: what is left of the frame in progress comes
    /// back. A raw frame is whole once it is idle, and has no event that says so.
    pub fn finish_last<R: Registers, L: Ledger>(
        &mut self,
        idle: bool,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        let whole = self.path == Path::Raw && idle && self.near_end && !self.doubtful;
        self.damaged |= self.current.is_some() && !whole;
        let ended = self.current.take();
        self.finish(ended, self.starts.last(), outside, outbox);
    }

    /// After a park, the pipeline is configured anew: goes on with the buffer that was next.
    pub fn go_on<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        // What was under way was cut off.
        self.damaged |= self.current.is_some();
        let ended = self.current.take();
        self.finish(ended, self.starts.last(), outside, outbox);
        (self.damaged, self.near_end, self.doubtful) = (false, false, false);
        self.watch = CcdcWatch::new(self.checked.ccdc_lines());
        self.clock = FrameClock::new(outside.now_us);
        (self.paused, self.crop, self.run) = (true, Crop::Taken, Run::On);
        // What waited has been written, or is with the frames held.
        self.gap_awaited = None;
        match self.next {
            Some(_) => self.enable_next(outside),
            None => self.arm(outside, outbox),
        }
    }

    /// Buffers that it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.waiting.len() + self.in_hardware()
    }

    fn in_hardware(&self) -> usize {
        usize::from(self.current.is_some()) + usize::from(self.next.is_some())
    }

    /// Time without an interrupt after which to look for events, or at the CCDC, in microseconds.
    #[must_use]
    pub fn look_us(&self, now_us: u64) -> u64 {
        let look_at_us = self.watch.look_at_us().filter(|_| self.run.is_on());
        let look_us = look_at_us.map_or(u64::MAX, |at_us| at_us.saturating_sub(now_us));
        self.clock.look_us().min(look_us)
    }

    /// Says so if the sensor has been silent for too long.
    pub fn check_deadline(&mut self, now_us: u64, expected_us: u64, outbox: &mut Outbox) {
        let expected = self.run.is_on() || self.run.has_crashed();
        if expected && self.clock.is_stalled(now_us, expected_us) {
            outbox.stall();
        }
    }

    /// Takes events of IRQ0STATUS for the watch over the CCDC: whether it has crashed. A stream that is
    /// parked or stops has bounds of its own.
    pub fn ccdc_hangs(&mut self, events: u32, now_us: u64, registers: &mut impl Registers) -> bool {
        self.run.is_on() && self.watch.has_crashed(events, now_us, registers)
    }

    /// The CCDC has crashed: each buffer comes back, marked, and nobody is left waiting.
    pub fn crash<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        self.path.disable(outside.registers);
        self.run = Run::Crashed;
        for ended in [self.current.take(), self.next.take()] {
            self.damaged = true;
            self.finish(ended, self.starts.last(), outside, outbox);
        }
        // A client gets what the hardware had, so each is the hardware's for a moment, which knows no
        // address of it.
        while let Some((held, _)) = self.take_waiting(outside, outbox) {
            self.damaged = true;
            self.finish(Some(held), self.starts.last(), outside, outbox);
        }
        self.clock = FrameClock::new(outside.now_us);
        outbox.stall();
    }

    /// The frame that started last.
    #[must_use]
    pub const fn frame_start(&self) -> Option<FrameStart> {
        self.started
    }

    /// One more buffer. The caller has checked that there is room.
    pub fn queue<R: Registers, L: Ledger>(
        &mut self,
        held: Held,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        assert!(self.waiting.push(held), "the caller checks QUEUE_DEPTH");
        self.arm(outside, outbox);
    }

    /// Events of IRQ0STATUS, acknowledged.
    pub fn events<R: Registers, L: Ledger>(
        &mut self,
        events: u32,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        let bad_line = self.bad_line(events, outside.registers);
        self.damaged |= events & BAD_EVENTS != 0 || bad_line;
        self.near_end |= irq::CCDC_VD0.is_set(events);
        // In the order in which they happen in a frame that was handled late.
        if events & self.path.done_event() != 0 {
            self.finish_oldest(outside, outbox);
            self.apply_crop(outside);
        }
        if irq::HS_VS.is_set(events) {
            self.frame_started(outside, outbox);
            // It may be a line of this frame as well.
            self.damaged |= bad_line;
        }
        self.arm(outside, outbox);
        if irq::CCDC_VD0.is_set(events) && self.next.is_none() {
            self.pause(outside);
        }
    }

    /// Whether the receiver says that a part of a frame was lost which somebody gets. Its events are not of this
    /// stream if it has no part in it.
    fn bad_line(&self, events: u32, registers: &mut impl Registers) -> bool {
        irq::CSIA.is_set(events)
            && self.checked.route.blocks().overlap(Blocks::CSI2A)
            && program::csi2a::take_events(registers).damaged
            && self.in_hardware() != 0
    }

    /// Lets no further frame start; what waited is cancelled at once.
    pub fn stop<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        if !self.run.is_parked() {
            self.path.disable(outside.registers);
        }
        self.run = self.run.stop(outside.now_us);
        while let Some(held) = self.waiting.pop() {
            outbox.push(self.done(held, FrameFlags::CANCELLED, 0, outside.now_us));
        }
    }

    /// The hardware is idle, or is kept off the buffers from now on: gives back what it had, and ends.
    pub fn end<R: Registers, L: Ledger>(
        mut self,
        flags: FrameFlags,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        let flags = FrameFlags(flags.0 | FrameFlags::CANCELLED.0);
        for held in [self.current.take(), self.next.take()].into_iter().flatten() {
            // A refusal means that the ledger has taken the buffer back by itself.
            let _ = outside.ledger.finish_dma(held);
            outbox.push(self.done(held, flags, 0, outside.now_us));
        }
        outbox.stop();
    }

    fn frame_started<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        self.started =
            Some(FrameStart { sequence: self.starts.next(), timestamp_us: outside.now_us });
        self.clock.started(outside.now_us);
        self.starts.count();
        self.configured &= self.held;
        self.gap_awaited = self.gap_awaited.map(|starts| starts.saturating_add(1));
        let raw = self.path == Path::Raw;
        let near_end = core::mem::take(&mut self.near_end);
        if !raw && self.run.is_on() && !self.held {
            self.catch_up(outside, outbox);
        }
        if core::mem::take(&mut self.doubtful) {
            self.damaged |= raw;
            // Still enabled: what was armed waits for the frame after this one.
            if !raw && self.path.is_enabled(outside.registers) {
                self.next_number = self.starts.next();
            }
            return;
        }
        if self.held {
            return;
        }
        if !raw {
            // Still in progress: then the sensor's frame ended early, and the blocks go on with the
            // lines of this one.
            self.damaged |= self.current.is_some();
            if self.run.is_on() {
                self.current = self.current.or_else(|| self.next.take());
            }
            return;
        }
        self.damaged |= self.current.is_some() && !near_end;
        if !self.run.is_on() {
            // Parked before this frame start, or after it: then the next buffer is being written.
            let running = self.path.writing(outside.registers);
            if running && self.next.is_none() {
                // No buffer was given for a frame that could have started: it is still that frame.
                return;
            }
            let started = if running { self.next.take() } else { None };
            let ended = core::mem::replace(&mut self.current, started);
            return self.finish(ended, self.starts.last_but_one(), outside, outbox);
        }
        if self.next.is_some() || self.paused {
            let ended = core::mem::replace(&mut self.current, self.next.take());
            self.finish(ended, self.starts.last_but_one(), outside, outbox);
        }
        // Else nothing was armed in time: the CCDC writes this frame to the same buffer again.
    }

    /// If the last block is in the middle of no frame and will not start one, and has not ended one
    /// that is still to be handled, then every buffer that it was given has been written.
    fn catch_up<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        if self.in_hardware() == 0 {
            return;
        }
        // In this order: a frame that ends between the two reads shows in the second.
        let over = self.path.has_run_out(outside.registers);
        let status = outside.registers.read(&main_block::IRQ0STATUS);
        if !over || status & self.path.done_event() != 0 {
            return;
        }
        for _ in 0..self.in_hardware() {
            self.damaged = true;
            self.finish_oldest(outside, outbox);
        }
        self.apply_crop(outside);
    }

    /// The last block has written a frame. If none was known to be in progress, the same look found its
    /// start, or the start came when the buffer was being armed.
    fn finish_oldest<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        let (ended, number) = match self.current.take() {
            Some(held) => (Some(held), self.starts.last()),
            None => (self.next.take(), self.next_number),
        };
        self.finish(ended, number, outside, outbox);
    }

    /// Gives the next frame a buffer, if there is one. The frame in progress keeps its address: it
    /// was taken at its start.
    fn arm<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        if !self.run.is_on() || self.next.is_some() || self.waiting.len() == 0 || self.makes_gap() {
            return;
        }
        if let Some((held, address)) = self.take_waiting(outside, outbox) {
            (self.next, self.next_address) = (Some(held), address);
            self.enable_next(outside);
        }
    }

    /// The next buffer that the ledger gives, and its bus address: it counts as the hardware's now.
    fn take_waiting<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) -> Option<(Held, u32)> {
        while let Some(held) = self.waiting.pop() {
            if let Some(address) = outside.ledger.start_dma(held, self.checked.bytes) {
                return Some((held, address));
            }
            let flags = FrameFlags(FrameFlags::CANCELLED.0 | FrameFlags::ERROR.0);
            outbox.push(self.done(held, flags, 0, outside.now_us));
        }
        None
    }

    fn enable_next<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) {
        if self.held {
            return;
        }
        outside.registers.write(&self.path.address(), self.next_address);
        self.path.enable(outside.registers);
        self.next_number = self.starts.next();
        self.paused = false;
        self.note_doubt(outside);
    }

    /// No buffer for the next frame.
    fn pause<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) {
        if self.path == Path::Raw && !self.paused && self.run.is_on() {
            self.path.pause(outside.registers);
            self.paused = true;
            self.note_doubt(outside);
        }
    }

    fn note_doubt<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.doubtful |= irq::HS_VS.is_set(outside.registers.read(&main_block::IRQ0STATUS));
    }

    fn finish<R: Registers, L: Ledger>(
        &mut self,
        ended: Option<Held>,
        sequence: u32,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        let Some(held) = ended else { return };
        let overflow = take_overflows(self.path.blocks(), outside.registers);
        let torn = self.crop == Crop::Torn || self.mixed > 0;
        self.mixed = self.mixed.saturating_sub(1);
        let damaged = core::mem::take(&mut self.damaged) || overflow || torn;
        let flags = match (outside.ledger.finish_dma(held), damaged) {
            (true, false) => FrameFlags::default(),
            (true, true) => FrameFlags::ERROR,
            (false, _) => FrameFlags(FrameFlags::ERROR.0 | FrameFlags::CANCELLED.0),
        };
        outbox.push(self.done(held, flags, sequence, outside.now_us));
    }

    fn done(&self, held: Held, flags: FrameFlags, sequence: u32, timestamp_us: u64) -> FrameDone {
        let cancelled = flags.contains(FrameFlags::CANCELLED);
        FrameDone {
            pool: held.pool,
            buffer: held.buffer,
            sequence,
            timestamp_us,
            bytes_used: if cancelled { 0 } else { self.checked.bytes },
            flags,
        }
    }
}

/// Whether data of these blocks was lost since the last time.
pub fn take_overflows(blocks: Blocks, registers: &mut impl Registers) -> bool {
    let overflow = registers.read(&sbl::PCR) & blocks.overflows();
    if overflow != 0 {
        registers.write(&sbl::PCR, overflow);
    }
    overflow != 0
}
