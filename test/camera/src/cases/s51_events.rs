//! S51: the event queue is full at removal: the disconnect is not lost. S4 for events: who waits for
//! a frame start wakes with it, and with the end of the handle.

use drv_isp_regs::bench_control as control;
use idl::types::{Event, EventKind, Handle, NodeError, PollEvents};

use super::removal::{self, Removal, in_time_us};
use crate::check::{Ended, Failure, Verdict, at_most, disconnected, equal, names, ok, refused};
use crate::clock::now_us;
use crate::stage::{FRAME_MS, QUIET_US, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// Length of a handle's event queue (`task/subdev`; omap3isp has 16 for the CCDC).
const QUEUED_MAX: u32 = 16;
/// Frames more than the queue holds.
const OVERFLOW: u32 = 3;
/// Frames whose events are read one by one.
const FRAMES: u32 = 4;
/// Frames that do not come while the poll waits.
const DROPPED_FRAMES: u32 = 10_000;

fn subscribed(stage: &Stage) -> Result<Handle, Failure> {
    let handle = ok("open subdev2", stage.subdev.open())?;
    ok("subscribe", stage.subdev.subscribe_event(handle, EventKind::FrameSync))?;
    Ok(handle)
}

pub fn full(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let handle = subscribed(stage)?;
    stage.run_frames(&running, QUEUED_MAX + OVERFLOW + 1)?;
    let first = ok("DQEVENT", stage.subdev.dequeue_event(handle))?;
    ensure!(first.number >= OVERFLOW, "the queue was not full: {first:?}");
    equal("events behind the first", u32::from(first.pending), QUEUED_MAX - 1)?;
    // The next frame fills the queue again.
    stage.run_frames(&running, 2)?;
    Removal::Unplug.begin(stage)?;
    let record = stage.wait_for("the end of the stream", QUIET_US, |stage| {
        Ok(stage.record(running.handle).ok())
    })?;
    let causes = Removal::Unplug.causes();
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes };
    for _ in 0..2 {
        let told = disconnected("DQEVENT", stage.subdev.dequeue_event(handle))?;
        names("DQEVENT", told, &ended)?;
        equal("the same record on every node", told, record)?;
    }
    ok("close subdev2", stage.subdev.close(handle))?;
    ok("close video6", stage.video.close(running.handle))?;
    Removal::Unplug.end(stage, running.epoch)?;
    let handle = ok("open subdev2", stage.subdev.open())?;
    refused("DQEVENT of the new life", stage.subdev.dequeue_event(handle), NodeError::NoEvent)?;
    ok("close subdev2", stage.subdev.close(handle))?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{} events were lost, not {record:?}", first.number)))
}

pub fn frames(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let handle = subscribed(stage)?;
    let interval_us = stage.run_frames(&running, 3)?;
    // What was queued meanwhile is read at once; each later frame is waited for.
    while stage.subdev.dequeue_event(handle).is_ok() {}
    for _ in 0..FRAMES {
        let woke = ok("poll", stage.subdev.poll(handle, PollEvents::PRI, FRAME_MS))?;
        equal("poll", woke, PollEvents::PRI)?;
        let event = ok("DQEVENT", stage.subdev.dequeue_event(handle))?;
        let Event::FrameSync { sequence } = event.event else {
            return Err(failure!("not a frame start: {event:?}"));
        };
        let late_us = now_us() - event.timestamp_us;
        at_most("time from the frame start to the client", late_us, interval_us)?;
        // The frame that was announced comes with the same number, later.
        let frame = stage.wait_for("the announced frame", 4 * interval_us, |stage| {
            let (number, end_us, _) = stage.frame(&running)?;
            ensure!(number <= sequence, "frame {number} was not announced, {sequence} was");
            Ok((number == sequence).then_some(end_us))
        })?;
        ensure!(frame > event.timestamp_us, "frame {sequence} ended before it started");
        while stage.subdev.dequeue_event(handle).is_ok() {}
    }

    stage.bench.now(control::FRAME_DROP, DROPPED_FRAMES, 0)?;
    stage.sleep_us(2 * interval_us);
    while stage.subdev.dequeue_event(handle).is_ok() {}
    let lines_us = 2 * interval_us;
    let begun_us = now_us();
    // The module goes while this call waits.
    let frame = stage.bench.frame() + 1;
    stage.bench.at(frame, 0, control::UNPLUG, 0, 0)?;
    let woke = ok("poll", stage.subdev.poll(handle, PollEvents::PRI, FRAME_MS))?;
    ensure!(woke.contains(PollEvents::DISCONNECTED), "poll woke with {woke:?}");
    at_most("poll", now_us() - begun_us, in_time_us(interval_us) + lines_us)?;
    let record = disconnected("DQEVENT", stage.subdev.dequeue_event(handle))?;
    let causes = Removal::Unplug.causes();
    names("DQEVENT", record, &Ended { peer: stage.isp, generation: running.epoch, causes })?;
    ok("close subdev2", stage.subdev.close(handle))?;
    ok("close video6", stage.video.close(running.handle))?;
    stage.bench.now(control::FRAME_DROP, 0, 0)?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{FRAMES} frames announced, then {record:?}")))
}
