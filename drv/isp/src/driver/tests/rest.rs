//! What is going on when the driver shall come to rest: measurements, and stops that do not end.

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
        bench.now_us += crate::run::STOP_LIMIT_US;
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
