//! What a node can hold in memory.
//!
//! Pixel formats per node and stride alignment: V4L2 driver omap3isp. The size limits are those of
//! the node's pool, so a format that was adjusted always fits a buffer.

use idl::types::{FrameSizes, PixFormat, PixelFormat, Pool, SizeRange};

/// omap3isp: bytesperline is a multiple of 32.
const STRIDE_ALIGN_BYTES: u32 = 32;
/// omap3isp: the preview engine needs lines of whole 64 bytes when it reads them.
const READ_ALIGN_BYTES: u32 = 64;
/// Smallest width and height: of what the resizer writes (omap3isp: 16 x 2), of what it reads, of what
/// the preview engine reads, and of what CCP2 reads.
const WRITTEN_MIN_PX: (u16, u16) = (16, 2);
const RECEIVED_MIN_PX: (u16, u16) = (16, 1);
const SCALED_MIN_PX: (u16, u16) = (32, 32);
const DEVELOPED_MIN_PX: (u16, u16) = (64, 16);
/// The widest picture of the ISP.
const WIDTH_MAX_PX: u16 = 4096;

/// Samples of a mosaic, and of 4:2:2, come in pairs.
const WIDTH_STEP_PX: u16 = 2;

/// The formats of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats {
    list: &'static [PixelFormat],
    /// What an unknown format is replaced by.
    fallback: PixelFormat,
    /// Smallest width and height.
    min_px: (u16, u16),
    align_bytes: u32,
}

impl Formats {
    /// The formats of /dev/video`number`: raw at the receivers, at the CCDC and in front of the preview
    /// engine, YUV behind that, at the resizer, and of a sensor that sends it at the CCDC.
    #[must_use]
    pub fn of(number: u8) -> Self {
        const CCDC: &[PixelFormat] = &[
            PixelFormat::SGRBG10,
            PixelFormat::SGRBG12,
            PixelFormat::SGRBG8,
            PixelFormat::UYVY,
            PixelFormat::YUYV,
        ];
        const SERIAL: &[PixelFormat] = &[
            PixelFormat::SGRBG10,
            PixelFormat::SGRBG10P,
            PixelFormat::SGRBG10_DPCM8,
            PixelFormat::SGRBG8,
            PixelFormat::SGRBG12,
        ];
        const RECEIVED: &[PixelFormat] = &[PixelFormat::SGRBG10, PixelFormat::SGRBG10_DPCM8];
        const DEVELOPED: &[PixelFormat] = &[
            PixelFormat::SGRBG10,
            PixelFormat::SGRBG8,
            PixelFormat::SRGGB10,
            PixelFormat::SRGGB8,
            PixelFormat::SBGGR10,
            PixelFormat::SBGGR8,
            PixelFormat::SGBRG10,
            PixelFormat::SGBRG8,
            PixelFormat::Y10,
            PixelFormat::GREY,
        ];
        const YUV: &[PixelFormat] = &[PixelFormat::UYVY, PixelFormat::YUYV];
        let (list, fallback) = match number {
            0 => (RECEIVED, PixelFormat::SGRBG10),
            1 => (SERIAL, PixelFormat::SGRBG10),
            2 => (CCDC, PixelFormat::SGRBG10),
            3 => (DEVELOPED, PixelFormat::SGRBG10),
            _ => (YUV, PixelFormat::YUYV),
        };
        let (min_px, align_bytes) = match number {
            0 => (RECEIVED_MIN_PX, STRIDE_ALIGN_BYTES),
            3 => (DEVELOPED_MIN_PX, READ_ALIGN_BYTES),
            5 => (SCALED_MIN_PX, STRIDE_ALIGN_BYTES),
            _ => (WRITTEN_MIN_PX, STRIDE_ALIGN_BYTES),
        };
        Self { list, fallback, min_px, align_bytes }
    }

    /// The format at a position of the list.
    #[must_use]
    pub fn get(&self, index: u8) -> Option<PixelFormat> {
        self.list.get(usize::from(index)).copied()
    }

    /// The nearest format that the node can hold in a buffer of the pool: adjusted, not refused.
    #[must_use]
    pub fn adjust(&self, wanted: PixFormat, pool: &Pool) -> PixFormat {
        let known = self.list.contains(&wanted.pixel_format);
        let pixel_format = if known { wanted.pixel_format } else { self.fallback };
        let widest_px = self.widest_px(pixel_format, pool);
        let width_px =
            wanted.width_px.clamp(self.min_px.0, widest_px) / WIDTH_STEP_PX * WIDTH_STEP_PX;
        let line_bytes = line_bytes(width_px, pixel_format);
        let stride_bytes = line_bytes.next_multiple_of(self.align_bytes);
        let lines_max = u16::try_from(pool.buffer_bytes / stride_bytes).unwrap_or(u16::MAX);
        let height_px = wanted.height_px.max(self.min_px.1).min(lines_max.max(self.min_px.1));
        let size_bytes = stride_bytes * u32::from(height_px);
        PixFormat { width_px, height_px, pixel_format, stride_bytes, size_bytes }
    }

    /// The widest picture of which the fewest lines fit a buffer.
    fn widest_px(&self, format: PixelFormat, pool: &Pool) -> u16 {
        let stride_bytes = pool.buffer_bytes / u32::from(self.min_px.1);
        let whole_bytes = stride_bytes / self.align_bytes * self.align_bytes;
        let width_px = line_px(whole_bytes, format).min(WIDTH_MAX_PX.into());
        // At most 4096.
        (width_px as u16).max(self.min_px.0)
    }

    /// The sizes that [`Formats::adjust`] leaves as they are; `None` for a format that the node does not have.
    #[must_use]
    pub fn sizes(&self, pixel_format: PixelFormat, pool: &Pool) -> Option<FrameSizes> {
        if !self.list.contains(&pixel_format) {
            return None;
        }
        let asked = |width_px, height_px| {
            let wanted =
                PixFormat { width_px, height_px, pixel_format, stride_bytes: 0, size_bytes: 0 };
            self.adjust(wanted, pool)
        };
        // A narrow picture has room for the most lines.
        let (smallest, tallest, widest) = (asked(0, 0), asked(0, u16::MAX), asked(u16::MAX, 0));
        let sizes = SizeRange {
            min_width_px: smallest.width_px,
            max_width_px: widest.width_px,
            min_height_px: smallest.height_px,
            max_height_px: tallest.height_px,
        };
        Some(FrameSizes {
            sizes,
            step_width_px: WIDTH_STEP_PX,
            step_height_px: 1,
            align_bytes: self.align_bytes,
            buffer_bytes: pool.buffer_bytes,
        })
    }

    /// What a new handle starts with: VGA, as far as it fits.
    #[must_use]
    pub fn default(&self, pool: &Pool) -> PixFormat {
        let vga = PixFormat {
            width_px: 640,
            height_px: 480,
            pixel_format: self.fallback,
            stride_bytes: 0,
            size_bytes: 0,
        };
        self.adjust(vga, pool)
    }
}

/// Bytes of a line without padding: a byte for eight bits, five for four packed samples, and two for a
/// pixel of all other formats of these nodes.
const fn line_bytes(width_px: u16, format: PixelFormat) -> u32 {
    let width = width_px as u32;
    match format {
        PixelFormat::GREY
        | PixelFormat::SBGGR8
        | PixelFormat::SGBRG8
        | PixelFormat::SGRBG8
        | PixelFormat::SRGGB8
        | PixelFormat::SGRBG10_DPCM8 => width,
        PixelFormat::SGRBG10P => width.div_ceil(4) * 5,
        _ => 2 * width,
    }
}

/// The other way round: pixels of a line of so many bytes.
const fn line_px(line_bytes: u32, format: PixelFormat) -> u32 {
    match format {
        PixelFormat::GREY
        | PixelFormat::SBGGR8
        | PixelFormat::SGBRG8
        | PixelFormat::SGRBG8
        | PixelFormat::SRGGB8
        | PixelFormat::SGRBG10_DPCM8 => line_bytes,
        PixelFormat::SGRBG10P => line_bytes / 5 * 4,
        _ => line_bytes / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: Pool = Pool { base: 0x8001_0000, buffer_bytes: 640 * 480 * 2, count: 4 };

    fn wanted(width_px: u16, height_px: u16, pixel_format: PixelFormat) -> PixFormat {
        PixFormat { width_px, height_px, pixel_format, stride_bytes: 0, size_bytes: 0 }
    }

    fn check(number: u8, from: (u16, u16, PixelFormat), to: (u16, u16, PixelFormat, u32)) {
        let adjusted = Formats::of(number).adjust(wanted(from.0, from.1, from.2), &POOL);
        let (width_px, height_px, pixel_format, stride_bytes) = to;
        let size_bytes = stride_bytes * u32::from(height_px);
        let expected = PixFormat { width_px, height_px, pixel_format, stride_bytes, size_bytes };
        assert_eq!(adjusted, expected);
        assert_eq!(Formats::of(number).adjust(adjusted, &POOL), adjusted, "adjusting again");
        assert!(adjusted.size_bytes <= POOL.buffer_bytes);
    }

    #[test]
    fn wishes_are_adjusted_to_what_fits() {
        let (raw, uyvy, yuyv) = (PixelFormat::SGRBG10, PixelFormat::UYVY, PixelFormat::YUYV);
        check(6, (320, 240, yuyv), (320, 240, yuyv, 640));
        check(6, (320, 240, uyvy), (320, 240, uyvy, 640));
        check(6, (321, 240, raw), (320, 240, yuyv, 640));
        check(6, (0, 0, yuyv), (16, 2, yuyv, 32));
        check(6, (640, 9999, yuyv), (640, 480, yuyv, 1280));
        check(6, (65_535, 9999, yuyv), (4096, 75, yuyv, 8192));
        let codes = PixelFormat::SGRBG10_DPCM8;
        check(0, (170, 120, raw), (170, 120, raw, 352));
        check(0, (170, 120, codes), (170, 120, codes, 192));
        check(0, (8, 0, yuyv), (16, 1, raw, 32));
        check(0, (65_535, 9999, codes), (4096, 150, codes, 4096));
        let (packed, bytes) = (PixelFormat::SGRBG10P, PixelFormat::SGRBG8);
        check(1, (162, 120, packed), (162, 120, packed, 224));
        check(1, (160, 120, codes), (160, 120, codes, 160));
        check(1, (160, 120, bytes), (160, 120, bytes, 160));
        check(1, (160, 120, yuyv), (160, 120, raw, 320));
        check(2, (160, 120, packed), (160, 120, raw, 320));
        check(2, (160, 120, codes), (160, 120, raw, 320));
        check(2, (160, 120, yuyv), (160, 120, yuyv, 320));
        check(2, (162, 120, uyvy), (162, 120, uyvy, 352));
        check(2, (170, 120, raw), (170, 120, raw, 352));
        check(3, (170, 119, yuyv), (170, 119, raw, 384));
        check(3, (8, 2, raw), (64, 16, raw, 128));
        check(3, (170, 119, bytes), (170, 119, bytes, 192));
        let (grey, grey_10) = (PixelFormat::GREY, PixelFormat::Y10);
        check(3, (170, 119, grey), (170, 119, grey, 192));
        check(3, (170, 119, grey_10), (170, 119, grey_10, 384));
        check(3, (170, 119, PixelFormat::SRGGB8), (170, 119, PixelFormat::SRGGB8, 192));
        check(3, (170, 119, PixelFormat::Y12), (170, 119, raw, 384));
        check(2, (162, 120, bytes), (162, 120, bytes, 192));
        let twelve = PixelFormat::SGRBG12;
        check(1, (162, 120, twelve), (162, 120, twelve, 352));
        check(2, (162, 120, twelve), (162, 120, twelve, 352));
        check(2, (65_535, 9999, bytes), (4096, 150, bytes, 4096));
        check(3, (160, 120, twelve), (160, 120, raw, 320));
        check(6, (160, 120, twelve), (160, 120, yuyv, 320));
        check(5, (8, 2, uyvy), (32, 32, uyvy, 64));
        check(4, (150, 115, raw), (150, 115, yuyv, 320));
    }

    #[test]
    fn the_list_ends() {
        let listed = |number| -> Vec<_> {
            (0..).map_while(|index| Formats::of(number).get(index)).collect()
        };
        assert_eq!(listed(6), [PixelFormat::UYVY, PixelFormat::YUYV]);
        let raw = [PixelFormat::SGRBG10, PixelFormat::SGRBG12, PixelFormat::SGRBG8];
        assert_eq!(listed(2), [&raw[..], &listed(6)].concat());
        assert!(raw.iter().all(|format| listed(1).contains(format)));
    }

    /// Whether a size is in what is enumerated.
    fn is_enumerated(
        it: &FrameSizes,
        (width_px, height_px): (u16, u16),
        pixel_format: PixelFormat,
    ) -> bool {
        let SizeRange { min_width_px, min_height_px, .. } = it.sizes;
        let step = |value: u16, min: u16, step: u16| (value - min).is_multiple_of(step);
        let line_bytes = line_bytes(width_px, pixel_format).next_multiple_of(it.align_bytes);
        it.sizes.contains(width_px, height_px)
            && step(width_px, min_width_px, it.step_width_px)
            && step(height_px, min_height_px, it.step_height_px)
            && line_bytes * u32::from(height_px) <= it.buffer_bytes
    }

    #[test]
    fn the_sizes_that_are_enumerated_are_those_that_are_taken() {
        for (number, buffer_bytes) in
            (0..7).zip([POOL.buffer_bytes, 40_960, 8192].into_iter().cycle())
        {
            let (formats, pool) = (Formats::of(number), Pool { buffer_bytes, ..POOL });
            let listed: Vec<_> = (0..).map_while(|index| formats.get(index)).collect();
            for (place, pixel_format) in listed.iter().enumerate() {
                assert!(!listed[..place].contains(pixel_format), "twice");
                let sizes = formats.sizes(*pixel_format, &pool).expect("a listed format");
                let SizeRange { min_width_px, max_width_px, min_height_px, max_height_px } =
                    sizes.sizes;
                assert!(min_width_px <= max_width_px && min_height_px <= max_height_px);
                let taken = |width_px, height_px| {
                    let format = formats.adjust(wanted(width_px, height_px, *pixel_format), &pool);
                    (format.width_px, format.height_px) == (width_px, height_px)
                };
                assert!(taken(max_width_px, min_height_px) && taken(min_width_px, max_height_px));
                for width_px in
                    (0..=64).chain((65..=4200).step_by(97)).chain([4095, 4096, 4097, u16::MAX])
                {
                    for height_px in
                        (0..=40).chain((41..=4200).step_by(89)).chain([max_height_px, u16::MAX])
                    {
                        let size = (width_px, height_px);
                        let expected = is_enumerated(&sizes, size, *pixel_format);
                        assert_eq!(
                            taken(width_px, height_px),
                            expected,
                            "{number} {size:?} {sizes:?}"
                        );
                    }
                }
            }
        }
        assert_eq!(Formats::of(6).sizes(PixelFormat::SGRBG10, &POOL), None);
        assert_eq!(Formats::of(2).sizes(PixelFormat(0), &POOL), None);
    }
}
