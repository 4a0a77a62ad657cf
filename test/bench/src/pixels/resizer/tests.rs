//! The resizer against its definition in floating point, and its equations against recorded sizes.

use super::*;
use crate::pixels::edge_enhancement::HighPass;

/// Catmull-Rom, 8 phases of 4.
const FOUR: [i16; 32] = [
    0, 256, 0, 0, -12, 247, 23, -2, -18, 222, 58, -6, -19, 186, 100, -11, -16, 144, 144, -16, -11,
    100, 186, -19, -6, 58, 222, -18, -2, 23, 247, -12,
];

/// A low pass, 4 phases of 7.
const SEVEN: [i16; 32] = [
    -2, 14, 66, 100, 66, 14, -2, 0, -2, 6, 52, 97, 79, 25, -1, 0, -1, 1, 37, 91, 90, 37, 1, 0, 0,
    -1, 25, 79, 96, 51, 6, 0,
];

fn filter(ratio: u32) -> [i16; 32] {
    if ratio <= 512 { FOUR } else { SEVEN }
}

fn config(output: (usize, usize), ratio: (u32, u32), phase: (u32, u32)) -> ResizerConfig {
    ResizerConfig {
        input: Window {
            left: 4,
            top: 3,
            width: needed_width(output.0, ratio.0, phase.0),
            height: needed_height(output.1, ratio.1, phase.1),
        },
        output_width: output.0,
        output_height: output.1,
        horizontal_ratio: ratio.0,
        vertical_ratio: ratio.1,
        horizontal_phase: phase.0,
        vertical_phase: phase.1,
        horizontal_filter: filter(ratio.0),
        vertical_filter: filter(ratio.1),
        chroma_bilinear: false,
        edge_enhancement: None,
    }
}

/// A picture of noise, so that every weight matters.
fn sample(x: usize, y: usize, plane: u32) -> u8 {
    let mix =
        (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32 + 77 * plane).wrapping_mul(0x85eb_ca6b);
    ((mix ^ mix >> 13).wrapping_mul(0xc2b2_ae35) >> 24) as u8
}

/// Runs a frame; lines as (luma, chroma).
fn run(config: &ResizerConfig) -> Vec<(Vec<u8>, Vec<u8>)> {
    config.check().unwrap();
    let (mut resizer, mut line) = (Box::new(Resizer::new()), Box::new(YuvLine::new()));
    resizer.begin_frame(config);
    line.width = (config.input.left + config.input.width + 9) & !1;
    let mut lines = Vec::new();
    let mut out = Box::new(YuvLine::new());
    for y in 0..config.input.top + config.input.height + 5 {
        for x in 0..line.width {
            line.luma[x] = sample(x, y, 0);
            line.chroma[x] = sample(x, y, 1);
        }
        resizer.push(&line);
        while resizer.pop(&mut out) {
            lines.push((out.luma[..out.width].to_vec(), out.chroma[..out.width].to_vec()));
        }
    }
    lines
}

/// First tap and weights of one sample at `position` (in samples, from the start of the window)
/// whose nearest phase decides; `middle` is the tap that phase 0 sits on.
fn taps(ratio: u32, position: f64, middle: isize) -> (isize, Vec<f64>) {
    let (phases, count, stride) = if ratio <= 512 { (8.0, 4, 4) } else { (4.0, 7, 8) };
    let quantised = (position * phases + 0.5).floor();
    let (whole, phase) = ((quantised / phases).floor(), quantised.rem_euclid(phases));
    let table = filter(ratio);
    let weights = &table[phase as usize * stride..][..count];
    (whole as isize - middle, weights.iter().map(|w| f64::from(*w) / 256.0).collect())
}

/// The definition: both directions in floating point, rounded once.
fn reference(config: &ResizerConfig, x: usize, y: usize, chroma: bool) -> f64 {
    let phase_length = |ratio: u32| if ratio <= 512 { 1.0 / 8.0 } else { 1.0 / 4.0 };
    let across = f64::from(config.horizontal_ratio) / 256.0;
    let down = f64::from(config.vertical_ratio) / 256.0;
    let middle = |ratio: u32| if ratio <= 512 { 1 } else { 3 };

    let start = f64::from(config.horizontal_phase) * phase_length(config.horizontal_ratio) + 3.0;
    let position = if chroma {
        // The middle of output pair x / 2 in luma pixels, and then in pairs.
        let luma = start + (2.0 * (x / 2) as f64 + 0.5) * across;
        (luma - 0.5) / 2.0
    } else {
        start + x as f64 * across
    };
    let (first_x, weights_x) = if chroma && config.chroma_bilinear {
        // Positions have eight fraction bits: the first one is cut there, and the step has no more.
        let step = across * (x / 2) as f64;
        let position = ((position - step) * 256.0).floor() / 256.0 + step;
        (position.floor() as isize, vec![1.0 - position.rem_euclid(1.0), position.rem_euclid(1.0)])
    } else {
        taps(config.horizontal_ratio, position, middle(config.horizontal_ratio))
    };

    let vertical_middle = middle(config.vertical_ratio);
    let start = f64::from(config.vertical_phase) * phase_length(config.vertical_ratio);
    let position = start + y as f64 * down + vertical_middle as f64;
    let (first_y, weights_y) = taps(config.vertical_ratio, position, vertical_middle);

    let pairs = (config.input.width / 2) as isize;
    let value = |tap_x: isize, tap_y: isize| {
        let y = config.input.top + tap_y as usize;
        f64::from(if chroma {
            let pair = tap_x.clamp(0, pairs - 1) as usize;
            sample(config.input.left + 2 * pair + x % 2, y, 1)
        } else {
            sample(config.input.left + tap_x as usize, y, 0)
        })
    };
    let mut sum = 0.0;
    for (row, weight_y) in weights_y.iter().enumerate() {
        for (column, weight_x) in weights_x.iter().enumerate() {
            sum += weight_x * weight_y * value(first_x + column as isize, first_y + row as isize);
        }
    }
    sum.clamp(0.0, 255.0)
}

#[test]
fn every_sample_of_every_ratio_is_within_one_of_the_definition() {
    // Every ratio in both directions; 5 has no factor in common with their number, 961.
    for across in 64..=1024 {
        let index = across - 64;
        let down = 64 + (index * 5 + 300) % 961;
        let config = config((40, 22), (across, down), (index % 8, (index / 8) % 8));
        let lines = run(&config);
        assert_eq!(lines.len(), 22, "ratios {across} {down}");
        for (y, (luma, chroma)) in lines.iter().enumerate() {
            assert_eq!(luma.len(), 40);
            for x in 0..40 {
                let error = (f64::from(luma[x]) - reference(&config, x, y, false)).abs();
                assert!(error <= 1.0, "luma ({x}, {y}), ratios {across} {down}: {error}");
                let error = (f64::from(chroma[x]) - reference(&config, x, y, true)).abs();
                assert!(error <= 1.0, "chroma ({x}, {y}), ratios {across} {down}: {error}");
            }
        }
    }
}

#[test]
fn unity_at_phase_zero_copies_the_middle_of_the_window() {
    let config = config((16, 10), (256, 256), (0, 0));
    for (y, (luma, _)) in run(&config).iter().enumerate() {
        for (x, luma) in luma.iter().enumerate() {
            assert_eq!(*luma, sample(4 + 3 + x, 3 + 1 + y, 0));
        }
    }
}

#[test]
fn bilinear_chroma_of_every_ratio_is_within_one_of_the_definition() {
    for across in 64..=1024 {
        let index = across - 64;
        let down = 64 + (index * 5 + 300) % 961;
        let plain = config((40, 12), (across, down), (index % 8, (index / 8) % 8));
        let config = ResizerConfig { chroma_bilinear: true, ..plain };
        let (lines, filtered) = (run(&config), run(&plain));
        assert_eq!(lines.len(), 12, "ratios {across} {down}");
        for (y, (luma, chroma)) in lines.iter().enumerate() {
            assert_eq!(luma, &filtered[y].0, "luma is filtered all the same");
            for (x, got) in chroma.iter().enumerate() {
                let error = (f64::from(*got) - reference(&config, x, y, true)).abs();
                assert!(error <= 1.0, "({x}, {y}), ratios {across} {down}: {error}");
            }
        }
    }
}

/// The horizontally resized luma in eight bits is what a resizer without enhancement gives that copies
/// lines; from there on it is the enhancement, which has a reference of its own, and the vertical filter in
/// floating point. One rounding is left: half a code.
#[test]
fn enhanced_luma_and_its_chroma_are_where_the_definition_says() {
    let settings =
        EdgeEnhancement { high_pass: HighPass::FiveTap, core: 4, slope_q4: 1, gain_q4: 4 };
    for (across, down, phase) in [(256, 256, 0), (200, 300, 3), (430, 256, 5), (700, 900, 2)] {
        let output = (36, 16);
        let wide = config((output.0 + EXTRA_PX, output.1), (across, down), (phase, 1));
        let enhanced =
            ResizerConfig { output_width: output.0, edge_enhancement: Some(settings), ..wide };
        // Lines as they are before the vertical filter: one output line for each input line.
        let flat = ResizerConfig {
            input: Window { height: wide.input.height, ..wide.input },
            output_height: wide.input.height - 3,
            vertical_ratio: 256,
            vertical_phase: 0,
            vertical_filter: FOUR,
            ..wide
        };
        let between = run(&flat);
        let (lines, plain) = (run(&enhanced), run(&wide));
        assert_eq!(lines.len(), output.1);
        let taps_of = |y: usize| {
            let middle = if down <= 512 { 1 } else { 3 };
            let phase_length = if down <= 512 { 0.125 } else { 0.25 };
            let position = phase_length + y as f64 * f64::from(down) / 256.0;
            taps(down, position + f64::from(middle), middle as isize)
        };
        let mut compared = 0;
        for (y, (luma, chroma)) in lines.iter().enumerate() {
            // The chroma of the pairs in the middle of the wider line.
            assert_eq!(chroma[..], plain[y].1[2..][..output.0], "{across} {down}");
            let (first, weights) = taps_of(y);
            for (x, got) in luma.iter().enumerate() {
                let value = |line: usize| {
                    // Phase 0 of the filter between is the line itself, which is tap 1.
                    let made = &between.get(line.wrapping_sub(1))?.0;
                    Some(f64::from(settings.enhanced(made[x..].first_chunk()?)))
                };
                let lines =
                    weights.iter().enumerate().map(|(tap, weight)| (first as usize + tap, weight));
                let sum: Option<f64> =
                    lines.map(|(line, weight)| Some(weight * value(line)?)).sum();
                // The first and the last lines are not among the copied ones.
                let Some(exact) = sum else { continue };
                compared += 1;
                let error = (f64::from(*got) - exact.clamp(0.0, 255.0)).abs();
                assert!(error <= 0.5, "({x}, {y}), ratios {across} {down}: {got} {exact}");
            }
        }
        assert!(compared >= 12 * output.0, "{across} {down}: {compared}");
    }
}

#[test]
fn edge_enhancement_asks_for_four_pixels_more() {
    let settings =
        EdgeEnhancement { high_pass: HighPass::ThreeTap, core: 0, slope_q4: 1, gain_q4: 1 };
    let plain = config((40, 22), (300, 300), (1, 1));
    let on = ResizerConfig { edge_enhancement: Some(settings), ..plain };
    let (given, needed) = (plain.input.width, needed_width(44, 300, 1));
    assert_eq!(on.check(), Err(SizeError::Width { given, needed }));
    let wide = ResizerConfig { output_width: MAX_WIDTH_PX, ..on };
    assert_eq!(wide.check(), Err(SizeError::Output { width: MAX_WIDTH_PX, height: 22 }));
    // And what does not fit is cut, not a panic.
    let mut resizer = Box::new(Resizer::new());
    resizer.begin_frame(&wide);
    let mut line = Box::new(YuvLine::new());
    line.width = MAX_WIDTH_PX;
    let mut out = Box::new(YuvLine::new());
    (0..30).for_each(|_| resizer.push(&line));
    assert!(resizer.pop(&mut out));
    assert_eq!(out.width, MAX_WIDTH_PX - EXTRA_PX);
}

#[test]
fn equations_give_the_recorded_sizes() {
    // media-ctl of an MT9P031 board: 1280x961 -> 320x240 at ratio 1022 in both directions.
    assert_eq!((needed_width(320, 1022, 1), needed_height(240, 1022, 1)), (1280, 961));
    // 4 taps: ((32 + 639 * 249 + 16) >> 8) + 7, and + 4 down.
    assert_eq!((needed_width(640, 249, 1), needed_height(480, 253, 1)), (628, 477));
    assert_eq!(needed_width(640, 256, 0), 646);
}

#[test]
fn a_wrong_size_is_named_with_both_values() {
    let good = config((40, 22), (300, 300), (1, 1));
    assert_eq!(good.check(), Ok(()));
    let given = good.input.width + 1;
    let wide = ResizerConfig { input: Window { width: given, ..good.input }, ..good };
    assert_eq!(wide.check(), Err(SizeError::Width { given, needed: given - 1 }));
    let given = good.input.height - 1;
    let low = ResizerConfig { input: Window { height: given, ..good.input }, ..good };
    assert_eq!(low.check(), Err(SizeError::Height { given, needed: given + 1 }));
    let ratio = ResizerConfig { vertical_ratio: 1025, ..good };
    assert_eq!(ratio.check(), Err(SizeError::Ratio { ratio: 1025 }));
    let huge = ResizerConfig { output_width: 1314, ..good };
    assert_eq!(huge.check(), Err(SizeError::Output { width: 1314, height: 22 }));
}

#[test]
fn an_absurd_configuration_does_not_panic() {
    let absurd = ResizerConfig {
        input: Window { left: 1301, top: 0, width: 5000, height: 9999 },
        output_width: 9999,
        horizontal_ratio: 1024,
        vertical_ratio: 64,
        ..config((40, 22), (300, 300), (7, 7))
    };
    let (mut resizer, mut line) = (Box::new(Resizer::new()), Box::new(YuvLine::new()));
    resizer.begin_frame(&absurd);
    line.width = MAX_WIDTH_PX;
    let mut out = Box::new(YuvLine::new());
    for _ in 0..20 {
        resizer.push(&line);
        while resizer.pop(&mut out) {}
    }
    assert_eq!(out.width, MAX_WIDTH_PX);
}
