//! Statistics over whole frames: where they land, when they are done, what stops them.

use super::camera_tests::{BLANK, HEIGHT, OUT, Rig, WIDTH};
use crate::regs::firewall::Engine;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{self, ctrl, irq};
use drv_isp_regs::{Block, ccdc, firewall, h3a, hist, sbl};

/// Level of the test pattern: 0x400 of 12 bits.
const LEVEL: u32 = 0x100;
const AEWB_OUT: u32 = OUT + 0x8000;
const FOCUS_OUT: u32 = OUT + 0xC000;

/// Video port on, preview off, all three engines on.
pub(super) fn rig() -> Rig {
    let rig = Rig::new();
    rig.set(&ccdc::FMTCFG, ccdc::fmtcfg::VPEN.mask() | ccdc::fmtcfg::VPIN.of(6));
    rig.set(&ccdc::FMT_HORZ, WIDTH);
    rig.set(&ccdc::FMT_VERT, HEIGHT);
    rig.set(&ccdc::VP_OUT, WIDTH << 4 | (HEIGHT - 1) << 17);
    rig.set(&ccdc::PCR, 1);
    rig.or(&main_block::CTRL, ctrl::H3A_CLK_EN.mask() | ctrl::HIST_CLK_EN.mask());
    // 4 x 3 windows of 32 x 24 from (8, 16), every fourth block; black line 0.
    rig.set(&h3a::AEWWIN1, 3 | 2 << 6 | 15 << 13 | 11 << 24);
    rig.set(&h3a::AEWINSTART, 8 | 16 << 16);
    rig.set(&h3a::AEWSUBWIN, 3 | 3 << 8);
    rig.set(&h3a::AEWBUFST, AEWB_OUT);
    // 2 x 2 paxels of 32 x 24 from (16, 16), with a filter that passes everything.
    rig.set(&h3a::AFPAX1, 15 << 16 | 11);
    rig.set(&h3a::AFPAX2, 1 | 1 << 6);
    rig.set(&h3a::AFPAXSTART, 16 << 16 | 16);
    rig.set(&h3a::AFBUFST, FOCUS_OUT);
    for first in [&h3a::AFCOEF0, &h3a::AFCOEF1] {
        for (index, word) in [64, 64 << 16, 0, 0, 64, 0].into_iter().enumerate() {
            rig.shared.element(first, index).store(word, SeqCst);
        }
    }
    let limit = h3a::pcr::AVE2LMT.of(LEVEL + 1);
    rig.set(&h3a::PCR, h3a::pcr::AEW_EN.mask() | h3a::pcr::AF_EN.mask() | limit);
    // One region, 256 bins of four codes.
    rig.set(&hist::CNT, hist::cnt::BINS.of(3) | hist::cnt::SHIFT.of(2));
    rig.set(&hist::WB_GAIN, 0x2020_2020);
    rig.shared.element(&hist::REGION, 0).store(WIDTH - 1, SeqCst);
    rig.shared.element(&hist::REGION, 1).store(10 << 16 | 19, SeqCst);
    rig.set(&hist::PCR, 1);
    rig.open_window(OUT, 0x1_0000);
    rig
}

/// All bytes from this address on, as little-endian words.
fn words(rig: &Rig, from: u32, to: u32) -> Vec<u16> {
    let bytes: Vec<u8> = rig.memory.0.range(from..to).flat_map(|(_, line)| line.clone()).collect();
    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
}

#[test]
fn each_engine_is_done_once_a_frame_after_its_last_line() {
    let mut rig = rig();
    rig.frame();
    // The grid ends at line 16 + 3 * 24, the paxels at 16 + 2 * 24, the histogram with the port.
    assert_eq!(rig.lines_of(irq::H3A_AWB_DONE.mask()), [(1, 87)]);
    assert_eq!(rig.lines_of(irq::H3A_AF_DONE.mask()), [(1, 63)]);
    assert_eq!(rig.lines_of(irq::HIST_DONE.mask()), [(1, HEIGHT - 2)]);
    rig.frame();
    assert_eq!(rig.lines_of(irq::H3A_AWB_DONE.mask()), [(1, 87), (2, 87)]);
}

#[test]
fn sums_of_a_flat_picture_land_at_the_buffer() {
    let mut rig = rig();
    rig.frame();
    let words = words(&rig, AEWB_OUT, FOCUS_OUT);
    // 16 windows with a packet of counts after each eight.
    assert_eq!(words.len(), 8 * 18);
    // 4 x 3 blocks in a window, 4 x 1 in a black one (2 lines).
    assert_eq!(words[..8], [4 * LEVEL as u16; 8]);
    assert_eq!(words[8 * 4..8 * 5], [12 * LEVEL as u16; 8]);
    assert_eq!(words[8 * 8..8 * 9], [4, 4, 4, 4, 12, 12, 12, 12]);
    let focus = self::words(&rig, FOCUS_OUT, FOCUS_OUT + 0x1000);
    // 16 cells x 12 lines of a paxel, two greens in each.
    assert_eq!(focus.len(), 4 * 24);
    assert_eq!(u32::from(focus[0]) | u32::from(focus[1]) << 16, 16 * 12 * 2 * LEVEL);
}

#[test]
fn the_histogram_adds_to_its_memory() {
    let mut rig = rig();
    for frames in 1..=2 {
        rig.frame();
        let entry =
            |place: usize| rig.shared.histogram[place * 256 + LEVEL as usize / 4].load(SeqCst);
        assert_eq!([0, 1, 2, 3].map(entry), [frames * WIDTH * 10 / 4; 4]);
    }
}

#[test]
fn an_engine_is_busy_while_its_windows_come_and_rests_when_disabled() {
    let mut rig = rig();
    let busy = |rig: &Rig| h3a::pcr::BUSYAEAWB.is_set(rig.get(&h3a::PCR));
    rig.lines(20);
    assert!(busy(&rig) && hist::pcr::BUSY.is_set(rig.get(&hist::PCR)));
    rig.set(&h3a::PCR, rig.get(&h3a::PCR) & !h3a::pcr::AEW_EN.mask());
    rig.lines(80);
    assert!(!busy(&rig));
    rig.frame();
    assert_eq!(rig.lines_of(irq::H3A_AWB_DONE.mask()).len(), 1, "the second frame is without");
    assert_eq!(rig.lines_of(irq::HIST_DONE.mask()).len(), 1);
}

#[test]
fn windows_beyond_the_frame_end_with_it() {
    let mut rig = rig();
    rig.set(&h3a::AEWINSTART, 8 | 90 << 16);
    rig.frame();
    assert_eq!(rig.lines_of(irq::H3A_AWB_DONE.mask()), [(1, HEIGHT - 2)]);
    assert_eq!(words(&rig, AEWB_OUT, FOCUS_OUT).len(), 8 * 18);
}

#[test]
fn without_its_clock_or_the_video_port_nothing_is_counted() {
    for (register, keep) in [(&main_block::CTRL, !ctrl::H3A_CLK_EN.mask()), (&ccdc::FMTCFG, 0)] {
        let mut rig = rig();
        rig.set(register, rig.get(register) & keep);
        rig.frame();
        assert!(rig.lines_of(irq::H3A_AWB_DONE.mask()).is_empty());
        assert!(rig.memory.0.is_empty());
    }
}

#[test]
fn the_firewall_stops_statistics_and_names_the_engine() {
    let mut rig = rig();
    rig.set(&firewall::WINDOW_CONTROL, 0);
    rig.open_window(FOCUS_OUT, 0x1000);
    rig.frame();
    assert!(rig.memory.0.range(..FOCUS_OUT).next().is_none() && !rig.memory.0.is_empty());
    let engine = firewall::fault_info::ENGINE.get(rig.get(&firewall::FAULT_INFO));
    assert_eq!((engine, rig.get(&firewall::FAULT_ADDRESS)), (Engine::Aewb as u32, AEWB_OUT));
}

/// Addresses of what AEWB wrote to its buffer, from this frame on its own.
fn aewb_frame(rig: &mut Rig) -> (Option<u32>, usize) {
    rig.memory.0.clear();
    rig.frame();
    let first = rig.memory.0.range(AEWB_OUT..FOCUS_OUT).next().map(|(address, _)| *address);
    (first, words(rig, AEWB_OUT, FOCUS_OUT).len() * 2)
}

#[test]
fn after_an_overflow_h3a_goes_on_where_it_stopped() {
    let mut rig = rig();
    let (first, whole) = aewb_frame(&mut rig);
    assert_eq!(first, Some(AEWB_OUT));
    // Lost from line 50 on; the flag is taken back between the frames.
    rig.memory.0.clear();
    rig.lines(50);
    rig.set(&sbl::PCR, sbl::pcr::H3A_AEAWB_WBL_OVF.mask());
    rig.lines(HEIGHT + BLANK - 50);
    let written = words(&rig, AEWB_OUT, FOCUS_OUT).len() * 2;
    assert!(0 < written && written < whole, "{written} of {whole}");
    assert_eq!(rig.lines_of(irq::H3A_AWB_DONE.mask()).len(), 2, "it is done nevertheless");
    rig.set(&sbl::PCR, 0);
    let focus_writes = words(&rig, FOCUS_OUT, FOCUS_OUT + 0x1000).len();
    assert_eq!(focus_writes, 4 * 24, "the other engine has its own buffer");
    assert_eq!(aewb_frame(&mut rig), (Some(AEWB_OUT + written as u32), whole));
    assert_eq!(aewb_frame(&mut rig), (Some(AEWB_OUT), whole), "once");
}

#[test]
fn a_reset_forgets_where_h3a_stopped() {
    let mut rig = rig();
    rig.lines(50);
    rig.set(&sbl::PCR, sbl::pcr::H3A_AEAWB_WBL_OVF.mask());
    rig.lines(HEIGHT + BLANK - 50);
    rig.shared.new_epoch(|| (), |shared| shared.set(&sbl::PCR, 0));
    rig.shared.new_epoch(|| (), |_| ());
    rig.frame();
    assert_eq!(aewb_frame(&mut rig).0, Some(AEWB_OUT));
}

#[test]
fn a_stuck_block_stays_busy_and_a_reset_ends_it() {
    let mut rig = rig();
    rig.shared.mischief.stuck.store(1 << Block::H3a as u32, SeqCst);
    rig.frame();
    assert!(h3a::pcr::BUSYAEAWB.is_set(rig.get(&h3a::PCR)));
    assert!(rig.lines_of(irq::H3A_AWB_DONE.mask()).is_empty());
    rig.lines(30);
    rig.memory.0.clear();
    rig.shared.new_epoch(|| (), |shared| shared.set(&h3a::PCR, 0));
    rig.frame();
    assert!(rig.memory.0.is_empty());
}
