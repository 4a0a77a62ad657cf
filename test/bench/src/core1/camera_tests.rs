//! The camera over whole frames: events at their lines, pictures where they belong, misbehaviour.

use super::*;
use crate::pixels::yuv::YuvOrder;
use crate::regs::firewall::Engine;
use crate::scene::sensor::NOMINAL_EXPOSURE_LINES;
use crate::scene::{SceneSize, SceneSource};
use crate::shared::{Shared, gate};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{self, IRQ0STATUS, ctrl, irq};
use drv_isp_regs::sensor::{self, output_control, test_pattern};
use drv_isp_regs::{ALL, Block, Register, ccdc, firewall, preview, resizer};
use std::collections::BTreeMap;

pub(super) const WIDTH: u32 = 160;
pub(super) const HEIGHT: u32 = 120;
pub(super) const BLANK: u32 = 26;
pub(super) const OUT: u32 = 0x8001_0000;
pub(super) const RAW_STRIDE: u32 = 320;

/// A grey scene; it may be brighter to the right and downwards.
#[derive(Default)]
pub(super) struct Grey {
    pub(super) slopes: bool,
}

impl SceneSource for Grey {
    fn size(&self) -> SceneSize {
        SceneSize { width_px: 648, height_px: 486 }
    }

    fn line(&mut self, row: usize, rgb: &mut [u8]) {
        rgb.fill(128);
        if self.slopes {
            for (column, pixel) in rgb.chunks_exact_mut(3).enumerate() {
                pixel.fill(((row + column) / 6) as u8);
            }
        }
    }
}

/// Memory as a map of written lines; reading takes from the line that starts at or before.
#[derive(Default)]
pub(super) struct Lines(pub(super) BTreeMap<u32, Vec<u8>>);

impl Memory for Lines {
    fn write(&mut self, address: u32, bytes: &[u8]) {
        self.0.insert(address, bytes.to_vec());
    }

    fn read(&mut self, address: u32, bytes: &mut [u8]) {
        let (start, line) = self.0.range(..=address).next_back().expect("a line to read");
        bytes.copy_from_slice(&line[(address - start) as usize..][..bytes.len()]);
    }
}

pub(super) struct Rig {
    pub(super) shared: Box<Shared>,
    pub(super) camera: Box<Camera>,
    pub(super) memory: Lines,
    /// Frame, line and bits of each new status bit.
    pub(super) events: Vec<(u32, u32, u32)>,
    pub(super) scene: Grey,
}

impl Rig {
    /// Sensor at 160x120, CCDC to memory and to the video port, everything powered.
    pub(super) fn new() -> Self {
        let shared = Box::new(Shared::new());
        for register in ALL.iter().copied().flatten() {
            for index in 0..usize::from(register.count) {
                shared.element(register, index).store(register.reset, SeqCst);
            }
        }
        for register in sensor::TABLE {
            shared.sensor(register.sensor_index()).store(register.reset, SeqCst);
        }
        shared.gates.store(gate::SENSOR | gate::PIPE | gate::DMA, SeqCst);
        let rig = Self {
            shared,
            camera: Box::default(),
            memory: Lines::default(),
            events: vec![],
            scene: Grey::default(),
        };
        rig.sensor(&sensor::SHUTTER_WIDTH_LOWER, NOMINAL_EXPOSURE_LINES);
        rig.sensor(&sensor::WINDOW_WIDTH, 8 * WIDTH - 1);
        rig.sensor(&sensor::WINDOW_HEIGHT, 8 * HEIGHT - 1);
        rig.sensor(&sensor::ROW_ADDRESS_MODE, 7);
        rig.sensor(&sensor::COLUMN_ADDRESS_MODE, 7);
        rig.sensor(&sensor::TEST_PATTERN, test_pattern::ENABLE.of(1) | test_pattern::CONTROL.of(0));
        for level in
            [&sensor::TEST_PATTERN_GREEN, &sensor::TEST_PATTERN_RED, &sensor::TEST_PATTERN_BLUE]
        {
            rig.sensor(level, 0x400);
        }
        rig.sensor(&sensor::OUTPUT_CONTROL, output_control::CHIP_ENABLE.mask());
        let clocks = [ctrl::CCDC_CLK_EN, ctrl::PREV_CLK_EN, ctrl::RSZ_CLK_EN, ctrl::SBL_WR0_RAM_EN];
        rig.set(&main_block::CTRL, clocks.iter().fold(0, |all, field| all | field.mask()));
        rig.set(&ccdc::SYN_MODE, ccdc::syn_mode::VDHDEN.of(1) | ccdc::syn_mode::DATSIZ.of(6));
        rig.set(&ccdc::CFG, ccdc::cfg::VDLC.mask());
        rig.set(&ccdc::VDINT, ccdc::vdint::VDINT0.of(HEIGHT - 2) | ccdc::vdint::VDINT1.of(80));
        rig.set(&ccdc::HORZ_INFO, WIDTH - 1);
        rig.set(&ccdc::VERT_LINES, HEIGHT - 1);
        rig.set(&ccdc::SDR_ADDR, OUT);
        rig.set(&ccdc::HSIZE_OFF, RAW_STRIDE);
        rig
    }

    pub(super) fn with_raw_output() -> Self {
        let rig = Self::new();
        rig.or(&ccdc::SYN_MODE, ccdc::syn_mode::WEN.mask());
        rig.set(&ccdc::PCR, 1);
        rig.open_window(OUT, RAW_STRIDE * HEIGHT);
        rig
    }

    pub(super) fn with_preview_to_memory() -> Self {
        let rig = Self::new();
        rig.set(&ccdc::FMTCFG, ccdc::fmtcfg::VPEN.mask() | ccdc::fmtcfg::VPIN.of(6));
        rig.set(&ccdc::FMT_HORZ, WIDTH);
        rig.set(&ccdc::FMT_VERT, HEIGHT);
        rig.set(&ccdc::VP_OUT, WIDTH << 4 | (HEIGHT - 1) << 17);
        rig.set(&preview::HORZ_INFO, WIDTH - 1);
        rig.set(&preview::VERT_INFO, HEIGHT - 2);
        rig.set(&preview::WSDR_ADDR, OUT);
        rig.set(&preview::WADD_OFFSET, 320);
        // Luma is green, chroma blue and red: at the reset values every picture is black.
        for diagonal in [0, 2, 4] {
            rig.shared.element(&preview::RGB_MAT, diagonal).store(256, SeqCst);
        }
        for (row, colour) in [preview::csc::G, preview::csc::B, preview::csc::R].iter().enumerate()
        {
            rig.shared.element(&preview::CSC, row).store(colour.of(100), SeqCst);
        }
        let options = [preview::pcr::CFAEN, preview::pcr::ONESHOT, preview::pcr::GAMMA_BYPASS];
        let options = options.iter().fold(preview::pcr::EN.mask(), |all, f| all | f.mask());
        rig.set(&preview::PCR, options | preview::pcr::SDRPORT.mask());
        rig.set(&ccdc::PCR, 1);
        rig.open_window(OUT, 320 * HEIGHT);
        rig
    }

    pub(super) fn set(&self, register: &Register, value: u32) {
        self.shared.set(register, value);
    }

    pub(super) fn or(&self, register: &Register, bits: u32) {
        self.shared.word(register).fetch_or(bits, SeqCst);
    }

    pub(super) fn get(&self, register: &Register) -> u32 {
        self.shared.get(register)
    }

    pub(super) fn sensor(&self, register: &Register, value: u32) {
        self.shared.sensor(register.sensor_index()).store(value, SeqCst);
    }

    pub(super) fn open_window(&self, base: u32, bytes: u32) {
        self.set(&firewall::WINDOW_BASE, base);
        self.set(&firewall::WINDOW_BYTES, bytes);
        self.set(&firewall::WINDOW_CONTROL, 5);
    }

    /// One line; status bits are recorded and cleared, as a quick driver does.
    pub(super) fn line(&mut self) -> Turn {
        let turn = self.camera.begin_line(&self.shared);
        if turn == Turn::Line {
            self.camera.run_line(&self.shared, &mut self.scene, &mut self.memory);
        }
        let bits = self.shared.word(&IRQ0STATUS).swap(0, SeqCst);
        if bits != 0 {
            let progress = &self.shared.progress;
            let now = (progress.frame.load(SeqCst), progress.line.load(SeqCst));
            self.events.push((now.0, now.1, bits));
        }
        turn
    }

    pub(super) fn lines(&mut self, count: u32) {
        for _ in 0..count {
            self.line();
        }
    }

    pub(super) fn frame(&mut self) {
        self.lines(HEIGHT + BLANK);
    }

    pub(super) fn lines_of(&self, bit: u32) -> Vec<(u32, u32)> {
        let with_bit = self.events.iter().filter(|(_, _, bits)| bits & bit != 0);
        with_bit.map(|(frame, line, _)| (*frame, *line)).collect()
    }
}

#[test]
fn nothing_happens_while_the_sensor_does_not_send() {
    let mut rig = Rig::with_raw_output();
    rig.sensor(&sensor::OUTPUT_CONTROL, 0);
    assert_eq!(rig.line(), Turn::Idle);
    rig.sensor(&sensor::OUTPUT_CONTROL, output_control::CHIP_ENABLE.mask());
    rig.shared.gates.store(gate::PIPE | gate::DMA, SeqCst);
    assert_eq!(rig.line(), Turn::Idle);
    assert!(rig.events.is_empty() && rig.memory.0.is_empty());
}

#[test]
fn line_events_come_at_their_lines_of_each_frame() {
    let mut rig = Rig::with_raw_output();
    rig.frame();
    rig.frame();
    assert_eq!(rig.lines_of(irq::HS_VS.mask()), [(1, 0), (2, 0)]);
    assert_eq!(rig.lines_of(irq::CCDC_VD1.mask()), [(1, 80), (2, 80)]);
    assert_eq!(rig.lines_of(irq::CCDC_VD0.mask()), [(1, 118), (2, 118)]);
}

#[test]
fn vertical_events_come_also_while_the_ccdc_is_disabled() {
    let mut rig = Rig::new();
    rig.frame();
    assert_eq!(rig.lines_of(irq::CCDC_VD0.mask()), [(1, 118)]);
    assert!(rig.memory.0.is_empty());
}

#[test]
fn a_raw_frame_lands_line_by_line_where_the_registers_say() {
    let mut rig = Rig::with_raw_output();
    rig.frame();
    assert_eq!(rig.memory.0.len(), HEIGHT as usize);
    for row in 0..HEIGHT {
        let line = &rig.memory.0[&(OUT + row * RAW_STRIDE)];
        assert_eq!(line.len(), 2 * WIDTH as usize);
        // The pattern's level is 0x400 of 12 bits.
        assert!(line.chunks(2).all(|pixel| pixel == [0x00, 0x01]), "row {row}");
    }
    assert_eq!(rig.shared.progress.dma_bytes.load(SeqCst), RAW_STRIDE * HEIGHT);
}

#[test]
fn the_ccdc_is_busy_from_frame_start_to_its_last_line() {
    let mut rig = Rig::with_raw_output();
    let busy = |rig: &Rig| ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR));
    rig.line();
    assert!(busy(&rig));
    rig.lines(HEIGHT - 2);
    assert!(busy(&rig));
    rig.line();
    assert!(!busy(&rig));
}

#[test]
fn an_address_written_in_mid_frame_takes_effect_at_the_next_frame() {
    let mut rig = Rig::with_raw_output();
    rig.open_window(OUT, 0x10_0000);
    rig.lines(50);
    rig.set(&ccdc::SDR_ADDR, OUT + 0x8_0000);
    rig.lines(HEIGHT + BLANK - 50);
    assert!(rig.memory.0.keys().all(|address| *address < OUT + 0x8_0000));
    rig.frame();
    assert!(rig.memory.0.contains_key(&(OUT + 0x8_0000)));
}

#[test]
fn clearing_enable_lets_the_frame_finish() {
    let mut rig = Rig::with_raw_output();
    rig.lines(50);
    rig.set(&ccdc::PCR, rig.get(&ccdc::PCR) & !1);
    rig.lines(HEIGHT + BLANK - 50);
    assert_eq!(rig.memory.0.len(), HEIGHT as usize);
    rig.memory.0.clear();
    rig.frame();
    assert!(rig.memory.0.is_empty());
}

#[test]
fn a_one_shot_preview_makes_one_frame_and_says_done_once() {
    let mut rig = Rig::with_preview_to_memory();
    rig.line();
    assert_eq!(rig.get(&preview::PCR) & 3, preview::pcr::BUSY.mask());
    rig.frame();
    rig.frame();
    let done = rig.lines_of(irq::PRV_DONE.mask());
    assert_eq!(done.len(), 1);
    assert!(done[0].0 == 1 && done[0].1 <= HEIGHT, "{done:?}");
    assert_eq!(rig.get(&preview::PCR) & 3, 0);
    // 119 lines in, two lost above and below by the CFA interpolation.
    assert_eq!(rig.memory.0.len(), 115);
    assert!(rig.memory.0.values().all(|line| line.len() == 2 * (WIDTH as usize - 4)));
}

#[test]
fn the_byte_order_is_that_of_the_control_register() {
    let rig = Rig::with_preview_to_memory();
    let pcr = rig.get(&preview::PCR) & !preview::pcr::YCPOS.mask();
    for (value, order) in
        [YuvOrder::Uyvy, YuvOrder::Vyuy, YuvOrder::Yvyu, YuvOrder::Yuyv].into_iter().enumerate()
    {
        rig.set(&preview::PCR, pcr | preview::pcr::YCPOS.of(value as u32));
        assert_eq!(config::preview_order(&rig.shared), order);
    }
}

#[test]
fn the_resizer_takes_the_previews_lines() {
    let mut rig = Rig::with_preview_to_memory();
    let pcr = rig.get(&preview::PCR) & !preview::pcr::SDRPORT.mask();
    rig.set(&preview::PCR, pcr | preview::pcr::RSZPORT.mask());
    rig.set(&resizer::CNT, 255 | 255 << 10);
    rig.set(&resizer::IN_SIZE, 156 | 115 << 16);
    rig.set(&resizer::OUT_SIZE, 150 | 112 << 16);
    rig.set(&resizer::SDR_OUTADD, OUT);
    rig.set(&resizer::SDR_OUTOFF, 320);
    rig.set(&resizer::PCR, resizer::pcr::EN.mask() | resizer::pcr::ONESHOT.mask());
    rig.frame();
    assert_eq!(rig.lines_of(irq::RSZ_DONE.mask()).len(), 1);
    assert_eq!(rig.memory.0.len(), 112);
    assert!(rig.memory.0.values().all(|line| line.len() == 300));
}

#[test]
fn a_closed_window_keeps_memory_as_it_was_and_reports_the_engine() {
    let mut rig = Rig::with_raw_output();
    rig.lines(10);
    rig.set(&firewall::WINDOW_CONTROL, 0);
    rig.lines(HEIGHT + BLANK - 10);
    assert_eq!(rig.memory.0.len(), 10);
    assert_eq!(rig.get(&firewall::FAULT_STATUS), 1);
    assert_eq!(rig.get(&firewall::FAULT_ADDRESS), OUT + 10 * RAW_STRIDE);
    let engine = firewall::fault_info::ENGINE.get(rig.get(&firewall::FAULT_INFO));
    assert_eq!(engine, Engine::Ccdc as u32);
    assert_eq!(rig.shared.progress.dma_refused.load(SeqCst), HEIGHT - 10);
}

#[test]
fn denied_bus_requests_lose_the_data_without_a_fault() {
    let mut rig = Rig::with_raw_output();
    rig.lines(10);
    rig.shared.gates.fetch_and(!gate::DMA, SeqCst);
    rig.lines(HEIGHT + BLANK - 10);
    assert_eq!(rig.memory.0.len(), 10);
    assert_eq!(rig.get(&firewall::FAULT_STATUS), 0);
    assert_eq!(rig.lines_of(irq::CCDC_VD0.mask()).len(), 1, "events go on");
}

#[test]
fn a_new_epoch_ends_the_frame_at_once() {
    let mut rig = Rig::with_raw_output();
    rig.lines(10);
    rig.shared.new_epoch(|| (), |shared| shared.set(&ccdc::PCR, 0));
    rig.lines(20);
    assert_eq!(rig.memory.0.len(), 10);
    assert_eq!(rig.get(&ccdc::PCR), 0, "no BUSY from the old frame");
    assert_eq!(rig.shared.progress.frame.load(SeqCst), 2);
}

#[test]
fn a_stuck_block_stays_busy_and_never_says_done() {
    let mut rig = Rig::with_preview_to_memory();
    rig.shared.mischief.stuck.store(1 << Block::Preview as u32, SeqCst);
    rig.frame();
    assert!(preview::pcr::BUSY.is_set(rig.get(&preview::PCR)));
    assert!(rig.lines_of(irq::PRV_DONE.mask()).is_empty());
    assert!(!ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR)), "only the preview is stuck");
}

#[test]
fn a_stuck_block_takes_no_other_frame_until_it_is_released() {
    let mut rig = Rig::with_raw_output();
    rig.lines(50);
    rig.shared.mischief.stuck.store(1 << Block::Ccdc as u32, SeqCst);
    rig.lines(HEIGHT + BLANK - 50);
    assert_eq!(rig.memory.0.len(), HEIGHT as usize, "the frame in progress is written");
    for frame in 2..4 {
        rig.memory.0.clear();
        rig.frame();
        assert!(ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR)));
        assert!(rig.memory.0.is_empty(), "frame {frame}");
        let starts = rig.lines_of(irq::HS_VS.mask());
        assert_eq!(starts.last(), Some(&(frame, 0)), "the sensor goes on");
        assert_eq!(rig.lines_of(irq::CCDC_VD0.mask()).last(), Some(&(frame, HEIGHT - 2)));
    }
    rig.shared.mischief.stuck.store(0, SeqCst);
    rig.set(&ccdc::PCR, ccdc::pcr::EN.mask());
    rig.frame();
    assert_eq!(rig.memory.0.len(), HEIGHT as usize);
}

#[test]
fn a_stuck_preview_keeps_its_enable_and_the_ccdc_goes_on() {
    let mut rig = Rig::with_preview_to_memory();
    rig.shared.mischief.stuck.store(1 << Block::Preview as u32, SeqCst);
    rig.frame();
    rig.memory.0.clear();
    rig.or(&preview::PCR, preview::pcr::EN.mask());
    rig.frame();
    assert!(rig.memory.0.is_empty(), "no line of another frame");
    let control = rig.get(&preview::PCR);
    assert!(preview::pcr::EN.is_set(control) && preview::pcr::BUSY.is_set(control));
    assert!(!ccdc::pcr::BUSY.is_set(rig.get(&ccdc::PCR)), "it ends its frames");
}

#[test]
fn a_dropped_frame_passes_without_any_event() {
    let mut rig = Rig::with_raw_output();
    rig.shared.mischief.dropped.set(0, 1);
    rig.frame();
    assert!(rig.events.is_empty() && rig.memory.0.is_empty());
    rig.frame();
    assert_eq!(rig.lines_of(irq::HS_VS.mask()), [(2, 0)]);
}

#[test]
fn a_stray_address_is_stopped_by_the_firewall() {
    let mut rig = Rig::with_raw_output();
    rig.shared.mischief.stray.set(0x10_0000, 1);
    rig.frame();
    assert!(rig.memory.0.is_empty());
    assert_eq!(rig.get(&firewall::FAULT_ADDRESS), OUT + 0x10_0000);
    rig.frame();
    assert_eq!(rig.memory.0.len(), HEIGHT as usize);
}

#[test]
fn a_late_engine_writes_on_after_it_was_stopped_until_the_bus_is_denied() {
    for deny in [false, true] {
        let mut rig = Rig::with_raw_output();
        rig.shared.mischief.after_stop_lines.store(20, SeqCst);
        rig.lines(50);
        rig.set(&ccdc::PCR, rig.get(&ccdc::PCR) & !1);
        rig.lines(HEIGHT - 50);
        rig.sensor(&sensor::OUTPUT_CONTROL, 0);
        assert_ne!(rig.shared.progress.outstanding.load(SeqCst), 0);
        rig.memory.0.clear();
        if deny {
            rig.shared.gates.fetch_and(!gate::DMA, SeqCst);
        }
        rig.lines(BLANK + 40);
        assert_eq!(rig.memory.0.len(), if deny { 0 } else { 20 });
        assert_eq!(rig.shared.progress.outstanding.load(SeqCst), 0);
        assert_eq!(rig.line(), Turn::Idle);
    }
}

#[test]
fn the_alarm_is_due_from_its_line_on() {
    let mut rig = Rig::with_raw_output();
    rig.shared.alarm.frame.store(1, SeqCst);
    rig.shared.alarm.line.store(2, SeqCst);
    rig.lines(4);
    assert!(!alarm_due(&rig.shared), "not armed");
    let mut rig = Rig::with_raw_output();
    rig.shared.alarm.frame.store(1, SeqCst);
    rig.shared.alarm.line.store(2, SeqCst);
    rig.shared.alarm.armed.store(1, SeqCst);
    let due: Vec<_> = (0..4)
        .map(|_| {
            rig.line();
            alarm_due(&rig.shared)
        })
        .collect();
    assert_eq!(due, [false, false, true, true]);
}
