//! The video port, from register words to pictures.

use super::camera_tests::{HEIGHT, OUT, RAW_STRIDE, Rig, WIDTH};
use super::formatter_tests::{formats, on, reads};
use super::memory_channel_tests::{behind_channel, enable, sample, written};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::{ccdc, preview};

#[test]
fn a_window_of_the_port_is_the_same_window_of_the_preview() {
    let cut = |port: [u32; 3], preview_window: [u32; 2]| {
        let mut rig = behind_channel(Rig::with_preview_to_memory());
        rig.set(&ccdc::FMT_HORZ, port[0]);
        rig.set(&ccdc::FMT_VERT, port[1]);
        rig.set(&ccdc::VP_OUT, port[2]);
        rig.set(&preview::HORZ_INFO, preview_window[0]);
        rig.set(&preview::VERT_INFO, preview_window[1]);
        enable(&rig);
        rig.frame();
        let lines = written(&rig);
        assert!(lines.len() > 90 && lines[50].1 != lines[51].1);
        lines
    };
    let whole = [WIDTH, HEIGHT, WIDTH << 4 | (HEIGHT - 1) << 17];
    let expected = cut(whole, [7 << 16 | 130, 3 << 16 | 100]);
    let [columns, lines] = [7 << 16 | 124, 3 << 16 | 98];
    let preview_window = [123, 97];
    assert_eq!(cut([columns, lines, whole[2]], preview_window), expected);
    // Of the port's columns the last ones do not leave it.
    let inner = [columns - (3 << 16) + 8, lines, 3 | 124 << 4 | 98 << 17];
    assert_eq!(cut(inner, preview_window), expected);
}

/// The video port to memory, all of what the channel reads.
fn port_to_memory() -> Rig {
    let rig = behind_channel(Rig::with_raw_output());
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::VP2SDR.mask());
    rig.set(&ccdc::FMTCFG, ccdc::fmtcfg::VPEN.mask() | ccdc::fmtcfg::VPIN.of(6));
    rig.set(&ccdc::FMT_HORZ, WIDTH);
    rig.set(&ccdc::FMT_VERT, HEIGHT + 1);
    rig.set(&ccdc::VP_OUT, WIDTH << 4 | HEIGHT << 17);
    rig
}

/// Bytes of each line that a frame writes, from the first one.
fn lines(mut rig: Rig) -> Vec<Vec<u8>> {
    enable(&rig);
    rig.frame();
    assert!(!ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR)));
    let lines = written(&rig).into_iter().enumerate();
    let at = |index: usize| OUT + index as u32 * RAW_STRIDE;
    lines.map(|(index, (address, line))| (address == at(index)).then_some(line).unwrap()).collect()
}

/// This part of the mosaic, in two bytes a sample.
fn mosaic(columns: core::ops::Range<u32>, rows: core::ops::Range<u32>) -> Vec<Vec<u8>> {
    let bytes = |y| columns.clone().flat_map(move |x| sample(x, y).to_le_bytes()).collect();
    rows.map(bytes).collect()
}

#[test]
fn what_leaves_the_port_is_in_memory_in_place_of_the_raw_lines() {
    let rig = port_to_memory();
    rig.set(&ccdc::VP_OUT, 2 | 100 << 4 | 50 << 17);
    assert_eq!(lines(rig), mosaic(2..102, 0..50));
    let raw = port_to_memory();
    raw.set(&ccdc::VP_OUT, 2 | 100 << 4 | 50 << 17);
    raw.shared.word(&ccdc::SYN_MODE).fetch_and(!ccdc::syn_mode::VP2SDR.mask(), SeqCst);
    assert_eq!(lines(raw), mosaic(0..WIDTH, 0..HEIGHT));
}

#[test]
fn memory_gets_the_lines_that_the_formatter_makes() {
    let mut rig = port_to_memory();
    reads(&mut rig, (2 * WIDTH, HEIGHT / 2), |x, y| sample(x / 2, 2 * y + x % 2));
    formats(&rig, 2, &[(0, 0), (1, 0)], &[on(0), on(1)]);
    assert_eq!(lines(rig), mosaic(0..WIDTH, 0..HEIGHT));
    let mut swapped = port_to_memory();
    reads(&mut swapped, (WIDTH, HEIGHT), |x, y| sample(x, y ^ 1));
    swapped.or(&ccdc::FMTCFG, ccdc::fmtcfg::FMTEN.mask() | ccdc::fmtcfg::LNALT.mask());
    assert_eq!(lines(swapped), mosaic(0..WIDTH, 0..HEIGHT));
}

#[test]
fn the_memory_path_works_on_the_lines_of_the_port() {
    let rig = port_to_memory();
    // The port leaves two columns and three lines away, the memory's window four and five more.
    rig.set(&ccdc::FMT_VERT, 3 << 16 | 100);
    rig.set(&ccdc::VP_OUT, 2 | 120 << 4 | 99 << 17);
    rig.set(&ccdc::HORZ_INFO, 4 << 16 | 63);
    rig.set(&ccdc::VERT_START, 5 << 16);
    rig.set(&ccdc::VERT_LINES, 39);
    assert_eq!(lines(rig), mosaic(6..70, 8..48));
    let packed = port_to_memory();
    packed.or(&ccdc::SYN_MODE, ccdc::syn_mode::PACK8.mask());
    packed.set(&ccdc::CULLING, 0x5555_0055);
    let every_second = |y| (0..WIDTH).step_by(2).map(|x| sample(x, y) as u8).collect();
    assert_eq!(lines(packed), (0..HEIGHT).step_by(2).map(every_second).collect::<Vec<Vec<u8>>>());
}

#[test]
fn the_port_has_ten_bits_in_memory_too() {
    let rig = port_to_memory();
    let mode = rig.get(&ccdc::SYN_MODE);
    rig.set(&ccdc::SYN_MODE, ccdc::syn_mode::DATSIZ.put(mode, 4));
    rig.set(&ccdc::FMTCFG, ccdc::fmtcfg::VPEN.mask() | ccdc::fmtcfg::VPIN.of(4));
    let upper = |y| (0..WIDTH).flat_map(|x| (sample(x, y) >> 2).to_le_bytes()).collect();
    assert_eq!(lines(rig), (0..HEIGHT).map(upper).collect::<Vec<Vec<u8>>>());
}

#[test]
fn a_port_that_is_off_leaves_memory_alone() {
    let rig = port_to_memory();
    rig.shared.word(&ccdc::FMTCFG).fetch_and(!ccdc::fmtcfg::VPEN.mask(), SeqCst);
    assert!(lines(rig).is_empty());
}
