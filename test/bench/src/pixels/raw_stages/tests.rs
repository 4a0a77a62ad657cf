//! Defect correction and noise filter against their definitions, pixel by pixel, through the ring.

use super::*;

const WIDTH: usize = 61;
const HEIGHT: usize = 24;

fn noise(x: usize, y: usize) -> u16 {
    let mix = (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
    ((mix ^ mix >> 15).wrapping_mul(0xc2b2_ae35) >> 22) as u16
}

/// Rows that come out, by number.
fn run(
    config: &RawConfig,
    table: noise_filter::Thresholds,
    code: impl Fn(usize, usize) -> u16,
) -> Vec<(usize, Vec<u16>)> {
    let mut stages = Box::new(RawStages::new());
    stages.noise_table = table;
    let mut rows = Vec::new();
    for y in 0..HEIGHT {
        let line: Vec<u16> = (0..WIDTH).map(|x| code(x, y)).collect();
        let looks_around = config.defects.is_some() || config.noise_spread.is_some();
        rows.extend(
            stages
                .push(config, looks_around, (y, &line), &[])
                .map(|(row, line)| (row, line.to_vec())),
        );
    }
    rows
}

/// The eight neighbours, from the definition.
fn around(code: &impl Fn(usize, usize) -> u16, x: usize, y: usize) -> Vec<f64> {
    let offsets = (0..3).flat_map(|dy| (0..3).map(move |dx| (2 * dx, 2 * dy)));
    offsets
        .filter(|offset| *offset != (2, 2))
        .map(|(dx, dy)| f64::from(code(x + dx - 2, y + dy - 2)))
        .collect()
}

#[test]
fn every_pixel_of_noise_is_corrected_as_the_definition_says() {
    let thresholds = [(0, 0), (40, 10), (100, 300), (8, 8)];
    for couplets in [false, true] {
        let defects = Some(Defects { thresholds, couplets });
        let rows = run(&RawConfig { defects, ..RawConfig::OFF }, [0; 64], noise);
        assert_eq!(rows.len(), HEIGHT - 4);
        for (y, line) in rows {
            for x in 2..WIDTH - 2 {
                let mut near = around(&noise, x, y);
                near.sort_by(f64::total_cmp);
                let (low, high) = if couplets { (near[1], near[6]) } else { (near[0], near[7]) };
                let (detect, correct) = thresholds[2 * (y % 2) + x % 2];
                let (detect, correct) = (f64::from(detect), f64::from(correct));
                let own = f64::from(noise(x, y));
                let expected = if own - high > detect {
                    own.min(high + correct)
                } else if low - own > detect {
                    own.max(low - correct)
                } else {
                    own
                };
                assert_eq!(f64::from(line[x]), expected, "({x}, {y}) {couplets}");
            }
        }
    }
}

#[test]
fn every_pixel_of_noise_is_smoothed_as_the_definition_says() {
    let table: noise_filter::Thresholds = core::array::from_fn(|index| 3 * index as u8);
    for spread in 0..4 {
        let config = RawConfig { noise_spread: Some(spread), ..RawConfig::OFF };
        for (y, line) in run(&config, table, noise) {
            for (x, got) in line.iter().enumerate().take(WIDTH - 2).skip(2) {
                let own = f64::from(noise(x, y));
                let limit = f64::from(table[(own / 16.0) as usize]) * f64::from(1 << spread);
                let pull: f64 =
                    around(&noise, x, y).iter().map(|n| n - own).filter(|d| d.abs() <= limit).sum();
                assert!((f64::from(*got) - own - pull / 8.0).abs() <= 0.5, "({x}, {y})");
            }
        }
    }
}

#[test]
fn a_hot_pixel_and_a_pair_go_and_an_edge_stays() {
    let defects = |couplets| {
        let thresholds = [(30, 0); 4];
        RawConfig { defects: Some(Defects { thresholds, couplets }), ..RawConfig::OFF }
    };
    let picture = |hot: &'static [(usize, usize)]| {
        move |x, y| if hot.contains(&(x, y)) { 1000 } else { 100 + 400 * u16::from(x > 30) }
    };
    let clean = run(&defects(false), [0; 64], picture(&[]));
    assert_eq!(
        clean,
        run(&RawConfig { noise_spread: Some(0), ..RawConfig::OFF }, [0; 64], picture(&[]))
    );
    assert_eq!(run(&defects(false), [0; 64], picture(&[(12, 10)])), clean);
    let pair: &[_] = &[(12, 10), (14, 10)];
    assert_ne!(run(&defects(false), [0; 64], picture(pair)), clean);
    assert_eq!(run(&defects(true), [0; 64], picture(pair)), clean);
}

#[test]
fn the_noise_of_a_flat_field_becomes_a_third() {
    let config = RawConfig { noise_spread: Some(1), ..RawConfig::OFF };
    let code = |x, y| 500 + noise(x, y) % 33;
    let deviation = |rows: &[(usize, Vec<u16>)]| {
        let all: Vec<f64> = rows
            .iter()
            .flat_map(|(_, line)| line[2..WIDTH - 2].iter().map(|code| f64::from(*code)))
            .collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        (all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt()
    };
    let (before, after) = (run(&config, [0; 64], code), run(&config, [20; 64], code));
    let ratio = deviation(&after) / deviation(&before);
    // The mean of eight: 1 / sqrt(8) = 0.354.
    assert!((0.30..0.40).contains(&ratio), "{ratio}");
}

#[test]
fn stages_that_look_at_one_line_give_it_at_once() {
    let settings = Median { threshold: 10, even_distance: 2, odd_distance: 2 };
    let config = RawConfig { median: Some(settings), inverse_alaw: true, ..RawConfig::OFF };
    let rows = run(&config, [0; 64], |x, y| noise(x, y) / 4);
    assert_eq!(rows.len(), HEIGHT);
    let mut line: Vec<u16> = (0..WIDTH).map(|x| noise(x, 7) / 4).collect();
    alaw::expand(&mut line);
    let mut expected = vec![0; WIDTH];
    median::filter(&settings, &line, &mut expected);
    assert_eq!(rows[7], (7, expected));
}
