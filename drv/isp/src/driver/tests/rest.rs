//! Rest: power goes for a while, with streams, measurements and stops that do not end.

use super::*;
use crate::statistics::check::tests::AEWB;
use drv_isp_regs::h3a;
use idl::types::{NextStatistics, StatisticsEngine};

const NODE: TaskId = TaskId::new(TaskIndex(9), Generation(0));
const ENGINE: StatisticsEngine = StatisticsEngine::Aewb;

impl Bench {
    /// The buffer that AEWB measures to.
    fn measure_to(&mut self, index: u8) {
        let held = Held { pool: PoolId(5), buffer: BufferIndex(index) };
        self.with(|driver, outside| driver.statistics.queue(NODE, (ENGINE, held), outside))
            .expect("room");
    }

    fn measuring(pipeline: Pipeline) -> Self {
        let mut bench = Self::streaming(pipeline);
        let config = AEWB.into();
        bench
            .with(|driver, outside| driver.statistics.configure(NODE, &config, outside))
            .expect("a good configuration");
        bench
            .with(|driver, outside| driver.statistics.enable(NODE, (ENGINE, true), outside))
            .expect("it is configured");
        bench.measure_to(8);
        bench
    }

    fn next_measurement(&mut self) -> NextStatistics {
        self.with(|driver, outside| driver.statistics.next(NODE, ENGINE, outside))
    }
}

/// A suspend can be given up, by the operator or because another client does not come to rest: then
/// the hardware is reset although it never lost its power.
#[test]
fn after_a_suspend_that_was_given_up_the_engines_are_programmed_again() {
    for moments in 0..6 {
        let mut bench = Bench::measuring(processed(320, 240));
        for index in 0..3 {
            bench.queue(index).expect("room");
        }
        (0..moments).for_each(|_| bench.moment());
        let at_rest = bench.with(|driver, outside| driver.rest(outside)).at_rest;
        if !at_rest {
            assert!(bench.driver.is_off(), "power that is on again is to be told");
            bench.power_up();
            let lost = bench.next_measurement();
            if let NextStatistics::Damaged { buffer, .. } = lost {
                bench.measure_to(buffer.0);
            }
            bench.frames(1);
            let control = bench.with(|_, outside| outside.registers.read(&h3a::AEWWIN1));
            assert_ne!(control, 0, "after {moments} moments: measures with reset values");
        }
    }
}

/// At rest power may be away for hours: who waits for the end of a stop does not wait for it.
#[test]
fn a_stop_that_does_not_end_is_over_when_the_driver_comes_to_rest() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        for index in 0..2 {
            bench.queue(index).expect("room");
        }
        bench.frames(1);
        bench.moment();
        bench.model.borrow_mut().stuck = true;
        bench.stop();
        assert!(!bench.rest(), "the block is given its time");
        bench.now_us += stop_limit_us(&pipeline);
        let news = bench.timer();
        assert!(news.at_rest && news.wake.contains(pipeline.video), "{:?}", pipeline.video);
        bench.model.borrow_mut().stuck = false;
        bench.power_cycle();
        bench.fetch();
        assert_eq!((bench.stopped, bench.fetched.len()), (1, 2), "{:?}", pipeline.video);
        assert_eq!(bench.model.borrow().open(), 0);
        bench.start().expect("kept until power is back");
        bench.queue(0).expect("room");
        bench.power_back();
        bench.frames(3);
        bench.fetch();
        assert_eq!(bench.good().last().map(|(buffer, _)| *buffer), Some(0));
    }
}

impl Bench {
    /// Comes to rest while frames go on; true if it does.
    pub(super) fn rest(&mut self) -> bool {
        let mut at_rest = self.with(|driver, outside| driver.rest(outside)).at_rest;
        for _ in 0..6 {
            if at_rest {
                break;
            }
            self.pass();
            at_rest = self.timer().at_rest;
        }
        at_rest
    }

    pub(super) fn power_cycle(&mut self) {
        self.model.borrow_mut().lose_power();
        self.interrupt();
        self.timer();
        assert_eq!(self.driver.deadline_us(self.now_us), None, "nothing to look for without power");
    }

    pub(super) fn power_back(&mut self) {
        self.model.borrow_mut().unpowered = false;
        assert!(self.driver.is_off());
        self.power_up();
    }
}

#[test]
fn a_stream_at_rest_touches_nothing_and_goes_on_where_it_was() {
    for pipeline in all() {
        for moments in 0..5 {
            let mut bench = Bench::streaming(pipeline);
            for index in 0..4 {
                bench.queue(index).expect("room");
            }
            (0..moments).for_each(|_| bench.moment());
            assert!(bench.rest(), "{:?} after {moments} moments", pipeline.video);
            bench.power_cycle();
            let id = ControlId::BRIGHTNESS;
            let preview = Name::new("OMAP3 ISP preview");
            let set = bench
                .with(|driver, outside| driver.set_control(&preview, id, 9, outside.registers));
            assert_eq!(set, Ok(9));
            bench.power_back();
            bench.frames(6);
            bench.fetch();
            let buffers: Vec<_> = bench.good().into_iter().map(|(buffer, _)| buffer).collect();
            assert_eq!(buffers, [0, 1, 2, 3], "{:?} after {moments} moments", pipeline.video);
            for (buffer, _) in bench.good() {
                assert!(bench.model.borrow().frame_in(BufferIndex(buffer)).is_some());
            }
            let numbers: Vec<_> = bench.good().into_iter().map(|(_, number)| number).collect();
            assert!(numbers.is_sorted(), "{numbers:?}");
            assert_eq!((bench.violations(), bench.model.borrow().open()), (0, 0));
        }
    }
}

#[test]
fn a_stream_starts_and_stops_at_rest_and_a_wedged_block_does_not_hold_it_up() {
    for pipeline in all() {
        let mut bench = Bench::new(pipeline);
        bench.power_up();
        assert!(bench.rest());
        bench.power_cycle();
        bench.start().expect("kept until power is back");
        assert_eq!(bench.start(), Err(IspError::Busy));
        bench.queue(0).expect("room");
        bench.stop();
        bench.fetch();
        assert_eq!((bench.stopped, bench.fetched.len()), (1, 1));
        bench.start().expect("kept until power is back");
        bench.queue(1).expect("room");
        bench.power_back();
        bench.frames(3);
        bench.fetch();
        assert_eq!(bench.good().first().map(|(buffer, _)| *buffer), Some(1));

        bench.queue(2).expect("room");
        bench.moment();
        bench.model.borrow_mut().stuck = true;
        assert!(!bench.rest(), "the block is given its time");
        bench.now_us += stop_limit_us(&pipeline);
        assert!(bench.timer().at_rest);
        bench.model.borrow_mut().stuck = false;
        bench.power_cycle();
        bench.queue(3).expect("room");
        bench.power_back();
        bench.frames(3);
        let before = bench.fetched.len();
        bench.fetch();
        let flags: Vec<_> = bench.fetched[before..].iter().map(|frame| frame.flags).collect();
        assert_eq!(flags, [FrameFlags::ERROR, FrameFlags::default()], "{:?}", pipeline.video);
    }
}

#[test]
fn an_interrupt_and_the_timer_in_one_turn_rest_nobody_before_its_idle_time() {
    let mut bench = Bench::new(raw());
    bench.driver = Driver::new(50_000);
    bench.with(|driver, outside| driver.power_on(outside.registers));
    while !bench.timer().ready {}
    bench.start().expect("a good pipeline");
    bench.driver.deadline_us(bench.now_us);
    bench.stop();
    bench.frames(2);
    assert!(!bench.driver.is_running(), "it has stopped");
    // Both are in one set of notifications, and the interrupt is handled first.
    assert!(!bench.with(|driver, outside| driver.timer(outside)).at_rest);
    assert_eq!(bench.driver.deadline_us(bench.now_us), Some(bench.now_us + 50_000));
}

#[test]
fn without_a_stream_it_comes_to_rest_after_its_idle_time_and_a_start_wakes_it() {
    let mut bench = Bench::new(raw());
    bench.driver = Driver::new(50_000);
    bench.with(|driver, outside| driver.power_on(outside.registers));
    while !bench.timer().ready {}
    assert_eq!(bench.driver.deadline_us(0), Some(50_000));
    assert!(!bench.timer().at_rest, "a timer that fires early does nothing");
    bench.now_us = 50_000 - POLL_US;
    assert!(bench.timer().at_rest);
    bench.power_cycle();
    let pipeline = bench.pipeline;
    let news = bench.with(|driver, outside| driver.start(&pipeline, outside));
    assert!(news.is_ok_and(|news| news.power_wanted));
}
