//! The default chart through the whole data path must pass the check, and what is wrong must not.

mod camera;

use camera::Camera;
use std::sync::OnceLock;
use test_bench::pixels::bayer::Phase;
use test_bench::pixels::yuv::YuvOrder;
use test_bench::scene::sensor::SensorConfig;
use test_golden::decode::YuvFormat;
use test_golden::{Fault, Picture, Rectangle, Report, Scene, decode_yuv, examine, raw, ycbcr};

fn chart() -> Scene {
    Scene::chart(648, 486).unwrap()
}

fn decode(camera: &Camera, bytes: &[u8]) -> Picture {
    let (width, height) = camera.view.output;
    decode_yuv(bytes, YuvFormat::Uyvy, width, height, 2 * width).unwrap()
}

fn check(
    name: &str,
    sensor: SensorConfig,
    output: Option<(usize, usize)>,
    sequence: u32,
) -> Report {
    let scene = chart();
    let camera = Camera::new(&scene, sensor, output);
    let picture = decode(&camera, &camera.frame(&scene, sequence));
    if let Ok(directory) = std::env::var("GOLDEN_OUT") {
        let file = format!("{name}.png");
        let path = std::path::Path::new(&directory).join(file);
        test_golden::files::write_png(&path, &picture).unwrap();
    }
    let report = examine(&picture, &scene, &camera.view, sequence).unwrap();
    let worst = report.patches.iter().map(|patch| patch.deviation()).fold(0.0, f64::max);
    println!(
        "{name}: {:?} PSNR {:.2} dB, {} patches, worst off by {worst:.1}",
        camera.view.output,
        report.psnr_db,
        report.patches.len()
    );
    assert_eq!(report.faults(sequence), []);
    report
}

#[test]
fn the_chart_at_640x480_is_right() {
    let report = check("chart-640x480", SensorConfig::FULL_4X, Some((640, 480)), 7);
    assert_eq!(report.patches.len(), 24);
}

#[test]
fn the_chart_without_resizer_is_right() {
    let report = check("chart-preview", SensorConfig::FULL_4X, None, 3);
    assert_eq!(report.patches.len(), 24);
}

#[test]
fn the_chart_at_other_sizes_is_right() {
    for output in [(320, 240), (400, 300), (160, 120), (800, 600)] {
        check("chart-scaled", SensorConfig::FULL_4X, Some(output), 11);
    }
}

#[test]
fn the_small_mode_is_right() {
    for output in [None, Some((144, 108)), Some((72, 56)), Some((160, 120))] {
        let report = check("small", SensorConfig::SMALL, output, 2);
        assert!(!report.patches.is_empty());
    }
}

#[test]
fn the_raw_picture_is_the_mosaic_and_one_bit_is_seen() {
    let scene = chart();
    let config = SensorConfig::SMALL;
    let mosaic = raw::mosaic(&scene, &config, 5);
    let crop = test_golden::Rectangle { left: 2, top: 4, width: 140, height: 100 };
    let stride = 288;
    let camera = Camera::new(&scene, config, None);
    let mut bytes = camera.raw_frame(&scene, 5, crop, stride);
    assert_eq!(bytes.len(), stride * crop.height);
    let compare = |bytes: &[u8], mosaic: &[u16]| {
        raw::compare(bytes, (stride, 2), crop, mosaic, config.width_px).unwrap()
    };
    assert_eq!(compare(&bytes, &mosaic), None);
    let previous = raw::mosaic(&scene, &config, 4);
    assert!(compare(&bytes, &previous).unwrap().count > 1000);
    bytes[50 * stride + 20] ^= 1;
    let mismatch = compare(&bytes, &mosaic).unwrap();
    assert_eq!((mismatch.x, mismatch.y, mismatch.count), (10, 50, 1));
}

#[test]
fn the_ccdc_writes_the_upper_bits_whether_sensor_or_shifter_drops_the_others() {
    let scene = chart();
    let crop = test_golden::Rectangle { left: 0, top: 0, width: 160, height: 120 };
    for (sent, taken) in [(12, 12), (12, 10), (12, 8), (10, 10), (10, 8), (8, 8)] {
        let config = SensorConfig { bits: sent, ..SensorConfig::SMALL };
        let mut camera = Camera::new(&scene, config, None);
        camera.ccdc.lane_shift = (sent - taken) as u8;
        camera.ccdc.data_bits = taken as u8;
        camera.ccdc.memory_path.pack8 = taken == 8;
        let code_bytes = if taken == 8 { 1 } else { 2 };
        let stride = 160 * code_bytes;
        let mut bytes = camera.raw_frame(&scene, 5, crop, stride);
        let mosaic = raw::mosaic(&scene, &SensorConfig { bits: taken, ..config }, 5);
        let layout = (stride, code_bytes);
        assert_eq!(
            raw::compare(&bytes, layout, crop, &mosaic, 160).unwrap(),
            None,
            "{sent} {taken}"
        );
        bytes[7 * stride + 3 * code_bytes] ^= 1;
        let mismatch = raw::compare(&bytes, layout, crop, &mosaic, 160).unwrap().unwrap();
        assert_eq!((mismatch.x, mismatch.y, mismatch.count), (3, 7, 1), "{sent} {taken}");
    }
}

/// Model and colour processor were written apart.
#[test]
fn the_sensor_sends_bit_for_bit_the_ycbcr_of_the_definition() {
    let scene = chart();
    let orders = [YuvOrder::Yuyv, YuvOrder::Uyvy];
    for (flip_horizontal, flip_vertical, step) in
        [(false, false, 4), (true, false, 8), (true, true, 6)]
    {
        let small = SensorConfig { flip_horizontal, flip_vertical, step, ..SensorConfig::SMALL };
        let expected = ycbcr::picture(&scene, &small, 5);
        assert!(expected != ycbcr::picture(&scene, &small, 6), "the object moves");
        for order in orders {
            // Neither exposure nor gain nor light shows.
            let sent =
                SensorConfig { ycbcr: Some(order), exposure_lines: 9, light_q6: [9; 3], ..small };
            let words = raw::mosaic(&scene, &sent, 5).into_iter();
            let bytes = words.flat_map(|word| match order {
                YuvOrder::Yuyv => word.to_le_bytes(),
                _ => word.to_be_bytes(),
            });
            assert!(bytes.collect::<Vec<_>>() == expected, "{order:?}");
        }
    }
}

/// Model and data path were written apart.
#[test]
fn the_data_path_makes_bit_for_bit_what_the_model_of_the_preview_engine_makes() {
    let scene = chart();
    for sequence in [0, 5] {
        let config = SensorConfig::SMALL;
        let camera = Camera::new(&scene, config, None);
        let mut uyvy = camera.frame(&scene, sequence);
        uyvy.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| pair.swap(0, 1));
        let mut codes = raw::mosaic(&scene, &config, sequence);
        codes.truncate(config.width_px * camera.view.video_port.height);
        codes.iter_mut().for_each(|code| *code = code.saturating_sub(42));
        let engine = test_golden::preview::Engine::of_the_module();
        let model = engine.develop(&codes, config.width_px, camera.view.preview);
        assert!(uyvy == model, "frame {sequence}");
    }
}

/// A picture turned left for right, top for bottom, or both is a mosaic of another order; the data path makes of
/// each of them, told its order, what the model, which knows GRBG alone, makes of the picture, turned.
#[test]
fn a_mosaic_of_any_order_is_developed_as_the_model_develops_the_turned_one() {
    let (scene, config) = (chart(), SensorConfig::SMALL);
    let camera = Camera::new(&scene, config, None);
    let (width, height) = (config.width_px, config.height_px & !1);
    let mut codes = raw::mosaic(&scene, &config, 3);
    codes.truncate(width * height);
    codes.iter_mut().for_each(|code| *code = code.saturating_sub(42));
    let crop = Rectangle { left: 10, top: 4, width: width - 20, height: height - 8 };
    let engine = test_golden::preview::Engine::of_the_module();
    let model = engine.develop(&codes, width, crop);
    // Red, green in red lines, green in blue lines and blue are 0, 1, 2 and 3, by place in the cell.
    for (phase, mirrored, flipped, cell) in [
        (Phase::Grbg, false, false, [1, 0, 3, 2]),
        (Phase::Rggb, true, false, [0, 1, 2, 3]),
        (Phase::Bggr, false, true, [3, 2, 1, 0]),
        (Phase::Gbrg, true, true, [2, 3, 0, 1]),
    ] {
        let turn = |x: usize, y: usize, (width, height): (usize, usize)| {
            let x = if mirrored { width - 1 - x } else { x };
            (x, if flipped { height - 1 - y } else { y })
        };
        let row = |y: usize| -> Vec<u16> {
            let from = (0..width).map(|x| turn(x, y, (width, height)));
            from.map(|(x, y)| codes[y * width + x]).collect()
        };
        let found = camera.of_memory(phase, cell, crop, (0..height).map(row));
        for y in 0..crop.height {
            for x in 0..crop.width {
                let (from, line) = turn(x, y, (crop.width, crop.height));
                let place = 2 * (y * crop.width + x);
                let wanted = 2 * (line * crop.width + from);
                let pair = |place: usize| place / 4 * 4;
                let (found_pair, wanted_pair) = (pair(place), pair(wanted));
                assert_eq!(found[place], model[wanted], "{phase:?} luma {x} {y}");
                for chroma in [1, 3] {
                    let both = (found[found_pair + chroma], model[wanted_pair + chroma]);
                    assert_eq!(both.0, both.1, "{phase:?} colour {x} {y}");
                }
            }
        }
    }
}

/// A wrong picture of frame 7 and the faults that the check finds in it.
fn faults_of(spoil: impl Fn(&Camera, Picture) -> Picture) -> Vec<Fault> {
    static RIGHT: OnceLock<Picture> = OnceLock::new();
    let scene = chart();
    let camera = Camera::new(&scene, SensorConfig::FULL_4X, Some((640, 480)));
    let picture = RIGHT.get_or_init(|| decode(&camera, &camera.frame(&scene, 7)));
    let spoiled = spoil(&camera, picture.clone());
    examine(&spoiled, &scene, &camera.view, 7).unwrap().faults(7)
}

#[test]
fn red_and_blue_swapped_is_refused() {
    let faults = faults_of(|_, picture| {
        Picture::from_fn(picture.width, picture.height, |x, y| {
            let [red, green, blue] = picture.colour(x, y);
            [blue, green, red]
        })
    });
    assert!(faults.iter().any(|fault| matches!(fault, Fault::Colour(_))), "{faults:?}");
}

#[test]
fn a_shift_by_one_pixel_is_refused_in_each_direction() {
    for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
        let faults = faults_of(|_, picture| {
            Picture::from_fn(picture.width, picture.height, |x, y| {
                let from = |at: usize, by: isize, count: usize| {
                    at.checked_add_signed(by).map_or(0, |at| at.min(count - 1))
                };
                picture.colour(from(x, dx, picture.width), from(y, dy, picture.height))
            })
        });
        let shifted = faults.contains(&Fault::Shifted { shift: (dx, dy) });
        assert!(shifted, "({dx}, {dy}): {faults:?}");
    }
}

#[test]
fn a_wrong_bayer_phase_is_refused() {
    let scene = chart();
    for phase in [Phase::Rggb, Phase::Bggr, Phase::Gbrg] {
        let faults = faults_of(|camera, _| {
            let mut wrong = camera.clone();
            wrong.preview.first_colour = phase;
            decode(&wrong, &wrong.frame(&scene, 7))
        });
        assert!(faults.iter().any(|f| matches!(f, Fault::Colour(_))), "{phase:?} {faults:?}");
    }
}

#[test]
fn the_previous_and_the_next_frame_are_refused() {
    let scene = chart();
    for fits in [6, 8] {
        let faults = faults_of(|camera, _| decode(camera, &camera.frame(&scene, fits)));
        assert!(faults.contains(&Fault::WrongFrame { expected: 7, fits }), "{faults:?}");
    }
}

#[test]
fn a_picture_of_another_size_is_refused() {
    let scene = chart();
    let camera = Camera::new(&scene, SensorConfig::SMALL, None);
    let picture = Picture::from_fn(10, 10, |_, _| [0; 3]);
    let fault = examine(&picture, &scene, &camera.view, 0).unwrap_err();
    assert_eq!(fault, Fault::Size { expected: camera.view.output, got: (10, 10) });
}
