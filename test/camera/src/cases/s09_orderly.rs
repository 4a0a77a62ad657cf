//! S9: orderly removal while streaming, in this order: new entries are refused, the driver ends,
//! waiters wake, the hardware is quiet, the nodes' entities leave; with nobody left on the domain its
//! power goes off.

use idl::types::{Control, Edge, NodeError, Note, PowerState, StoryKind};

use super::removal;
use crate::check::{Verdict, disconnected, equal, ok, refused};
use crate::ensure;
use crate::protocol::{Job, Outcome};
use crate::stage::{FRAME_MS, QUIET_US, Stage};
use crate::text::Text;

/// Longest orderly removal, in microseconds: the supervisor kills at a bound, then quiet.
const REMOVED_US: u64 = 1_000_000;
/// Buffers of the stream in which somebody waits.
const BUFFERS: u8 = 4;

pub fn streaming(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    stage.forget_story()?;
    let begun = stage.cursor;
    stage.control(stage.isp, Control::Remove)?;
    refused("open", stage.video.open(), NodeError::NoDevice)?;
    let asked = stage.video.get_format(running.handle);
    refused("an operation before the end", asked, NodeError::NoDevice)?;
    stage.wait_for("the end", REMOVED_US, |stage| Ok(stage.record(running.handle).ok()))?;
    let dequeued = stage.video.dequeue_buffer(running.handle, FRAME_MS);
    disconnected("dequeue", dequeued)?;
    let (isp, life) = (stage.isp, running.epoch);
    stage.wait_for("quiet", QUIET_US, |stage| {
        stage.cursor = begun;
        Ok(stage.published(isp, Edge::Quiet, life).ok())
    })?;
    stage.bench.mark();
    stage.sleep_us(QUIET_US);
    let seen = stage.bench.seen();
    equal("after quiet", (seen.isp, seen.faulting, seen.dma_bytes), (0, 0, 0))?;

    // Position of each step in the story; the nodes tell in any order among themselves.
    let mut steps = [None; 5];
    stage.cursor = begun;
    let _ = stage.story("nothing: all of it is read", |event| {
        let step = match event.kind {
            StoryKind::Published { edge: Edge::Removing, generation } => {
                (generation == life && event.task == isp).then_some(0)
            }
            StoryKind::Death { generation, .. } => {
                (generation == life && event.task == isp).then_some(1)
            }
            StoryKind::Note(Note::Told { peer, generation, .. }) => {
                ((peer, generation) == (isp, life)).then_some(2)
            }
            StoryKind::Published { edge: Edge::Quiet, generation } => {
                (generation == life && event.task == isp).then_some(3)
            }
            StoryKind::Note(Note::Topology { .. }) => Some(4),
            _ => None,
        };
        if let Some(step) = step {
            steps[step].get_or_insert(event.number);
        }
        None::<()>
    });
    ensure!(steps.iter().all(Option::is_some), "a step is missing: {steps:?}");
    let [removing, death, told, quiet, topology] = steps.map(|step| step.unwrap_or(0));
    ensure!(removing < death, "removing at {removing}, death at {death}");
    ensure!(death < told && death < quiet && quiet < topology, "the order is wrong: {steps:?}");

    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    stage.control(stage.sensor, Control::Remove)?;
    stage.wait_for("power off", REMOVED_US, |stage| {
        stage.cursor = begun;
        let off = StoryKind::Note(Note::Power(PowerState::Off));
        Ok(stage.story("power off", |event| (event.kind == off).then_some(())).ok())
    })?;
    stage.control(stage.isp, Control::Start)?;
    stage.control(stage.sensor, Control::Start)?;
    stage.all_ready(Some(running.epoch))?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("steps {steps:?}, then power off")))
}

pub fn blocked(stage: &mut Stage) -> Verdict {
    let running = stage.stream(BUFFERS)?;
    stage.delegate(0, running.handle)?;
    // No buffer is left, so a wait lasts as long as the stream; the sensor goes on.
    for _ in 0..BUFFERS {
        ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?;
    }
    stage.witnesses.start(0, Job::Dequeue { timeout_ms: 3 * FRAME_MS })?;
    ensure!(stage.witnesses.is_working(0), "the witness does not wait");
    stage.control(stage.isp, Control::Remove)?;
    let report = stage.witnesses.report(0, REMOVED_US)?;
    let Outcome::Disconnected(record) = report.outcome else {
        return Err(crate::failure!("the blocked DQBUF found {:?}", report.outcome));
    };
    equal("which life", record.generation, running.epoch)?;
    equal("close", stage.witnesses.ask(0, Job::Close, QUIET_US)?, Outcome::Done)?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    stage.control(stage.isp, Control::Start)?;
    stage.all_ready(Some(running.epoch))?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{record:?}")))
}
