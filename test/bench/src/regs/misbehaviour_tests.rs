//! The register hardware when it is told to misbehave: what the driver sees of it.

use super::hardware::Kind;
use super::hardware_tests::{
    Hw, get, inject, pass_us, power_up, read, request, set, transfer, with, with_defaults,
};
use super::unanswered::Instead;
use crate::log::Verdict;
use crate::params::Parameters;
use crate::script::Entry;
use crate::shared::gate;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::bench_control as control;
use drv_isp_regs::{Block, Register, ccdc, main_block, prcm, preview, resizer, sensor, sensor_bus};

#[test]
fn injected_bus_failures_reach_the_driver() {
    with_defaults(|hw, _| {
        power_up(hw);
        inject(hw, control::SENSOR_NAK, 1, 0);
        assert_eq!(transfer(hw, 0, None), Err(sensor_bus::status::NAK.mask()));
        inject(hw, control::SENSOR_WRONG_ID, 0xBEEF, 0);
        assert_eq!(transfer(hw, 0, None), Ok(0xBEEF));
        inject(hw, control::BUS_ARBITRATION, 1, 0);
        let lost = sensor_bus::status::ARBITRATION_LOST.mask();
        assert_eq!(transfer(hw, 0, None), Err(lost));
    });
}

#[test]
fn requests_under_way_drain_slowly_when_told_to_unless_the_isp_is_reset() {
    for reset in [false, true] {
        with_defaults(|hw, shared| {
            power_up(hw);
            inject(hw, control::DMA_DRAIN, 10, 0);
            shared.progress.outstanding.store(0b100, SeqCst);
            set(hw, &prcm::BUS_CTRL, prcm::bus_ctrl::DENY.mask());
            let idle = |hw: &mut Hw<'_>| prcm::dma_status::IDLE.is_set(get(hw, &prcm::DMA_STATUS));
            pass_us(hw, 9 * u64::from(prcm::IDLE_LINE_US));
            assert!(!idle(hw));
            if reset {
                set(hw, &prcm::RESET_CONTROL, prcm::reset::ISP.mask());
                assert!(idle(hw));
            }
            pass_us(hw, 2 * u64::from(prcm::IDLE_LINE_US));
            assert!(idle(hw));
        });
    }
}

fn instead(hw: &mut Hw<'_>, register: &Register) -> Option<Instead> {
    hw.instead(&request(register.window_offset(), Kind::Read))
}

#[test]
fn accesses_to_a_stuck_block_do_not_complete_until_the_isp_is_reset() {
    with_defaults(|hw, _| {
        power_up(hw);
        inject(hw, control::ACCESS_STUCK, Block::Preview as u32, 0);
        assert_eq!(instead(hw, &preview::PCR), Some(Instead::Stuck));
        assert_eq!(instead(hw, &resizer::PCR), None);
        set(hw, &prcm::RESET_CONTROL, prcm::reset::ISP.mask());
        assert_eq!(instead(hw, &preview::PCR), None);
    });
}

#[test]
fn one_access_to_a_muted_block_is_a_system_call_instead() {
    with_defaults(|hw, _| {
        power_up(hw);
        inject(hw, control::MUTE, Block::Preview as u32, 1);
        assert_eq!(instead(hw, &resizer::PCR), None);
        assert_eq!(instead(hw, &preview::PCR), Some(Instead::SystemCall(1)));
        assert_eq!(instead(hw, &preview::PCR), None);
    });
}

#[test]
fn unplug_at_a_line_happens_at_that_line() {
    let mut parameters = Parameters::default();
    parameters.script[0] = Some(Entry { frame: 2, line: 7, kind: control::UNPLUG, a: 0, b: 0 });
    with(&parameters, |hw, shared| {
        power_up(hw);
        assert_eq!(shared.alarm.armed.load(SeqCst), 1);
        shared.progress.frame.store(2, SeqCst);
        shared.progress.line.store(6, SeqCst);
        hw.tick();
        assert_eq!(get(hw, &prcm::PRESENCE), 1);
        shared.progress.line.store(7, SeqCst);
        hw.tick();
        assert_eq!(get(hw, &prcm::PRESENCE), 0);
        assert_eq!(shared.alarm.armed.load(SeqCst), 0);
        assert_eq!(read(hw, &ccdc::PCR), Err(Verdict::Absent));
    });
}

#[test]
fn device_time_goes_on_after_an_unplug_so_that_a_replug_comes() {
    let mut parameters = Parameters::default();
    let entry = |frame, kind| Some(Entry { frame, line: 7, kind, a: 0, b: 0 });
    parameters.script = core::array::from_fn(|n| match n {
        0 => entry(2, control::UNPLUG),
        1 => entry(4, control::REPLUG),
        _ => None,
    });
    with(&parameters, |hw, shared| {
        pass_us(hw, 1_000_000);
        assert_eq!(hw.device_time(), (0, 0), "time stands still before the first frame");
        shared.progress.frame_lines.store(100, SeqCst);
        shared.progress.frame.store(2, SeqCst);
        shared.progress.line.store(7, SeqCst);
        hw.tick();
        assert_eq!(get(hw, &prcm::PRESENCE), 0);
        let two_frames_us = 200 * u64::from(prcm::IDLE_LINE_US);
        pass_us(hw, two_frames_us - 1);
        assert_eq!(get(hw, &prcm::PRESENCE), 0);
        pass_us(hw, 1);
        assert_eq!((get(hw, &prcm::PRESENCE), hw.device_time()), (1, (4, 7)));
    });
}

fn verdicts(hw: &mut Hw<'_>, index: usize) -> u32 {
    let offset = control::VERDICT_COUNT.window_offset() + 4 * index as u32;
    hw.access(request(offset, Kind::Read)).expect("bench control answers")
}

#[test]
fn all_ones_hits_camera_registers_only() {
    with_defaults(|hw, _| {
        power_up(hw);
        inject(hw, control::ALL_ONES, 1, 0);
        assert_eq!(get(hw, &main_block::REVISION), u32::MAX);
        assert_eq!(hw.last_verdict(), Some(Verdict::AllOnes));
        assert_eq!(get(hw, &prcm::PRESENCE), 1);
        assert_eq!(hw.last_verdict(), Some(Verdict::Ok));
        inject(hw, control::ALL_ONES, 0, 0);
        assert_eq!(get(hw, &main_block::REVISION), 0xF0);
    });
}

#[test]
fn garbage_hits_as_many_reads_as_were_asked_for() {
    with_defaults(|hw, _| {
        power_up(hw);
        inject(hw, control::READ_GARBAGE, 3, 0);
        assert_eq!(get(hw, &prcm::PRESENCE), 1, "not a camera register");
        let read: Vec<_> = (0..4).map(|_| get(hw, &main_block::REVISION)).collect();
        assert!(read[..3].iter().all(|word| *word != 0xF0) && read[0] != read[1], "{read:x?}");
        assert_eq!(read[3], 0xF0);
        assert_eq!(verdicts(hw, control::VERDICT_GARBAGE), 3);
    });
}

#[test]
fn a_stale_read_gives_what_the_read_before_gave() {
    with_defaults(|hw, _| {
        power_up(hw);
        get(hw, &main_block::REVISION);
        inject(hw, control::READ_STALE, 2, 0);
        let sysstatus: Vec<_> = (0..3).map(|_| get(hw, &main_block::SYSSTATUS)).collect();
        assert_eq!(sysstatus, [0xF0, 0xF0, 1]);
        assert_eq!(verdicts(hw, control::VERDICT_STALE), 2);
    });
}

#[test]
fn a_sensor_without_its_clock_neither_sends_nor_answers() {
    with_defaults(|hw, shared| {
        power_up(hw);
        assert_ne!(shared.gates.load(SeqCst) & gate::SENSOR, 0);
        inject(hw, control::CLOCK_LOST, 1, 0);
        assert_eq!(shared.gates.load(SeqCst) & gate::SENSOR, 0);
        assert_eq!(transfer(hw, 0, None), Err(sensor_bus::status::NAK.mask()));
        inject(hw, control::CLOCK_LOST, 0, 0);
        assert_ne!(shared.gates.load(SeqCst) & gate::SENSOR, 0);
        assert_eq!(transfer(hw, 0, None), Ok(sensor::CHIP_VERSION_VALUE.into()));
    });
}

#[test]
fn the_sensor_can_give_a_wrong_id() {
    with_defaults(|hw, _| {
        power_up(hw);
        inject(hw, control::SENSOR_WRONG_ID, 0x1234, 0);
        assert_eq!(transfer(hw, 0, None), Ok(0x1234));
        inject(hw, control::SENSOR_WRONG_ID, 0, 0);
        assert_eq!(transfer(hw, 0, None), Ok(sensor::CHIP_VERSION_VALUE.into()));
    });
}

#[test]
fn a_stuck_reset_is_done_when_it_is_released() {
    with_defaults(|hw, _| {
        power_up(hw);
        inject(hw, control::RESET_STUCK, 1, 0);
        set(hw, &main_block::SYSCONFIG, main_block::sysconfig::SOFTRESET.mask());
        assert_eq!(get(hw, &main_block::SYSSTATUS), 0);
        inject(hw, control::RESET_STUCK, 0, 0);
        assert_eq!(get(hw, &main_block::SYSSTATUS), 1);
    });
}

#[test]
fn a_released_block_is_idle_at_once() {
    with_defaults(|hw, shared| {
        power_up(hw);
        inject(hw, control::BUSY_STUCK, Block::Resizer as u32, 0);
        shared.set(&resizer::PCR, resizer::pcr::BUSY.mask());
        assert_ne!(get(hw, &resizer::PCR), 0);
        inject(hw, control::BUSY_RELEASE, Block::Resizer as u32, 0);
        assert_eq!(get(hw, &resizer::PCR), 0);
    });
}

#[test]
fn a_spurious_interrupt_pends_once() {
    with_defaults(|hw, _| {
        power_up(hw);
        let before = hw.platform().pends[0];
        inject(hw, control::IRQ_SPURIOUS, 0, drv_isp_regs::ISP_IRQ);
        hw.tick();
        hw.tick();
        assert_eq!(hw.platform().pends[0], before + 1);
    });
}

#[test]
fn every_line_storms_for_a_handler_that_only_reads_too() {
    for (index, (name, irq)) in crate::misbehaviour::INTERRUPTS.into_iter().enumerate() {
        with_defaults(|hw, _| {
            power_up(hw);
            inject(hw, control::IRQ_STORM, 10, irq);
            let before = hw.platform().pends[index];
            for _ in 0..4 {
                get(hw, &prcm::PRESENCE);
            }
            assert_eq!(hw.platform().pends[index], before + 4, "{name}");
            inject(hw, control::IRQ_STORM, 0, irq);
            let before = hw.platform().pends[index];
            get(hw, &prcm::PRESENCE);
            assert_eq!(hw.platform().pends[index], before, "{name}");
        });
    }
}

#[test]
fn unknown_misbehaviour_is_not_accepted() {
    with_defaults(|hw, _| {
        for kind in [0, control::CSI2_ECC_2BIT + 1, 0xFF] {
            set(hw, &control::COMMAND, kind);
            assert_eq!(get(hw, &control::ACCEPTED), 0, "{kind}");
        }
    });
}
