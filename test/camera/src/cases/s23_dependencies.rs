//! A task that others need dies while they stream. S23: the graph: streams end, the topology is
//! rebuilt as it was. S24: a node: its client is told, others go on. S45: power: the domain is cut,
//! its drivers end with DependencyLost and come back in order. S46: the ledger: nothing is handed out
//! before its nodes have attached again.

use idl::types::{Cause, Control, Generation, Handle, TaskIndex, Which};

use super::removal;
use crate::check::{Failure, Verdict, disconnected, equal, ok};
use crate::ensure;
use crate::stage::{FRAME_MS, QUIET_US, Running, Stage};
use crate::text::Text;
use userlib::sys_refresh_task_id;

fn life(task: TaskIndex) -> Generation {
    sys_refresh_task_id(task).generation()
}

/// Ends a task's life; it comes back by itself. Gives the life that ended.
fn restart(stage: &mut Stage, task: TaskIndex) -> Result<Generation, Failure> {
    let ended = life(task);
    stage.control(task, Control::Restart)?;
    ensure!(life(task) > ended, "task {} lives on", task.0);
    Ok(ended)
}

/// The stream ends with the death of `task`, whose cause is `cause`.
fn ends_with(
    stage: &mut Stage,
    running: &Running,
    task: TaskIndex,
    ended: Generation,
    cause: Cause,
) -> Result<(), Failure> {
    let record = stage.wait_for("the end of the stream", QUIET_US, |stage| {
        Ok(stage.record(running.handle).ok())
    })?;
    let told = (record.peer, record.generation, record.cause);
    equal("the record", told, (task, ended, cause))?;
    ok("close", stage.video.close(running.handle))
}

pub fn graph(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    let entities = stage.entities()?;
    let graph = stage.graph.task_id().index();
    let lives = stage.lives();
    let ended = restart(stage, graph)?;
    ends_with(stage, &running, graph, ended, Cause::Stopped)?;
    stage.ready(graph, Some(ended))?;
    stage.rebind();
    equal("life of the ISP", stage.all_ready(None)?, running.epoch)?;
    equal("entities", stage.entities()?, entities)?;
    removal::streams_again(stage, 2)?;
    stage.same_lives_but(&lives, &[graph])?;
    Ok(Text::of(format_args!("{entities} entities before and after")))
}

pub fn other_node(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    let handle: Handle = ok("open subdev2", stage.subdev.open())?;
    let node = stage.subdev.task_id().index();
    let lives = stage.lives();
    let ended = restart(stage, node)?;
    let record = disconnected("state", stage.subdev.state(handle, Which::Active))?;
    let told = (record.peer, record.generation, record.cause, record.hops);
    equal("the record", told, (node, ended, Cause::Stopped, 0))?;
    let interval_us = stage.run_frames(&running, 4)?;
    stage.ready(node, Some(ended))?;
    stage.subdev.rebind();
    let handle = ok("open subdev2", stage.subdev.open())?;
    ok("close subdev2", stage.subdev.close(handle))?;
    stage.run_frames(&running, 2)?;
    ok("stream off", stage.video.stream_off(running.handle, removal::STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    stage.same_lives_but(&lives, &[node])?;
    Ok(Text::of(format_args!("frames every {interval_us} us all along")))
}

pub fn own_node(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 3)?;
    let node = stage.video.task_id().index();
    let lives = stage.lives();
    let ended = restart(stage, node)?;
    let dequeued = stage.video.dequeue_buffer(running.handle, FRAME_MS);
    let record = disconnected("dequeue", dequeued)?;
    let told = (record.peer, record.generation, record.cause, record.hops);
    equal("the record", told, (node, ended, Cause::Stopped, 0))?;
    stage.sleep_us(3 * interval_us);
    stage.bench.mark();
    stage.sleep_us(3 * interval_us);
    equal("bytes written for nobody", stage.bench.seen().dma_bytes, 0)?;
    stage.ready(node, Some(ended))?;
    stage.video.rebind();
    stage.wait_for("the ledger at its baseline", QUIET_US, |stage| Ok(stage.at_baseline().ok()))?;
    equal("life of the ISP", removal::streams_again(stage, 2)?, running.epoch)?;
    stage.same_lives_but(&lives, &[node])?;
    Ok(Text::of(format_args!("the engine stopped with its node")))
}

pub fn power(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    let power = stage.power;
    let lives = stage.lives();
    restart(stage, power)?;
    let (isp, epoch) = (stage.isp, running.epoch);
    ends_with(stage, &running, isp, epoch, Cause::DependencyLost)?;
    stage.all_ready(Some(running.epoch))?;
    let next = removal::streams_again(stage, 3)?;
    stage.same_lives_but(&lives, &[power])?;
    Ok(Text::of(format_args!("life {} follows {}", next.0, running.epoch.0)))
}

pub fn ledger(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    let frames = stage.frames.task_id().index();
    let lives = stage.lives();
    let ended = restart(stage, frames)?;
    ends_with(stage, &running, frames, ended, Cause::Stopped)?;
    stage.ready(frames, Some(ended))?;
    stage.rebind();
    stage.wait_for("the ledger at its baseline", QUIET_US, |stage| Ok(stage.at_baseline().ok()))?;
    removal::streams_again(stage, 3)?;
    stage.same_lives_but(&lives, &[frames])?;
    Ok(Text::of(format_args!("the counts add up in the ledger's next life")))
}
