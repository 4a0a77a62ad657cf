//! Pictures that go wrong, each in its own way, and only for the frames that were asked for.

use super::camera_tests::{BLANK, HEIGHT, OUT, RAW_STRIDE, Rig};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::irq;
use drv_isp_regs::{ccdc, firewall, preview, sbl, sensor};

const LAST: u32 = OUT + (HEIGHT - 1) * RAW_STRIDE;
const PREVIEW_LINES: u32 = HEIGHT - 5;

/// Lines of a frame that reached memory.
fn lines_of_next_frame(rig: &mut Rig) -> usize {
    rig.memory.0.clear();
    rig.frame();
    rig.memory.0.len()
}

#[test]
fn a_short_picture_lacks_its_last_lines_and_says_nothing() {
    let mut rig = Rig::with_raw_output();
    rig.shared.mischief.short.set(3, 1);
    assert_eq!(lines_of_next_frame(&mut rig), HEIGHT as usize - 3);
    assert!(!rig.memory.0.contains_key(&LAST));
    assert_eq!(rig.lines_of(irq::CCDC_VD0.mask()), [(1, HEIGHT - 2)]);
    assert_eq!((rig.get(&sbl::PCR), rig.get(&firewall::FAULT_COUNT)), (0, 0));
    assert_eq!(lines_of_next_frame(&mut rig), HEIGHT as usize);
}

#[test]
fn a_long_picture_writes_behind_its_buffer_and_the_firewall_says_so() {
    let mut rig = Rig::with_raw_output();
    rig.shared.mischief.long.set(3, 1);
    assert_eq!(lines_of_next_frame(&mut rig), HEIGHT as usize);
    assert_eq!(rig.get(&firewall::FAULT_ADDRESS), LAST + RAW_STRIDE);
    assert_eq!(rig.get(&firewall::FAULT_COUNT), 3);
    assert_eq!(rig.lines_of(irq::MMU_ERR.mask()), [(1, HEIGHT - 1)]);
    assert_eq!(lines_of_next_frame(&mut rig), HEIGHT as usize);
    assert_eq!(rig.get(&firewall::FAULT_COUNT), 3);
}

#[test]
fn a_stale_picture_goes_where_the_one_before_went() {
    const NEXT: u32 = OUT + 0x1_0000;
    let mut rig = Rig::with_raw_output();
    rig.frame();
    rig.set(&ccdc::SDR_ADDR, NEXT);
    rig.shared.mischief.stale.set(0, 1);
    assert_eq!(lines_of_next_frame(&mut rig), HEIGHT as usize);
    assert!(rig.memory.0.contains_key(&OUT));
    // The window of the former buffer is shut, and the next one's is open.
    rig.set(&firewall::WINDOW_CONTROL, 0);
    rig.open_window(NEXT, RAW_STRIDE * HEIGHT);
    assert_eq!(lines_of_next_frame(&mut rig), HEIGHT as usize);
    rig.set(&ccdc::SDR_ADDR, OUT);
    rig.set(&firewall::WINDOW_CONTROL, 0);
    rig.open_window(OUT, RAW_STRIDE * HEIGHT);
    rig.shared.mischief.stale.set(0, 1);
    assert_eq!(lines_of_next_frame(&mut rig), 0);
    assert_eq!(rig.get(&firewall::FAULT_ADDRESS), NEXT);
}

#[test]
fn a_torn_picture_loses_lines_in_the_write_buffer_which_says_so() {
    let mut rig = Rig::with_raw_output();
    rig.shared.mischief.torn.set(50, 1);
    assert_eq!(lines_of_next_frame(&mut rig), 50);
    assert_eq!(rig.get(&sbl::PCR), sbl::pcr::CCDC_WBL_OVF.mask());
    assert_eq!(rig.lines_of(irq::OVF.mask()).first(), Some(&(1, 50)));
    assert_eq!(lines_of_next_frame(&mut rig), HEIGHT as usize);
}

#[test]
fn late_lines_are_outstanding_until_they_are_written() {
    let mut rig = Rig::with_raw_output();
    rig.shared.mischief.late.set(5, 1);
    rig.lines(HEIGHT);
    assert_eq!(rig.memory.0.len(), HEIGHT as usize - 5);
    assert_ne!(rig.shared.progress.outstanding.load(SeqCst), 0);
    assert!(sbl::ccdc_wr::DATA_READY.is_set(rig.get(&sbl::CCDC_WR)));
    assert!(!ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR)), "the events come in time");
    rig.lines(BLANK);
    assert_eq!(rig.memory.0.len(), HEIGHT as usize);
    assert!(rig.memory.0.contains_key(&LAST));
    assert_eq!(rig.shared.progress.outstanding.load(SeqCst), 0);
    assert!(!sbl::ccdc_wr::DATA_READY.is_set(rig.get(&sbl::CCDC_WR)));
}

#[test]
fn late_lines_meet_a_window_that_is_shut() {
    let mut rig = Rig::with_raw_output();
    rig.shared.mischief.late.set(4, 1);
    rig.lines(HEIGHT);
    rig.set(&firewall::WINDOW_CONTROL, 0);
    rig.lines(BLANK);
    assert_eq!(rig.get(&firewall::FAULT_COUNT), 4);
    assert_eq!(rig.memory.0.len(), HEIGHT as usize - 4);
}

#[test]
fn late_lines_come_also_after_the_sensor_stopped() {
    let mut rig = Rig::with_raw_output();
    rig.shared.mischief.late.set(8, 1);
    rig.sensor(&sensor::VERTICAL_BLANK, 1);
    rig.lines(HEIGHT);
    rig.sensor(&sensor::OUTPUT_CONTROL, 0);
    rig.lines(20);
    assert_eq!(rig.memory.0.len(), HEIGHT as usize);
}

#[test]
fn a_truncated_frame_ends_early_and_the_next_one_follows_at_once() {
    let mut rig = Rig::with_raw_output();
    rig.shared.mischief.truncated.set(40, 1);
    rig.lines(40);
    assert_eq!(rig.memory.0.len(), 40);
    assert!(ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR)));
    assert_eq!(lines_of_next_frame(&mut rig), HEIGHT as usize);
    assert_eq!(rig.lines_of(irq::HS_VS.mask()), [(1, 0), (2, 0)]);
    assert_eq!(rig.lines_of(irq::CCDC_VD0.mask()), [(2, HEIGHT - 2)]);
}

#[test]
fn a_block_that_waits_for_lines_takes_those_of_the_next_frame() {
    let mut rig = Rig::with_preview_to_memory();
    rig.shared.mischief.truncated.set(60, 1);
    rig.lines(60);
    let before = rig.memory.0.len();
    assert!(preview::pcr::BUSY.is_set(rig.get(&preview::PCR)));
    // The driver has told the next address already; it holds from the next picture on.
    rig.set(&preview::WSDR_ADDR, OUT + 0x10_0000);
    rig.or(&preview::PCR, preview::pcr::EN.mask());
    rig.frame();
    let done = rig.lines_of(irq::PRV_DONE.mask());
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!((done[0].0, rig.memory.0.len()), (2, PREVIEW_LINES as usize));
    assert!(done[0].1 + (before as u32) < HEIGHT, "it ends in mid-frame: {done:?}");
    assert!(preview::pcr::EN.is_set(rig.get(&preview::PCR)), "still to be taken");
    rig.frame();
    assert_eq!(rig.get(&firewall::FAULT_ADDRESS), OUT + 0x10_0000);
}

#[test]
fn a_reset_ends_the_waiting_for_lines() {
    let mut rig = Rig::with_preview_to_memory();
    rig.shared.mischief.truncated.set(60, 1);
    rig.lines(60);
    let control = rig.get(&preview::PCR) & !preview::pcr::BUSY.mask();
    rig.set(&preview::PCR, control | preview::pcr::EN.mask());
    rig.memory.0.clear();
    rig.frame();
    assert_eq!(rig.memory.0.len(), PREVIEW_LINES as usize);
    assert_eq!(rig.memory.0.keys().next(), Some(&OUT));
}
