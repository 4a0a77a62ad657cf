//! Functions of the preview engine change under a running stream, at rest, and after a reset.

use super::*;
use crate::stream::GAP_STARTS_MAX;
use drv_isp_regs::preview as regs;
use idl::types::{PreviewFeatures, PreviewParameters, PreviewTable, RgbToRgb, WhiteBalance};

const BLEND: PreviewFeatures = PreviewFeatures::RGB2RGB;
const GAMMA: PreviewFeatures = PreviewFeatures::GAMMA;

/// Entries that probing loads: three curves, and the weights of the interpolation.
pub(super) const PROBED: u32 = 3 * 1024 + 576;

/// Frames after which a configuration is taken at the latest: those that may pass for want of a gap, the one that
/// was armed by then, and the one in which its end is handled.
const TAKEN_FRAMES_MAX: u32 = GAP_STARTS_MAX as u32 + 2;

/// Time between two calls of a client that does nothing else, in microseconds.
const CALL_US: u64 = 250;

/// Looks that a test tells apart by all words of blending, and all entries of two tables.
const GAINS_Q8: [i16; 3] = [100, 200, 300];

fn preview() -> Name {
    Name::new("OMAP3 ISP preview")
}

impl Bench {
    /// Gives and switches on look number `look`; with its tables, or as words alone.
    fn configure(&mut self, look: usize, tables: bool) -> Result<(), IspError> {
        let matrix_q8 = [[GAINS_Q8[look]; 3]; 3];
        let offset = [GAINS_Q8[look]; 3];
        let given = PreviewParameters::RgbToRgb(RgbToRgb { matrix_q8, offset });
        self.driver.preview_parameters(&preview(), &given)?;
        let bytes = [GAINS_Q8[look] as u8; 1024];
        for table in
            [PreviewTable::RedGamma, PreviewTable::BlueGamma].into_iter().filter(|_| tables)
        {
            self.driver.preview_table(&preview(), table, &bytes)?;
        }
        let update = if tables { BLEND.and(GAMMA) } else { BLEND };
        self.with(|driver, outside| driver.preview_configure(&preview(), (update, update), outside))
    }

    /// A client calls, and the timer fires if it is time.
    fn busy_client(&mut self, mut call: impl FnMut(&mut Self)) {
        let nothing = (PreviewFeatures::NONE, PreviewFeatures::NONE);
        self.now_us += CALL_US;
        call(self);
        self.with(|driver, outside| driver.preview_configure(&preview(), nothing, outside))
            .expect("nothing is supported");
        if self.driver.deadline_us(self.now_us).is_some_and(|at_us| at_us <= self.now_us) {
            self.with(|driver, outside| driver.timer(outside));
        }
    }

    fn shown(&self) -> Vec<u32> {
        self.model.borrow_mut().look()
    }

    /// Polls as long as the driver wants to: tables are loaded in pieces.
    fn settle(&mut self) {
        (0..20).for_each(|_| _ = self.timer());
    }
}

/// The looks as the hardware has them after a start with each.
fn looks(pipeline: Pipeline) -> Vec<Vec<u32>> {
    let with = |look| {
        let mut bench = Bench::new(pipeline);
        bench.power_up();
        assert_eq!(bench.configure(look, true), Ok(()));
        bench.start().expect("a good pipeline");
        bench.settle();
        bench.shown()
    };
    (0..GAINS_Q8.len()).map(with).collect()
}

#[test]
fn words_change_between_two_frames_and_no_frame_is_lost() {
    for pipeline in [preview_only(), processed(320, 240)] {
        let mut bench = Bench::streaming(pipeline);
        (0..4).for_each(|index| assert!(bench.queue(index).is_ok()));
        bench.frames(1);
        bench.moment();
        let old = bench.shown();
        assert_eq!(bench.configure(0, false), Ok(()));
        assert_eq!(bench.shown(), old, "the frame in progress keeps its look");
        assert_eq!(bench.configure(1, false), Err(IspError::Busy));
        bench.frames(3);
        bench.fetch();
        assert_eq!(bench.good(), [(0, 0), (1, 1), (2, 2), (3, 3)]);
        let model = bench.model.borrow();
        assert_eq!(model.look_of(BufferIndex(1)), old);
        assert_ne!(model.look_of(BufferIndex(2)), old);
    }
}

/// Each end of a frame is handled in the middle of the next one: there is never a gap to be seen.
#[test]
fn a_configuration_that_finds_no_gap_makes_one() {
    for (pipeline, tables) in [preview_only(), processed(320, 240)].into_iter().zip([false, true]) {
        let mut bench = Bench::streaming(pipeline);
        let mut free: Vec<u8> = (0..6).collect();
        let mut late = |bench: &mut Bench| {
            while let Some(index) = free.pop() {
                bench.queue(index).expect("room");
            }
            (0..4).for_each(|_| _ = bench.pass());
            bench.interrupt();
            let fetched = bench.fetched.len();
            bench.fetch();
            free.extend(bench.fetched[fetched..].iter().map(|frame| frame.buffer.0));
        };
        bench.moment();
        (0..4).for_each(|_| late(&mut bench));
        for look in [0, 1, 0] {
            let before = bench.shown();
            assert_eq!(bench.configure(look, tables), Ok(()));
            assert_eq!(bench.shown(), before, "a frame is in progress");
            let (begun, good) = (bench.model.borrow().frames, bench.good().len());
            while bench.shown() == before {
                late(&mut bench);
                let frames = bench.model.borrow().frames - begun;
                assert!(frames <= TAKEN_FRAMES_MAX, "{frames} frames later: {tables}");
            }
            bench.settle();
            (0..6).for_each(|_| late(&mut bench));
            assert!(bench.good().len() >= good + 3, "frames go on: {:?}", bench.fetched);
        }
        assert_eq!(bench.violations(), 0);
    }
}

/// What is asked for while the last frame is finished is not seen in it, whatever else is set.
#[test]
fn a_balance_that_comes_after_the_stop_is_not_in_the_last_frame() {
    const BALANCE: WhiteBalance = WhiteBalance { digital_gain_q8: 300, gains_q5: [1, 2, 3, 4] };
    const WB: PreviewFeatures = PreviewFeatures::WB;
    let give = |bench: &mut Bench| {
        bench.driver.preview_parameters(&preview(), &PreviewParameters::WhiteBalance(BALANCE))
    };
    for (pipeline, rests) in
        [(preview_only(), false), (preview_only(), true), (processed(320, 240), false)]
    {
        let mut bench = Bench::streaming(pipeline);
        bench.queue(0).expect("room");
        bench.moment();
        let balance = |bench: &Bench| {
            let word = |register: &drv_isp_regs::Register| bench.model.borrow_mut().read(register);
            (word(&regs::WBGAIN), word(&regs::WB_DGAIN))
        };
        let old = balance(&bench);
        if rests {
            assert!(!bench.with(|driver, outside| driver.rest(outside)).at_rest);
        } else {
            bench.stop();
        }
        give(&mut bench).expect("nothing waits");
        bench
            .with(|driver, outside| driver.preview_configure(&preview(), (WB, WB), outside))
            .expect("it is supported");
        for id in [ControlId::BRIGHTNESS, ControlId::CONTRAST] {
            bench
                .with(|driver, outside| driver.set_control(&preview(), id, 9, outside.registers))
                .expect("a control");
            assert_eq!(balance(&bench), old, "{:?}, it rests: {rests}", pipeline.video);
        }
        (0..3).for_each(|_| _ = bench.pass());
        (0..3).for_each(|_| _ = bench.timer());
        assert_eq!(give(&mut bench), Ok(()), "it waits for nothing any more");
        if rests {
            bench.model.borrow_mut().lose_power();
            bench.model.borrow_mut().unpowered = false;
            bench.power_up();
        } else {
            bench.start().expect("it has stopped");
        }
        assert_eq!(balance(&bench).1, 300, "the next start has it");
    }
}

#[test]
fn a_table_holds_the_next_frame_until_it_is_there() {
    let pipeline = processed(320, 240);
    let expected = looks(pipeline);
    let mut bench = Bench::streaming(pipeline);
    (0..4).for_each(|index| assert!(bench.queue(index).is_ok()));
    bench.frames(1);
    bench.moment();
    assert_eq!(bench.configure(2, true), Ok(()));
    (0..3).for_each(|_| bench.moment());
    assert!(bench.driver.deadline_us(bench.now_us) <= Some(bench.now_us + POLL_US));
    bench.frames(4);
    bench.fetch();
    assert!(bench.good().len() >= 3, "{:?}", bench.fetched);
    let model = bench.model.borrow();
    assert_ne!(model.look_of(BufferIndex(1)), expected[2]);
    assert_eq!(model.look_of(BufferIndex(2)), expected[2]);
}

/// Whenever a configuration is set and whatever passes meanwhile: a frame that is called good was made
/// with one of those that were asked for, as a whole and in their order, and the last one is reached.
#[test]
fn no_good_frame_shows_two_configurations() {
    let (mut good, mut changes) = (0, 0);
    for pipeline in [preview_only(), processed(320, 240)] {
        let expected = looks(pipeline);
        for seed in 1..=100 {
            let mut random = Random(seed);
            let mut bench = Bench::new(pipeline);
            bench.power_up();
            bench.configure(0, true).expect("it is idle");
            bench.start().expect("a good pipeline");
            let (mut asked, mut shown) = (vec![0], 0);
            let mut free: Vec<u8> = (0..4).collect();
            for round in 0..100 {
                while let Some(index) = free.pop() {
                    bench.queue(index).expect("four buffers have room");
                }
                bench.pass();
                let after = (random.below(2) == 0).then(|| random.below(900));
                bench.model.borrow_mut().pass_after = after;
                if round % 8 == 3 {
                    let look = random.below(3) as usize;
                    match bench.configure(look, true) {
                        Ok(()) => asked.push(look),
                        Err(error) => assert_eq!(error, IspError::Busy),
                    }
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
                        continue;
                    }
                    let model = bench.model.borrow();
                    let look = model.look_of(frame.buffer);
                    let at = (shown..asked.len()).find(|at| expected[asked[*at]] == look);
                    let Some(at) = at else { panic!("seed {seed}, round {round}: {frame:?}") };
                    changes += u32::from(at != shown);
                    shown = at;
                    good += 1;
                }
            }
            bench.frames(8);
            let last = *asked.last().expect("the first");
            assert_eq!(bench.shown(), expected[last], "seed {seed}");
            assert_eq!(bench.violations(), 0);
        }
    }
    assert!(good > 1_000 && changes > 300, "the walk is about something: {good}, {changes}");
}

#[test]
fn a_configuration_outlasts_rest_and_a_new_life_has_none() {
    let pipeline = processed(320, 240);
    let expected = looks(pipeline);
    let mut bench = Bench::streaming(pipeline);
    assert_eq!(bench.configure(1, true), Ok(()));
    bench.settle();
    assert_eq!(bench.shown(), expected[1]);
    let news = bench.with(|driver, outside| driver.rest(outside));
    assert!(news.at_rest);
    bench.model.borrow_mut().lose_power();
    // What is set at rest waits for the power.
    assert_eq!(bench.configure(2, true), Ok(()));
    bench.model.borrow_mut().unpowered = false;
    bench.power_up();
    assert_eq!(bench.shown(), expected[2]);
    let mut next = Bench::streaming(pipeline);
    next.settle();
    let entry = |bench: &Bench| bench.model.borrow().entry(regs::TABLE_RED_GAMMA + 1023);
    assert_eq!((entry(&bench), entry(&next)), (Some(300 & 0xFF), Some(255)));
}

#[test]
fn a_stop_in_the_middle_of_a_table_leaves_it_to_the_next_start() {
    let pipeline = processed(320, 240);
    let expected = looks(pipeline);
    let mut bench = Bench::streaming(pipeline);
    assert_eq!(bench.configure(1, true), Ok(()));
    bench.stop();
    bench.fetch();
    assert_ne!(bench.shown(), expected[1], "only a piece of it is there");
    assert_eq!(bench.stopped, 1);
    bench.start().expect("a good pipeline");
    bench.queue(0).expect("room");
    bench.frames(6);
    bench.fetch();
    assert_eq!(bench.good().len(), 1);
    assert_eq!(bench.model.borrow().look_of(BufferIndex(0)), expected[1]);
}

#[test]
fn a_pipeline_without_the_engine_leaves_it_alone() {
    let mut bench = Bench::streaming(raw());
    assert_eq!(bench.configure(1, true), Ok(()));
    bench.settle();
    assert_eq!(bench.model.borrow().table_writes, PROBED, "only what probing loads");
}

/// Calls that cost nothing are no way to keep the driver from its own work.
#[test]
fn configurations_do_not_put_off_the_bound_of_a_stop() {
    for pipeline in [raw(), preview_only()] {
        let mut bench = Bench::streaming(pipeline);
        bench.queue(0).expect("room");
        bench.moment();
        bench.model.borrow_mut().stuck = true;
        (0..3).for_each(|_| bench.moment());
        bench.stop();
        let begun_us = bench.now_us;
        while bench.stopped == 0 {
            assert!(
                bench.now_us - begun_us <= stop_limit_us(&pipeline) + RECOVERY_US,
                "{:?}",
                pipeline.video
            );
            bench.busy_client(|_| {});
            bench.fetch();
        }
    }
}

/// Nor is the longest configuration, set over and over again: the ISP comes up, and frames come.
#[test]
fn tables_that_are_given_all_the_time_cost_frames_and_not_the_stream() {
    let pipeline = processed(320, 240);
    let mut bench = Bench::new(pipeline);
    bench.with(|driver, outside| driver.power_on(outside.registers));
    let mut look = 0;
    let mut hammer = |bench: &mut Bench| {
        look = 1 - look;
        _ = bench.configure(look, true);
    };
    while bench.start().is_err() {
        assert!(bench.now_us <= 2 * RECOVERY_US, "it comes up");
        bench.busy_client(&mut hammer);
    }
    for _ in 0..40 {
        (0..MOMENT_US / CALL_US).for_each(|_| bench.busy_client(&mut hammer));
        bench.model.borrow_mut().pass();
        bench.interrupt();
        bench.fetch();
        while bench.given < 4 + bench.fetched.len() as u32 {
            bench.queue((bench.given % 8) as u8).expect("room");
        }
    }
    assert!(bench.good().len() >= 3, "{:?}", bench.fetched);
}
