//! Jobs in blocks that hang.

use super::*;

/// A wedged job beside a stream: the stop is bounded, its buffers come back damaged, its blocks are
/// marked and refused, the stream goes on; with the stream's end comes the reset.
#[test]
fn a_wedged_block_is_marked_until_the_last_user_has_left() {
    let mut jobs = Jobs::new();
    jobs.start(&raw()).expect("CCDC");
    jobs.start(&scaled()).expect("resizer");
    jobs.queue(VideoNode::ResizerInput, 2).expect("room");
    jobs.queue(VideoNode::ResizerOutput, 10).expect("room");
    jobs.stop(VideoNode::ResizerOutput);
    let begin_us = jobs.now_us;
    let made = loop {
        jobs.timer();
        let made = jobs.fetch(VideoNode::ResizerOutput);
        if made.stopped == 1 {
            break made;
        }
        assert_eq!(made.frames, []);
        assert!(jobs.now_us - begin_us <= STOP_LIMIT_US + POLL_US);
    };
    let read = jobs.fetch(VideoNode::ResizerInput);
    let damaged = FrameFlags(FrameFlags::ERROR.0 | FrameFlags::CANCELLED.0);
    assert_eq!((made.frames[0].flags, read.frames[0].flags, read.stopped), (damaged, damaged, 1));
    assert_eq!(jobs.model.borrow().open(), 0, "the engine is kept off its buffers");
    for refused in [scaled(), developed_and_scaled()] {
        assert_eq!(jobs.start(&refused).err(), Some(IspError::Crashed));
    }
    jobs.start(&developed()).expect("the preview engine is not marked");
    jobs.stop(VideoNode::PreviewOutput);
    assert_eq!(jobs.fetch(VideoNode::PreviewOutput).stopped, 1);
    assert_eq!(jobs.model.borrow().resets, 1, "not while the stream runs");
    jobs.stop(VideoNode::CcdcOutput);
    assert_eq!(jobs.fetch(VideoNode::CcdcOutput).stopped, 0);
    assert_eq!(jobs.start(&scaled()).err(), Some(IspError::Crashed));
    let begin_us = jobs.now_us;
    while jobs.fetch(VideoNode::CcdcOutput).stopped == 0 {
        jobs.timer();
        let waited_us = jobs.now_us - begin_us;
        let early = waited_us < STOP_LIMIT_US && jobs.model.borrow().resets == 2;
        assert!(!early, "the sensor may be stopping still, and its clock goes with the reset");
        assert!(waited_us <= STOP_LIMIT_US + super::RECOVERY_US);
    }
    assert_eq!(jobs.model.borrow().resets, 2);
    jobs.start(&scaled()).expect("the reset has cleared the mark");
}

/// A CCDC that hangs beside a job: its pipelines are refused, the job's are not, and the reset comes with the
/// end of the last.
#[test]
fn a_ccdc_that_hangs_is_marked_until_the_last_user_has_left() {
    let mut jobs = Jobs::new();
    jobs.start(&raw()).expect("CCDC");
    jobs.start(&scaled()).expect("resizer");
    (8..12).for_each(|index| assert!(jobs.queue(VideoNode::CcdcOutput, index).is_ok()));
    jobs.model.borrow_mut().ccdc_stuck = true;
    // Three frame starts: two pictures are measured, and the next start is the verdict.
    for _ in 0..9 {
        jobs.now_us += super::MOMENT_US;
        jobs.model.borrow_mut().pass();
        jobs.with(|driver, outside| driver.interrupt(outside));
    }
    let raw_frames = jobs.fetch(VideoNode::CcdcOutput);
    assert_eq!((raw_frames.buffers(), raw_frames.stopped), (vec![8, 9, 10, 11], 0));
    assert!(raw_frames.frames[1..].iter().all(|frame| frame.flags == FrameFlags::ERROR));
    let through = received(&raw(), PixelFormat::SGRBG10);
    for refused in [raw(), preview_only(), through] {
        assert_eq!(jobs.start(&refused).err(), Some(IspError::Crashed));
    }
    let run_a_job = |jobs: &mut Jobs| {
        jobs.queue(VideoNode::ResizerInput, 2).expect("room");
        jobs.queue(VideoNode::ResizerOutput, 12).expect("room");
        jobs.end_job();
        assert_eq!(jobs.fetch(VideoNode::ResizerOutput).frames[0].flags, FrameFlags::default());
        jobs.fetch(VideoNode::ResizerInput);
    };
    run_a_job(&mut jobs);
    jobs.stop(VideoNode::CcdcOutput);
    assert_eq!(
        jobs.fetch(VideoNode::CcdcOutput).stopped,
        1,
        "the mark stays, so nothing is awaited"
    );
    assert_eq!(jobs.start(&raw()).err(), Some(IspError::Crashed));
    run_a_job(&mut jobs);
    jobs.stop(VideoNode::ResizerOutput);
    while jobs.fetch(VideoNode::ResizerOutput).stopped == 0 {
        assert!(jobs.now_us < 3 * STOP_LIMIT_US);
        jobs.timer();
    }
    assert_eq!(jobs.model.borrow().resets, 2);
    jobs.start(&raw()).expect("the reset has cleared the mark");
}

/// The CCDC is busy after all events of a job: it is given a millisecond.
#[test]
fn a_ccdc_that_hangs_after_a_job_gives_the_buffers_of_both_nodes_back() {
    for live in [raw(), preview_only(), processed(320, 240)] {
        let pipeline = received(&live, PixelFormat::SGRBG10);
        let (input, output) = ends(&pipeline);
        let mut jobs = Jobs::new();
        jobs.start(&pipeline).expect("a good pipeline");
        (0..3).for_each(|index| assert!(jobs.queue(input, index).is_ok()));
        (8..10).for_each(|index| assert!(jobs.queue(output, index).is_ok()));
        jobs.model.borrow_mut().ccdc_stuck = true;
        jobs.end_job();
        for (later_us, crashed) in [(999, false), (1, true)] {
            jobs.now_us += later_us;
            jobs.with(|driver, outside| driver.interrupt(outside));
            let made = jobs.fetch(output);
            let expected: &[u8] = if crashed { &[8, 9] } else { &[] };
            assert_eq!(made.buffers(), expected, "{output:?} {later_us}");
            assert!(made.frames.iter().all(|frame| frame.flags == FrameFlags::ERROR));
        }
        let read = jobs.fetch(input);
        assert_eq!((read.buffers(), read.stopped), (vec![0, 1, 2], 0), "{output:?}");
        assert!(read.frames.iter().all(|frame| frame.flags == FrameFlags::ERROR));
        for node in [input, output] {
            assert_eq!(jobs.queue(node, 11).err(), Some(IspError::Crashed));
        }
        assert_eq!(jobs.start(&raw()).err(), Some(IspError::Crashed));
        assert_eq!(jobs.model.borrow().open(), 0, "{output:?}");
        jobs.stop(input);
        let begun_us = jobs.now_us;
        while jobs.fetch(output).stopped == 0 {
            assert!(jobs.now_us - begun_us <= STOP_LIMIT_US + super::RECOVERY_US);
            jobs.timer();
        }
        assert_eq!(jobs.fetch(input).stopped, 1);
        jobs.every_job_is_done(&pipeline);
    }
}
