//! Interrupts that are late, by any time: what is good is whole, and the stream recovers.

use super::*;

/// Frames that a stream may need after the last delay until each of them is good.
const RECOVERY_FRAMES: u32 = 3;
/// Frames that are watched then.
const WATCHED_FRAMES: usize = 8;

/// A stream with a client that gives each buffer back.
struct Walk {
    bench: Bench,
    random: Random,
    free: Vec<u8>,
    good: u32,
    seed: u32,
}

impl Walk {
    fn new(seed: u32, pipeline: Pipeline) -> Self {
        let bench = Bench::streaming(pipeline);
        Self { bench, random: Random(seed), free: (0..4).collect(), good: 0, seed }
    }

    /// A frame may start between two accesses of the driver, or everything is in order.
    fn maybe_between(&mut self, one_in: u32, accesses: u32) {
        let after = (self.random.below(one_in) == 0).then(|| self.random.below(accesses));
        self.bench.model.borrow_mut().pass_after = after;
    }

    fn fetch(&mut self) {
        let fetched = self.bench.fetched.len();
        self.bench.fetch();
        for frame in &self.bench.fetched[fetched..] {
            assert!(!self.free.contains(&frame.buffer.0), "seed {}: twice", self.seed);
            self.free.push(frame.buffer.0);
            if frame.flags == FrameFlags::default() {
                let content = self.bench.model.borrow().frame_in(frame.buffer);
                assert!(content.is_some(), "seed {}: torn {frame:?}", self.seed);
                self.good += 1;
            }
        }
    }

    /// Something happens, in time or not.
    fn step(&mut self) {
        match self.random.below(8) {
            0..=2 => _ = self.bench.pass(),
            3..=5 => {
                self.maybe_between(3, 12);
                self.bench.interrupt();
            }
            6 if !self.free.is_empty() => {
                let index = self.random.below(self.free.len() as u32) as usize;
                let buffer = self.free.remove(index);
                self.maybe_between(4, 6);
                self.bench.queue(buffer).expect("four buffers have room");
            }
            _ => self.fetch(),
        }
        self.bench.model.borrow_mut().pass_after = None;
    }

    /// Everything is in time: so many frames pass.
    fn in_time(&mut self, frames: u32) {
        for _ in 0..4 * frames {
            self.bench.moment();
            self.fetch();
            for buffer in core::mem::take(&mut self.free) {
                self.bench.queue(buffer).expect("four buffers have room");
            }
        }
    }

    /// After the delays each frame is good, and none is missing.
    fn recovers(&mut self) {
        self.bench.interrupt();
        self.in_time(RECOVERY_FRAMES);
        let before = self.bench.fetched.len();
        self.in_time(WATCHED_FRAMES as u32);
        let frames = &self.bench.fetched[before..];
        let case = (self.seed, self.bench.pipeline.video);
        assert_eq!(frames.len(), WATCHED_FRAMES, "{case:?}");
        assert!(frames.iter().all(|frame| frame.flags == FrameFlags::default()), "{case:?}");
        let in_order = |pair: &[FrameDone]| pair[1].sequence == pair[0].sequence + 1;
        assert!(frames.windows(2).all(in_order), "{case:?}: {frames:?}");
    }
}

/// Interrupts are late by up to two frames, frames start between two accesses of the driver, and
/// buffers come when they come: no frame that is called good is torn or somebody else's, no window
/// is shut under the engine, each buffer comes back once, and after the last delay the stream is
/// what it was.
#[test]
fn whatever_the_delays_a_good_frame_is_one_whole_frame() {
    let mut good = 0;
    for seed in 1..=300 {
        let mut walk = Walk::new(seed, all()[seed as usize % all().len()]);
        (0..400).for_each(|_| walk.step());
        walk.fetch();
        good += walk.good;
        walk.recovers();
        let model = walk.bench.model.borrow();
        assert_eq!((model.violations, model.cut_off), (0, 0), "seed {seed}");
    }
    assert!(good > 3000, "the walk is about something: {good} frames");
}

/// All interrupts are lost for some time, with every buffer at the driver.
#[test]
fn a_stream_that_lost_its_interrupts_for_some_time_is_what_it_was() {
    for pipeline in all() {
        for begin in 0..4 {
            for lost in 1..24 {
                let mut walk = Walk::new(lost, pipeline);
                walk.in_time(3);
                (0..begin).for_each(|_| walk.bench.moment());
                (0..lost).for_each(|_| _ = walk.bench.pass());
                walk.recovers();
                assert_eq!(walk.bench.violations(), 0, "{:?} {begin} {lost}", pipeline.video);
            }
        }
    }
}

/// One look finds the start and the end of a frame, be it the first or a later one.
#[test]
fn a_frame_that_is_seen_to_start_and_end_at_once_has_its_own_number() {
    for pipeline in all() {
        for before in [0, 3] {
            let mut bench = Bench::streaming(pipeline);
            bench.frames(before);
            bench.queue(1).expect("room");
            (0..4).for_each(|_| _ = bench.pass());
            bench.interrupt();
            bench.queue(2).expect("room");
            bench.frames(2);
            bench.fetch();
            let case = (pipeline.video, before);
            let numbers: Vec<_> =
                bench.fetched.iter().map(|it| (it.buffer.0, it.sequence)).collect();
            assert_eq!(numbers, [(1, before), (2, before + 1)], "{case:?}");
            for (buffer, number) in numbers {
                let content = bench.model.borrow().frame_in(BufferIndex(buffer));
                assert_eq!(content, Some(number), "{case:?}");
            }
        }
    }
}

/// A frame starts while a buffer is being armed, and the next interrupt is late by up to two frames. Frame
/// starts of the CCDC's own output share one bit, so two that came together are one there.
#[test]
fn a_buffer_armed_around_a_frame_start_has_the_number_of_the_frame_in_it() {
    let mut good = 0;
    for pipeline in all().into_iter().filter(|pipeline| pipeline.video != VideoNode::CcdcOutput) {
        for (accesses, late) in
            (0..12).flat_map(|accesses| (0..8).map(move |late| (accesses, late)))
        {
            let mut bench = Bench::streaming(pipeline);
            bench.frames(3);
            // Up to the moment before a frame start.
            (0..3).for_each(|_| bench.moment());
            bench.model.borrow_mut().pass_after = Some(accesses);
            bench.queue(1).expect("room");
            bench.model.borrow_mut().pass_after = None;
            bench.interrupt();
            (0..late).for_each(|_| _ = bench.pass());
            bench.interrupt();
            bench.frames(2);
            bench.fetch();
            for frame in bench.fetched.iter().filter(|frame| frame.flags == FrameFlags::default()) {
                let content = bench.model.borrow().frame_in(frame.buffer);
                let place = (pipeline.video, accesses, late);
                assert_eq!(content, Some(frame.sequence), "{place:?}");
                good += 1;
            }
        }
    }
    assert!(good > 100, "{good} good frames");
}
