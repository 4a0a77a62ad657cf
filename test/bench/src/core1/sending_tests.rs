//! When the sensor sends, how long its frames are, and what a restart does to one.

use super::camera_tests::{BLANK, HEIGHT, OUT, Rig, WIDTH};
use super::sending::{SENDING_READS_MAX, sending};
use super::*;
use crate::scene::sensor::NOMINAL_EXPOSURE_LINES;
use core::cell::Cell;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::irq;
use drv_isp_regs::sensor::{self, output_control};

#[test]
fn a_restart_of_the_sensor_begins_a_new_frame() {
    let mut rig = Rig::with_raw_output();
    rig.lines(10);
    rig.sensor(&sensor::RESTART, 1);
    rig.lines(1);
    assert_eq!(rig.lines_of(irq::HS_VS.mask()), [(1, 0), (2, 0)]);
    assert_eq!(rig.shared.sensor(sensor::RESTART.sensor_index()).load(SeqCst), 0, "by itself");
    rig.lines(10);
    assert_eq!(rig.lines_of(irq::HS_VS.mask()), [(1, 0), (2, 0)], "once");
}

/// A sensor that is stopped in a frame of a thousand lines, and started as the data sheet says.
#[test]
fn a_restart_that_pauses_waits_before_the_first_row_and_ends_when_it_goes_on() {
    let mut rig = Rig::with_raw_output();
    let enable = |rig: &Rig, on| {
        rig.sensor(&sensor::OUTPUT_CONTROL, output_control::CHIP_ENABLE.of(on));
    };
    let restarts = |rig: &Rig| rig.shared.sensor(sensor::RESTART.sensor_index()).load(SeqCst);
    rig.sensor(&sensor::SHUTTER_WIDTH_LOWER, 1000);
    rig.lines(200);
    rig.sensor(&sensor::RESTART, 2);
    rig.lines(10);
    assert_eq!(rig.shared.progress.line.load(SeqCst), 209, "to pause is nothing by itself");
    enable(&rig, 0);
    rig.shared.sensor_stops.fetch_add(1, SeqCst);
    rig.lines(10);
    assert_eq!(rig.shared.progress.line.load(SeqCst), 219, "it reads its frame to the end");
    rig.sensor(&sensor::RESTART, 3);
    assert_eq!(rig.line(), Turn::Idle, "given up");
    rig.sensor(&sensor::SHUTTER_WIDTH_LOWER, 100);
    enable(&rig, 1);
    assert_eq!((rig.line(), restarts(&rig)), (Turn::Idle, 3), "it waits before the first row");
    rig.sensor(&sensor::RESTART, 1);
    rig.lines(1);
    assert_eq!(restarts(&rig), 0);
    assert_eq!(rig.shared.progress.frame_lines.load(SeqCst), HEIGHT + BLANK, "a frame of its own");
    rig.lines(HEIGHT + BLANK);
    assert_eq!(rig.lines_of(irq::HS_VS.mask()), [(1, 0), (2, 0), (3, 0)]);
}

#[test]
fn a_sensor_that_was_stopped_within_a_frame_counts_anew() {
    let mut rig = Rig::with_raw_output();
    rig.sensor(&sensor::TEST_PATTERN, 0);
    let line = |rig: &mut Rig| {
        rig.frame();
        rig.memory.0[&OUT].clone()
    };
    let (first, second) = (line(&mut rig), line(&mut rig));
    assert_ne!(first, second, "each number has its noise");
    rig.shared.sensor_stops.fetch_add(1, SeqCst);
    assert_eq!([line(&mut rig), line(&mut rig)], [first, second]);
}

#[test]
fn a_new_gain_is_seen_in_the_next_frame_and_a_new_exposure_in_the_one_after() {
    let mut rig = Rig::with_raw_output();
    rig.sensor(&sensor::TEST_PATTERN, 0);
    let level = |rig: &mut Rig| {
        rig.frame();
        let line = &rig.memory.0[&OUT];
        line.chunks_exact(2).map(|p| u32::from(u16::from_le_bytes([p[0], p[1]]))).sum::<u32>()
            / WIDTH
            - 42
    };
    let nominal = level(&mut rig);
    rig.sensor(&sensor::SHUTTER_WIDTH_LOWER, NOMINAL_EXPOSURE_LINES / 2);
    let levels: Vec<u32> = (0..3).map(|_| level(&mut rig)).collect();
    let near = |level: u32, expected: u32| level.abs_diff(expected) <= 2 + expected / 50;
    assert!(near(levels[0], nominal) && near(levels[1], nominal / 2), "{nominal} {levels:?}");
    assert!(near(levels[2], nominal / 2));
    for gain in [&sensor::GREEN1_GAIN, &sensor::RED_GAIN] {
        rig.sensor(gain, 16);
    }
    assert!(near(level(&mut rig), nominal), "gain comes with the next frame");
}

#[test]
fn a_blanking_that_is_written_in_a_frame_counts_from_the_next_one_on() {
    let mut rig = Rig::new();
    rig.shared.pixel_clock_hz.store(1_000_000, SeqCst);
    rig.line();
    let time = |rig: &Rig| rig.camera.line_time(&rig.shared, 1_000_000);
    let least = time(&rig);
    rig.sensor(&sensor::HORIZONTAL_BLANK, 4095);
    rig.line();
    assert_eq!(time(&rig), least);
    rig.frame();
    assert_eq!(time(&rig), WIDTH + 2 * 4096);
    rig.shared.pixel_clock_hz.store(2_000_000, SeqCst);
    assert_eq!(time(&rig), WIDTH / 2 + 4096, "the clock counts at once");
}

#[test]
fn an_exposure_longer_than_the_frame_makes_that_frame_longer() {
    let mut rig = Rig::new();
    rig.frame();
    let lines = |rig: &Rig| rig.shared.progress.frame_lines.load(SeqCst);
    assert_eq!(lines(&rig), HEIGHT + BLANK);
    rig.sensor(&sensor::SHUTTER_WIDTH_LOWER, 1000);
    rig.frame();
    assert_eq!(lines(&rig), 1001);
    rig.sensor(&sensor::SHUTTER_WIDTH_UPPER, 1);
    rig.sensor(&sensor::SHUTTER_WIDTH_LOWER, 0);
    rig.lines(1001 - (HEIGHT + BLANK));
    assert_eq!(lines(&rig), 1001, "its last line");
    rig.line();
    assert_eq!(lines(&rig), 0x1_0001);
}

/// A sensor that core 0 stops and starts between the reads of core 1, from the `first` on,
/// `restarts` times; whether core 1 sees a run that sends, and which.
fn check_sending(first: u32, restarts: u32, expect: (bool, u32)) {
    let (reads, stops) = (Cell::new(0), Cell::new(5));
    let read = || {
        let count = reads.replace(reads.get() + 1);
        if (first..first + restarts).contains(&count) {
            stops.set(stops.get() + 1);
        }
    };
    let seen = sending(
        || {
            read();
            true
        },
        || {
            read();
            stops.get()
        },
    );
    assert_eq!(seen, expect, "{restarts} from read {first} on");
}

#[test]
fn a_sensor_that_starts_again_between_two_reads_is_seen_with_its_own_stops() {
    check_sending(0, 0, (true, 5));
    for first in 0..3 {
        check_sending(first, 1, (true, 6));
    }
    check_sending(3, 1, (true, 5));
    check_sending(1, 4, (true, 9));
    check_sending(0, u32::MAX, (false, 5 + 1 + 2 * SENDING_READS_MAX as u32));
}
