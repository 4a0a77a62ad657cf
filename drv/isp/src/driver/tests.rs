//! The driver against a model of the hardware, in order and with every delay that chance makes.

mod memory;
mod model;
mod rest;
mod serial;

use super::*;
use crate::frame_clock::{LOOK_US, STALLED_FRAMES};
use crate::program::Path;
use crate::program::tests::{preview_only, processed, raw, serially};
use crate::registers::{Write, Writer};
use idl::types::{BufferIndex, ControlId, FrameDone, Name, NextDone, PoolId};
use model::{Model, Moment, Shared, Windows};
use std::cell::RefCell;

/// Time of a moment: a quarter of a frame.
const MOMENT_US: u64 = 8_000;

/// Reset and tables, in microseconds: a poll, and 13 chunks.
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
        let path = Path::to(pipeline.video).expect("an output");
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
                NextDone::Frame(frame) => self.fetched.push(frame),
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

fn all() -> [Pipeline; 6] {
    let parallel = [raw(), preview_only(), processed(320, 240)];
    let [written, shown, zoomed] = parallel.map(|live| serially(&live));
    [raw(), preview_only(), processed(320, 240), written, shown, zoomed]
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
    assert_eq!((bench.model.borrow().resets, bench.model.borrow().table_writes), (1, 3072));
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
            assert!(bench.now_us - begin_us <= crate::run::STOP_LIMIT_US + POLL_US);
            bench.fetch();
            assert_eq!(bench.stopped, 0, "not before it is known to be idle");
            bench.timer();
        }
        assert_eq!(bench.start(), Err(IspError::Crashed));
        while bench.stopped == 0 {
            assert!(bench.now_us - begin_us <= crate::run::STOP_LIMIT_US + RECOVERY_US);
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

/// The running resizer's state with another crop.
fn cropped(pipeline: &Pipeline, left_px: u16, width_px: u16, height_px: u16) -> BlockState {
    let crop = idl::types::Rect { left_px, top_px: left_px, width_px, height_px };
    let running = pipeline.resizer.expect("a resizer");
    crate::formats::resizer::adjust(running, idl::types::FormatChange::Crop(crop))
}

impl Bench {
    fn set_crop(&mut self, state: &BlockState) -> Result<(), IspError> {
        let video = self.pipeline.video;
        self.with(|driver, outside| driver.set_crop(video, state, outside))
    }
}

#[test]
fn a_crop_set_in_the_middle_of_a_frame_is_that_of_the_next() {
    let pipeline = processed(320, 240);
    let mut bench = Bench::streaming(pipeline);
    (0..4).for_each(|index| assert!(bench.queue(index).is_ok()));
    bench.frames(1);
    let old = bench.model.borrow_mut().window();
    bench.moment();
    assert_eq!(bench.set_crop(&cropped(&pipeline, 100, 340, 250)), Ok(()));
    assert_eq!(bench.model.borrow_mut().window(), old, "the frame in progress keeps its crop");
    bench.frames(2);
    bench.fetch();
    assert_eq!(bench.good().len(), 3, "no frame is lost or damaged");
    let model = bench.model.borrow();
    assert_eq!(model.window_of(BufferIndex(1)), old);
    assert_ne!(model.window_of(BufferIndex(2)), old);
}

#[test]
fn formats_do_not_change_and_what_has_no_resizer_has_no_crop() {
    let pipeline = processed(320, 240);
    let mut bench = Bench::streaming(pipeline);
    let good = cropped(&pipeline, 100, 340, 250);
    let other = processed(160, 120).resizer.expect("a resizer");
    assert_eq!(bench.set_crop(&other), Err(IspError::InvalidPipeline), "another output size");
    let mut outside = good;
    outside.crop.left_px = 600;
    assert_eq!(bench.set_crop(&outside), Err(IspError::InvalidPipeline));
    bench.stop();
    assert_eq!(bench.set_crop(&good), Err(IspError::NotStreaming));
    for other in [raw(), preview_only()] {
        assert_eq!(Bench::streaming(other).set_crop(&good), Err(IspError::InvalidPipeline));
    }
}

/// The words of a crop, in the order of [`Model::window`].
fn words(state: &BlockState) -> Vec<u32> {
    let mut words = std::collections::BTreeMap::new();
    let mut put = |write: Write| _ = words.insert(write.offset, write.value);
    let live = program::check(&processed(320, 240)).expect("a good pipeline");
    program::configure_crop(&live, state, &mut Writer(&mut put));
    model::locked().map(|offset| words.get(&offset).copied().unwrap_or(0)).collect()
}

/// Whenever a crop is set and whatever passes meanwhile: a frame that is called good was made with
/// one of the crops that were asked for, as a whole, and the last one is reached.
#[test]
fn no_good_frame_shows_two_crops() {
    let (mut good, mut damaged) = (0, 0);
    for seed in 1..=300 {
        let mut random = Random(seed);
        let pipeline = processed(320, 240);
        let mut bench = Bench::streaming(pipeline);
        let crops = [cropped(&pipeline, 0, 640, 480), cropped(&pipeline, 50, 400, 300)];
        let first = words(&pipeline.resizer.expect("a resizer"));
        let asked = [first, words(&crops[0]), words(&crops[1])];
        let mut last = 0;
        let mut free: Vec<u8> = (0..4).collect();
        for round in 0..100 {
            while let Some(index) = free.pop() {
                bench.queue(index).expect("four buffers have room");
            }
            bench.pass();
            let after = (random.below(2) == 0).then(|| random.below(60));
            bench.model.borrow_mut().pass_after = after;
            if round % 8 == 3 {
                last = 1 + random.below(2) as usize;
                assert_eq!(bench.set_crop(&crops[last - 1]), Ok(()));
            }
            if random.below(4) != 0 {
                bench.interrupt();
            }
            bench.model.borrow_mut().pass_after = None;
            let fetched = bench.fetched.len();
            bench.fetch();
            for frame in &bench.fetched[fetched..] {
                free.push(frame.buffer.0);
                if frame.flags != FrameFlags::default() {
                    damaged += 1;
                    continue;
                }
                let model = bench.model.borrow();
                let window = model.window_of(frame.buffer);
                let whole = asked.iter().any(|crop| crop == window);
                assert!(whole, "seed {seed}, round {round}: {frame:?}");
                good += 1;
            }
        }
        bench.frames(3);
        assert_eq!(bench.model.borrow_mut().window(), asked[last], "seed {seed}");
    }
    assert!(good > 3_000 && damaged > 10, "the walk is about something: {good}, {damaged}");
}

#[test]
fn a_stream_without_interrupts_looks_for_events_by_itself() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        for index in 0..4 {
            bench.queue(index).expect("room");
        }
        // All interrupts of two frames are lost.
        assert_eq!(bench.driver.deadline_us(0), Some(LOOK_US));
        for _ in 0..8 {
            bench.pass();
        }
        assert_eq!(bench.driver.deadline_us(LOOK_US - 1), Some(LOOK_US), "calls do not put it off");
        bench.timer();
        bench.frames(4);
        bench.fetch();
        assert!(bench.good().len() >= 2, "{:?}: {:?}", pipeline.video, bench.fetched);
        let two_frames_us = 8 * MOMENT_US;
        assert_eq!(bench.driver.deadline_us(7), Some(7 + two_frames_us), "interrupts put it off");
        bench.queue(0).expect("room");
        (0..2).for_each(|_| bench.moment());
        bench.stop();
        assert_eq!(bench.driver.deadline_us(9), Some(9 + POLL_US), "it stops in mid-frame");
    }
}

#[test]
fn a_silent_sensor_is_told_once_for_each_deadline_and_frames_may_follow() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        for index in 0..4 {
            bench.queue(index).expect("room");
        }
        bench.frames(3);
        // The last frame started three moments ago; four frames are the deadline.
        let left_ms = (STALLED_FRAMES * 4 - 3) * MOMENT_US / POLL_US;
        let told = |bench: &mut Bench| {
            bench.fetch();
            bench.no_frames
        };
        (1..left_ms).for_each(|_| _ = bench.look());
        assert_eq!(told(&mut bench), 0, "{:?}", pipeline.video);
        let news = bench.look();
        assert!(news.wake.contains(pipeline.video), "the node is woken");
        assert_eq!(told(&mut bench), 1, "{:?}", pipeline.video);
        (1..STALLED_FRAMES * 4 * MOMENT_US / POLL_US).for_each(|_| _ = bench.look());
        assert_eq!(told(&mut bench), 1, "the next deadline begins then");
        bench.look();
        // Nobody has asked before the sensor sends again: that is over.
        let before = bench.fetched.len();
        bench.frames(3);
        assert_eq!(told(&mut bench), 1, "{:?}", pipeline.video);
        assert!(bench.fetched.len() > before, "{:?}", pipeline.video);
    }
}

#[test]
fn who_is_at_rest_or_stops_expects_no_frames() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        bench.queue(0).expect("room");
        bench.frames(3);
        bench.with(|driver, outside| driver.rest(outside));
        (0..2_000).for_each(|_| _ = bench.timer());
        bench.fetch();
        assert_eq!(bench.no_frames, 0, "{:?}", pipeline.video);
        let mut bench = Bench::streaming(pipeline);
        bench.frames(3);
        bench.stop();
        (0..2_000).for_each(|_| _ = bench.timer());
        bench.fetch();
        assert_eq!((bench.no_frames, bench.stopped), (0, 1), "{:?}", pipeline.video);
    }
}

#[test]
fn a_frame_that_ends_early_is_marked_and_those_after_it_are_whole() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        for index in 0..4 {
            bench.queue(index).expect("room");
        }
        bench.moment();
        bench.model.borrow_mut().truncated = true;
        bench.moment();
        bench.frames(5);
        bench.fetch();
        let flags: Vec<_> = bench.fetched.iter().map(|frame| frame.flags).collect();
        let good = FrameFlags::default();
        assert_eq!(flags[..3], [FrameFlags::ERROR, good, good], "{:?}", pipeline.video);
        for frame in bench.fetched.iter().filter(|frame| frame.flags == good) {
            assert!(bench.model.borrow().frame_in(frame.buffer).is_some(), "{frame:?}");
        }
        assert_eq!(bench.violations(), 0);
    }
}

#[test]
fn a_frame_of_which_the_firewall_refused_a_part_is_marked() {
    for pipeline in all() {
        let mut bench = Bench::streaming(pipeline);
        for index in 0..3 {
            bench.queue(index).expect("room");
        }
        bench.moment();
        bench.model.borrow_mut().refuse();
        bench.frames(4);
        bench.fetch();
        let flags: Vec<_> = bench.fetched.iter().map(|frame| frame.flags).collect();
        assert_eq!(flags[..2], [FrameFlags::ERROR, FrameFlags::default()], "{:?}", pipeline.video);
    }
}

impl Bench {
    /// Comes to rest while frames go on; true if it does.
    fn rest(&mut self) -> bool {
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

    fn power_cycle(&mut self) {
        self.model.borrow_mut().lose_power();
        self.interrupt();
        self.timer();
        assert_eq!(self.driver.deadline_us(self.now_us), None, "nothing to look for without power");
    }

    fn power_back(&mut self) {
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
        bench.now_us += crate::run::STOP_LIMIT_US;
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

/// Interrupts are late by up to two frames, frames start between two accesses of the driver, and
/// buffers come when they come: no frame that is called good is torn or somebody else's, no window
/// is shut under the engine, and each buffer comes back once.
#[test]
fn whatever_the_delays_a_good_frame_is_one_whole_frame() {
    let mut good = 0;
    for seed in 1..=300 {
        let mut random = Random(seed);
        let pipeline = all()[seed as usize % 3];
        let mut bench = Bench::streaming(pipeline);
        let mut free: Vec<u8> = (0..4).collect();
        for _ in 0..400 {
            match random.below(8) {
                0..=2 => {
                    bench.pass();
                }
                3..=5 => {
                    let after = (random.below(3) == 0).then(|| random.below(12));
                    bench.model.borrow_mut().pass_after = after;
                    bench.interrupt();
                    bench.model.borrow_mut().pass_after = None;
                }
                6 if !free.is_empty() => {
                    let index = free.remove(random.below(free.len() as u32) as usize);
                    let after = (random.below(4) == 0).then(|| random.below(6));
                    bench.model.borrow_mut().pass_after = after;
                    bench.queue(index).expect("four buffers have room");
                    bench.model.borrow_mut().pass_after = None;
                }
                _ => {
                    let fetched = bench.fetched.len();
                    bench.fetch();
                    for frame in &bench.fetched[fetched..] {
                        assert!(!free.contains(&frame.buffer.0), "seed {seed}: twice");
                        free.push(frame.buffer.0);
                        if frame.flags == FrameFlags::default() {
                            let content = bench.model.borrow().frame_in(frame.buffer);
                            assert!(content.is_some(), "seed {seed}: torn {frame:?}");
                            good += 1;
                        }
                    }
                }
            }
        }
        let model = bench.model.borrow();
        assert_eq!((model.violations, model.cut_off), (0, 0), "seed {seed}");
    }
    assert!(good > 3000, "the walk is about something: {good} frames");
}
