//! Pipelines from memory: pairs of buffers, alone and beside a stream from the sensor.

mod hangs;
mod mosaics;
mod tables;

use super::model::{Model, Moment, Shared, Windows};
use super::*;
use crate::program::tests::{
    developed, developed_and_scaled, preview_only, processed, raw, received, scaled,
};
use crate::run::STOP_LIMIT_US;
use drv_isp_regs::ccdc as ccdc_registers;
use idl::types::{
    CcdcFeatures, CcdcTable, FrameInterval, PixelFormat, PreviewFeatures, PreviewTable,
};

/// What came back on a node: frames, and how often it said that it has stopped.
#[derive(Debug, Default)]
struct Fetched {
    frames: Vec<FrameDone>,
    stopped: u32,
}

impl Fetched {
    fn buffers(&self) -> Vec<u8> {
        self.frames.iter().map(|frame| frame.buffer.0).collect()
    }
}

/// A driver with pipelines; buffers 0..8 are to read, 8.. are to write.
struct Jobs {
    model: RefCell<Model>,
    driver: Driver,
    now_us: u64,
}

impl Jobs {
    fn new() -> Self {
        let mut jobs =
            Self { model: RefCell::new(Model::new(Path::Raw)), driver: Driver::new(0), now_us: 0 };
        jobs.with(|driver, outside| driver.power_on(outside.registers));
        (0..100).for_each(|_| _ = jobs.timer());
        jobs
    }

    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Driver, &mut Outside<'_, Shared<'_>, Windows<'_>>) -> T,
    ) -> T {
        let (mut registers, mut ledger) = (Shared(&self.model), Windows(&self.model));
        let now_us = self.now_us;
        act(
            &mut self.driver,
            &mut Outside { registers: &mut registers, ledger: &mut ledger, now_us },
        )
    }

    fn timer(&mut self) -> News {
        self.driver.deadline_us(self.now_us);
        self.now_us += POLL_US;
        self.with(|driver, outside| driver.timer(outside))
    }

    fn start(&mut self, pipeline: &Pipeline) -> Result<News, IspError> {
        self.with(|driver, outside| driver.start(pipeline, outside))
    }

    fn queue(&mut self, video: VideoNode, index: u8) -> Result<News, IspError> {
        self.queue_paced(video, index, 0)
    }

    fn queue_paced(
        &mut self,
        video: VideoNode,
        index: u8,
        interval_us: u32,
    ) -> Result<News, IspError> {
        let held = Held { pool: PoolId(0), buffer: BufferIndex(index) };
        let interval = FrameInterval { numerator: interval_us, denominator: 1_000_000 };
        let timing = ReadTiming { timestamp_us: 1_000 + u64::from(index), interval };
        self.with(|driver, outside| driver.queue(video, (held, timing), outside))
    }

    fn end_job(&mut self) -> News {
        assert!(self.model.borrow_mut().end_job(), "a job is in progress");
        self.with(|driver, outside| driver.interrupt(outside))
    }

    fn end_job_later(&mut self, after_us: u64) {
        self.now_us += after_us;
        self.end_job();
    }

    fn stop(&mut self, video: VideoNode) {
        self.with(|driver, outside| driver.stop(video, outside)).expect("it streams");
    }

    fn fetch(&mut self, video: VideoNode) -> Fetched {
        let mut fetched = Fetched::default();
        for done in drained(&mut self.driver, video) {
            match done {
                NextDone::Frame(frame) => fetched.frames.push(frame),
                NextDone::Stopped => fetched.stopped += 1,
                // Of a stream beside the jobs, whose sensor is silent.
                NextDone::NoFrames | NextDone::Empty => {}
            }
        }
        fetched
    }

    /// Whatever has been: what runs can be stopped, a stream starts, and each pair of buffers is a job.
    fn every_job_is_done(&mut self, pipeline: &Pipeline) {
        let (input, output) = ends(pipeline);
        _ = self.with(|driver, outside| driver.stop(output, outside));
        self.model.borrow_mut().end_job();
        (0..3).for_each(|_| _ = self.timer());
        self.start(pipeline).expect("idle again");
        for _ in 0..3 {
            self.queue(input, 0).expect("room");
            self.queue(output, 8).expect("room");
            self.end_job();
            for video in [input, output] {
                let flags: Vec<_> = self.fetch(video).frames.iter().map(|it| it.flags.0).collect();
                assert_eq!(flags, [0], "{video:?}");
            }
        }
    }

    fn at_rest(&self) {
        let model = self.model.borrow();
        assert_eq!((model.violations, model.cut_off, model.open()), (0, 0, 0));
    }
}

fn ends(pipeline: &Pipeline) -> (VideoNode, VideoNode) {
    let input = program::check(pipeline).expect("a good pipeline").input();
    (input.expect("from memory"), pipeline.video)
}

fn all() -> [Pipeline; 6] {
    let [written, shown, zoomed] = [raw(), preview_only(), processed(320, 240)]
        .map(|live| received(&live, PixelFormat::SGRBG10));
    [developed(), developed_and_scaled(), scaled(), written, shown, zoomed]
}

#[test]
fn both_nodes_are_woken_when_their_pipeline_starts() {
    for pipeline in all() {
        let mut jobs = Jobs::new();
        let (input, output) = ends(&pipeline);
        let news = jobs.start(&pipeline).expect("a good pipeline");
        assert!(news.wake.contains(input) && news.wake.contains(output));
        assert_eq!(news.wake.numbers().count(), 2);
    }
}

#[test]
fn a_job_needs_a_buffer_of_each_node_and_gives_both_back_with_the_same_word() {
    for pipeline in all() {
        let mut jobs = Jobs::new();
        let (input, output) = ends(&pipeline);
        jobs.start(&pipeline).expect("a good pipeline");
        for (index, from) in [5, 2, 7].into_iter().enumerate() {
            jobs.queue(input, from).expect("room");
            assert!(!jobs.model.borrow_mut().end_job(), "nothing to write to");
            let to = 8 + index as u8;
            jobs.queue(output, to).expect("room");
            assert_eq!(jobs.fetch(output).frames, []);
            let news = jobs.end_job();
            assert!(news.wake.contains(input) && news.wake.contains(output));
            let (read, made) = (jobs.fetch(input), jobs.fetch(output));
            assert_eq!((read.buffers(), made.buffers()), (vec![from], vec![to]));
            assert_eq!(jobs.model.borrow().made_of(BufferIndex(to)), Some(from));
            let (read, made) = (read.frames[0], made.frames[0]);
            assert_eq!((read.sequence, made.sequence), (index as u32, index as u32));
            assert_eq!(made.timestamp_us, 1_000 + u64::from(from), "the time of what was read");
            assert_eq!((read.flags, made.flags), (FrameFlags::default(), FrameFlags::default()));
            assert!(
                read.bytes_used > 0 && made.bytes_used == program::check(&pipeline).unwrap().bytes
            );
        }
        jobs.at_rest();
    }
}

#[test]
fn one_job_at_a_time_in_the_order_of_the_queues() {
    let mut jobs = Jobs::new();
    jobs.start(&scaled()).expect("a good pipeline");
    for index in [3, 1, 2] {
        jobs.queue(VideoNode::ResizerInput, index).expect("room");
        jobs.queue(VideoNode::ResizerOutput, 8 + index).expect("room");
    }
    assert_eq!(jobs.model.borrow().open(), 2, "a window for each buffer of the one job");
    (0..3).for_each(|_| _ = jobs.end_job());
    assert_eq!(jobs.fetch(VideoNode::ResizerInput).buffers(), [3, 1, 2]);
    assert_eq!(jobs.fetch(VideoNode::ResizerOutput).buffers(), [11, 9, 10]);
    jobs.at_rest();
}

#[test]
fn stop_on_either_node_settles_both() {
    for pipeline in all() {
        for at_input in [true, false] {
            let mut jobs = Jobs::new();
            let (input, output) = ends(&pipeline);
            jobs.start(&pipeline).expect("a good pipeline");
            (0..2).for_each(|index| assert!(jobs.queue(input, index).is_ok()));
            (8..11).for_each(|index| assert!(jobs.queue(output, index).is_ok()));
            jobs.stop(if at_input { input } else { output });
            assert_eq!(jobs.queue(input, 5), Err(IspError::NotStreaming));
            assert_eq!(jobs.fetch(input).stopped, 0, "the job is still in progress");
            assert_eq!(jobs.start(&pipeline).err(), Some(IspError::Busy));
            jobs.model.borrow_mut().end_job();
            jobs.timer();
            let (read, made) = (jobs.fetch(input), jobs.fetch(output));
            assert_eq!((read.stopped, made.stopped), (1, 1));
            // What waited went back at the stop, before the buffers of the job.
            assert_eq!(made.buffers().last(), Some(&8));
            let cancelled = |frame: &FrameDone| frame.flags == FrameFlags::CANCELLED;
            assert!(read.frames.iter().chain(&made.frames).all(cancelled));
            jobs.at_rest();
            jobs.start(&pipeline).expect("idle again");
        }
    }
}

#[test]
fn a_pair_with_a_refused_buffer_comes_back_whole_and_the_next_one_is_used() {
    for refused in [1, 9] {
        let mut jobs = Jobs::new();
        jobs.start(&scaled()).expect("a good pipeline");
        jobs.model.borrow_mut().refused.insert(refused);
        for index in [1, 2] {
            jobs.queue(VideoNode::ResizerInput, index).expect("room");
            jobs.queue(VideoNode::ResizerOutput, 8 + index).expect("room");
        }
        jobs.end_job();
        for (video, expected) in [
            (VideoNode::ResizerInput, [(1, 3), (2, 0)]),
            (VideoNode::ResizerOutput, [(9, 3), (10, 0)]),
        ] {
            let frames = jobs.fetch(video).frames;
            let got: Vec<_> = frames.iter().map(|it| (it.buffer.0, it.flags.0)).collect();
            assert_eq!(got, expected, "{refused}");
        }
        jobs.at_rest();
    }
}

#[test]
fn a_raw_stream_and_two_pipelines_from_memory_run_at_the_same_time() {
    let mut jobs = Jobs::new();
    jobs.start(&raw()).expect("CCDC");
    jobs.start(&developed()).expect("preview");
    jobs.start(&scaled()).expect("resizer");
    assert_eq!(jobs.start(&developed_and_scaled()).err(), Some(IspError::Busy));
    jobs.queue(VideoNode::PreviewInput, 1).expect("room");
    jobs.queue(VideoNode::PreviewOutput, 9).expect("room");
    jobs.queue(VideoNode::ResizerInput, 2).expect("room");
    jobs.queue(VideoNode::ResizerOutput, 10).expect("room");
    for index in [12, 13] {
        jobs.queue(VideoNode::CcdcOutput, index).expect("room");
    }
    let mut frames = 0;
    while frames < 4 {
        let moment = jobs.model.borrow_mut().pass();
        frames += u32::from(moment == Moment::Start);
        jobs.with(|driver, outside| driver.interrupt(outside));
    }
    assert_eq!(jobs.fetch(VideoNode::CcdcOutput).buffers(), [12, 13], "the sensor's go on");
    jobs.end_job();
    jobs.end_job();
    assert_eq!(jobs.model.borrow().made_of(BufferIndex(9)), Some(1));
    assert_eq!(jobs.model.borrow().made_of(BufferIndex(10)), Some(2));
    jobs.stop(VideoNode::PreviewInput);
    assert_eq!(jobs.fetch(VideoNode::PreviewOutput).stopped, 1);
    assert_eq!(jobs.fetch(VideoNode::ResizerOutput).stopped, 0, "the others go on");
    assert!(jobs.driver.frame_start().is_ok());
}

#[test]
fn a_received_raw_frame_is_done_when_the_last_write_is() {
    let mut jobs = Jobs::new();
    jobs.start(&received(&raw(), PixelFormat::SGRBG10_DPCM8)).expect("a good pipeline");
    jobs.queue(VideoNode::Ccp2Input, 1).expect("room");
    jobs.queue(VideoNode::CcdcOutput, 9).expect("room");
    jobs.model.borrow_mut().drains = 3;
    jobs.end_job();
    for _ in 0..2 {
        assert_eq!(jobs.fetch(VideoNode::CcdcOutput).frames, []);
        assert_eq!(jobs.driver.deadline_us(jobs.now_us), Some(jobs.now_us + POLL_US));
        jobs.timer();
    }
    jobs.timer();
    assert_eq!(jobs.fetch(VideoNode::CcdcOutput).buffers(), [9]);
    assert_eq!(jobs.fetch(VideoNode::Ccp2Input).buffers(), [1]);
    jobs.at_rest();
}

#[test]
fn a_received_frame_of_which_a_part_did_not_come_is_marked() {
    let mut jobs = Jobs::new();
    jobs.start(&received(&raw(), PixelFormat::SGRBG10)).expect("a good pipeline");
    for (index, flags) in [FrameFlags::ERROR, FrameFlags::default()].into_iter().enumerate() {
        jobs.queue(VideoNode::Ccp2Input, 1).expect("room");
        jobs.queue(VideoNode::CcdcOutput, 9).expect("room");
        jobs.model.borrow_mut().unreadable = index == 0;
        jobs.end_job();
        let (read, made) = (jobs.fetch(VideoNode::Ccp2Input), jobs.fetch(VideoNode::CcdcOutput));
        assert_eq!((read.frames[0].flags, made.frames[0].flags), (flags, flags));
    }
}

#[test]
fn a_job_with_a_refused_request_is_marked_and_the_next_one_is_not() {
    for pipeline in all() {
        let mut jobs = Jobs::new();
        let (input, output) = ends(&pipeline);
        jobs.start(&pipeline).expect("a good pipeline");
        for (index, flags) in [FrameFlags::ERROR, FrameFlags::default()].into_iter().enumerate() {
            jobs.queue(input, 1).expect("room");
            jobs.queue(output, 9).expect("room");
            if index == 0 {
                jobs.model.borrow_mut().refuse();
                jobs.with(|driver, outside| driver.interrupt(outside));
            }
            jobs.end_job();
            let (read, made) = (jobs.fetch(input), jobs.fetch(output));
            assert_eq!((read.frames[0].flags, made.frames[0].flags), (flags, flags));
        }
    }
}

/// The events of the blocks that another pipeline starts mean nothing; this one is of no block.
#[test]
fn a_refused_request_is_not_forgotten_because_another_pipeline_starts() {
    let mut jobs = Jobs::new();
    let (input, output) = ends(&scaled());
    jobs.start(&scaled()).expect("a good pipeline");
    jobs.queue(input, 1).expect("room");
    jobs.queue(output, 9).expect("room");
    jobs.model.borrow_mut().refuse();
    jobs.start(&raw()).expect("other blocks");
    jobs.end_job();
    let (read, made) = (jobs.fetch(input), jobs.fetch(output));
    assert_eq!(
        (read.frames[0].flags, made.frames[0].flags),
        (FrameFlags::ERROR, FrameFlags::ERROR)
    );
}

/// The channel says at once that a line is lost, and reads on; the preview engine needs fewer lines than
/// there are, so it is done before.
#[test]
fn a_received_frame_is_in_progress_until_its_channel_has_ended_whatever_was_lost_before() {
    for live in [raw(), preview_only(), processed(320, 240)] {
        let mut jobs = Jobs::new();
        let pipeline = received(&live, PixelFormat::SGRBG10);
        let (input, output) = ends(&pipeline);
        jobs.start(&pipeline).expect("a good pipeline");
        for flags in [FrameFlags::ERROR, FrameFlags::default()] {
            jobs.queue(input, 1).expect("room");
            jobs.queue(output, 9).expect("room");
            if flags == FrameFlags::ERROR {
                jobs.model.borrow_mut().lose_line();
                jobs.with(|driver, outside| driver.interrupt(outside));
            }
            jobs.model.borrow_mut().end_behind();
            jobs.with(|driver, outside| driver.interrupt(outside));
            jobs.timer();
            assert_eq!(jobs.fetch(input).buffers(), [], "the channel still reads");
            jobs.end_job();
            let (read, made) = (jobs.fetch(input), jobs.fetch(output));
            assert_eq!((read.frames[0].flags, made.frames[0].flags), (flags, flags));
        }
        jobs.at_rest();
    }
}

/// The first job begins at once; the next ones not before their interval has passed, however early the
/// one before ends, and at once if it ends late.
#[test]
fn a_job_begins_no_sooner_than_its_interval_after_the_one_before() {
    const INTERVAL_US: u32 = 7_000;
    let mut jobs = Jobs::new();
    jobs.start(&scaled()).expect("a good pipeline");
    for index in 0..4 {
        jobs.queue_paced(VideoNode::ResizerInput, index, INTERVAL_US).expect("room");
        jobs.queue(VideoNode::ResizerOutput, 8 + index).expect("room");
    }
    let begun_us = jobs.now_us;
    jobs.end_job();
    for round in 1..3 {
        let due_us = begun_us + round * u64::from(INTERVAL_US);
        assert_eq!(jobs.driver.deadline_us(jobs.now_us), Some(due_us));
        while jobs.now_us < due_us {
            assert!(!jobs.model.borrow_mut().end_job(), "too soon, at {}", jobs.now_us - begun_us);
            jobs.timer();
        }
        jobs.end_job_later(if round == 1 { 0 } else { 20_000 });
    }
    jobs.end_job();
    assert_eq!(jobs.fetch(VideoNode::ResizerInput).buffers(), [0, 1, 2, 3]);
    jobs.at_rest();
}

#[test]
fn a_job_that_waits_for_its_time_is_cancelled_by_a_stop_at_once() {
    let mut jobs = Jobs::new();
    jobs.start(&scaled()).expect("a good pipeline");
    for index in 0..2 {
        jobs.queue_paced(VideoNode::ResizerInput, index, u32::MAX).expect("room");
        jobs.queue(VideoNode::ResizerOutput, 8 + index).expect("room");
    }
    jobs.end_job();
    (0..200).for_each(|_| _ = jobs.timer());
    jobs.stop(VideoNode::ResizerOutput);
    let read = jobs.fetch(VideoNode::ResizerInput);
    assert_eq!((read.buffers(), read.stopped), (vec![0, 1], 1));
    assert_eq!(read.frames[1].flags, FrameFlags::CANCELLED);
    jobs.at_rest();
}

/// The CCDC runs on by itself: after a job, or a stop in the middle of one, it must not write the
/// sensor's next frame to where the job's was.
#[test]
fn the_sensors_frames_do_not_go_where_a_received_one_went() {
    for stopped_within in [false, true] {
        let mut jobs = Jobs::new();
        let pipeline = received(&raw(), PixelFormat::SGRBG10);
        jobs.start(&pipeline).expect("a good pipeline");
        assert_eq!(jobs.start(&raw()).err(), Some(IspError::Busy), "there is one CCDC");
        jobs.queue(VideoNode::Ccp2Input, 1).expect("room");
        jobs.queue(VideoNode::CcdcOutput, 9).expect("room");
        if stopped_within {
            jobs.stop(VideoNode::Ccp2Input);
            assert!(jobs.model.borrow_mut().end_job());
            jobs.timer();
        } else {
            jobs.end_job();
            assert!(!jobs.model.borrow_mut().ccdc_is_enabled());
            jobs.stop(VideoNode::CcdcOutput);
        }
        assert!(!jobs.model.borrow_mut().ccdc_is_enabled());
        jobs.start(&raw()).expect("the CCDC is free");
        (0..12).for_each(|_| {
            jobs.model.borrow_mut().pass();
            jobs.with(|driver, outside| driver.interrupt(outside));
        });
        jobs.at_rest();
        jobs.queue(VideoNode::CcdcOutput, 10).expect("room");
        (0..8).for_each(|_| {
            jobs.model.borrow_mut().pass();
            jobs.with(|driver, outside| driver.interrupt(outside));
        });
        let frames = jobs.fetch(VideoNode::CcdcOutput).frames;
        assert_eq!(frames.last().map(|frame| (frame.buffer.0, frame.flags.0)), Some((10, 0)));
        assert_eq!(jobs.model.borrow().violations, 0);
    }
}

#[test]
fn a_crop_set_while_a_job_runs_is_that_of_the_next() {
    let mut jobs = Jobs::new();
    let pipeline = scaled();
    jobs.start(&pipeline).expect("a good pipeline");
    for index in [1, 2] {
        jobs.queue(VideoNode::ResizerInput, index).expect("room");
        jobs.queue(VideoNode::ResizerOutput, 8 + index).expect("room");
    }
    let old = jobs.model.borrow_mut().window();
    let state = super::crop::cropped(&pipeline, 100, 340, 250);
    let set = |driver: &mut Driver, outside: &mut Outside<'_, Shared<'_>, Windows<'_>>| {
        driver.set_crop(VideoNode::ResizerOutput, &state, outside)
    };
    jobs.with(set).expect("a good crop");
    assert_eq!(jobs.model.borrow_mut().window(), old, "the job in progress keeps its crop");
    jobs.end_job();
    assert_ne!(jobs.model.borrow_mut().window(), old);
    jobs.end_job();
    assert_eq!(jobs.model.borrow().made_of(BufferIndex(10)), Some(2));
}

/// Buffers come when they come, interrupts are late, pipelines stop and start: each buffer comes back
/// once, the two of a job with the same word, a good one made of its partner.
#[test]
fn whatever_the_order_a_job_settles_as_a_unit() {
    let mut good = 0;
    for seed in 1..=300 {
        let mut random = Random(seed);
        let pipeline = all()[seed as usize % 6];
        let (input, output) = ends(&pipeline);
        let mut jobs = Jobs::new();
        jobs.start(&pipeline).expect("a good pipeline");
        let mut free = [(0..4).collect::<Vec<u8>>(), (8..12).collect()];
        for _ in 0..300 {
            match random.below(10) {
                0..=3 => {
                    let side = random.below(2) as usize;
                    if let Some(index) = free[side].pop() {
                        let video = if side == 0 { input } else { output };
                        if jobs.queue(video, index).is_err() {
                            free[side].push(index);
                        }
                    }
                }
                4 | 5 => _ = jobs.model.borrow_mut().end_job(),
                6 | 7 => _ = jobs.with(|driver, outside| driver.interrupt(outside)),
                8 if random.below(6) == 0 => {
                    let video = if random.below(2) == 0 { input } else { output };
                    _ = jobs.with(|driver, outside| driver.stop(video, outside));
                }
                8 => _ = jobs.start(&pipeline),
                _ => _ = jobs.timer(),
            }
            let (read, made) = (jobs.fetch(input), jobs.fetch(output));
            for (side, fetched) in [&read, &made].into_iter().enumerate() {
                for frame in &fetched.frames {
                    assert!(!free[side].contains(&frame.buffer.0), "seed {seed}: twice");
                    free[side].push(frame.buffer.0);
                }
            }
            let done = |fetched: &Fetched| {
                let frames = fetched.frames.iter().filter(|it| it.flags == FrameFlags::default());
                frames.copied().collect::<Vec<_>>()
            };
            let (read, made) = (done(&read), done(&made));
            assert_eq!(read.len(), made.len(), "seed {seed}");
            for (read, made) in read.iter().zip(&made) {
                let source = jobs.model.borrow().made_of(made.buffer);
                assert_eq!(source, Some(read.buffer.0), "seed {seed}");
                assert_eq!((read.sequence, read.timestamp_us), (made.sequence, made.timestamp_us));
                good += 1;
            }
        }
        jobs.every_job_is_done(&pipeline);
        let model = jobs.model.borrow();
        assert_eq!((model.violations, model.cut_off), (0, 0), "seed {seed}");
    }
    assert!(good > 3000, "the walk is about something: {good} jobs");
}
