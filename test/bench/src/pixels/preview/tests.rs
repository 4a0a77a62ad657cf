//! The preview engine as a whole: sizes, margins, and colour from mosaic to 4:2:2.

use super::*;

/// Runs a frame of mosaic codes and returns its lines as (luma, chroma).
fn run(
    config: &PreviewConfig,
    tables: &GammaTables,
    (width, height): (usize, usize),
    code: impl Fn(usize, usize) -> u16,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut preview, mut out) = (Box::new(Preview::new()), Box::new(YuvLine::new()));
    preview.begin_frame(config);
    let mut lines = Vec::new();
    for y in 0..height {
        let line: Vec<u16> = (0..width).map(|x| code(x, y)).collect();
        if preview.line(tables, &line, &mut out) {
            lines.push((out.luma[..out.width].to_vec(), out.chroma[..out.width].to_vec()));
        }
    }
    lines
}

fn window(left: usize, top: usize, width: usize, height: usize) -> Window {
    Window { left, top, width, height }
}

#[test]
fn output_is_as_large_as_the_window_less_the_margins_of_what_is_on() {
    let all = Features {
        cfa: true,
        noise_or_defect: true,
        median: true,
        yc_filters: true,
        gamma_bypass: false,
    };
    let cases = [
        (Features::default(), (40, 30)),
        (Features { cfa: true, ..Features::default() }, (36, 26)),
        (Features { cfa: true, median: true, ..Features::default() }, (32, 26)),
        (all, (26, 22)),
    ];
    for (features, expected) in cases {
        let config =
            PreviewConfig { window: window(2, 4, 40, 30), features, ..PreviewConfig::NEUTRAL };
        assert_eq!(config.output_size(), expected, "{features:?}");
        let lines = run(&config, &gamma::BYPASS, (64, 48), |_, _| 512);
        assert_eq!((lines[0].0.len(), lines.len()), expected, "{features:?}");
    }
}

#[test]
fn a_window_smaller_than_its_margins_gives_nothing() {
    let config = PreviewConfig { window: window(0, 0, 3, 4), ..PreviewConfig::NEUTRAL };
    assert_eq!(config.output_size(), (0, 0));
    assert!(run(&config, &gamma::BYPASS, (16, 16), |_, _| 512).is_empty());
}

/// The whole chain in floating point, for a mosaic of one flat colour.
fn reference(config: &PreviewConfig, tables: &GammaTables, [r, g, b]: [f64; 3]) -> [f64; 3] {
    let balance = |code: f64, coefficient: u8| {
        let gain =
            f64::from(config.at_once.digital_gain_q8) / 256.0 * f64::from(coefficient) / 32.0;
        (code * gain).min(1023.0)
    };
    let [gr, red, blue, _] = config.at_once.white_balance_q5;
    let balanced = [balance(r, red), balance(g, gr), balance(b, blue)];
    let coded: [f64; 3] = core::array::from_fn(|out| {
        let sum: f64 = (0..3)
            .map(|i| {
                f64::from(config.rgb_matrix_q8[out][i]) / 256.0
                    * (balanced[i] + f64::from(config.black_adjust[i]))
            })
            .sum();
        let code = (sum + f64::from(config.rgb_offset[out])).round().clamp(0.0, 1023.0) as usize;
        f64::from([&tables.red, &tables.green, &tables.blue][out][code])
    });
    core::array::from_fn(|out| {
        let sum: f64 = (0..3).map(|i| f64::from(config.csc_q8[out][i]) / 256.0 * coded[i]).sum();
        let bias = if out == 0 { 0.0 } else { 128.0 };
        let value = sum + f64::from(config.csc_offset[out]) + bias;
        if out == 0 {
            value * f64::from(config.at_once.tone.contrast_q4) / 16.0
                + f64::from(config.at_once.tone.brightness)
        } else {
            value
        }
    })
}

#[test]
fn a_flat_colour_of_any_phase_comes_out_as_the_definition_says() {
    let steep =
        core::array::from_fn(|code| (code as f64 / 1023.0).sqrt().mul_add(255.0, 0.5) as u8);
    let tables = GammaTables { red: steep, green: steep, blue: gamma::BYPASS.blue };
    for phase in [Phase::Grbg, Phase::Rggb, Phase::Bggr, Phase::Gbrg] {
        let config = PreviewConfig {
            window: window(0, 0, 24, 12),
            first_colour: phase,
            at_once: AtOnce {
                digital_gain_q8: 270,
                white_balance_q5: [32, 48, 40, 32],
                white_balance_select: select_for(phase),
                tone: Tone { contrast_q4: 17, brightness: 3, ..Tone::NEUTRAL },
            },
            rgb_matrix_q8: [[300, -30, -14], [-20, 290, -14], [5, -60, 311]],
            rgb_offset: [3, -2, 7],
            black_adjust: [-4, 2, 1],
            csc_offset: [16, 0, 0],
            ..PreviewConfig::NEUTRAL
        };
        for colour in [[200, 300, 100], [500, 400, 600], [90, 700, 250], [60, 60, 60]] {
            let code = |x: usize, y: usize| {
                let at = phase.moved(x, y);
                match (at.green_first(), at.red_row_first()) {
                    (true, _) => colour[1],
                    (false, true) => colour[0],
                    (false, false) => colour[2],
                }
            };
            let exact = reference(&config, &tables, colour.map(f64::from));
            for (luma, chroma) in run(&config, &tables, (24, 12), code) {
                for pair in 0..luma.len() / 2 {
                    let got = [luma[2 * pair + 1], chroma[2 * pair], chroma[2 * pair + 1]];
                    for (got, exact) in got.iter().zip(exact) {
                        // One code of the gamma table's input may be worth a few of its output.
                        let error = (f64::from(*got) - exact.clamp(0.0, 255.0)).abs();
                        assert!(error <= 3.0, "{phase:?} {colour:?}: {got} {exact}");
                    }
                }
            }
        }
    }
}

/// WBSEL that gives each colour of `phase` its coefficient: Gr 0, R 1, B 2, Gb 3.
fn select_for(phase: Phase) -> u32 {
    let field = |row: usize, column: usize| {
        let at = phase.moved(column, row);
        match (at.green_first(), at.red_row_first()) {
            (true, true) => 0,
            (false, true) => 1,
            (false, false) => 2,
            (true, false) => 3,
        }
    };
    (0..16).map(|at| field(at / 4, at % 4) << (2 * at)).sum()
}

#[test]
fn gamma_bypass_ignores_the_tables() {
    let black = GammaTables { red: [0; 1024], green: [0; 1024], blue: [0; 1024] };
    let features = Features { gamma_bypass: true, cfa: true, ..Features::default() };
    let config = PreviewConfig { window: window(0, 0, 12, 8), features, ..PreviewConfig::NEUTRAL };
    let luma = |config: &PreviewConfig| run(config, &black, (12, 8), |_, _| 800)[0].0[0];
    assert_eq!(luma(&config), 172);
    let features = Features { cfa: true, ..Features::default() };
    assert_eq!(luma(&PreviewConfig { features, ..config }), 0);
}

#[test]
fn a_second_frame_starts_clean() {
    let config = PreviewConfig { window: window(0, 0, 12, 8), ..PreviewConfig::NEUTRAL };
    let (mut preview, mut out) = (Box::new(Preview::new()), Box::new(YuvLine::new()));
    for _ in 0..2 {
        preview.begin_frame(&config);
        let lines = (0..8).filter(|_| preview.line(&gamma::BYPASS, &[100; 12], &mut out)).count();
        assert_eq!(lines, 4);
    }
}

/// A picture of noise and an edge, as mosaic codes.
fn busy(x: usize, y: usize) -> u16 {
    let mix = (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
    let noise = ((mix ^ mix >> 15).wrapping_mul(0xc2b2_ae35) >> 25) as u16;
    noise + if x > 30 { 600 } else { 100 }
}

/// Crops `config`'s window so that the output covers the pixels that `plain`, without filters and
/// with this margin more on each side, covers.
fn same_place(plain: &PreviewConfig, features: Features) -> PreviewConfig {
    let (left, _, rows) = features.margins();
    let (plain_left, _, plain_rows) = plain.features.margins();
    let (dx, dy) = (left - plain_left, rows - plain_rows);
    let Window { left, top, width, height } = plain.window;
    let right = features.margins().1 - plain.features.margins().1;
    PreviewConfig {
        window: window(left - dx, top - dy, width + dx + right, height + 2 * dy),
        features,
        ..*plain
    }
}

#[test]
fn filters_that_change_nothing_leave_the_picture_in_place() {
    let cfa = Features { cfa: true, ..Features::default() };
    let plain = PreviewConfig {
        window: window(10, 8, 40, 20),
        features: cfa,
        at_once: AtOnce {
            white_balance_q5: [32, 48, 40, 36],
            white_balance_select: 0xee44_ee44,
            ..AtOnce::NEUTRAL
        },
        ..PreviewConfig::NEUTRAL
    };
    let expected = run(&plain, &gamma::BYPASS, (64, 40), busy);
    let noise_or_defect = Features { noise_or_defect: true, ..cfa };
    let all = Features { median: true, yc_filters: true, ..noise_or_defect };
    let quiet = RawConfig {
        median: Some(crate::pixels::median::Median {
            threshold: 255,
            even_distance: 2,
            odd_distance: 2,
        }),
        defects: Some(crate::pixels::defect::Defects {
            thresholds: [(1023, 0); 4],
            couplets: false,
        }),
        // A table of zeros: nothing is near enough.
        noise_spread: Some(0),
        ..RawConfig::OFF
    };
    let none = Suppression { gain_q8: 0, threshold: 0, high_pass: true };
    let cases = [
        PreviewConfig {
            raw: RawConfig { noise_spread: Some(0), ..RawConfig::OFF },
            ..same_place(&plain, noise_or_defect)
        },
        same_place(&plain, noise_or_defect),
        PreviewConfig {
            raw: quiet,
            enhance_luma: true,
            suppress_chroma: Some(none),
            ..same_place(&plain, all)
        },
    ];
    for config in cases {
        assert_eq!(run(&config, &gamma::BYPASS, (64, 40), busy), expected, "{config:?}");
    }
}

#[test]
fn averaging_narrows_the_picture_and_keeps_its_colours() {
    let average =
        crate::pixels::averager::Averager { count_log2: 2, even_distance: 2, odd_distance: 2 };
    let config = PreviewConfig {
        window: window(0, 0, 128, 12),
        raw: RawConfig { average, ..RawConfig::OFF },
        ..PreviewConfig::NEUTRAL
    };
    assert_eq!(config.output_size(), (28, 8));
    let colour = |x: usize, y: usize| [[300, 700], [200, 300]][y % 2][x % 2];
    let lines = run(&config, &gamma::BYPASS, (128, 12), colour);
    let narrow = PreviewConfig { window: window(0, 0, 32, 12), ..PreviewConfig::NEUTRAL };
    assert_eq!(lines, run(&narrow, &gamma::BYPASS, (32, 12), colour));
}

#[test]
fn bright_places_lose_their_colour_and_edges_get_steeper() {
    let features = Features { cfa: true, yc_filters: true, ..Features::default() };
    let plain = PreviewConfig { window: window(0, 0, 60, 12), features, ..PreviewConfig::NEUTRAL };
    let suppress = Suppression { gain_q8: 255, threshold: 150, high_pass: false };
    let tinted = |x: usize, y: usize| {
        let level = if x > 30 { 3 } else { 1 };
        level * [[300, 330], [220, 300]][y % 2][x % 2]
    };
    let before = run(&plain, &gamma::BYPASS, (60, 12), tinted);
    let config = PreviewConfig { suppress_chroma: Some(suppress), ..plain };
    let after = run(&config, &gamma::BYPASS, (60, 12), tinted);
    let (luma, chroma) = &before[2];
    assert!(chroma[4] != 128 && chroma[50] != 128 && luma[50] > 150);
    assert_eq!((after[2].1[4], after[2].1[50]), (chroma[4], 128));
    assert_eq!(after[2].0, *luma);
    let mut preview = Box::new(Preview::new());
    preview.luma_table = core::array::from_fn(|i| ((2 * (i as i32 - 64)) as u32 & 0x3ff) << 10 | 2);
    preview.begin_frame(&PreviewConfig { enhance_luma: true, ..plain });
    let mut out = Box::new(YuvLine::new());
    for y in 0..7 {
        let line: Vec<u16> = (0..60).map(|x| tinted(x, y)).collect();
        preview.line(&gamma::BYPASS, &line, &mut out);
    }
    let range = |line: &[u8]| line.iter().max().unwrap() - line.iter().min().unwrap();
    assert!(range(&out.luma[..out.width]) > range(luma));
}
