//! Colour: the mean of each patch of the chart against the colour that it was drawn with.

use crate::picture::Picture;
use crate::view::{Line, View};
use test_bench::scene::chart::{Area, PATCHES, patch_area};
use test_bench::scene::geometry::Axis;

/// Scene pixels at a patch's border that are left out: interpolation mixes them with what is next.
const BORDER_PX: usize = 5;

/// The fewest pixels that a mean is made of.
const MIN_PIXELS: usize = 25;

/// What one patch looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patch {
    /// Number of the patch, 0..24.
    pub index: usize,
    /// Its colour in the chart.
    pub expected: [u8; 3],
    /// Mean of the picture.
    pub mean: [f64; 3],
}

impl Patch {
    /// The largest difference of a channel.
    pub fn deviation(&self) -> f64 {
        (0..3).map(|c| (self.mean[c] - f64::from(self.expected[c])).abs()).fold(0.0, f64::max)
    }
}

/// Measures each patch that can be seen.
pub fn measure(picture: &Picture, view: &View) -> Vec<Patch> {
    let columns =
        scene_coordinates(view.columns(), &view.sensor.columns(view.scene), picture.width);
    let rows = scene_coordinates(view.rows(), &view.sensor.rows(view.scene), picture.height);
    PATCHES
        .iter()
        .enumerate()
        .filter_map(|(index, &expected)| {
            let area = inner(patch_area(index, view.scene));
            let mean = mean(picture, &columns, &rows, area)?;
            Some(Patch { index, expected, mean })
        })
        .collect()
}

/// Scene coordinate of each output index, or `None` outside of the sensor's window.
fn scene_coordinates(line: Line, axis: &Axis, count: usize) -> Vec<Option<usize>> {
    let sensor = |index| {
        let pixel = line.sensor(index).round();
        (pixel >= 0.0 && pixel < axis.count as f64).then(|| axis.scene_coordinate(pixel as usize))
    };
    (0..count).map(sensor).collect()
}

fn inner(area: Area) -> Area {
    Area {
        left_px: area.left_px + BORDER_PX,
        top_px: area.top_px + BORDER_PX,
        width_px: area.width_px.saturating_sub(2 * BORDER_PX),
        height_px: area.height_px.saturating_sub(2 * BORDER_PX),
    }
}

fn mean(
    picture: &Picture,
    columns: &[Option<usize>],
    rows: &[Option<usize>],
    area: Area,
) -> Option<[f64; 3]> {
    let (mut sum, mut count) = ([0_u64; 3], 0);
    for (y, row) in rows.iter().enumerate() {
        for (x, column) in columns.iter().enumerate() {
            let (Some(scene_x), Some(scene_y)) = (column, row) else { continue };
            if area.contains(*scene_x, *scene_y) {
                let colour = picture.colour(x, y);
                (0..3).for_each(|channel| sum[channel] += u64::from(colour[channel]));
                count += 1;
            }
        }
    }
    (count >= MIN_PIXELS).then(|| sum.map(|channel| channel as f64 / count as f64))
}
