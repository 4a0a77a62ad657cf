//! Sizes of regions: a number of bytes, or buffers of a picture format.

/// Memory format names and their bytes per pixel. Names as in the media interface
/// (V4L2 pixel formats); raw Bayer samples of 10 and 12 bits lie in 16-bit words.
pub const FORMATS: &[(&str, u32)] = &[
    ("GREY", 1),
    ("SGRBG8", 1),
    ("SRGGB8", 1),
    ("SBGGR8", 1),
    ("SGBRG8", 1),
    ("SGRBG10", 2),
    ("SRGGB10", 2),
    ("SBGGR10", 2),
    ("SGBRG10", 2),
    ("SGRBG12", 2),
    ("SRGGB12", 2),
    ("SBGGR12", 2),
    ("SGBRG12", 2),
    ("YUYV", 2),
    ("UYVY", 2),
    ("RGB565", 2),
    ("RGB24", 3),
];

/// Buffers of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// How many.
    pub count: u32,
    /// Payload of each in bytes, not yet aligned.
    pub bytes: u32,
}

/// Reads `N x WxH FORMAT`, or `N x BYTES`. `None`: it is neither, is empty, or overflows.
#[must_use]
pub fn parse(text: &str) -> Option<Buffers> {
    let mut words = text.split_whitespace();
    let count: u32 = words.next()?.parse().ok()?;
    if words.next()? != "x" {
        return None;
    }
    let size = words.next()?;
    let bytes = match words.next() {
        None => size.parse().ok()?,
        Some(format) => {
            let (width_px, height_px) = size.split_once('x')?;
            let pixel_bytes = FORMATS.iter().find(|(name, _)| *name == format)?.1;
            let width_px: u32 = width_px.parse().ok()?;
            width_px.checked_mul(height_px.parse().ok()?)?.checked_mul(pixel_bytes)?
        }
    };
    let whole = count.checked_mul(bytes)?;
    (words.next().is_none() && whole > 0).then_some(Buffers { count, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let check = |text: &str, expect: Option<(u32, u32)>| {
            let buffers = parse(text).map(|buffers| (buffers.count, buffers.bytes));
            assert_eq!(buffers, expect, "{text}");
        };
        check("4 x 640x480 YUYV", Some((4, 614_400)));
        check("1 x 160x120 SGRBG10", Some((1, 38_400)));
        check("1 x 160x120 SGRBG12", Some((1, 38_400)));
        check("2 x 4096", Some((2, 4096)));
        check("4 x 640x480 NV12", None);
        check("4 640x480 YUYV", None);
        check("0 x 640x480 YUYV", None);
        check("4 x 0x480 YUYV", None);
        check("4 x 640 YUYV", None);
        check("4 x 640x480", None);
        check("4 x 640x480 YUYV please", None);
        check("4 x 65536x65536 YUYV", None);
        check("4294967295 x 2", None);
        check("", None);
    }
}
