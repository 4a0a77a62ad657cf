//! The CCDC's tables and its memory path, from register words to bytes in memory.

use super::camera_tests::{HEIGHT, OUT, Rig, WIDTH};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{self, ctrl, irq};
use drv_isp_regs::{Register, ccdc, firewall};

const TABLE: u32 = 0x8020_0000;
/// Level of the test pattern.
const LEVEL: u16 = 0x100;

/// Raw output, and a table that the camera may read.
fn rig(table: &[u32]) -> Rig {
    let mut rig = Rig::with_raw_output();
    rig.or(&main_block::CTRL, ctrl::SBL_RD_RAM_EN.mask());
    let bytes = table.iter().flat_map(|word| word.to_le_bytes()).collect();
    rig.memory.0.insert(TABLE, bytes);
    let window = |register: &Register, value| {
        rig.shared.element(register, 1).store(value, SeqCst);
    };
    window(&firewall::WINDOW_BASE, TABLE);
    window(&firewall::WINDOW_BYTES, 0x1_0000);
    window(&firewall::WINDOW_CONTROL, 3);
    rig
}

/// Pixels of row `row`.
fn row(rig: &Rig, row: u32) -> Vec<u16> {
    let line = &rig.memory.0[&(OUT + row * 320)];
    line.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
}

#[test]
fn lens_shading_grows_along_the_map() {
    // Points every 16 pixels and lines, U8Q6: 1.0 on the left, 1/16 more per point.
    let points = (0..11).map(|column| 0x0404_0404 * (16 + column)).collect::<Vec<u32>>();
    let mut rig = rig(&points.repeat(10));
    rig.set(&ccdc::LSC_CONFIG, 1 | 4 << 1 | 4 << 8 | 4 << 12);
    rig.set(&ccdc::LSC_TABLE_BASE, TABLE);
    rig.set(&ccdc::LSC_TABLE_OFFSET, 44);
    rig.line();
    assert!(ccdc::lsc_config::BUSY.is_set(rig.get(&ccdc::LSC_CONFIG)));
    rig.frame();
    for y in [0, 55, 119] {
        for (x, got) in row(&rig, y).into_iter().enumerate() {
            let exact = f64::from(LEVEL) * (1.0 + x as f64 / 256.0);
            assert!((f64::from(got) - exact).abs() <= 0.5, "({x}, {y}) {got}");
        }
    }
    assert_eq!(rig.lines_of(irq::LSC_DONE.mask()), [(1, HEIGHT - 1)]);
    assert!(rig.lines_of(irq::LSC_PREF_ERR.mask()).is_empty());
}

#[test]
fn a_map_that_does_not_come_is_reported_and_the_frame_goes_on() {
    let mut rig = rig(&[]);
    rig.set(&ccdc::LSC_CONFIG, 1 | 4 << 8 | 4 << 12);
    rig.set(&ccdc::LSC_TABLE_BASE, 0x8030_0000);
    rig.frame();
    assert_eq!(rig.lines_of(irq::LSC_PREF_ERR.mask()), [(1, 0)]);
    assert!(rig.lines_of(irq::LSC_DONE.mask()).is_empty());
    assert_eq!(row(&rig, 60), [LEVEL; WIDTH as usize]);
    assert_eq!(rig.get(&firewall::FAULT_ADDRESS), 0x8030_0000);
}

/// A table of faults, one each line, in column `y`; a gradient shows which neighbour was taken.
#[test]
fn each_fault_of_a_long_table_is_corrected_in_its_line() {
    let faults: Vec<u32> = (2..100).map(|y| y << 19 | y << 5 | (y % 3 + 1)).collect();
    let mut padded = faults.clone();
    padded.resize(112, 0);
    let mut rig = rig(&padded);
    rig.sensor(&drv_isp_regs::sensor::TEST_PATTERN, 1 | 1 << 3);
    let clean = {
        rig.frame();
        row(&rig, 50)
    };
    rig.set(&ccdc::FPC_ADDR, TABLE);
    rig.set(&ccdc::FPC, faults.len() as u32 | ccdc::fpc::FPCEN.mask());
    rig.frame();
    for y in 0..HEIGHT {
        let mut expected = clean.clone();
        let x = y as usize;
        if (2..100).contains(&y) {
            let (left, right) = (clean[x - 2], clean[x + 2]);
            expected[x] = match y % 3 + 1 {
                1 => left,
                2 => right,
                _ => (left + right).div_ceil(2),
            };
        }
        assert_eq!(row(&rig, y), expected, "line {y}");
    }
    assert!(rig.lines_of(irq::CCDC_ERR.mask()).is_empty());
}

#[test]
fn a_table_of_faults_that_does_not_come_sets_its_error_until_it_is_cleared() {
    let mut rig = rig(&[]);
    rig.set(&ccdc::FPC_ADDR, 0x8030_0000);
    rig.set(&ccdc::FPC, 5 | ccdc::fpc::FPCEN.mask());
    rig.lines(20);
    assert!(ccdc::fpc::FPERR.is_set(rig.get(&ccdc::FPC)));
    assert_eq!(rig.lines_of(irq::CCDC_ERR.mask()), [(1, 0)]);
    rig.lines(HEIGHT);
    assert!(ccdc::fpc::FPERR.is_set(rig.get(&ccdc::FPC)), "a driver may look at the frame's end");
}

#[test]
fn optical_black_takes_the_measured_level_after_its_first_lines() {
    let mut rig = rig(&[]);
    // 8 pixels from 20, 4 lines, gain 1/2.
    rig.set(&ccdc::CLAMP, 1 << 31 | 3 << 28 | 2 << 25 | 20 << 10 | 8);
    rig.frame();
    assert_eq!(row(&rig, 3), [LEVEL; WIDTH as usize]);
    assert_eq!(row(&rig, 4), [LEVEL / 2; WIDTH as usize]);
    rig.frame();
    assert_eq!(row(&rig, 0), [LEVEL; WIDTH as usize], "each frame starts anew");
}

#[test]
fn culled_lines_take_no_room_and_packed_pixels_half() {
    let mut rig = rig(&[]);
    rig.set(&ccdc::CULLING, 0x0f << 24 | 0x0f << 16 | 0x33);
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::PACK8.mask());
    rig.set(&ccdc::ALAW, 6 | ccdc::alaw::CCDTBL.mask());
    rig.frame();
    let lines: Vec<_> = rig.memory.0.range(OUT..TABLE).collect();
    assert_eq!(lines.len(), HEIGHT as usize / 2);
    for (index, (address, line)) in lines.into_iter().enumerate() {
        assert_eq!(*address, OUT + 320 * index as u32);
        let code = crate::pixels::alaw::COMPRESS[usize::from(LEVEL)];
        assert_eq!(*line, vec![code; WIDTH as usize / 2]);
    }
}
