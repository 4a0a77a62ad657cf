//! S4: a client waits for a frame or an event on any node type: it wakes in time with error,
//! hang-up and priority flags; the DQEVENT that follows says Disconnected.

use drv_isp_regs::bench_control as control;
use idl::types::{PollEvents, StatisticsEngine};

use super::removal::{self, Removal, hung_up_in_time, in_time_us};
use crate::check::{Ended, Failure, Verdict, equal, names, ok};
use crate::protocol::{Job, NodeKind, Outcome};
use crate::stage::{QUIET_US, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// How long the polls would wait, in milliseconds.
const PATIENCE_MS: u32 = 1_000;
/// Frames that do not come while the polls wait.
const DROPPED_FRAMES: u32 = 10_000;
/// Time for the witnesses to get into their calls, in microseconds.
const SETTLE_US: u64 = 10_000;
/// Who polls which statistics node.
const ENGINES: [(&str, StatisticsEngine); 3] = [
    ("poll on subdev5", StatisticsEngine::Aewb),
    ("poll on subdev6", StatisticsEngine::Af),
    ("poll on subdev7", StatisticsEngine::Histogram),
];
/// Who polls what.
const POLLS: [(&str, PollEvents); 3] = [
    ("poll on video6", PollEvents::IN),
    ("poll on media0", PollEvents::PRI),
    ("poll on subdev2", PollEvents::PRI),
];

pub fn every_node_type(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 3)?;
    stage.bench.now(control::FRAME_DROP, DROPPED_FRAMES, 0)?;
    stage.sleep_us(3 * interval_us);
    while stage.video.dequeue_buffer(running.handle, 0).is_ok() {}
    stage.delegate(0, running.handle)?;
    for (witness, kind) in [(1, NodeKind::Media), (2, NodeKind::Subdev)] {
        let opened = stage.witnesses.ask(witness, Job::Open(kind), QUIET_US)?;
        ensure!(matches!(opened, Outcome::Opened(_)), "open {kind:?}: {opened:?}");
    }
    for (witness, (_, events)) in POLLS.into_iter().enumerate() {
        stage.witnesses.start(witness, Job::Poll { events, timeout_ms: PATIENCE_MS })?;
    }
    let bound_us = in_time_us(interval_us);
    let latest_us = unplugged(stage, POLLS.map(|(what, _)| what), bound_us)?;

    let ended =
        Ended { peer: stage.isp, generation: running.epoch, causes: Removal::Unplug.causes() };
    let record = typed(stage, 0, Job::DequeueEvent, &ended)?;
    equal("the delegator's record", record, stage.record(running.handle)?)?;
    for (witness, (_, events)) in POLLS.into_iter().enumerate() {
        typed(stage, witness, Job::Poll { events, timeout_ms: PATIENCE_MS }, &ended)?;
        equal("close", stage.witnesses.ask(witness, Job::Close, QUIET_US)?, Outcome::Done)?;
    }
    removal::close_ended(stage, running.handle, record)?;
    stage.bench.now(control::FRAME_DROP, 0, 0)?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("all three woke within {latest_us} us of {bound_us}")))
}

pub fn every_statistics_node(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 2)?;
    let poll = Job::Poll { events: PollEvents::PRI, timeout_ms: PATIENCE_MS };
    for (witness, (what, engine)) in ENGINES.into_iter().enumerate() {
        let open = Job::Open(NodeKind::Statistics(engine));
        let opened = stage.witnesses.ask(witness, open, QUIET_US)?;
        ensure!(matches!(opened, Outcome::Opened(_)), "{what}: {opened:?}");
        stage.witnesses.start(witness, poll)?;
    }
    let bound_us = in_time_us(interval_us);
    let latest_us = unplugged(stage, ENGINES.map(|(what, _)| what), bound_us)?;
    let ended =
        Ended { peer: stage.isp, generation: running.epoch, causes: Removal::Unplug.causes() };
    for witness in 0..ENGINES.len() {
        let record = typed(stage, witness, poll, &ended)?;
        equal("one record", record, stage.record(running.handle)?)?;
        equal("close", stage.witnesses.ask(witness, Job::Close, QUIET_US)?, Outcome::Done)?;
    }
    ok("close", stage.video.close(running.handle))?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("all three woke within {latest_us} us of {bound_us}")))
}

/// Unplugs the module while all witnesses poll; each wakes in time. Gives the time of the last one, in
/// microseconds.
fn unplugged(stage: &mut Stage, polls: [&str; 3], bound_us: u64) -> Result<u64, Failure> {
    stage.sleep_us(SETTLE_US);
    for (witness, what) in polls.into_iter().enumerate() {
        ensure!(stage.witnesses.is_working(witness), "{what} did not wait");
    }
    let begun_us = Removal::Unplug.begin(stage)?;
    let mut latest_us = 0;
    for (witness, what) in polls.into_iter().enumerate() {
        // A little more than the bound, so that a late answer is told from none.
        let report = stage
            .witnesses
            .report(witness, 2 * bound_us)
            .map_err(|failure| failure!("{what}: {failure}"))?;
        hung_up_in_time(what, report, begun_us, bound_us)?;
        latest_us = latest_us.max(report.returned_us - begun_us);
    }
    Ok(latest_us)
}

/// A later call of a witness says who died.
fn typed(
    stage: &mut Stage,
    witness: usize,
    job: Job,
    ended: &Ended<'_>,
) -> Result<idl::types::Disconnect, Failure> {
    match stage.witnesses.ask(witness, job, QUIET_US)? {
        Outcome::Disconnected(record) => {
            names("the typed end", record, ended)?;
            Ok(record)
        }
        other => {
            Err(failure!("witness {witness}, {job:?}: expected Disconnected, found {other:?}"))
        }
    }
}
