//! The memory channel in front of the CCDC: the frame that goes through is the frame in memory, what the
//! registers say is what is read, and the sensor is not heard meanwhile.

use super::camera_tests::{HEIGHT, OUT, RAW_STRIDE, Rig, WIDTH};
use super::*;
use crate::pixels::dpcm::Predictor;
use crate::regs::firewall::Engine;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::ccp2::{self, format, lcm_ctrl, lcm_irqstatus};
use drv_isp_regs::main_block::{self, ctrl, irq};
use drv_isp_regs::{Block, ccdc, firewall, preview, sensor};

pub(super) const IN: u32 = 0x8020_0000;
const CSI_B: u32 = 2;

/// Sample of a column and line.
pub(super) fn sample(x: u32, y: u32) -> u16 {
    (x * 37 + y * 101 + x * y % 17) as u16 % 1024
}

/// What core 0 does when CHAN_EN is written.
pub(super) fn enable(rig: &Rig) {
    rig.or(&ccp2::LCM_CTRL, lcm_ctrl::CHAN_EN.mask());
    let given = &rig.shared.channel_frame;
    given.epoch.store(rig.shared.epoch(), SeqCst);
    given.input.store(rig.get(&ccp2::LCM_SRC_ADDR), SeqCst);
    given.input_offset.store(rig.get(&ccp2::LCM_SRC_OFST), SeqCst);
    given.pending.store(1, SeqCst);
}

fn set_format(rig: &Rig, source: u32, destination: u32, decompression: u32) {
    let word = lcm_ctrl::SRC_FORMAT.of(source)
        | lcm_ctrl::DST_FORMAT.of(destination)
        | lcm_ctrl::SRC_DECOMPR.of(decompression)
        | lcm_ctrl::SRC_DPCM_PRED.of(u32::from(decompression != 0));
    rig.set(&ccp2::LCM_CTRL, word);
}

/// Before the CCDC of this rig, whose sensor does not send: 160x120 samples of ten bits.
pub(super) fn behind_channel(mut rig: Rig) -> Rig {
    rig.sensor(&sensor::OUTPUT_CONTROL, 0);
    rig.or(&main_block::CTRL, ctrl::SBL_RD_RAM_EN.mask() | ctrl::PAR_SER_CLK_SEL.of(CSI_B));
    rig.set(&ccp2::CTRL, ccp2::ctrl::IO_OUT_SEL.mask());
    set_format(&rig, format::RAW10, format::RAW10, 0);
    rig.set(&ccp2::LCM_HSIZE, ccp2::lcm_hsize::COUNT.of(WIDTH));
    rig.set(&ccp2::LCM_VSIZE, ccp2::lcm_vsize::COUNT.of(HEIGHT));
    rig.set(&ccp2::LCM_PREFETCH, ccp2::lcm_prefetch::HWORDS.of(RAW_STRIDE / 8));
    rig.set(&ccp2::LCM_SRC_ADDR, IN);
    rig.set(&ccp2::LCM_SRC_OFST, RAW_STRIDE);
    rig.set(&ccp2::LCM_IRQENABLE, 3);
    for y in 0..HEIGHT {
        let line = (0..WIDTH).flat_map(|x| (sample(x, y) | 0xFC00).to_le_bytes()).collect();
        rig.memory.0.insert(IN + y * RAW_STRIDE, line);
    }
    for (register, value) in [
        (&firewall::WINDOW_BASE, IN),
        (&firewall::WINDOW_BYTES, RAW_STRIDE * HEIGHT),
        (&firewall::WINDOW_CONTROL, 3),
    ] {
        rig.shared.element(register, 1).store(value, SeqCst);
    }
    rig
}

fn raw_rig() -> Rig {
    behind_channel(Rig::with_raw_output())
}

pub(super) fn written(rig: &Rig) -> Vec<(u32, Vec<u8>)> {
    rig.memory.0.range(..IN).map(|(address, line)| (*address, line.clone())).collect()
}

/// Samples of a line that the CCDC wrote.
fn line(rig: &Rig, y: u32) -> Vec<u16> {
    let bytes = &rig.memory.0[&(OUT + y * RAW_STRIDE)];
    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
}

#[test]
fn the_ccdc_writes_the_frame_that_is_read() {
    let mut rig = raw_rig();
    assert_eq!(rig.line(), Turn::Idle, "nothing before CHAN_EN");
    enable(&rig);
    rig.lines(1);
    assert!(ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR)));
    let engines = rig.shared.progress.from_memory.load(SeqCst);
    assert_eq!(engines, 1 << Engine::Ccp2 as u32 | 1 << Engine::Ccdc as u32);
    rig.lines(HEIGHT - 2);
    assert!(rig.lines_of(irq::CCP2_LCM.mask()).is_empty());
    rig.lines(1);
    for y in 0..HEIGHT {
        assert_eq!(line(&rig, y), (0..WIDTH).map(|x| sample(x, y)).collect::<Vec<_>>(), "{y}");
    }
    for event in [irq::HS_VS, irq::CCDC_VD0, irq::CCDC_VD1, irq::CCP2_LCM] {
        assert_eq!(rig.lines_of(event.mask()).len(), 1, "{event:?}");
    }
    assert_eq!(rig.get(&ccp2::LCM_IRQSTATUS), lcm_irqstatus::EOF.mask());
    assert!(!lcm_ctrl::CHAN_EN.is_set(rig.get(&ccp2::LCM_CTRL)));
    assert!(!ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR)));
    assert_eq!(rig.line(), Turn::Idle);
    let progress = &rig.shared.progress;
    let left = [&progress.active, &progress.from_memory, &progress.outstanding];
    assert_eq!(left.map(|word| word.load(SeqCst)), [0; 3]);
}

#[test]
fn the_blocks_behind_make_the_picture_that_they_make_of_the_sensors_lines() {
    let mut live = Rig::with_preview_to_memory();
    live.frame();
    let mut rig = behind_channel(Rig::with_preview_to_memory());
    for y in 0..HEIGHT {
        rig.memory.0.insert(IN + y * RAW_STRIDE, [0x00, 0x01].repeat(WIDTH as usize));
    }
    enable(&rig);
    rig.lines(HEIGHT);
    assert_eq!(rig.lines_of(irq::PRV_DONE.mask()).len(), 1);
    assert!(written(&live).iter().all(|(_, line)| line.iter().any(|byte| *byte != 0)), "not black");
    assert_eq!(written(&rig), written(&live), "the sensor's pattern has the same level");
    assert_eq!(rig.get(&preview::PCR) & preview::pcr::BUSY.mask(), 0);
}

#[test]
fn codes_are_decompressed_on_the_way() {
    let mut rig = raw_rig();
    set_format(&rig, format::RAW8, format::RAW10, ccp2::DECOMPRESS_DPCM10);
    rig.set(&ccp2::LCM_PREFETCH, ccp2::lcm_prefetch::HWORDS.of(WIDTH / 8));
    let code = |x: u32, y: u32| (x * 29 + y * 53) as u8;
    for y in 0..HEIGHT {
        let codes = (0..WIDTH).map(|x| code(x, y)).collect();
        rig.memory.0.insert(IN + y * RAW_STRIDE, codes);
    }
    enable(&rig);
    rig.lines(HEIGHT);
    for y in 0..HEIGHT {
        let mut predictor = Predictor::default();
        let decoded: Vec<_> = (0..WIDTH).map(|x| predictor.decode(code(x, y))).collect();
        assert_eq!(line(&rig, y), decoded, "{y}");
    }
}

#[test]
fn skip_prefetch_and_line_distance_say_what_is_read() {
    let mut rig = raw_rig();
    rig.set(&ccp2::LCM_HSIZE, ccp2::lcm_hsize::COUNT.of(152) | ccp2::lcm_hsize::SKIP.of(8));
    // 100 samples are fetched.
    rig.set(&ccp2::LCM_PREFETCH, ccp2::lcm_prefetch::HWORDS.of(25));
    rig.set(&ccdc::HORZ_INFO, 151);
    // Lines follow each other: 160 samples are 320 bytes.
    rig.set(&ccp2::LCM_SRC_OFST, 0);
    enable(&rig);
    rig.lines(HEIGHT);
    let expected =
        |y: u32| (8..160).map(|x| if x < 100 { sample(x, y) } else { 0 }).collect::<Vec<_>>();
    assert_eq!(line(&rig, 0), expected(0));
    assert_eq!(line(&rig, 119), expected(119));
}

#[test]
fn eight_bits_stay_eight_bits() {
    let mut rig = raw_rig();
    set_format(&rig, format::RAW8, format::RAW8, 0);
    for y in 0..HEIGHT {
        rig.memory.0.insert(IN + y * RAW_STRIDE, (0..WIDTH).map(|x| (x + y) as u8).collect());
    }
    enable(&rig);
    rig.lines(HEIGHT);
    assert_eq!(line(&rig, 90), (0..WIDTH).map(|x| (x as u16 + 90) & 0xFF).collect::<Vec<_>>());
}

#[test]
fn a_line_that_the_firewall_refuses_is_black_and_an_error() {
    let mut rig = raw_rig();
    rig.shared.element(&firewall::WINDOW_CONTROL, 1).store(0, SeqCst);
    enable(&rig);
    rig.lines(1);
    assert_eq!(rig.get(&ccp2::LCM_IRQSTATUS), lcm_irqstatus::OCPERROR.mask());
    rig.lines(HEIGHT - 1);
    assert_eq!(line(&rig, 7), vec![0; WIDTH as usize]);
    let info = rig.get(&firewall::FAULT_INFO);
    assert_eq!(info, Engine::Ccp2 as u32, "a read of the channel");
    let mut silent = raw_rig();
    silent.set(&ccp2::LCM_IRQENABLE, 0);
    enable(&silent);
    silent.lines(HEIGHT);
    assert_eq!(silent.get(&ccp2::LCM_IRQSTATUS), lcm_irqstatus::EOF.mask());
    assert!(silent.lines_of(irq::CCP2_LCM.mask()).is_empty(), "not enabled");
}

#[test]
fn the_ccdc_hears_one_input_at_a_time() {
    let mut rig = raw_rig();
    rig.sensor(&sensor::OUTPUT_CONTROL, sensor::output_control::CHIP_ENABLE.mask());
    rig.lines(40);
    assert!(rig.events.is_empty(), "the sensor sends and is not heard");
    assert_eq!(rig.shared.progress.frame.load(SeqCst), 1);
    enable(&rig);
    rig.lines(HEIGHT);
    assert_eq!(line(&rig, 119)[159], sample(159, 119));
    assert_eq!(rig.lines_of(irq::HS_VS.mask()).len(), 1);
    let mut other = raw_rig();
    other.set(&main_block::CTRL, other.get(&main_block::CTRL) & !ctrl::PAR_SER_CLK_SEL.mask());
    enable(&other);
    other.lines(HEIGHT);
    assert!(written(&other).is_empty(), "the channel reads and is not heard");
    assert_eq!(other.get(&ccp2::LCM_IRQSTATUS), lcm_irqstatus::EOF.mask());
}

#[test]
fn a_channel_that_is_set_up_otherwise_never_ends() {
    let check = |what: &str, change: &dyn Fn(&Rig)| {
        let mut rig = raw_rig();
        change(&rig);
        enable(&rig);
        assert_eq!(rig.line(), Turn::Idle, "{what}");
        assert!(lcm_ctrl::CHAN_EN.is_set(rig.get(&ccp2::LCM_CTRL)), "{what}");
    };
    check("no port", &|rig| rig.set(&ccp2::CTRL, 0));
    check("to memory", &|rig| rig.or(&ccp2::LCM_CTRL, lcm_ctrl::DST_PORT.mask()));
    check("packed", &|rig| rig.or(&ccp2::LCM_CTRL, lcm_ctrl::SRC_PACK.mask()));
    check("wider", &|rig| set_format(rig, format::RAW8, format::RAW10, 0));
    check("other code", &|rig| set_format(rig, format::RAW8, format::RAW10, 1));
    check("other predictor", &|rig| {
        set_format(rig, format::RAW8, format::RAW10, ccp2::DECOMPRESS_DPCM10);
        let word = rig.get(&ccp2::LCM_CTRL) & !lcm_ctrl::SRC_DPCM_PRED.mask();
        rig.set(&ccp2::LCM_CTRL, word);
    });
}

#[test]
fn it_stops_when_it_is_switched_off_or_reset_and_a_stuck_one_never_says_so() {
    for reset in [false, true] {
        let mut rig = raw_rig();
        enable(&rig);
        rig.lines(10);
        if reset {
            rig.shared.new_epoch(|| (), |shared| shared.set(&ccp2::LCM_CTRL, 0));
        } else {
            rig.set(&ccp2::LCM_CTRL, 0);
        }
        rig.lines(5);
        assert_eq!(written(&rig).len(), 10, "{reset}");
        assert_eq!(rig.get(&ccp2::LCM_IRQSTATUS), 0);
    }
    let mut rig = raw_rig();
    rig.shared.mischief.stuck.store(1 << Block::Ccp2 as u32, SeqCst);
    enable(&rig);
    rig.lines(HEIGHT);
    assert_eq!(rig.line(), Turn::Idle);
    assert!(lcm_ctrl::CHAN_EN.is_set(rig.get(&ccp2::LCM_CTRL)));
    assert_eq!(rig.get(&ccp2::LCM_IRQSTATUS), 0);
}
