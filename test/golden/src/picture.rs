//! An RGB picture in memory, and the distance between two of them.

use std::ops::Range;

/// 8-bit sRGB, `[height][width][3]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// R, G, B of each pixel.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// A picture whose pixels are `colour_at(x, y)`.
    pub fn from_fn(
        width: usize,
        height: usize,
        mut colour_at: impl FnMut(usize, usize) -> [u8; 3],
    ) -> Self {
        let mut rgb = Vec::with_capacity(3 * width * height);
        for y in 0..height {
            for x in 0..width {
                rgb.extend(colour_at(x, y));
            }
        }
        Self { width, height, rgb }
    }

    /// The bytes of one row.
    pub fn row(&self, y: usize) -> &[u8] {
        &self.rgb[3 * y * self.width..][..3 * self.width]
    }

    /// Colour of one pixel.
    ///
    /// # Panics
    /// If the pixel lies outside.
    pub fn colour(&self, x: usize, y: usize) -> [u8; 3] {
        assert!(x < self.width && y < self.height, "({x}, {y}) is not in the picture");
        let at = 3 * (y * self.width + x);
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }
}

/// Peak signal-to-noise ratio over all pixels and channels, in dB; infinite for equal pictures.
///
/// # Panics
/// If the sizes differ.
pub fn psnr_db(a: &Picture, b: &Picture) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height), "pictures differ in size");
    psnr_shifted_db(a, b, (0, 0))
}

/// As [`psnr_db`], with pixel (x, y) of `a` compared to (x + dx, y + dy) of `b` where both exist.
pub fn psnr_shifted_db(a: &Picture, b: &Picture, (dx, dy): (isize, isize)) -> f64 {
    let columns = overlap(a.width, b.width, dx);
    let rows = overlap(a.height, b.height, dy);
    let (mut squares, mut count) = (0_u64, 0_usize);
    for (row_a, row_b) in rows.0.zip(rows.1) {
        let here = &a.row(row_a)[3 * columns.0.start..3 * columns.0.end];
        let there = &b.row(row_b)[3 * columns.1.start..3 * columns.1.end];
        squares +=
            here.iter().zip(there).map(|(p, q)| u64::from(p.abs_diff(*q)).pow(2)).sum::<u64>();
        count += here.len();
    }
    let mean = squares as f64 / count.max(1) as f64;
    10.0 * (255.0 * 255.0 / mean).log10()
}

/// The indices of two lengths that meet when the second is read `shift` later.
fn overlap(a: usize, b: usize, shift: isize) -> (Range<usize>, Range<usize>) {
    let (skip_a, skip_b) = ((-shift).max(0) as usize, shift.max(0) as usize);
    let count = a.saturating_sub(skip_a).min(b.saturating_sub(skip_b));
    (skip_a..skip_a + count, skip_b..skip_b + count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psnr_of_a_constant_difference_is_the_formula() {
        let a = Picture::from_fn(7, 5, |x, y| [(x * y) as u8, 10, 20]);
        let b = Picture::from_fn(7, 5, |x, y| [(x * y) as u8 + 5, 15, 15]);
        assert!((psnr_db(&a, &b) - 20.0 * (255.0_f64 / 5.0).log10()).abs() < 1e-9);
        assert_eq!(psnr_db(&a, &a), f64::INFINITY);
    }

    #[test]
    fn a_shift_is_undone() {
        let a = Picture::from_fn(9, 9, |x, y| [(20 * x) as u8, (20 * y) as u8, 0]);
        let b = Picture::from_fn(9, 9, |x, y| [(20 * x + 20) as u8, (20 * y) as u8, 0]);
        assert_eq!(psnr_shifted_db(&b, &a, (1, 0)), f64::INFINITY);
        assert!(psnr_db(&a, &b) < 30.0);
    }
}
