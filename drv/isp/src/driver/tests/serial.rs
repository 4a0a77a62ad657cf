//! Frames of the serial line to memory, against a model of the receiver: whole frames, taken as ordered.

use super::*;
use crate::program::tests::{raw, serial};
use crate::registers::Registers;
use crate::run::STOP_LIMIT_US;
use drv_isp_regs::csi2a::{self, ctrl, ctx_ctrl1, ctx_irqstatus, irqstatus};
use drv_isp_regs::main_block::{IRQ0STATUS, REVISION, SYSCONFIG, SYSSTATUS, irq};
use drv_isp_regs::sbl;
use std::collections::{BTreeMap, BTreeSet};

const BASE: u32 = 0x8000_0000;
const BUFFER_BYTES: u32 = 0x10_0000;
const VIDEO: VideoNode = VideoNode::Csi2aOutput;

/// The receiver and its memory. A frame has a start and an end, each of which may come at any access.
#[derive(Default)]
struct Line {
    words: BTreeMap<usize, u32>,
    frames: u32,
    /// Where the frame in progress goes; `None` = it is not taken.
    writing: Option<u32>,
    in_frame: bool,
    /// Whole frames in memory.
    contents: BTreeMap<u32, u32>,
    open: BTreeSet<u32>,
    refused: BTreeSet<u8>,
    violations: u32,
    /// Windows shut while the receiver was in that buffer.
    cut_off: u32,
    /// The next moment comes after this many accesses.
    pass_after: Option<u32>,
    /// Its own reset is never done.
    stuck: bool,
    truncated: bool,
    /// The last line of the frame in progress does not come.
    last_lost: bool,
    resets: u32,
    unpowered: bool,
}

impl Line {
    fn word(&mut self, register: &drv_isp_regs::Register) -> &mut u32 {
        self.words.entry(register.offset()).or_default()
    }

    fn raise(&mut self, events: u32) {
        *self.word(&csi2a::CTX_IRQSTATUS) |= events;
        if *self.word(&csi2a::CTX_IRQENABLE) & events != 0 {
            *self.word(&csi2a::IRQSTATUS) |= irqstatus::CONTEXT0.mask();
            *self.word(&IRQ0STATUS) |= irq::CSIA.mask();
        }
    }

    /// Start or end of a frame.
    fn pass(&mut self) {
        let control = *self.word(&csi2a::CTX_CTRL1);
        self.in_frame = !self.in_frame;
        if self.in_frame {
            self.frames += 1;
            let on = ctrl::IF_EN.is_set(*self.word(&csi2a::CTRL));
            if on && ctx_ctrl1::CTX_EN.is_set(control) {
                let target = *self.word(&csi2a::CTX_DAT_PING_ADDR);
                assert_eq!(target, *self.word(&csi2a::CTX_DAT_PONG_ADDR), "either is next");
                self.writing = Some(target);
                self.contents.remove(&target);
                self.raise(ctx_irqstatus::FS.mask());
            }
        } else if let Some(target) = self.writing.take() {
            self.violations += u32::from(!self.open.contains(&target));
            let truncated = core::mem::take(&mut self.truncated);
            if !truncated {
                self.contents.insert(target, self.frames - 1);
                self.raise(ctx_irqstatus::LINE_NUMBER.mask());
            }
            if core::mem::take(&mut self.last_lost) {
                *self.word(&csi2a::IRQSTATUS) |= irqstatus::ECC_NO_CORRECTION.mask();
            }
            let left = ctx_ctrl1::COUNT.get(control) - 1;
            let on = u32::from(left != 0);
            let control = ctx_ctrl1::COUNT.put(control, left);
            *self.word(&csi2a::CTX_CTRL1) = ctx_ctrl1::CTX_EN.put(control, on);
            self.raise(ctx_irqstatus::FE.mask());
        }
    }

    fn reset_receiver(&mut self) {
        let block = csi2a::REVISION.offset()..csi2a::REVISION.offset() + 0x800;
        self.words.retain(|offset, _| !block.contains(offset));
        self.writing = None;
    }

    fn access(&mut self) {
        assert!(!self.unpowered, "an access without power");
        match &mut self.pass_after {
            Some(0) => {
                self.pass_after = None;
                self.pass();
            }
            Some(left) => *left -= 1,
            None => {}
        }
    }
}

struct Shared<'a>(&'a RefCell<Line>);

impl Registers for Shared<'_> {
    fn read_at(&mut self, offset: usize) -> u32 {
        let mut line = self.0.borrow_mut();
        line.access();
        if offset == REVISION.offset() {
            return 0xF0;
        }
        if offset == SYSSTATUS.offset() {
            return 1;
        }
        if offset == csi2a::SYSSTATUS.offset() {
            return u32::from(!line.stuck);
        }
        *line.words.entry(offset).or_default()
    }

    fn write_at(&mut self, Write { offset, value }: Write) {
        let mut line = self.0.borrow_mut();
        line.access();
        let clears = [IRQ0STATUS, csi2a::IRQSTATUS, csi2a::CTX_IRQSTATUS, sbl::PCR];
        if clears.iter().any(|status| status.offset() == offset) {
            *line.words.entry(offset).or_default() &= !value;
        } else if offset == SYSCONFIG.offset() && value & 2 != 0 {
            line.resets += 1;
            line.stuck = false;
            line.words.clear();
            line.writing = None;
        } else if offset == csi2a::SYSCONFIG.offset() && value & 2 != 0 {
            line.reset_receiver();
        } else {
            line.words.insert(offset, value);
        }
    }
}

struct Windows<'a>(&'a RefCell<Line>);

impl Ledger for Windows<'_> {
    fn start_table(&mut self, buffer: BufferIndex, _: u32) -> Option<u32> {
        panic!("nobody gives a table: {buffer:?}");
    }

    fn finish_table(&mut self, buffer: BufferIndex) {
        panic!("nobody gives a table: {buffer:?}");
    }

    fn start_dma(&mut self, held: Held, _: u32) -> Option<u32> {
        let mut line = self.0.borrow_mut();
        if line.refused.contains(&held.buffer.0) {
            return None;
        }
        let address = BASE + u32::from(held.buffer.0) * BUFFER_BYTES;
        assert!(line.open.insert(address), "a buffer twice in the hardware");
        Some(address)
    }

    fn start_read(&mut self, _: Held, _: u32) -> Option<u32> {
        panic!("nothing is read");
    }

    fn finish_dma(&mut self, held: Held) -> bool {
        let mut line = self.0.borrow_mut();
        let address = BASE + u32::from(held.buffer.0) * BUFFER_BYTES;
        line.cut_off += u32::from(line.writing == Some(address));
        line.open.remove(&address)
    }
}

struct Bench {
    line: RefCell<Line>,
    driver: Driver,
    now_us: u64,
    fetched: Vec<FrameDone>,
    stopped: u32,
    no_frames: u32,
}

impl Bench {
    fn streaming() -> Self {
        let mut bench = Self::unused();
        bench.start().expect("a good pipeline");
        bench
    }

    fn unused() -> Self {
        let mut bench = Self {
            line: RefCell::default(),
            driver: Driver::new(0),
            now_us: 0,
            fetched: Vec::new(),
            stopped: 0,
            no_frames: 0,
        };
        bench.power_up();
        bench
    }

    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Driver, &mut Outside<'_, Shared<'_>, Windows<'_>>) -> T,
    ) -> T {
        let (mut registers, mut ledger) = (Shared(&self.line), Windows(&self.line));
        let now_us = self.now_us;
        act(
            &mut self.driver,
            &mut Outside { registers: &mut registers, ledger: &mut ledger, now_us },
        )
    }

    fn power_up(&mut self) {
        self.with(|driver, outside| driver.power_on(outside.registers));
        (0..100).for_each(|_| _ = self.timer());
    }

    fn start(&mut self) -> Result<News, IspError> {
        let pipeline = serial();
        self.with(|driver, outside| driver.start(&pipeline, outside))
    }

    fn stop(&mut self) {
        self.with(|driver, outside| driver.stop(VIDEO, outside)).expect("it streams");
    }

    fn queue(&mut self, index: u8) -> Result<News, IspError> {
        let held = Held { pool: PoolId(0), buffer: BufferIndex(index) };
        self.with(|driver, outside| driver.queue(VIDEO, (held, ReadTiming::NONE), outside))
    }

    fn timer(&mut self) -> News {
        self.driver.deadline_us(self.now_us);
        self.now_us += POLL_US;
        self.with(|driver, outside| driver.timer(outside))
    }

    fn interrupt(&mut self) {
        self.with(|driver, outside| driver.interrupt(outside));
    }

    /// Half a frame, whose event is handled at once.
    fn half(&mut self) {
        self.now_us += 2 * MOMENT_US;
        self.line.borrow_mut().pass();
        self.interrupt();
    }

    fn frames(&mut self, count: u32) {
        (0..2 * count).for_each(|_| self.half());
    }

    fn fetch(&mut self) {
        loop {
            match self.driver.next_done(VIDEO).map(|drained| drained.done) {
                Ok(NextDone::Frame(frame)) => self.fetched.push(frame),
                Ok(NextDone::Stopped) => self.stopped += 1,
                Ok(NextDone::NoFrames) => self.no_frames += 1,
                Ok(NextDone::Empty) | Err(_) => return,
            }
        }
    }

    /// Buffer, number and flags of what came back.
    fn back(&mut self) -> Vec<(u8, u32, FrameFlags)> {
        self.fetch();
        self.fetched.iter().map(|done| (done.buffer.0, done.sequence, done.flags)).collect()
    }

    fn frame_in(&self, buffer: u8) -> Option<u32> {
        let line = self.line.borrow();
        line.contents.get(&(BASE + u32::from(buffer) * BUFFER_BYTES)).copied()
    }

    /// Interrupts are in time again, and so is the client: each frame is taken from the one on that
    /// starts next. Gives how many buffers were queued.
    fn every_frame_comes(&mut self, mut free: Vec<u8>) -> usize {
        let mut queued = 0;
        let mut before = 0;
        for frame in 0..10 {
            let fetched = self.fetched.len();
            self.fetch();
            free.extend(self.fetched[fetched..].iter().map(|done| done.buffer.0));
            queued += free.len();
            free.drain(..).for_each(|buffer| _ = self.queue(buffer).expect("room"));
            // What is in progress may not have been ordered.
            if frame == 2 {
                before = self.fetched.len();
            }
            self.frames(1);
        }
        self.fetch();
        let frames = &self.fetched[before..];
        assert_eq!(frames.len(), 8, "{frames:?}");
        assert!(frames.iter().all(|done| done.flags == GOOD), "{frames:?}");
        queued
    }

    fn at_rest(&self) {
        let line = self.line.borrow();
        assert_eq!((line.violations, line.cut_off, line.open.len()), (0, 0, 0));
    }
}

const GOOD: FrameFlags = FrameFlags(0);

#[test]
fn each_frame_goes_into_the_next_buffer_and_none_is_missing() {
    let mut bench = Bench::streaming();
    for index in [3, 1, 0] {
        bench.queue(index).expect("room");
    }
    bench.frames(5);
    assert_eq!(bench.back(), [(3, 0, GOOD), (1, 1, GOOD), (0, 2, GOOD)]);
    assert_eq!([3, 1, 0].map(|buffer| bench.frame_in(buffer)), [Some(0), Some(1), Some(2)]);
    bench.at_rest();
    // Numbers go on behind a pause without buffers.
    bench.queue(2).expect("room");
    bench.frames(1);
    assert_eq!(bench.back()[3..], [(2, 3, GOOD)]);
    assert_eq!(bench.frame_in(2), Some(5));
    assert_eq!(bench.driver.frame_start(), Err(IspError::NotStreaming), "the CCDC has no part");
}

/// The sensor sends on both ports, and the two pipelines share no block: what the receiver says is only of the one
/// that it is part of.
#[test]
fn a_stream_from_the_parallel_port_takes_no_event_of_the_receiver() {
    let mut bench = Bench::unused();
    bench.with(|driver, outside| driver.start(&raw(), outside)).expect("the CCDC is free");
    bench.start().expect("the receiver is free");
    for index in 0..3 {
        bench.queue(index).expect("room");
    }
    bench.frames(5);
    assert_eq!(bench.back(), [(0, 0, GOOD), (1, 1, GOOD), (2, 2, GOOD)]);
}

/// The start of the frame is handled so late that its end comes meanwhile, at each place.
#[test]
fn a_last_line_that_is_lost_marks_its_frame_whenever_it_comes() {
    for after in 0..12 {
        let mut bench = Bench::streaming();
        (0..2).for_each(|index| _ = bench.queue(index).expect("room"));
        bench.line.borrow_mut().pass();
        let mut line = bench.line.borrow_mut();
        (line.last_lost, line.pass_after) = (true, Some(after));
        drop(line);
        (0..6).for_each(|_| bench.interrupt());
        if bench.line.borrow().in_frame {
            bench.half();
        }
        bench.frames(1);
        let flags: Vec<_> = bench.back().iter().map(|(.., flags)| *flags).collect();
        assert_eq!(flags, [FrameFlags::ERROR, GOOD], "after {after} accesses");
    }
}

#[test]
fn an_interrupt_that_is_late_costs_frames_and_tears_none() {
    for late in 1..12 {
        let mut bench = Bench::streaming();
        for index in 0..4 {
            bench.queue(index).expect("room");
        }
        for _ in 0..8 {
            (0..late).for_each(|_| bench.line.borrow_mut().pass());
            bench.now_us += 20_000;
            bench.interrupt();
        }
        let back = bench.back();
        assert!(!back.is_empty(), "{late}");
        for (index, (buffer, sequence, flags)) in back.iter().enumerate() {
            assert_eq!((*buffer, *sequence, *flags), (index as u8, index as u32, GOOD), "{late}");
            assert!(bench.frame_in(*buffer).is_some(), "{late}");
        }
        assert_eq!((bench.line.borrow().violations, bench.line.borrow().cut_off), (0, 0), "{late}");
    }
}

#[test]
fn whatever_comes_between_two_accesses_no_frame_is_torn_or_lost_from_the_books() {
    let mut random = Random(7);
    let mut good = 0;
    for round in 0..300 {
        let mut bench = Bench::streaming();
        let (mut given, mut free) = (0, vec![0, 1, 2, 3]);
        for _ in 0..40 {
            bench.line.borrow_mut().pass_after = Some(random.below(12));
            match random.below(4) {
                0 if !free.is_empty() => {
                    bench.queue(free.remove(0)).expect("room");
                    given += 1;
                }
                1 => _ = bench.timer(),
                2 => bench.half(),
                _ => bench.interrupt(),
            }
            let before = bench.fetched.len();
            bench.fetch();
            for done in &bench.fetched[before..] {
                assert_eq!(done.flags, GOOD, "{round}");
                let whole = bench.frame_in(done.buffer.0);
                assert!(whole.is_some(), "{round}: buffer {}", done.buffer.0);
                free.push(done.buffer.0);
                good += 1;
            }
        }
        bench.line.borrow_mut().pass_after = None;
        given += bench.every_frame_comes(free);
        bench.stop();
        bench.timer();
        bench.fetch();
        assert_eq!((bench.fetched.len(), bench.stopped), (given, 1), "{round}");
        bench.at_rest();
    }
    assert!(good > 500, "{good}");
}

#[test]
fn damage_that_the_receiver_tells_of_marks_its_frame_alone() {
    let damages: [&dyn Fn(&mut Line); 5] = [
        &|line| line.truncated = true,
        &|line| *line.word(&csi2a::IRQSTATUS) |= irqstatus::OCP_ERR.mask(),
        &|line| *line.word(&csi2a::IRQSTATUS) |= irqstatus::FIFO_OVF.mask(),
        &|line| *line.word(&sbl::PCR) |= sbl::pcr::CSIA_WBL_OVF.mask(),
        &|line| *line.word(&IRQ0STATUS) |= irq::MMU_ERR.mask(),
    ];
    for (index, damage) in damages.into_iter().enumerate() {
        let mut bench = Bench::streaming();
        for buffer in 0..3 {
            bench.queue(buffer).expect("room");
        }
        bench.frames(1);
        bench.half();
        damage(&mut bench.line.borrow_mut());
        bench.half();
        bench.frames(1);
        let flags: Vec<_> = bench.back().iter().map(|(.., flags)| *flags).collect();
        assert_eq!(flags, [GOOD, FrameFlags::ERROR, GOOD], "{index}");
    }
}

#[test]
fn damage_while_no_frame_was_ordered_marks_none() {
    let mut bench = Bench::streaming();
    bench.frames(1);
    *bench.line.borrow_mut().word(&csi2a::IRQSTATUS) |= irqstatus::FIFO_OVF.mask();
    bench.queue(0).expect("room");
    bench.frames(2);
    let flags: Vec<_> = bench.back().iter().map(|(.., flags)| *flags).collect();
    assert_eq!(flags, [GOOD]);
}

#[test]
fn a_stop_gives_every_buffer_back_once_whenever_it_comes() {
    for halves in 0..5 {
        let mut bench = Bench::streaming();
        for buffer in 0..4 {
            bench.queue(buffer).expect("room");
        }
        (0..halves).for_each(|_| bench.half());
        bench.stop();
        assert_eq!(bench.queue(5).err(), Some(IspError::NotStreaming));
        bench.timer();
        let cancelled =
            bench.back().iter().filter(|(.., flags)| flags.contains(FrameFlags::CANCELLED)).count();
        assert_eq!((bench.fetched.len(), bench.stopped), (4, 1), "{halves}");
        assert_eq!(cancelled as u32, 4 - halves / 2, "{halves}");
        bench.frames(2);
        bench.at_rest();
        bench.start().expect("idle again");
        bench.queue(0).expect("room");
        if bench.line.borrow().in_frame {
            bench.half();
        }
        bench.frames(1);
        assert_eq!(bench.back().last(), Some(&(0, 0, GOOD)), "{halves}");
    }
}

#[test]
fn a_receiver_that_does_not_stop_is_marked_until_the_reset() {
    let mut bench = Bench::streaming();
    bench.queue(0).expect("room");
    bench.half();
    bench.line.borrow_mut().stuck = true;
    bench.stop();
    for _ in 0..STOP_LIMIT_US / POLL_US - 1 {
        bench.timer();
        bench.fetch();
        assert_eq!(bench.stopped, 0, "it has its time");
    }
    let resets = bench.line.borrow().resets;
    bench.timer();
    assert_eq!(bench.start().err(), Some(IspError::Crashed));
    (0..20).for_each(|_| _ = bench.timer());
    let flags = FrameFlags(FrameFlags::ERROR.0 | FrameFlags::CANCELLED.0);
    assert_eq!(bench.back(), [(0, 0, flags)]);
    assert_eq!((bench.stopped, bench.line.borrow().resets - resets), (1, 1));
    bench.start().expect("the reset has cleared the mark");
}

#[test]
fn a_silent_sensor_is_told_of_only_while_a_frame_is_ordered() {
    let mut bench = Bench::streaming();
    let wait = |bench: &mut Bench| {
        (0..4_000).for_each(|_| _ = bench.timer());
        bench.fetch();
        core::mem::take(&mut bench.no_frames)
    };
    assert_eq!(wait(&mut bench), 0, "no buffer, no frame to wait for");
    bench.queue(0).expect("room");
    assert_eq!(wait(&mut bench), 1);
    bench.frames(2);
    assert_eq!(bench.back(), [(0, 0, GOOD)]);
    assert_eq!(wait(&mut bench), 0);
}

#[test]
fn a_lost_interrupt_is_found_by_looking() {
    let mut bench = Bench::streaming();
    bench.queue(0).expect("room");
    (0..2).for_each(|_| bench.line.borrow_mut().pass());
    let deadline_us = bench.driver.deadline_us(bench.now_us).expect("it looks");
    assert!(deadline_us <= bench.now_us + LOOK_US);
    bench.now_us = deadline_us;
    bench.with(|driver, outside| driver.timer(outside));
    assert_eq!(bench.back(), [(0, 0, GOOD)]);
}

#[test]
fn buffers_that_the_ledger_refuses_come_back_and_the_stream_goes_on() {
    let mut bench = Bench::streaming();
    bench.line.borrow_mut().refused.insert(0);
    bench.queue(0).expect("room");
    bench.queue(1).expect("room");
    bench.frames(1);
    let refused = FrameFlags(FrameFlags::ERROR.0 | FrameFlags::CANCELLED.0);
    assert_eq!(bench.back(), [(0, 0, refused), (1, 0, GOOD)]);
}

#[test]
fn suspend_finishes_the_frame_in_progress_and_resume_goes_on_with_the_next() {
    for halves in 0..5_u32 {
        let mut bench = Bench::streaming();
        for buffer in 0..4 {
            bench.queue(buffer).expect("room");
        }
        (0..halves).for_each(|_| bench.half());
        let mut at_rest = bench.with(|driver, outside| driver.rest(outside)).at_rest;
        assert_eq!(at_rest, halves % 2 == 0, "{halves}: a frame is finished first");
        if !at_rest {
            bench.line.borrow_mut().pass();
            // Its end is handled, and then nothing is in progress any more.
            at_rest = !bench.timer().at_rest && bench.timer().at_rest;
        }
        assert!(at_rest, "{halves}");
        bench.line.borrow_mut().unpowered = true;
        (0..4).for_each(|_| bench.line.borrow_mut().pass());
        bench.line.borrow_mut().words.clear();
        bench.line.borrow_mut().unpowered = false;
        bench.power_up();
        bench.frames(4);
        let back = bench.back();
        let expected: Vec<_> = (0..4).map(|index| (index as u8, index, GOOD)).collect();
        assert_eq!(back, expected, "{halves}");
        bench.at_rest();
    }
}

#[test]
fn a_stop_while_a_suspend_waits_for_the_frame_cuts_it() {
    let mut bench = Bench::streaming();
    bench.queue(0).expect("room");
    bench.half();
    assert!(!bench.with(|driver, outside| driver.rest(outside)).at_rest);
    bench.stop();
    (0..3).for_each(|_| _ = bench.timer());
    assert_eq!(bench.back(), [(0, 0, FrameFlags::CANCELLED)]);
    assert_eq!(bench.stopped, 1);
    bench.half();
    bench.at_rest();
}
