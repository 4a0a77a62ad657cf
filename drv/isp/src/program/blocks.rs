//! A set of the blocks that a pipeline uses.

use drv_isp_regs::{Field, Register, ccdc, ccp2, preview, resizer, sbl};

use crate::registers::Registers;
use crate::statistics;

/// Blocks with an enable and a busy bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocks(u8);

impl Blocks {
    /// No block.
    pub const NONE: Self = Self(0);
    /// CCDC.
    pub const CCDC: Self = Self(1);
    /// Preview engine.
    pub const PREVIEW: Self = Self(2);
    /// Resizer.
    pub const RESIZER: Self = Self(4);
    /// The statistics engines. They have busy bits and overflows of their own: see
    /// [`statistics`].
    pub const STATISTICS: Self = Self(8);
    /// The receiver CCP2; its memory channel is busy as long as it is enabled.
    pub const CCP2: Self = Self(16);
    /// The receiver CSI2a, which has no busy bit: see [`super::csi2a`].
    pub const CSI2A: Self = Self(32);

    /// The blocks of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The blocks of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the two sets have a block in common.
    #[must_use]
    pub const fn overlap(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Those that are in the middle of a frame.
    pub fn busy(self, registers: &mut impl Registers) -> Self {
        let controls: [(Self, Register, Field); 4] = [
            (Self::CCDC, ccdc::PCR, ccdc::pcr::BUSY),
            (Self::PREVIEW, preview::PCR, preview::pcr::BUSY),
            (Self::RESIZER, resizer::PCR, resizer::pcr::BUSY),
            (Self::CCP2, ccp2::LCM_CTRL, ccp2::lcm_ctrl::CHAN_EN),
        ];
        controls.iter().fold(Self::NONE, |busy, (block, control, field)| {
            let is_busy = self.overlap(*block) && field.is_set(registers.read(control));
            if is_busy { busy.and(*block) } else { busy }
        })
    }

    /// Bits of the SBL's PCR that say that data of these blocks was lost.
    #[must_use]
    pub const fn overflows(self) -> u32 {
        let mut bits = 0;
        if self.overlap(Self::CCDC) {
            bits |= sbl::pcr::CCDC_WBL_OVF.mask();
        }
        if self.overlap(Self::CSI2A) {
            bits |= sbl::pcr::CSIA_WBL_OVF.mask();
        }
        if self.overlap(Self::PREVIEW) {
            bits |= sbl::pcr::PRV_WBL_OVF.mask();
        }
        if self.overlap(Self::RESIZER) {
            bits |= RESIZER_OVERFLOWS;
        }
        if self.overlap(Self::STATISTICS) {
            bits |= statistics::OVERFLOWS;
        }
        bits
    }
}

/// The four write buffers of the resizer.
const RESIZER_OVERFLOWS: u32 = sbl::pcr::RSZ1_WBL_OVF.mask()
    | sbl::pcr::RSZ2_WBL_OVF.mask()
    | sbl::pcr::RSZ3_WBL_OVF.mask()
    | sbl::pcr::RSZ4_WBL_OVF.mask();
