//! The ways from memory to memory, and the registers that differ from frame to frame.
//!
//! Each frame is one shot (TRM), and starts when the block that reads is enabled. The CCDC runs on by
//! itself, so it is enabled with each frame and disabled after it: no other input's frame is to come
//! where this one's buffer was.

use drv_isp_regs::{Register, main_block::irq, preview, resizer};
use idl::types::{BlockState, VideoNode};

use super::{Blocks, Path, ccp2, resizer::memory_start};
use crate::registers::Registers;

/// A way from memory to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryPath {
    /// Preview only.
    Preview,
    /// Preview and resizer.
    PreviewResizer,
    /// Resizer only.
    Resizer,
    /// CCP2, CCDC, and what is behind it.
    Ccp2(Path),
}

impl MemoryPath {
    /// The way between two nodes, with the preview engine on it or not where there is a choice; `None` if
    /// there is none.
    #[must_use]
    pub const fn between(input: VideoNode, output: VideoNode, developed: bool) -> Option<Self> {
        match (input, output) {
            (VideoNode::PreviewInput, VideoNode::PreviewOutput) => Some(Self::Preview),
            (VideoNode::PreviewInput, VideoNode::ResizerOutput) => Some(Self::PreviewResizer),
            (VideoNode::ResizerInput, VideoNode::ResizerOutput) => Some(Self::Resizer),
            (VideoNode::Ccp2Input, output) => match Path::to(output, developed) {
                Some(path) => Some(Self::Ccp2(path)),
                None => None,
            },
            _ => None,
        }
    }

    /// The node whose buffers are read.
    #[must_use]
    pub const fn input(self) -> VideoNode {
        match self {
            Self::Preview | Self::PreviewResizer => VideoNode::PreviewInput,
            Self::Resizer => VideoNode::ResizerInput,
            Self::Ccp2(_) => VideoNode::Ccp2Input,
        }
    }

    /// The blocks on the way.
    #[must_use]
    pub const fn blocks(self) -> Blocks {
        match self {
            Self::Preview => Blocks::PREVIEW,
            Self::PreviewResizer => Blocks::PREVIEW.and(Blocks::RESIZER),
            Self::Resizer => Blocks::RESIZER,
            Self::Ccp2(path) => Blocks::CCP2.and(path.blocks()),
        }
    }

    /// The events that have all come when nobody reads or writes any more: the resizer can be done
    /// before the preview engine has read its last lines. The CCDC has no such event:
    /// [`MemoryPath::has_written`].
    #[must_use]
    pub const fn done_events(self) -> u32 {
        let preview = irq::PRV_DONE.mask();
        let resizer = irq::RSZ_DONE.mask();
        match self {
            Self::Preview => preview,
            Self::PreviewResizer => preview | resizer,
            Self::Resizer => resizer,
            Self::Ccp2(path) => {
                let behind = match path {
                    Path::Raw => 0,
                    Path::Preview => preview,
                    Path::Resizer => preview | resizer,
                    Path::Scaled => resizer,
                };
                irq::CCP2_LCM.mask() | behind
            }
        }
    }

    /// After all events: whether the last pixel is in memory, and the CCDC is idle.
    pub fn has_written(self, registers: &mut impl Registers) -> bool {
        match self {
            Self::Ccp2(path) => !path.busy(registers).overlap(Blocks::CCDC),
            Self::Preview | Self::PreviewResizer | Self::Resizer => true,
        }
    }

    /// The blocks that are in the middle of a frame.
    pub fn busy(self, registers: &mut impl Registers) -> Blocks {
        match self {
            Self::Ccp2(path) => Blocks::CCP2.busy(registers).and(path.busy(registers)),
            _ => self.blocks().busy(registers),
        }
    }

    /// Lets no further frame start in the blocks that could. One in progress is finished.
    pub fn disable(self, registers: &mut impl Registers) {
        if let Self::Ccp2(path) = self {
            path.disable(registers);
        }
    }

    /// Takes events of a frame: those that say that a block is done with it, and whether a part of it did
    /// not come. The event of the memory channel says either, so the channel is asked, and acknowledged.
    pub fn take_events(self, events: u32, registers: &mut impl Registers) -> (u32, bool) {
        if !matches!(self, Self::Ccp2(_)) || !irq::CCP2_LCM.is_set(events) {
            return (events, false);
        }
        let ccp2::Taken { ended, failed } = ccp2::take_events(registers);
        (if ended { events } else { events & !irq::CCP2_LCM.mask() }, failed)
    }

    /// Address register of the block that writes.
    const fn output(self) -> Register {
        match self {
            Self::Preview => preview::WSDR_ADDR,
            Self::PreviewResizer | Self::Resizer => resizer::SDR_OUTADD,
            Self::Ccp2(path) => path.address(),
        }
    }

    /// Starts one frame from a buffer to another. The resizer's `state` and the distance of input
    /// lines say where its crop begins.
    pub fn run(
        self,
        (input, output): (u32, u32),
        (state, stride_bytes): (Option<&BlockState>, u32),
        registers: &mut impl Registers,
    ) {
        registers.write(&self.output(), output);
        let one_shot = resizer::pcr::EN.of(1) | resizer::pcr::ONESHOT.of(1);
        match self {
            Self::Preview | Self::PreviewResizer => {
                registers.write(&preview::RSDR_ADDR, input);
                if self == Self::PreviewResizer {
                    registers.write(&resizer::PCR, one_shot);
                }
                // Hardware clears SOURCE with each EN.
                let start = preview::pcr::EN.of(1) | preview::pcr::SOURCE.of(1);
                let pcr = registers.read(&preview::PCR) | start;
                registers.write(&preview::PCR, pcr);
            }
            Self::Resizer => {
                let offset = state.map_or(0, |state| memory_start(state, stride_bytes));
                registers.write(&resizer::SDR_INADD, input + offset);
                registers.write(&resizer::PCR, one_shot);
            }
            Self::Ccp2(path) => {
                path.enable(registers);
                ccp2::start(input, registers);
            }
        }
    }
}
