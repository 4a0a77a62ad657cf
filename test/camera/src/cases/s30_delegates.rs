//! S30: A passes its handle to B: both end with the same record. S43: the delegator closes first: the
//! delegate's handle lives on and ends like any other. S31: a hundred handles: removal ends all, and
//! all closes are ok. S34: unregister with no user: everything is free at once.

use idl::types::{Handle, NodeError, NodeUsage, TaskIndex, Which};

use super::removal::{self, Removal, ended_in_time, in_time_us};
use crate::check::{Ended, Verdict, disconnected, equal, ok, refused};
use crate::ensure;
use crate::protocol::{Job, Outcome};
use crate::stage::{FRAME_MS, IN_TIME_US, QUIET_US, READY_US, Stage};
use crate::text::Text;

/// Clients of the crowd.
const CROWD: u16 = 8;
/// Handles per node.
const HANDLES: usize = 100;

pub fn both(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 3)?;
    stage.delegate(0, running.handle)?;
    let frame = stage.witnesses.ask(0, Job::Dequeue { timeout_ms: FRAME_MS }, 4 * interval_us)?;
    ensure!(matches!(frame, Outcome::Frame(_)), "the delegate's dequeue: {frame:?}");
    stage.bench.now(drv_isp_regs::bench_control::FRAME_DROP, 10_000, 0)?;
    stage.sleep_us(3 * interval_us);
    while stage.video.dequeue_buffer(running.handle, 0).is_ok() {}
    stage.witnesses.start(0, Job::Dequeue { timeout_ms: FRAME_MS })?;
    ensure!(stage.witnesses.is_working(0), "the delegate does not wait");
    let begun_us = Removal::Unplug.begin(stage)?;
    let causes = Removal::Unplug.causes();
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes };
    let bound_us = in_time_us(interval_us);
    let report = stage.witnesses.report(0, 2 * bound_us)?;
    let theirs = ended_in_time("the delegate's DQBUF", report, begun_us, bound_us, &ended)?;
    equal("the delegator's record", stage.record(running.handle)?, theirs)?;
    removal::close_ended(stage, running.handle, theirs)?;
    equal("close", stage.witnesses.ask(0, Job::Close, QUIET_US)?, Outcome::Done)?;
    stage.bench.now(drv_isp_regs::bench_control::FRAME_DROP, 0, 0)?;
    stage.at_baseline()?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{theirs:?} for both")))
}

pub fn delegator_first(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 3)?;
    stage.delegate(0, running.handle)?;
    ok("close", stage.video.close(running.handle))?;
    for _ in 0..3 {
        let job = Job::Dequeue { timeout_ms: FRAME_MS };
        let frame = stage.witnesses.ask(0, job, 4 * interval_us)?;
        ensure!(matches!(frame, Outcome::Frame(_)), "the delegate's dequeue: {frame:?}");
    }
    let begun_us = Removal::Unplug.begin(stage)?;
    stage.sleep_us(in_time_us(interval_us));
    let job = Job::Dequeue { timeout_ms: FRAME_MS };
    let end = stage.witnesses.ask(0, job, QUIET_US)?;
    let Outcome::Disconnected(record) = end else {
        return Err(crate::failure!("the delegate found {end:?} after {begun_us}"));
    };
    equal("which life", record.generation, running.epoch)?;
    equal("close", stage.witnesses.ask(0, Job::Close, QUIET_US)?, Outcome::Done)?;
    stage.at_baseline()?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("the delegate streamed on, then {record:?}")))
}

/// An index that is no task's is the client's mistake, and ends neither the node nor the stream. A task
/// that cannot call the node would have no use for a handle, and nobody would close it.
pub fn nobody(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 2)?;
    let lives = stage.lives();
    let deaf = [stage.power, stage.isp, TaskIndex(0)].map(|task| task.0);
    for nobody in [sys_abi::MAX_TASKS as u8, 200, u8::MAX].into_iter().chain(deaf) {
        let passed = stage.video.delegate(running.handle, TaskIndex(nobody));
        refused("delegate to nobody", passed, NodeError::NoSuchTask)?;
    }
    stage.same_lives(&lives)?;
    stage.run_frames(&running, 2)?;
    ok("close", stage.video.close(running.handle))?;
    stage.wait_for("the end of the stream", QUIET_US, |stage| {
        Ok((stage.usage()? == NodeUsage::default()).then_some(()))
    })?;
    Ok(Text::of(format_args!("six indices were refused, and the stream went on")))
}

pub fn hundred(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let (mut videos, mut subdevs) = ([Handle(0); HANDLES], [Handle(0); HANDLES]);
    for (video, subdev) in videos.iter_mut().zip(&mut subdevs) {
        *video = ok("open video6", stage.video.open())?;
        *subdev = ok("open subdev2", stage.subdev.open())?;
    }
    Removal::Unplug.begin(stage)?;
    let first = stage.wait_for("the end", QUIET_US, |stage| Ok(stage.record(videos[0]).ok()))?;
    for (video, subdev) in videos.into_iter().zip(subdevs) {
        equal("record on video6", stage.record(video)?, first)?;
        let state = disconnected("state", stage.subdev.state(subdev, Which::Try))?;
        equal("record on subdev2", state, first)?;
    }
    for (video, subdev) in videos.into_iter().zip(subdevs) {
        ok("close video6", stage.video.close(video))?;
        ok("close subdev2", stage.subdev.close(subdev))?;
    }
    stage.at_baseline()?;
    let usage = ok("usage", stage.subdev.usage())?;
    equal("usage of subdev2", usage, NodeUsage::default())?;
    Removal::Unplug.end(stage, epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{} handles ended with {first:?}", 2 * HANDLES)))
}

/// Eight clients wait on one node at the same time, each with one handle.
pub fn eight(stage: &mut Stage) -> Verdict {
    crowd(stage, 8)
}

/// Sixty-four handles of one node, eight for each of eight clients, which wait with one each: as many
/// calls can wait as there are tasks.
pub fn sixty_four(stage: &mut Stage) -> Verdict {
    crowd(stage, 64)
}

/// The crowd is told in time and lets go. The module stays away, so that the log of the run ends with
/// this removal.
fn crowd(stage: &mut Stage, handles: u16) -> Verdict {
    stage.all_ready(None)?;
    let waiting = NodeUsage { handles, waiters: CROWD, buffers: 0 };
    stage.wait_for("the crowd", READY_US, |stage| {
        Ok((ok("usage", stage.video.usage())? == waiting).then_some(()))
    })?;
    Removal::Unplug.begin(stage)?;
    // Nothing of this task runs until all have been told.
    stage.sleep_us(IN_TIME_US);
    equal("waiters in time", ok("usage", stage.video.usage())?.waiters, 0)?;
    stage.wait_for("all closed", QUIET_US, |stage| {
        Ok((ok("usage", stage.video.usage())? == NodeUsage::default()).then_some(()))
    })?;
    Ok(Text::of(format_args!("{CROWD} waiters and {handles} handles in {IN_TIME_US} us")))
}

pub fn no_user(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let entities = stage.entities()?;
    Removal::Unplug.begin(stage)?;
    stage.wait_for("an empty topology", QUIET_US, |stage| {
        let version = ok("version", stage.graph.topology_version())?;
        Ok(stage.graph.entity(version, 0).is_err().then_some(()))
    })?;
    stage.at_baseline()?;
    Removal::Unplug.end(stage, epoch)?;
    equal("entities", stage.entities()?, entities)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{entities} entities left and came back")))
}
