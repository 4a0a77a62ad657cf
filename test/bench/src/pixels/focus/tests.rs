//! Auto focus against the filters in floating point.

use super::*;

/// Gain 1/2, then two resonant biquads.
const SHARP: Coefficients = [32, 40, -30, 64, -128, 64, 20, -16, 64, 0, -64];
/// Wide band pass.
const SOFT: Coefficients = [64, 0, 0, 64, 0, -64, 32, 0, 32, 32, 0];

const CONFIG: FocusConfig = FocusConfig {
    width: 24,
    height: 12,
    columns: 4,
    rows: 3,
    left: 10,
    top: 6,
    step_y: 4,
    filter_start: 4,
    filters_q6: [SHARP, SOFT],
    cell: Cell { red: 1, blue: 2 },
    peak: false,
    alaw: false,
    median: None,
};
const SIZE: (usize, usize) = (120, 50);

fn code(x: usize, y: usize) -> u16 {
    let mix = (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
    ((mix ^ mix >> 15).wrapping_mul(0xc2b2_ae35) >> 22) as u16
}

fn run(config: &FocusConfig, (width, height): (usize, usize)) -> Vec<u32> {
    let mut engine = Box::new(Focus::new());
    engine.begin_frame(config);
    let mut bytes = Vec::new();
    for y in 0..height {
        let line: Vec<u16> = (0..width).map(|x| code(x, y)).collect();
        bytes.extend_from_slice(engine.line(y, &line));
    }
    while !engine.is_done() {
        bytes.extend_from_slice(engine.flush());
    }
    let words = bytes.chunks_exact(4);
    words.map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
}

/// A sample as the filters get it: the median of neighbours of the same colour, then A-law, both by their
/// definitions.
fn sample(config: &FocusConfig, x: usize, y: usize) -> f64 {
    let at = |x: usize| f64::from(code(x, y));
    let mut value = at(x);
    if let Some(Median { threshold, .. }) = config.median
        && x >= 2
        && x + 2 < SIZE.0
    {
        let (left, right) = (at(x - 2), at(x + 2));
        let away = (value - left).abs().min((value - right).abs());
        if away > f64::from(threshold) && (value - left) * (value - right) > 0.0 {
            value = ((left + right) / 2.0).round();
        }
    }
    if config.alaw {
        const A: f64 = 87.6;
        let x = A * value / 1023.0;
        let compressed = if x < 1.0 { x } else { 1.0 + x.ln() };
        value = (255.0 * compressed / (1.0 + A.ln())).round();
    }
    value
}

/// Output of one filter over a line of samples, in floating point and without any saturation.
fn filtered(samples: &[f64], coefficients: &Coefficients) -> Vec<f64> {
    let c = coefficients.map(|c| f64::from(c) / 64.0);
    let mut out = Vec::new();
    let (mut v, mut u) = ([0.0; 3], [0.0; 3]);
    for x in samples {
        v = [c[0] * x + c[1] * v[0] + c[2] * v[1], v[0], v[1]];
        let y = c[3] * v[0] + c[4] * v[1] + c[5] * v[2];
        u = [y + c[6] * u[0] + c[7] * u[1], u[0], u[1]];
        out.push(c[8] * u[0] + c[9] * u[1] + c[10] * u[2]);
    }
    out
}

/// Sum of samples and the two filter values of one colour (green, red, blue) of a paxel.
fn reference(config: &FocusConfig, column: usize, row: usize, colour: usize) -> [f64; 3] {
    let mut values = [0.0; 3];
    let first = config.left + column * config.width;
    for inside in (0..config.height).step_by(config.step_y) {
        let y = config.top + row * config.height + inside;
        let cell = |x: usize| {
            let places = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)];
            let all = places.map(|(x, y)| sample(config, x, y));
            let (red, blue) = (all[config.cell.red], all[config.cell.blue]);
            [all.iter().sum::<f64>() - red - blue, red, blue][colour]
        };
        let xs: Vec<usize> = (config.filter_start..first + config.width).step_by(2).collect();
        let of_one = if config.alaw { 128.0 } else { 512.0 };
        let middle = if colour == 0 { 2.0 * of_one } else { of_one };
        let samples: Vec<f64> = xs.iter().map(|x| cell(*x) - middle).collect();
        let in_paxel = xs.iter().filter(|x| **x < first).count()..;
        values[0] += samples[in_paxel.clone()].iter().map(|s| s + middle).sum::<f64>();
        for (value, filter) in values[1..].iter_mut().zip(&config.filters_q6) {
            let out = filtered(&samples, filter);
            let out = out[in_paxel.clone()].iter().map(|z| z.abs());
            *value += if config.peak { out.fold(0.0, f64::max) } else { out.sum() };
        }
    }
    values
}

fn check(config: &FocusConfig) {
    let words = run(config, SIZE);
    assert_eq!(words.len(), 12 * config.columns * config.rows);
    for (index, words) in words.chunks_exact(4).enumerate() {
        let (paxel, colour) = (index / 3, index % 3);
        let (column, row) = (paxel % config.columns, paxel / config.columns);
        let expected = reference(config, column, row, colour);
        assert_eq!((f64::from(words[0]), words[3]), (expected[0], 0), "{column} {row} {colour}");
        for (got, expected) in words[1..3].iter().zip(&expected[1..]) {
            // Rounding to 1/64 after each stage, amplified by the resonance: one part in a thousand.
            let (got, limit) = (f64::from(*got) / 16.0, 2.0 + expected / 1000.0);
            assert!((got - expected).abs() <= limit, "{column} {row} {colour}: {got} {expected}");
        }
    }
}

#[test]
fn every_paxel_is_what_the_filters_give_in_floating_point() {
    check(&CONFIG);
    check(&FocusConfig { peak: true, ..CONFIG });
    check(&FocusConfig { cell: Cell::from_code(5), step_y: 2, filter_start: 10, ..CONFIG });
}

#[test]
fn the_largest_grid_has_the_size_that_a_driver_reserves() {
    let config = FocusConfig { columns: 36, rows: 128, ..CONFIG };
    assert_eq!(4 * run(&config, SIZE).len(), 221_184);
}

#[test]
fn a_flat_picture_is_out_of_focus_and_a_sharp_edge_in_focus() {
    let value = |edge_px: usize| {
        let mut engine = Box::new(Focus::new());
        // A high pass: no answer to a constant.
        let high = [64, 0, 0, 64, -128, 64, 0, 0, 64, 0, 0];
        engine.begin_frame(&FocusConfig {
            filters_q6: [high; 2],
            filter_start: 0,
            left: 12,
            ..CONFIG
        });
        let line: Vec<u16> = (0..120)
            .map(|x: usize| {
                512 + 400 * x.saturating_sub(40).min(edge_px) as u16 / edge_px.max(1) as u16
            })
            .collect();
        let bytes: Vec<u8> = (0..50).flat_map(|y| engine.line(y, &line).to_vec()).collect();
        bytes
            .chunks_exact(48)
            .map(|p| u64::from(u32::from_le_bytes(p[4..8].try_into().unwrap())))
            .sum::<u64>()
    };
    let (sharp, soft, flat) = (value(2), value(40), value(0));
    assert!(sharp > 5 * soft && flat == 0, "{sharp} {soft} {flat}");
}

#[test]
fn compression_and_median_come_before_the_filters() {
    let median = Some(Median { threshold: 40, even_distance: 2, odd_distance: 2 });
    let (compressed, smoothed) =
        (FocusConfig { alaw: true, ..CONFIG }, FocusConfig { median, ..CONFIG });
    let both = FocusConfig { median, ..compressed };
    for config in [compressed, smoothed, both] {
        check(&config);
    }
    let first = |config| run(config, SIZE)[..3].to_vec();
    let all = [&CONFIG, &compressed, &smoothed, &both].map(first);
    assert!((1..4).all(|end| !all[..end].contains(&all[end])), "each shows: {all:?}");
}
