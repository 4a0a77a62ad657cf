//! The line formatter, from register words to pictures and statistics.
//!
//! A sensor of the bench reads out line by line, so frames of another order come from memory, through the
//! channel in front of the CCDC. What is right is known: the same mosaic in the usual order, without the
//! formatter.

use super::camera_tests::{HEIGHT, Rig, WIDTH};
use super::memory_channel_tests::{IN, behind_channel, enable, sample, written};
use super::statistics_tests;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::irq;
use drv_isp_regs::{Register, ccdc, ccp2, firewall, hist};

/// Bytes of a line in memory: room for four lines of the mosaic.
const STRIDE: u32 = 0x1000;

/// Four bits of a program: this pointer, and then one on or back.
pub(super) const fn on(pointer: u32) -> u32 {
    pointer << 1
}
const fn back(pointer: u32) -> u32 {
    pointer << 1 | 1
}

/// A frame of this size in memory, which `sample_at` makes.
pub(super) fn reads(
    rig: &mut Rig,
    (width, height): (u32, u32),
    sample_at: impl Fn(u32, u32) -> u16,
) {
    rig.set(&ccp2::LCM_HSIZE, ccp2::lcm_hsize::COUNT.of(width));
    rig.set(&ccp2::LCM_VSIZE, ccp2::lcm_vsize::COUNT.of(height));
    rig.set(&ccp2::LCM_PREFETCH, ccp2::lcm_prefetch::HWORDS.of(width / 4));
    rig.set(&ccp2::LCM_SRC_OFST, STRIDE);
    rig.shared.element(&firewall::WINDOW_BYTES, 1).store(STRIDE * height, SeqCst);
    for y in 0..height {
        let line = (0..width).flat_map(|x| sample_at(x, y).to_le_bytes()).collect();
        rig.memory.0.insert(IN + y * STRIDE, line);
    }
    rig.set(&ccdc::FMT_HORZ, width);
    rig.set(&ccdc::FMT_VERT, height);
}

/// The formatter on, with one program for even and odd lines.
pub(super) fn formats(rig: &Rig, lines: u32, pointers: &[(u32, u32)], entries: &[u32]) {
    let length = entries.len() as u32 - 1;
    rig.or(
        &ccdc::FMTCFG,
        ccdc::fmtcfg::FMTEN.mask()
            | ccdc::fmtcfg::LNUM.of(lines - 1)
            | ccdc::fmtcfg::PLEN_EVEN.of(length)
            | ccdc::fmtcfg::PLEN_ODD.of(length),
    );
    for (index, (line, pixel)) in pointers.iter().enumerate() {
        let word = ccdc::fmt_addr::LINE.of(*line) | ccdc::fmt_addr::INIT.of(*pixel);
        rig.shared.element(&ccdc::FMT_ADDR, index).store(word, SeqCst);
    }
    for (index, part) in entries.chunks(8).enumerate() {
        let word = part.iter().rev().fold(0, |word, entry| word << 4 | entry);
        for register in [&ccdc::PRGEVEN, &ccdc::PRGODD] {
            rig.shared.element(register, index).store(word, SeqCst);
        }
    }
}

/// What is in memory and in the histogram after a frame of the rig.
fn result(mut rig: Rig) -> (Vec<(u32, Vec<u8>)>, Vec<u32>) {
    enable(&rig);
    rig.frame();
    let histogram = rig.shared.histogram.iter().map(|entry| entry.load(SeqCst)).collect();
    (written(&rig), histogram)
}

/// Checks that the preview and the statistics get the mosaic from what `read` makes of it.
fn expect_mosaic(read: impl Fn(&mut Rig)) {
    for make in [Rig::with_preview_to_memory, statistics_tests::rig] {
        let expected = result(behind_channel(make()));
        assert!(expected.0.len() >= 6, "windows and paxels in rows, or lines of a picture");
        let mut rig = behind_channel(make());
        read(&mut rig);
        assert_eq!(result(rig), expected);
    }
}

#[test]
fn a_program_that_changes_nothing_changes_nothing() {
    expect_mosaic(|rig| formats(rig, 1, &[(0, 0)], &[on(0)]));
}

#[test]
fn two_lines_that_are_read_as_one_are_two_again() {
    expect_mosaic(|rig| {
        reads(rig, (2 * WIDTH, HEIGHT / 2), |x, y| sample(x / 2, 2 * y + x % 2));
        formats(rig, 2, &[(0, 0), (1, 0)], &[on(0), on(1)]);
    });
}

#[test]
fn a_line_that_is_read_from_both_ends_is_in_order_again() {
    expect_mosaic(|rig| {
        let place = |x| if x % 2 == 0 { x / 2 } else { WIDTH - 1 - x / 2 };
        reads(rig, (WIDTH, HEIGHT), |x, y| sample(place(x), y));
        formats(rig, 1, &[(0, 0), (0, WIDTH - 1)], &[on(0), back(1)]);
    });
}

#[test]
fn a_program_of_sixteen_entries_uses_both_of_its_words() {
    expect_mosaic(|rig| {
        // Four lines in turn, four pixels of each.
        reads(rig, (4 * WIDTH, HEIGHT / 4), |x, y| sample(x / 16 * 4 + x % 4, 4 * y + x / 4 % 4));
        let entries: Vec<u32> = (0..16).map(|entry| on(entry / 4)).collect();
        formats(rig, 4, &[(0, 0), (1, 0), (2, 0), (3, 0)], &entries);
    });
}

#[test]
fn lines_that_are_read_in_the_wrong_order_are_swapped() {
    expect_mosaic(|rig| {
        reads(rig, (WIDTH, HEIGHT), |x, y| sample(x, y ^ 1));
        rig.or(&ccdc::FMTCFG, ccdc::fmtcfg::FMTEN.mask() | ccdc::fmtcfg::LNALT.mask());
    });
}

#[test]
fn the_windows_cut_before_and_after_the_formatter() {
    expect_mosaic(|rig| {
        // Three columns and two lines of the sensor before the mosaic, four pixels after the program.
        let mosaic = |x: u32, y: u32| match (x.checked_sub(7), y.checked_sub(2)) {
            (Some(x), Some(y)) => sample(x, y),
            _ => 0x3FF,
        };
        reads(rig, (WIDTH + 16, HEIGHT + 2), mosaic);
        rig.set(&ccdc::FMT_HORZ, 3 << 16 | (WIDTH + 10));
        rig.set(&ccdc::FMT_VERT, 2 << 16 | HEIGHT);
        rig.or(&ccdc::VP_OUT, 4);
        formats(rig, 1, &[(0, 0)], &[on(0)]);
    });
}

#[test]
fn statistics_end_with_the_last_line_that_the_formatter_makes() {
    let done = |height: u32, control: u32| {
        let mut rig = behind_channel(statistics_tests::rig());
        reads(&mut rig, (WIDTH, height), sample);
        rig.set(&ccdc::FMT_VERT, 0x1FFF);
        rig.or(&ccdc::FMTCFG, control);
        enable(&rig);
        rig.lines(height - 1);
        assert!(rig.lines_of(irq::HIST_DONE.mask()).is_empty());
        rig.line();
        rig.lines_of(irq::HIST_DONE.mask()).len()
    };
    let on = ccdc::fmtcfg::FMTEN.mask();
    assert_eq!(done(60, on), 1);
    assert_eq!(done(60, on | ccdc::fmtcfg::LNALT.mask()), 1);
    assert_eq!(done(61, on | ccdc::fmtcfg::LNALT.mask()), 1, "a line without a partner");
}

#[test]
fn without_the_video_port_the_formatter_feeds_nobody() {
    let mut rig = behind_channel(statistics_tests::rig());
    formats(&rig, 1, &[(0, 0)], &[on(0)]);
    rig.shared.word(&ccdc::FMTCFG).fetch_and(!ccdc::fmtcfg::VPEN.mask(), SeqCst);
    enable(&rig);
    rig.frame();
    assert!(written(&rig).is_empty());
    assert!(rig.lines_of(irq::HIST_DONE.mask()).is_empty());
    assert!(!hist::pcr::BUSY.is_set(rig.get(&hist::PCR)));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    /// Whatever is written: the frame comes to its end, and nothing leaves the firewall's window.
    #[test]
    fn any_words_make_a_frame_that_ends(words in proptest::collection::vec(0_u32.., 24), cut: bool) {
        let mut rig = behind_channel(Rig::with_preview_to_memory());
        let mut words = words.into_iter();
        let mut any = |register: &Register| {
            for index in 0..usize::from(register.count) {
                let value = words.next().unwrap_or(0) & register.writable;
                rig.shared.element(register, index).store(value, SeqCst);
            }
        };
        [&ccdc::FMT_ADDR, &ccdc::PRGEVEN, &ccdc::PRGODD, &ccdc::FMTCFG].into_iter().for_each(&mut any);
        if cut {
            [&ccdc::FMT_HORZ, &ccdc::FMT_VERT, &ccdc::VP_OUT].into_iter().for_each(&mut any);
        }
        rig.or(&ccdc::FMTCFG, ccdc::fmtcfg::FMTEN.mask() | ccdc::fmtcfg::VPEN.mask());
        enable(&rig);
        rig.frame();
        proptest::prop_assert!(!ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR)));
        proptest::prop_assert_eq!(rig.get(&firewall::FAULT_COUNT), 0);
    }
}
