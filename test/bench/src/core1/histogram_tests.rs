//! The histogram of a picture in memory: what is counted, what the firewall says, and that the sensor's
//! frames go on beside it.

use super::camera_tests::{HEIGHT, OUT, Rig, WIDTH};
use super::memory_channel_tests::{IN, behind_channel, enable as enable_channel, sample};
use super::statistics_tests;
use super::*;
use crate::regs::firewall::Engine;
use crate::regs::memory_frames::OF_HISTOGRAM;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{ctrl, irq};
use drv_isp_regs::{Block, ccdc, firewall, hist, main_block, sensor};
use std::collections::BTreeMap;

const STRIDE: u32 = 320;

/// What core 0 does when EN is written with memory as the source.
fn enable(rig: &Rig) {
    let given = &rig.shared.memory_frames[OF_HISTOGRAM];
    given.epoch.store(rig.shared.epoch(), SeqCst);
    given.input.store(rig.get(&hist::RADD), SeqCst);
    given.input_offset.store(rig.get(&hist::RADD_OFF), SeqCst);
    rig.set(&hist::PCR, hist::pcr::BUSY.mask());
    given.pending.store(1, SeqCst);
}

/// A picture of these bytes in memory, of one or two bytes a pixel, and a sensor that does not send.
fn rig(pixel_bytes: u32, byte: impl Fn(u32, u32) -> u8) -> Rig {
    let mut rig = Rig::new();
    rig.sensor(&sensor::OUTPUT_CONTROL, 0);
    rig.or(&main_block::CTRL, ctrl::HIST_CLK_EN.mask() | ctrl::SBL_RD_RAM_EN.mask());
    for y in 0..HEIGHT {
        let line = (0..pixel_bytes * WIDTH).map(|x| byte(x, y)).collect();
        rig.memory.0.insert(IN + y * STRIDE, line);
    }
    for (register, value) in [
        (&firewall::WINDOW_BASE, IN),
        (&firewall::WINDOW_BYTES, STRIDE * HEIGHT),
        (&firewall::WINDOW_CONTROL, 3),
    ] {
        rig.shared.element(register, 1).store(value, SeqCst);
    }
    rig.set(&hist::RADD, IN);
    rig.set(&hist::RADD_OFF, STRIDE);
    rig.set(&hist::H_V_INFO, hist::h_v_info::HSIZE.of(WIDTH) | hist::h_v_info::VSIZE.of(HEIGHT));
    rig.set(
        &hist::CNT,
        hist::cnt::SOURCE.mask() | hist::cnt::DATSIZ.of(u32::from(pixel_bytes == 1)),
    );
    rig.set(&hist::WB_GAIN, 0x2020_2020);
    // The whole picture, in 32 bins.
    rig.shared.element(&hist::REGION, 0).store(WIDTH - 1, SeqCst);
    rig.shared.element(&hist::REGION, 1).store(HEIGHT - 1, SeqCst);
    rig
}

/// Entries that are not zero: place in the memory -> count.
fn counts(rig: &Rig) -> BTreeMap<usize, u32> {
    let entries = rig.shared.histogram.iter().map(|entry| entry.load(SeqCst)).enumerate();
    entries.filter(|(_, count)| *count != 0).collect()
}

/// Entries of a picture from the definition: 32 bins after a shift, gains of one.
fn expected(shift: u32, code: impl Fn(u32, u32) -> u32) -> BTreeMap<usize, u32> {
    let mut entries = BTreeMap::new();
    for (x, y) in (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y))) {
        let bin = (f64::from(code(x, y)) / f64::from(1 << shift)).floor().min(31.0) as usize;
        *entries.entry((2 * (y % 2) + x % 2) as usize * 32 + bin).or_default() += 1;
    }
    entries
}

fn noise(x: u32, y: u32) -> u8 {
    ((x * 7919 + y * 104_729) ^ (x * y * 31)) as u8
}

#[test]
fn each_pixel_of_two_bytes_counts_with_its_fourteen_bits() {
    let mut rig = rig(2, noise);
    rig.or(&hist::CNT, hist::cnt::SHIFT.of(7));
    enable(&rig);
    rig.lines(HEIGHT - 1);
    assert!(rig.lines_of(irq::HIST_DONE.mask()).is_empty());
    assert_eq!(rig.shared.progress.active.load(SeqCst), 1 << Block::Hist as u32);
    assert_eq!(rig.shared.progress.from_memory.load(SeqCst), 1 << Engine::Histogram as u32);
    rig.line();
    let code = |x, y| (u32::from(noise(2 * x + 1, y)) << 8 | u32::from(noise(2 * x, y))) & 0x3FFF;
    assert_eq!(counts(&rig), expected(7, code));
    assert_eq!(rig.lines_of(irq::HIST_DONE.mask()).len(), 1);
    assert_eq!((rig.get(&hist::PCR), rig.line()), (0, Turn::Idle));
    let progress = &rig.shared.progress;
    let left = [&progress.active, &progress.from_memory, &progress.outstanding];
    assert_eq!(left.map(|word| word.load(SeqCst)), [0; 3]);
}

#[test]
fn pixels_of_a_byte_lie_side_by_side() {
    let mut rig = rig(1, noise);
    rig.or(&hist::CNT, hist::cnt::SHIFT.of(3));
    enable(&rig);
    rig.lines(HEIGHT);
    assert_eq!(counts(&rig), expected(3, |x, y| noise(x, y).into()));
}

#[test]
fn a_picture_in_memory_counts_as_the_same_picture_of_the_video_port() {
    let counted_live = {
        let mut rig = behind_channel(statistics_tests::rig());
        enable_channel(&rig);
        rig.frame();
        counts(&rig)
    };
    assert!(counted_live.len() > 100);
    let mut rig = rig(2, |x, y| sample(x / 2, y).to_le_bytes()[x as usize % 2]);
    // The region and the bins of that rig.
    rig.or(&hist::CNT, hist::cnt::BINS.of(3) | hist::cnt::SHIFT.of(2));
    rig.shared.element(&hist::REGION, 1).store(10 << 16 | 19, SeqCst);
    enable(&rig);
    rig.lines(HEIGHT);
    assert_eq!(counts(&rig), counted_live);
}

#[test]
fn a_read_outside_of_its_window_is_stopped_and_said_and_counts_as_black() {
    let mut rig = rig(2, |_, _| 0x1F);
    enable(&rig);
    rig.lines(20);
    rig.shared.element(&firewall::WINDOW_CONTROL, 1).store(5, SeqCst);
    rig.lines(HEIGHT);
    assert_eq!(rig.get(&firewall::FAULT_STATUS), 1);
    assert_eq!(rig.get(&firewall::FAULT_ADDRESS), IN + 20 * STRIDE);
    let info = rig.get(&firewall::FAULT_INFO);
    assert_eq!(firewall::fault_info::ENGINE.get(info), Engine::Histogram as u32);
    assert!(!firewall::fault_info::WRITE.is_set(info));
    assert_eq!(rig.shared.progress.dma_refused.load(SeqCst), HEIGHT - 20);
    assert!(rig.lines_of(irq::MMU_ERR.mask()).len() > 1);
    assert_eq!(rig.lines_of(irq::HIST_DONE.mask()).len(), 1);
    let cell = WIDTH / 2;
    let all = [0, 32, 64, 96].map(|place| [(place, 50 * cell), (place + 31, 10 * cell)]);
    assert_eq!(counts(&rig), all.into_iter().flatten().collect());
}

#[test]
fn the_sensors_frames_go_on_and_are_not_counted() {
    let mut rig = rig(2, |_, _| 0);
    rig.sensor(&sensor::OUTPUT_CONTROL, sensor::output_control::CHIP_ENABLE.mask());
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::WEN.mask());
    rig.set(&ccdc::FMTCFG, ccdc::fmtcfg::VPEN.mask() | ccdc::fmtcfg::VPIN.of(6));
    rig.set(&ccdc::FMT_HORZ, WIDTH);
    rig.set(&ccdc::FMT_VERT, HEIGHT);
    rig.set(&ccdc::VP_OUT, WIDTH << 4 | (HEIGHT - 1) << 17);
    rig.set(&ccdc::PCR, 1);
    rig.open_window(OUT, STRIDE * HEIGHT);
    rig.set(&hist::PCR, hist::pcr::EN.mask());
    rig.frame();
    assert!(counts(&rig).is_empty(), "its source is memory, and nobody started it");
    rig.lines(60);
    enable(&rig);
    rig.frame();
    let all = WIDTH * HEIGHT;
    assert_eq!(counts(&rig).values().sum::<u32>(), all);
    assert_eq!(counts(&rig)[&0], all / 4, "the picture is black, the sensor's is not");
    assert_eq!(rig.memory.0.range(..IN).count(), HEIGHT as usize);
    assert_eq!(rig.lines_of(irq::HIST_DONE.mask()), [(3, 33)], "120 lines after line 59");
}

#[test]
fn a_reset_gives_the_picture_up_and_a_stuck_block_never_says_done() {
    let mut rig = rig(2, noise);
    enable(&rig);
    rig.lines(5);
    rig.shared.new_epoch(|| (), |shared| shared.set(&hist::PCR, 0));
    assert_eq!(rig.line(), Turn::Idle);
    assert!(counts(&rig).is_empty() && rig.lines_of(irq::HIST_DONE.mask()).is_empty());
    rig.shared.mischief.stuck.store(1 << Block::Hist as u32, SeqCst);
    enable(&rig);
    rig.lines(HEIGHT);
    assert!(hist::pcr::BUSY.is_set(rig.get(&hist::PCR)));
    assert!(rig.lines_of(irq::HIST_DONE.mask()).is_empty());
}

/// The same with memory for lines of any length.
fn wide_rig() -> Rig {
    let mut rig = rig(2, noise);
    rig.memory.0 = BTreeMap::from([(IN, (0..0x1_0000).map(|x| noise(x, 3)).collect())]);
    rig.shared.element(&firewall::WINDOW_BYTES, 1).store(0x1_0000, SeqCst);
    rig
}

#[test]
fn a_picture_of_any_size_ends_after_its_lines() {
    for (width, height, lines) in [(0, 0, 1), (WIDTH, 0, 1), (0, 7, 7), (1, 1, 1), (0x3FFF, 3, 3)] {
        let mut rig = wide_rig();
        let size = hist::h_v_info::HSIZE.of(width) | hist::h_v_info::VSIZE.of(height);
        rig.set(&hist::H_V_INFO, size);
        enable(&rig);
        rig.lines(lines - 1);
        assert!(rig.lines_of(irq::HIST_DONE.mask()).is_empty(), "{width} {height}");
        rig.line();
        assert_eq!(rig.lines_of(irq::HIST_DONE.mask()).len(), 1, "{width} {height}");
        assert_eq!(rig.get(&firewall::FAULT_COUNT), 0, "{width} {height}");
    }
}

#[test]
fn words_of_any_kind_count_a_picture_that_ends() {
    let mut state = 7_u32;
    let mut any = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state ^ state >> 15
    };
    for _ in 0..50 {
        let mut rig = wide_rig();
        for register in [&hist::CNT, &hist::WB_GAIN, &hist::REGION, &hist::H_V_INFO] {
            for index in 0..usize::from(register.count) {
                rig.shared.element(register, index).store(any() & register.writable, SeqCst);
            }
        }
        let lines = hist::h_v_info::VSIZE.of(HEIGHT);
        rig.set(&hist::H_V_INFO, rig.get(&hist::H_V_INFO) & 0x3FFF_0000 | lines);
        enable(&rig);
        rig.lines(HEIGHT);
        assert_eq!(rig.lines_of(irq::HIST_DONE.mask()).len(), 1);
    }
}
