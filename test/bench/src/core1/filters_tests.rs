//! The preview's filters, from register words to bytes in memory.

use super::camera_tests::{HEIGHT, OUT, Rig, WIDTH};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{self, ctrl};
use drv_isp_regs::{firewall, preview, preview::pcr};

const DARK: u32 = 0x8020_0000;

/// Preview to memory with the luma of BT.601.
fn neutral() -> Rig {
    let rig = Rig::with_preview_to_memory();
    rig.set(&preview::CSC, 66 | 129 << 10 | 25 << 20);
    rig
}

/// Bytes of line `row` of the picture.
fn line(rig: &Rig, row: u32) -> &[u8] {
    &rig.memory.0[&(OUT + row * 320)]
}

#[test]
fn every_filter_takes_its_margin() {
    let cases = [(pcr::HMEDEN, 8, 4), (pcr::NFEN, 8, 8), (pcr::DCOREN, 8, 8), (pcr::SUPEN, 6, 4)];
    for (field, columns, rows) in cases {
        let mut rig = Rig::with_preview_to_memory();
        rig.or(&preview::PCR, field.mask());
        rig.frame();
        let count = rig.memory.0.len() as u32;
        assert_eq!((line(&rig, 0).len() as u32, count), (2 * (WIDTH - columns), HEIGHT - 1 - rows));
    }
}

#[test]
fn a_dark_frame_is_read_and_subtracted() {
    let mut rig = neutral();
    rig.frame();
    // Byte 1 is luma: the order is UYVY at reset.
    let plain = line(&rig, 10)[1];
    let mut rig = neutral();
    rig.or(&preview::PCR, pcr::DRKFEN.mask());
    rig.or(&main_block::CTRL, ctrl::SBL_RD_RAM_EN.mask());
    rig.set(&preview::DSDR_ADDR, DARK);
    rig.set(&preview::DRKF_OFFSET, 160);
    rig.memory.0.insert(DARK, vec![40; 160 * 119]);
    let window = |register: &drv_isp_regs::Register, value| {
        rig.shared.element(register, 1).store(value, SeqCst);
    };
    window(&firewall::WINDOW_BASE, DARK);
    window(&firewall::WINDOW_BYTES, 0x8000);
    window(&firewall::WINDOW_CONTROL, 3);
    rig.frame();
    // 40 of 1023 are 10 of 255, in the luma matrix's range of 220 / 256.
    let difference = plain - line(&rig, 10)[1];
    assert!((8..=9).contains(&difference), "{difference}");
    assert!(!pcr::DRK_FAIL.is_set(rig.get(&preview::PCR)));
}

#[test]
fn a_dark_frame_that_does_not_come_is_reported() {
    let mut rig = neutral();
    rig.frame();
    let plain = line(&rig, 10).to_vec();
    let mut rig = neutral();
    rig.or(&preview::PCR, pcr::DRKFEN.mask());
    rig.or(&main_block::CTRL, ctrl::SBL_RD_RAM_EN.mask());
    rig.set(&preview::DSDR_ADDR, DARK);
    rig.frame();
    assert!(pcr::DRK_FAIL.is_set(rig.get(&preview::PCR)));
    assert_eq!(line(&rig, 10), plain);
    assert_eq!(rig.get(&firewall::FAULT_ADDRESS), DARK);
    assert!(!firewall::fault_info::WRITE.is_set(rig.get(&firewall::FAULT_INFO)));
}

#[test]
fn what_is_writable_while_busy_takes_effect_in_the_middle_of_a_frame() {
    let taken = |change: Option<(&drv_isp_regs::Register, u32)>| {
        let mut rig = neutral();
        rig.lines(60);
        if let Some((register, value)) = change {
            rig.set(register, value);
        }
        rig.frame();
        rig.memory.0
    };
    let before = taken(None);
    for (register, value) in [
        (&preview::CNT_BRT, 0x1064),
        (&preview::SETUP_YC, 0x8080_4040),
        (&preview::WB_DGAIN, 0x3FF),
        (&preview::WBGAIN, 0xFFFF_FFFF),
    ] {
        let after = taken(Some((register, value)));
        let differ: Vec<_> = before.keys().map(|line| before[line] != after[line]).collect();
        assert_eq!(differ.len(), 115);
        // The interpolation looks two lines ahead: the line in work is the 56th of the output.
        let first = differ.iter().position(|differs| *differs).expect("the lower part differs");
        assert!((54..=60).contains(&first), "{}: line {first}", register.name);
        assert!(differ[first + 4..].iter().all(|differs| *differs), "{}", register.name);
    }
}
