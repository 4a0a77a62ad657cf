//! Video buffers to RGB.
//!
//! 4:2:2 with ITU-R BT.601 limited range, chroma half-way between the pixels of a pair, which is
//! what the preview engine makes. The missing chroma is interpolated linearly.

use crate::picture::Picture;

/// Order of the four bytes of a pixel pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YuvFormat {
    /// Cb Y0 Cr Y1.
    Uyvy,
    /// Y0 Cb Y1 Cr.
    Yuyv,
}

/// Why bytes are no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Too few bytes for the size.
    #[error(
        "a picture of {width}x{height} with {stride} bytes per line needs {needed} bytes, not {given}"
    )]
    Short {
        /// Pixels per line.
        width: usize,
        /// Lines.
        height: usize,
        /// Bytes per line.
        stride: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes given.
        given: usize,
    },
    /// An odd width, or a stride shorter than a line.
    #[error("{width} pixels do not fit a line of {stride} bytes in pairs of 4 bytes")]
    Line {
        /// Pixels per line.
        width: usize,
        /// Bytes per line.
        stride: usize,
    },
}

/// Decodes `[height][stride]` bytes.
///
/// # Errors
/// [`DecodeError`] if size and bytes do not fit together.
pub fn decode_yuv(
    bytes: &[u8],
    format: YuvFormat,
    width: usize,
    height: usize,
    stride: usize,
) -> Result<Picture, DecodeError> {
    check(bytes.len(), width, height, stride, 2 * width)?;
    if !width.is_multiple_of(2) {
        return Err(DecodeError::Line { width, stride });
    }
    let mut rgb = Vec::with_capacity(3 * width * height);
    for line in bytes.chunks(stride).take(height) {
        let (luma, chroma) = split(&line[..2 * width], format);
        for (x, luma) in luma.into_iter().enumerate() {
            rgb.extend(to_rgb(luma, chroma_at(&chroma, x)));
        }
    }
    Ok(Picture { width, height, rgb })
}

/// Checks that `height` lines of `line_bytes` lie in `given` bytes.
pub(crate) fn check(
    given: usize,
    width: usize,
    height: usize,
    stride: usize,
    line_bytes: usize,
) -> Result<(), DecodeError> {
    if stride < line_bytes || width == 0 {
        return Err(DecodeError::Line { width, stride });
    }
    let needed = if height == 0 { 0 } else { stride * (height - 1) + line_bytes };
    if given < needed {
        return Err(DecodeError::Short { width, height, stride, needed, given });
    }
    Ok(())
}

fn split(line: &[u8], format: YuvFormat) -> (Vec<u8>, Vec<[f64; 2]>) {
    let (luma, chroma) = match format {
        YuvFormat::Uyvy => (1, 0),
        YuvFormat::Yuyv => (0, 1),
    };
    let pairs = line.chunks_exact(4);
    (
        line.iter().skip(luma).step_by(2).copied().collect(),
        pairs.map(|pair| [f64::from(pair[chroma]), f64::from(pair[chroma + 2])]).collect(),
    )
}

/// Chroma at pixel `x`: a quarter pair away from its own pair's, towards the nearer neighbour.
fn chroma_at(chroma: &[[f64; 2]], x: usize) -> [f64; 2] {
    let pair = x / 2;
    let neighbour =
        if x.is_multiple_of(2) { pair.saturating_sub(1) } else { (pair + 1).min(chroma.len() - 1) };
    [0, 1].map(|c| 0.75 * chroma[pair][c] + 0.25 * chroma[neighbour][c])
}

/// ITU-R BT.601, luma 16..235, chroma 16..240 around 128.
fn to_rgb(luma: u8, [blue, red]: [f64; 2]) -> [u8; 3] {
    let y = (f64::from(luma) - 16.0) * 255.0 / 219.0;
    let (cb, cr) = ((blue - 128.0) * 255.0 / 224.0, (red - 128.0) * 255.0 / 224.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
        .map(|value| value.round().clamp(0.0, 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primaries_decode_from_their_standard_codes() {
        // ITU-R BT.601 limited range codes of white, black, red, green, blue.
        let cases = [
            ([235, 128, 128], [255, 255, 255]),
            ([16, 128, 128], [0, 0, 0]),
            ([81, 90, 240], [255, 0, 0]),
            ([145, 54, 34], [0, 255, 0]),
            ([41, 240, 110], [0, 0, 255]),
        ];
        for ([y, cb, cr], expected) in cases {
            for (format, pair) in
                [(YuvFormat::Uyvy, [cb, y, cr, y]), (YuvFormat::Yuyv, [y, cb, y, cr])]
            {
                let picture = decode_yuv(&pair, format, 2, 1, 4).unwrap();
                for (got, expected) in picture.colour(1, 0).into_iter().zip(expected) {
                    assert!(got.abs_diff(expected) <= 2, "{format:?} {:?}", picture.colour(1, 0));
                }
            }
        }
    }

    #[test]
    fn stride_padding_is_skipped() {
        let bytes = [16, 128, 16, 128, 9, 9, 9, 9, 235, 128, 235, 128];
        let picture = decode_yuv(&bytes, YuvFormat::Yuyv, 2, 2, 8).unwrap();
        assert_eq!((picture.colour(0, 0), picture.colour(0, 1)), ([0; 3], [255; 3]));
    }

    #[test]
    fn short_buffers_and_odd_lines_are_refused() {
        let decode = |width, stride| decode_yuv(&[0; 15], YuvFormat::Uyvy, width, 2, stride);
        assert!(matches!(decode(4, 8), Err(DecodeError::Short { needed: 16, given: 15, .. })));
        assert!(matches!(decode(3, 6), Err(DecodeError::Line { .. })));
        assert!(matches!(decode(4, 6), Err(DecodeError::Line { .. })));
    }
}
