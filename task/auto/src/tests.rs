//! The loop against a model of a camera in front of a scene: light, sensor with its delays, noise,
//! clipping, and AEWB written from its definition.

use super::*;
use idl::types::AewbConfig;

/// The picture of the video port.
const WIDTH: usize = 160;
const HEIGHT: usize = 119;
/// Codes above black at which a pixel is full.
const FULL: f64 = 981.0;
/// Codes above black that white gives on green, at nominal exposure and light.
const WHITE: f64 = 932.0;
/// What red, green and blue pixels make of white light.
const SENSITIVITY: [f64; 3] = [32.0 / 52.0, 1.0, 32.0 / 46.0];
/// Within this of the target the picture is well exposed.
const LUMA_TOLERANCE: f64 = 0.10;
/// Within this of green, red and blue of a grey scene are grey.
const GREY_TOLERANCE: f64 = 0.05;
/// In so many frames all of it must have come.
const FRAMES: u32 = 10;

struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }
}

/// A scene of patches whose mean is grey, and its light.
struct Scene {
    /// Reflectance of each 8 x 8 patch in red, green, blue.
    patches: Vec<[f64; 3]>,
    light: [f64; 3],
    chance: Chance,
}

impl Scene {
    /// Mean reflectance 18 %, colours that cancel out.
    fn new(seed: u64, light: [f64; 3]) -> Self {
        let mut chance = Chance(seed);
        let count = WIDTH.div_ceil(8) * HEIGHT.div_ceil(8);
        let mut patches: Vec<[f64; 3]> =
            (0..count).map(|_| [(); 3].map(|()| chance.unit().powi(3))).collect();
        for colour in 0..3 {
            let mean = patches.iter().map(|patch| patch[colour]).sum::<f64>() / count as f64;
            patches.iter_mut().for_each(|patch| patch[colour] *= 0.18 / mean);
        }
        Self { patches, light, chance }
    }

    fn pixel(&mut self, x: usize, y: usize, scale: f64) -> u16 {
        let colour = match (y % 2, x % 2) {
            (0, 1) => 0,
            (1, 0) => 2,
            _ => 1,
        };
        let patch = self.patches[y / 8 * WIDTH.div_ceil(8) + x / 8];
        let light = WHITE * SENSITIVITY[colour] * self.light[colour] * patch[colour] * scale;
        let noise = (self.chance.unit() - 0.5) * 2.0 * (light.max(1.0)).sqrt();
        (light + noise).clamp(0.0, FULL) as u16
    }

    fn picture(&mut self, scale: f64) -> Vec<u16> {
        let mut picture = vec![0; WIDTH * HEIGHT];
        for (at, code) in picture.iter_mut().enumerate() {
            *code = self.pixel(at % WIDTH, at / WIDTH, scale);
        }
        picture
    }
}

fn measure(config: &AewbConfig, picture: &[u16]) -> Vec<u8> {
    let grid = &config.grid;
    let rows =
        core::iter::once((usize::from(config.black_top_px), usize::from(config.black_height_px)))
            .chain((0..grid.rows).map(|row| {
                let height = usize::from(grid.height_px);
                (usize::from(grid.top_px) + usize::from(row) * height, height)
            }));
    let (mut bytes, mut counts) = (Vec::new(), Vec::new());
    let mut put = |words: &[u16]| bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    for (top, height) in rows {
        for column in 0..usize::from(grid.columns) {
            let width = usize::from(grid.width_px);
            let left = usize::from(grid.left_px) + column * width;
            let (mut sums, mut unsaturated) = ([0u16; 8], 0);
            for y in (top..top + height).step_by(config.step_y_px.into()) {
                for x in (left..left + width).step_by(config.step_x_px.into()) {
                    let cell = [(0, 0), (1, 0), (0, 1), (1, 1)]
                        .map(|(dx, dy)| picture[(y + dy) * WIDTH + x + dx]);
                    for (place, code) in cell.into_iter().enumerate() {
                        sums[place] = sums[place].checked_add(code).expect("sums do not wrap");
                        sums[place + 4] += code.min(config.saturation);
                    }
                    unsaturated += u16::from(cell.iter().all(|code| *code < config.saturation));
                }
            }
            put(&sums);
            counts.push(unsaturated);
            if counts.len() == 8 {
                put(&core::mem::take(&mut counts));
            }
        }
    }
    if !counts.is_empty() {
        counts.resize(8, 0);
        put(&counts);
    }
    bytes
}

const NOMINAL: Settings =
    Settings { exposure_lines: 144, gain_eighths: 8, red_q5: 52, blue_q5: 46 };

/// A camera whose settings are seen after so many frames: exposure, gain.
struct Camera {
    scene: Scene,
    config: AewbConfig,
    delays: (usize, usize),
    history: Vec<Settings>,
    auto: Auto,
}

/// What a frame came to.
struct Frame {
    luma: f64,
    /// Red and blue against green, after white balance.
    balance: [f64; 2],
    settings: Settings,
}

impl Camera {
    fn new(scene: Scene, delays: (usize, usize)) -> Self {
        let config = grid(WIDTH as u16, HEIGHT as u16 + 1);
        Self { scene, config, delays, history: vec![NOMINAL], auto: Auto::new(NOMINAL) }
    }

    fn set(&self, delay: usize) -> Settings {
        self.history[self.history.len().saturating_sub(delay.max(1))]
    }

    fn frame(&mut self) -> Frame {
        let (exposure, gain) = (self.set(self.delays.0), self.set(self.delays.1));
        let scale = f64::from(exposure.exposure_lines) / 144.0 * f64::from(gain.gain_eighths) / 8.0;
        let picture = self.scene.picture(scale);
        let bytes = measure(&self.config, &picture);
        assert!(bytes.len() <= MEASUREMENT_BYTES_MAX);
        let measured = Measurement::read(&self.config, &bytes).expect("as many as it has");
        let number = self.history.len() as u32 - 1;
        let settings = self.auto.step(number, &measured);
        self.history.push(settings);
        let mean = |row: usize, column: usize| {
            let picked =
                (0..WIDTH * HEIGHT).filter(|at| at / WIDTH % 2 == row && at % WIDTH % 2 == column);
            let codes: Vec<f64> = picked.map(|at| f64::from(picture[at])).collect();
            codes.iter().sum::<f64>() / codes.len() as f64
        };
        let green = mean(0, 0);
        let gained = |mean: f64, gain_q5: u8| mean * f64::from(gain_q5) / 32.0 / green;
        Frame {
            luma: green / f64::from(TARGET),
            balance: [gained(mean(0, 1), settings.red_q5), gained(mean(1, 0), settings.blue_q5)],
            settings,
        }
    }

    /// Frames until the picture is good, and the worst that came after.
    fn converge(&mut self) -> u32 {
        let good = |frame: &Frame| {
            (frame.luma - 1.0).abs() <= LUMA_TOLERANCE
                && frame.balance.iter().all(|ratio| (ratio - 1.0).abs() <= GREY_TOLERANCE)
        };
        let first = (0..60).find(|_| good(&self.frame())).expect("it never converges");
        for after in 0..60 {
            let frame = self.frame();
            assert!(good(&frame), "lost {after} frames later: {} {:?}", frame.luma, frame.balance);
        }
        first
    }
}

fn grey(stops: f64) -> [f64; 3] {
    [(2.0f64).powf(stops); 3]
}

#[test]
fn three_stops_either_way_are_gone_within_ten_frames() {
    let mut worst = 0;
    for seed in 1..6 {
        for half_stops in -6..=6 {
            let stops = f64::from(half_stops) / 2.0;
            let frames = Camera::new(Scene::new(seed, grey(stops)), (2, 1)).converge();
            assert!(frames < FRAMES, "seed {seed}, {stops} stops: {frames} frames");
            worst = worst.max(frames);
        }
    }
    assert!(worst > 2, "the model has no delay");
}

#[test]
fn coloured_light_is_made_grey_within_ten_frames() {
    // Tungsten, shade, a fluorescent tube; as shares of red, green, blue.
    for light in [[1.7, 1.0, 0.45], [0.75, 1.0, 1.4], [0.9, 1.25, 0.8]] {
        for stops in [-3, 0, 3] {
            let light = light.map(|share: f64| share * 2.0f64.powi(stops));
            let frames = Camera::new(Scene::new(7, light), (2, 1)).converge();
            assert!(frames < FRAMES, "{light:?}: {frames} frames");
        }
    }
}

#[test]
fn a_delay_that_is_not_the_expected_one_does_not_make_it_swing() {
    for delays in [(1, 1), (2, 2), (3, 1), (3, 3)] {
        for stops in [-3.0, 3.0] {
            let frames = Camera::new(Scene::new(3, grey(stops)), delays).converge();
            assert!(frames < 2 * FRAMES, "{delays:?}, {stops} stops: {frames} frames");
        }
    }
}

#[test]
fn a_steady_scene_is_left_alone() {
    let mut camera = Camera::new(Scene::new(5, grey(0.7)), (2, 1));
    (0..20).for_each(|_| {
        camera.frame();
    });
    let settled = camera.frame().settings;
    for _ in 0..200 {
        let now = camera.frame().settings;
        let same = (now.exposure_lines, now.gain_eighths)
            == (settled.exposure_lines, settled.gain_eighths);
        assert!(same, "{now:?} after {settled:?}");
        assert!(now.red_q5.abs_diff(settled.red_q5) <= 1, "{now:?} after {settled:?}");
        assert!(now.blue_q5.abs_diff(settled.blue_q5) <= 1, "{now:?} after {settled:?}");
    }
}

#[test]
fn light_that_changes_is_followed() {
    let mut camera = Camera::new(Scene::new(9, grey(0.0)), (2, 1));
    camera.converge();
    camera.scene.light = grey(2.0);
    assert!(camera.converge() < FRAMES);
    camera.scene.light = grey(-2.0);
    assert!(camera.converge() < FRAMES);
}

#[test]
fn black_and_white_scenes_end_at_the_limits_and_stay() {
    let mut camera = Camera::new(Scene::new(2, [0.0; 3]), (2, 1));
    (0..20).for_each(|_| {
        camera.frame();
    });
    let dark = camera.frame().settings;
    assert_eq!((dark.exposure_lines, dark.gain_eighths), (EXPOSURE_MAX_LINES, GAIN_MAX_EIGHTHS));
    let mut camera = Camera::new(Scene::new(2, [1e6; 3]), (2, 1));
    (0..40).for_each(|_| {
        camera.frame();
    });
    assert_eq!(camera.frame().settings.exposure_lines, 1);
}

#[test]
fn bytes_that_are_not_a_measurement_are_none() {
    let config = grid(160, 120);
    for length in [0, 15, 1007, 1009] {
        assert_eq!(Measurement::read(&config, &vec![0; length]), None);
    }
    assert!(Measurement::read(&config, &vec![0; 63 * 16]).is_some());
}

#[test]
fn grids_fit_their_pictures_and_their_sums() {
    for (width, height) in [(64, 48), (160, 120), (648, 486), (1296, 972), (2592, 1944)] {
        let AewbConfig { grid, step_x_px, step_y_px, .. } = super::grid(width, height);
        let right = u32::from(grid.width_px) * u32::from(grid.columns);
        let bottom = u32::from(grid.top_px) + u32::from(grid.height_px) * u32::from(grid.rows);
        assert!(right <= u32::from(width) && bottom < u32::from(height), "{width} x {height}");
        let along = |side: u16, step: u8| side.div_ceil(step.into());
        assert!(along(grid.width_px, step_x_px) * along(grid.height_px, step_y_px) <= 64);
        assert!(grid.width_px % 2 == 0 && grid.height_px % 2 == 0);
    }
}
