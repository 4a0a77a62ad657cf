//! DMA that misbehaves: what goes wrong with the pictures of one frame.
//!
//! ```text
//!   frame start: Mischief::begin_frame takes what was asked for
//!                Mischief::target: stray and stale addresses
//!   each line:   Target: torn, short, long              (dma.rs)
//!                Lines: late                            (here)
//! ```
//! Each kind is what a real engine does wrong, so each shows in the place where it would: a burst at a
//! foreign address at the firewall, lost lines in the overflow flags, late ones in the write buffers'
//! state, a missing end nowhere.

use super::dma::{Memory, Target};
use crate::pixels::MAX_WIDTH_PX;
use crate::regs::firewall::Engine;
use crate::shared::Shared;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::bench_control::LATE_LINES_MAX;
use drv_isp_regs::sbl;

/// Engines, by code.
const ENGINES: usize = 10;

/// What is wrong with the lines of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Twist {
    /// Device lines by which they come late.
    pub late_lines: u8,
    /// Lines that are missing at the end.
    pub short_lines: u16,
    /// Lines that are too many.
    pub long_lines: u16,
    /// Line from which on all are lost.
    pub torn_at: Option<u16>,
}

/// What is wrong with this frame.
pub struct Mischief {
    stray_bytes: u32,
    is_stale: bool,
    twist: Twist,
    /// Where each engine's latest picture began.
    addresses: [u32; ENGINES],
}

impl Mischief {
    /// Nothing.
    pub const fn new() -> Self {
        let twist = Twist { late_lines: 0, short_lines: 0, long_lines: 0, torn_at: None };
        Self { stray_bytes: 0, is_stale: false, twist, addresses: [0; ENGINES] }
    }

    /// Frame start: takes what was asked for.
    pub fn begin_frame(&mut self, shared: &Shared) {
        let asked = &shared.mischief;
        let lines = |argument: u32| argument.min(u16::MAX.into()) as u16;
        self.stray_bytes = asked.stray.take().unwrap_or(0);
        self.is_stale = asked.stale.take().is_some();
        self.twist = Twist {
            late_lines: asked.late.take().unwrap_or(0).min(LATE_LINES_MAX) as u8,
            short_lines: asked.short.take().map_or(0, lines),
            long_lines: asked.long.take().map_or(0, lines),
            torn_at: asked.torn.take().map(lines),
        };
    }

    /// Where an engine writes in this frame, told `address`.
    pub fn target(&mut self, engine: Engine, address: u32, offset_bytes: u32) -> Target {
        let before = core::mem::replace(&mut self.addresses[engine as usize % ENGINES], address);
        let address = if self.is_stale { before } else { address };
        Target {
            engine,
            address: address.wrapping_add(self.stray_bytes),
            offset_bytes,
            steps: [1; 2],
            line: 0,
            lines: 0,
            twist: self.twist,
            life: 0,
        }
    }
}

/// A line on its way to memory.
#[derive(Clone, Copy)]
struct Line {
    epoch: u32,
    target: Target,
    lines_left: u8,
    used: usize,
    bytes: [u8; 2 * MAX_WIDTH_PX],
}

/// The lines that come late, oldest first.
pub struct Lines {
    lines: [Line; LATE_LINES_MAX as usize],
    first: usize,
    count: usize,
}

impl Lines {
    /// None.
    pub const fn new() -> Self {
        let target = Target {
            engine: Engine::Ccdc,
            address: 0,
            offset_bytes: 0,
            steps: [1; 2],
            line: 0,
            lines: 0,
            twist: Mischief::new().twist,
            life: 0,
        };
        let bytes = [0; 2 * MAX_WIDTH_PX];
        let line = Line { epoch: 0, target, lines_left: 0, used: 0, bytes };
        Self { lines: [line; LATE_LINES_MAX as usize], first: 0, count: 0 }
    }

    /// Are all of them in memory?
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Engines whose lines have not reached memory, a bit each.
    pub fn engines(&self, shared: &Shared) -> u32 {
        self.waiting(shared).fold(0, |set, line| set | line.target.engine_bit())
    }

    /// Writes the next line of a picture, or keeps it for later. A line that finds no room is late
    /// no more.
    pub fn write(
        &mut self,
        shared: &Shared,
        epoch: u32,
        target: &mut Target,
        bytes: &[u8],
        memory: &mut impl Memory,
    ) {
        let late_lines = target.twist.late_lines;
        let has_room = self.count < self.lines.len() && bytes.len() <= 2 * MAX_WIDTH_PX;
        if late_lines == 0 || !has_room {
            shared.commit(epoch, |gates| target.write_line(shared, gates, memory, bytes));
            return;
        }
        let slot = (self.first + self.count) % self.lines.len();
        let line = &mut self.lines[slot];
        (line.epoch, line.target, line.lines_left) = (epoch, *target, late_lines);
        line.used = bytes.len();
        line.bytes[..bytes.len()].copy_from_slice(bytes);
        self.count += 1;
        target.skip_line();
        self.publish(shared);
    }

    /// A device line passes: writes what is due. Whether anything waited.
    pub fn pass_line(&mut self, shared: &Shared, memory: &mut impl Memory) -> bool {
        if self.is_empty() {
            return false;
        }
        for back in 0..self.count {
            let slot = (self.first + back) % self.lines.len();
            self.lines[slot].lines_left = self.lines[slot].lines_left.saturating_sub(1);
        }
        while self.count > 0 && self.lines[self.first].lines_left == 0 {
            let line = &mut self.lines[self.first];
            let (target, bytes) = (&mut line.target, &line.bytes[..line.used]);
            shared.commit(line.epoch, |gates| target.write_line(shared, gates, memory, bytes));
            self.first = (self.first + 1) % self.lines.len();
            self.count -= 1;
        }
        self.publish(shared);
        true
    }

    /// Those that a reset has not thrown away.
    fn waiting(&self, shared: &Shared) -> impl Iterator<Item = &Line> {
        let epoch = shared.epoch();
        (0..self.count)
            .map(|back| &self.lines[(self.first + back) % self.lines.len()])
            .filter(move |line| line.epoch == epoch)
    }

    /// The write buffers of the CCDC say whether they hold data; those of the others have no register.
    fn publish(&self, shared: &Shared) {
        let holds = self.waiting(shared).any(|line| line.target.engine == Engine::Ccdc);
        let ready = sbl::ccdc_wr::DATA_READY.mask();
        let word = shared.word(&sbl::CCDC_WR);
        if holds {
            word.fetch_or(ready, SeqCst);
        } else {
            word.fetch_and(!ready, SeqCst);
        }
    }
}
