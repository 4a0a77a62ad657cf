//! The ways through the ISP, and the registers that differ from frame to frame.

use drv_isp_regs::{Field, Register, ccdc, main_block::irq, preview, resizer};
use idl::types::VideoNode;

use super::{Blocks, MemoryPath};
use crate::registers::Registers;
use crate::statistics;

/// A way from the CCDC to memory. The last block writes to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// CCDC only.
    Raw,
    /// CCDC and preview.
    Preview,
    /// CCDC, preview and resizer.
    Resizer,
    /// CCDC and resizer: YCbCr of the sensor's.
    Scaled,
}

/// What a pipeline runs through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// From the sensor, on the parallel port.
    Live(Path),
    /// From the sensor, on the serial line through the receiver CSI2a and the CCDC.
    Serial(Path),
    /// From the sensor, on the serial line through the receiver CSI2a to memory.
    Csi2a,
    /// From memory.
    Memory(MemoryPath),
}

impl Route {
    /// The blocks that it needs for itself.
    #[must_use]
    pub const fn blocks(self) -> Blocks {
        match self {
            Self::Live(path) => path.blocks().and(Blocks::STATISTICS),
            Self::Serial(path) => path.blocks().and(Blocks::STATISTICS).and(Blocks::CSI2A),
            Self::Csi2a => Blocks::CSI2A,
            Self::Memory(path) => path.blocks(),
        }
    }

    /// The way from the CCDC on, if it is part of it.
    #[must_use]
    pub const fn behind_ccdc(self) -> Option<Path> {
        match self {
            Self::Live(path) | Self::Serial(path) | Self::Memory(MemoryPath::Ccp2(path)) => {
                Some(path)
            }
            Self::Csi2a | Self::Memory(_) => None,
        }
    }

    /// The way of the sensor's frames from the CCDC on: those that the statistics engines measure.
    #[must_use]
    pub const fn live(self) -> Option<Path> {
        match self {
            Self::Live(path) | Self::Serial(path) => Some(path),
            Self::Csi2a | Self::Memory(_) => None,
        }
    }

    /// The events that the driver needs while it runs.
    #[must_use]
    pub const fn events(self) -> u32 {
        match self {
            Self::Live(path) => path.events() | statistics::EVENTS,
            // The receiver says what was wrong on the line.
            Self::Serial(path) => path.events() | statistics::EVENTS | irq::CSIA.mask(),
            Self::Csi2a => irq::CSIA.mask(),
            Self::Memory(path) => path.done_events(),
        }
    }
}

impl Path {
    /// The blocks on the way.
    #[must_use]
    pub const fn blocks(self) -> Blocks {
        match self {
            Self::Raw => Blocks::CCDC,
            Self::Preview => Blocks::CCDC.and(Blocks::PREVIEW),
            Self::Resizer => Blocks::CCDC.and(Blocks::PREVIEW).and(Blocks::RESIZER),
            Self::Scaled => Blocks::CCDC.and(Blocks::RESIZER),
        }
    }

    /// Whether the preview engine is on the way, and with it the video port.
    #[must_use]
    pub const fn is_developed(self) -> bool {
        matches!(self, Self::Preview | Self::Resizer)
    }

    /// Whether the resizer is on the way.
    const fn is_scaled(self) -> bool {
        matches!(self, Self::Resizer | Self::Scaled)
    }

    /// The way that ends in this node, with the preview engine on it or not; `None` if none does.
    #[must_use]
    pub const fn to(video: VideoNode, developed: bool) -> Option<Self> {
        match video {
            VideoNode::CcdcOutput => Some(Self::Raw),
            VideoNode::PreviewOutput => Some(Self::Preview),
            VideoNode::ResizerOutput if developed => Some(Self::Resizer),
            VideoNode::ResizerOutput => Some(Self::Scaled),
            VideoNode::Ccp2Input
            | VideoNode::Csi2aOutput
            | VideoNode::PreviewInput
            | VideoNode::ResizerInput => None,
        }
    }

    /// Address register of the block that writes to memory; takes effect at frame start.
    #[must_use]
    pub const fn address(self) -> Register {
        match self {
            Self::Raw => ccdc::SDR_ADDR,
            Self::Preview => preview::WSDR_ADDR,
            Self::Resizer | Self::Scaled => resizer::SDR_OUTADD,
        }
    }

    /// The event that says that the last block has written a frame. The CCDC has none that comes
    /// after the last pixel: its frame is whole when the next one starts.
    #[must_use]
    pub const fn done_event(self) -> u32 {
        match self {
            Self::Raw => 0,
            Self::Preview => irq::PRV_DONE.mask(),
            Self::Resizer | Self::Scaled => irq::RSZ_DONE.mask(),
        }
    }

    /// The events that the driver needs while it streams: each frame start, the end of a frame, and tables
    /// of the CCDC that do not come. Two lines before the end: after it the CCDC must become idle, and by
    /// then it must be told to write no further frame, if it is not to.
    #[must_use]
    pub const fn events(self) -> u32 {
        let tables = irq::LSC_PREF_ERR.mask() | irq::CCDC_ERR.mask();
        irq::HS_VS.mask() | irq::CCDC_VD0.mask() | tables | self.done_event()
    }

    /// Lets the blocks run from the next frame start on: the CCDC until told otherwise, the others
    /// for one frame. Downstream first, so that nobody gives to a block that does not take.
    pub fn enable(self, registers: &mut impl Registers) {
        if self.is_scaled() {
            let pcr = resizer::pcr::EN.of(1) | resizer::pcr::ONESHOT.of(1);
            registers.write(&resizer::PCR, pcr);
        }
        if self.is_developed() {
            // The other bits are locked while the block is busy; they keep their values.
            let pcr = registers.read(&preview::PCR) | preview::pcr::EN.of(1);
            registers.write(&preview::PCR, pcr);
        }
        registers.write(&ccdc::PCR, ccdc::pcr::EN.of(1));
    }

    /// Lets no further frame start. One in progress is finished. Upstream last: what it still
    /// gives is still taken.
    pub fn disable(self, registers: &mut impl Registers) {
        if self.is_scaled() {
            registers.write(&resizer::PCR, resizer::pcr::ONESHOT.of(1));
        }
        if self.is_developed() {
            let pcr = registers.read(&preview::PCR) & !preview::pcr::EN.mask();
            registers.write(&preview::PCR, pcr);
        }
        registers.write(&ccdc::PCR, 0);
    }

    /// Writes no further frame to memory. Only the CCDC runs on by itself.
    pub fn pause(self, registers: &mut impl Registers) {
        if self == Self::Raw {
            registers.write(&ccdc::PCR, 0);
        }
    }

    /// Whether the block that writes to memory is in the middle of a frame.
    pub fn writing(self, registers: &mut impl Registers) -> bool {
        let (control, _, busy) = self.control();
        busy.is_set(registers.read(&control))
    }

    /// Whether the block that writes to memory is in the middle of no frame and will not start one.
    pub fn has_run_out(self, registers: &mut impl Registers) -> bool {
        let (control, enable, busy) = self.control();
        registers.read(&control) & (enable.mask() | busy.mask()) == 0
    }

    /// Whether it will start a frame.
    pub fn is_enabled(self, registers: &mut impl Registers) -> bool {
        let (control, enable, _) = self.control();
        enable.is_set(registers.read(&control))
    }

    /// Control register of the block that writes to memory, with its EN and BUSY.
    const fn control(self) -> (Register, Field, Field) {
        match self {
            Self::Raw => (ccdc::PCR, ccdc::pcr::EN, ccdc::pcr::BUSY),
            Self::Preview => (preview::PCR, preview::pcr::EN, preview::pcr::BUSY),
            Self::Resizer | Self::Scaled => (resizer::PCR, resizer::pcr::EN, resizer::pcr::BUSY),
        }
    }

    /// The blocks of the path that are in the middle of a frame; the CCDC also while its writes are
    /// under way.
    pub fn busy(self, registers: &mut impl Registers) -> Blocks {
        let busy = self.blocks().busy(registers);
        if self == Self::Raw && busy == Blocks::NONE && super::ccdc::writes_pending(registers) {
            return Blocks::CCDC;
        }
        busy
    }
}
