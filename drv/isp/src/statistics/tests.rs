//! The engines against a model of the hardware: enable bits take effect at frame start, and time can
//! pass between any two register accesses.

mod histogram;
mod model;

use super::check::tests::{AEWB, HISTOGRAM};
use super::*;
use crate::registers::Write;
use drv_isp_regs::main_block::IRQ0STATUS;
use drv_isp_regs::{h3a, hist};
use idl::types::{AewbConfig, BufferIndex, Generation, Grid, PoolId, Statistics, TaskIndex};
use model::{Model, Shared, Windows, address};
use std::cell::RefCell;

const NODE: TaskId = TaskId::new(TaskIndex(9), Generation(0));
const AEWB_ENGINE: StatisticsEngine = StatisticsEngine::Aewb;
const BASE: u32 = 0x8000_0000;

struct Bench {
    model: RefCell<Model>,
    engines: Engines,
    /// Frame starts handled.
    started: u32,
}

impl Bench {
    fn new() -> Self {
        Self { model: RefCell::default(), engines: Engines::new(), started: 0 }
    }

    /// AEWB measures a stream to these buffers.
    fn measuring(buffers: u8) -> Self {
        let mut bench = Self::new();
        bench.configure(AEWB.into());
        bench.enable(AEWB_ENGINE, true).expect("it is configured");
        (0..buffers).for_each(|buffer| bench.queue(AEWB_ENGINE, buffer));
        bench.engines.stream_started(Path::Resizer);
        bench
    }

    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Engines, &mut Outside<'_, Shared<'_>, Windows<'_>>) -> T,
    ) -> T {
        let (mut registers, mut ledger) = (Shared(&self.model), Windows(&self.model));
        let mut outside = Outside { registers: &mut registers, ledger: &mut ledger, now_us: 5 };
        act(&mut self.engines, &mut outside)
    }

    fn configure(&mut self, config: StatisticsConfig) -> u16 {
        self.with(|engines, outside| engines.configure(NODE, &config, outside)).expect("it is good")
    }

    fn enable(&mut self, engine: StatisticsEngine, on: bool) -> Result<(), IspError> {
        self.with(|engines, outside| engines.enable(NODE, (engine, on), outside))
    }

    fn queue(&mut self, engine: StatisticsEngine, buffer: u8) {
        let held = Held { pool: PoolId(2), buffer: BufferIndex(buffer) };
        self.with(|engines, outside| engines.queue(NODE, (engine, held), outside))
            .expect("there is room");
    }

    fn next(&mut self, engine: StatisticsEngine) -> NextStatistics {
        self.with(|engines, outside| engines.next(NODE, engine, outside))
    }

    fn pass(&mut self) {
        self.model.borrow_mut().pass();
    }

    fn interrupt(&mut self) {
        let events = core::mem::take(&mut self.model.borrow_mut().status);
        self.started += u32::from(irq::HS_VS.is_set(events));
        let frame = FrameStart { sequence: self.started.wrapping_sub(1), timestamp_us: 0 };
        let frame = (self.started > 0).then_some(frame);
        self.with(|engines, outside| engines.events(events, frame, outside));
    }

    /// A whole frame, each moment handled at once.
    fn frame(&mut self) {
        for _ in 0..2 {
            self.pass();
            self.interrupt();
        }
    }

    /// The frame of the next measurement, which must be a good one; its buffer goes back.
    fn filled(&mut self) -> Statistics {
        match self.next(AEWB_ENGINE) {
            NextStatistics::Filled { buffer, statistics } => {
                self.queue(AEWB_ENGINE, buffer.0);
                statistics
            }
            other => panic!("expected a measurement, found {other:?}"),
        }
    }

    fn is_sound(&self) {
        let model = self.model.borrow();
        assert_eq!((model.violations, model.cut_off, model.torn), (0, 0, 0));
    }
}

#[test]
fn an_engine_without_a_configuration_is_not_enabled() {
    let mut bench = Bench::new();
    for engine in StatisticsEngine::ALL {
        assert_eq!(bench.enable(engine, true), Err(IspError::NotConfigured));
        assert_eq!(bench.enable(engine, false), Ok(()));
        assert_eq!(bench.next(engine), NextStatistics::Empty);
    }
    let bad = AewbConfig { saturation: 1024, ..AEWB };
    let refused = bench.with(|engines, outside| engines.configure(NODE, &bad.into(), outside));
    assert_eq!(refused, Err(IspError::InvalidConfiguration));
    assert_eq!(bench.enable(AEWB_ENGINE, true), Err(IspError::NotConfigured), "nothing changed");
}

#[test]
fn each_frame_is_measured_once_and_labelled() {
    let mut bench = Bench::measuring(2);
    bench.frame();
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Empty, "armed at the first frame start");
    for frame_number in 1..6 {
        bench.frame();
        let label = Statistics {
            frame_number,
            config_counter: 1,
            timestamp_us: 5,
            bytes: StatisticsConfig::Aewb(AEWB).bytes(),
        };
        assert_eq!(bench.filled(), label);
    }
    bench.is_sound();
}

#[test]
fn power_that_goes_for_a_while_costs_one_measurement() {
    let mut bench = Bench::measuring(2);
    (0..2).for_each(|_| bench.frame());
    bench.filled();
    bench.pass();
    bench.interrupt();
    bench.with(|engines, outside| {
        engines.stream_pauses();
        assert!(engines.are_running());
        engines.power_ends(outside);
        assert!(!engines.are_measuring());
    });
    let model = core::mem::take(&mut *bench.model.borrow_mut());
    assert!(model.open.is_empty(), "no window stays open without power");
    let NextStatistics::Damaged { buffer, statistics } = bench.next(AEWB_ENGINE) else {
        panic!("the measurement in progress was lost");
    };
    assert_eq!(statistics.config_counter, 1);
    bench.queue(AEWB_ENGINE, buffer.0);
    assert!(bench.model.borrow().words.is_empty(), "nothing is touched without power");
    bench.engines.stream_started(Path::Resizer);
    (0..2).for_each(|_| bench.frame());
    bench.filled();
    bench.is_sound();
}

#[test]
fn power_that_goes_after_a_disable_returns_the_buffer() {
    let mut bench = Bench::measuring(1);
    bench.frame();
    bench.pass();
    bench.interrupt();
    bench.enable(AEWB_ENGINE, false).expect("off is always possible");
    bench.with(|engines, outside| {
        assert!(engines.are_running(), "the frame in progress is measured to its end");
        engines.power_ends(outside);
    });
    assert!(matches!(bench.next(AEWB_ENGINE), NextStatistics::Returned { .. }));
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Off);
}

#[test]
fn the_raw_pipeline_shows_the_engines_nothing() {
    let mut bench = Bench::new();
    bench.configure(AEWB.into());
    bench.enable(AEWB_ENGINE, true).expect("it is configured");
    bench.queue(AEWB_ENGINE, 0);
    bench.engines.stream_started(Path::Raw);
    (0..3).for_each(|_| bench.frame());
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Empty);
    assert!(bench.model.borrow().open.is_empty());
}

#[test]
fn without_a_buffer_frames_are_not_measured() {
    let mut bench = Bench::measuring(1);
    (0..2).for_each(|_| bench.frame());
    (0..3).for_each(|_| bench.frame());
    assert_eq!(bench.filled().frame_number, 1);
    bench.frame();
    assert_eq!(bench.filled().frame_number, 5, "queued between two frames");
    bench.is_sound();
}

#[test]
fn a_configuration_is_taken_between_two_frames_and_counted() {
    let mut bench = Bench::measuring(2);
    (0..2).for_each(|_| bench.frame());
    assert_eq!(bench.filled().config_counter, 1);
    bench.pass();
    bench.interrupt();
    let wider = AewbConfig { grid: Grid { columns: 6, ..AEWB.grid }, ..AEWB };
    assert_eq!(bench.configure(wider.into()), 2);
    bench.pass();
    bench.interrupt();
    let of_before = bench.filled();
    assert_eq!((of_before.frame_number, of_before.config_counter), (2, 1));
    bench.frame();
    let after = bench.filled();
    let bytes = StatisticsConfig::Aewb(wider).bytes();
    assert_eq!((after.frame_number, after.config_counter, after.bytes), (3, 2, bytes));
    bench.is_sound();
}

#[test]
fn a_disable_in_mid_frame_ends_after_it_and_off_is_last() {
    let mut bench = Bench::measuring(3);
    bench.frame();
    bench.pass();
    bench.interrupt();
    assert!(bench.engines.are_measuring());
    bench.enable(AEWB_ENGINE, false).expect("disabling is never refused");
    let returned = |buffer| NextStatistics::Returned { buffer: BufferIndex(buffer) };
    assert_eq!(bench.next(AEWB_ENGINE), returned(1));
    assert_eq!(bench.next(AEWB_ENGINE), returned(2));
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Empty, "the frame is still measured");
    bench.pass();
    bench.interrupt();
    assert_eq!(bench.next(AEWB_ENGINE), returned(0));
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Off);
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Empty, "off is said once");
    assert!(bench.model.borrow().open.is_empty());
    bench.is_sound();
}

#[test]
fn the_end_of_a_stream_disables_and_gives_everything_back() {
    let mut bench = Bench::measuring(2);
    bench.frame();
    bench.with(|engines, outside| engines.stream_stops(outside));
    assert!(!bench.engines.are_measuring(), "armed, not started: nothing to wait for");
    bench.with(|engines, outside| engines.stream_ended(outside));
    assert!(bench.engines.take_news()[0]);
    let mut returned = 0;
    while let NextStatistics::Returned { .. } = bench.next(AEWB_ENGINE) {
        returned += 1;
    }
    assert_eq!(returned, 2);
    bench.frame();
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Empty);
    bench.is_sound();
}

#[test]
fn a_reset_under_the_engine_gives_the_buffer_back() {
    let mut bench = Bench::measuring(1);
    bench.frame();
    bench.pass();
    bench.interrupt();
    bench.model.borrow_mut().running = None;
    bench.with(|engines, outside| engines.stream_ended(outside));
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Returned { buffer: BufferIndex(0) });
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Off);
}

#[test]
fn an_overflow_costs_two_measurements_and_one_recovery() {
    let mut bench = Bench::measuring(3);
    (0..2).for_each(|_| bench.frame());
    bench.filled();
    let windows = bench.model.borrow_mut().word(&h3a::AEWWIN1);
    bench.model.borrow_mut().overflow = sbl::pcr::H3A_AEAWB_WBL_OVF.mask();
    for frame in [2, 3] {
        bench.frame();
        match bench.next(AEWB_ENGINE) {
            NextStatistics::Damaged { buffer, statistics } => {
                assert_eq!(statistics.frame_number, frame);
                bench.queue(AEWB_ENGINE, buffer.0);
            }
            other => panic!("frame {frame}: {other:?}"),
        }
        // The recovery measures the smallest grid, once.
        let recovers = bench.model.borrow_mut().word(&h3a::AEWWIN1) != windows;
        assert_eq!(recovers, frame == 2);
        // It begins where the lost one stopped: anywhere in it.
        let whole = StatisticsConfig::from(AEWB).bytes();
        let behind = if recovers { program::recovery(&AEWB.into()).bytes() } else { 0 };
        assert_eq!(bench.model.borrow().window_bytes, whole + behind);
    }
    assert_eq!(bench.model.borrow().overflow, 0);
    bench.frame();
    assert_eq!(bench.filled().frame_number, 4);
    bench.is_sound();
}

/// The engine stopped somewhere in the lost measurement, however small the next one is to be.
#[test]
fn a_recovery_has_room_for_the_measurement_that_was_lost_and_not_for_a_smaller_one_since() {
    let mut bench = Bench::measuring(3);
    (0..2).for_each(|_| bench.frame());
    bench.filled();
    bench.model.borrow_mut().overflow = sbl::pcr::H3A_AEAWB_WBL_OVF.mask();
    bench.pass();
    bench.interrupt();
    let small = AewbConfig { grid: Grid { columns: 2, rows: 2, ..AEWB.grid }, ..AEWB };
    bench.configure(small.into());
    bench.pass();
    bench.interrupt();
    let (lost, recovery) = (StatisticsConfig::from(AEWB), program::recovery(&small.into()));
    assert_eq!(bench.model.borrow().window_bytes, lost.bytes() + recovery.bytes());
    (0..2).for_each(|_| bench.frame());
    assert_eq!(bench.model.borrow().window_bytes, StatisticsConfig::from(small).bytes());
}

#[test]
fn a_new_life_of_the_node_starts_with_nothing() {
    let mut bench = Bench::measuring(3);
    (0..2).for_each(|_| bench.frame());
    let heir = TaskId::new(TaskIndex(9), Generation(1));
    let next = bench.with(|engines, outside| engines.next(heir, StatisticsEngine::Aewb, outside));
    assert_eq!(next, NextStatistics::Empty);
    assert!(!bench.engines.are_measuring());
    assert!(bench.model.borrow().open.is_empty());
    bench.frame();
    bench.is_sound();
}

#[test]
fn a_node_that_queues_too_much_is_told() {
    let mut bench = Bench::measuring(8);
    let held = Held { pool: PoolId(2), buffer: BufferIndex(0) };
    let refused = bench.with(|engines, outside| engines.queue(NODE, (AEWB_ENGINE, held), outside));
    assert_eq!(refused, Err(IspError::QueueFull));
}

#[test]
fn buffers_for_an_engine_that_is_off_come_back() {
    let mut bench = Bench::new();
    bench.queue(AEWB_ENGINE, 3);
    assert_eq!(bench.next(AEWB_ENGINE), NextStatistics::Returned { buffer: BufferIndex(3) });
}

/// A small generator of numbers: what matters is that all interleavings come.
struct Chance(u32);

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit
    }
}

#[test]
fn whatever_is_late_a_measurement_is_of_a_whole_frame() {
    let (mut good, mut lost, mut twice) = (0, 0, 0);
    for seed in 1..400 {
        let mut chance = Chance(0x9E37_79B9u32.wrapping_mul(seed));
        let mut bench = Bench::measuring(3);
        for _ in 0..200 {
            if chance.below(4) != 0 {
                bench.pass();
            }
            if chance.below(3) == 0 {
                bench.model.borrow_mut().pass_after = Some(chance.below(8));
            }
            if chance.below(3) != 0 {
                bench.interrupt();
            }
            match bench.next(AEWB_ENGINE) {
                NextStatistics::Filled { buffer, .. } => {
                    good += 1;
                    // Two if an interrupt was a whole frame late: the second is whole, too.
                    let frames = bench.model.borrow().shut[&address(buffer)].len();
                    assert!(frames >= 1, "seed {seed}");
                    twice += u32::from(frames > 1);
                    bench.queue(AEWB_ENGINE, buffer.0);
                }
                NextStatistics::Damaged { buffer, .. } | NextStatistics::Returned { buffer } => {
                    lost += 1;
                    bench.queue(AEWB_ENGINE, buffer.0);
                }
                NextStatistics::Empty | NextStatistics::Off => {}
            }
        }
        bench.is_sound();
        bench.enable(AEWB_ENGINE, false).expect("disabling is never refused");
        bench.model.borrow_mut().pass_after = None;
        (0..4).for_each(|_| bench.frame());
        let mut back = 0;
        loop {
            match bench.next(AEWB_ENGINE) {
                NextStatistics::Off => break,
                NextStatistics::Empty => panic!("seed {seed}: a buffer is missing"),
                _ => back += 1,
            }
        }
        assert_eq!(back, 3, "seed {seed}");
        bench.is_sound();
    }
    assert!(good > 10_000 && lost > 0 && twice > 0, "{good} good, {lost} lost, {twice} twice");
}
