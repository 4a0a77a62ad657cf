//! Lost interrupts, silent sensors, frames that end early, writes that the firewall refused.

use super::*;
use idl::types::Input;

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

#[test]
fn a_frame_of_which_the_serial_line_lost_a_line_is_marked() {
    for pipeline in all() {
        let serial = matches!(pipeline.input, Input::Csi2a { .. });
        let mut bench = Bench::streaming(pipeline);
        for index in 0..3 {
            bench.queue(index).expect("room");
        }
        bench.moment();
        bench.model.borrow_mut().lose_packet();
        bench.frames(4);
        bench.fetch();
        let flags: Vec<_> = bench.fetched.iter().map(|frame| frame.flags).collect();
        let expected = if serial { FrameFlags::ERROR } else { FrameFlags::default() };
        assert_eq!(flags[..2], [expected, FrameFlags::default()], "{:?}", pipeline.video);
    }
}

/// The line is one of the second frame, but nobody looks before that has begun.
#[test]
fn a_lost_line_that_is_seen_late_marks_each_frame_that_it_may_be_of() {
    for pipeline in all().into_iter().filter(|it| matches!(it.input, Input::Csi2a { .. })) {
        let mut bench = Bench::streaming(pipeline);
        for index in 0..4 {
            bench.queue(index).expect("room");
        }
        bench.moment();
        while !matches!(bench.pass(), Moment::Start) {}
        bench.model.borrow_mut().lose_packet();
        bench.interrupt();
        bench.frames(4);
        bench.fetch();
        let frames = bench.fetched.iter();
        let good: Vec<_> = frames.filter(|frame| frame.flags == FrameFlags::default()).collect();
        assert!(good.iter().all(|frame| frame.sequence != 1), "{:?}: {good:?}", pipeline.video);
        assert!(!good.is_empty(), "{:?}", pipeline.video);
    }
}

#[test]
fn a_line_that_is_lost_while_nobody_takes_frames_marks_none() {
    for pipeline in all().into_iter().filter(|it| matches!(it.input, Input::Csi2a { .. })) {
        let mut bench = Bench::streaming(pipeline);
        bench.frames(2);
        bench.model.borrow_mut().lose_packet();
        bench.frames(1);
        for index in 0..3 {
            bench.queue(index).expect("room");
        }
        bench.frames(4);
        bench.fetch();
        let flags: Vec<_> = bench.fetched.iter().map(|frame| frame.flags).collect();
        assert_eq!(flags[..2], [FrameFlags::default(); 2], "{:?}", pipeline.video);
    }
}
