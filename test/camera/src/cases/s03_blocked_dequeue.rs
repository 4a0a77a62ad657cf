//! S3: blocked DQBUF, no frame; removal: Disconnected in time; buffers come back cancelled at
//! quiet, within the quiesce bound, and not before.

use drv_isp_regs::bench_control as control;
use idl::types::{Edge, OwnerCounts};

use super::removal::{self, Removal, close_ended, in_time_us, reclaim_all, streams_again};
use crate::check::{Ended, Failure, Verdict, at_most, equal};
use crate::ensure;
use crate::protocol::{Job, Outcome};
use crate::stage::{QUIET_US, Running, Stage};
use crate::text::Text;

/// How long the blocked call would wait, in milliseconds: much longer than "in time".
const PATIENCE_MS: u32 = 2_000;
/// Frames that do not come while the call is blocked.
const DROPPED_FRAMES: u32 = 10_000;
/// Time for the witness to get into its call, in microseconds.
const SETTLE_US: u64 = 5_000;
/// Device lines that requests take to drain: longer than a client needs to ask twice.
const DRAIN_LINES: u32 = 30;

/// A stream whose frames have stopped to come, and witness 0 blocked in DQBUF on it.
fn blocked(stage: &mut Stage) -> Result<(Running, u64), Failure> {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 3)?;
    stage.bench.now(control::FRAME_DROP, DROPPED_FRAMES, 0)?;
    // What was on its way still comes.
    stage.sleep_us(3 * interval_us);
    while stage
        .video
        .dequeue_buffer(running.handle, 0)
        .is_ok_and(|info| stage.video.queue_buffer(running.handle, info.frame.buffer).is_ok())
    {}
    stage.delegate(0, running.handle)?;
    stage.witnesses.start(0, Job::Dequeue { timeout_ms: PATIENCE_MS })?;
    stage.sleep_us(SETTLE_US);
    ensure!(stage.witnesses.is_working(0), "DQBUF did not block");
    Ok((running, interval_us))
}

pub fn unplugged(stage: &mut Stage) -> Verdict {
    let (running, interval_us) = blocked(stage)?;
    stage.forget_story()?;
    let begun_us = Removal::Unplug.begin(stage)?;
    let report = stage.witnesses.report(0, u64::from(PATIENCE_MS) * 1_000)?;
    let ended =
        Ended { peer: stage.isp, generation: running.epoch, causes: Removal::Unplug.causes() };
    let bound_us = in_time_us(interval_us);
    let record = removal::ended_in_time("blocked DQBUF", report, begun_us, bound_us, &ended)?;
    equal("the delegator's record", stage.record(running.handle)?, record)?;
    finish(stage, &running, record, Removal::Unplug)?;
    let took_us = report.returned_us - begun_us;
    Ok(Text::of(format_args!("told after {took_us} us of {bound_us}, {record:?}")))
}

pub fn draining(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    stage.bench.now(control::DMA_DRAIN, DRAIN_LINES, 0)?;
    stage.forget_story()?;
    stage.in_mid_frame()?;
    Removal::Stop.begin(stage)?;
    let record = stage.record(running.handle)?;
    let counts = stage.counts()?;
    ensure!(counts.quarantined > 0, "no buffer is in quarantine: {counts:?}");
    equal("buffers with the hardware", counts.hardware, 0)?;
    let pending = finish(stage, &running, record, Removal::Stop)?;
    ensure!(pending > 0, "no buffer was ever Pending although the engine was draining");
    let quarantined = counts.quarantined;
    Ok(Text::of(format_args!("{quarantined} quarantined, {pending} times Pending, {record:?}")))
}

/// Reclaims, closes, returns; gives how often `Pending` was the answer.
fn finish(
    stage: &mut Stage,
    running: &Running,
    record: idl::types::Disconnect,
    removal: Removal,
) -> Result<u32, Failure> {
    let (isp, generation) = (stage.isp, running.epoch);
    let pending = reclaim_all(stage, running, |stage| {
        let died_us = stage.death(isp)?.time_us;
        let quiet_us = stage.published(isp, Edge::Quiet, generation)?;
        at_most("death to quiet", quiet_us - died_us, QUIET_US)?;
        Ok(quiet_us)
    })?;
    let counts = stage.counts()?;
    equal("owners after reclaim", counts.client, sum(counts))?;
    if stage.take_delegate(0) {
        let closed = stage.witnesses.ask(0, Job::Close, QUIET_US)?;
        equal("the delegate's close", closed, Outcome::Done)?;
    }
    close_ended(stage, running.handle, record)?;
    stage.at_baseline()?;
    removal.end(stage, generation)?;
    stage.bench.now(control::FRAME_DROP, 0, 0)?;
    stage.bench.now(control::DMA_DRAIN, 0, 0)?;
    let epoch = streams_again(stage, 2)?;
    ensure!(epoch > generation, "life {epoch:?} follows {generation:?}");
    Ok(pending)
}

fn sum(counts: OwnerCounts) -> u8 {
    let OwnerCounts { client, queued, hardware, quarantined, done } = counts;
    client + queued + hardware + quarantined + done
}
