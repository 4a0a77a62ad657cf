//! VIDIOC_OMAP3ISP_CCDC_CFG: what the CCDC corrects before a frame goes to memory or to the video port.
//!
//! Numbers and ranges are those of the registers (OMAP36xx TRM, `drv/isp-regs`), names of features those
//! of the Linux driver (`linux/omap3isp.h`, OMAP3ISP_CCDC_*).

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

use super::features::set_of_functions;

/// A set of functions of the CCDC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct CcdcFeatures(pub u32);

impl CcdcFeatures {
    /// A-law on the way to memory: ten bits become eight.
    pub const ALAW: Self = Self(1);
    /// Low pass over pixels of a colour on the way to memory; it costs two pixels at either end.
    pub const LPF: Self = Self(1 << 1);
    /// Optical black clamp; off subtracts the number that was given with it.
    pub const BLCLAMP: Self = Self(1 << 2);
    /// Black level compensation.
    pub const BCOMP: Self = Self(1 << 3);
    /// Fault pixel correction; needs its table.
    pub const FPC: Self = Self(1 << 4);
    /// Culling on the way to memory.
    pub const CULL: Self = Self(1 << 5);
    /// Lens shading compensation. Always together with [`CcdcFeatures::TBL_LSC`].
    pub const CONFIG_LSC: Self = Self(1 << 7);
    /// Table of the lens shading compensation.
    pub const TBL_LSC: Self = Self(1 << 8);

    /// Lens shading: configuration and table, which are of no use one without the other.
    pub const LSC: Self = Self::CONFIG_LSC.and(Self::TBL_LSC);
    /// All of them.
    pub const SUPPORTED: Self = Self(0x1BF);
    /// Those whose registers take effect at the next frame start, so that they may change in a stream.
    pub const SHADOWED: Self =
        Self::ALAW.and(Self::LPF).and(Self::BLCLAMP).and(Self::BCOMP).and(Self::CULL);
}

set_of_functions!(CcdcFeatures);

/// Black clamp (`omap3isp_ccdc_bclamp`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct BlackClamp {
    /// What the mean of the window is multiplied with, U1Q4; 16 = 1.0, at most 31.
    pub gain_q4: u8,
    /// First pixel of the window, at most 32767.
    pub start_px: u16,
    /// log2 of the window's width in pixels, 0..=4.
    pub pixels_log2: u8,
    /// log2 of its height in lines, 0..=4.
    pub lines_log2: u8,
    /// What is subtracted while the clamp is off, in codes, at most 16383.
    pub subtract: u16,
}

/// Black level compensation (`omap3isp_ccdc_blcomp`): added to red, green in red lines, green in blue
/// lines, blue, in codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct BlackCompensation(pub [i8; 4]);

/// Culling (`omap3isp_ccdc_culling`): masks that repeat every eight lines or pixels, lowest bit first; a set
/// bit keeps one. None may be zero. The lines in memory keep their distance; behind what is kept, a
/// buffer has what it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Culling {
    /// Lines.
    pub lines: u8,
    /// Pixels of even lines.
    pub even: u8,
    /// Pixels of odd lines.
    pub odd: u8,
}

/// Lens shading compensation (`omap3isp_ccdc_lsc_config`), without its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct LensShading {
    /// From a row of points to the next one in the table, a multiple of 4, in bytes.
    pub stride_bytes: u16,
    /// Format of the gains, 0..=7: U8Q8, U8Q8 + 1, U8Q7, and so on to U8Q5 + 1.
    pub gain_format: u8,
    /// log2 of the distance of two points along a line in pixels, 2..=6.
    pub width_log2: u8,
    /// log2 of the distance of two rows of points in lines, 2..=6.
    pub height_log2: u8,
    /// Column of the map under the first pixel, at most 63.
    pub initial_x: u8,
    /// Line of the map under the first line, at most 63.
    pub initial_y: u8,
}

/// Parameters of one function of the CCDC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum CcdcParameters {
    /// Of `BLCLAMP`.
    BlackClamp(BlackClamp),
    /// Of `BCOMP`.
    BlackCompensation(BlackCompensation),
    /// Of `CULL`.
    Culling(Culling),
    /// Of `LSC`.
    LensShading(LensShading),
}

/// A table of the CCDC, in little-endian 32-bit words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum CcdcTable {
    /// Of `FPC`: a word for each pixel, sorted by line and then by column: line in bits 31:19, column in
    /// bits 18:5; in bits 4:0 where it comes from: 1 left, 2 right, 3 the mean of both.
    FaultPixels,
    /// Of `LSC`: rows of points, a gain byte for each place of the 2x2 cell in a word, the first one
    /// lowest.
    LensShading,
}

/// The longest table, in bytes.
pub const CCDC_TABLE_BYTES_MAX: usize = 32 * 1024;

/// The most of a table that one call of the driver takes, in bytes.
pub const CCDC_PIECE_BYTES_MAX: usize = 1024;

impl CcdcTable {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::FaultPixels, Self::LensShading];
}
