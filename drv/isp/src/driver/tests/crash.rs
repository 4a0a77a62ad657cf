//! A CCDC that hangs: in the middle of a stream, when it stops, and when power goes.

use super::*;
use crate::ccdc_watch::IDLE_LIMIT_US;
use crate::run::{CCDC_STOP_LIMIT_US, STOP_LIMIT_US};
use drv_isp_regs::main_block::IRQ0ENABLE;

/// From VD0 to the end of the picture, in microseconds.
const LAST_LINES_US: u64 = 250;
/// Buffers of a stream.
const BUFFERS: u8 = 6;

impl Bench {
    /// Streams to [`BUFFERS`]; VD0 of the third frame has been handled: one is in the hardware, one is next,
    /// and the others wait.
    fn near_the_end(pipeline: Pipeline) -> Self {
        let mut bench = Self::streaming(pipeline);
        (0..BUFFERS).for_each(|index| assert!(bench.queue(index).is_ok()));
        bench.frames(2);
        (0..3).for_each(|_| bench.moment());
        let look_at_us = bench.driver.deadline_us(bench.now_us);
        assert_eq!(look_at_us, Some(bench.now_us + IDLE_LIMIT_US), "{:?}", pipeline.video);
        bench
    }

    /// The same, and then the CCDC hangs at the end of that frame, which the next frame start has shown.
    fn crashed(pipeline: Pipeline) -> Self {
        let mut bench = Self::near_the_end(pipeline);
        bench.model.borrow_mut().ccdc_stuck = true;
        bench.last_lines();
        bench.look_after(IDLE_LIMIT_US);
        bench.moment();
        bench
    }

    /// The last lines of the picture pass, and nobody looks.
    fn last_lines(&mut self) {
        self.now_us += LAST_LINES_US;
        self.model.borrow_mut().pass();
    }

    /// The timer fires so long after VD0.
    fn look_after(&mut self, limit_us: u64) {
        self.now_us += limit_us - LAST_LINES_US;
        self.with(|driver, outside| driver.timer(outside));
    }

    /// Lets the timer fire until the stream has stopped; how long that takes, in microseconds.
    fn until_stopped(&mut self) -> u64 {
        let begun_us = self.now_us;
        while self.stopped == 0 {
            assert!(self.now_us - begun_us <= CCDC_STOP_LIMIT_US + RECOVERY_US);
            self.timer();
            self.fetch();
        }
        self.now_us - begun_us
    }

    /// From a stop on: streams again, to the end.
    fn streams_again(&mut self) {
        (self.fetched, self.stopped) = (Vec::new(), 0);
        self.start().expect("the mark is cleared");
        self.queue(0).expect("room");
        self.frames(3);
        self.fetch();
        let video = self.pipeline.video;
        assert_eq!(self.good().first().map(|(buffer, _)| *buffer), Some(0), "{video:?}");
    }
}

/// The flags with which all buffers come back, of which so many hold whole frames.
fn good_then_damaged(good: u8) -> Vec<u8> {
    (0..BUFFERS).map(|index| if index < good { 0 } else { FrameFlags::ERROR.0 }).collect()
}

#[test]
fn a_ccdc_that_hangs_gives_each_buffer_back_and_takes_none_until_the_stop() {
    for pipeline in all() {
        let mut bench = Bench::crashed(pipeline);
        bench.fetch();
        let video = pipeline.video;
        let flags: Vec<_> = bench.fetched.iter().map(|frame| frame.flags.0).collect();
        // What preview and resizer have said to be done is done; a raw frame has no such event.
        let good = if video == VideoNode::CcdcOutput { 2 } else { 3 };
        assert_eq!(flags, good_then_damaged(good), "{video:?}");
        let buffers: Vec<_> = bench.fetched.iter().map(|frame| frame.buffer.0).collect();
        assert_eq!(buffers, [0, 1, 2, 3, 4, 5], "{video:?}: in the order of the queue");
        assert_eq!((bench.no_frames, bench.stopped), (1, 0), "{video:?}: who waits is told");
        assert_eq!(bench.model.borrow().open(), 0, "{video:?}: no window is left");
        for _ in 0..3 {
            assert_eq!(bench.queue(0), Err(IspError::Crashed), "{video:?}");
            assert_eq!(bench.start(), Err(IspError::Crashed), "{video:?}");
            bench.frames(1);
        }
        assert_eq!(bench.model.borrow().resets, 1, "{video:?}: it has a user");
        bench.stop();
        let took_us = bench.until_stopped();
        let bounds_us = STOP_LIMIT_US..=STOP_LIMIT_US + RECOVERY_US;
        assert!(bounds_us.contains(&took_us), "{video:?}: {took_us}");
        assert_eq!((bench.fetched.len(), bench.model.borrow().resets), (6, 2), "{video:?}");
        bench.streams_again();
    }
}

#[test]
fn a_healthy_ccdc_is_looked_at_once_for_each_frame_and_streams_on() {
    for pipeline in all() {
        for look_us in [IDLE_LIMIT_US, 2 * IDLE_LIMIT_US, 3_000] {
            let mut bench = Bench::near_the_end(pipeline);
            bench.last_lines();
            bench.look_after(look_us);
            let next_us = bench.driver.deadline_us(bench.now_us).expect("it streams");
            assert!(next_us > bench.now_us + 3 * IDLE_LIMIT_US, "{:?}", pipeline.video);
            bench.frames(2);
            bench.fetch();
            assert!(bench.good().len() >= 4, "{:?}", pipeline.video);
            assert_eq!(bench.violations(), 0);
        }
    }
}

/// The frame starts before the look, or the look comes before the end of the limit.
#[test]
fn neither_a_short_blanking_nor_an_early_look_is_a_crash() {
    for pipeline in all() {
        let mut bench = Bench::near_the_end(pipeline);
        bench.last_lines();
        bench.model.borrow_mut().pass();
        bench.look_after(IDLE_LIMIT_US);
        bench.frames(2);
        assert_eq!(bench.queue(0).map(|_| ()), Ok(()), "{:?}", pipeline.video);
        let mut bench = Bench::near_the_end(pipeline);
        // In the last two lines, BUSY is set with good reason.
        bench.now_us += IDLE_LIMIT_US - 1;
        (0..3).for_each(|_| bench.interrupt());
        bench.now_us -= IDLE_LIMIT_US - 1;
        bench.frames(2);
        assert_eq!(bench.queue(0).map(|_| ()), Ok(()), "{:?}", pipeline.video);
    }
}

#[test]
fn events_after_a_crash_mean_nothing_and_are_not_asked_for() {
    for pipeline in all() {
        let mut bench = Bench::crashed(pipeline);
        let enabled = bench.with(|_, outside| outside.registers.read(&IRQ0ENABLE));
        assert_eq!(enabled, 0, "{:?}", pipeline.video);
        let before = bench.driver.frame_start();
        bench.fetch();
        for _ in 0..20 {
            bench.pass();
            // A spurious interrupt, or one that was under way.
            let news = bench.with(|driver, outside| driver.interrupt(outside));
            assert!(!news.frame_sync, "{:?}", pipeline.video);
        }
        assert_eq!(bench.driver.frame_start(), before, "{:?}", pipeline.video);
        bench.fetch();
        assert_eq!(bench.fetched.len(), BUFFERS.into(), "{:?}", pipeline.video);
    }
}

/// Whoever waits for a frame after a crash does not wait for ever.
#[test]
fn who_waits_for_a_frame_after_a_crash_is_told_again_and_again() {
    for pipeline in all() {
        let mut bench = Bench::crashed(pipeline);
        bench.fetch();
        for told in 2..5 {
            (0..crate::frame_clock::FIRST_FRAMES_US / POLL_US + 1).for_each(|_| {
                bench.timer();
            });
            bench.fetch();
            assert_eq!(bench.no_frames, told, "{:?}", pipeline.video);
        }
    }
}

/// Between VD0 and the look the stream is stopped: the stop has its own bound, and finds it.
#[test]
fn a_ccdc_that_hangs_while_a_stop_is_pending_ends_with_the_stop() {
    for pipeline in all() {
        let mut bench = Bench::near_the_end(pipeline);
        bench.model.borrow_mut().ccdc_stuck = true;
        bench.last_lines();
        bench.stop();
        bench.moment();
        assert_eq!(bench.queue(0), Err(IspError::NotStreaming), "{:?}", pipeline.video);
        let took_us = bench.until_stopped();
        assert!(took_us >= CCDC_STOP_LIMIT_US - MOMENT_US, "{:?}: {took_us}", pipeline.video);
        let left = bench.fetched.iter().filter(|frame| frame.flags != FrameFlags::default());
        let cancelled = left.clone().filter(|frame| frame.flags.contains(FrameFlags::CANCELLED));
        assert_eq!((left.count(), bench.fetched.len()), (cancelled.count(), 6));
        bench.streams_again();
    }
}

/// Found by the first look, then the stream is stopped before the verdict.
#[test]
fn a_stop_before_the_verdict_ends_with_its_own_bound() {
    for pipeline in all() {
        let mut bench = Bench::near_the_end(pipeline);
        bench.model.borrow_mut().ccdc_stuck = true;
        bench.last_lines();
        bench.look_after(IDLE_LIMIT_US);
        bench.stop();
        bench.moment();
        bench.until_stopped();
        assert_eq!((bench.fetched.len(), bench.no_frames), (6, 0), "{:?}", pipeline.video);
        bench.streams_again();
    }
}

/// Power goes between VD0 and the look: the hardware is reset when it is back, and the stream goes on.
#[test]
fn a_ccdc_that_hangs_when_power_goes_is_cured_by_that() {
    for pipeline in all() {
        let mut bench = Bench::near_the_end(pipeline);
        bench.model.borrow_mut().ccdc_stuck = true;
        bench.last_lines();
        assert!(!bench.rest(), "the block is given its time");
        bench.driver.deadline_us(bench.now_us);
        bench.now_us += STOP_LIMIT_US;
        assert!(!bench.timer().at_rest, "{:?}: the CCDC has its own time", pipeline.video);
        bench.driver.deadline_us(bench.now_us);
        bench.now_us += CCDC_STOP_LIMIT_US - STOP_LIMIT_US;
        assert!(bench.timer().at_rest, "{:?}", pipeline.video);
        bench.power_cycle();
        bench.power_back();
        bench.fetch();
        bench.queue(0).expect("it streams");
        bench.frames(6);
        bench.fetch();
        assert_eq!(bench.good().last().map(|(buffer, _)| *buffer), Some(0), "{:?}", pipeline.video);
    }
}

#[test]
fn a_crashed_stream_comes_to_rest_at_once_and_takes_no_buffer_after_it() {
    for pipeline in all() {
        let mut bench = Bench::crashed(pipeline);
        bench.fetch();
        let rest = bench.with(|driver, outside| driver.rest(outside));
        assert!(rest.at_rest, "{:?}: nothing is waited for", pipeline.video);
        bench.power_cycle();
        assert_eq!(bench.queue(0), Err(IspError::Crashed), "{:?}", pipeline.video);
        assert_eq!(bench.start(), Err(IspError::Busy), "{:?}", pipeline.video);
        bench.power_back();
        bench.frames(3);
        assert_eq!(bench.queue(0), Err(IspError::Crashed), "{:?}", pipeline.video);
        bench.stop();
        bench.fetch();
        assert_eq!((bench.stopped, bench.fetched.len()), (1, 6), "{:?}", pipeline.video);
        bench.streams_again();
    }
}

#[test]
fn a_crashed_stream_can_be_stopped_without_power() {
    for pipeline in all() {
        let mut bench = Bench::crashed(pipeline);
        bench.with(|driver, outside| driver.rest(outside));
        bench.power_cycle();
        bench.stop();
        bench.fetch();
        assert_eq!((bench.stopped, bench.fetched.len()), (1, 6), "{:?}", pipeline.video);
        bench.power_back();
        bench.streams_again();
    }
}

/// Time from a moment to the next one.
fn until_next_us(moment: Moment) -> u64 {
    match moment {
        Moment::Start => 20_000,
        Moment::Vd1 => 12_000,
        Moment::Vd0 => LAST_LINES_US,
        Moment::End => 3_000,
    }
}

/// Interrupts that are handled in time, late or not at all, looks at any time, and frames that start between
/// two accesses of the driver: no healthy CCDC is called crashed.
#[test]
fn whatever_the_delays_a_healthy_ccdc_does_not_crash() {
    let mut looks = 0;
    for seed in 1..=300 {
        let pipeline = all()[seed as usize % all().len()];
        let (mut bench, mut random) = (Bench::streaming(pipeline), Random(seed));
        let mut free: Vec<u8> = (0..4).collect();
        let mut next_us = bench.now_us;
        for _ in 0..1_000 {
            bench.now_us +=
                100 + u64::from(random.below([2_000, 30_000][(seed % 5 == 0) as usize]));
            while next_us <= bench.now_us {
                let moment = bench.model.borrow_mut().pass();
                next_us += until_next_us(moment);
            }
            let between = (random.below(6) == 0).then(|| random.below(12));
            bench.model.borrow_mut().pass_after = between;
            if random.below(3) == 0 {
                bench.with(|driver, outside| driver.timer(outside));
            } else {
                bench.interrupt();
            }
            bench.model.borrow_mut().pass_after = None;
            let look_at_us = bench.driver.deadline_us(bench.now_us).expect("it streams");
            looks += u32::from(look_at_us.saturating_sub(bench.now_us) <= IDLE_LIMIT_US);
            let before = bench.fetched.len();
            bench.fetch();
            free.extend(bench.fetched[before..].iter().map(|frame| frame.buffer.0));
            if let Some(buffer) = free.pop() {
                assert!(bench.queue(buffer).is_ok(), "seed {seed}: {:?}", pipeline.video);
            }
        }
    }
    assert!(looks > 3_000, "only {looks} looks were expected");
}
