//! The sensor: levels, noise, windows, order of colours, patterns.

use super::*;
use crate::scene::{SceneBytes, chart};

const SIZE: SceneSize = SceneSize { width_px: 648, height_px: 486 };
const QUIET: SensorConfig = SensorConfig { noise: false, ..SensorConfig::FULL_4X };
/// No light and the most of it, in codes of ten bits.
const BLACK: u16 = BLACK_LEVEL >> 2;
const WHITE: u16 = MAX_CODE >> 2;

/// All rows of a frame, `[height][width]`.
fn frame(config: &SensorConfig, size: SceneSize, scene: &[u8], sequence: u32) -> Vec<u16> {
    let mut sensor = Box::new(Sensor::new());
    sensor.configure(config, size);
    let mut source = SceneBytes::new(size, scene);
    let mut codes = vec![0; config.width_px * config.height_px];
    for (row, line) in codes.chunks_exact_mut(config.width_px).enumerate() {
        assert_eq!(sensor.line(&mut source, sequence, row, line), config.width_px);
    }
    codes
}

fn flat(colour: [u8; 3]) -> Vec<u8> {
    colour.repeat(SIZE.width_px * SIZE.height_px)
}

/// Mean and variance of one of the four kinds of pixels in the upper half, where no object is.
fn statistics(codes: &[u16], width: usize, column: usize, row: usize) -> (f64, f64) {
    let values: Vec<f64> = (row..200)
        .step_by(2)
        .flat_map(|y| (column..width).step_by(2).map(move |x| (x, y)))
        .map(|(x, y)| f64::from(codes[y * width + x]))
        .collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64)
}

#[test]
fn a_flat_scene_gives_the_codes_of_the_definition_in_grbg_order() {
    let scene = flat([200, 100, 50]);
    let codes = frame(&SensorConfig { bits: 12, ..QUIET }, SIZE, &scene, 0);
    let linear = |code: f64| ((code / 255.0 + 0.055) / 1.055).powf(2.4);
    let light = [linear(200.0), linear(100.0), linear(50.0)];
    let expected = |dye: usize| {
        let passed: f64 =
            (0..3).map(|i| f64::from(response::DYES_PERCENT[dye][i]) / 100.0 * light[i]).sum();
        168.0 + passed * 3728.0 * 32.0 / f64::from(response::NEUTRAL_GAIN_Q5[dye])
    };
    for (column, row, dye) in [(0, 0, 1), (1, 0, 0), (0, 1, 2), (1, 1, 1)] {
        let (mean, variance) = statistics(&codes, 648, column, row);
        assert_eq!(variance, 0.0);
        // Half a code, and three times half a quarter from the tables.
        assert!((mean - expected(dye)).abs() <= 0.9, "{mean} {}", expected(dye));
    }
}

#[test]
fn noise_leaves_the_mean_and_follows_the_signal() {
    let noisy = SensorConfig { noise: true, ..QUIET };
    for level in [0, 120, 230] {
        let scene = flat([level; 3]);
        let (quiet, _) = statistics(&frame(&QUIET, SIZE, &scene, 0), 648, 0, 0);
        let (mean, variance) = statistics(&frame(&noisy, SIZE, &scene, 0), 648, 0, 0);
        // Without noise the code is rounded, with noise the mean is not; the amplitude is
        // tabulated for steps of 16 codes.
        let expected = (quiet - 42.0) * 0.148 + 1.0;
        assert!((mean - quiet).abs() < 0.7, "{level}: {mean} {quiet}");
        assert!(
            (variance - expected).abs() < 1.5 + 0.05 * expected,
            "{level}: {variance} {expected}"
        );
    }
}

#[test]
fn a_row_is_the_same_in_any_order_and_frames_differ() {
    let scene = chart::chart(648, 486);
    let config = SensorConfig::SMALL;
    let codes = frame(&config, SIZE, &scene, 9);
    let mut sensor = Box::new(Sensor::new());
    sensor.configure(&config, SIZE);
    let mut source = SceneBytes::new(SIZE, &scene);
    for row in [119, 3, 60, 3] {
        let mut line = [0; 160];
        sensor.line(&mut source, 9, row, &mut line);
        assert_eq!(line, codes[row * 160..][..160]);
    }
    assert_ne!(frame(&config, SIZE, &scene, 10), codes);
    assert_ne!(frame(&SensorConfig { seed: 2, ..config }, SIZE, &scene, 9), codes);
}

#[test]
fn a_window_sees_what_the_full_frame_sees_there() {
    let scene = chart::chart(648, 486);
    // 80 lines and 96 columns at step 4 further on: both even, so the colours coincide.
    let small =
        SensorConfig { column_start: 384, row_start: 320, width_px: 160, height_px: 120, ..QUIET };
    let (whole, part) = (frame(&QUIET, SIZE, &scene, 4), frame(&small, SIZE, &scene, 4));
    for (y, row) in part.chunks_exact(160).enumerate() {
        assert_eq!(row, &whole[(y + 80) * 648 + 96..][..160], "row {y}");
    }
}

#[test]
fn flips_mirror_the_scene_and_keep_the_order_of_colours() {
    let scene = flat([220, 60, 30]);
    for (flip_horizontal, flip_vertical) in [(true, false), (false, true), (true, true)] {
        let flipped = SensorConfig { flip_horizontal, flip_vertical, ..QUIET };
        // A flat scene does not change below the object's lane and above it.
        let codes = frame(&flipped, SIZE, &scene, 0);
        assert_eq!(codes[..648 * 100], frame(&QUIET, SIZE, &scene, 0)[..648 * 100]);
    }
    let ramp: Vec<u8> = (0..648 * 486).flat_map(|i| [(i % 648 * 255 / 648) as u8; 3]).collect();
    let codes = frame(&SensorConfig { flip_horizontal: true, ..QUIET }, SIZE, &ramp, 0);
    assert!(codes[0] > codes[600] + 300);
}

#[test]
fn a_finer_step_repeats_scene_pixels_that_are_larger_than_its_own() {
    let scene = chart::chart(648, 486);
    let config = SensorConfig { noise: false, ..SensorConfig::FULL_2X };
    let codes = frame(&config, SIZE, &scene, 0);
    assert_eq!(codes.len(), 1296 * 972);
    // Two columns and two rows see one scene pixel, so both greens of a cell agree.
    for (x, y) in [(100, 200), (700, 300), (1200, 940)] {
        assert_eq!(codes[y * 1296 + x], codes[(y + 1) * 1296 + x + 1]);
    }
}

#[test]
fn exposure_and_gain_brighten_until_white() {
    let scene = flat([100; 3]);
    let green = |exposure_lines, gain_eighths| {
        let config = SensorConfig { exposure_lines, gains_eighths: [gain_eighths; 4], ..QUIET };
        f64::from(frame(&config, SIZE, &scene, 0)[0]) - 42.0
    };
    let nominal = green(NOMINAL_EXPOSURE_LINES, 8);
    assert!((green(2 * NOMINAL_EXPOSURE_LINES, 8) / nominal - 2.0).abs() < 0.02);
    assert!((green(NOMINAL_EXPOSURE_LINES, 24) / nominal - 3.0).abs() < 0.02);
    assert_eq!(green(1_000_000, 1024), 981.0);
}

#[test]
fn patterns_need_no_scene() {
    let scene = flat([0; 3]);
    let pattern = |pattern| frame(&SensorConfig { pattern, ..QUIET }, SIZE, &scene, 0);
    let levels = Levels { green: 1200, red: 1200, blue: 1200 };
    assert!(pattern(TestPattern::ColorField(levels)).iter().all(|code| *code == 300));
    let gradient = pattern(TestPattern::HorizontalGradient);
    assert!(gradient[0] == 0 && gradient[647] > 1020);
    assert!(gradient[..648].is_sorted());
    let bars = pattern(TestPattern::ColorBars);
    // Black first, white last; blue alone second: only blue pixels (row 1, even columns) are lit.
    assert_eq!((bars[0], bars[647]), (BLACK, WHITE));
    let second = 648 / 8 + 11;
    assert_eq!((bars[second], bars[648 + second]), (BLACK, WHITE));
    assert_eq!(bars[648 + second + 1], BLACK);
}

#[test]
fn fewer_bits_are_the_upper_ones_of_twelve() {
    let scene = chart::chart(648, 486);
    let dark = flat([0; 3]);
    for (pattern, scene) in [
        (TestPattern::Off, &scene),
        (TestPattern::Off, &dark),
        (TestPattern::DiagonalGradient, &dark),
        (TestPattern::WalkingOnes, &dark),
    ] {
        let with =
            |bits| frame(&SensorConfig { bits, pattern, ..SensorConfig::SMALL }, SIZE, scene, 3);
        let whole = with(12);
        assert!(whole.iter().any(|code| code % 4 != 0) && whole.iter().max() <= Some(&MAX_CODE));
        for bits in [8, 10] {
            let upper: Vec<u16> = whole.iter().map(|code| code >> (12 - bits)).collect();
            assert_eq!(with(bits), upper, "{pattern:?} {bits}");
        }
    }
}

#[test]
fn a_sensor_that_is_not_configured_sends_nothing() {
    let mut sensor = Box::new(Sensor::new());
    let scene = flat([9; 3]);
    assert_eq!(sensor.line(&mut SceneBytes::new(SIZE, &scene), 0, 0, &mut [0; 16]), 0);
}

#[test]
fn each_place_of_the_mosaic_has_its_own_gain() {
    let scene = flat([90; 3]);
    let place = |codes: &[u16], index: usize| {
        f64::from(codes[index / 2 * 648 + index % 2]) - f64::from(BLACK)
    };
    let nominal = frame(&QUIET, SIZE, &scene, 0);
    for index in 0..4 {
        let mut gains_eighths = [8; 4];
        gains_eighths[index] = 20;
        let codes = frame(&SensorConfig { gains_eighths, ..QUIET }, SIZE, &scene, 0);
        for other in 0..4 {
            let ratio = place(&codes, other) / place(&nominal, other);
            let expected = if other == index { 2.5 } else { 1.0 };
            assert!((ratio - expected).abs() < 0.03, "{index} {other}: {ratio}");
        }
    }
}
