//! CSI2a: the frame in memory is the sensor's, whole frames in turn, and whatever ends one ends it there.

use super::camera_tests::{BLANK, HEIGHT, OUT, RAW_STRIDE, Rig, WIDTH};
use crate::pixels::dpcm;
use crate::regs::firewall::Engine;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::csi2a::{
    self, complexio_cfg1, ctrl, ctx_ctrl1, ctx_irqstatus, format, irqstatus,
};
use drv_isp_regs::main_block::{self, irq};
use drv_isp_regs::sensor::{self, data_format, test_pattern};
use drv_isp_regs::{Block, firewall, sbl};

const PONG: u32 = 0x8010_0000;

/// The serial line into context 0, whose frames go to OUT and to PONG; the sensor sends a gradient.
pub(super) fn rig() -> Rig {
    receiving(Rig::new())
}

fn receiving(rig: Rig) -> Rig {
    rig.sensor(&sensor::TEST_PATTERN, test_pattern::ENABLE.of(1) | test_pattern::CONTROL.of(3));
    let lanes = complexio_cfg1::CLOCK_POSITION.of(1) | complexio_cfg1::DATA1_POSITION.of(2);
    rig.set(&csi2a::COMPLEXIO_CFG1, lanes | complexio_cfg1::PWR_STATUS.of(csi2a::POWER_ON));
    rig.set(&csi2a::CTRL, ctrl::IF_EN.mask());
    set_format(&rig, format::RAW10_EXP16);
    rig.set(&csi2a::CTX_DAT_OFST, RAW_STRIDE);
    rig.set(&csi2a::CTX_DAT_PING_ADDR, OUT);
    rig.set(&csi2a::CTX_DAT_PONG_ADDR, PONG);
    rig.set(&csi2a::CTX_CTRL3, HEIGHT);
    rig.set(&csi2a::CTX_IRQENABLE, ctx_irqstatus::FS.mask() | ctx_irqstatus::FE.mask());
    rig.set(&csi2a::IRQENABLE, irqstatus::CONTEXT0.mask());
    rig.set(&csi2a::CTX_CTRL1, ctx_ctrl1::CTX_EN.mask());
    rig.open_window(OUT, PONG - OUT + RAW_STRIDE * HEIGHT);
    rig
}

fn set_format(rig: &Rig, format: u32) {
    rig.set(&csi2a::CTX_CTRL2, csi2a::ctx_ctrl2::FORMAT.of(format));
}

/// The lines of the frame at this address.
fn frame_at(rig: &Rig, address: u32) -> Vec<Vec<u8>> {
    let range = address..address + RAW_STRIDE * HEIGHT;
    rig.memory.0.range(range).map(|(_, line)| line.clone()).collect()
}

/// Frame `number` of the gradient, as the CCDC writes it from the parallel port.
fn parallel(number: u32) -> Vec<Vec<u8>> {
    let mut rig = Rig::with_raw_output();
    rig.sensor(&sensor::TEST_PATTERN, test_pattern::ENABLE.of(1) | test_pattern::CONTROL.of(3));
    (0..=number).for_each(|_| rig.frame());
    frame_at(&rig, OUT)
}

fn samples(line: &[u8]) -> Vec<u16> {
    line.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
}

fn context_events(rig: &Rig) -> u32 {
    rig.shared.word(&csi2a::CTX_IRQSTATUS).swap(0, SeqCst)
}

#[test]
fn the_sensors_frames_go_to_ping_and_to_pong_in_turn() {
    let mut rig = rig();
    rig.lines(1);
    let engines = rig.shared.progress.outstanding.load(SeqCst);
    assert_eq!(engines, 1 << Engine::Csi2a as u32);
    rig.lines(HEIGHT + BLANK - 1);
    assert_eq!((frame_at(&rig, OUT), frame_at(&rig, PONG).len()), (parallel(0), 0));
    assert!(!ctx_ctrl1::PING_PONG.is_set(rig.get(&csi2a::CTX_CTRL1)));
    assert_eq!(rig.shared.progress.outstanding.load(SeqCst), 0);
    rig.memory.0.clear();
    rig.frame();
    assert_eq!((frame_at(&rig, OUT).len(), frame_at(&rig, PONG)), (0, parallel(1)));
    assert!(ctx_ctrl1::PING_PONG.is_set(rig.get(&csi2a::CTX_CTRL1)));
    let last = HEIGHT - 1;
    assert_eq!(rig.lines_of(irq::CSIA.mask()), [(1, 0), (1, last), (2, 0), (2, last)]);
}

#[test]
fn events_are_seen_whether_they_interrupt_or_not() {
    let mut rig = rig();
    rig.set(&csi2a::CTX_IRQENABLE, 0);
    rig.lines(HEIGHT);
    let lines = ctx_irqstatus::LS.mask() | ctx_irqstatus::LE.mask();
    let frame = ctx_irqstatus::FS.mask() | ctx_irqstatus::FE.mask();
    assert_eq!(context_events(&rig), lines | frame | ctx_irqstatus::LINE_NUMBER.mask());
    assert_eq!((rig.get(&csi2a::IRQSTATUS), rig.lines_of(irq::CSIA.mask()).len()), (0, 0));
    rig.set(&csi2a::CTX_IRQENABLE, ctx_irqstatus::FS.mask());
    rig.set(&csi2a::IRQENABLE, 0);
    rig.lines(BLANK + 1);
    assert_eq!(rig.get(&csi2a::IRQSTATUS), irqstatus::CONTEXT0.mask());
    assert_eq!(rig.lines_of(irq::CSIA.mask()).len(), 0);
}

#[test]
fn memory_gets_what_the_format_makes_of_what_is_sent() {
    let check = |sent: u16, format: u32, expect: &dyn Fn(&[u16]) -> Vec<u8>| {
        let mut rig = rig();
        rig.sensor(&sensor::DATA_FORMAT, sent.into());
        set_format(&rig, format);
        rig.frame();
        let expected: Vec<_> = parallel(0).iter().map(|line| expect(&samples(line))).collect();
        assert_eq!(frame_at(&rig, OUT), expected, "{sent:#x} {format:#x}");
    };
    let codes = |line: &[u16]| {
        let mut codes = vec![0; line.len()];
        dpcm::encode_line(line, &mut codes);
        codes
    };
    let decoded = |line: &[u16]| {
        let mut predictor = dpcm::Predictor::default();
        codes(line).iter().flat_map(|code| predictor.decode(*code).to_le_bytes()).collect()
    };
    let bytes = |line: &[u16]| line.iter().map(|sample| (sample >> 2) as u8).collect();
    let packed = |line: &[u16]| {
        let pack = |four: &[u16]| {
            let low = (0..4).fold(0, |low, index| low | (four[index] & 3) << (2 * index));
            four.iter().map(|sample| (sample >> 2) as u8).chain([low as u8]).collect::<Vec<_>>()
        };
        line.chunks(4).flat_map(pack).collect()
    };
    let whole = |line: &[u16]| line.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    check(data_format::RAW10, format::RAW10, &packed);
    check(data_format::RAW10, format::RAW10_EXP16_VP, &whole);
    check(data_format::RAW8, format::RAW8, &bytes);
    check(data_format::RAW8, format::RAW8_VP, &bytes);
    check(data_format::DPCM8, format::USER_8BIT, &codes);
    check(data_format::DPCM8, format::USER_8BIT_DPCM10, &decoded);
    check(data_format::DPCM8, format::USER_8BIT_DPCM10_VP, &decoded);
}

#[test]
fn lines_follow_each_other_without_an_offset() {
    let mut rig = rig();
    rig.set(&csi2a::CTX_DAT_OFST, 0);
    set_format(&rig, format::RAW10);
    rig.frame();
    let addresses: Vec<_> = rig.memory.0.keys().copied().collect();
    assert_eq!(addresses, (0..HEIGHT).map(|y| OUT + y * 5 * WIDTH / 4).collect::<Vec<_>>());
}

#[test]
fn packets_of_another_type_are_not_taken() {
    for format in [format::RAW8, format::USER_8BIT, 0x1E] {
        let mut rig = rig();
        set_format(&rig, format);
        rig.frame();
        assert!(rig.memory.0.is_empty(), "{format:#x}");
        let events = context_events(&rig);
        assert!(ctx_irqstatus::FS.is_set(events) && ctx_irqstatus::FE.is_set(events));
        assert!(!ctx_irqstatus::LINE_NUMBER.is_set(events), "{format:#x}");
    }
}

#[test]
fn nothing_is_received_without_interface_lanes_power_or_context() {
    let check = |what: &str, change: &dyn Fn(&Rig)| {
        let mut rig = rig();
        change(&rig);
        rig.frame();
        assert!(rig.memory.0.is_empty() && context_events(&rig) == 0, "{what}");
    };
    let lanes = |rig: &Rig, clock: u32, data: u32, power: u32| {
        let positions =
            complexio_cfg1::CLOCK_POSITION.of(clock) | complexio_cfg1::DATA1_POSITION.of(data);
        rig.set(&csi2a::COMPLEXIO_CFG1, positions | complexio_cfg1::PWR_STATUS.of(power));
    };
    check("interface off", &|rig| rig.set(&csi2a::CTRL, 0));
    check("context off", &|rig| rig.set(&csi2a::CTX_CTRL1, 0));
    check("no power", &|rig| lanes(rig, 1, 2, 0));
    check("ultra low power", &|rig| lanes(rig, 1, 2, 2));
    check("no clock lane", &|rig| lanes(rig, 0, 2, 1));
    check("no data lane", &|rig| lanes(rig, 1, 0, 1));
    check("two lanes in one place", &|rig| lanes(rig, 2, 2, 1));
    check("another channel", &|rig| {
        rig.or(&csi2a::CTX_CTRL2, csi2a::ctx_ctrl2::VIRTUAL_ID.of(1));
    });
}

#[test]
fn a_context_that_is_switched_on_or_off_within_a_frame_takes_whole_frames() {
    let mut rig = rig();
    rig.set(&csi2a::CTX_CTRL1, 0);
    rig.lines(10);
    rig.set(&csi2a::CTX_CTRL1, ctx_ctrl1::CTX_EN.mask());
    rig.lines(HEIGHT + BLANK - 10);
    assert!(rig.memory.0.is_empty());
    rig.lines(10);
    rig.set(&csi2a::CTX_CTRL1, 0);
    rig.lines(HEIGHT + BLANK - 10);
    assert_eq!(frame_at(&rig, OUT), parallel(1));
    rig.memory.0.clear();
    rig.frame();
    assert!(rig.memory.0.is_empty());
}

#[test]
fn the_count_switches_the_context_off() {
    let mut rig = rig();
    rig.set(&csi2a::CTX_CTRL1, ctx_ctrl1::CTX_EN.mask() | ctx_ctrl1::COUNT.of(2));
    let word = |rig: &Rig| {
        let word = rig.get(&csi2a::CTX_CTRL1);
        (ctx_ctrl1::COUNT.get(word), ctx_ctrl1::CTX_EN.is_set(word))
    };
    rig.frame();
    assert_eq!(word(&rig), (1, true));
    assert!(!ctx_irqstatus::FRAME_NUMBER.is_set(context_events(&rig)));
    rig.lines(HEIGHT - 1);
    assert_eq!(word(&rig), (1, true));
    rig.lines(1);
    assert_eq!(word(&rig), (0, false));
    assert!(ctx_irqstatus::FRAME_NUMBER.is_set(context_events(&rig)));
    rig.lines(BLANK);
    rig.memory.0.clear();
    rig.frame();
    assert!(rig.memory.0.is_empty() && context_events(&rig) == 0);
}

#[test]
fn a_cut_ends_the_frame_where_it_is_and_the_next_one_is_whole() {
    let mut rig = rig();
    rig.lines(10);
    context_events(&rig);
    rig.set(&csi2a::CTRL, 0);
    rig.shared.receiver.cuts.fetch_add(1, SeqCst);
    rig.set(&csi2a::CTRL, ctrl::IF_EN.mask());
    rig.lines(HEIGHT + BLANK - 10);
    assert_eq!((frame_at(&rig, OUT).len(), context_events(&rig)), (10, 0));
    rig.frame();
    assert_eq!(frame_at(&rig, PONG), parallel(1));
}

#[test]
fn an_interface_that_is_switched_off_at_frame_end_finishes_its_frame() {
    let mut rig = rig();
    rig.lines(10);
    rig.set(&csi2a::CTRL, ctrl::FRAME.mask());
    rig.lines(HEIGHT + BLANK - 10);
    assert_eq!(frame_at(&rig, OUT), parallel(0));
    rig.frame();
    assert!(frame_at(&rig, PONG).is_empty());
}

#[test]
fn a_frame_that_the_sensor_ends_early_has_an_end_and_one_without_power_has_none() {
    let mut rig = rig();
    rig.shared.mischief.truncated.set(40, 1);
    rig.lines(41);
    let events = context_events(&rig);
    assert!(ctx_irqstatus::FE.is_set(events) && !ctx_irqstatus::LINE_NUMBER.is_set(events));
    assert_eq!(frame_at(&rig, OUT).len(), 40);
    rig.lines(9);
    assert_eq!(frame_at(&rig, PONG).len(), 10, "the next frame follows at once");
    rig.shared.gates.store(0, SeqCst);
    rig.lines(HEIGHT);
    assert!(!ctx_irqstatus::FE.is_set(context_events(&rig)));
    assert_eq!(rig.shared.progress.outstanding.load(SeqCst), 0);
}

#[test]
fn what_memory_does_not_take_shows_in_the_flags() {
    let mut torn = rig();
    torn.shared.mischief.torn.set(50, 1);
    torn.frame();
    assert_eq!(frame_at(&torn, OUT).len(), 50);
    assert_eq!(torn.get(&sbl::PCR), sbl::pcr::CSIA_WBL_OVF.mask());
    assert!(irqstatus::FIFO_OVF.is_set(torn.get(&csi2a::IRQSTATUS)));
    let mut refused = rig();
    refused.set(&firewall::WINDOW_BYTES, 50 * RAW_STRIDE);
    refused.frame();
    assert_eq!(frame_at(&refused, OUT).len(), 50);
    assert!(irqstatus::OCP_ERR.is_set(refused.get(&csi2a::IRQSTATUS)));
    assert_eq!(refused.lines_of(irq::MMU_ERR.mask()).len(), HEIGHT as usize - 50);
    let info = refused.get(&firewall::FAULT_INFO);
    assert_eq!(firewall::fault_info::ENGINE.get(info), Engine::Csi2a as u32);
}

#[test]
fn a_stuck_receiver_never_sees_the_end() {
    let mut rig = rig();
    rig.shared.mischief.stuck.store(1 << Block::Csi2a as u32, SeqCst);
    rig.frame();
    assert!(!ctx_irqstatus::FE.is_set(context_events(&rig)));
}

/// The CCDC listens to CSI A: it makes of the serial frame what it makes of the parallel one.
fn serial_ccdc(sent: u16, format: u32) -> Rig {
    let rig = receiving(Rig::with_raw_output());
    rig.or(&main_block::CTRL, main_block::ctrl::PAR_SER_CLK_SEL.of(1));
    rig.set(&csi2a::CTRL, ctrl::IF_EN.mask() | ctrl::VP_ONLY_EN.mask());
    rig.sensor(&sensor::DATA_FORMAT, sent.into());
    set_format(&rig, format);
    rig
}

#[test]
fn the_ccdc_gets_the_serial_frame_from_the_video_port() {
    let mut rig = serial_ccdc(data_format::RAW10, format::RAW10_EXP16_VP);
    rig.frame();
    assert_eq!(frame_at(&rig, OUT), parallel(0));
    assert_eq!(rig.lines_of(irq::HS_VS.mask()), [(1, 0)]);
    assert_eq!(rig.lines_of(irq::CCDC_VD0.mask()), [(1, HEIGHT - 2)]);
    assert_eq!(rig.shared.progress.dma_bytes.load(SeqCst), RAW_STRIDE * HEIGHT, "once");
}

#[test]
fn the_video_port_has_what_the_codes_stand_for() {
    let mut memory = rig();
    memory.sensor(&sensor::DATA_FORMAT, data_format::DPCM8.into());
    set_format(&memory, format::USER_8BIT_DPCM10);
    memory.frame();
    let mut rig = serial_ccdc(data_format::DPCM8, format::USER_8BIT_DPCM10_VP);
    rig.frame();
    assert_eq!(frame_at(&rig, OUT), frame_at(&memory, OUT));
}

#[test]
fn memory_and_the_ccdc_can_have_the_same_frame() {
    let mut rig = serial_ccdc(data_format::RAW10, format::RAW10_EXP16_VP);
    rig.set(&csi2a::CTRL, ctrl::IF_EN.mask());
    rig.set(&csi2a::CTX_DAT_PING_ADDR, PONG);
    rig.frame();
    assert_eq!((frame_at(&rig, OUT), frame_at(&rig, PONG)), (parallel(0), parallel(0)));
}

#[test]
fn the_ccdc_hears_the_port_that_is_selected_and_no_other() {
    let mut silent = serial_ccdc(data_format::RAW10, format::RAW10_EXP16);
    silent.frame();
    assert!(silent.lines_of(irq::HS_VS.mask()).is_empty() && silent.memory.0.is_empty());
    let mut parallel_one = serial_ccdc(data_format::DPCM8, format::USER_8BIT_DPCM10_VP);
    let word = parallel_one.get(&main_block::CTRL);
    parallel_one.set(&main_block::CTRL, main_block::ctrl::PAR_SER_CLK_SEL.put(word, 0));
    parallel_one.frame();
    assert_eq!(frame_at(&parallel_one, OUT), parallel(0), "not what was compressed");
}
