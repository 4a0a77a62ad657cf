//! The whole register contract, row by row: each register obeys its class. Nothing here knows a
//! register by name but for the few whose writes have effects that hide the class.

use super::hardware_tests::{Hw, power_up, request, with, with_defaults};
use super::memory_frames::{OF_PREVIEW, OF_RESIZER};
use super::*;
use crate::log::Verdict;
use crate::params::{Flags, Parameters};
use crate::shared::Shared;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::{
    ALL, Access, Block, Field, Register, WINDOW_BYTES, ccdc, ccp2, csi2a, h3a, hist, lookup,
    main_block, prcm, preview, resizer, sensor_bus,
};

/// Blocks whose rows are plain storage but for their class.
const STORAGE: [Block; 10] = [
    Block::Main,
    Block::Ccdc,
    Block::Hist,
    Block::H3a,
    Block::Preview,
    Block::Resizer,
    Block::Sbl,
    Block::Csi2a,
    Block::Ccp2,
    Block::SensorBus,
];

/// Each element of each row of these blocks.
fn elements(blocks: &[Block]) -> impl Iterator<Item = (&'static Register, u32)> {
    let rows = blocks.iter().flat_map(|block| ALL[*block as usize]);
    rows.flat_map(|row| {
        (0..u32::from(row.count))
            .map(move |index| (row, row.window_offset() + index * u32::from(row.stride_bytes)))
    })
}

fn read(hw: &mut Hw<'_>, offset: u32) -> Result<u32, Verdict> {
    hw.access(request(offset, Kind::Read))
}

fn write(hw: &mut Hw<'_>, offset: u32, value: u32) -> Result<u32, Verdict> {
    hw.access(request(offset, Kind::Write(value)))
}

/// The control register and BUSY bit of a block that locks registers.
fn busy(block: Block) -> Option<(&'static Register, Field)> {
    Some(match block {
        Block::Ccdc => (&ccdc::PCR, ccdc::pcr::BUSY),
        Block::Preview => (&preview::PCR, preview::pcr::BUSY),
        Block::Resizer => (&resizer::PCR, resizer::pcr::BUSY),
        Block::Hist => (&hist::PCR, hist::pcr::BUSY),
        _ => return None,
    })
}

/// Bits whose writing does more than store: resets, power, locks, and what begins a frame from memory.
fn acting(register: &Register) -> u32 {
    match *register {
        main_block::SYSCONFIG => main_block::sysconfig::SOFTRESET.mask(),
        csi2a::SYSCONFIG => csi2a::sysconfig::SOFT_RESET.mask(),
        csi2a::COMPLEXIO_CFG1 => {
            csi2a::complexio_cfg1::PWR_CMD.mask() | csi2a::complexio_cfg1::RESET_CTRL.mask()
        }
        // The count has a lock, and the context locks its other control word.
        csi2a::CTX_CTRL1 => {
            let count = csi2a::ctx_ctrl1::COUNT.mask() | csi2a::ctx_ctrl1::COUNT_UNLOCK.mask();
            count | csi2a::ctx_ctrl1::CTX_EN.mask()
        }
        ccp2::SYSCONFIG => ccp2::sysconfig::SOFT_RESET.mask(),
        preview::PCR => preview::pcr::EN.mask(),
        resizer::PCR => resizer::pcr::EN.mask(),
        _ => 0,
    }
}

#[test]
fn every_register_has_its_reset_value_after_power_on_and_after_a_reset() {
    with_defaults(|hw, shared| {
        power_up(hw);
        for again in [false, true] {
            for (row, offset) in elements(&STORAGE) {
                let is_used = *row == main_block::TCTRL_CTRL && !again;
                if !is_used {
                    assert_eq!(read(hw, offset), Ok(row.reset), "{} {again}", row.name);
                }
            }
            for (row, offset) in elements(&STORAGE) {
                shared.word_at(offset).store(!row.reset, SeqCst);
            }
            let resets = prcm::RESET_CONTROL.window_offset();
            write(hw, resets, 7).and_then(|_| write(hw, resets, 0)).expect("it answers");
        }
    });
}

#[test]
fn stored_bits_are_those_that_the_row_says() {
    with_defaults(|hw, shared| {
        power_up(hw);
        for (row, offset) in elements(&STORAGE) {
            let stores = match row.access {
                Access::ReadOnly => 0,
                Access::Mixed { clear, .. } => row.writable & !clear,
                Access::ReadWrite
                | Access::Shadowed
                | Access::BusyLocked
                | Access::Control { .. }
                | Access::TableAddress => row.writable,
                Access::WriteOneToClear | Access::Command | Access::TableData => continue,
            };
            let act = acting(row);
            for pattern in [!0, 0x5555_5555, 0xAAAA_AAAA, 0] {
                let word = shared.word_at(offset);
                let before = word.load(SeqCst);
                write(hw, offset, pattern & !act).expect("it answers");
                let expected = before & !stores | pattern & !act & stores;
                assert_eq!(read(hw, offset), Ok(expected), "{} {pattern:#x}", row.name);
            }
            shared.word_at(offset).store(row.reset, SeqCst);
        }
    });
}

#[test]
fn ones_clear_exactly_the_bits_of_a_status_register_and_reading_clears_none() {
    with_defaults(|hw, shared| {
        power_up(hw);
        let mut rows = 0;
        for (row, offset) in elements(&STORAGE) {
            let clears = match row.access {
                Access::WriteOneToClear => row.writable,
                Access::Mixed { clear, .. } => clear,
                _ => continue,
            };
            rows += 1;
            for pattern in [0, 0x5555_5555, 0xAAAA_AAAA, !0] {
                shared.word_at(offset).store(clears, SeqCst);
                assert_eq!(read(hw, offset), Ok(clears), "{}", row.name);
                assert_eq!(read(hw, offset), Ok(clears), "{}: a read clears nothing", row.name);
                write(hw, offset, pattern & clears).expect("it answers");
                assert_eq!(read(hw, offset), Ok(clears & !pattern), "{} {pattern:#x}", row.name);
            }
            shared.word_at(offset).store(0, SeqCst);
        }
        assert!(rows > 10, "{rows} rows");
    });
}

#[test]
fn while_a_block_is_busy_locked_writes_are_dropped_and_logged_and_others_are_not() {
    with_defaults(|hw, shared| {
        power_up(hw);
        let (mut dropped, mut kept) = (0, 0);
        for (row, offset) in elements(&STORAGE) {
            let Some((control, field)) = busy(row.block) else { continue };
            let locked = match row.access {
                Access::BusyLocked | Access::TableAddress | Access::TableData => row.writable,
                Access::Control { shadowed } => row.writable & !shadowed,
                _ => 0,
            };
            let (word, act) = (shared.word_at(offset), acting(row));
            shared.set(control, field.mask());
            let before = word.load(SeqCst);
            let value = !before & !act;
            let access = hw.access(request(offset, Kind::Write(value)));
            assert!(access.is_ok(), "{}: a dropped write is no fault", row.name);
            let verdict = hw.last_verdict();
            if row.access == Access::ReadOnly {
                assert_eq!(word.load(SeqCst), before, "{}", row.name);
            } else if locked == 0 {
                assert_eq!((word.load(SeqCst) ^ before) & !row.writable, 0, "{}", row.name);
                assert_eq!(verdict, Some(Verdict::Ok), "{}", row.name);
                kept += 1;
            } else {
                assert_eq!((word.load(SeqCst) ^ before) & locked, 0, "{}: dropped", row.name);
                assert_eq!(verdict, Some(Verdict::BusyDropped), "{}", row.name);
                dropped += 1;
            }
            shared.set(control, 0);
            word.store(row.reset, SeqCst);
        }
        assert!(dropped > 60 && kept > 20, "{dropped} dropped, {kept} kept");
    });
}

#[test]
fn a_word_that_is_not_locked_is_taken_and_read_back_at_once_while_its_block_is_busy() {
    with_defaults(|hw, shared| {
        power_up(hw);
        let mut taken = 0;
        for (row, offset) in elements(&STORAGE) {
            let free = match row.access {
                Access::Shadowed | Access::ReadWrite => row.writable,
                Access::Control { shadowed } => shadowed,
                Access::Mixed { clear, .. } => row.writable & !clear,
                _ => continue,
            };
            let (word, act) = (shared.word_at(offset), acting(row));
            let (busy_word, busy_bits) = match busy(row.block) {
                Some((control, field)) => (shared.word(control), field.mask()),
                None if row.block == Block::H3a => {
                    (shared.word(&h3a::PCR), h3a::pcr::BUSYAF.mask() | h3a::pcr::BUSYAEAWB.mask())
                }
                None => continue,
            };
            busy_word.fetch_or(busy_bits, SeqCst);
            for pattern in [!0, 0x5555_5555, 0xAAAA_AAAA, 0] {
                let value = pattern & !act;
                let expected = word.load(SeqCst) & !free | value & free;
                write(hw, offset, value).expect("it answers");
                let read = read(hw, offset).expect("it answers");
                assert_eq!(read & free, expected & free, "{} {pattern:#x}", row.name);
            }
            busy_word.fetch_and(!busy_bits, SeqCst);
            word.store(row.reset, SeqCst);
            taken += 1;
        }
        assert!(taken > 80, "{taken} words");
    });
}

/// The words that a frame from memory takes at its start are those of its rows at that moment, and stay.
#[test]
fn what_a_frame_from_memory_takes_at_its_start_does_not_follow_its_rows() {
    let clocks = main_block::ctrl::PREV_CLK_EN.mask() | main_block::ctrl::RSZ_CLK_EN.mask();
    let source = preview::pcr::SOURCE.mask() | preview::pcr::EN.mask();
    let given = |shared: &Shared, place: usize| {
        let frame = &shared.memory_frames[place];
        [&frame.input, &frame.input_offset, &frame.output, &frame.output_offset]
            .map(|word| word.load(SeqCst))
    };
    // What starts it, and the rows in the order of the words: input and its offset, output and its own.
    for (place, control, start, rows) in [
        (
            OF_PREVIEW,
            &preview::PCR,
            source,
            [
                &preview::RSDR_ADDR,
                &preview::RADR_OFFSET,
                &preview::WSDR_ADDR,
                &preview::WADD_OFFSET,
            ],
        ),
        (
            OF_RESIZER,
            &resizer::PCR,
            resizer::pcr::EN.mask(),
            [&resizer::SDR_INADD, &resizer::SDR_INOFF, &resizer::SDR_OUTADD, &resizer::SDR_OUTOFF],
        ),
    ] {
        with_defaults(|hw, shared| {
            power_up(hw);
            write(hw, main_block::CTRL.window_offset(), clocks).expect("it answers");
            write(hw, resizer::CNT.window_offset(), resizer::cnt::INPSRC.mask())
                .expect("it answers");
            for (value, row) in (1..).zip(rows) {
                assert_eq!(row.access, Access::Shadowed, "{}", row.name);
                write(hw, row.window_offset(), value << 8).expect("it answers");
            }
            write(hw, control.window_offset(), start).expect("it answers");
            for row in rows {
                write(hw, row.window_offset(), 0x7E0).expect("it answers");
                assert_eq!(read(hw, row.window_offset()), Ok(0x7E0), "{}", row.name);
            }
            assert_eq!(given(shared, place), [0x100, 0x200, 0x300, 0x400], "{}", control.name);
        });
    }
}

#[test]
fn table_data_moves_the_address_on_and_is_garbage_while_busy() {
    with_defaults(|hw, shared| {
        power_up(hw);
        for (address, data) in
            [(&preview::SET_TBL_ADDR, &preview::SET_TBL_DATA), (&hist::ADDR, &hist::DATA)]
        {
            let (at, through) = (address.window_offset(), data.window_offset());
            write(hw, at, 5).expect("it answers");
            for value in [11, 12, 13] {
                write(hw, through, value).expect("it answers");
            }
            assert_eq!(read(hw, at), Ok(8), "{}", data.name);
            write(hw, at, 5).expect("it answers");
            let values = [0; 3].map(|_| read(hw, through));
            assert_eq!(values, [Ok(11), Ok(12), Ok(13)], "{}", data.name);
            let (control, field) = busy(data.block).expect("a block with BUSY");
            shared.set(control, field.mask());
            write(hw, at, 5).expect("it answers");
            assert_eq!(shared.get(address), 8, "{}: locked", address.name);
            assert_ne!(read(hw, through), Ok(0), "{}: garbage", data.name);
            assert_eq!(shared.get(address), 8, "{}: nothing moves on", address.name);
            shared.set(control, 0);
        }
    });
}

#[test]
fn histogram_data_reads_clear_when_told_to() {
    with_defaults(|hw, _| {
        power_up(hw);
        let (at, through) = (hist::ADDR.window_offset(), hist::DATA.window_offset());
        for (clears, second) in [(0, 7), (hist::cnt::CLEAR.mask(), 0)] {
            write(hw, hist::CNT.window_offset(), clears).expect("it answers");
            write(hw, at, 0).and_then(|_| write(hw, through, 7)).expect("it answers");
            let reads = [0; 2].map(|_| {
                write(hw, at, 0).expect("it answers");
                read(hw, through)
            });
            assert_eq!(reads, [Ok(7), Ok(second)]);
        }
    });
}

#[test]
fn every_offset_without_a_row_is_reserved_and_so_is_every_access_that_is_not_a_word() {
    with_defaults(|hw, _| {
        power_up(hw);
        let (mut reserved, mut rows) = (0, 0);
        for offset in (0..WINDOW_BYTES).step_by(4) {
            if lookup(offset).is_some() {
                let narrow = Request { is_word: false, ..request(offset, Kind::Read) };
                assert_eq!(hw.access(narrow), Err(Verdict::Reserved), "{offset:#x}");
                rows += 1;
                continue;
            }
            assert_eq!(read(hw, offset), Err(Verdict::Reserved), "{offset:#x}");
            assert_eq!(write(hw, offset, 0), Err(Verdict::Reserved), "{offset:#x}");
            reserved += 1;
        }
        assert!(reserved > 2_000 && rows > 250, "{reserved} reserved, {rows} rows");
    });
}

/// What every register of the camera answers in a state of module, power, clocks and resets.
fn all_answer(hw: &mut Hw<'_>, expected: impl Fn(Block) -> Option<Verdict>) {
    for (row, offset) in elements(&STORAGE) {
        for kind in [Kind::Read, Kind::Write(row.reset)] {
            let answer = hw.access(request(offset, kind)).err();
            assert_eq!(answer, expected(row.block), "{} {kind:?}", row.name);
        }
    }
    for (row, offset) in elements(&[Block::Prcm, Block::Firewall, Block::KillSwitch]) {
        assert!(read(hw, offset).is_ok(), "{} answers always", row.name);
    }
}

#[test]
fn every_camera_register_faults_without_module_power_clock_or_with_reset() {
    let absent = Parameters { flags: Flags(0), ..Parameters::default() };
    with(&absent, |hw, _| all_answer(hw, |_| Some(Verdict::Absent)));
    with_defaults(|hw, _: &Shared| {
        all_answer(hw, |_| Some(Verdict::Unpowered));
        power_up(hw);
        all_answer(hw, |_| None);
        let clocks = prcm::CLOCK_ENABLE.window_offset();
        write(hw, clocks, 0xF & !prcm::clock::CSI2_96M.mask()).expect("it answers");
        let csi2 = |block| (block == Block::Csi2a).then_some(Verdict::Unclocked);
        all_answer(hw, csi2);
        write(hw, clocks, 0).expect("it answers");
        all_answer(hw, |_| Some(Verdict::Unclocked));
        write(hw, clocks, 0xF).expect("it answers");
        let resets = prcm::RESET_CONTROL.window_offset();
        write(hw, resets, prcm::reset::ISP.mask()).expect("it answers");
        all_answer(hw, |block| (block != Block::SensorBus).then_some(Verdict::Unclocked));
        write(hw, resets, prcm::reset::BUS.mask()).expect("it answers");
        all_answer(hw, |block| (block == Block::SensorBus).then_some(Verdict::Unclocked));
        write(hw, prcm::POWER_CONTROL.window_offset(), 0).expect("it answers");
        all_answer(hw, |_| Some(Verdict::Unpowered));
    });
}

#[test]
fn commands_read_as_zero() {
    with_defaults(|hw, _| {
        power_up(hw);
        let command = sensor_bus::COMMAND.window_offset();
        write(hw, command, sensor_bus::command::RECOVER.mask()).expect("it answers");
        assert_eq!(read(hw, command), Ok(0));
    });
}
