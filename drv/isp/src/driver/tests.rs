//! The driver against a model of the hardware, in order and with every delay that chance makes.

mod config;
mod corrections;
mod crash;
mod crop;
mod delays;
mod faults;
mod memory;
mod model;
mod rest;
mod serial;

use super::*;
use crate::frame_clock::{LOOK_US, STALLED_FRAMES};
use crate::program::Path;
use crate::program::tests::{preview_only, processed, raw, serially, ycbcr};
use crate::registers::{Write, Writer};
use idl::types::{BufferIndex, ControlId, FrameDone, MbusCode, Name, NextDone, PoolId};
use model::{Model, Moment, Shared, Windows};
use std::cell::RefCell;

/// Time of a moment: a quarter of a frame.
const MOMENT_US: u64 = 8_000;

/// Reset and tables, in microseconds: a poll, and 15 chunks.
const RECOVERY_US: u64 = 20 * POLL_US;

/// What a node gets that fetches until nothing is left; when it is told so, nothing is.
fn drained(driver: &mut Driver, video: VideoNode) -> Vec<NextDone> {
    let mut all = Vec::new();
    while let Ok(Drained { done, more }) = driver.next_done(video) {
        all.push(done);
        if !more {
            break;
        }
    }
    let left = driver.next_done(video).map(|drained| drained.done);
    assert!(matches!(left, Ok(NextDone::Empty) | Err(IspError::NotStreaming)), "{left:?}");
    all
}

struct Bench {
    model: RefCell<Model>,
    driver: Driver,
    now_us: u64,
    pipeline: Pipeline,
    given: u32,
    fetched: Vec<FrameDone>,
    stopped: u32,
    no_frames: u32,
}

impl Bench {
    fn new(pipeline: Pipeline) -> Self {
        let path = Path::to(pipeline.video, pipeline.preview.is_some()).expect("an output");
        Self {
            model: RefCell::new(Model::new(path)),
            driver: Driver::new(0),
            now_us: 0,
            pipeline,
            given: 0,
            fetched: Vec::new(),
            stopped: 0,
            no_frames: 0,
        }
    }

    /// A driver that is up and streams.
    fn streaming(pipeline: Pipeline) -> Self {
        let mut bench = Self::new(pipeline);
        bench.power_up();
        bench.start().expect("a good pipeline");
        bench
    }

    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Driver, &mut Outside<'_, Shared<'_>, Windows<'_>>) -> T,
    ) -> T {
        let (mut registers, mut ledger) = (Shared(&self.model), Windows(&self.model));
        let now_us = self.now_us;
        let mut outside = Outside { registers: &mut registers, ledger: &mut ledger, now_us };
        act(&mut self.driver, &mut outside)
    }

    fn power_up(&mut self) {
        self.with(|driver, outside| driver.power_on(outside.registers));
        for _ in 0..100 {
            self.timer();
        }
    }

    fn start(&mut self) -> Result<(), IspError> {
        let pipeline = self.pipeline;
        self.with(|driver, outside| driver.start(&pipeline, outside)).map(|_| ())
    }

    fn timer(&mut self) -> News {
        self.driver.deadline_us(self.now_us);
        self.now_us += POLL_US;
        self.with(|driver, outside| driver.timer(outside))
    }

    fn queue(&mut self, index: u8) -> Result<News, IspError> {
        let held = Held { pool: PoolId(0), buffer: BufferIndex(index) };
        let video = self.pipeline.video;
        let result =
            self.with(|driver, outside| driver.queue(video, (held, ReadTiming::NONE), outside));
        self.given += u32::from(result.is_ok());
        result
    }

    fn stop(&mut self) {
        let video = self.pipeline.video;
        self.with(|driver, outside| driver.stop(video, outside)).expect("it streams");
    }

    fn interrupt(&mut self) {
        self.with(|driver, outside| driver.interrupt(outside));
    }

    /// An interrupt without an event, a little later: it looks before its time.
    fn look(&mut self) -> News {
        self.now_us += POLL_US;
        self.with(|driver, outside| driver.interrupt(outside))
    }

    fn pass(&mut self) -> Moment {
        self.now_us += MOMENT_US;
        self.model.borrow_mut().pass()
    }

    /// A moment, handled at once.
    fn moment(&mut self) {
        self.pass();
        self.interrupt();
    }

    fn frames(&mut self, count: u32) {
        (0..4 * count).for_each(|_| self.moment());
    }

    fn fetch(&mut self) {
        for done in drained(&mut self.driver, self.pipeline.video) {
            match done {
                NextDone::Frame(frame) => {
                    let was_in_hardware = self.model.borrow_mut().done.remove(&frame.buffer.0);
                    let cancelled = frame.flags.contains(FrameFlags::CANCELLED);
                    assert!(was_in_hardware || cancelled, "no client gets {frame:?}");
                    self.fetched.push(frame);
                }
                NextDone::Stopped => self.stopped += 1,
                NextDone::NoFrames => self.no_frames += 1,
                NextDone::Empty => {}
            }
        }
    }

    fn good(&self) -> Vec<(u8, u32)> {
        let good = self.fetched.iter().filter(|frame| frame.flags == FrameFlags::default());
        good.map(|frame| (frame.buffer.0, frame.sequence)).collect()
    }

    fn violations(&self) -> u32 {
        self.model.borrow().violations
    }
}

fn all() -> [Pipeline; 8] {
    let parallel = [raw(), preview_only(), processed(320, 240)];
    let [written, shown, zoomed] = parallel.map(|live| serially(&live));
    let stored = ycbcr::stored(MbusCode::UYVY8_2X8, MbusCode::YUYV8_1X16);
    let scaled = ycbcr::scaled(MbusCode::YUYV8_2X8);
    [raw(), preview_only(), processed(320, 240), written, shown, zoomed, stored, scaled]
}

#[test]
fn probing_resets_loads_the_tables_and_says_ready_once() {
    let mut bench = Bench::new(raw());
    assert!(bench.driver.is_off());
    assert_eq!(bench.start(), Err(IspError::NotReady));
    bench.with(|driver, outside| driver.power_on(outside.registers));
    assert_eq!(bench.start(), Err(IspError::NotReady));
    assert_eq!(bench.driver.deadline_us(500), Some(500 + POLL_US));
    assert_eq!(bench.driver.deadline_us(900), Some(500 + POLL_US), "calls do not put it off");
    let readies = (0..100).filter(|_| bench.timer().ready).count();
    assert_eq!(readies, 1);
    assert_eq!(
        (bench.model.borrow().resets, bench.model.borrow().table_writes),
        (1, config::PROBED)
    );
    assert_eq!(bench.driver.deadline_us(bench.now_us), None, "nothing to poll for");
    assert_eq!(bench.start(), Ok(()));
}

/// What a bus without a device gives.
struct AllOnes;

impl Registers for AllOnes {
    fn read_at(&mut self, _: usize) -> u32 {
        u32::MAX
    }
    fn write_at(&mut self, _: Write) {
        panic!("what is not the ISP is not written to");
    }
}

#[test]
fn something_else_behind_the_window_is_not_the_hardware() {
    let mut driver = Driver::new(0);
    assert!(driver.power_on(&mut AllOnes).lost);
    assert!(driver.is_off());
}

#[test]
fn a_status_that_no_hardware_gives_is_the_end_of_it() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        bench.queue(0).expect("room");
        bench.frames(1);
        let mut ledger = Windows(&bench.model);
        let mut outside = Outside { registers: &mut AllOnes, ledger: &mut ledger, now_us: 0 };
        assert!(bench.driver.interrupt(&mut outside).lost, "{:?}", pipeline.video);
    }
}

#[test]
fn each_frame_goes_into_the_next_buffer_in_the_order_of_the_queue() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        for index in [3, 1, 0] {
            bench.queue(index).expect("room");
        }
        bench.frames(4);
        bench.fetch();
        assert_eq!(bench.good(), [(3, 0), (1, 1), (0, 2)], "{:?}", pipeline.video);
        for (buffer, sequence) in bench.good() {
            assert_eq!(bench.model.borrow().frame_in(BufferIndex(buffer)), Some(sequence));
        }
        assert_eq!((bench.violations(), bench.model.borrow().open()), (0, 0));
        assert!(bench.fetched.iter().all(|frame| frame.bytes_used > 0));
        let times =
            bench.fetched.windows(2).map(|pair| pair[1].timestamp_us - pair[0].timestamp_us);
        assert!(times.into_iter().all(|time_us| time_us == 4 * MOMENT_US));
    }
}

#[test]
fn without_buffers_frames_pass_by_and_the_gap_shows_in_the_sequence() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        bench.queue(0).expect("room");
        bench.frames(5);
        bench.queue(1).expect("room");
        bench.frames(2);
        bench.fetch();
        assert_eq!(bench.good(), [(0, 0), (1, 5)], "{:?}", pipeline.video);
        assert_eq!(bench.violations(), 0);
    }
}

#[test]
fn a_stream_may_start_long_before_its_first_buffer() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        bench.frames(3);
        bench.moment();
        bench.queue(2).expect("room");
        bench.frames(2);
        bench.fetch();
        assert_eq!(bench.good(), [(2, 4)], "never in the middle of a frame");
    }
}

#[test]
fn stop_gives_every_buffer_back_once_and_then_says_stopped() {
    for pipeline in all() {
        for moments in 0..9 {
            let mut bench = Bench::streaming(pipeline);
            for index in 0..4 {
                bench.queue(index).expect("room");
            }
            (0..moments).for_each(|_| bench.moment());
            bench.stop();
            assert_eq!(bench.queue(5), Err(IspError::NotStreaming));
            for _ in 0..6 {
                bench.pass();
                bench.timer();
            }
            bench.fetch();
            let case = (pipeline.video, moments);
            assert_eq!((bench.fetched.len() as u32, bench.stopped), (bench.given, 1), "{case:?}");
            assert_eq!((bench.violations(), bench.model.borrow().cut_off), (0, 0), "{case:?}");
            assert_eq!(bench.model.borrow().open(), 0, "{case:?}");
            let next = bench.driver.next_done(pipeline.video);
            assert_eq!(next, Err(IspError::NotStreaming));
            bench.start().expect("idle again");
        }
    }
}

/// What the last block of a pipeline is given to stop, in microseconds.
fn stop_limit_us(pipeline: &Pipeline) -> u64 {
    match pipeline.video {
        VideoNode::CcdcOutput => crate::run::CCDC_STOP_LIMIT_US,
        _ => crate::run::STOP_LIMIT_US,
    }
}

#[test]
fn a_block_that_stays_busy_is_reset_after_the_bound() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        bench.queue(0).expect("room");
        bench.moment();
        bench.model.borrow_mut().stuck = true;
        (0..3).for_each(|_| bench.moment());
        bench.stop();
        let begin_us = bench.now_us;
        while bench.model.borrow().resets == 1 {
            assert!(bench.now_us - begin_us <= stop_limit_us(&pipeline));
            bench.fetch();
            assert_eq!(bench.stopped, 0, "not before it is known to be idle");
            bench.timer();
        }
        assert_eq!(bench.now_us - begin_us, stop_limit_us(&pipeline), "{:?}", pipeline.video);
        assert_eq!(bench.start(), Err(IspError::Crashed));
        while bench.stopped == 0 {
            assert!(bench.now_us - begin_us <= stop_limit_us(&pipeline) + RECOVERY_US);
            bench.timer();
            bench.interrupt();
            bench.fetch();
        }
        let flags: Vec<_> = bench.fetched.iter().map(|frame| frame.flags.0).collect();
        assert_eq!((flags.as_slice(), bench.stopped), (&[3][..], 1));
        bench.start().expect("who hears that it stopped can start it again");
    }
}

#[test]
fn a_buffer_that_the_ledger_refuses_comes_back_and_the_next_one_is_used() {
    let mut bench = Bench::streaming(processed(320, 240));
    bench.model.borrow_mut().refused.insert(0);
    bench.queue(0).expect("room");
    bench.queue(1).expect("room");
    bench.frames(2);
    bench.fetch();
    let got: Vec<_> = bench.fetched.iter().map(|f| (f.buffer.0, f.flags.0)).collect();
    assert_eq!(got, [(0, 3), (1, 0)]);
}

#[test]
fn a_node_that_does_not_fetch_is_told_that_its_queue_is_full() {
    let mut bench = Bench::streaming(raw());
    for index in 0..QUEUE_DEPTH as u8 {
        bench.queue(index).expect("room");
    }
    assert_eq!(bench.queue(9), Err(IspError::QueueFull));
    bench.frames(20);
    assert_eq!(bench.queue(9), Err(IspError::QueueFull), "unfetched frames count");
    bench.fetch();
    bench.queue(9).expect("room");
}

#[test]
fn one_pipeline_at_a_time_and_by_name() {
    let mut bench = Bench::streaming(raw());
    assert_eq!(bench.start(), Err(IspError::Busy));
    let other = VideoNode::ResizerOutput;
    let held = Held { pool: PoolId(0), buffer: BufferIndex(0) };
    let queued =
        bench.with(|driver, outside| driver.queue(other, (held, ReadTiming::NONE), outside));
    assert_eq!(queued, Err(IspError::NotStreaming));
    assert_eq!(bench.driver.next_done(other), Err(IspError::NotStreaming));
    let stopped = bench.with(|driver, outside| driver.stop(other, outside));
    assert_eq!(stopped, Err(IspError::NotStreaming));
}

#[test]
fn a_frame_start_between_two_writes_gives_no_frame_a_wrong_number() {
    for pipeline in all() {
        for accesses in 0..24 {
            let mut bench = Bench::streaming(pipeline);
            bench.queue(0).expect("room");
            (0..5).for_each(|_| bench.moment());
            bench.queue(1).expect("room");
            (0..4).for_each(|_| bench.moment());
            bench.pass();
            bench.model.borrow_mut().pass_after = Some(accesses);
            if accesses % 2 == 0 {
                bench.queue(2).expect("room");
            }
            bench.pass();
            bench.interrupt();
            bench.interrupt();
            bench.model.borrow_mut().pass_after = None;
            bench.queue(3).expect("room");
            (0..30).for_each(|_| bench.moment());
            bench.fetch();
            let case = (pipeline.video, accesses);
            assert_eq!(
                bench.fetched.len() as u32,
                bench.given,
                "{case:?} {:?}",
                bench.driver.running
            );
            for (buffer, sequence) in bench.good() {
                let content = bench.model.borrow().frame_in(BufferIndex(buffer));
                assert_eq!(content, Some(sequence), "{:?} {accesses}", pipeline.video);
            }
        }
    }
}

#[test]
fn each_frame_start_is_told_once_with_the_number_of_its_frame() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        let none = Err(IspError::NotStreaming);
        assert_eq!(bench.driver.frame_start(), none, "no frame of this stream has started");
        (0..4).for_each(|index| assert!(bench.queue(index).is_ok()));
        let mut told = Vec::new();
        for _ in 0..20 {
            bench.pass();
            let news = bench.with(|driver, outside| driver.interrupt(outside));
            let start = bench.driver.frame_start();
            if news.frame_sync {
                told.push(start.expect("a frame started").sequence);
            }
            assert_eq!(start.ok().map(|start| start.sequence), told.last().copied());
        }
        assert_eq!(told, [0, 1, 2, 3, 4]);
        bench.fetch();
        let sequences: Vec<_> = bench.good().iter().map(|(_, sequence)| *sequence).collect();
        assert!(sequences.iter().all(|sequence| told.contains(sequence)), "{sequences:?}");
        bench.stop();
        bench.frames(2);
        bench.timer();
        assert_eq!(bench.driver.frame_start(), none, "the stream is over");
    }
}

#[test]
fn a_control_reaches_a_running_stream_at_once_and_a_later_one_at_its_start() {
    let preview = Name::new("OMAP3 ISP preview");
    let word = |bench: &Bench| Shared(&bench.model).read(&drv_isp_regs::preview::CNT_BRT);
    let set = |bench: &mut Bench, id, value| {
        bench.with(|driver, outside| driver.set_control(&preview, id, value, outside.registers))
    };
    let mut bench = Bench::new(processed(320, 240));
    assert_eq!(set(&mut bench, ControlId::BRIGHTNESS, 5), Ok(5));
    assert_eq!(word(&bench), 0, "no register is touched before power is on");
    bench.power_up();
    bench.start().expect("a good pipeline");
    assert_eq!(word(&bench), 16 << 8 | 5);
    assert_eq!(set(&mut bench, ControlId::CONTRAST, 1000), Ok(255));
    assert_eq!(word(&bench), 255 << 8 | 5);
    assert_eq!(bench.driver.get_control(&preview, ControlId::CONTRAST), Ok(255));
}

/// xorshift32.
struct Random(u32);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % bound
    }
}
