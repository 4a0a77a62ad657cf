//! Every row of class shadowed: a word that is written in the middle of a frame leaves that frame as it
//! is, and has its effect on the next one, as if it had been written between the two.
//!
//! Each row of the table has a case here: a rig in which its effect can be seen, and another value. A row
//! without one fails the walk. What frames from memory take at the enable of their block is tested at the
//! registers, where core 0 takes it (`regs::contract_tests`).

use super::camera_tests::{HEIGHT, OUT, Rig, WIDTH};
use super::statistics_tests;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{self, ctrl};
use drv_isp_regs::{
    ALL, Access, Block, Register, ccdc, firewall, h3a, hist, preview, resizer, sensor,
};
use std::collections::BTreeMap;

/// Where the dark frame is, and the end of what the camera writes.
const DARK: u32 = 0x8020_0000;
/// The line at which the word is written.
const MIDDLE: u32 = 50;

/// How a row shows.
enum Case {
    /// In the frames of this rig, with this value in place of the one there.
    Frames(fn() -> Rig, u32),
    /// In frames from memory, whose start takes it.
    AtEnable,
    /// Not at all: nothing of the bench reads it. Its row says so.
    Stored,
}
use Case::{AtEnable, Frames, Stored};

/// A diagonal gradient, and room for what goes astray.
fn shown(rig: Rig) -> Rig {
    rig.sensor(&sensor::TEST_PATTERN, 1 | 3 << 3);
    rig.open_window(OUT, 0x10_0000);
    rig
}

fn raw() -> Rig {
    shown(Rig::with_raw_output())
}

/// The video port to memory, behind a program of sixteen entries that all of the formatter's words shape.
fn formatted() -> Rig {
    let rig = raw();
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::VP2SDR.mask());
    let lengths = ccdc::fmtcfg::PLEN_EVEN.of(15) | ccdc::fmtcfg::PLEN_ODD.of(15);
    let port = ccdc::fmtcfg::VPEN.mask() | ccdc::fmtcfg::VPIN.of(6);
    rig.set(&ccdc::FMTCFG, port | ccdc::fmtcfg::FMTEN.mask() | lengths);
    rig.set(&ccdc::FMT_HORZ, WIDTH);
    rig.set(&ccdc::FMT_VERT, HEIGHT);
    rig.set(&ccdc::VP_OUT, WIDTH << 4 | HEIGHT << 17);
    for index in 0..8 {
        rig.shared.element(&ccdc::FMT_ADDR, index).store(20 * index as u32, SeqCst);
    }
    for (index, word) in [0x6644_2200, 0xEECC_AA88_u32].into_iter().enumerate() {
        rig.shared.element(&ccdc::PRGEVEN, index).store(word, SeqCst);
        rig.shared.element(&ccdc::PRGODD, index).store(word, SeqCst);
    }
    rig
}

fn statistics() -> Rig {
    shown(statistics_tests::rig())
}

/// A preview that goes on, with the resizer behind it.
fn scaled() -> Rig {
    let rig = shown(Rig::with_preview_to_memory());
    let on = rig.get(&preview::PCR) & !preview::pcr::ONESHOT.mask();
    rig.set(&preview::PCR, on | preview::pcr::RSZPORT.mask());
    rig.set(&preview::WSDR_ADDR, OUT + 0x2_0000);
    rig.set(&resizer::CNT, 255 | 255 << 10);
    rig.set(&resizer::IN_SIZE, 151 | 111 << 16);
    rig.set(&resizer::OUT_SIZE, 144 | 108 << 16);
    for index in 0..16 {
        let word = if index % 2 == 0 { 256 << 16 } else { 0 };
        rig.shared.element(&resizer::HFILT, index).store(word, SeqCst);
        rig.shared.element(&resizer::VFILT, index).store(word, SeqCst);
    }
    rig.set(&resizer::SDR_OUTADD, OUT);
    rig.set(&resizer::SDR_OUTOFF, 320);
    rig.set(&resizer::PCR, resizer::pcr::EN.mask());
    rig
}

/// A preview that subtracts a dark frame of which no two lines are the same.
fn dark() -> Rig {
    let mut rig = shown(Rig::with_preview_to_memory());
    let on = rig.get(&preview::PCR) & !preview::pcr::ONESHOT.mask();
    rig.set(&preview::PCR, on | preview::pcr::DRKFEN.mask());
    rig.set(&preview::DSDR_ADDR, DARK);
    rig.set(&preview::DRKF_OFFSET, 192);
    rig.or(&main_block::CTRL, ctrl::SBL_RD_RAM_EN.mask());
    rig.memory.0.insert(DARK, (0..0x1_0000_u32).map(|at| (at / 96 % 64) as u8).collect());
    for (register, value) in [
        (&firewall::WINDOW_BASE, DARK),
        (&firewall::WINDOW_BYTES, 0x1_0000),
        (&firewall::WINDOW_CONTROL, 3),
    ] {
        rig.shared.element(register, 1).store(value, SeqCst);
    }
    rig
}

/// The case of an element of a row, whose value in the rig is `old`.
fn case(register: &Register, old: impl Fn(fn() -> Rig) -> u32) -> Case {
    match *register {
        ccdc::PCR => Frames(raw, 0),
        ccdc::HORZ_INFO => Frames(raw, 10 << 16 | 99),
        ccdc::VERT_START => Frames(raw, 80 << 16),
        ccdc::VERT_LINES => Frames(raw, HEIGHT - 30),
        ccdc::CULLING => Frames(raw, 0x5555_0055),
        ccdc::HSIZE_OFF => Frames(raw, 640),
        ccdc::SDR_ADDR => Frames(raw, OUT + 0x8_0000),
        ccdc::CLAMP => Frames(raw, ccdc::clamp::CLAMPEN.mask() | 0x10),
        ccdc::DCSUB => Frames(raw, 20),
        ccdc::BLKCMP => Frames(raw, 0x1414_1414),
        ccdc::FMTCFG => Frames(formatted, old(formatted) | ccdc::fmtcfg::LNALT.mask()),
        ccdc::FMT_HORZ => Frames(formatted, 8 << 16 | (WIDTH - 8)),
        ccdc::FMT_VERT => Frames(formatted, 80 << 16 | 40),
        ccdc::FMT_ADDR => Frames(formatted, old(formatted) + 7),
        ccdc::PRGEVEN | ccdc::PRGODD => Frames(formatted, old(formatted).rotate_left(8)),
        ccdc::VP_OUT => Frames(formatted, old(formatted) + 5),
        ccdc::HD_VD_WID | ccdc::PIX_LINES | ccdc::SDOFST => Stored,
        h3a::PCR => Frames(statistics, old(statistics) | h3a::pcr::AF_ALAW.mask()),
        h3a::AFPAX1 => Frames(statistics, 15 << 16 | 9),
        h3a::AFPAX2 => Frames(statistics, old(statistics) | h3a::afpax2::AFINCV.of(1)),
        h3a::AFPAXSTART => Frames(statistics, 20 << 16 | 18),
        h3a::AFIIRSH => Frames(statistics, 40),
        h3a::AFBUFST | h3a::AEWBUFST => Frames(statistics, old(statistics) + 0x800),
        h3a::AFCOEF0 | h3a::AFCOEF1 => Frames(statistics, old(statistics) ^ 0x10),
        h3a::AEWWIN1 => Frames(statistics, old(statistics) ^ h3a::aewwin1::WINW.of(3)),
        h3a::AEWINSTART => Frames(statistics, 12 | 18 << 16),
        h3a::AEWINBLK => Frames(statistics, old(statistics) | h3a::aewinblk::WINSV.of(90)),
        h3a::AEWSUBWIN => Frames(statistics, 1 | 1 << 8),
        hist::PCR => Frames(statistics, 0),
        preview::PCR => Frames(scaled, old(scaled) & !preview::pcr::EN.mask()),
        preview::DSDR_ADDR => Frames(dark, DARK + 0x60),
        preview::DRKF_OFFSET => Frames(dark, 320),
        preview::WSDR_ADDR => Frames(scaled, OUT + 0x8_0000),
        preview::WADD_OFFSET => Frames(scaled, 640),
        preview::RSDR_ADDR | preview::RADR_OFFSET => AtEnable,
        resizer::PCR => Frames(scaled, 0),
        resizer::SDR_OUTADD => Frames(scaled, OUT + 0x8_0000),
        resizer::SDR_OUTOFF => Frames(scaled, 640),
        resizer::SDR_INADD | resizer::SDR_INOFF => AtEnable,
        _ => panic!("{}: a shadowed row without a case", register.name),
    }
}

/// Each element of each row with shadowed bits of the window.
fn rows() -> impl Iterator<Item = (&'static Register, usize)> {
    let shadowed =
        |row: &&Register| matches!(row.access, Access::Shadowed | Access::Control { .. });
    let rows = ALL.iter().copied().flatten().filter(shadowed);
    rows.flat_map(|row| (0..usize::from(row.count)).map(move |index| (row, index)))
}

/// What a frame leaves behind: bytes in memory, counts, and events at their lines.
type Seen = (BTreeMap<u32, Vec<u8>>, Vec<u32>, Vec<(u32, u32)>);

/// Runs the lines of a frame up to its end; this is then all that was seen since the one before.
fn seen(rig: &mut Rig, lines: u32) -> Seen {
    rig.lines(lines);
    let beyond = rig.memory.0.split_off(&DARK);
    let written = core::mem::replace(&mut rig.memory.0, beyond);
    let counts = rig.shared.histogram.iter().map(|entry| entry.swap(0, SeqCst)).collect();
    let events = rig.events.drain(..).map(|(_, line, bits)| (line, bits)).collect();
    (written, counts, events)
}

/// Lines of a frame: the rigs have the same sensor.
const FRAME: u32 = HEIGHT + super::camera_tests::BLANK;

/// What is wrong with a word of the row in the rig; `at_once` says whether the frame in progress is torn.
fn wrong(
    rig: fn() -> Rig,
    (register, index): (&Register, usize),
    value: u32,
    at_once: bool,
) -> Option<String> {
    let name = format!("{}[{index}] = {value:#x}", register.name);
    let make = || {
        let rig = rig();
        if at_once {
            rig.set(&ccdc::CFG, 0);
        }
        rig
    };
    // BUSY, and what else of a word is not written, stays.
    let write = |rig: &Rig| {
        let word = rig.shared.element(register, index);
        word.store(word.load(SeqCst) & !register.writable | value, SeqCst);
    };
    let (mut before, mut between, mut amid) = (make(), make(), make());
    let old = [FRAME; 2].map(|lines| seen(&mut before, lines));
    assert!(seen(&mut between, FRAME) == old[0], "{name}: the rig is not the same each time");
    write(&between);
    let new = seen(&mut between, FRAME);
    assert!(new != old[1], "{name}: nothing shows");
    amid.lines(MIDDLE);
    write(&amid);
    let torn = seen(&mut amid, FRAME - MIDDLE) != old[0];
    let late = seen(&mut amid, FRAME) != new;
    match (torn, at_once) {
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
    for (register, index) in rows() {
        let old = |rig: fn() -> Rig| rig().shared.element(register, index).load(SeqCst);
        match case(register, old) {
            Frames(rig, value) => failures.extend(wrong(rig, (register, index), value, false)),
            AtEnable => {}
            Stored => assert!(register.effect.contains("tored only"), "{}", register.name),
        }
        cases += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(cases > 50, "{cases} cases");
}

#[test]
fn without_vdlc_a_word_of_the_ccdc_tears_the_frame_in_progress() {
    let mut failures = vec![];
    for (register, index) in rows().filter(|(register, _)| register.block == Block::Ccdc) {
        let old = |rig: fn() -> Rig| rig().shared.element(register, index).load(SeqCst);
        let Frames(rig, value) = case(register, old) else { continue };
        // EN is shadowed always, and a frame begins at one address.
        let at_once = *register != ccdc::PCR && *register != ccdc::SDR_ADDR;
        failures.extend(wrong(rig, (register, index), value, at_once));
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The other class whose effect a frame shows: taken at once, also while the preview is busy.
#[test]
fn a_busy_writable_word_of_the_preview_tears_the_frame_in_progress() {
    fn balanced() -> Rig {
        let rig = scaled();
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
        failures.extend(wrong(balanced, (register, 0), value, true));
        cases += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!(cases, 5);
}
