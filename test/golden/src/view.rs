//! From a pixel of the output back to a pixel of the scene, through the rectangles of the graph.
//!
//! ```text
//! scene -> sensor window, step -> video port -> preview crop -> resizer crop -> output
//! ```
//!
//! Crops only move the origin. The resizer scales, by the ratio that follows from the sizes of its
//! crop and its output; its equations are those of the OMAP3 (`omap3isp`: 4 taps up to 512, 7 taps
//! above), written down again here so that an error of a driver cannot be an error of the checker
//! too. They also tell where the first output pixel lies: three pixels into the crop, and one line
//! (4 taps) or three lines (7 taps) below its top.

use test_bench::scene::SceneSize;
use test_bench::scene::sensor::SensorConfig;

/// A rectangle in pixels of the block's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// First column.
    pub left: usize,
    /// First row.
    pub top: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// The way of a processed picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Size of the scene.
    pub scene: SceneSize,
    /// What the sensor does.
    pub sensor: SensorConfig,
    /// What the CCDC's video port passes on, in sensor pixels.
    pub video_port: Rectangle,
    /// The preview engine's crop, in video port pixels; its output has this size.
    pub preview: Rectangle,
    /// The resizer's crop, in preview output pixels, or `None` if it is not in the pipeline.
    pub resizer: Option<Rectangle>,
    /// Size of the output.
    pub output: (usize, usize),
}

/// One direction of a view: output index to sensor coordinate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Sensor coordinate of output pixel 0, in pixel indices (0.0 is the middle of pixel 0).
    pub first: f64,
    /// Sensor pixels per output pixel.
    pub step: f64,
}

impl Line {
    /// Sensor coordinate of an output pixel.
    pub fn sensor(&self, index: usize) -> f64 {
        self.first + self.step * index as f64
    }
}

impl View {
    /// The horizontal direction.
    pub fn columns(&self) -> Line {
        let origin = self.video_port.left + self.preview.left;
        let crop = self.resizer.map(|crop| (crop.left, crop.width));
        scaled(origin, crop, self.output.0, 7)
    }

    /// The vertical direction.
    pub fn rows(&self) -> Line {
        let origin = self.video_port.top + self.preview.top;
        let crop = self.resizer.map(|crop| (crop.top, crop.height));
        scaled(origin, crop, self.output.1, 4)
    }
}

/// Crop and scale of one direction; `four_tap_lines` is the length of the 4-tap filter's input for
/// one output (7 in a line, 4 in a column).
fn scaled(
    origin: usize,
    crop: Option<(usize, usize)>,
    output: usize,
    four_tap_lines: usize,
) -> Line {
    let Some((start, length)) = crop else { return Line { first: origin as f64, step: 1.0 } };
    let (ratio, taps_long) = ratio(length, output, four_tap_lines);
    let phase = if taps_long { 64 } else { 32 };
    let window = if taps_long { 7 } else { four_tap_lines };
    let needed = ((phase + (output.saturating_sub(1)) * ratio + phase / 2) >> 8) + window;
    // A crop that is larger than the equation allows is used around its middle.
    let centred = start + length.saturating_sub(needed) / 2;
    let middle = if window == 4 { 1 } else { 3 };
    Line {
        first: (origin + centred + middle) as f64 + phase as f64 / 256.0,
        step: ratio as f64 / 256.0,
    }
}

/// The ratio for an input and an output length, and whether it is one of the 7-tap filter.
fn ratio(input: usize, output: usize, four_tap_lines: usize) -> (usize, bool) {
    let steps = output.saturating_sub(1).max(1);
    let solve = |window: usize, phase: usize| {
        (input.saturating_sub(window) * 256 + 255).saturating_sub(phase / 2 + phase) / steps
    };
    let short = solve(four_tap_lines, 32);
    if short <= 512 { (short.max(64), false) } else { (solve(7, 64).clamp(513, 1024), true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_reproduce_the_recorded_pipeline() {
        // media-ctl of an MT9P031 board: resizer 1280x961 -> 320x240, ratio 1022 both ways.
        assert_eq!(ratio(1280, 320, 7), (1022, true));
        assert_eq!(ratio(961, 240, 4), (1022, true));
    }

    #[test]
    fn a_view_without_resizer_only_moves_the_origin() {
        let rectangle = |left, top, width, height| Rectangle { left, top, width, height };
        let view = View {
            scene: SceneSize { width_px: 648, height_px: 486 },
            sensor: SensorConfig::FULL_4X,
            video_port: rectangle(0, 0, 648, 485),
            preview: rectangle(10, 4, 630, 477),
            resizer: None,
            output: (630, 477),
        };
        assert_eq!(view.columns(), Line { first: 10.0, step: 1.0 });
        assert_eq!(view.rows().sensor(5), 9.0);
    }

    #[test]
    fn the_last_output_pixel_lies_as_far_from_the_end_as_the_first_from_the_start() {
        for (input, output) in [(630, 640), (477, 480), (1280, 320), (961, 240), (630, 300)] {
            let line = scaled(0, Some((0, input)), output, 7);
            let from_end = input as f64 - 1.0 - line.sensor(output - 1);
            assert!((line.sensor(0) - from_end).abs() < 3.0, "{input} {output} {line:?}");
        }
    }
}
