//! The register hardware from the outside: accesses in, verdicts, values and interrupts out.

use super::prcm::Power;
use super::*;
use crate::core1::sensor_sends;
use crate::irq::{LINES, Pend};
use crate::log::{Access, Log, Verdict, Who};
use crate::params::{Flags, Parameters};
use crate::shared::{Shared, gate};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::bench_control as control;
use drv_isp_regs::{
    Block, Register, ccdc, ccp2, firewall, host_link, kill_switch, main_block, prcm, preview,
    resizer, sbl, sensor, sensor_bus,
};

#[derive(Default)]
pub(super) struct Bench {
    now_us: u64,
    pending: [bool; LINES],
    pub(super) pends: [u32; LINES],
    pub(super) rings: u32,
    sent: Vec<HostTransfer>,
    host_accepts: bool,
}

impl Platform for Bench {
    fn now_us(&mut self) -> u64 {
        self.now_us
    }

    fn ring_core1(&mut self) {
        self.rings += 1;
    }

    fn relax(&mut self) {
        panic!("core 1 does not run in this test");
    }

    fn pend(&mut self, line: usize, pend: Pend) {
        match pend {
            Pend::Set => {
                self.pending[line] = true;
                self.pends[line] += 1;
            }
            Pend::Clear => self.pending[line] = false,
            Pend::Keep => {}
        }
    }

    fn send_to_host(&mut self, transfer: HostTransfer) -> bool {
        self.sent.push(transfer);
        self.host_accepts
    }

    fn trace(&mut self, _: &Access) {}
}

pub(super) type Hw<'a> = Hardware<'a, Bench>;

/// Runs a test on hardware at power on, with these parameters.
pub(super) fn with(parameters: &Parameters, test: impl FnOnce(&mut Hw<'_>, &Shared)) {
    let (shared, mut log) = (Box::new(Shared::new()), Box::new(Log::new()));
    let mut hardware = Hardware::new(&shared, &mut log, Bench::default(), parameters);
    test(&mut hardware, &shared);
}

pub(super) fn with_defaults(test: impl FnOnce(&mut Hw<'_>, &Shared)) {
    with(&Parameters::default(), test);
}

pub(super) fn request(offset: u32, kind: Kind) -> Request {
    Request { offset, is_word: true, kind, who: Who::default() }
}

pub(super) fn read(hw: &mut Hw<'_>, register: &Register) -> Result<u32, Verdict> {
    hw.access(request(register.window_offset(), Kind::Read))
}

pub(super) fn get(hw: &mut Hw<'_>, register: &Register) -> u32 {
    read(hw, register).expect("the block answers")
}

pub(super) fn set(hw: &mut Hw<'_>, register: &Register, value: u32) {
    hw.access(request(register.window_offset(), Kind::Write(value))).expect("the block answers");
}

pub(super) fn set_at(hw: &mut Hw<'_>, register: &Register, index: u32, value: u32) {
    let offset = register.window_offset() + index * u32::from(register.stride_bytes);
    hw.access(request(offset, Kind::Write(value))).expect("the block answers");
}

pub(super) fn pass_us(hw: &mut Hw<'_>, us: u64) {
    hw.platform().now_us += us;
    hw.tick();
}

pub(super) fn power_up(hw: &mut Hw<'_>) {
    set(hw, &prcm::POWER_CONTROL, 1);
    pass_us(hw, 1000);
    set(hw, &prcm::CLOCK_ENABLE, 0xF);
    set(hw, &prcm::RESET_CONTROL, 0);
    set(hw, &main_block::TCTRL_CTRL, main_block::tctrl_ctrl::DIVA.of(8));
}

pub(super) fn transfer(hw: &mut Hw<'_>, index: u32, write: Option<u32>) -> Result<u32, u32> {
    set(hw, &sensor_bus::SLAVE, sensor::BUS_ADDRESS.into());
    set(hw, &sensor_bus::INDEX, index);
    set(hw, &sensor_bus::DATA, write.unwrap_or(0));
    let read = sensor_bus::command::READ.of(u32::from(write.is_none()));
    set(hw, &sensor_bus::COMMAND, sensor_bus::command::GO.mask() | read);
    assert!(sensor_bus::status::BUSY.is_set(get(hw, &sensor_bus::STATUS)));
    pass_us(hw, 200);
    let status = get(hw, &sensor_bus::STATUS);
    set(hw, &sensor_bus::STATUS, status);
    assert!(sensor_bus::status::DONE.is_set(status), "{status:#x}");
    match status & !sensor_bus::status::DONE.mask() {
        0 => Ok(get(hw, &sensor_bus::DATA)),
        failure => Err(failure),
    }
}

pub(super) fn inject(hw: &mut Hw<'_>, kind: u32, a: u32, b: u32) {
    set(hw, &control::A, a);
    set(hw, &control::B, b);
    set(hw, &control::COMMAND, kind);
    assert_eq!(get(hw, &control::ACCEPTED), 1);
}

#[test]
fn a_camera_register_faults_until_power_clock_and_reset_are_right() {
    with_defaults(|hw, _| {
        assert_eq!(read(hw, &main_block::REVISION), Err(Verdict::Unpowered));
        set(hw, &prcm::POWER_CONTROL, 1);
        assert_eq!(read(hw, &main_block::REVISION), Err(Verdict::Unpowered));
        pass_us(hw, 1000);
        assert_eq!(read(hw, &main_block::REVISION), Err(Verdict::Unclocked));
        set(hw, &prcm::CLOCK_ENABLE, prcm::clock::CAM_ICK.mask());
        assert_eq!(read(hw, &main_block::REVISION), Err(Verdict::Unclocked));
        set(hw, &prcm::RESET_CONTROL, prcm::reset::SENSOR.mask());
        assert_eq!(read(hw, &main_block::REVISION), Ok(main_block::REVISION_15_0));
        assert_eq!(read(hw, &drv_isp_regs::csi2a::REVISION), Err(Verdict::Unclocked));
        assert_eq!(get(hw, &control::VERDICT_COUNT), 4);
    });
}

#[test]
fn a_missing_module_faults_with_its_own_verdict() {
    let parameters = Parameters { flags: Flags(0), ..Parameters::default() };
    with(&parameters, |hw, _| {
        assert_eq!(get(hw, &prcm::PRESENCE), 0);
        assert_eq!(read(hw, &ccdc::PCR), Err(Verdict::Absent));
        assert_eq!(read(hw, &sensor_bus::STATUS), Err(Verdict::Absent));
        inject(hw, control::REPLUG, 42, 0);
        assert_eq!((get(hw, &prcm::PRESENCE), get(hw, &prcm::MODULE_ID)), (1, 42));
        assert_eq!(get(hw, &prcm::IRQSTATUS), prcm::irq::PRESENCE_CHANGE.mask());
    });
}

#[test]
fn reserved_offsets_and_narrow_accesses_fault() {
    with_defaults(|hw, _| {
        power_up(hw);
        for offset in [0x0420, 0x06FC, 0x37FC] {
            let access = hw.access(request(offset, Kind::Read));
            assert_eq!(access, Err(Verdict::Reserved), "{offset:#x}");
        }
        let narrow = Request { is_word: false, ..request(0, Kind::Read) };
        assert_eq!(hw.access(narrow), Err(Verdict::Reserved));
    });
}

#[test]
fn a_status_interrupt_is_a_level() {
    with_defaults(|hw, shared| {
        power_up(hw);
        let event = main_block::irq::CCDC_VD0.mask();
        shared.word(&main_block::IRQ0STATUS).fetch_or(event, SeqCst);
        hw.tick();
        assert!(!hw.platform().pending[0], "not enabled yet");
        set(hw, &main_block::IRQ0ENABLE, event);
        assert!(hw.platform().pending[0]);
        // The handler returns without clearing the cause: pended again.
        hw.platform().pending[0] = false;
        hw.tick();
        assert!(hw.platform().pending[0]);
        set(hw, &main_block::IRQ0STATUS, event);
        assert!(!hw.platform().pending[0]);
    });
}

#[test]
fn locked_registers_keep_their_value_while_busy_and_the_drop_is_logged() {
    with_defaults(|hw, shared| {
        power_up(hw);
        set(hw, &resizer::CNT, 0x1234);
        shared.word(&resizer::PCR).fetch_or(resizer::pcr::BUSY.mask(), SeqCst);
        set(hw, &resizer::CNT, 0x5678);
        set(hw, &resizer::SDR_OUTADD, 0x8001_0000);
        assert_eq!(get(hw, &resizer::CNT), 0x1234);
        assert_eq!(get(hw, &resizer::SDR_OUTADD), 0x8001_0000);
        let offset = control::VERDICT_COUNT.window_offset() + 4 * 5;
        assert_eq!(hw.access(request(offset, Kind::Read)), Ok(1));
    });
}

#[test]
fn table_accesses_move_the_address_and_are_garbage_while_busy() {
    with_defaults(|hw, shared| {
        power_up(hw);
        set(hw, &preview::SET_TBL_ADDR, preview::TABLE_BLUE_GAMMA);
        for entry in [7, 8, 9] {
            set(hw, &preview::SET_TBL_DATA, entry);
        }
        set(hw, &preview::SET_TBL_ADDR, preview::TABLE_BLUE_GAMMA + 1);
        assert_eq!(get(hw, &preview::SET_TBL_DATA), 8);
        assert_eq!(get(hw, &preview::SET_TBL_DATA), 9);
        shared.word(&preview::PCR).fetch_or(preview::pcr::BUSY.mask(), SeqCst);
        set(hw, &preview::SET_TBL_ADDR, 0);
        assert_eq!(
            get(hw, &preview::SET_TBL_ADDR),
            preview::TABLE_BLUE_GAMMA + 3,
            "locked while busy"
        );
        assert_ne!(get(hw, &preview::SET_TBL_DATA), 0);
    });
}

#[test]
fn setting_preview_enable_clears_its_memory_source() {
    with_defaults(|hw, _| {
        power_up(hw);
        set(hw, &preview::PCR, preview::pcr::SOURCE.mask());
        set(hw, &preview::PCR, preview::pcr::SOURCE.mask() | preview::pcr::EN.mask());
        assert_eq!(get(hw, &preview::PCR), preview::pcr::EN.mask());
    });
}

#[test]
fn a_soft_reset_brings_all_blocks_back_and_ends_the_epoch() {
    with_defaults(|hw, shared| {
        power_up(hw);
        set(hw, &ccdc::SDR_ADDR, 0x8001_0000);
        let epoch = shared.epoch();
        set(hw, &main_block::SYSCONFIG, main_block::sysconfig::SOFTRESET.mask());
        assert_eq!(get(hw, &ccdc::SDR_ADDR), 0);
        assert_eq!(get(hw, &preview::WB_DGAIN), 0x100);
        assert_eq!(get(hw, &main_block::SYSSTATUS), 1);
        assert_ne!(shared.epoch(), epoch);
    });
}

#[test]
fn the_sensor_answers_only_with_its_clock() {
    with_defaults(|hw, _| {
        power_up(hw);
        let version = u32::from(sensor::CHIP_VERSION_VALUE);
        assert_eq!(transfer(hw, 0, None), Ok(version));
        set(hw, &main_block::TCTRL_CTRL, 0);
        assert_eq!(transfer(hw, 0, None), Err(sensor_bus::status::NAK.mask()));
    });
}

#[test]
fn the_part_on_a_module_is_that_of_its_kind() {
    let ycbcr = prcm::MODULE_KIND_YCBCR << 16 | 1;
    with(&Parameters { module_id: ycbcr, ..Parameters::default() }, |hw, _| {
        power_up(hw);
        let version =
            |hw: &mut _| [0, 0xFF].map(|index| transfer(hw, index, None).expect("acknowledged"));
        assert_eq!(version(hw), [0x1802; 2]);
        transfer(hw, u32::from(sensor::RESET.sensor_index()), Some(1)).expect("acknowledged");
        assert_eq!(version(hw), [0x1802; 2], "also after a reset");
        for (module, expected) in [(0x4F42_0001, 0x1801), (0, 0x1801), (ycbcr, 0x1802)] {
            inject(hw, control::UNPLUG, 0, 0);
            inject(hw, control::REPLUG, module, 0);
            power_up(hw);
            assert_eq!(version(hw), [expected; 2], "{module:x}");
        }
    });
}

#[test]
fn sensor_registers_keep_their_writable_bits_and_the_global_gain_sets_all_four() {
    with_defaults(|hw, _| {
        power_up(hw);
        let index = |register: &Register| u32::from(register.sensor_index());
        transfer(hw, index(&sensor::WINDOW_WIDTH), Some(0xFFFF)).expect("acknowledged");
        assert_eq!(transfer(hw, index(&sensor::WINDOW_WIDTH), None), Ok(0x0FFF));
        transfer(hw, index(&sensor::CHIP_VERSION), Some(1)).expect("acknowledged");
        assert_eq!(transfer(hw, index(&sensor::CHIP_VERSION), None), Ok(0x1801));
        transfer(hw, index(&sensor::GLOBAL_GAIN), Some(0x20)).expect("acknowledged");
        for gain in [&sensor::GREEN1_GAIN, &sensor::RED_GAIN, &sensor::BLUE_GAIN] {
            assert_eq!(transfer(hw, index(gain), None), Ok(0x20));
        }
        transfer(hw, index(&sensor::RESET), Some(1)).expect("acknowledged");
        assert_eq!(transfer(hw, index(&sensor::WINDOW_WIDTH), None), Ok(2591));
    });
}

#[test]
fn each_stop_of_the_sensor_is_counted_whoever_stops_it() {
    with_defaults(|hw, shared| {
        power_up(hw);
        let mut seen = shared.sensor_stops.load(SeqCst);
        let mut check = |what: &str, expect: u32| {
            let stops = shared.sensor_stops.load(SeqCst);
            assert_eq!(stops - core::mem::replace(&mut seen, stops), expect, "{what}");
        };
        let output = u32::from(sensor::OUTPUT_CONTROL.sensor_index());
        let on = sensor::output_control::CHIP_ENABLE.mask();
        transfer(hw, output, Some(on)).expect("the sensor answers");
        check("a start", 0);
        transfer(hw, output, Some(0)).expect("the sensor answers");
        check("a stop", 1);
        transfer(hw, output, Some(0)).expect("the sensor answers");
        check("a second one", 0);
        transfer(hw, output, Some(on)).expect("the sensor answers");
        set(hw, &prcm::CLOCK_ENABLE, 0);
        check("no clock", 1);
    });
}

#[test]
fn a_restart_that_is_cleared_by_hand_leaves_a_sensor_that_sends_nothing() {
    with_defaults(|hw, shared| {
        power_up(hw);
        let mut write = |register: &Register, value| {
            let index = u32::from(register.sensor_index());
            transfer(hw, index, Some(value)).expect("the sensor answers");
            sensor_sends(shared)
        };
        let on = sensor::output_control::CHIP_ENABLE.mask();
        for (restart, sends) in
            [(2, true), (3, false), (1, true), (0, false), (2, false), (1, true)]
        {
            write(&sensor::OUTPUT_CONTROL, on);
            assert_eq!(write(&sensor::RESTART, restart), sends, "{restart}");
        }
        write(&sensor::RESTART, 0);
        write(&sensor::RESET, 1);
        assert!(write(&sensor::OUTPUT_CONTROL, on), "its reset helps");
    });
}

#[test]
fn a_bus_reset_in_mid_transfer_needs_a_recovery() {
    with_defaults(|hw, _| {
        power_up(hw);
        set(hw, &sensor_bus::COMMAND, sensor_bus::command::GO.mask());
        set(hw, &prcm::RESET_CONTROL, prcm::reset::BUS.mask());
        set(hw, &prcm::RESET_CONTROL, 0);
        let status = get(hw, &sensor_bus::STATUS);
        assert_eq!(status, sensor_bus::status::STUCK.mask());
        set(hw, &sensor_bus::COMMAND, sensor_bus::command::RECOVER.mask());
        pass_us(hw, 100);
        assert_eq!(get(hw, &sensor_bus::STATUS), sensor_bus::status::DONE.mask());
        set(hw, &sensor_bus::STATUS, sensor_bus::status::DONE.mask());
        assert!(transfer(hw, 0, None).is_ok());
    });
}

#[test]
fn the_kill_switch_takes_everything_at_once() {
    with_defaults(|hw, shared| {
        power_up(hw);
        assert_eq!(shared.gates.load(SeqCst), gate::SENSOR | gate::PIPE | gate::DMA);
        set(hw, &kill_switch::KILL, 1);
        assert_eq!(read(hw, &main_block::REVISION), Ok(0xF0), "only the magic value kills");
        set(hw, &kill_switch::KILL, kill_switch::MAGIC);
        assert_eq!(shared.gates.load(SeqCst), 0);
        assert_eq!(read(hw, &main_block::REVISION), Err(Verdict::Unpowered));
        assert_eq!(get(hw, &prcm::CLOCK_ENABLE), 0);
        assert_eq!(get(hw, &prcm::RESET_CONTROL), 7);
        assert_eq!(get(hw, &prcm::BUS_CTRL), 1);
        assert_eq!(get(hw, &kill_switch::COUNT), 1);
        assert_eq!(hw.prcm.power, Power::Off);
        power_up(hw);
        assert_eq!(shared.gates.load(SeqCst), gate::SENSOR | gate::PIPE, "bus still denied");
    });
}

#[test]
fn denied_bus_requests_count_as_idle() {
    with_defaults(|hw, shared| {
        power_up(hw);
        shared.progress.outstanding.store(0b1100, SeqCst);
        assert_eq!(get(hw, &prcm::DMA_STATUS), prcm::dma_status::OUTSTANDING.of(2));
        set(hw, &prcm::BUS_CTRL, prcm::bus_ctrl::DENY.mask());
        assert_eq!(get(hw, &prcm::DMA_STATUS), prcm::dma_status::IDLE.mask());
    });
}

#[test]
fn an_open_firewall_window_cannot_be_moved() {
    with_defaults(|hw, shared| {
        set_at(hw, &firewall::WINDOW_BASE, 3, 0x8010_0000);
        set_at(hw, &firewall::WINDOW_BYTES, 3, 0x1000);
        set_at(hw, &firewall::WINDOW_CONTROL, 3, 5);
        set_at(hw, &firewall::WINDOW_BASE, 3, 0x8020_0000);
        assert_eq!(shared.element(&firewall::WINDOW_BASE, 3).load(SeqCst), 0x8010_0000);
        set_at(hw, &firewall::WINDOW_CONTROL, 3, 0);
        set_at(hw, &firewall::WINDOW_BASE, 3, 0x8020_0000);
        assert_eq!(shared.element(&firewall::WINDOW_BASE, 3).load(SeqCst), 0x8020_0000);
    });
}

#[test]
fn accesses_since_the_mark_are_counted_by_block() {
    with_defaults(|hw, _| {
        power_up(hw);
        set(hw, &control::MARK, 1);
        get(hw, &ccdc::PCR);
        get(hw, &ccdc::CFG);
        let offset = control::BLOCK_COUNT.window_offset() + 4 * Block::Ccdc as u32;
        assert_eq!(hw.access(request(offset, Kind::Read)), Ok(2));
    });
}

#[test]
fn lost_data_shows_in_the_shared_buffer_logic_until_it_is_acknowledged() {
    with_defaults(|hw, _| {
        power_up(hw);
        let flag = sbl::pcr::H3A_AF_WBL_OVF.mask();
        set(hw, &control::OVERFLOW, flag | 1);
        assert_eq!((get(hw, &sbl::PCR), get(hw, &control::OVERFLOW)), (flag, 0));
        set(hw, &sbl::PCR, flag);
        assert_eq!(get(hw, &sbl::PCR), 0);
    });
}

#[test]
fn the_host_link_says_how_a_transfer_went() {
    with_defaults(|hw, _| {
        set(hw, &host_link::KIND, host_link::KIND_LINE);
        set(hw, &host_link::ADDRESS, 0x2810_0000);
        set(hw, &host_link::LENGTH, 5);
        hw.platform().host_accepts = true;
        set(hw, &host_link::GO, 1);
        assert_eq!(get(hw, &host_link::STATUS), host_link::status::DONE.mask());
        hw.platform().host_accepts = false;
        set(hw, &host_link::GO, 1);
        assert_eq!(get(hw, &host_link::STATUS), host_link::status::ERROR.mask());
        assert_eq!(hw.platform().sent.len(), 2);
        assert_eq!(hw.platform().sent[0].bytes, 5);
    });
}

#[test]
fn a_request_of_the_host_waits_until_it_is_taken_and_interrupts_who_wants_it() {
    use host_link::status::{DONE, RESUME, SUSPEND};
    with_defaults(|hw, _| {
        for nonsense in [0, DONE.mask(), SUSPEND.mask() | DONE.mask(), u32::MAX] {
            assert!(!hw.ask_operator(nonsense), "{nonsense:#x}");
        }
        assert_eq!(get(hw, &host_link::STATUS), 0);
        assert!(hw.ask_operator(SUSPEND.mask()));
        assert!(!hw.ask_operator(RESUME.mask()), "the one before waits");
        // A transfer does not lose it.
        set(hw, &host_link::KIND, host_link::KIND_LINE);
        set(hw, &host_link::ADDRESS, 0x2810_0000);
        set(hw, &host_link::LENGTH, 5);
        hw.platform().host_accepts = true;
        set(hw, &host_link::GO, 1);
        assert_eq!(get(hw, &host_link::STATUS), DONE.mask() | SUSPEND.mask());
        set(hw, &host_link::STATUS, SUSPEND.mask());
        assert!(hw.ask_operator(RESUME.mask()));
        assert_eq!(get(hw, &host_link::STATUS), DONE.mask() | RESUME.mask());
    });
}

#[test]
fn no_access_of_the_window_panics() {
    with_defaults(|hw, _| {
        for powered in [false, true] {
            if powered {
                power_up(hw);
            }
            for offset in (0..drv_isp_regs::WINDOW_BYTES).step_by(4) {
                let _ = hw.access(request(offset, Kind::Read));
                let is_exit = offset == host_link::GO.window_offset();
                let _ = hw.access(request(offset, Kind::Write(if is_exit { 0 } else { !0 })));
            }
        }
    });
}

#[test]
fn a_frame_from_memory_starts_at_once_with_the_words_of_that_moment() {
    with_defaults(|hw, shared| {
        power_up(hw);
        set(hw, &main_block::CTRL, main_block::ctrl::PREV_CLK_EN.mask());
        set(hw, &preview::RSDR_ADDR, 0x8001_0000);
        set(hw, &preview::WSDR_ADDR, 0x8002_0000);
        let source = preview::pcr::SOURCE.mask() | preview::pcr::ONESHOT.mask();
        let rings = hw.platform().rings;
        set(hw, &preview::PCR, source);
        assert_eq!(get(hw, &preview::PCR), source, "nothing starts without EN");
        set(hw, &preview::PCR, source | preview::pcr::EN.mask());
        let busy = preview::pcr::BUSY.mask() | preview::pcr::ONESHOT.mask();
        assert_eq!(get(hw, &preview::PCR), busy, "EN and SOURCE have done their work");
        set(hw, &preview::RSDR_ADDR, 0x8003_0000);
        set(hw, &preview::PCR, source | preview::pcr::EN.mask());
        let given = &shared.memory_frames[super::memory_frames::OF_PREVIEW];
        assert_eq!((given.pending.load(SeqCst), hw.platform().rings - rings), (1, 1));
        assert_eq!(given.input.load(SeqCst), 0x8001_0000);
        assert_eq!(given.output.load(SeqCst), 0x8002_0000);
    });
}

#[test]
fn the_memory_channel_starts_once_with_the_address_of_that_moment() {
    with_defaults(|hw, shared| {
        power_up(hw);
        set(hw, &ccp2::LCM_SRC_ADDR, 0x8001_0000);
        set(hw, &ccp2::LCM_SRC_OFST, 320);
        let rings = hw.platform().rings;
        set(hw, &ccp2::LCM_CTRL, ccp2::lcm_ctrl::SRC_FORMAT.of(ccp2::format::RAW10));
        assert_eq!(hw.platform().rings, rings, "nothing starts without CHAN_EN");
        let enabled = ccp2::lcm_ctrl::CHAN_EN.mask();
        set(hw, &ccp2::LCM_CTRL, enabled);
        set(hw, &ccp2::LCM_SRC_ADDR, 0x8003_0000);
        set(hw, &ccp2::LCM_CTRL, enabled);
        assert_eq!(get(hw, &ccp2::LCM_CTRL), enabled, "it clears at the end");
        let given = &shared.channel_frame;
        assert_eq!((given.pending.load(SeqCst), hw.platform().rings - rings), (1, 1));
        let input = [&given.input, &given.input_offset].map(|word| word.load(SeqCst));
        assert_eq!(input, [0x8001_0000, 320]);
    });
}

#[test]
fn the_resizer_starts_by_itself_from_memory_and_waits_when_it_is_live() {
    with_defaults(|hw, shared| {
        power_up(hw);
        let clocks = main_block::ctrl::PREV_CLK_EN.mask() | main_block::ctrl::RSZ_CLK_EN.mask();
        set(hw, &main_block::CTRL, clocks);
        let [of_preview, of_resizer, _] = &shared.memory_frames;
        set(hw, &resizer::SDR_OUTADD, 0x8002_0000);
        set(hw, &resizer::PCR, resizer::pcr::EN.mask());
        assert_eq!(of_resizer.pending.load(SeqCst), 0, "live: EN waits");
        let pcr = [preview::pcr::EN, preview::pcr::SOURCE, preview::pcr::RSZPORT];
        set(hw, &preview::PCR, pcr.iter().fold(0, |word, field| word | field.mask()));
        assert_eq!(get(hw, &resizer::PCR), resizer::pcr::BUSY.mask());
        assert_eq!(of_preview.scaled.load(SeqCst), 1);
        assert_eq!(of_preview.scaled_output.load(SeqCst), 0x8002_0000);
        set(hw, &main_block::SYSCONFIG, main_block::sysconfig::SOFTRESET.mask());
        set(hw, &main_block::CTRL, clocks);
        set(hw, &resizer::CNT, resizer::cnt::INPSRC.mask());
        set(hw, &resizer::SDR_INADD, 0x8003_0000);
        set(hw, &resizer::PCR, resizer::pcr::EN.mask());
        assert_eq!(get(hw, &resizer::PCR), resizer::pcr::BUSY.mask());
        assert_eq!(of_resizer.pending.load(SeqCst), 1);
        assert_eq!(of_resizer.input.load(SeqCst), 0x8003_0000);
    });
}

/// The sensor's registers decide over frames, not over its bus.
#[test]
fn a_pll_that_is_set_wrong_or_not_locked_stops_the_sensor_and_not_its_bus() {
    with_defaults(|hw, shared| {
        power_up(hw);
        let clock = |hw: &mut Hw<'_>, writes: &[(&Register, u32)]| {
            for (register, value) in writes {
                transfer(hw, register.sensor_index().into(), Some(*value)).expect("it is there");
            }
            let sends = shared.gates.load(SeqCst) & gate::SENSOR != 0;
            let hz = shared.pixel_clock_hz.load(SeqCst);
            assert_eq!(sends, hz != 0);
            hz
        };
        assert_eq!(clock(hw, &[]), 21_600_000, "past the PLL");
        let factors = [(&sensor::PLL_CONFIG_1, 40 << 8 | 2), (&sensor::PLL_CONFIG_2, 11)];
        assert_eq!(clock(hw, &factors), 21_600_000);
        assert_eq!(clock(hw, &[(&sensor::PLL_CONTROL, 0x53)]), 0, "power and use at once");
        pass_us(hw, sensor::pll::LOCK_US.into());
        assert_eq!(clock(hw, &[]), 24_000_000, "it locks by itself");
        assert_eq!(clock(hw, &[(&sensor::PIXEL_CLOCK_CONTROL, 2)]), 6_000_000);
        assert_eq!(clock(hw, &[(&sensor::PLL_CONFIG_2, 12)]), 0, "it locks again");
        assert_eq!(clock(hw, &[(&sensor::PLL_CONFIG_1, 15 << 8)]), 0);
        pass_us(hw, 10_000);
        assert_eq!(clock(hw, &[]), 0, "it never does with these");
        assert_eq!(transfer(hw, 0, None), Ok(sensor::CHIP_VERSION_VALUE.into()));
        assert_eq!(clock(hw, &[(&sensor::PLL_CONTROL, 0x51)]), 5_400_000, "past it, by 4");
        assert_eq!(clock(hw, &[(&sensor::RESET, 1)]), 21_600_000, "as at power on");
        set(hw, &main_block::TCTRL_CTRL, main_block::tctrl_ctrl::DIVA.of(16));
        assert_eq!(shared.pixel_clock_hz.load(SeqCst), 10_800_000);
        set(hw, &main_block::TCTRL_CTRL, 0);
        assert_eq!(shared.pixel_clock_hz.load(SeqCst), 0);
    });
}
