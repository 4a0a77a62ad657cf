//! YCbCr from the sensor to memory and to the resizer.

use super::camera_tests::{HEIGHT, OUT, RAW_STRIDE, Rig, WIDTH};
use super::from_memory_tests::{enable_resizer, resizer_rig};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{self, ctrl, irq};
use drv_isp_regs::sensor::{self, data_format, test_pattern};
use drv_isp_regs::{Register, ccdc, csi2a, firewall, preview, resizer};

const LITTLE_ENDIAN: u32 = 2;
const BIG_ENDIAN: u32 = 3;

/// Where a second picture is.
const OTHER: u32 = 0x8020_0000;

/// The colours of the diagonal gradient under a pixel: those of its cell of the mosaic, eight bits each.
fn colours(x: u32, y: u32) -> [f64; 3] {
    let code = |x, y| f64::from(((x + y) * 4096 / (WIDTH + HEIGHT)) >> 4);
    let (x, y) = (x & !1, y & !1);
    [code(x + 1, y), code(x, y), code(x, y + 1)]
}

/// ITU-R BT.601 with factors of 1/256.
fn converted(factors: [i32; 3], offset: f64, colours: [f64; 3]) -> u8 {
    let sum: f64 = (0..3).map(|n| f64::from(factors[n]) / 256.0 * colours[n]).sum();
    (sum + offset + 0.5).floor() as u8
}

/// Luma of a pixel, and Cb or Cr.
fn pixel(x: u32, y: u32) -> [u8; 2] {
    let chroma = if x.is_multiple_of(2) { [-38, -74, 112] } else { [112, -94, -18] };
    let colours = colours(x, y);
    [converted([66, 129, 25], 16.0, colours), converted(chroma, 128.0, colours)]
}

/// The bytes of these pixels of a line.
fn line(columns: core::ops::Range<u32>, y: u32, chroma_first: bool) -> Vec<u8> {
    let swapped =
        |[luma, chroma]: [u8; 2]| if chroma_first { [chroma, luma] } else { [luma, chroma] };
    columns.flat_map(|x| swapped(pixel(x, y))).collect()
}

/// The part with a colour processor sends the diagonal gradient in this order.
fn sending(rig: Rig, order: u16) -> Rig {
    rig.sensor(&sensor::CHIP_VERSION, sensor::CHIP_VERSION_YCBCR.into());
    rig.sensor(&sensor::TEST_PATTERN, test_pattern::ENABLE.of(1) | test_pattern::CONTROL.of(3));
    rig.sensor(&sensor::DATA_FORMAT, order.into());
    rig
}

fn take(rig: &Rig, bridge: u32, inpmod: u32) {
    rig.or(&main_block::CTRL, ctrl::PAR_BRIDGE.of(bridge));
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::INPMOD.of(inpmod));
}

fn expect_lines(rig: &Rig, line: impl Fn(u32) -> Vec<u8>) {
    for y in 0..HEIGHT {
        let found = rig.memory.0.get(&(OUT + y * RAW_STRIDE)).expect("a line");
        assert!(*found == line(y), "line {y}");
    }
}

#[test]
fn memory_gets_chroma_first_from_either_order_and_luma_first_if_bytes_are_swapped() {
    for (order, bridge) in [(data_format::YUYV8, LITTLE_ENDIAN), (data_format::UYVY8, BIG_ENDIAN)] {
        for swaps in [false, true] {
            let mut rig = sending(Rig::with_raw_output(), order);
            take(&rig, bridge, 1);
            rig.or(&ccdc::CFG, ccdc::cfg::BSWD.of(swaps.into()));
            rig.frame();
            expect_lines(&rig, |y| line(0..WIDTH, y, !swaps));
        }
    }
}

#[test]
fn the_bridge_of_the_other_order_makes_luma_of_chroma() {
    let mut rig = sending(Rig::with_raw_output(), data_format::YUYV8);
    take(&rig, BIG_ENDIAN, 1);
    rig.frame();
    expect_lines(&rig, |y| line(0..WIDTH, y, false));
}

#[test]
fn without_the_bridge_the_windows_count_clocks() {
    for (order, luma_second) in [(data_format::YUYV8, 0), (data_format::UYVY8, 1)] {
        let mut rig = sending(Rig::with_raw_output(), order);
        take(&rig, 0, 2);
        rig.or(&ccdc::CFG, ccdc::cfg::Y8POS.of(luma_second));
        rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::PACK8.mask());
        rig.set(&ccdc::HORZ_INFO, 64 << 16 | (2 * 80 - 1));
        rig.frame();
        expect_lines(&rig, |y| line(32..112, y, true));
        rig.shared.word(&ccdc::SYN_MODE).fetch_and(!ccdc::syn_mode::PACK8.mask(), SeqCst);
        rig.set(&ccdc::HORZ_INFO, 64 << 16 | (80 - 1));
        rig.frame();
        let spread = |bytes: Vec<u8>| bytes.into_iter().flat_map(|byte| [byte, 0]).collect();
        expect_lines(&rig, |y| spread(line(32..72, y, true)));
    }
}

#[test]
fn the_window_and_luma_s_black_are_those_of_the_registers() {
    let mut rig = sending(Rig::with_raw_output(), data_format::UYVY8);
    take(&rig, BIG_ENDIAN, 1);
    rig.set(&ccdc::HORZ_INFO, 6 << 16 | 99);
    rig.set(&ccdc::DCSUB, 30);
    rig.or(&ccdc::CFG, ccdc::cfg::MSBINVI.mask());
    rig.frame();
    expect_lines(&rig, |y| {
        let bytes = line(6..106, y, true);
        let changed = |(at, byte): (usize, u8)| {
            if at % 2 == 0 { byte ^ 0x80 } else { byte.saturating_sub(30) }
        };
        bytes.into_iter().enumerate().map(changed).collect()
    });
}

#[test]
fn a_part_without_a_colour_processor_sends_its_mosaic_whatever_it_is_told() {
    let picture = |format: u16| {
        let mut rig = sending(Rig::with_raw_output(), format);
        rig.sensor(&sensor::CHIP_VERSION, sensor::CHIP_VERSION_VALUE.into());
        rig.frame();
        rig.memory.0
    };
    assert!(picture(data_format::YUYV8) == picture(data_format::RAW10));
}

#[test]
fn the_receiver_takes_no_ycbcr_from_the_serial_line() {
    let mut rig = sending(super::receiver_tests::rig(), data_format::YUYV8);
    rig.frame();
    assert!(rig.memory.0.is_empty());
    let events = csi2a::ctx_irqstatus::FS.mask() | csi2a::ctx_irqstatus::FE.mask();
    assert_eq!(rig.get(&csi2a::CTX_IRQSTATUS) & events, events, "but sees the frame");
}

/// The CCDC feeds the resizer, 1:1 with taps that make something of what is around.
fn scaled(order: u16, bridge: u32, options: u32) -> Rig {
    let rig = sending(Rig::new(), order);
    take(&rig, bridge, 1);
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::SDR2RSZ.mask());
    rig.set(&ccdc::PCR, 1);
    set_resizer(&rig, options);
    rig.set(&resizer::SDR_OUTADD, OUT);
    rig.set(&resizer::SDR_OUTOFF, RAW_STRIDE);
    rig.set(&resizer::PCR, resizer::pcr::EN.mask() | resizer::pcr::ONESHOT.mask());
    rig.open_window(OUT, RAW_STRIDE * HEIGHT);
    rig
}

fn set_resizer(rig: &Rig, options: u32) {
    rig.set(&resizer::CNT, options | 363 | 330 << 10);
    rig.set(&resizer::IN_SIZE, 156 | 114 << 16);
    rig.set(&resizer::OUT_SIZE, 106 | 84 << 16);
    for index in 0..16 {
        let moved = 3 * index as u32;
        let word = (40 + moved) | (216 - moved) << 16;
        for filter in [&resizer::HFILT, &resizer::VFILT] {
            rig.shared.element(filter, index).store(word, SeqCst);
        }
    }
}

fn lines_from(rig: &Rig, start: u32) -> Vec<Vec<u8>> {
    rig.memory.0.range(start..start + 0x1_0000).map(|(_, line)| line.clone()).collect()
}

/// What the resizer makes of the same picture when it lies in memory, luma first.
fn from_memory() -> Vec<Vec<u8>> {
    let mut rig = resizer_rig();
    for y in 0..HEIGHT {
        rig.memory.0.insert(OTHER + y * RAW_STRIDE, line(0..WIDTH, y, false));
    }
    set_resizer(&rig, resizer::cnt::INPSRC.mask() | resizer::cnt::YCPOS.mask());
    enable_resizer(&rig);
    rig.lines(HEIGHT);
    let lines = lines_from(&rig, OUT);
    assert_eq!(lines.len(), 84);
    lines
}

#[test]
fn the_resizer_makes_of_the_ccdc_s_lines_what_it_makes_of_the_same_picture_in_memory() {
    let expected = from_memory();
    for (order, bridge) in [(data_format::YUYV8, LITTLE_ENDIAN), (data_format::UYVY8, BIG_ENDIAN)] {
        let mut rig = scaled(order, bridge, resizer::cnt::YCPOS.mask());
        rig.or(&ccdc::CFG, ccdc::cfg::BSWD.mask());
        rig.frame();
        assert!(lines_from(&rig, OUT) == expected);
        assert_eq!(rig.lines_of(irq::RSZ_DONE.mask()).len(), 1);
        assert_eq!(rig.get(&resizer::PCR), resizer::pcr::ONESHOT.mask(), "it was one frame");
    }
    // Chroma first all the way: the same picture, in the other order.
    let mut rig = scaled(data_format::UYVY8, BIG_ENDIAN, 0);
    rig.frame();
    let swap = |line: Vec<u8>| line.chunks(2).flat_map(|word| [word[1], word[0]]).collect();
    let swapped: Vec<Vec<u8>> = lines_from(&rig, OUT).into_iter().map(swap).collect();
    assert!(swapped == expected);
}

#[test]
fn the_resizer_takes_the_order_that_it_is_told() {
    let mut rig = scaled(data_format::YUYV8, LITTLE_ENDIAN, resizer::cnt::YCPOS.mask());
    rig.frame();
    assert!(lines_from(&rig, OUT) != from_memory(), "bytes were not swapped");
}

#[test]
fn memory_and_the_resizer_get_the_same_lines() {
    let mut rig = scaled(data_format::YUYV8, LITTLE_ENDIAN, resizer::cnt::YCPOS.mask());
    rig.or(&ccdc::CFG, ccdc::cfg::BSWD.mask());
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::WEN.mask());
    rig.set(&ccdc::SDR_ADDR, OTHER);
    let open = |register: &Register, value| rig.shared.element(register, 1).store(value, SeqCst);
    open(&firewall::WINDOW_BASE, OTHER);
    open(&firewall::WINDOW_BYTES, RAW_STRIDE * HEIGHT);
    open(&firewall::WINDOW_CONTROL, 5);
    rig.frame();
    assert!(lines_from(&rig, OUT) == from_memory());
    let whole: Vec<_> = (0..HEIGHT).map(|y| line(0..WIDTH, y, false)).collect();
    assert!(lines_from(&rig, OTHER) == whole);
}

#[test]
fn the_ccdc_wins_if_the_preview_feeds_the_resizer_too() {
    let mut rig = scaled(data_format::YUYV8, LITTLE_ENDIAN, resizer::cnt::YCPOS.mask());
    rig.or(&ccdc::CFG, ccdc::cfg::BSWD.mask());
    rig.set(&ccdc::FMTCFG, ccdc::fmtcfg::VPEN.mask() | ccdc::fmtcfg::VPIN.of(6));
    rig.set(&ccdc::FMT_HORZ, WIDTH);
    rig.set(&ccdc::FMT_VERT, HEIGHT);
    rig.set(&ccdc::VP_OUT, WIDTH << 4 | (HEIGHT - 1) << 17);
    rig.set(&preview::HORZ_INFO, WIDTH - 1);
    rig.set(&preview::VERT_INFO, HEIGHT - 2);
    rig.set(&preview::PCR, preview::pcr::EN.mask() | preview::pcr::RSZPORT.mask());
    rig.frame();
    assert_eq!(rig.lines_of(irq::PRV_DONE.mask()).len(), 1, "the preview had a frame");
    assert!(lines_from(&rig, OUT) == from_memory());
}

#[test]
fn a_frame_without_an_enabled_resizer_goes_nowhere() {
    let mut rig = scaled(data_format::YUYV8, LITTLE_ENDIAN, 0);
    rig.set(&resizer::PCR, 0);
    rig.frame();
    assert!(rig.memory.0.is_empty() && rig.lines_of(irq::RSZ_DONE.mask()).is_empty());
    rig.set(&resizer::PCR, resizer::pcr::EN.mask());
    rig.or(&resizer::CNT, resizer::cnt::INPSRC.mask());
    rig.frame();
    assert!(rig.memory.0.is_empty(), "it reads from memory, if at all");
}
