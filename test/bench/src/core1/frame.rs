//! A frame in progress: which blocks take part, where they write, what is left to do.

use super::config;
use super::dma::Target;
use super::statistics::Statistics;
use crate::pixels::yuv::YuvOrder;
use crate::regs::firewall::Engine;
use crate::shared::{Shared, gate};
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
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

/// The frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Epoch in which it started; when that is over, so is the frame.
    pub epoch: u32,
    /// Number since the sensor started to send.
    pub sequence: u32,
    /// Line, blanking included.
    pub line: u32,
    /// Active lines.
    pub height: u32,
    /// All lines.
    pub lines: u32,
    /// The frame does not come.
    pub dropped: bool,
    /// The CCDC takes part; its memory output.
    pub ccdc: Option<Option<Target>>,
    /// The preview takes part.
    pub preview: Option<Output>,
    /// The resizer takes part.
    pub resizer: Option<Output>,
    /// The preview or the resizer reads it from memory; the sensor and the CCDC have no part in it.
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

    /// Frame start: takes part if enabled and clocked. Call it inside a commit.
    pub fn start(&self, shared: &Shared) -> bool {
        let control = shared.get(self.control);
        let clocked = self.clock.is_set(shared.get(&main_block::CTRL));
        // A block with a frame from memory in it is not there for the sensor's. Those that memory can
        // feed are those with one shot.
        let occupied =
            self.one_shot.is_some() && shared.progress.active.load(SeqCst) & self.bit() != 0;
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
        let stuck = shared.mischief.stuck.load(SeqCst) & self.bit() != 0;
        if !stuck {
            shared.word(self.control).fetch_and(!self.busy.mask(), SeqCst);
        }
        !stuck
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
            height: 0,
            lines: 0,
            dropped: false,
            ccdc: None,
            preview: None,
            resizer: None,
            from_memory: true,
        }
    }

    /// Starts the blocks that take part. Call it inside a commit at line 0.
    pub fn start_blocks(&mut self, shared: &Shared, gates: u32, statistics: &mut Statistics) {
        let sync = ccdc::syn_mode::VDHDEN.is_set(shared.get(&ccdc::SYN_MODE));
        if gates & gate::PIPE == 0 || !sync || !CCDC.start(shared) {
            return;
        }
        let stray = take_stray(shared);
        self.ccdc = Some(ccdc_target(shared, stray));
        let port_on = ccdc::fmtcfg::VPEN.is_set(shared.get(&ccdc::FMTCFG));
        if port_on {
            statistics.start(shared, stray);
        }
        if port_on && PREVIEW.start(shared) {
            self.preview = Some(preview_output(shared, stray));
            let to_resizer = preview::pcr::RSZPORT.is_set(shared.get(&preview::PCR));
            let live = !resizer::cnt::INPSRC.is_set(shared.get(&resizer::CNT));
            if to_resizer && live && RESIZER.start(shared) {
                self.resizer = Some(resizer_output(shared, stray));
            }
        }
        shared.progress.outstanding.store(self.engines() | statistics.engines(), SeqCst);
    }

    /// Engines that still have something to write.
    pub fn engines(&self) -> u32 {
        let of = |output: &Option<Output>| output.and_then(|output| output.target);
        [self.ccdc.flatten(), of(&self.preview), of(&self.resizer)]
            .iter()
            .flatten()
            .fold(0, |set, target| set | target.engine_bit())
    }
}

/// Bytes by which addresses of this frame are wrong.
pub fn take_stray(shared: &Shared) -> u32 {
    let frames = &shared.mischief.stray_frames;
    if frames.load(Relaxed) == 0 {
        return 0;
    }
    frames.fetch_sub(1, Relaxed);
    shared.mischief.stray_bytes.load(Relaxed)
}

/// Memory output of the CCDC, if it is on.
fn ccdc_target(shared: &Shared, stray: u32) -> Option<Target> {
    ccdc::syn_mode::WEN.is_set(shared.get(&ccdc::SYN_MODE)).then(|| Target {
        engine: Engine::Ccdc,
        address: shared.get(&ccdc::SDR_ADDR).wrapping_add(stray),
        offset_bytes: shared.get(&ccdc::HSIZE_OFF),
    })
}

fn preview_output(shared: &Shared, stray: u32) -> Output {
    let to_memory = preview::pcr::SDRPORT.is_set(shared.get(&preview::PCR));
    Output {
        lines_left: 0,
        target: to_memory.then(|| Target {
            engine: Engine::Preview,
            address: shared.get(&preview::WSDR_ADDR).wrapping_add(stray),
            offset_bytes: shared.get(&preview::WADD_OFFSET),
        }),
        order: config::preview_order(shared),
    }
}

fn resizer_output(shared: &Shared, stray: u32) -> Output {
    Output {
        lines_left: 0,
        target: Some(Target {
            engine: Engine::Resizer,
            address: shared.get(&resizer::SDR_OUTADD).wrapping_add(stray),
            offset_bytes: shared.get(&resizer::SDR_OUTOFF),
        }),
        order: config::resizer_order(shared),
    }
}
