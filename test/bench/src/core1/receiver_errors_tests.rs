//! CSI2a when bits are wrong on the serial line: what is found, what is lost, and what nobody knows of.

use super::camera_tests::{BLANK, HEIGHT, OUT, Rig};
use super::receiver_tests::{context_events, frame_at, parallel, rig, serial_ccdc};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::csi2a::{self, ctrl, ctx_ctrl1, ctx_irqstatus, format, irqstatus};
use drv_isp_regs::main_block::irq;
use drv_isp_regs::sensor::data_format;

/// The line with the wrong bits.
const BAD: u32 = 40;

fn checking(rig: Rig) -> Rig {
    rig.or(&csi2a::CTRL, ctrl::ECC_EN.mask());
    rig.or(&csi2a::CTX_CTRL1, ctx_ctrl1::CS_EN.mask());
    rig
}

fn receiver_events(rig: &Rig) -> u32 {
    rig.shared.word(&csi2a::IRQSTATUS).swap(0, SeqCst) & !irqstatus::CONTEXT0.mask()
}

/// Frame 0 without line BAD: those behind it have moved up.
fn without_the_line() -> Vec<Vec<u8>> {
    let mut lines = parallel(0);
    lines.remove(BAD as usize);
    lines
}

#[test]
fn a_wrong_bit_of_a_payload_gets_to_memory_and_the_check_sum_says_so() {
    for checks in [true, false] {
        let mut rig = if checks { checking(rig()) } else { rig() };
        rig.shared.mischief.csi2_crc.set(BAD, 1);
        rig.frame();
        let (right, got) = (parallel(0), frame_at(&rig, OUT));
        let wrong: Vec<_> = (0..HEIGHT as usize).filter(|y| right[*y] != got[*y]).collect();
        assert_eq!(wrong, [BAD as usize]);
        let events = context_events(&rig);
        assert_eq!(ctx_irqstatus::CS.is_set(events), checks);
        assert!(ctx_irqstatus::LINE_NUMBER.is_set(events), "all lines came");
        assert_eq!(receiver_events(&rig), 0);
        rig.frame();
        assert!(!ctx_irqstatus::CS.is_set(context_events(&rig)), "it was one frame");
    }
}

#[test]
fn a_wrong_bit_of_a_header_is_corrected_or_costs_the_line() {
    let mut corrected = checking(rig());
    corrected.shared.mischief.csi2_ecc_1bit.set(BAD, 1);
    corrected.frame();
    assert_eq!(frame_at(&corrected, OUT), parallel(0));
    assert!(ctx_irqstatus::ECC_CORRECTION.is_set(context_events(&corrected)));
    assert_eq!(receiver_events(&corrected), irqstatus::ECC_CORRECTION.mask());

    let mut believed = rig();
    believed.shared.mischief.csi2_ecc_1bit.set(BAD, 1);
    believed.frame();
    assert_eq!(frame_at(&believed, OUT), without_the_line());
    let events = context_events(&believed);
    assert!(!ctx_irqstatus::ECC_CORRECTION.is_set(events));
    assert!(!ctx_irqstatus::LINE_NUMBER.is_set(events), "a line is missing");
    assert_eq!(receiver_events(&believed), 0);
}

#[test]
fn a_header_that_cannot_be_corrected_costs_the_line() {
    let mut rig = checking(rig());
    rig.shared.mischief.csi2_ecc_2bit.set(BAD, 1);
    rig.set(&csi2a::IRQENABLE, irqstatus::ECC_NO_CORRECTION.mask());
    rig.frame();
    assert_eq!(frame_at(&rig, OUT), without_the_line());
    assert!(!ctx_irqstatus::LINE_NUMBER.is_set(context_events(&rig)));
    assert_eq!(receiver_events(&rig), irqstatus::ECC_NO_CORRECTION.mask());
    assert_eq!(rig.lines_of(irq::CSIA.mask()), [(1, BAD)]);
    rig.memory.0.clear();
    rig.lines(HEIGHT + BLANK);
    assert_eq!(receiver_events(&rig), 0, "it was one frame");
}

#[test]
fn a_line_that_is_lost_is_none_for_the_ccdc_either() {
    let mut rig = checking(serial_ccdc(data_format::RAW10, format::RAW10_EXP16_VP));
    rig.shared.mischief.csi2_ecc_2bit.set(BAD, 1);
    rig.frame();
    assert_eq!(frame_at(&rig, OUT), without_the_line());
    // VD0 counts the lines that the CCDC hears.
    assert_eq!(rig.lines_of(irq::CCDC_VD0.mask()), [(1, HEIGHT - 1)]);
    let mut damaged = checking(serial_ccdc(data_format::RAW10, format::RAW10_EXP16_VP));
    damaged.shared.mischief.csi2_crc.set(BAD, 1);
    damaged.frame();
    assert_ne!(frame_at(&damaged, OUT)[BAD as usize], parallel(0)[BAD as usize]);
}
