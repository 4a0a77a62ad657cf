//! What the data path costs on the host, per sensor pixel.
//!
//! `cargo xtask bench host` builds it with the release profile and shows its figures.
//!
//! The blocks are those that core 1 of the machine runs, built for this computer, on a picture of VGA
//! size; the best of some frames counts. The reference is a software ISP of a phone-class processor:
//! demosaicking and statistics at 3.8 ns per pixel on one core of 2 GHz. Wall-clock time of one
//! computer is noise beside another's; the ratio says only which order of magnitude it is.

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

/// Measures the path from raw samples to luma and chroma, and the statistics; prints a line of JSON
/// for each row, in picoseconds per pixel.
fn main() {
    let best = (0..FRAMES).map(|_| frame()).reduce(|best, next| {
        let least = |place: usize| best[place].min(next[place]);
        [least(0), least(1), least(2)]
    });
    let best = best.unwrap_or_default();
    let pixels = (WIDTH_PX * HEIGHT_PX) as u128;
    let print = |row: &str, time: Duration| {
        let per_pixel_ps = time.as_nanos() * 1000 / pixels;
        println!("{{\"id\":\"host.{row}\",\"figure\":{per_pixel_ps}}}");
    };
    for (row, time) in ["ccdc", "preview", "aewb"].into_iter().zip(best) {
        print(row, time);
    }
    print("path", best.iter().sum());
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
        let columns = ccdc.video_port_line(row, &mut line).unwrap_or(0..0);
        let port = &line[columns];
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
