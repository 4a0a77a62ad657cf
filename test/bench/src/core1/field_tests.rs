//! Where the lines of a frame lie, and of the two fields.

use super::camera_tests::{HEIGHT, OUT, RAW_STRIDE, Rig};
use drv_isp_regs::ccdc::{self, sdofst, syn_mode};
use drv_isp_regs::sensor::{self, test_pattern};
use std::collections::BTreeMap;

/// Lines of memory that are open, on both sides of the frame's address.
const ROOM: u32 = 4 * HEIGHT;

/// A picture of which no two lines are the same, in the middle of much room.
fn rig(offsets: u32) -> Rig {
    let rig = Rig::with_raw_output();
    rig.sensor(&sensor::TEST_PATTERN, test_pattern::ENABLE.of(1) | test_pattern::CONTROL.of(3));
    rig.set(&ccdc::SDR_ADDR, OUT + ROOM * RAW_STRIDE);
    rig.set(&ccdc::SDOFST, offsets);
    rig.open_window(OUT, 2 * ROOM * RAW_STRIDE);
    rig
}

/// The line of the picture in each line of memory, counted from the frame's address, of the frame that comes.
fn placed(rig: &mut Rig) -> BTreeMap<i32, u32> {
    rig.memory.0.clear();
    rig.frame();
    let line = |(address, bytes): (&u32, &Vec<u8>)| {
        let place = (*address as i32 - OUT as i32) / RAW_STRIDE as i32 - ROOM as i32;
        // The gradient in a line is that of the line above, a pixel to the left.
        let expected = |y: u32| {
            let code = |x: u32| ((x + y) * 1024 / 280) as u16;
            (0..160).flat_map(|x| code(x).to_le_bytes()).collect::<Vec<u8>>()
        };
        let y = (0..HEIGHT).find(|y| expected(*y) == *bytes).expect("a line of the picture");
        (place, y)
    };
    rig.memory.0.iter().map(line).collect()
}

/// Line after line, `steps` in turn.
fn in_steps(first: i32, steps: [i32; 2], lines: std::ops::Range<u32>) -> BTreeMap<i32, u32> {
    let mut place = first;
    let at = |(index, y): (usize, u32)| {
        let here = place;
        place += steps[index % 2];
        (here, y)
    };
    lines.enumerate().map(at).collect()
}

#[test]
fn lines_of_a_whole_frame_are_as_far_apart_as_the_offsets_say() {
    for (even, odd, steps) in [
        (0, 0, [1, 1]),
        (1, 1, [2, 2]),
        (0, 2, [1, 3]),
        (3, 0, [4, 1]),
        (4, 4, [-1, -1]),
        (7, 5, [-4, -2]),
    ] {
        // Those of the other field mean nothing.
        let others = sdofst::LOFST2.of(3) | sdofst::LOFST3.of(6) | sdofst::FOFST.of(2);
        let mut rig = rig(sdofst::LOFST0.of(even) | sdofst::LOFST1.of(odd) | others);
        for _ in 0..2 {
            assert_eq!(placed(&mut rig), in_steps(0, steps, 0..HEIGHT), "{even} {odd}");
        }
    }
}

/// Two lines from line to line, field 1 three lines behind the address, and shorter at its top.
fn interlaced() -> Rig {
    let each = sdofst::LOFST0.of(1) | sdofst::LOFST1.of(1);
    let odd = sdofst::LOFST2.of(1) | sdofst::LOFST3.of(5) | sdofst::FOFST.of(2);
    let rig = rig(each | odd);
    rig.sensor(&sensor::CHIP_VERSION, sensor::CHIP_VERSION_YCBCR.into());
    rig.or(&ccdc::SYN_MODE, syn_mode::FLDMODE.mask());
    rig.set(&ccdc::VERT_START, ccdc::vert_start::SLV0.of(2) | ccdc::vert_start::SLV1.of(50));
    rig.set(&ccdc::VERT_LINES, 39);
    rig
}

fn is_odd(rig: &Rig) -> bool {
    syn_mode::FLDSTAT.is_set(rig.get(&ccdc::SYN_MODE))
}

#[test]
fn the_field_signal_chooses_the_place_the_steps_and_the_first_line() {
    let [even, odd] = [in_steps(0, [2, 2], 2..42), in_steps(3, [2, -2], 50..90)];
    for (polarity, inverted) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let mut rig = interlaced();
        rig.or(&ccdc::SYN_MODE, syn_mode::FLDPOL.of(polarity));
        rig.or(&ccdc::SDOFST, sdofst::FIINV.of(inverted));
        for number in 0..4 {
            let found = placed(&mut rig);
            let signal = (number + polarity) % 2 == 1;
            assert_eq!(is_odd(&rig), signal);
            let is_odd = signal != (inverted == 1);
            // Where two lines of field 1 share a place the later one stays.
            let expected = if is_odd { &odd } else { &even };
            assert_eq!(found, *expected, "{number} {polarity} {inverted}");
        }
    }
}

#[test]
fn without_fldmode_or_a_field_pin_each_frame_is_field_0() {
    let even = in_steps(0, [2, 2], 2..42);
    let progressive = interlaced();
    progressive.set(&ccdc::SYN_MODE, progressive.get(&ccdc::SYN_MODE) & !syn_mode::FLDMODE.mask());
    let without_pin = interlaced();
    without_pin.sensor(&sensor::CHIP_VERSION, sensor::CHIP_VERSION_VALUE.into());
    for (mut rig, has_pin) in [(progressive, true), (without_pin, false)] {
        for number in 0..3 {
            assert_eq!(placed(&mut rig), even);
            assert_eq!(is_odd(&rig), has_pin && number == 1, "the status follows the pin");
        }
    }
}

#[test]
fn a_sensor_that_starts_again_starts_with_field_0() {
    let mut rig = interlaced();
    rig.frame();
    rig.lines(10);
    assert!(is_odd(&rig));
    rig.shared.sensor_stops.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    rig.lines(HEIGHT + super::camera_tests::BLANK);
    assert!(!is_odd(&rig));
}
