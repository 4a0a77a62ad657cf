//! The object that moves: a disc whose place is a pure function of the sequence number.
//!
//! It runs to and fro in the dark lane of the chart, far enough per frame (1/27 of the width) that
//! a picture with the disc of the previous frame is clearly a wrong picture. The path lies in the
//! middle of the scene, so the small window mode sees it too.

use super::SceneSize;

/// Colour of the disc: sRGB.
pub const COLOUR: [u8; 3] = [230, 180, 60];

/// A disc in scene pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Left edge of the bounding box.
    pub left_px: usize,
    /// Top edge of the bounding box.
    pub top_px: usize,
    /// Side of the bounding box.
    pub side_px: usize,
    /// sRGB colour.
    pub colour: [u8; 3],
}

/// Where the object is in frame `sequence`.
pub fn object_at(sequence: u32, size: SceneSize) -> Object {
    let (width, height) = (size.width_px, size.height_px);
    let side_px = (height / 6).min(width / 4).max(1);
    let (first, last) = (width * 33 / 100, (width * 65 / 100).saturating_sub(side_px));
    let range = last.saturating_sub(first).max(1) as u64;
    let travelled = u64::from(sequence) * (width / 27).max(1) as u64 % (2 * range);
    let offset = if travelled < range { travelled } else { 2 * range - travelled };
    Object { left_px: first + offset as usize, top_px: height * 52 / 100, side_px, colour: COLOUR }
}

impl Object {
    /// The columns that the disc covers in scene row `y`, or `None`.
    pub fn span(&self, y: usize) -> Option<core::ops::Range<usize>> {
        let row = y.checked_sub(self.top_px).filter(|row| *row < self.side_px)?;
        // Twice the distance of the row's centre from the disc's centre keeps it in integers.
        let from_centre = (2 * row + 1).abs_diff(self.side_px);
        let half_twice = (self.side_px * self.side_px - from_centre * from_centre).isqrt();
        let left = (self.side_px - half_twice) / 2;
        Some(self.left_px + left..self.left_px + self.side_px - left)
    }

    /// Paints the object into scene row `y`, given as R, G, B bytes.
    pub fn composite(&self, y: usize, rgb: &mut [u8]) {
        let Some(span) = self.span(y) else { return };
        let end = (3 * span.end).min(rgb.len());
        let Some(covered) = rgb.get_mut(3 * span.start..end) else { return };
        for pixel in covered.chunks_exact_mut(3) {
            pixel.copy_from_slice(&self.colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: SceneSize = SceneSize { width_px: 648, height_px: 486 };

    #[test]
    fn each_frame_moves_the_object_and_it_never_leaves_the_scene() {
        for sequence in (0..50).chain(u32::MAX - 50..u32::MAX) {
            let (here, next) = (object_at(sequence, SIZE), object_at(sequence + 1, SIZE));
            assert_ne!(here.left_px, next.left_px, "frame {sequence}");
            assert!(here.left_px + here.side_px <= SIZE.width_px);
            assert!(here.top_px + here.side_px <= SIZE.height_px);
        }
    }

    #[test]
    fn the_disc_is_round_and_symmetric() {
        let object = object_at(0, SIZE);
        let (top, middle) = (object.top_px, object.top_px + object.side_px / 2);
        assert_eq!(object.span(top - 1), None);
        assert_eq!(object.span(top + object.side_px), None);
        assert_eq!(object.span(middle).unwrap().len(), object.side_px);
        for row in 0..object.side_px {
            let mirrored = object.span(top + object.side_px - 1 - row);
            assert_eq!(object.span(top + row), mirrored);
        }
        assert!(object.span(top).unwrap().len() < object.side_px / 3);
    }

    #[test]
    fn a_degenerate_scene_does_not_panic() {
        for (width_px, height_px) in [(1, 1), (3, 1), (1, 40)] {
            let size = SceneSize { width_px, height_px };
            for sequence in 0..5 {
                let mut line = vec![0; 3 * width_px];
                (0..height_px).for_each(|y| object_at(sequence, size).composite(y, &mut line));
            }
        }
    }
}
