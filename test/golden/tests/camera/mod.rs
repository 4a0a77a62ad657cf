//! A whole camera on the host: the stages of the data path wired as the second core wires them,
//! with the register values that a driver of this sensor module would use.

use test_bench::pixels::bayer::Phase;
use test_bench::pixels::ccdc::{Ccdc, CcdcConfig};
use test_bench::pixels::gamma::GammaTables;
use test_bench::pixels::preview::{AtOnce, Features, Preview, PreviewConfig};
use test_bench::pixels::resizer::{Resizer, ResizerConfig, needed_height, needed_width};
use test_bench::pixels::yuv::{YuvLine, YuvOrder, pack};
use test_bench::pixels::{MAX_WIDTH_PX, Window};
use test_bench::scene::sensor::{BLACK_LEVEL, CONVERTER_BITS, Sensor, SensorConfig};
use test_golden::{Rectangle, Scene, View};

/// GRBG: R 0, Gr 1, Gb 2, B 3.
const COLOUR_PATTERN: u32 = 0xbb11_bb11;

/// Catmull-Rom, 8 phases.
pub const SHARP_4_TAP: [i16; 32] = [
    0, 256, 0, 0, -12, 247, 23, -2, -18, 222, 58, -6, -19, 186, 100, -11, -16, 144, 144, -16, -11,
    100, 186, -19, -6, 58, 222, -18, -2, 23, 247, -12,
];

/// Cubic B-spline, 8 phases.
pub const SOFT_4_TAP: [i16; 32] = [
    43, 170, 43, 0, 29, 167, 60, 0, 18, 156, 81, 1, 10, 142, 102, 2, 5, 123, 123, 5, 2, 102, 142,
    10, 1, 81, 156, 18, 0, 60, 167, 29,
];

/// Windowed sinc, cut-off 1/2.6, 4 phases.
pub const SOFT_7_TAP: [i16; 32] = [
    -2, 14, 66, 100, 66, 14, -2, 0, -2, 6, 52, 97, 79, 25, -1, 0, -1, 1, 37, 91, 90, 37, 1, 0, 0,
    -1, 25, 79, 96, 51, 6, 0,
];

/// Everything that is configured, and what is left of the picture where.
#[derive(Clone)]
pub struct Camera {
    pub view: View,
    pub ccdc: CcdcConfig,
    pub preview: PreviewConfig,
    pub resizer: Option<ResizerConfig>,
}

fn window(left: usize, top: usize, width: usize, height: usize) -> Window {
    Window { left, top, width, height }
}

fn rectangle(window: Window) -> Rectangle {
    let Window { left, top, width, height } = window;
    Rectangle { left, top, width, height }
}

impl Camera {
    /// Sensor -> CCDC -> preview -> resizer with an output of `output` pixels.
    pub fn new(scene: &Scene, sensor: SensorConfig, output: Option<(usize, usize)>) -> Self {
        let video_port = window(0, 0, sensor.width_px, sensor.height_px - 1);
        let crop = window(10, 4, video_port.width - 18, video_port.height - 8);
        let features = Features { cfa: true, ..Features::default() };
        let preview = PreviewConfig {
            window: window(crop.left - 2, crop.top - 2, crop.width + 4, crop.height + 4),
            features,
            first_colour: Phase::Grbg,
            at_once: AtOnce {
                digital_gain_q8: 281,
                white_balance_q5: [52, 32, 32, 46],
                white_balance_select: 0xbb11_bb11,
                ..AtOnce::NEUTRAL
            },
            rgb_matrix_q8: [[401, -136, -9], [-102, 405, -47], [14, -113, 355]],
            csc_q8: [[66, 129, 25], [-38, -74, 112], [112, -94, -18]],
            csc_offset: [16, 0, 0],
            ..PreviewConfig::NEUTRAL
        };
        let size = preview.output_size();
        assert_eq!(size, (crop.width, crop.height));
        let resizer = output.map(|output| resizer(size, output));
        let view = View {
            scene: scene.size(),
            sensor,
            video_port: rectangle(video_port),
            preview: rectangle(crop),
            resizer: resizer.map(|resizer| rectangle(resizer.input)),
            output: output.unwrap_or(size),
        };
        let ccdc = CcdcConfig {
            data_bits: sensor.bits as u8,
            dc_sub: BLACK_LEVEL >> (CONVERTER_BITS - sensor.bits),
            colour_pattern: COLOUR_PATTERN,
            memory: window(0, 0, sensor.width_px, sensor.height_px),
            video_port,
            ..CcdcConfig::default()
        };
        Self { view, ccdc, preview, resizer }
    }

    /// Frame `sequence` as UYVY bytes.
    pub fn frame(&self, scene: &Scene, sequence: u32) -> Vec<u8> {
        let mut sensor = Box::new(Sensor::new());
        sensor.configure(&self.view.sensor, scene.size());
        let mut source = scene.source();
        let mut row_of = |row: usize, line: &mut [u16]| {
            sensor.line(&mut source, sequence, row, line);
        };
        self.develop(&mut row_of)
    }

    /// What the CCDC writes to memory of frame `sequence`, with no black level taken off: the
    /// window `crop`, `stride` bytes per line.
    pub fn raw_frame(
        &self,
        scene: &Scene,
        sequence: u32,
        crop: Rectangle,
        stride: usize,
    ) -> Vec<u8> {
        let mut sensor = Box::new(Sensor::new());
        sensor.configure(&self.view.sensor, scene.size());
        let mut ccdc = Ccdc::new();
        let memory = window(crop.left, crop.top, crop.width, crop.height);
        ccdc.configure(&CcdcConfig { dc_sub: 0, memory, ..self.ccdc });
        let mut codes = vec![0; self.view.sensor.width_px];
        let mut bytes = Vec::new();
        for row in 0..self.view.sensor.height_px {
            sensor.line(&mut scene.source(), sequence, row, &mut codes);
            ccdc.correct(row, &mut codes);
            let mut line = vec![0xee; stride];
            if ccdc.memory_line(row, &codes, &mut line).is_some() {
                bytes.extend(line);
            }
        }
        bytes
    }

    /// What the preview engine alone makes of lines in memory, as YUYV: a mosaic of this order, with the colours
    /// of its cell, and black taken off.
    pub fn of_memory(
        &self,
        first_colour: Phase,
        cell: [u32; 4],
        crop: Rectangle,
        rows: impl Iterator<Item = Vec<u16>>,
    ) -> Vec<u8> {
        let select = (0..16)
            .fold(0, |word, place| word | cell[place / 4 % 2 * 2 + place % 2] << (2 * place));
        let mut preview = Box::new(Preview::new());
        preview.begin_frame(&PreviewConfig {
            window: window(crop.left - 2, crop.top - 2, crop.width + 4, crop.height + 4),
            first_colour,
            at_once: AtOnce { white_balance_select: select, ..self.preview.at_once },
            ..self.preview
        });
        let (tables, mut yuv) = (srgb_tables(), Box::new(YuvLine::new()));
        let mut bytes = Vec::new();
        for row in rows {
            if preview.line(&tables, &row, &mut yuv) {
                let mut packed = [0; 2 * MAX_WIDTH_PX];
                let count = pack(&yuv, YuvOrder::Yuyv, &mut packed);
                bytes.extend_from_slice(&packed[..count]);
            }
        }
        bytes
    }

    /// The picture of any mosaic.
    pub fn develop(&self, sensor_row: &mut dyn FnMut(usize, &mut [u16])) -> Vec<u8> {
        let mut ccdc = Ccdc::new();
        ccdc.configure(&self.ccdc);
        let mut preview = Box::new(Preview::new());
        preview.begin_frame(&self.preview);
        let mut resizer = Box::new(Resizer::new());
        if let Some(config) = &self.resizer {
            config.check().unwrap();
            resizer.begin_frame(config);
        }
        let tables = srgb_tables();
        let (mut yuv, mut resized) = (Box::new(YuvLine::new()), Box::new(YuvLine::new()));
        let mut bytes = Vec::new();
        let mut emit = |line: &YuvLine| {
            let mut packed = [0; 2 * MAX_WIDTH_PX];
            let count = pack(line, YuvOrder::Uyvy, &mut packed);
            bytes.extend_from_slice(&packed[..count]);
        };
        let mut codes = vec![0; self.view.sensor.width_px];
        for row in 0..self.view.sensor.height_px {
            sensor_row(row, &mut codes);
            ccdc.correct(row, &mut codes);
            let Some(columns) = ccdc.video_port_line(row, &mut codes) else { continue };
            if !preview.line(&tables, &codes[columns], &mut yuv) {
                continue;
            }
            if self.resizer.is_none() {
                emit(&yuv);
                continue;
            }
            resizer.push(&yuv);
            while resizer.pop(&mut resized) {
                emit(&resized);
            }
        }
        bytes
    }
}

/// The largest input for an output, with one ratio per direction.
fn resizer((width, height): (usize, usize), output: (usize, usize)) -> ResizerConfig {
    let fit = |input: usize, output: usize, needed: fn(usize, u32, u32) -> usize| {
        (64..=1024).rev().find(|ratio| needed(output, *ratio, 1) <= input).expect("a ratio")
    };
    let (across, down) = (fit(width, output.0, needed_width), fit(height, output.1, needed_height));
    let used = (needed_width(output.0, across, 1), needed_height(output.1, down, 1));
    let left = ((width - used.0) / 2) & !1;
    ResizerConfig {
        input: window(left, (height - used.1) / 2, used.0, used.1),
        output_width: output.0,
        output_height: output.1,
        horizontal_ratio: across,
        vertical_ratio: down,
        horizontal_phase: 1,
        vertical_phase: 1,
        horizontal_filter: filter(across),
        vertical_filter: filter(down),
        chroma_bilinear: across < 256,
        edge_enhancement: None,
    }
}

fn filter(ratio: u32) -> [i16; 32] {
    match ratio {
        ..=320 => SHARP_4_TAP,
        321..=512 => SOFT_4_TAP,
        _ => SOFT_7_TAP,
    }
}

/// sRGB transfer curve over 10 linear bits.
fn srgb_tables() -> GammaTables {
    let table = std::array::from_fn(|code| {
        let linear = code as f64 / 1023.0;
        let coded = if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        (255.0 * coded).round() as u8
    });
    GammaTables { red: table, green: table, blue: table }
}
