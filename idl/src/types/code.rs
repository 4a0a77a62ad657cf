//! Media bus codes: what they say about the bits on a link (linux/media-bus-format.h).
//!
//! # Why here
//! Whether the two ends of a link fit is asked by who validates it and by who programs it, and both must say
//! the same.

use super::{MbusCode, PixelFormat};

/// Order of a Bayer mosaic: first line, then second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BayerOrder {
    /// B G / G R.
    Bggr,
    /// G B / R G.
    Gbrg,
    /// G R / B G.
    Grbg,
    /// R G / G B.
    Rggb,
}

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One colour per pixel.
    Bayer {
        /// Which colours where.
        order: BayerOrder,
        /// Bits per pixel: 8, 10 or 12.
        bits: u8,
    },
    /// SGRBG10, each pixel as a code of eight bits (DPCM).
    Compressed,
    /// Luma only.
    Grey {
        /// Bits per pixel: 8, 10 or 12.
        bits: u8,
    },
    /// 4:2:2, two transfers of 8 bits per pixel.
    Yuv8 {
        /// UYVY, else YUYV.
        chroma_first: bool,
    },
    /// 4:2:2, one transfer of 16 bits per pixel.
    Yuv16 {
        /// UYVY, else YUYV.
        chroma_first: bool,
    },
}

use BayerOrder::{Bggr, Gbrg, Grbg, Rggb};

/// All codes that the ISP knows.
const CODES: [(MbusCode, Encoding); 20] = [
    (MbusCode(0x2001), Encoding::Grey { bits: 8 }),
    (MbusCode(0x200a), Encoding::Grey { bits: 10 }),
    (MbusCode(0x2013), Encoding::Grey { bits: 12 }),
    (MbusCode(0x3001), Encoding::Bayer { order: Bggr, bits: 8 }),
    (MbusCode(0x3013), Encoding::Bayer { order: Gbrg, bits: 8 }),
    (MbusCode::SGRBG8, Encoding::Bayer { order: Grbg, bits: 8 }),
    (MbusCode(0x3014), Encoding::Bayer { order: Rggb, bits: 8 }),
    (MbusCode(0x3007), Encoding::Bayer { order: Bggr, bits: 10 }),
    (MbusCode(0x300e), Encoding::Bayer { order: Gbrg, bits: 10 }),
    (MbusCode::SGRBG10, Encoding::Bayer { order: Grbg, bits: 10 }),
    (MbusCode(0x300f), Encoding::Bayer { order: Rggb, bits: 10 }),
    (MbusCode::SGRBG10_DPCM8, Encoding::Compressed),
    (MbusCode(0x3008), Encoding::Bayer { order: Bggr, bits: 12 }),
    (MbusCode(0x3010), Encoding::Bayer { order: Gbrg, bits: 12 }),
    (MbusCode::SGRBG12, Encoding::Bayer { order: Grbg, bits: 12 }),
    (MbusCode(0x3012), Encoding::Bayer { order: Rggb, bits: 12 }),
    (MbusCode::UYVY8_2X8, Encoding::Yuv8 { chroma_first: true }),
    (MbusCode::YUYV8_2X8, Encoding::Yuv8 { chroma_first: false }),
    (MbusCode::UYVY8_1X16, Encoding::Yuv16 { chroma_first: true }),
    (MbusCode::YUYV8_1X16, Encoding::Yuv16 { chroma_first: false }),
];

/// What `code` means; `None` if the ISP does not know it.
#[must_use]
pub fn encoding(code: MbusCode) -> Option<Encoding> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, encoding)| *encoding)
}

/// All codes that the ISP knows, each once.
pub fn all() -> impl Iterator<Item = MbusCode> {
    CODES.iter().map(|(code, _)| *code)
}

/// The code with this meaning; `None` if there is none.
#[must_use]
pub fn code(encoding: Encoding) -> Option<MbusCode> {
    CODES.iter().find(|(_, known)| *known == encoding).map(|(code, _)| *code)
}

/// How pixels of `code` lie in memory behind a block of this ISP; `None` if they cannot.
///
/// Samples of 10 and 12 bits take two bytes.
#[must_use]
pub fn pixel_format(code: MbusCode) -> Option<PixelFormat> {
    Some(match encoding(code)? {
        Encoding::Grey { bits: 8 } => PixelFormat::GREY,
        Encoding::Grey { bits: 10 } => PixelFormat::Y10,
        Encoding::Grey { .. } => PixelFormat::Y12,
        Encoding::Bayer { order, bits: 8 } => match order {
            Bggr => PixelFormat::SBGGR8,
            Gbrg => PixelFormat::SGBRG8,
            Grbg => PixelFormat::SGRBG8,
            Rggb => PixelFormat::SRGGB8,
        },
        Encoding::Bayer { order, bits: 10 } => match order {
            Bggr => PixelFormat::SBGGR10,
            Gbrg => PixelFormat::SGBRG10,
            Grbg => PixelFormat::SGRBG10,
            Rggb => PixelFormat::SRGGB10,
        },
        Encoding::Bayer { order, .. } => match order {
            Bggr => PixelFormat::SBGGR12,
            Gbrg => PixelFormat::SGBRG12,
            Grbg => PixelFormat::SGRBG12,
            Rggb => PixelFormat::SRGGB12,
        },
        Encoding::Compressed => PixelFormat::SGRBG10_DPCM8,
        Encoding::Yuv16 { chroma_first: true } => PixelFormat::UYVY,
        Encoding::Yuv16 { chroma_first: false } => PixelFormat::YUYV,
        Encoding::Yuv8 { .. } => return None,
    })
}

/// Most bits that the lane shifter in front of the CCDC drops (ISP_CTRL.SHIFT: up to three lanes of two).
const SHIFT_BITS_MAX: u8 = 6;

/// Bits that the lane shifter must drop so that a sink with the code `to` gets the upper ones of `from`;
/// `None` if it cannot: only samples of the same kind, and the same order of colours, can be narrowed.
#[must_use]
pub fn lane_shift(from: MbusCode, to: MbusCode) -> Option<u8> {
    let dropped = match (encoding(from)?, encoding(to)?) {
        (
            Encoding::Bayer { order, bits },
            Encoding::Bayer { order: narrow_order, bits: narrow_bits },
        ) if order == narrow_order => bits.checked_sub(narrow_bits)?,
        (Encoding::Grey { bits }, Encoding::Grey { bits: narrow_bits }) => {
            bits.checked_sub(narrow_bits)?
        }
        (from, to) if from == to => 0,
        _ => return None,
    };
    (dropped <= SHIFT_BITS_MAX).then_some(dropped)
}

/// Bytes of a pixel in memory.
#[must_use]
pub fn pixel_bytes(encoding: Encoding) -> u32 {
    match encoding {
        Encoding::Grey { bits: 8 } | Encoding::Bayer { bits: 8, .. } | Encoding::Compressed => 1,
        _ => 2,
    }
}

/// `wanted` if it is a YUV code of one transfer per pixel, else YUYV.
#[must_use]
pub fn yuv16_or_default(wanted: MbusCode) -> MbusCode {
    match encoding(wanted) {
        Some(Encoding::Yuv16 { .. }) => wanted,
        _ => MbusCode::YUYV8_1X16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_meanings_are_one_to_one() {
        for (known, meaning) in CODES {
            assert_eq!(encoding(known), Some(meaning));
            assert_eq!(code(meaning), Some(known));
        }
        assert_eq!(encoding(MbusCode(0x1001)), None);
    }

    #[test]
    fn the_lane_shifter_narrows_samples_of_the_same_kind() {
        use super::MbusCode as Code;
        let check = |from: Code, to: Code, dropped| assert_eq!(lane_shift(from, to), dropped);
        check(Code::SGRBG12, Code::SGRBG12, Some(0));
        check(Code::SGRBG12, Code::SGRBG10, Some(2));
        check(Code::SGRBG12, Code::SGRBG8, Some(4));
        check(Code::SGRBG10, Code::SGRBG8, Some(2));
        check(Code::SGRBG10, Code::SGRBG12, None);
        check(Code::SGRBG8, Code::SGRBG10, None);
        // SBGGR8 and SRGGB10: another order.
        check(Code::SGRBG12, Code(0x3001), None);
        check(Code::SGRBG12, Code(0x300f), None);
        // Y12 and Y8.
        check(Code(0x2013), Code(0x2001), Some(4));
        check(Code(0x2013), Code::SGRBG8, None);
        check(Code::SGRBG10_DPCM8, Code::SGRBG8, None);
        check(Code::SGRBG10_DPCM8, Code::SGRBG10_DPCM8, Some(0));
        check(Code::UYVY8_1X16, Code::YUYV8_1X16, None);
        check(Code::SGRBG12, Code(0x1234), None);
        check(Code(0x1234), Code(0x1234), None);
    }

    #[test]
    fn memory_formats_carry_the_names_of_the_interface() {
        assert_eq!(pixel_format(MbusCode::SGRBG8), Some(PixelFormat::SGRBG8));
        assert_eq!(pixel_format(MbusCode::SGRBG10), Some(PixelFormat::SGRBG10));
        assert_eq!(pixel_format(MbusCode::SGRBG12), Some(PixelFormat::SGRBG12));
        assert_eq!(pixel_format(MbusCode::SGRBG10_DPCM8), Some(PixelFormat::SGRBG10_DPCM8));
        assert_eq!(pixel_format(MbusCode::UYVY8_1X16), Some(PixelFormat::UYVY));
        assert_eq!(pixel_format(MbusCode::YUYV8_1X16), Some(PixelFormat::YUYV));
        assert_eq!(pixel_format(MbusCode(0x2006)), None);
    }
}
