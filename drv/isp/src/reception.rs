//! A running pipeline from the serial line of the sensor to memory: the receiver CSI2a, and nothing else.
//!
//! ```text
//!            take one frame: window, addresses, context on        frame start           frame end
//!   waiting ──────────────────────────────────────────► ordered ───────────► receiving ──────────► outbox
//!      │                                                   │                     │
//!      └─────────────────────── stop: cancelled ───────────┴──── after the cut ──┘
//! ```
//!
//! # Why
//! *A buffer at a time.* The receiver takes exactly the frames that are ordered, so no frame is ever written
//! over a buffer that was given back, however late an interrupt is. The next one is ordered at the end of a
//! frame, within the vertical blanking; if that is too late, a frame is missing and not torn. The numbers
//! count the frames taken (Linux omap3isp counts so too where no CCDC is in the pipeline).
//!
//! *What the hardware says of its own damage marks the frame:* an end before the last line, a lost line, a
//! request that the DMA firewall refused.
//!
//! *A stop cuts.* The buffers come back cancelled anyway, and the receiver has no BUSY that would tell when
//! a frame is over; the end of its reset tells that nothing is under way.

use drv_isp_regs::main_block::irq;
use idl::types::{FrameDone, FrameFlags, QUEUE_DEPTH};

use crate::fifo::Fifo;
use crate::frame_clock::FrameClock;
use crate::outbox::Outbox;
use crate::program::{Blocks, Checked, csi2a};
use crate::registers::Registers;
use crate::run::Run;
use crate::starts::Starts;
use crate::stream::{Held, Ledger, Outside, take_overflows};

/// The frame that the receiver has been told to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    /// None.
    None,
    /// The next one that starts, to this bus address.
    Ordered { held: Held, address: u32 },
    /// It has started.
    Receiving { held: Held },
}

/// A running (or stopping) pipeline from the serial line to memory.
#[derive(Debug)]
pub struct Reception {
    checked: Checked,
    waiting: Fifo<Held, QUEUE_DEPTH>,
    frame: Frame,
    /// Frame starts seen.
    starts: Starts,
    /// When the next one should come.
    clock: FrameClock,
    /// The last line of the frame has come.
    last_line: bool,
    /// A part of the frame was lost.
    damaged: bool,
    /// A frame was in progress at the park, and the receiver has power for the rest of it.
    finishing: bool,
    /// What it is told to do.
    pub run: Run,
}

impl Reception {
    /// A pipeline that is parked and has no buffer yet.
    #[must_use]
    pub const fn new(checked: Checked) -> Self {
        Self {
            checked,
            waiting: Fifo::new(),
            frame: Frame::None,
            starts: Starts::NONE,
            clock: FrameClock::IDLE,
            last_line: false,
            damaged: false,
            finishing: false,
            run: Run::Parked { by_us: 0 },
        }
    }

    /// What runs.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Buffers that it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.waiting.len() + usize::from(self.frame != Frame::None)
    }

    /// Whether the receiver may be in the middle of something.
    pub fn busy(&self, registers: &mut impl Registers) -> Blocks {
        let busy = self.finishing || csi2a::is_resetting(registers);
        if busy { Blocks::CSI2A } else { Blocks::NONE }
    }

    /// Time without an interrupt after which to look for events, in microseconds.
    #[must_use]
    pub fn look_us(&self) -> u64 {
        self.clock.look_us()
    }

    /// Says so if a frame was ordered and the sensor has been silent for too long.
    pub fn check_deadline(&mut self, now_us: u64, expected_us: u64, outbox: &mut Outbox) {
        if self.run.is_on() && self.clock.is_stalled(now_us, expected_us) {
            outbox.stall();
        }
    }

    /// One more buffer. The caller has checked that there is room.
    pub fn queue<R: Registers, L: Ledger>(
        &mut self,
        held: Held,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        assert!(self.waiting.push(held), "the caller checks QUEUE_DEPTH");
        if self.frame == Frame::None {
            // What a frame took before there was no buffer says nothing about the time after it.
            self.clock = FrameClock::new(outside.now_us);
        }
        self.order(outside, outbox);
    }

    /// Events of IRQ0STATUS, acknowledged.
    pub fn events<R: Registers, L: Ledger>(
        &mut self,
        events: u32,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        self.damaged |= irq::MMU_ERR.is_set(events);
        if irq::CSIA.is_set(events) && self.look(outside) {
            self.finish(outside, outbox);
        }
        self.order(outside, outbox);
    }

    /// Lets no further frame start, for a while; one in progress is finished.
    pub fn park<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) {
        self.run = Run::park(outside.now_us);
        self.clock = FrameClock::IDLE;
        self.finishing = matches!(self.frame, Frame::Receiving { .. });
        if !self.finishing {
            csi2a::cut(outside.registers);
        }
    }

    /// The hardware is about to be reset: nothing is in progress any more.
    pub fn park_now(&mut self) {
        self.run = self.run.park_now();
        self.finishing = false;
    }

    /// After a park, nothing is in progress, or will not end: what is left of it comes back.
    pub fn cut_off<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        if matches!(self.frame, Frame::Receiving { .. }) {
            self.damaged = true;
            self.finish(outside, outbox);
        }
    }

    /// After a park, the pipeline is configured anew: goes on with the buffer that was ordered.
    pub fn go_on<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        self.cut_off(outside, outbox);
        self.run = Run::On;
        self.clock = FrameClock::IDLE;
        if let Frame::Ordered { address, .. } = self.frame {
            self.clock = FrameClock::new(outside.now_us);
            csi2a::take_frame(address, outside.registers);
        }
        self.order(outside, outbox);
    }

    /// Takes no further frame and cuts off the one in progress; what waited is cancelled at once.
    pub fn stop<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        if core::mem::take(&mut self.finishing) || !self.run.is_parked() {
            csi2a::cut(outside.registers);
        }
        self.run = self.run.stop(outside.now_us);
        while let Some(held) = self.waiting.pop() {
            outbox.push(self.done(held, FrameFlags::CANCELLED, outside.now_us));
        }
    }

    /// The receiver is idle, or is kept off the buffer from now on: gives back what it had, and ends.
    pub fn end<R: Registers, L: Ledger>(
        self,
        flags: FrameFlags,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        if let Frame::Ordered { held, .. } | Frame::Receiving { held } = self.frame {
            // A refusal means that the ledger has taken the buffer back by itself.
            let _ = outside.ledger.finish_dma(held);
            let flags = FrameFlags(flags.0 | FrameFlags::CANCELLED.0);
            outbox.push(self.done(held, flags, outside.now_us));
        }
        outbox.stop();
    }

    /// Takes over what has happened. Whether the frame has ended.
    fn look<R: Registers, L>(&mut self, outside: &mut Outside<'_, R, L>) -> bool {
        let happened = csi2a::take_events(outside.registers);
        self.damaged |= happened.damaged;
        self.last_line |= happened.last_line;
        // Only what was ordered starts: no event is of another frame.
        if let Frame::Ordered { held, .. } = self.frame
            && happened.started
        {
            self.frame = Frame::Receiving { held };
            self.starts.count();
            self.clock.started(outside.now_us);
        }
        happened.ended && matches!(self.frame, Frame::Receiving { .. })
    }

    /// The frame has ended, or was cut off.
    fn finish<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        let Frame::Receiving { held } = core::mem::replace(&mut self.frame, Frame::None) else {
            return;
        };
        self.finishing = false;
        let lost = take_overflows(Blocks::CSI2A, outside.registers);
        let whole = self.last_line && !self.damaged && !lost;
        let flags = match (outside.ledger.finish_dma(held), whole) {
            (true, true) => FrameFlags::default(),
            (true, false) => FrameFlags::ERROR,
            (false, _) => FrameFlags(FrameFlags::ERROR.0 | FrameFlags::CANCELLED.0),
        };
        outbox.push(self.done(held, flags, outside.now_us));
    }

    /// Orders a frame if none is and there is a buffer.
    fn order<R: Registers, L: Ledger>(
        &mut self,
        outside: &mut Outside<'_, R, L>,
        outbox: &mut Outbox,
    ) {
        while self.run.is_on()
            && self.frame == Frame::None
            && let Some(held) = self.waiting.pop()
        {
            let Some(address) = outside.ledger.start_dma(held, self.checked.bytes) else {
                let flags = FrameFlags(FrameFlags::CANCELLED.0 | FrameFlags::ERROR.0);
                outbox.push(self.done(held, flags, outside.now_us));
                continue;
            };
            self.frame = Frame::Ordered { held, address };
            // What went wrong on the line while nobody took a frame is of none.
            csi2a::take_events(outside.registers);
            (self.last_line, self.damaged) = (false, false);
            csi2a::take_frame(address, outside.registers);
        }
        if self.frame == Frame::None {
            // Without a buffer no frame is to be expected.
            self.clock = FrameClock::IDLE;
        }
    }

    fn done(&self, held: Held, flags: FrameFlags, timestamp_us: u64) -> FrameDone {
        let cancelled = flags.contains(FrameFlags::CANCELLED);
        FrameDone {
            pool: held.pool,
            buffer: held.buffer,
            sequence: if cancelled { 0 } else { self.starts.last() },
            timestamp_us,
            bytes_used: if cancelled { 0 } else { self.checked.bytes },
            flags,
        }
    }
}
