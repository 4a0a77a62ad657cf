//! From sensor pixel to scene pixel.
//!
//! The MT9P031-class array has 2592x1944 active pixels (MT9P031 datasheet, "Pixel Array
//! Structure"). A mode reads a window of it with a step (skip and bin factor 1..=8, the same in
//! both directions), so an output pixel is a cell of `step` x `step` array pixels. The scene is
//! stretched over the whole array, and the cell takes the scene pixel under its centre:
//!
//! ```text
//!   scene_x = floor((column_start + column * step + step / 2) * scene_width / 2592)
//! ```
//!
//! With a scene of 648x486 and step 4 one output pixel is exactly one scene pixel. A nearest
//! neighbour is used, not an average, because then the checker can state the scene that the
//! sensor saw without modelling a filter.

/// Active columns of the array.
pub const ARRAY_WIDTH_PX: u32 = 2592;

/// Active rows of the array.
pub const ARRAY_HEIGHT_PX: u32 = 1944;

/// One axis of the window: where it starts on the array and how far apart its samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// First array pixel of the window.
    pub start: u32,
    /// Array pixels per output pixel, 1..=8.
    pub step: u32,
    /// Output pixels along the axis.
    pub count: usize,
    /// The window is read from its far end.
    pub flip: bool,
    /// Array pixels along the whole axis.
    pub array: u32,
    /// Scene pixels along the whole axis.
    pub scene: usize,
}

impl Axis {
    /// The scene coordinate that output pixel `index` sees. A window that hangs over the end of
    /// the array sees the last scene pixel there.
    pub fn scene_coordinate(&self, index: usize) -> usize {
        let index = if self.flip { self.count.saturating_sub(1 + index) } else { index };
        let array = u64::from(self.start) + index as u64 * u64::from(self.step);
        let centre = array + u64::from(self.step / 2);
        let scene = centre * self.scene as u64 / u64::from(self.array);
        (scene as usize).min(self.scene.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Axis =
        Axis { start: 0, step: 4, count: 648, flip: false, array: ARRAY_WIDTH_PX, scene: 648 };

    #[test]
    fn binned_mode_sees_one_scene_pixel_per_output_pixel() {
        for index in 0..648 {
            assert_eq!(COLUMNS.scene_coordinate(index), index);
        }
    }

    #[test]
    fn flip_reads_the_same_window_from_its_far_end() {
        let flipped = Axis { flip: true, ..COLUMNS };
        assert_eq!(flipped.scene_coordinate(0), 647);
        assert_eq!(flipped.scene_coordinate(647), 0);
    }

    #[test]
    fn full_resolution_spreads_one_scene_pixel_over_four_columns() {
        let full = Axis { step: 1, count: 2592, ..COLUMNS };
        assert_eq!((full.scene_coordinate(3), full.scene_coordinate(4)), (0, 1));
        assert_eq!(full.scene_coordinate(2591), 647);
    }

    #[test]
    fn a_window_beyond_the_array_repeats_the_last_pixel() {
        let beyond = Axis { start: 2584, ..COLUMNS };
        assert_eq!(beyond.scene_coordinate(100), 647);
    }
}
