//! A frame in progress: which blocks take part, where they write, what is left to do.

use super::config::{self, Input};
use super::dma::Target;
use super::field;
use super::mischief::Mischief;
use super::receiver::Reception;
use super::statistics::Statistics;
use crate::pixels::yuv::YuvOrder;
use crate::regs::firewall::Engine;
use crate::shared::{Shared, gate};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::irq;
use drv_isp_regs::{Block, Field, Register, ccdc, main_block, preview, resizer};

/// What a block with an output is doing in this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// Lines that have to come out before the block is done.
    pub lines_left: usize,
    /// Memory, if the output goes there.
    pub target: Option<Target>,
    /// Order of bytes.
    pub order: YuvOrder,
}

impl Output {
    /// The picture has this many lines.
    pub fn expect_lines(&mut self, lines: usize) {
        self.lines_left = lines;
        if let Some(target) = &mut self.target {
            target.lines = lines as u16;
        }
    }
}

/// Blocks in the middle of a picture when the sensor's frame ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// The preview.
    pub preview: Option<Output>,
    /// The resizer.
    pub resizer: Option<Output>,
}

/// The frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Epoch in which it started; when that is over, so is the frame.
    pub epoch: u32,
    /// Number since the sensor started to send.
    pub sequence: u32,
    /// Line, blanking included.
    pub line: u32,
    /// Lines that the CCDC has heard.
    pub row: u32,
    /// Active lines.
    pub height: u32,
    /// All lines.
    pub lines: u32,
    /// The frame does not come.
    pub dropped: bool,
    /// The way on which it comes to the CCDC.
    pub input: Input,
    /// The CCDC listens to that.
    pub heard: bool,
    /// The receiver CSI2a takes it.
    pub reception: Option<Reception>,
    /// The CCDC takes part; its memory output.
    pub ccdc: Option<Option<Target>>,
    /// The preview takes part.
    pub preview: Option<Output>,
    /// The resizer takes part.
    pub resizer: Option<Output>,
    /// It is field 1 to the CCDC.
    pub odd_field: bool,
    /// The resizer hears the CCDC, and not the preview.
    pub ccdc_to_resizer: bool,
    /// It is read from memory, by the preview, the resizer or the memory channel in front of the CCDC; the
    /// sensor has no part in it.
    pub from_memory: bool,
}

/// A block with EN and BUSY in its control register.
pub struct Runner {
    /// Block.
    pub block: Block,
    /// Control register.
    pub control: &'static Register,
    /// Takes part in the next frame.
    pub enable: Field,
    /// Takes part in this frame.
    pub busy: Field,
    /// Enable is cleared by the frame.
    pub one_shot: Option<Field>,
    /// Its clock in CTRL.
    pub clock: Field,
}

/// The CCDC.
pub const CCDC: Runner = Runner {
    block: Block::Ccdc,
    control: &ccdc::PCR,
    enable: ccdc::pcr::EN,
    busy: ccdc::pcr::BUSY,
    one_shot: None,
    clock: main_block::ctrl::CCDC_CLK_EN,
};
/// The preview.
pub const PREVIEW: Runner = Runner {
    block: Block::Preview,
    control: &preview::PCR,
    enable: preview::pcr::EN,
    busy: preview::pcr::BUSY,
    one_shot: Some(preview::pcr::ONESHOT),
    clock: main_block::ctrl::PREV_CLK_EN,
};
/// The resizer.
pub const RESIZER: Runner = Runner {
    block: Block::Resizer,
    control: &resizer::PCR,
    enable: resizer::pcr::EN,
    busy: resizer::pcr::BUSY,
    one_shot: Some(resizer::pcr::ONESHOT),
    clock: main_block::ctrl::RSZ_CLK_EN,
};

impl Runner {
    /// The block in a set of blocks.
    pub const fn bit(&self) -> u32 {
        1 << self.block as u32
    }

    /// Frame start: takes part if enabled and clocked, and not stuck in a frame before. Call it inside a
    /// commit.
    pub fn start(&self, shared: &Shared) -> bool {
        let control = shared.get(self.control);
        let clocked = self.clock.is_set(shared.get(&main_block::CTRL));
        // A block with a frame in it is not there for another one's. The two engines of H3A share a bit;
        // they only start behind a CCDC that has.
        let in_block = shared.progress.active.load(SeqCst) & self.bit() != 0;
        let occupied = in_block && self.block != Block::H3a || self.is_stuck(shared, control);
        if !clocked || occupied || !self.enable.is_set(control) {
            return false;
        }
        let word = shared.word(self.control);
        word.fetch_or(self.busy.mask(), SeqCst);
        if self.one_shot.is_some_and(|field| field.is_set(control)) {
            word.fetch_and(!self.enable.mask(), SeqCst);
        }
        shared.progress.active.fetch_or(self.bit(), SeqCst);
        true
    }

    /// Frame end. Call it inside a commit. `false` if the block is stuck: BUSY stays, and there
    /// is no done event.
    pub fn finish(&self, shared: &Shared) -> bool {
        shared.progress.active.fetch_and(!self.bit(), SeqCst);
        let stuck = self.is_stuck(shared, shared.get(self.control));
        if !stuck {
            shared.word(self.control).fetch_and(!self.busy.mask(), SeqCst);
        }
        !stuck
    }

    /// Is it made to stay busy for good, and is? Its control register reads `control`.
    fn is_stuck(&self, shared: &Shared, control: u32) -> bool {
        let asked = shared.mischief.stuck.load(SeqCst) & self.bit() != 0;
        asked && self.busy.is_set(control)
    }

    /// Frame start of a block that has not finished its picture: takes part, unless it was reset.
    /// Call it inside a commit.
    pub fn goes_on(&self, shared: &Shared) -> bool {
        let busy = self.busy.is_set(shared.get(self.control));
        if busy {
            shared.progress.active.fetch_or(self.bit(), SeqCst);
        }
        busy
    }

    /// Still enabled?
    pub fn is_enabled(&self, shared: &Shared) -> bool {
        self.enable.is_set(shared.get(self.control))
    }
}

impl Frame {
    /// A frame that is read from memory, without blocks yet.
    pub const fn of_memory(epoch: u32) -> Self {
        Self {
            epoch,
            sequence: 0,
            line: 0,
            row: 0,
            height: 0,
            lines: 0,
            dropped: false,
            input: Input::Ccp2,
            heard: false,
            reception: None,
            ccdc: None,
            preview: None,
            resizer: None,
            odd_field: false,
            ccdc_to_resizer: false,
            from_memory: true,
        }
    }

    /// Starts the blocks that take part. Call it inside a commit at line 0.
    ///
    /// A block that still waits for lines of the frame before goes on with that one (`unfinished`):
    /// its enable is taken when it is done.
    pub fn start_blocks(
        &mut self,
        shared: &Shared,
        gates: u32,
        unfinished: Unfinished,
        statistics: &mut Statistics,
        mischief: &mut Mischief,
    ) {
        let sync = ccdc::syn_mode::VDHDEN.is_set(shared.get(&ccdc::SYN_MODE));
        if gates & gate::PIPE == 0 || !sync || !CCDC.start(shared) {
            return;
        }
        let serial = self.reception.and_then(|reception| reception.target());
        if serial.is_none() {
            mischief.begin_frame(shared);
        }
        let pin = self.input == Input::Sensor && field::pin(shared, self.sequence);
        self.odd_field = field::begin(shared, pin);
        self.ccdc = Some(ccdc_target(shared, self.odd_field, mischief));
        let port_on = ccdc::fmtcfg::VPEN.is_set(shared.get(&ccdc::FMTCFG));
        if port_on {
            statistics.start(shared, mischief);
        }
        self.preview = unfinished.preview.filter(|_| PREVIEW.goes_on(shared));
        self.resizer = unfinished.resizer.filter(|_| RESIZER.goes_on(shared));
        let live = !resizer::cnt::INPSRC.is_set(shared.get(&resizer::CNT));
        // If both feed it, the CCDC wins (TRM).
        self.ccdc_to_resizer = live && ccdc::syn_mode::SDR2RSZ.is_set(shared.get(&ccdc::SYN_MODE));
        if self.ccdc_to_resizer && self.resizer.is_none() && RESIZER.start(shared) {
            self.resizer = Some(resizer_output(shared, mischief));
        }
        if port_on && self.preview.is_none() && PREVIEW.start(shared) {
            self.preview = Some(preview_output(shared, mischief));
            let to_resizer = preview::pcr::RSZPORT.is_set(shared.get(&preview::PCR));
            if to_resizer
                && live
                && !self.ccdc_to_resizer
                && self.resizer.is_none()
                && RESIZER.start(shared)
            {
                self.resizer = Some(resizer_output(shared, mischief));
            }
        }
        if self.from_memory {
            shared.progress.from_memory.fetch_or(self.engines(), SeqCst);
            shared.progress.outstanding.fetch_or(statistics.engines(), SeqCst);
        } else {
            shared.progress.outstanding.store(self.engines() | statistics.engines(), SeqCst);
        }
    }

    /// Events of the line that the CCDC has heard.
    pub fn line_events(&self, shared: &Shared) -> u32 {
        let sync = ccdc::syn_mode::VDHDEN.is_set(shared.get(&ccdc::SYN_MODE));
        if !sync || !config::hears(shared, self.input) {
            return 0;
        }
        let lines = shared.get(&ccdc::VDINT);
        let is_at = |field: Field| u32::from(self.row == field.get(lines));
        irq::CCDC_VD0.of(is_at(ccdc::vdint::VDINT0)) | irq::CCDC_VD1.of(is_at(ccdc::vdint::VDINT1))
    }

    /// Blocks with this frame in them, a bit per block code.
    pub fn blocks(&self) -> u32 {
        let ccdc = self.ccdc.map_or(0, |_| CCDC.bit());
        let preview = self.preview.map_or(0, |_| PREVIEW.bit());
        let resizer = self.resizer.map_or(0, |_| RESIZER.bit());
        ccdc | preview | resizer
    }

    /// Engines that still have something to write.
    pub fn engines(&self) -> u32 {
        let of = |output: &Option<Output>| output.and_then(|output| output.target);
        let serial = self.reception.and_then(|reception| reception.target());
        [self.ccdc.flatten(), of(&self.preview), of(&self.resizer), serial]
            .iter()
            .flatten()
            .fold(0, |set, target| set | target.engine_bit())
    }
}

/// Memory output of the CCDC, if it is on.
fn ccdc_target(shared: &Shared, odd_field: bool, mischief: &mut Mischief) -> Option<Target> {
    let on = ccdc::syn_mode::WEN.is_set(shared.get(&ccdc::SYN_MODE));
    let (address, offset) = (shared.get(&ccdc::SDR_ADDR), shared.get(&ccdc::HSIZE_OFF));
    let field::Lines { first, steps } = field::lines(shared.get(&ccdc::SDOFST), odd_field);
    let start = address.wrapping_add(offset.wrapping_mul(first));
    on.then(|| Target { steps, ..mischief.target(Engine::Ccdc, start, offset) })
}

fn preview_output(shared: &Shared, mischief: &mut Mischief) -> Output {
    let to_memory = preview::pcr::SDRPORT.is_set(shared.get(&preview::PCR));
    let (address, offset) = (shared.get(&preview::WSDR_ADDR), shared.get(&preview::WADD_OFFSET));
    Output {
        lines_left: 0,
        target: to_memory.then(|| mischief.target(Engine::Preview, address, offset)),
        order: config::preview_order(shared),
    }
}

fn resizer_output(shared: &Shared, mischief: &mut Mischief) -> Output {
    let (address, offset) = (shared.get(&resizer::SDR_OUTADD), shared.get(&resizer::SDR_OUTOFF));
    Output {
        lines_left: 0,
        target: Some(mischief.target(Engine::Resizer, address, offset)),
        order: config::resizer_order(shared),
    }
}
