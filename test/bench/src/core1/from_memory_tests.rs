//! Frames from memory: what is read and written where, what a closed window does, and that the sensor's
//! frames go on beside them.

use super::camera_tests::{HEIGHT, OUT, Rig, WIDTH};
use super::*;
use crate::pixels::resizer::Resizer;
use crate::pixels::yuv::{YuvLine, YuvOrder, pack, unpack};
use crate::regs::firewall::Engine;
use crate::regs::memory_frames::{OF_PREVIEW, OF_RESIZER};
use crate::shared::gate;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{self, ctrl, irq};
use drv_isp_regs::{Block, ccdc, firewall, preview, resizer, sensor};

const IN: u32 = 0x8020_0000;
const IN_STRIDE: u32 = 320;
const WRITE: u32 = 5;
const READ: u32 = 3;

/// A window of its own, whatever the first one is for.
fn open_second(rig: &Rig, base: u32, bytes: u32, control: u32) {
    for (register, value) in [
        (&firewall::WINDOW_BASE, base),
        (&firewall::WINDOW_BYTES, bytes),
        (&firewall::WINDOW_CONTROL, control),
    ] {
        rig.shared.element(register, 1).store(value, SeqCst);
    }
}

/// What core 0 does when EN of the preview is written with SOURCE.
fn enable_preview(rig: &Rig, scaled: bool) {
    let given = &rig.shared.memory_frames[OF_PREVIEW];
    given.epoch.store(rig.shared.epoch(), SeqCst);
    for (word, value) in [
        (&given.input, IN),
        (&given.input_offset, IN_STRIDE),
        (&given.output, OUT),
        (&given.output_offset, 320),
        (&given.scaled, u32::from(scaled)),
        (&given.scaled_output, OUT),
        (&given.scaled_offset, 320),
    ] {
        word.store(value, SeqCst);
    }
    rig.or(&preview::PCR, preview::pcr::BUSY.mask());
    if scaled {
        rig.or(&resizer::PCR, resizer::pcr::BUSY.mask());
    }
    given.pending.store(1, SeqCst);
}

pub(super) fn enable_resizer(rig: &Rig) {
    let given = &rig.shared.memory_frames[OF_RESIZER];
    given.epoch.store(rig.shared.epoch(), SeqCst);
    for (word, value) in [
        (&given.input, IN),
        (&given.input_offset, IN_STRIDE),
        (&given.output, OUT),
        (&given.output_offset, 320),
    ] {
        word.store(value, SeqCst);
    }
    rig.or(&resizer::PCR, resizer::pcr::BUSY.mask());
    given.pending.store(1, SeqCst);
}

/// A preview that reads 160x119 raw pixels, and a sensor that does not send.
fn preview_rig() -> Rig {
    let mut rig = Rig::with_preview_to_memory();
    rig.sensor(&sensor::OUTPUT_CONTROL, 0);
    rig.set(&ccdc::PCR, 0);
    rig.shared.word(&preview::PCR).fetch_and(!preview::pcr::EN.mask(), SeqCst);
    rig.or(&main_block::CTRL, ctrl::SBL_RD_RAM_EN.mask());
    for row in 0..HEIGHT {
        // 0x100 of ten bits; what is above them does not count.
        let line = [0x00, 0xF1].repeat(WIDTH as usize);
        rig.memory.0.insert(IN + row * IN_STRIDE, line);
    }
    open_second(&rig, IN, IN_STRIDE * HEIGHT, READ);
    rig
}

/// A resizer 1:1 of a grey picture whose luma counts the lines.
pub(super) fn resizer_rig() -> Rig {
    let mut rig = preview_rig();
    for row in 0..HEIGHT {
        let line = [row as u8, 128].repeat(WIDTH as usize);
        rig.memory.0.insert(IN + row * IN_STRIDE, line);
    }
    let count = 255 | 255 << 10;
    let options = resizer::cnt::INPSRC.mask() | resizer::cnt::YCPOS.mask();
    rig.set(&resizer::CNT, count | options);
    rig.set(&resizer::IN_SIZE, 156 | 115 << 16);
    rig.set(&resizer::OUT_SIZE, 150 | 112 << 16);
    for index in 0..16 {
        // The tap at the pixel itself, in every phase.
        let word = if index % 2 == 0 { 256 << 16 } else { 0 };
        rig.shared.element(&resizer::HFILT, index).store(word, SeqCst);
        rig.shared.element(&resizer::VFILT, index).store(word, SeqCst);
    }
    rig
}

fn written(rig: &Rig) -> usize {
    rig.memory.0.range(..IN).count()
}

#[test]
fn the_preview_makes_the_picture_that_it_makes_of_the_sensors_lines() {
    let mut live = Rig::with_preview_to_memory();
    live.frame();
    let mut rig = preview_rig();
    enable_preview(&rig, false);
    rig.lines(HEIGHT - 1);
    assert_eq!(rig.lines_of(irq::PRV_DONE.mask()).len(), 1);
    assert_eq!(rig.get(&preview::PCR) & preview::pcr::BUSY.mask(), 0);
    let lines =
        |rig: &Rig| rig.memory.0.range(..IN).map(|(a, l)| (*a, l.clone())).collect::<Vec<_>>();
    assert!(lines(&live).iter().all(|(_, line)| line.iter().any(|byte| *byte != 0)), "not black");
    assert_eq!(lines(&rig), lines(&live), "the sensor's pattern has the same level");
    assert_eq!(rig.line(), Turn::Idle, "and then there is nothing to do");
    assert_eq!(rig.shared.progress.active.load(SeqCst), 0);
    assert_eq!(rig.shared.progress.from_memory.load(SeqCst), 0);
}

#[test]
fn nothing_is_done_before_core_0_has_handed_the_frame_over() {
    let mut rig = preview_rig();
    assert_eq!(rig.line(), Turn::Idle);
    enable_preview(&rig, false);
    assert_eq!(rig.line(), Turn::Line);
    let engine = 1 << Engine::Preview as u32;
    assert_eq!(rig.shared.progress.from_memory.load(SeqCst), engine);
    assert_eq!(rig.shared.progress.active.load(SeqCst), 1 << Block::Preview as u32);
}

#[test]
fn the_resizer_takes_what_the_preview_makes_of_memory() {
    let mut rig = resizer_rig();
    rig.set(&resizer::CNT, rig.get(&resizer::CNT) & !resizer::cnt::INPSRC.mask());
    rig.or(&preview::PCR, preview::pcr::RSZPORT.mask());
    rig.set(&preview::PCR, rig.get(&preview::PCR) & !preview::pcr::SDRPORT.mask());
    enable_preview(&rig, true);
    rig.lines(HEIGHT - 1);
    assert_eq!(rig.lines_of(irq::RSZ_DONE.mask()).len(), 1);
    assert_eq!(rig.lines_of(irq::PRV_DONE.mask()).len(), 1);
    assert_eq!((written(&rig), rig.get(&resizer::PCR)), (112, 0));
}

#[test]
fn the_resizer_reads_lines_from_its_start_pixel_on() {
    for left in [0, 8] {
        let mut rig = resizer_rig();
        for row in 0..HEIGHT {
            let line = (0..WIDTH as u8).flat_map(|x| [x, 128]).collect();
            rig.memory.0.insert(IN + row * IN_STRIDE, line);
        }
        rig.set(&resizer::IN_SIZE, 151 | 115 << 16);
        rig.set(&resizer::OUT_SIZE, 144 | 112 << 16);
        rig.set(&resizer::IN_START, left);
        enable_resizer(&rig);
        rig.lines(116);
        assert_eq!(rig.lines_of(irq::RSZ_DONE.mask()).len(), 1, "{left}");
        // The filter's first pixel is number 3 of the input.
        assert_eq!(rig.memory.0[&OUT][0], left as u8 + 3, "{left}");
        assert_eq!(rig.line(), Turn::Idle);
    }
}

/// A resizer of noise, 256 : 364 and 256 : 331 with taps that differ in every phase.
fn noise_rig() -> Rig {
    let mut rig = resizer_rig();
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for row in 0..HEIGHT {
        let line = (0..2 * WIDTH).map(|_| noise()).collect();
        rig.memory.0.insert(IN + row * IN_STRIDE, line);
    }
    let options = rig.get(&resizer::CNT) & !0xF_FFFF;
    rig.set(&resizer::CNT, options | 363 | 330 << 10 | 1 << 20 | 1 << 23);
    rig.set(&resizer::IN_SIZE, 156 | 114 << 16);
    rig.set(&resizer::OUT_SIZE, 106 | 86 << 16);
    for index in 0..16 {
        let word = (16 * index as u32) << 16 | (256 - 16 * index as u32);
        rig.shared.element(&resizer::HFILT, index).store(word, SeqCst);
        rig.shared.element(&resizer::VFILT, index).store(word, SeqCst);
    }
    rig
}

/// The scaler itself is held to a float reference in its own tests; here it must get every byte.
#[test]
fn the_resizer_makes_of_memory_what_it_makes_of_the_same_lines() {
    let mut rig = noise_rig();
    let (mut direct, mut line, mut out) = (Resizer::new(), YuvLine::new(), YuvLine::new());
    direct.begin_frame(&config::resizer(&rig.shared));
    let mut expected = Vec::new();
    for row in 0..HEIGHT {
        unpack(&rig.memory.0[&(IN + row * IN_STRIDE)], YuvOrder::Yuyv, &mut line);
        direct.push(&line);
        while direct.pop(&mut out) {
            let mut bytes = [0; 2 * 106];
            pack(&out, YuvOrder::Yuyv, &mut bytes);
            expected.push(bytes.to_vec());
        }
    }
    enable_resizer(&rig);
    rig.lines(HEIGHT);
    let made: Vec<_> = rig.memory.0.range(..IN).map(|(_, line)| line.clone()).collect();
    assert_eq!((made.len(), expected.len()), (86, 86));
    assert_eq!(made, expected);
}

#[test]
fn a_component_alone_is_scaled_as_luma_is() {
    for (start, enhancement) in [(0, 0), (3, 0), (0, 1 << 16 | 8 << 12 | 8 << 8 | 3)] {
        let set_up = |rig: &Rig, made: u32| {
            rig.set(&resizer::IN_START, start);
            rig.set(&resizer::YENH, enhancement);
            rig.set(&resizer::OUT_SIZE, made | 86 << 16);
        };
        let made = if enhancement == 0 { 106 } else { 102 };
        // Luma is every second byte of the interleaved picture.
        let mut interleaved = noise_rig();
        set_up(&interleaved, made);
        enable_resizer(&interleaved);
        interleaved.lines(HEIGHT);
        let luma = interleaved.memory.0.range(..IN).map(|(address, line)| {
            (*address, line.iter().step_by(2).copied().collect::<Vec<u8>>())
        });
        let mut plane = noise_rig();
        set_up(&plane, made);
        plane.or(&resizer::CNT, resizer::cnt::INPTYP.mask());
        for line in plane.memory.0.range_mut(IN..).map(|(_, line)| line) {
            *line = line.iter().step_by(2).copied().collect();
        }
        enable_resizer(&plane);
        plane.lines(HEIGHT);
        let of_plane = plane.memory.0.range(..IN).map(|(address, line)| (*address, line.clone()));
        assert!(of_plane.eq(luma), "{start} {enhancement:#x}");
        assert_eq!((written(&plane), plane.lines_of(irq::RSZ_DONE.mask()).len()), (86, 1));
        assert_eq!(plane.get(&firewall::FAULT_COUNT), 0);
    }
}

#[test]
fn live_input_is_in_pairs_whatever_its_type_says() {
    let picture = |options: u32| {
        let mut rig = resizer_rig();
        rig.set(&resizer::CNT, rig.get(&resizer::CNT) & !resizer::cnt::INPSRC.mask() | options);
        rig.or(&preview::PCR, preview::pcr::RSZPORT.mask());
        rig.set(&preview::PCR, rig.get(&preview::PCR) & !preview::pcr::SDRPORT.mask());
        enable_preview(&rig, true);
        rig.lines(HEIGHT);
        rig.memory.0.range(..IN).map(|(_, line)| line.clone()).collect::<Vec<_>>()
    };
    assert_eq!(picture(0).len(), 112);
    assert_eq!(picture(resizer::cnt::INPTYP.mask()), picture(0));
}

#[test]
fn a_read_outside_of_its_window_is_stopped_and_said_and_the_frame_ends() {
    let mut rig = resizer_rig();
    enable_resizer(&rig);
    rig.lines(20);
    rig.shared.element(&firewall::WINDOW_CONTROL, 1).store(WRITE, SeqCst);
    rig.lines(HEIGHT);
    assert_eq!(rig.get(&firewall::FAULT_STATUS), 1);
    assert_eq!(rig.get(&firewall::FAULT_ADDRESS), IN + 20 * IN_STRIDE);
    let info = rig.get(&firewall::FAULT_INFO);
    assert_eq!(firewall::fault_info::ENGINE.get(info), Engine::Resizer as u32);
    assert!(!firewall::fault_info::WRITE.is_set(info));
    assert_eq!(rig.shared.progress.dma_refused.load(SeqCst), 115 - 20);
    assert!(rig.lines_of(irq::MMU_ERR.mask()).len() > 1);
    assert_eq!(rig.lines_of(irq::RSZ_DONE.mask()).len(), 1);
    let last = &rig.memory.0[&(OUT + 111 * 320)];
    assert!(last.iter().step_by(2).all(|luma| *luma == 0), "nothing of the buffer came through");
}

#[test]
fn a_window_for_reading_lets_nothing_be_written() {
    let mut rig = resizer_rig();
    rig.shared.element(&firewall::WINDOW_CONTROL, 0).store(READ, SeqCst);
    enable_resizer(&rig);
    rig.lines(HEIGHT);
    assert_eq!(written(&rig), 0);
    assert!(firewall::fault_info::WRITE.is_set(rig.get(&firewall::FAULT_INFO)));
}

#[test]
fn a_raw_stream_of_the_sensor_goes_on_beside_a_frame_from_memory() {
    let mut rig = resizer_rig();
    rig.sensor(&sensor::OUTPUT_CONTROL, sensor::output_control::CHIP_ENABLE.mask());
    rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::WEN.mask());
    rig.set(&ccdc::FMTCFG, 0);
    rig.set(&ccdc::SDR_ADDR, OUT + 0x10_0000);
    rig.set(&ccdc::PCR, 1);
    rig.open_window(OUT, 0x20_0000);
    rig.lines(60);
    enable_resizer(&rig);
    rig.frame();
    assert_eq!(rig.lines_of(irq::RSZ_DONE.mask()), [(2, 28)], "115 lines after line 60");
    assert_eq!(rig.memory.0.range(OUT + 0x10_0000..IN).count(), HEIGHT as usize);
    assert_eq!(rig.memory.0.range(..OUT + 0x10_0000).count(), 112);
    assert_eq!(rig.get(&firewall::FAULT_STATUS), 0);
}

#[test]
fn a_block_with_a_frame_from_memory_does_not_take_the_sensors() {
    let mut rig = preview_rig();
    enable_preview(&rig, false);
    rig.line();
    rig.sensor(&sensor::OUTPUT_CONTROL, sensor::output_control::CHIP_ENABLE.mask());
    rig.set(&ccdc::PCR, 1);
    rig.or(&preview::PCR, preview::pcr::EN.mask());
    rig.lines(10);
    assert!(preview::pcr::EN.is_set(rig.get(&preview::PCR)), "it waits for the next frame");
    rig.frame();
    rig.frame();
    assert_eq!(rig.lines_of(irq::PRV_DONE.mask()).len(), 2);
}

#[test]
fn a_reset_gives_the_frame_up_and_a_stopped_clock_holds_it() {
    let mut rig = resizer_rig();
    enable_resizer(&rig);
    rig.lines(5);
    let before = written(&rig);
    rig.shared.gates.fetch_and(!gate::PIPE, SeqCst);
    rig.lines(20);
    assert_eq!(written(&rig), before);
    rig.shared.gates.fetch_or(gate::PIPE, SeqCst);
    rig.lines(5);
    assert!(written(&rig) > before);
    rig.shared.new_epoch(|| (), |shared| shared.set(&resizer::PCR, 0));
    assert_eq!(rig.line(), Turn::Idle);
    assert_eq!(rig.get(&resizer::PCR), 0);
    assert!(rig.lines_of(irq::RSZ_DONE.mask()).is_empty());
}

#[test]
fn a_stuck_block_never_says_done() {
    let mut rig = resizer_rig();
    rig.shared.mischief.stuck.store(1 << Block::Resizer as u32, SeqCst);
    enable_resizer(&rig);
    rig.lines(HEIGHT);
    assert!(resizer::pcr::BUSY.is_set(rig.get(&resizer::PCR)));
    assert!(rig.lines_of(irq::RSZ_DONE.mask()).is_empty());
}

/// Loads weights that say of each place of a cell which colour it has: red, green in a red line, green in a
/// blue line, blue.
fn load_weights(rig: &Rig, cell: [usize; 4]) {
    use drv_isp_regs::preview::{TABLE_CFA, cfa_table as table};
    for (place, site) in cell.into_iter().enumerate() {
        let own = [0, 1, 1, 2][site];
        for colour in 0..table::COLOURS {
            let start = TABLE_CFA as usize + place * table::BLOCK_ENTRIES + colour * table::TAPS;
            // A pixel takes nothing but itself for its own colour, and less of itself for others.
            let weight = if colour == own { table::ONE as u32 } else { 10 };
            let beside = u32::from(colour == 0 && site == 1) * 8;
            rig.shared.preview_tables[start + table::OWN].store(weight, SeqCst);
            rig.shared.preview_tables[start + table::LEFT].store(beside, SeqCst);
        }
    }
}

/// Develops a mosaic with these colours in the places of its cell, and gives what was written.
fn developed(rig: &mut Rig, cell: [usize; 4]) -> Vec<(u32, Vec<u8>)> {
    // Red, green, green, blue, below ten bits.
    const CODES: [u16; 4] = [0x3A0, 0x180, 0x180, 0x060];
    for row in 0..HEIGHT {
        let pair = [0, 1].map(|column| CODES[cell[2 * (row as usize % 2) + column]].to_le_bytes());
        rig.memory.0.insert(IN + row * IN_STRIDE, pair.concat().repeat(WIDTH as usize / 2));
    }
    enable_preview(rig, false);
    rig.lines(HEIGHT - 1);
    let written: Vec<_> = rig.memory.0.range(..IN).map(|(a, line)| (*a, line.clone())).collect();
    written.iter().for_each(|(address, _)| _ = rig.memory.0.remove(address));
    assert!(!written.is_empty());
    written
}

/// The order of the blocks of weights says which colour is where, and nothing else does.
#[test]
fn a_mosaic_is_developed_in_the_order_of_the_weights() {
    const ORDERS: [[usize; 4]; 4] = [[1, 0, 3, 2], [0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1]];
    let mut rig = preview_rig();
    let grbg = developed(&mut rig, ORDERS[0]);
    // Luma is green, chroma blue and red, as the rig has it: byte order UYVY.
    let pair = &grbg[grbg.len() / 2].1[80..84];
    assert!(pair[0] < pair[2] && pair[1] == pair[3], "{pair:?}");
    for cell in ORDERS {
        load_weights(&rig, cell);
        for mosaic in ORDERS {
            let made = developed(&mut rig, mosaic);
            assert_eq!(made == grbg, mosaic == cell, "{mosaic:?} as {cell:?}");
        }
    }
    // What says nothing is taken for GRBG: two places alike.
    load_weights(&rig, [0, 0, 2, 3]);
    assert_eq!(developed(&mut rig, ORDERS[0]), grbg);
}
