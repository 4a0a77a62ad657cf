//! The scene that stands in when the host gives none: bars that differ in both directions and in colour.

use super::SceneSize;

/// Its size.
pub const SIZE: SceneSize = SceneSize { width_px: 648, height_px: 486 };

/// Fills `rgb` (R, G, B of each pixel) with row `y`.
pub fn line(y: usize, rgb: &mut [u8]) {
    for (x, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let bar = x / 81 + y / 61;
        pixel.copy_from_slice(&[
            if bar & 1 == 0 { 200 } else { 60 },
            if bar & 2 == 0 { 180 } else { 70 },
            if bar & 4 == 0 { 160 } else { 80 },
        ]);
    }
}
