//! Statistics of a frame: H3A to memory, histogram to its own memory.
//!
//! All three look at the video port; the histogram can look at a picture in memory instead. H3A is always continuous: its enables latch at frame start. An
//! engine is done when its last window is out, or when the video port's frame ends before that; then
//! what is missing comes as it is, so that a buffer is always filled.

use super::config::signed;
use super::dma::Memory;
use super::frame::{Frame, Runner};
use super::h3a_writer::Writer;
use super::mischief::Mischief;
use crate::pixels::aewb::{Aewb, AewbConfig};
use crate::pixels::focus::{Cell, Focus, FocusConfig};
use crate::pixels::histogram::{self, Histogram, HistogramConfig, Region};
use crate::pixels::median::Median;
use crate::regs::firewall::Engine;
use crate::shared::Shared;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::main_block::{IRQ0STATUS, ctrl, irq};
use drv_isp_regs::{Block, Register, h3a, hist, sbl};

/// Exposure and white balance.
pub const AEWB: Runner = Runner {
    block: Block::H3a,
    control: &h3a::PCR,
    enable: h3a::pcr::AEW_EN,
    busy: h3a::pcr::BUSYAEAWB,
    one_shot: None,
    clock: ctrl::H3A_CLK_EN,
};
/// Auto focus.
pub const FOCUS: Runner = Runner {
    block: Block::H3a,
    control: &h3a::PCR,
    enable: h3a::pcr::AF_EN,
    busy: h3a::pcr::BUSYAF,
    one_shot: None,
    clock: ctrl::H3A_CLK_EN,
};
/// Histogram.
pub const HISTOGRAM: Runner = Runner {
    block: Block::Hist,
    control: &hist::PCR,
    enable: hist::pcr::EN,
    busy: hist::pcr::BUSY,
    one_shot: None,
    clock: ctrl::HIST_CLK_EN,
};

/// The engines in the middle of a frame.
///
/// They are not in [`Frame`], which is copied more than once a line.
pub struct Statistics {
    aewb: Aewb,
    focus: Focus,
    histogram: Histogram,
    /// How they write; on if they take part.
    aewb_writer: Writer,
    focus_writer: Writer,
    /// The histogram takes part.
    counting: bool,
}

impl Statistics {
    /// Idle engines.
    pub const fn new() -> Self {
        Self {
            aewb: Aewb::new(),
            focus: Focus::new(),
            histogram: Histogram::new(),
            aewb_writer: Writer::new(sbl::pcr::H3A_AEAWB_WBL_OVF),
            focus_writer: Writer::new(sbl::pcr::H3A_AF_WBL_OVF),
            counting: false,
        }
    }

    /// The frame before is over, whatever came of it.
    pub fn stop(&mut self) {
        self.aewb_writer.stop();
        self.focus_writer.stop();
        self.counting = false;
    }

    /// Frame start: latches the enables. Call it inside a commit.
    pub fn start(&mut self, shared: &Shared, mischief: &mut Mischief) {
        let mut target =
            |engine, register: &Register| mischief.target(engine, shared.get(register), 0);
        if AEWB.start(shared) {
            self.aewb_writer.start(shared, target(Engine::Aewb, &h3a::AEWBUFST));
        }
        if FOCUS.start(shared) {
            self.focus_writer.start(shared, target(Engine::Focus, &h3a::AFBUFST));
        }
        let from_memory = hist::cnt::SOURCE.is_set(shared.get(&hist::CNT));
        self.counting = !from_memory && HISTOGRAM.start(shared);
    }

    /// Does any engine take part in this frame still?
    pub fn are_on(&self) -> bool {
        self.counting || self.aewb_writer.is_on() || self.focus_writer.is_on()
    }

    /// Engines that still have something to write.
    pub fn engines(&self) -> u32 {
        self.aewb_writer.engine_bit() | self.focus_writer.engine_bit()
    }

    /// Frame start: the registers of those that take part.
    pub fn begin_frame(&mut self, shared: &Shared) {
        if self.aewb_writer.is_on() {
            self.aewb.begin_frame(&aewb(shared));
        }
        if self.focus_writer.is_on() {
            self.focus.begin_frame(&focus(shared));
        }
        if self.counting {
            self.histogram.begin_frame(&histogram(shared));
        }
    }

    /// Row `y` of the video port; `last` if it is the last one of the frame.
    // Kept out of the caller's loop over pixels, which is off this path by default.
    #[inline(never)]
    pub fn row(
        &mut self,
        shared: &Shared,
        frame: &Frame,
        (y, pixels): (usize, &[u16]),
        last: bool,
        memory: &mut impl Memory,
    ) {
        if self.aewb_writer.is_on() {
            let bytes = self.aewb.line(y, pixels);
            self.aewb_writer.write(shared, frame.epoch, bytes, memory);
            if last {
                while !self.aewb.is_done() {
                    let bytes = self.aewb.flush();
                    self.aewb_writer.write(shared, frame.epoch, bytes, memory);
                }
            }
            if self.aewb.is_done() {
                self.aewb_writer.stop();
                self.finish(shared, frame, &AEWB, irq::H3A_AWB_DONE.mask());
            }
        }
        if self.focus_writer.is_on() {
            let bytes = self.focus.line(y, pixels);
            self.focus_writer.write(shared, frame.epoch, bytes, memory);
            if last {
                while !self.focus.is_done() {
                    let bytes = self.focus.flush();
                    self.focus_writer.write(shared, frame.epoch, bytes, memory);
                }
            }
            if self.focus.is_done() {
                self.focus_writer.stop();
                self.finish(shared, frame, &FOCUS, irq::H3A_AF_DONE.mask());
            }
        }
        if self.counting {
            self.histogram.line(y, pixels);
            if last {
                self.counting = false;
                shared.commit(frame.epoch, |_| self.add_counts(shared));
                self.finish(shared, frame, &HISTOGRAM, irq::HIST_DONE.mask());
            }
        }
    }

    /// A picture is read from memory, which takes the histogram's registers over.
    pub fn begin_picture(&mut self, shared: &Shared) {
        self.histogram.begin_frame(&histogram(shared));
    }

    /// Counts row `y` of a picture from memory.
    // Kept out of the caller's loop over pixels, which is off this path by default.
    #[inline(never)]
    pub fn count_row(&mut self, y: usize, pixels: &[u16]) {
        self.histogram.line(y, pixels);
    }

    /// The picture from memory is over.
    pub fn end_picture(&self, shared: &Shared, epoch: u32) {
        shared.commit(epoch, |_| {
            self.add_counts(shared);
            if HISTOGRAM.finish(shared) {
                shared.word(&IRQ0STATUS).fetch_or(irq::HIST_DONE.mask(), SeqCst);
            }
        });
    }

    /// An engine is done: BUSY goes, the event comes, unless it is stuck.
    fn finish(&self, shared: &Shared, frame: &Frame, runner: &Runner, event: u32) {
        shared.commit(frame.epoch, |_| {
            if runner.finish(shared) {
                shared.word(&IRQ0STATUS).fetch_or(event, SeqCst);
            }
            let engines = frame.engines() | self.engines();
            shared.progress.outstanding.store(engines, SeqCst);
        });
    }

    fn add_counts(&self, shared: &Shared) {
        for (entry, &count) in shared.histogram.iter().zip(self.histogram.counts()) {
            if count != 0 {
                entry.store(histogram::added(entry.load(Relaxed), count), Relaxed);
            }
        }
    }
}

fn aewb(shared: &Shared) -> AewbConfig {
    use h3a::*;
    let (size, start) = (shared.get(&AEWWIN1), shared.get(&AEWINSTART));
    let (black, step) = (shared.get(&AEWINBLK), shared.get(&AEWSUBWIN));
    let control = shared.get(&PCR);
    AewbConfig {
        width: even(aewwin1::WINW.get(size)),
        height: even(aewwin1::WINH.get(size)),
        columns: aewwin1::WINHC.get(size) as usize + 1,
        rows: aewwin1::WINVC.get(size) as usize + 1,
        left: aewinstart::WINSH.get(start) as usize,
        top: aewinstart::WINSV.get(start) as usize,
        black_top: aewinblk::WINSV.get(black) as usize,
        black_height: even(aewinblk::WINH.get(black)),
        step_x: even(aewsubwin::AEWINCH.get(step)),
        step_y: even(aewsubwin::AEWINCV.get(step)),
        limit: pcr::AVE2LMT.get(control) as u16,
        alaw: pcr::AEW_ALAW.is_set(control),
    }
}

fn focus(shared: &Shared) -> FocusConfig {
    use h3a::*;
    let (size, count) = (shared.get(&AFPAX1), shared.get(&AFPAX2));
    let (start, control) = (shared.get(&AFPAXSTART), shared.get(&PCR));
    let median =
        Median { threshold: pcr::AF_MED_TH.get(control) as u8, even_distance: 2, odd_distance: 2 };
    FocusConfig {
        width: even(afpax1::PAXW.get(size)),
        height: even(afpax1::PAXH.get(size)),
        columns: afpax2::PAXHC.get(count) as usize + 1,
        rows: afpax2::PAXVC.get(count) as usize + 1,
        left: afpaxstart::PAXSH.get(start) as usize,
        top: afpaxstart::PAXSV.get(start) as usize,
        step_y: even(afpax2::AFINCV.get(count)),
        filter_start: shared.get(&AFIIRSH) as usize,
        filters_q6: [coefficients(shared, &AFCOEF0), coefficients(shared, &AFCOEF1)],
        cell: Cell::from_code(pcr::RGBPOS.get(control)),
        peak: pcr::FVMODE.is_set(control),
        alaw: pcr::AF_ALAW.is_set(control),
        median: pcr::AF_MED_EN.is_set(control).then_some(median),
    }
}

fn coefficients(shared: &Shared, register: &Register) -> [i16; 11] {
    core::array::from_fn(|index| {
        let word = shared.element(register, index / 2).load(Relaxed);
        let field = if index % 2 == 0 { h3a::afcoef0::LOW } else { h3a::afcoef0::HIGH };
        signed(field.get(word), 12) as i16
    })
}

fn histogram(shared: &Shared) -> HistogramConfig {
    use hist::*;
    let (control, gains) = (shared.get(&CNT), shared.get(&WB_GAIN));
    let edge = |region: usize, vertical: usize| {
        let word = shared.element(&REGION, 2 * region + vertical).load(Relaxed);
        (region::START.get(word) as usize, region::END.get(word) as usize)
    };
    HistogramConfig {
        regions: core::array::from_fn(|index| {
            let ((left, right), (top, bottom)) = (edge(index, 0), edge(index, 1));
            Region { left, right, top, bottom }
        }),
        bins_log2: 5 + cnt::BINS.get(control),
        shift: cnt::SHIFT.get(control),
        gains_q5: [wb_gain::WG00, wb_gain::WG01, wb_gain::WG02, wb_gain::WG03]
            .map(|field| field.get(gains) as u8),
    }
}

/// Fields that hold half of an even number, less one.
const fn even(field: u32) -> usize {
    2 * (field as usize + 1)
}
