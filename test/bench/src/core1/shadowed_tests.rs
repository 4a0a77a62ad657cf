//! Every shadowed word: written in the middle of a frame it leaves that frame as it is, and has its effect
//! on the next one, as if it had been written between the two. And every other word of the CCDC and the
//! preview that can be written then: the frame in progress is torn.
//!
//! Each row of the table has a case: a rig in which its effect can be seen, and another value. A row
//! without one fails the walk. What frames from memory take at the enable of their block is tested at the
//! registers, where core 0 takes it (`regs::contract_tests`).

mod cases;

use super::camera_tests::{HEIGHT, Rig};
use cases::Case::{AtRegisters, Frames, Stored};
use core::fmt;
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::{ALL, Access, Block, Register, ccdc, fields, preview, sensor};
use std::collections::BTreeMap;

/// Where tables and the dark frame are, and the end of what the camera writes.
const DARK: u32 = 0x8020_0000;
/// The line at which the word is written.
const MIDDLE: u32 = 50;
const PIXEL_CLOCK_HZ: u32 = 48_000_000;

/// A word, or of a word whose bits are of several classes a field.
struct Place {
    register: &'static Register,
    index: usize,
    field: &'static str,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] {}", self.register.name, self.index, self.field)
    }
}

impl Place {
    fn of(register: &'static Register) -> Self {
        Self { register, index: 0, field: "" }
    }

    fn word<'a>(&self, rig: &'a Rig) -> &'a AtomicU32 {
        match self.register.block {
            Block::Sensor => rig.shared.sensor(self.register.sensor_index()),
            _ => rig.shared.element(self.register, self.index),
        }
    }

    fn value(&self, rig: fn() -> Rig) -> u32 {
        self.word(&rig()).load(SeqCst)
    }
}

/// The places of a row: its elements, or those of its fields that lie in `bits`.
fn places(register: &'static Register, bits: u32) -> impl Iterator<Item = Place> {
    let whole = bits != 0 && bits == register.writable;
    let elements = (0..usize::from(register.count)).filter(move |_| whole);
    let words = elements.map(move |index| Place { register, index, field: "" });
    let fields = fields(register.window_offset())
        .iter()
        .filter(move |(_, field)| !whole && field.mask() & bits != 0);
    words.chain(fields.map(move |(field, _)| Place { register, index: 0, field }))
}

/// Each place of the window that is shadowed.
fn shadowed() -> impl Iterator<Item = Place> {
    ALL.iter().copied().flatten().flat_map(|row| {
        let bits = match row.access {
            Access::Shadowed | Access::Control { .. } => row.writable,
            Access::Mixed { shadowed, .. } => shadowed,
            _ => 0,
        };
        places(row, bits)
    })
}

/// Each place of the CCDC that a write changes at once.
fn at_once() -> impl Iterator<Item = Place> {
    ALL[Block::Ccdc as usize].iter().flat_map(|row| {
        let bits = match row.access {
            Access::ReadWrite => row.writable,
            Access::Mixed { clear, shadowed } => row.writable & !clear & !shadowed,
            _ => 0,
        };
        places(row, bits)
    })
}

/// What lines leave behind: bytes in memory, counts, events at their lines, and their times.
type Seen = (BTreeMap<u32, Vec<u8>>, Vec<u32>, Vec<(u32, u32)>, Vec<u32>);

/// Runs so many lines; the time of each in nanoseconds.
fn run(rig: &mut Rig, lines: u32) -> Vec<u32> {
    rig.shared.pixel_clock_hz.store(PIXEL_CLOCK_HZ, SeqCst);
    let line_ns = |rig: &mut Rig| {
        rig.line();
        rig.camera.line_time(&rig.shared, 1_000_000_000)
    };
    (0..lines).map(|_| line_ns(rig)).collect()
}

/// All that was seen of the lines with these times.
fn seen(rig: &mut Rig, times: Vec<u32>) -> Seen {
    let beyond = rig.memory.0.split_off(&DARK);
    let written = core::mem::replace(&mut rig.memory.0, beyond);
    let counts = rig.shared.histogram.iter().map(|entry| entry.swap(0, SeqCst)).collect();
    let events = rig.events.drain(..).map(|(_, line, bits)| (line, bits)).collect();
    (written, counts, events, times)
}

/// Runs so many lines; what was seen of them.
fn look(rig: &mut Rig, lines: u32) -> Seen {
    let times = run(rig, lines);
    seen(rig, times)
}

/// Lines of a frame: the rigs have the same sensor.
const FRAME: u32 = HEIGHT + super::camera_tests::BLANK;

/// Lines that are looked at behind a word: an exposure shows a frame later, a longer frame at its end.
const BEHIND: u32 = 2 * FRAME + 1;

/// What is wrong with a word of the place in the rig; `torn` says whether the frame in progress is.
fn wrong(rig: impl Fn() -> Rig, place: &Place, value: u32, torn: bool) -> Option<String> {
    let name = format!("{place} = {value:#x}");
    // BUSY, and what else of a word is not written, stays.
    let write = |rig: &Rig| {
        let word = place.word(rig);
        word.store(word.load(SeqCst) & !place.register.writable | value, SeqCst);
    };
    let (mut before, mut between, mut amid) = (rig(), rig(), rig());
    let old = [FRAME, BEHIND].map(|lines| look(&mut before, lines));
    assert!(look(&mut between, FRAME) == old[0], "{name}: the rig is not the same each time");
    write(&between);
    let new = look(&mut between, BEHIND);
    assert!(new != old[1], "{name}: nothing shows");
    let mut times = run(&mut amid, MIDDLE);
    write(&amid);
    times.extend(run(&mut amid, FRAME - MIDDLE));
    let is_torn = seen(&mut amid, times) != old[0];
    let late = look(&mut amid, BEHIND) != new;
    match (is_torn, torn) {
        (true, false) => Some(name + ": tears the frame in progress"),
        (false, true) => Some(name + ": does not tear the frame in progress"),
        // What a torn frame leaves in the formatter's line memory may show in the next one.
        (false, false) if late => Some(name + ": does not shape the next frame"),
        _ => None,
    }
}

#[test]
fn a_shadowed_word_leaves_the_frame_in_progress_and_shapes_the_next_one() {
    let (mut cases, mut failures) = (0, vec![]);
    for place in shadowed() {
        match cases::of_shadowed(&place, |rig| place.value(rig)) {
            Frames(rig, value) => failures.extend(wrong(rig, &place, value, false)),
            AtRegisters => {}
            Stored => assert_stored(&place),
        }
        cases += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(cases > 60, "{cases} cases");
}

#[test]
fn a_shadowed_register_of_the_sensor_leaves_the_frame_in_progress_and_shapes_those_behind() {
    let (mut cases, mut failures) = (0, vec![]);
    for register in sensor::TABLE.iter().filter(|row| row.access == Access::Shadowed) {
        let place = Place::of(register);
        match cases::of_sensor(&place, |rig| place.value(rig)) {
            Frames(rig, value) => failures.extend(wrong(rig, &place, value, false)),
            AtRegisters => {}
            Stored => assert_stored(&place),
        }
        cases += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(cases > 20, "{cases} cases");
}

#[test]
fn without_vdlc_a_word_of_the_ccdc_tears_the_frame_in_progress() {
    let mut failures = vec![];
    for place in shadowed().filter(|place| place.register.block == Block::Ccdc) {
        let Frames(rig, mut value) = cases::of_shadowed(&place, |rig| place.value(rig)) else {
            continue;
        };
        if *place.register == ccdc::CFG {
            value &= !ccdc::cfg::VDLC.mask();
        }
        let without_vdlc = || {
            let rig = rig();
            rig.set(&ccdc::CFG, 0);
            rig
        };
        failures.extend(wrong(without_vdlc, &place, value, !at_frame_start(&place)));
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Does a frame take it at its start, also without VDLC? Enables, where the frame goes, its tables.
fn at_frame_start(place: &Place) -> bool {
    match *place.register {
        ccdc::PCR | ccdc::SDR_ADDR | ccdc::FPC | ccdc::LSC_CONFIG | ccdc::LSC_INITIAL => true,
        ccdc::SDOFST => true,
        ccdc::SYN_MODE => matches!(place.field, "WEN" | "SDR2RSZ" | "FLDMODE" | "FLDPOL"),
        _ => false,
    }
}

#[test]
fn with_vdlc_a_word_of_the_ccdc_that_is_not_shadowed_tears_the_frame_in_progress() {
    let (mut cases, mut failures) = (0, vec![]);
    for place in at_once() {
        match cases::of_at_once(&place, |rig| place.value(rig)) {
            Frames(rig, value) => failures.extend(wrong(rig, &place, value, true)),
            AtRegisters => {}
            Stored => assert_stored(&place),
        }
        cases += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(cases > 6, "{cases} cases");
}

/// The row says that nothing of the bench reads the place.
fn assert_stored(place: &Place) {
    let effect = place.register.effect;
    assert!(effect.contains("tored only"), "{place}: {effect}");
}

/// The other class whose effect a frame shows: taken at once, also while the preview is busy.
#[test]
fn a_busy_writable_word_of_the_preview_tears_the_frame_in_progress() {
    fn balanced() -> Rig {
        let rig = cases::scaled();
        rig.set(&preview::WBGAIN, 0x1828_3040);
        rig
    }
    let (mut cases, mut failures) = (0, vec![]);
    let rows = ALL[Block::Preview as usize].iter();
    for register in rows.filter(|register| register.access == Access::ReadWrite) {
        let value = match *register {
            preview::WB_DGAIN => 0x80,
            preview::WBGAIN => 0x2020_2020,
            preview::WBSEL => 0xE4E4_E4E4,
            preview::CNT_BRT => 0x0C20,
            preview::SETUP_YC => 0x9070_9070,
            _ => panic!("{}: a busy-writable row without a case", register.name),
        };
        failures.extend(wrong(balanced, &Place::of(register), value, true));
        cases += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!(cases, 5);
}
