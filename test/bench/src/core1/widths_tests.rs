//! Samples of twelve, ten and eight bits, from the sensor to memory and to the preview.

use super::camera_tests::{HEIGHT, OUT, RAW_STRIDE, Rig, WIDTH};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{self, ctrl};
use drv_isp_regs::sensor::{self, data_format, test_pattern};
use drv_isp_regs::{ccdc, csi2a, preview};

/// Sample of the diagonal gradient, of the converter's twelve bits.
fn gradient(x: u32, y: u32) -> u16 {
    ((x + y) * 4096 / (WIDTH + HEIGHT)) as u16
}

fn showing(rig: Rig, sent: u16) -> Rig {
    rig.sensor(&sensor::TEST_PATTERN, test_pattern::ENABLE.of(1) | test_pattern::CONTROL.of(3));
    rig.sensor(&sensor::DATA_FORMAT, sent.into());
    rig
}

/// Width of the CCDC's input.
fn set_size(rig: &Rig, datsiz: u32, shift: u32) {
    let mode = rig.get(&ccdc::SYN_MODE);
    rig.set(&ccdc::SYN_MODE, ccdc::syn_mode::DATSIZ.put(mode, datsiz));
    rig.or(&main_block::CTRL, ctrl::SHIFT.of(shift));
}

/// Checks each line of the frame at `OUT`.
fn expect_lines(rig: &Rig, line: impl Fn(u32) -> Vec<u8>) {
    for y in 0..HEIGHT {
        let found = rig.memory.0.get(&(OUT + y * RAW_STRIDE)).expect("a line");
        assert_eq!(*found, line(y), "line {y}");
    }
}

/// What is in memory of codes of twelve bits after this many bits were dropped: two bytes each.
fn pairs(dropped: u32) -> impl Fn(u32) -> Vec<u8> {
    move |y| (0..WIDTH).flat_map(|x| (gradient(x, y) >> dropped).to_le_bytes()).collect()
}

#[test]
fn the_ccdc_takes_what_is_sent_or_its_upper_bits() {
    // Sent, DATSIZ, lane shift / 2, bits dropped of twelve.
    for (sent, datsiz, shift, dropped) in [
        (data_format::RAW12, 4, 0, 0),
        (data_format::RAW12, 6, 1, 2),
        (data_format::RAW12, 7, 2, 4),
        (data_format::RAW10, 6, 0, 2),
        (data_format::RAW10, 7, 1, 4),
        (data_format::RAW8, 7, 0, 4),
    ] {
        let mut rig = showing(Rig::with_raw_output(), sent);
        set_size(&rig, datsiz, shift);
        rig.frame();
        expect_lines(&rig, pairs(dropped));
        rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::PACK8.of(u32::from(datsiz == 7)));
        rig.frame();
        if datsiz == 7 {
            expect_lines(&rig, |y| (0..WIDTH).map(|x| (gradient(x, y) >> dropped) as u8).collect());
        }
    }
}

#[test]
fn a_sample_that_is_too_wide_for_the_ccdc_is_its_largest() {
    let mut rig = showing(Rig::with_raw_output(), data_format::RAW12);
    rig.frame();
    let clipped = |x, y| gradient(x, y).min(1023).to_le_bytes();
    expect_lines(&rig, |y| (0..WIDTH).flat_map(|x| clipped(x, y)).collect());
}

#[test]
fn corrections_have_the_range_of_the_samples() {
    let mut rig = showing(Rig::with_raw_output(), data_format::RAW12);
    set_size(&rig, 4, 0);
    rig.set(&ccdc::DCSUB, 168);
    let up = ccdc::blkcmp::R.of(127) | ccdc::blkcmp::B.of(127);
    rig.set(&ccdc::BLKCMP, up | ccdc::blkcmp::GR.of(127) | ccdc::blkcmp::GB.of(127));
    rig.set(&ccdc::COLPTN, 0xbb11_bb11);
    rig.frame();
    let corrected = |x, y| (i32::from(gradient(x, y)) - 168 + 127).clamp(0, 4095) as u16;
    expect_lines(&rig, |y| (0..WIDTH).flat_map(|x| corrected(x, y).to_le_bytes()).collect());
}

#[test]
fn the_video_port_has_the_upper_ten_bits_so_that_the_picture_is_the_same() {
    let picture = |sent, datsiz, shift, vpin, black| {
        let mut rig = showing(Rig::with_preview_to_memory(), sent);
        set_size(&rig, datsiz, shift);
        let format = rig.get(&ccdc::FMTCFG);
        rig.set(&ccdc::FMTCFG, ccdc::fmtcfg::VPIN.put(format, vpin));
        rig.set(&ccdc::DCSUB, black);
        for (index, word) in [0x100, 0, 0x100, 0, 0x100].into_iter().enumerate() {
            rig.shared.element(&preview::RGB_MAT, index).store(word, SeqCst);
        }
        rig.shared.element(&preview::CSC, 0).store(preview::csc::G.of(0x100), SeqCst);
        rig.frame();
        let lines: Vec<Vec<u8>> = rig.memory.0.into_values().collect();
        assert!(
            lines.len() as u32 > HEIGHT / 2 && lines[90].iter().any(|byte| *byte != lines[0][0])
        );
        lines
    };
    let ten = picture(data_format::RAW10, 6, 0, 6, 42);
    assert!(picture(data_format::RAW12, 4, 0, 4, 168) == ten);
    assert!(picture(data_format::RAW12, 6, 1, 6, 42) == ten);
    assert!(picture(data_format::RAW12, 4, 0, 6, 168) != ten, "the lower ten");
}

#[test]
fn the_receiver_stores_twelve_bits_and_feeds_the_ccdc() {
    use csi2a::{complexio_cfg1, ctx_ctrl1, ctx_ctrl2, format};
    let receiving = |rig: Rig, format: u32| {
        let rig = showing(rig, data_format::RAW12);
        let lanes = complexio_cfg1::CLOCK_POSITION.of(1) | complexio_cfg1::DATA1_POSITION.of(2);
        rig.set(&csi2a::COMPLEXIO_CFG1, lanes | complexio_cfg1::PWR_STATUS.of(csi2a::POWER_ON));
        rig.set(&csi2a::CTRL, csi2a::ctrl::IF_EN.mask());
        rig.set(&csi2a::CTX_CTRL2, ctx_ctrl2::FORMAT.of(format));
        rig.set(&csi2a::CTX_DAT_OFST, RAW_STRIDE);
        rig.set(&csi2a::CTX_DAT_PING_ADDR, OUT);
        rig.set(&csi2a::CTX_CTRL1, ctx_ctrl1::CTX_EN.mask());
        rig.open_window(OUT, RAW_STRIDE * HEIGHT);
        rig
    };
    let mut rig = receiving(Rig::new(), format::RAW12_EXP16);
    rig.frame();
    expect_lines(&rig, pairs(0));
    let mut rig = receiving(Rig::new(), format::RAW12);
    rig.frame();
    expect_lines(&rig, |y| {
        let pack = |x: u32| {
            let [first, second] = [x, x + 1].map(|x| gradient(x, y));
            [(first >> 4) as u8, (second >> 4) as u8, (first & 15 | (second & 15) << 4) as u8]
        };
        (0..WIDTH).step_by(2).flat_map(pack).collect()
    });
    let mut rig = receiving(Rig::new(), format::RAW10_EXP16);
    rig.frame();
    assert!(rig.memory.0.is_empty(), "RAW10 is not sent");
    for (datsiz, shift, dropped) in [(4, 0, 0), (6, 1, 2)] {
        let mut rig = receiving(Rig::with_raw_output(), format::RAW12_VP);
        rig.or(&main_block::CTRL, ctrl::PAR_SER_CLK_SEL.of(1));
        rig.set(&csi2a::CTRL, csi2a::ctrl::IF_EN.mask() | csi2a::ctrl::VP_ONLY_EN.mask());
        set_size(&rig, datsiz, shift);
        rig.frame();
        expect_lines(&rig, pairs(dropped));
    }
}
