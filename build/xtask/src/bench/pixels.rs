//! What the data path costs on the host, in nanoseconds per sensor pixel.
//!
//! The blocks are those that core 1 of the machine runs, built for this computer, on a picture of VGA
//! size; the best of some frames counts. The reference is a software ISP of a phone-class processor:
//! demosaicking and statistics at 3.8 ns per pixel on one core of 2 GHz. Wall-clock time of one
//! computer is noise beside another's; the ratio says only which order of magnitude it is.

use super::rows::Figure;
use std::time::{Duration, Instant};
use test_bench::pixels::Window;
use test_bench::pixels::aewb::{Aewb, AewbConfig};
use test_bench::pixels::ccdc::{Ccdc, CcdcConfig};
use test_bench::pixels::gamma::GammaTables;
use test_bench::pixels::preview::{Preview, PreviewConfig};
use test_bench::pixels::yuv::YuvLine;

const WIDTH_PX: usize = 640;
const HEIGHT_PX: usize = 480;
/// Frames of which the best counts.
const FRAMES: usize = 10;

/// Whole picture.
const PICTURE: Window = Window { left: 0, top: 0, width: WIDTH_PX, height: HEIGHT_PX };
/// 16 x 12 windows over the picture, every second pixel.
const STATISTICS: AewbConfig = AewbConfig {
    width: 40,
    height: 38,
    columns: 16,
    rows: 12,
    left: 0,
    top: 8,
    black_top: 2,
    black_height: 4,
    step_x: 2,
    step_y: 2,
    limit: 1000,
    alaw: false,
};

/// Measures the path from raw samples to luma and chroma, and the statistics.
#[must_use]
pub fn measure() -> Vec<Figure> {
    let best = (0..FRAMES).map(|_| frame()).reduce(|best, next| {
        let least = |place: usize| best[place].min(next[place]);
        [least(0), least(1), least(2)]
    });
    let pixels = (WIDTH_PX * HEIGHT_PX) as f64;
    let per_pixel = best.unwrap_or_default().map(|time| time.as_secs_f64() * 1e9 / pixels);
    let rounded = |ns: f64| (ns * 100.0).round() / 100.0;
    let [ccdc, preview, statistics] = per_pixel;
    vec![
        Figure::new("host.ccdc", rounded(ccdc)),
        Figure::new("host.preview", rounded(preview)),
        Figure::new("host.aewb", rounded(statistics)),
        Figure::new("host.path", rounded(per_pixel.iter().sum())),
    ]
}

/// One frame: time in the CCDC, in the preview engine, in the statistics.
fn frame() -> [Duration; 3] {
    let mut ccdc = Ccdc::new();
    ccdc.configure(&CcdcConfig { dc_sub: 16, video_port: PICTURE, ..CcdcConfig::EMPTY });
    let mut preview = Box::new(Preview::new());
    preview.begin_frame(&PreviewConfig { window: PICTURE, ..PreviewConfig::NEUTRAL });
    let mut statistics = Box::new(Aewb::new());
    statistics.begin_frame(&STATISTICS);
    let tables = GammaTables::linear();
    let mut out = Box::new(YuvLine::new());
    let mut times = [Duration::ZERO; 3];
    let mut timed = |place: usize, started: Instant| times[place] += started.elapsed();
    for row in 0..HEIGHT_PX {
        let mut line: Vec<u16> = (0..WIDTH_PX).map(|x| sample(x, row)).collect();
        let started = Instant::now();
        ccdc.correct(row, &mut line);
        let port = ccdc.video_port_line(row, &mut line).unwrap_or(&[]);
        timed(0, started);
        let started = Instant::now();
        std::hint::black_box(preview.line(&tables, port, &mut out));
        timed(1, started);
        let started = Instant::now();
        std::hint::black_box(statistics.line(row, port));
        timed(2, started);
    }
    times
}

/// A 10-bit sample with edges in both directions, so that nothing is the same everywhere.
const fn sample(x: usize, y: usize) -> u16 {
    ((x * 37 + y * 91 + ((x / 16) ^ (y / 12)) * 53) % 1000) as u16
}
