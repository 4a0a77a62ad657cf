//! A line of 4:2:2, and its byte orders in memory.
//!
//! Inside, luma and chroma are apart, because the resizer filters them apart. Chroma sits half-way
//! between the two pixels of its pair.

use super::MAX_WIDTH_PX;

/// One line: `width` luma samples and as many chroma bytes (Cb, Cr, Cb, Cr, ...).
pub struct YuvLine {
    /// Pixels in the line; even, at most [`MAX_WIDTH_PX`].
    pub width: usize,
    /// Luma of each pixel.
    pub luma: [u8; MAX_WIDTH_PX],
    /// Cb and Cr of each pair.
    pub chroma: [u8; MAX_WIDTH_PX],
}

impl YuvLine {
    /// An empty line.
    pub const fn new() -> Self {
        Self { width: 0, luma: [0; MAX_WIDTH_PX], chroma: [0; MAX_WIDTH_PX] }
    }
}

impl Default for YuvLine {
    fn default() -> Self {
        Self::new()
    }
}

/// Order of the four bytes of a pixel pair in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YuvOrder {
    /// Cb Y0 Cr Y1 (V4L2_PIX_FMT_UYVY).
    Uyvy,
    /// Y0 Cb Y1 Cr (V4L2_PIX_FMT_YUYV).
    Yuyv,
    /// Cr Y0 Cb Y1 (V4L2_PIX_FMT_VYUY).
    Vyuy,
    /// Y0 Cr Y1 Cb (V4L2_PIX_FMT_YVYU).
    Yvyu,
    /// No pairs: one component alone, a byte a pixel. Inside it is the luma.
    Plane,
}

impl YuvOrder {
    /// Where Cb and Cr of a pair are, if Cr comes first.
    const fn swapped_chroma(self) -> Option<(usize, usize)> {
        match self {
            Self::Uyvy | Self::Yuyv | Self::Plane => None,
            Self::Vyuy => Some((0, 2)),
            Self::Yvyu => Some((1, 3)),
        }
    }
}

/// Writes a line as bytes and returns their number; what does not fit into `out` is cut.
pub fn pack(line: &YuvLine, order: YuvOrder, out: &mut [u8]) -> usize {
    match order {
        YuvOrder::Plane => pack_plane(&line.luma[..line.width.min(MAX_WIDTH_PX)], out),
        pairs => pack_pairs(line, pairs, out),
    }
}

// A function of its own, so that its loop has the registers to itself.
#[inline(never)]
fn pack_pairs(line: &YuvLine, order: YuvOrder, out: &mut [u8]) -> usize {
    let width = line.width.min(MAX_WIDTH_PX) & !1;
    let (luma, chroma) = (&line.luma[..width], &line.chroma[..width]);
    let (first, second) = match order {
        YuvOrder::Uyvy | YuvOrder::Vyuy => (chroma, luma),
        YuvOrder::Yuyv | YuvOrder::Yvyu | YuvOrder::Plane => (luma, chroma),
    };
    let pairs = first.chunks_exact(2).zip(second.chunks_exact(2));
    for (bytes, (first, second)) in out.chunks_exact_mut(4).zip(pairs) {
        bytes.copy_from_slice(&[first[0], second[0], first[1], second[1]]);
    }
    if let Some((a, b)) = order.swapped_chroma() {
        out.chunks_exact_mut(4).take(width / 2).for_each(|bytes| bytes.swap(a, b));
    }
    (2 * width).min(out.len() & !3)
}

/// Reads a line from bytes; at most [`MAX_WIDTH_PX`] pixels are taken.
pub fn unpack(bytes: &[u8], order: YuvOrder, line: &mut YuvLine) {
    line.width = (bytes.len() / 4 * 2).min(MAX_WIDTH_PX);
    let (first, second) = match order {
        YuvOrder::Uyvy | YuvOrder::Vyuy => (&mut line.chroma, &mut line.luma),
        YuvOrder::Yuyv | YuvOrder::Yvyu => (&mut line.luma, &mut line.chroma),
        YuvOrder::Plane => return unpack_plane(bytes, line),
    };
    let pairs = first.chunks_exact_mut(2).zip(second.chunks_exact_mut(2));
    for (bytes, (first, second)) in bytes.chunks_exact(4).zip(pairs) {
        (first[0], second[0], first[1], second[1]) = (bytes[0], bytes[1], bytes[2], bytes[3]);
    }
    if order.swapped_chroma().is_some() {
        line.chroma[..line.width].chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    }
}

// Kept out of the caller's loop over pixels, which is off this path by default.
#[inline(never)]
fn pack_plane(luma: &[u8], out: &mut [u8]) -> usize {
    let count = luma.len().min(out.len());
    out[..count].copy_from_slice(&luma[..count]);
    count
}

/// Chroma is grey: nobody asks for it.
// Kept out of the caller's loop over pixels, which is off this path by default.
#[inline(never)]
fn unpack_plane(bytes: &[u8], line: &mut YuvLine) {
    line.width = bytes.len().min(MAX_WIDTH_PX) & !1;
    line.luma[..line.width].copy_from_slice(&bytes[..line.width]);
    line.chroma[..line.width].fill(128);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stand_in_the_order_of_the_name() {
        let mut line = YuvLine::new();
        line.width = 2;
        line.luma[..2].copy_from_slice(b"yz");
        line.chroma[..2].copy_from_slice(b"uv");
        let mut out = [0; 4];
        assert_eq!(pack(&line, YuvOrder::Uyvy, &mut out), 4);
        assert_eq!(&out, b"uyvz");
        assert_eq!(pack(&line, YuvOrder::Yuyv, &mut out), 4);
        assert_eq!(&out, b"yuzv");
        assert_eq!(pack(&line, YuvOrder::Vyuy, &mut out), 4);
        assert_eq!(&out, b"vyuz");
        assert_eq!(pack(&line, YuvOrder::Yvyu, &mut out), 4);
        assert_eq!(&out, b"yvzu");
        assert_eq!(pack(&line, YuvOrder::Yuyv, &mut out[..3]), 0);
    }

    #[test]
    fn unpack_undoes_pack() {
        let bytes: Vec<u8> = (0..=255).collect();
        for order in [YuvOrder::Uyvy, YuvOrder::Yuyv, YuvOrder::Vyuy, YuvOrder::Yvyu] {
            let (mut line, mut out) = (YuvLine::new(), [0; 256]);
            unpack(&bytes, order, &mut line);
            assert_eq!(line.width, 128);
            assert_eq!(pack(&line, order, &mut out), 256);
            assert_eq!(out[..], bytes);
        }
    }

    #[test]
    fn a_component_alone_is_the_luma_byte_for_byte() {
        let bytes: Vec<u8> = (0..40).map(|x| x * 5).collect();
        let mut line = YuvLine::new();
        unpack(&bytes, YuvOrder::Plane, &mut line);
        assert_eq!((line.width, &line.luma[..40]), (40, &bytes[..]));
        assert_eq!(line.chroma[..40], [128; 40]);
        let mut out = [0; 50];
        assert_eq!(pack(&line, YuvOrder::Plane, &mut out), 40);
        assert_eq!((&out[..40], &out[40..]), (&bytes[..], &[0; 10][..]));
        assert_eq!(pack(&line, YuvOrder::Plane, &mut out[..7]), 7, "what does not fit is cut");
        unpack(&[9; 9000], YuvOrder::Plane, &mut line);
        assert_eq!(line.width, MAX_WIDTH_PX);
        unpack(&[], YuvOrder::Plane, &mut line);
        assert_eq!((line.width, pack(&line, YuvOrder::Plane, &mut out)), (0, 0));
    }
}
