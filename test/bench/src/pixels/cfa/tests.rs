//! CFA interpolation against its definition in floating point, and against bilinear.

use super::*;
use crate::pixels::bayer::Phase;
use crate::scene::chart;

mod quality;

const NONE: Thresholds = Thresholds { horizontal: 255, vertical: 255 };

/// A mosaic with its order, addressed with repeated edges nowhere: tests stay inside.
struct Mosaic {
    width: usize,
    height: usize,
    phase: Phase,
    codes: Vec<u16>,
}

impl Mosaic {
    /// Samples `rgb(x, y)` in the order of `phase`.
    fn of(
        width: usize,
        height: usize,
        phase: Phase,
        rgb: impl Fn(usize, usize) -> [u16; 3],
    ) -> Self {
        let sample = |at: usize| {
            let (x, y) = (at % width, at / width);
            rgb(x, y)[colour(phase, x, y)]
        };
        Self { width, height, phase, codes: (0..width * height).map(sample).collect() }
    }

    fn code(&self, x: usize, y: usize) -> f64 {
        f64::from(self.codes[y * self.width + x])
    }

    /// Runs the function under test over all rows; `[r, g, b]` of the interior.
    fn interpolated(&self, thresholds: Thresholds) -> Vec<[u16; 3]> {
        let mut columns = Box::new([[0; 8]; COLUMNS]);
        let mut result = Vec::new();
        let width = self.width - 2 * MARGIN;
        for y in 0..self.height {
            for x in 0..self.width {
                columns[x][y % ROWS] = self.codes[y * self.width + x];
            }
            let Some(centre) = y.checked_sub(MARGIN).filter(|centre| *centre >= MARGIN) else {
                continue;
            };
            let phase = self.phase.moved(MARGIN, centre);
            let mut out = vec![[0; 4]; width];
            interpolate(&columns, centre, 0, phase.green_first(), thresholds, &mut out);
            let order = if phase.red_row_first() { [0, 1, 2] } else { [2, 1, 0] };
            result.extend(out.iter().map(|pixel| order.map(|channel: usize| pixel[channel])));
        }
        result
    }
}

/// Colour index (R 0, G 1, B 2) of a mosaic's pixel.
fn colour(phase: Phase, x: usize, y: usize) -> usize {
    let phase = phase.moved(x, y);
    match (phase.green_first(), phase.red_row_first()) {
        (true, _) => 1,
        (false, true) => 0,
        (false, false) => 2,
    }
}

const PHASES: [Phase; 4] = [Phase::Grbg, Phase::Rggb, Phase::Bggr, Phase::Gbrg];

fn noise(x: usize, y: usize) -> u16 {
    let mix = (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
    ((mix ^ mix >> 15).wrapping_mul(0xc2b2_ae35) >> 22) as u16
}

/// The definition, in floating point, with the direction rule.
fn reference(mosaic: &Mosaic, x: usize, y: usize, thresholds: Thresholds) -> [f64; 3] {
    let at = |dx: i32, dy: i32| {
        mosaic.code(x.wrapping_add_signed(dx as isize), y.wrapping_add_signed(dy as isize))
    };
    let here = at(0, 0);
    let diagonal = at(-1, -1) + at(1, -1) + at(-1, 1) + at(1, 1);
    let (far_across, far_along) = (at(-2, 0) + at(2, 0), at(0, -2) + at(0, 2));
    let (near_across, near_along) = (at(-1, 0) + at(1, 0), at(0, -1) + at(0, 1));
    if colour(mosaic.phase, x, y) == 1 {
        // Malvar, He, Cutler 2004, figure 2: kernels in eighths.
        let kernel = |near: f64, far_same: f64, far_other: f64| {
            (5.0 * here + 4.0 * near - far_same - diagonal + 0.5 * far_other) / 8.0
        };
        let across = kernel(near_across, far_across, far_along);
        let along = kernel(near_along, far_along, far_across);
        let red_row = colour(mosaic.phase, x + 1, y) == 0;
        return if red_row { [across, here, along] } else { [along, here, across] };
    }
    let across = near_across / 2.0 + (2.0 * here - far_across) / 4.0;
    let along = near_along / 2.0 + (2.0 * here - far_along) / 4.0;
    let gradient_across = (at(-1, 0) - at(1, 0)).abs() + (2.0 * here - far_across).abs();
    let gradient_along = (at(0, -1) - at(0, 1)).abs() + (2.0 * here - far_along).abs();
    let green = if gradient_across - gradient_along > f64::from(thresholds.horizontal) {
        along
    } else if gradient_along - gradient_across > f64::from(thresholds.vertical) {
        across
    } else {
        (across + along) / 2.0
    };
    let other = (6.0 * here + 2.0 * diagonal - 1.5 * (far_across + far_along)) / 8.0;
    let red = colour(mosaic.phase, x, y) == 0;
    if red { [here, green, other] } else { [other, green, here] }
}

#[test]
fn every_pixel_of_noise_is_the_rounded_saturated_definition() {
    for phase in PHASES {
        let mosaic = Mosaic::of(37, 16, phase, |x, y| [noise(x, y); 3]);
        for thresholds in [NONE, Thresholds { horizontal: 0x28, vertical: 0x28 }] {
            let got = mosaic.interpolated(thresholds);
            let width = mosaic.width - 2 * MARGIN;
            for (index, got) in got.iter().enumerate() {
                let (x, y) = (index % width + MARGIN, index / width + MARGIN);
                // An odd last pixel has no partner and is not part of a line.
                if x - MARGIN == width - 1 && width % 2 == 1 {
                    continue;
                }
                let exact = reference(&mosaic, x, y, thresholds);
                for (got, exact) in got.iter().zip(exact) {
                    let error = (f64::from(*got) - exact.clamp(0.0, 1023.0)).abs();
                    assert!(error <= 0.5, "{phase:?} ({x}, {y}): {got} {exact}");
                }
            }
        }
    }
}

#[test]
fn a_tilted_plane_of_each_colour_is_exact() {
    for phase in PHASES {
        let plane = |x: usize, y: usize| [100 + 8 * x, 900 - 16 * y, 300 + 4 * x + 4 * y];
        let mosaic = Mosaic::of(24, 20, phase, |x, y| plane(x, y).map(|code| code as u16));
        for (index, got) in mosaic.interpolated(NONE).iter().enumerate() {
            let (x, y) = (index % 20 + MARGIN, index / 20 + MARGIN);
            let expected = plane(x, y);
            for channel in 0..3 {
                assert!(usize::from(got[channel]).abs_diff(expected[channel]) <= 1);
            }
        }
    }
}

#[test]
fn at_an_edge_green_is_taken_along_the_edge() {
    let edge = |phase: Phase, across: bool| {
        Mosaic::of(24, 20, phase, move |x, y| {
            [if if across { y } else { x } < 11 { 100 } else { 800 }; 3]
        })
    };
    let thresholds = Thresholds { horizontal: 0x28, vertical: 0x28 };
    for (phase, across) in PHASES.into_iter().flat_map(|phase| [(phase, true), (phase, false)]) {
        for (index, got) in edge(phase, across).interpolated(thresholds).iter().enumerate() {
            let (x, y) = (index % 20 + MARGIN, index / 20 + MARGIN);
            let expected = if if across { y } else { x } < 11 { 100 } else { 800 };
            assert_eq!(got[1], expected, "green at ({x}, {y})");
        }
    }
}

/// Mean squared error of an interpolation over the whole chart, in codes.
fn error_on_chart(phase: Phase, interpolate: impl Fn(&Mosaic) -> Vec<[u16; 3]>) -> f64 {
    let (width, height) = (324, 242);
    let chart = chart::chart(width, height);
    let truth = |x: usize, y: usize| {
        let at = 3 * (y * width + x);
        [chart[at], chart[at + 1], chart[at + 2]].map(|code| 4 * u16::from(code))
    };
    let mosaic = Mosaic::of(width, height, phase, truth);
    let got = interpolate(&mosaic);
    let inner = width - 2 * MARGIN;
    let squares = got.iter().enumerate().flat_map(|(index, got)| {
        let truth = truth(index % inner + MARGIN, index / inner + MARGIN);
        (0..3).map(move |channel| (f64::from(got[channel]) - f64::from(truth[channel])).powi(2))
    });
    squares.sum::<f64>() / (3 * got.len()) as f64
}

/// Plain bilinear: the mean of the nearest pixels of each colour.
fn bilinear(mosaic: &Mosaic) -> Vec<[u16; 3]> {
    let inner = (MARGIN..mosaic.height - MARGIN)
        .flat_map(|y| (MARGIN..mosaic.width - MARGIN).map(move |x| (x, y)));
    inner
        .map(|(x, y)| {
            core::array::from_fn(|channel| {
                if colour(mosaic.phase, x, y) == channel {
                    return mosaic.code(x, y) as u16;
                }
                let near = (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| (x, y)));
                let same: Vec<f64> = near
                    .filter(|(x, y)| colour(mosaic.phase, *x, *y) == channel)
                    .map(|(x, y)| mosaic.code(x, y))
                    .collect();
                (same.iter().sum::<f64>() / same.len() as f64).round() as u16
            })
        })
        .collect()
}

#[test]
fn the_chart_comes_out_better_than_with_bilinear() {
    let thresholds = Thresholds { horizontal: 0x28, vertical: 0x28 };
    for phase in PHASES {
        let own = error_on_chart(phase, |mosaic| mosaic.interpolated(thresholds));
        let plain = error_on_chart(phase, bilinear);
        let db = |error: f64| 10.0 * (1020.0 * 1020.0 / error).log10();
        println!("chart, {phase:?}: {:.2} dB, bilinear {:.2} dB", db(own), db(plain));
        assert!(own < plain, "{phase:?}: {own} {plain}");
    }
}
