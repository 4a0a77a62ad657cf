//! The picture that the camera should deliver, drawn in floating point.
//!
//! Each output pixel is a weighted mean of the scene around the point that [`View`] leads to, with
//! a cubic kernel (Catmull-Rom, Keys 1981) that is stretched when the picture gets smaller, so
//! that the reference does not alias.

use crate::picture::Picture;
use crate::scene::Scene;
use crate::view::{Line, View};
use test_bench::scene::geometry::Axis;

/// Weights of one output index: (scene index, weight), summing to one.
type Taps = Vec<(usize, f64)>;

/// Draws frame `sequence`.
pub fn render(scene: &Scene, view: &View, sequence: u32) -> Picture {
    let rgb = scene.at(sequence);
    let (width, height) = view.output;
    let columns = taps(view.columns(), &view.sensor.columns(view.scene), width);
    let rows = taps(view.rows(), &view.sensor.rows(view.scene), height);
    let scene_width = view.scene.width_px;
    let mut out = Vec::with_capacity(3 * width * height);
    let mut line = vec![[0.0; 3]; scene_width];
    for row in &rows {
        gather(&rgb, scene_width, row, &mut line);
        for column in &columns {
            let mut sum = [0.0; 3];
            for &(x, weight) in column {
                (0..3).for_each(|channel| sum[channel] += weight * line[x][channel]);
            }
            out.extend(sum.map(|value: f64| value.round().clamp(0.0, 255.0) as u8));
        }
    }
    Picture { width, height, rgb: out }
}

/// Weighted sum of scene rows.
fn gather(rgb: &[u8], width: usize, row: &Taps, line: &mut [[f64; 3]]) {
    line.fill([0.0; 3]);
    for &(y, weight) in row {
        for (sum, pixel) in line.iter_mut().zip(rgb[3 * y * width..].chunks_exact(3)) {
            (0..3).for_each(|channel| sum[channel] += weight * f64::from(pixel[channel]));
        }
    }
}

/// Taps of all output indices. Sensor pixels beyond the window repeat its last one.
fn taps(line: Line, axis: &Axis, count: usize) -> Vec<Taps> {
    let stretch = line.step.max(1.0);
    let last = axis.count.saturating_sub(1) as isize;
    (0..count)
        .map(|index| {
            let centre = line.sensor(index);
            let reach = 2.0 * stretch;
            let from = (centre - reach).ceil() as isize;
            let to = (centre + reach).floor() as isize;
            let taps: Taps = (from..=to)
                .map(|pixel| {
                    let scene = axis.scene_coordinate(pixel.clamp(0, last) as usize);
                    (scene, cubic((pixel as f64 - centre) / stretch))
                })
                .collect();
            let total: f64 = taps.iter().map(|tap| tap.1).sum();
            taps.into_iter().map(|(scene, weight)| (scene, weight / total)).collect()
        })
        .collect()
}

/// Keys' cubic convolution kernel with a = -1/2.
fn cubic(distance: f64) -> f64 {
    let t = distance.abs();
    if t < 1.0 {
        (1.5 * t - 2.5) * t * t + 1.0
    } else if t < 2.0 {
        ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Rectangle;
    use test_bench::scene::sensor::SensorConfig;

    #[test]
    fn without_scaling_the_reference_is_the_scene_itself() {
        let scene = Scene::chart(648, 486).unwrap();
        let crop = Rectangle { left: 30, top: 40, width: 100, height: 60 };
        let view = View {
            scene: scene.size(),
            sensor: SensorConfig::FULL_4X,
            video_port: Rectangle { left: 2, top: 4, width: 640, height: 480 },
            preview: crop,
            resizer: None,
            output: (100, 60),
        };
        let (picture, rgb) = (render(&scene, &view, 3), scene.at(3));
        for (x, y) in [(0, 0), (99, 59), (50, 20)] {
            assert_eq!(picture.colour(x, y), rgb[3 * ((y + 44) * 648 + x + 32)..][..3]);
        }
    }
}
