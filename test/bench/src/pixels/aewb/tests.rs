//! Exposure and white-balance statistics against sums taken pixel by pixel from whole windows.

use super::*;

const CONFIG: AewbConfig = AewbConfig {
    width: 20,
    height: 12,
    columns: 5,
    rows: 3,
    left: 6,
    top: 8,
    black_top: 0,
    black_height: 4,
    step_x: 4,
    step_y: 6,
    limit: 700,
    alaw: false,
};
const SIZE: (usize, usize) = (120, 60);

fn code(x: usize, y: usize) -> u16 {
    let mix = (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
    ((mix ^ mix >> 15).wrapping_mul(0xc2b2_ae35) >> 22) as u16
}

/// Runs a frame and returns all bytes in the order of memory.
fn run(config: &AewbConfig, (width, height): (usize, usize)) -> Vec<u8> {
    let mut engine = Box::new(Aewb::new());
    engine.begin_frame(config);
    let mut bytes = Vec::new();
    for y in 0..height {
        let line: Vec<u16> = (0..width).map(|x| code(x, y)).collect();
        bytes.extend_from_slice(engine.line(y, &line));
    }
    while !engine.is_done() {
        bytes.extend_from_slice(engine.flush());
    }
    assert!(engine.flush().is_empty());
    bytes
}

/// Without VDLC a driver moves the port's window in mid frame: lines come again.
#[test]
fn a_line_that_comes_again_ends_no_row_that_has_ended() {
    let config = AewbConfig { black_top: 50, ..CONFIG };
    let mut engine = Box::new(Aewb::new());
    engine.begin_frame(&config);
    let line: Vec<u16> = (0..SIZE.0).map(|x| code(x, 0)).collect();
    let last = config.top + config.rows * config.height;
    let given = (0..last).filter(|y| !engine.line(*y, &line).is_empty()).count();
    assert_eq!((given, engine.is_done()), (config.rows, false), "the black row is missing");
    for y in config.top..last {
        assert!(engine.line(y, &line).is_empty(), "line {y}");
    }
    assert!(!engine.flush().is_empty() && engine.is_done());
}

/// Sums and count of one window, from its definition.
fn window(config: &AewbConfig, left: usize, top: usize, height: usize) -> ([f64; 8], f64) {
    let (mut sums, mut unsaturated) = ([0.0; 8], 0.0);
    for block_y in (0..height).step_by(config.step_y) {
        for block_x in (0..config.width).step_by(config.step_x) {
            let mut open = true;
            for place in 0..4 {
                let (x, y) = (left + block_x + place % 2, top + block_y + place / 2);
                let value = f64::from(sample(code(x, y), config.alaw));
                sums[place] += value;
                sums[4 + place] += value.min(f64::from(config.limit));
                open &= value < f64::from(config.limit);
            }
            unsaturated += f64::from(u8::from(open));
        }
    }
    (sums, unsaturated)
}

/// All windows in the order in which their lines come.
fn windows(config: &AewbConfig) -> Vec<([f64; 8], f64)> {
    let mut rows: Vec<(usize, usize)> =
        (0..config.rows).map(|row| (config.top + row * config.height, config.height)).collect();
    let black = (config.black_top, config.black_height);
    if config.black_top < config.top {
        rows.insert(0, black)
    } else {
        rows.push(black)
    }
    let columns = move |(top, height)| {
        (0..config.columns)
            .map(move |column| window(config, config.left + column * config.width, top, height))
    };
    rows.into_iter().flat_map(columns).collect()
}

fn words(bytes: &[u8]) -> Vec<f64> {
    bytes.chunks_exact(2).map(|pair| f64::from(u16::from_le_bytes([pair[0], pair[1]]))).collect()
}

fn check(config: &AewbConfig) {
    let words = words(&run(config, SIZE));
    let expected = windows(config);
    let mut at = 0;
    for (group, windows) in expected.chunks(8).enumerate() {
        for (sums, _) in windows {
            assert_eq!(words[at..at + 8], sums[..], "sums of group {group}, {config:?}");
            at += 8;
        }
        let mut counts = [0.0; 8];
        windows.iter().zip(&mut counts).for_each(|((_, count), place)| *place = *count);
        assert_eq!(words[at..at + 8], counts, "counts of group {group}, {config:?}");
        at += 8;
    }
    assert_eq!(at, words.len());
}

#[test]
fn every_window_is_the_sum_of_its_blocks() {
    check(&CONFIG);
    check(&AewbConfig { black_top: 50, ..CONFIG });
    check(&AewbConfig { step_x: 2, step_y: 2, alaw: true, limit: 180, ..CONFIG });
    check(&AewbConfig { columns: 2, rows: 1, width: 6, height: 2, step_x: 32, ..CONFIG });
}

#[test]
fn the_buffer_has_the_size_that_a_driver_reserves() {
    // (rows + 1) * columns windows, and one packet for each eight or fewer of them.
    for (columns, rows) in [(5, 3), (1, 1), (4, 1), (3, 4)] {
        let count = columns * (rows + 1);
        let bytes = run(&AewbConfig { columns, rows, height: 4, ..CONFIG }, SIZE).len();
        assert_eq!(bytes, PACKET_BYTES * (count + count.div_ceil(8)), "{columns} {rows}");
    }
    // The largest grid: 83,600 bytes.
    let largest = AewbConfig { columns: 36, rows: 128, height: 2, black_top: 2000, ..CONFIG };
    assert_eq!(run(&largest, SIZE).len(), 83_600);
}

#[test]
fn a_sum_of_sixteen_bits_wraps() {
    let config = AewbConfig { step_x: 2, step_y: 2, width: 40, height: 12, ..CONFIG };
    let mut engine = Box::new(Aewb::new());
    engine.begin_frame(&config);
    let bytes: Vec<u8> = (0..40).flat_map(|y| engine.line(y, &[1023; 300]).to_vec()).collect();
    // 5 black windows first; then 20 * 6 samples at each place.
    let sum = words(&bytes)[8 * 5];
    assert_eq!(sum, f64::from((1023_u32 * 120) as u16));
}

#[test]
fn windows_beyond_the_line_or_the_frame_count_what_there_is() {
    let config = AewbConfig { left: 80, ..CONFIG };
    let bytes = run(&config, (100, 20));
    assert_eq!(bytes.len(), run(&CONFIG, SIZE).len());
    let row = &words(&bytes)[8 * 5..];
    assert!(row[0] > 0.0 && row[8..16] == [0.0; 8]);
}
