//! Sizes, pixel formats, media bus codes.

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

/// A media bus code (linux/media-bus-format.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct MbusCode(pub u16);

impl MbusCode {
    /// MEDIA_BUS_FMT_SGRBG8_1X8.
    pub const SGRBG8: Self = Self(0x3002);
    /// MEDIA_BUS_FMT_SGRBG10_1X10.
    pub const SGRBG10: Self = Self(0x300a);
    /// MEDIA_BUS_FMT_SGRBG12_1X12.
    pub const SGRBG12: Self = Self(0x3011);
    /// MEDIA_BUS_FMT_SGRBG10_DPCM8_1X8: SGRBG10, compressed to eight bits.
    pub const SGRBG10_DPCM8: Self = Self(0x3009);
    /// MEDIA_BUS_FMT_RGB888_1X24. No block of the ISP takes it.
    pub const RGB888: Self = Self(0x100a);
    /// MEDIA_BUS_FMT_UYVY8_2X8.
    pub const UYVY8_2X8: Self = Self(0x2006);
    /// MEDIA_BUS_FMT_YUYV8_2X8.
    pub const YUYV8_2X8: Self = Self(0x2008);
    /// MEDIA_BUS_FMT_UYVY8_1X16.
    pub const UYVY8_1X16: Self = Self(0x200f);
    /// MEDIA_BUS_FMT_YUYV8_1X16.
    pub const YUYV8_1X16: Self = Self(0x2011);
}

/// A fourcc (linux/videodev2.h), first character in the low byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct PixelFormat(pub u32);

impl PixelFormat {
    /// V4L2_PIX_FMT_GREY: luma, a byte.
    pub const GREY: Self = Self(u32::from_le_bytes(*b"GREY"));
    /// V4L2_PIX_FMT_Y10: luma, 10 bits in 2 bytes, little endian.
    pub const Y10: Self = Self(u32::from_le_bytes(*b"Y10 "));
    /// V4L2_PIX_FMT_Y12: luma, 12 bits in 2 bytes, little endian.
    pub const Y12: Self = Self(u32::from_le_bytes(*b"Y12 "));
    /// V4L2_PIX_FMT_SBGGR8: a byte.
    pub const SBGGR8: Self = Self(u32::from_le_bytes(*b"BA81"));
    /// V4L2_PIX_FMT_SGBRG8: a byte.
    pub const SGBRG8: Self = Self(u32::from_le_bytes(*b"GBRG"));
    /// V4L2_PIX_FMT_SRGGB8: a byte.
    pub const SRGGB8: Self = Self(u32::from_le_bytes(*b"RGGB"));
    /// V4L2_PIX_FMT_SBGGR10: 10 bits in 2 bytes, little endian.
    pub const SBGGR10: Self = Self(u32::from_le_bytes(*b"BG10"));
    /// V4L2_PIX_FMT_SGBRG10: 10 bits in 2 bytes, little endian.
    pub const SGBRG10: Self = Self(u32::from_le_bytes(*b"GB10"));
    /// V4L2_PIX_FMT_SRGGB10: 10 bits in 2 bytes, little endian.
    pub const SRGGB10: Self = Self(u32::from_le_bytes(*b"RG10"));
    /// V4L2_PIX_FMT_SBGGR12: 12 bits in 2 bytes, little endian.
    pub const SBGGR12: Self = Self(u32::from_le_bytes(*b"BG12"));
    /// V4L2_PIX_FMT_SGBRG12: 12 bits in 2 bytes, little endian.
    pub const SGBRG12: Self = Self(u32::from_le_bytes(*b"GB12"));
    /// V4L2_PIX_FMT_SRGGB12: 12 bits in 2 bytes, little endian.
    pub const SRGGB12: Self = Self(u32::from_le_bytes(*b"RG12"));
    /// V4L2_PIX_FMT_SGRBG8: a byte.
    pub const SGRBG8: Self = Self(u32::from_le_bytes(*b"GRBG"));
    /// V4L2_PIX_FMT_SGRBG10: 10 bits in 2 bytes, little endian.
    pub const SGRBG10: Self = Self(u32::from_le_bytes(*b"BA10"));
    /// V4L2_PIX_FMT_SGRBG12: 12 bits in 2 bytes, little endian.
    pub const SGRBG12: Self = Self(u32::from_le_bytes(*b"BA12"));
    /// V4L2_PIX_FMT_SGRBG10DPCM8: 10 bits compressed to a byte (MIPI CSI-2, predictor 1).
    pub const SGRBG10_DPCM8: Self = Self(u32::from_le_bytes(*b"BD10"));
    /// V4L2_PIX_FMT_SGRBG10P: 10 bits, four samples in five bytes (MIPI CSI-2, RAW10).
    pub const SGRBG10P: Self = Self(u32::from_le_bytes(*b"pgAA"));
    /// V4L2_PIX_FMT_UYVY.
    pub const UYVY: Self = Self(u32::from_le_bytes(*b"UYVY"));
    /// V4L2_PIX_FMT_YUYV.
    pub const YUYV: Self = Self(u32::from_le_bytes(*b"YUYV"));
}

/// A rectangle on a pad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Rect {
    /// First column, in pixels.
    pub left_px: u16,
    /// First line, in pixels.
    pub top_px: u16,
    /// Columns.
    pub width_px: u16,
    /// Lines.
    pub height_px: u16,
}

/// What crosses a link, per frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct PadFormat {
    /// Columns.
    pub width_px: u16,
    /// Lines.
    pub height_px: u16,
    /// Encoding.
    pub code: MbusCode,
}

/// What lies in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct PixFormat {
    /// Columns.
    pub width_px: u16,
    /// Lines.
    pub height_px: u16,
    /// Encoding.
    pub pixel_format: PixelFormat,
    /// From one line to the next, in bytes; a multiple of 32.
    pub stride_bytes: u32,
    /// Of the whole picture, in bytes.
    pub size_bytes: u32,
}

/// Time from one frame to the next, in seconds: a fraction (V4L2: `v4l2_fract`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct FrameInterval {
    /// Seconds, times the denominator.
    pub numerator: u32,
    /// Parts of a second; 0 counts as 1.
    pub denominator: u32,
}

impl FrameInterval {
    /// As fast as it goes.
    pub const NONE: Self = Self { numerator: 0, denominator: 1 };
    /// The shortest that is told from none: a microsecond.
    pub const MIN: Self = Self { numerator: 1, denominator: 1_000_000 };
    /// The longest that [`FrameInterval::as_us`] tells: 71 minutes.
    pub const MAX: Self = Self { numerator: u32::MAX, denominator: 1_000_000 };

    /// In microseconds, rounded down; at most `u32::MAX` of them, 71 minutes.
    #[must_use]
    pub fn as_us(self) -> u32 {
        let us = u64::from(self.numerator) * 1_000_000 / u64::from(self.denominator.max(1));
        us.try_into().unwrap_or(u32::MAX)
    }
}

/// All formats of one block. Which fields mean something depends on the block; the others
/// repeat a meaningful one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct BlockState {
    /// Format of the sink pad (a sensor's: the whole pixel array).
    pub sink: PadFormat,
    /// Crop: CCDC on its pad 1, preview and resizer on their pad 0, sensor in array pixels.
    pub crop: Rect,
    /// Largest crop possible now.
    pub crop_bounds: Rect,
    /// Format of the first source pad (CCDC: pad 1, output formatter).
    pub source: PadFormat,
    /// Format of the second source pad (CCDC: pad 2, video port).
    /// Resizer: size of the crop as it was asked for; `crop` is what the hardware reads of it.
    pub video_port: PadFormat,
}

/// Where the samples at the sink pad of a block come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Feed {
    /// From the block in front of it, or the sensor; or from nowhere yet.
    Live,
    /// From memory: an input node.
    Memory,
}

/// Which of the codes that a pad can carry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Choice {
    /// The one at this position, 0.. until there is none.
    Index(u16),
    /// This one.
    Code(MbusCode),
}

/// Sizes at a pad (V4L2: `v4l2_subdev_frame_size_enum`). Each of the four is taken as it is together with
/// some size the other way; not each size between them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct SizeRange {
    /// Fewest columns.
    pub min_width_px: u16,
    /// Most columns.
    pub max_width_px: u16,
    /// Fewest lines.
    pub min_height_px: u16,
    /// Most lines.
    pub max_height_px: u16,
}

impl SizeRange {
    /// Whether a size lies between them.
    #[must_use]
    pub fn contains(&self, width_px: u16, height_px: u16) -> bool {
        (self.min_width_px..=self.max_width_px).contains(&width_px)
            && (self.min_height_px..=self.max_height_px).contains(&height_px)
    }
}

/// A code that a pad can carry, while the other pads of its block stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Offer {
    /// The code.
    pub code: MbusCode,
    /// In these sizes.
    pub sizes: SizeRange,
}

/// Sizes that a video node takes (V4L2: `v4l2_frmsize_stepwise`). A picture must fit a buffer, too, so what is
/// taken is no rectangle: all sizes from the smallest to the largest in these steps whose lines, each a
/// multiple of `align_bytes` long, are together no more than `buffer_bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct FrameSizes {
    /// Smallest and largest width, each with some height.
    pub sizes: SizeRange,
    /// From one width to the next, in pixels.
    pub step_width_px: u16,
    /// From one height to the next, in lines.
    pub step_height_px: u16,
    /// Lines begin at multiples of this.
    pub align_bytes: u32,
    /// Room for a picture.
    pub buffer_bytes: u32,
}

/// Frame intervals from the shortest to the longest, all of them (V4L2: V4L2_FRMIVAL_TYPE_CONTINUOUS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct FrameIntervals {
    /// The shortest.
    pub min: FrameInterval,
    /// The longest.
    pub max: FrameInterval,
}

/// A change that somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum FormatChange {
    /// Set the format of a pad; sets the crop to full and propagates if it is a sink.
    Format {
        /// Which pad of the entity.
        pad: u8,
        /// The wanted format.
        format: PadFormat,
    },
    /// Set the crop rectangle.
    Crop(Rect),
}
