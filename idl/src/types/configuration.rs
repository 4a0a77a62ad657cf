//! VIDIOC_OMAP3ISP_PRV_CFG: what the functions of the preview engine do, and which of them are on.
//!
//! Numbers and ranges are those of the registers (OMAP36xx TRM, `drv/isp-regs`), names of features those
//! of the Linux driver (`linux/omap3isp.h`, OMAP3ISP_PREV_*).

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

use super::features::set_of_functions;

/// A set of functions of the preview engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct PreviewFeatures(pub u32);

impl PreviewFeatures {
    /// Luma enhancement; needs its table.
    pub const LUMAENH: Self = Self(1);
    /// Inverse A-law, 8 to 10 bits.
    pub const INVALAW: Self = Self(1 << 1);
    /// Horizontal median.
    pub const HRZ_MED: Self = Self(1 << 2);
    /// Colour interpolation. A mosaic needs it: it cannot be off.
    pub const CFA: Self = Self(1 << 3);
    /// Chroma suppression.
    pub const CHROMA_SUPP: Self = Self(1 << 4);
    /// White balance; off is a gain of 1.0 for all.
    pub const WB: Self = Self(1 << 5);
    /// Black adjustment; off adds nothing.
    pub const BLKADJ: Self = Self(1 << 6);
    /// RGB to RGB blending; off is the identity.
    pub const RGB2RGB: Self = Self(1 << 7);
    /// RGB to YCbCr conversion. The output needs it: it cannot be off.
    pub const COLOR_CONV: Self = Self(1 << 8);
    /// Limits of luma and chroma; off cuts off nothing.
    pub const YC_LIMIT: Self = Self(1 << 9);
    /// Defect correction.
    pub const DEFECT_COR: Self = Self(1 << 10);
    /// Capture of a dark frame. Not supported.
    pub const DRK_FRM_CAPTURE: Self = Self(1 << 12);
    /// Subtraction of a dark frame. Not supported.
    pub const DRK_FRM_SUBTRACT: Self = Self(1 << 13);
    /// Lens shading compensation. Not supported.
    pub const LENS_SHADING: Self = Self(1 << 14);
    /// Noise filter; needs its table.
    pub const NF: Self = Self(1 << 15);
    /// Gamma correction; off takes the upper 8 of 10 bits.
    pub const GAMMA: Self = Self(1 << 16);

    /// What the driver offers. What it leaves out needs frames in memory that nobody makes yet.
    pub const SUPPORTED: Self = Self(0x187FF);
}

set_of_functions!(PreviewFeatures);

/// Horizontal median (`omap3isp_prev_hmed`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct HorizontalMedian {
    /// A pixel that differs more than this from the median takes the median, in codes of 8 bits.
    pub threshold: u8,
    /// Distance to the neighbours of even pixels, 1 or 2, in pixels.
    pub even_distance_px: u8,
    /// Distance to the neighbours of odd pixels, 1 or 2, in pixels.
    pub odd_distance_px: u8,
}

/// Colour interpolation of a Bayer mosaic (`omap3isp_prev_cfa`), without its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct CfaThresholds {
    /// Horizontal gradient threshold, in codes.
    pub horizontal: u8,
    /// Vertical gradient threshold, in codes.
    pub vertical: u8,
}

/// Chroma suppression (`omap3isp_prev_csup`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct ChromaSuppression {
    /// Gain, U0Q8.
    pub gain_q8: u8,
    /// Luma above which chroma is suppressed, in codes of 8 bits.
    pub threshold: u8,
    /// Whether luma is high-passed first.
    pub high_pass: bool,
}

/// White balance (`omap3isp_prev_wbal`). Red and blue are also the controls RED_BALANCE and BLUE_BALANCE:
/// who sets last is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct WhiteBalance {
    /// Gain of all colours, U2Q8; 256 = 1.0, at most 1023.
    pub digital_gain_q8: u16,
    /// Gains of red, green in red lines, green in blue lines, blue, U3Q5; 32 = 1.0.
    pub gains_q5: [u8; 4],
}

/// Black adjustment (`omap3isp_prev_blkadj`): added to red, green, blue after the interpolation, in
/// codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct BlackAdjust(pub [i8; 3]);

/// RGB to RGB blending (`omap3isp_prev_rgbtorgb`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct RgbToRgb {
    /// Rows make red, green, blue, S4Q8: each -2048..=2047, 256 = 1.0.
    pub matrix_q8: [[i16; 3]; 3],
    /// Added to red, green, blue, each -512..=511, in codes of 10 bits.
    pub offset: [i16; 3],
}

/// RGB to YCbCr conversion (`omap3isp_prev_csc`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct ColorConversion {
    /// Rows make Y, Cb, Cr, S2Q8: each -512..=511, 256 = 1.0.
    pub matrix_q8: [[i16; 3]; 3],
    /// Added to Y, Cb, Cr, in codes; the 128 of chroma is the hardware's.
    pub offset: [i8; 3],
}

/// Limits of luma and chroma (`omap3isp_prev_yclimit`); each smallest at most its largest, in codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct YcLimits {
    /// Smallest and largest luma.
    pub luma: (u8, u8),
    /// Smallest and largest chroma.
    pub chroma: (u8, u8),
}

/// Thresholds of defect correction for a place of the mosaic, each at most 1023, in codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct DefectThreshold {
    /// From here on a pixel counts as defect.
    pub detect: u16,
    /// How far it is corrected.
    pub correct: u16,
}

/// Defect correction (`omap3isp_prev_dcor`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct DefectCorrection {
    /// Whether two neighbours that are both defect are corrected.
    pub couplets: bool,
    /// CDC_THR0 to 3.
    pub thresholds: [DefectThreshold; 4],
}

/// Noise filter (`omap3isp_prev_nf`), without its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct NoiseFilter {
    /// Spread, 0..=3.
    pub spread: u8,
}

/// Parameters of one function of the preview engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum PreviewParameters {
    /// Of `HRZ_MED`.
    HorizontalMedian(HorizontalMedian),
    /// Of `CFA`.
    Cfa(CfaThresholds),
    /// Of `CHROMA_SUPP`.
    ChromaSuppression(ChromaSuppression),
    /// Of `WB`.
    WhiteBalance(WhiteBalance),
    /// Of `BLKADJ`.
    BlackAdjust(BlackAdjust),
    /// Of `RGB2RGB`.
    RgbToRgb(RgbToRgb),
    /// Of `COLOR_CONV`.
    ColorConversion(ColorConversion),
    /// Of `YC_LIMIT`.
    YcLimits(YcLimits),
    /// Of `DEFECT_COR`.
    DefectCorrection(DefectCorrection),
    /// Of `NF`.
    NoiseFilter(NoiseFilter),
}

impl PreviewParameters {
    /// The function that they are of.
    #[must_use]
    pub const fn feature(&self) -> PreviewFeatures {
        match self {
            Self::HorizontalMedian(_) => PreviewFeatures::HRZ_MED,
            Self::Cfa(_) => PreviewFeatures::CFA,
            Self::ChromaSuppression(_) => PreviewFeatures::CHROMA_SUPP,
            Self::WhiteBalance(_) => PreviewFeatures::WB,
            Self::BlackAdjust(_) => PreviewFeatures::BLKADJ,
            Self::RgbToRgb(_) => PreviewFeatures::RGB2RGB,
            Self::ColorConversion(_) => PreviewFeatures::COLOR_CONV,
            Self::YcLimits(_) => PreviewFeatures::YC_LIMIT,
            Self::DefectCorrection(_) => PreviewFeatures::DEFECT_COR,
            Self::NoiseFilter(_) => PreviewFeatures::NF,
        }
    }
}

/// A table of the preview engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum PreviewTable {
    /// Of `GAMMA`: 1024 bytes, the output of 8 bits for each code of 10 bits.
    RedGamma,
    /// The same for green.
    GreenGamma,
    /// The same for blue.
    BlueGamma,
    /// Of `NF`: 64 bytes, the threshold for each 16 codes of 10 bits.
    NoiseFilter,
    /// Of `LUMAENH`: 128 little-endian 32-bit words: offset in bits 19:10, slope in bits 9:0.
    LumaEnhancement,
    /// Of `CFA`: 4 blocks of 144 weights, a byte each.
    Cfa,
}

/// The longest table, in bytes.
pub const PREVIEW_TABLE_BYTES_MAX: usize = 1024;

impl PreviewTable {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::RedGamma,
        Self::GreenGamma,
        Self::BlueGamma,
        Self::NoiseFilter,
        Self::LumaEnhancement,
        Self::Cfa,
    ];

    /// The function that it is of.
    #[must_use]
    pub const fn feature(self) -> PreviewFeatures {
        match self {
            Self::RedGamma | Self::GreenGamma | Self::BlueGamma => PreviewFeatures::GAMMA,
            Self::NoiseFilter => PreviewFeatures::NF,
            Self::LumaEnhancement => PreviewFeatures::LUMAENH,
            Self::Cfa => PreviewFeatures::CFA,
        }
    }

    /// Its length in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::RedGamma | Self::GreenGamma | Self::BlueGamma => PREVIEW_TABLE_BYTES_MAX,
            Self::NoiseFilter => 64,
            Self::LumaEnhancement => 512,
            Self::Cfa => 576,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `linux/omap3isp.h`: bits 0 to 10, 15 and 16 are functions that need no frame in memory.
    #[test]
    fn what_is_supported_leaves_out_what_needs_a_frame_in_memory() {
        let memory = PreviewFeatures::DRK_FRM_CAPTURE
            .and(PreviewFeatures::DRK_FRM_SUBTRACT)
            .and(PreviewFeatures::LENS_SHADING);
        assert_eq!(PreviewFeatures::SUPPORTED.common(memory), PreviewFeatures::NONE);
        assert_eq!(PreviewFeatures::SUPPORTED.and(memory).0 | 1 << 11, 0x1_FFFF);
        for table in PreviewTable::ALL {
            assert!(PreviewFeatures::SUPPORTED.contains(table.feature()));
            assert!(table.bytes() <= PREVIEW_TABLE_BYTES_MAX);
        }
    }
}
