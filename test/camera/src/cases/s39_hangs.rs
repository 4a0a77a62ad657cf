//! S39: the driver hangs: it spins, is silent, or drowns in interrupts: Stalled within the bound;
//! clients as in S3 and S4.

use drv_isp_regs::{Block, ISP_IRQ, bench_control as control};
use idl::ipc;
use idl::types::{Cause, Generation, NodeError, PollEvents};
use sys_abi::Sysnum;

use super::removal::{STOP_MS, close_ended, ended_in_time, hung_up_in_time, streams_again};
use crate::check::{Ended, Failure, Verdict, at_most, disconnected, equal, names, ok, refused};
use crate::clock::now_us;
use crate::protocol::{Job, NodeKind, Outcome};
use crate::stage::{FRAME_MS, QUIET_US, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// How long the blocked calls would wait, in milliseconds.
const PATIENCE_MS: u32 = 3_000;
/// The driver's `hang_ms` of app.toml, in microseconds.
const HANG_US: u64 = 50_000;
/// Between two scans of the supervisor, in microseconds.
const SCAN_US: u64 = 10_000;
/// A spinning driver is stalled within its bound of processor time; the share of the others and the
/// scan come on top.
const SPIN_BOUND_US: u64 = 2 * HANG_US + SCAN_US;
/// A storm is judged over four times the bound, and may begin inside of such a window.
const STORM_BOUND_US: u64 = 8 * HANG_US + SCAN_US;
/// A driver may keep a caller for ten times the 20 ms that its interface promises.
const SILENT_BOUND_US: u64 = 200_000 + 2 * SCAN_US;
/// Time for the witnesses to get into their calls, in microseconds.
const SETTLE_US: u64 = 10_000;
/// Longest wait for a frame that does not come, in milliseconds: less than the gap.
const NO_FRAME_MS: u32 = 60;
/// Frames that do not come.
const DROPPED_FRAMES: u32 = 20;
/// A client that waits is told after so many frame intervals, and a tick ...
const SILENT_FRAMES: u64 = 5;
/// ... or after this time, in microseconds, if that is longer.
const NO_FRAMES_US: u64 = 110_000;
/// Interrupts of the storm: more than the driver can take in [`STORM_BOUND_US`].
const STORM: u32 = 10_000_000;
/// From the death to the clients, in microseconds.
const TOLD_US: u64 = crate::stage::IN_TIME_US;

/// A streaming client in DQBUF and one that polls on media0; then the driver is made to hang.
fn hang(
    stage: &mut Stage,
    bound_us: u64,
    cause: Cause,
    provoke: impl Fn(&Stage) -> Result<(), Failure>,
    relent: impl Fn(&Stage) -> Result<(), Failure>,
) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 3)?;
    let lives = stage.lives();
    stage.delegate(0, running.handle)?;
    let opened = stage.witnesses.ask(1, Job::Open(NodeKind::Media), QUIET_US)?;
    ensure!(matches!(opened, Outcome::Opened(_)), "open media0: {opened:?}");
    stage.forget_story()?;
    let poll = Job::Poll { events: PollEvents::PRI, timeout_ms: PATIENCE_MS };
    stage.witnesses.start(1, poll)?;
    stage.witnesses.start(0, Job::Dequeue { timeout_ms: PATIENCE_MS })?;
    stage.sleep_us(SETTLE_US);
    ensure!(stage.witnesses.is_working(1), "the poll on media0 did not wait");
    let begun_us = now_us();
    provoke(stage)?;
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes: &[cause] };
    let returned_us = drain(stage, begun_us + bound_us + TOLD_US, &ended)?;
    relent(stage)?;
    let death = stage.death(stage.isp)?;
    ensure!(death.cause == cause, "expected {cause:?}, found {death:?}");
    let took_us = death.time_us - begun_us;
    at_most("hang to death", took_us, bound_us)?;
    at_most("death to the blocked client", returned_us.saturating_sub(death.time_us), TOLD_US)?;
    let report = stage.witnesses.report(1, QUIET_US)?;
    hung_up_in_time("poll on media0", report, death.time_us, TOLD_US)?;
    for witness in [0, 1] {
        stage.witnesses.ask(witness, Job::Close, QUIET_US)?;
    }
    ok("close", stage.video.close(running.handle))?;
    let next: Generation = stage.all_ready(Some(running.epoch))?;
    ensure!(next > running.epoch, "life {next:?} follows {:?}", running.epoch);
    streams_again(stage, 2)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("{cause:?} after {took_us} us of {bound_us}")))
}

/// Witness 0 takes the frames that still come, until its call ends with the record.
fn drain(stage: &mut Stage, until_us: u64, ended: &Ended<'_>) -> Result<u64, Failure> {
    loop {
        let left_us = until_us.saturating_sub(now_us());
        let report = stage.witnesses.report(0, left_us)?;
        match report.outcome {
            Outcome::Frame(_) => {
                stage.witnesses.start(0, Job::Dequeue { timeout_ms: PATIENCE_MS })?;
            }
            Outcome::Disconnected(record) => {
                names("blocked DQBUF", record, ended)?;
                return Ok(report.returned_us);
            }
            other => return Err(failure!("blocked DQBUF: expected Disconnected, found {other:?}")),
        }
    }
}

pub fn spins(stage: &mut Stage) -> Verdict {
    // The reset of the quiesce ends it.
    let provoke = |stage: &Stage| stage.bench.now(control::ACCESS_STUCK, Block::Main as u32, 0);
    hang(stage, SPIN_BOUND_US, Cause::Stalled, provoke, |_| Ok(()))
}

/// The driver waits in the middle of an interrupt for what never comes. Nobody can know, until a call
/// is kept by it.
pub fn silent(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 3)?;
    let lives = stage.lives();
    let held = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?.frame.buffer;
    stage.delegate(0, running.handle)?;
    let opened = stage.witnesses.ask(1, Job::Open(NodeKind::Media), QUIET_US)?;
    ensure!(matches!(opened, Outcome::Opened(_)), "open media0: {opened:?}");
    stage.forget_story()?;
    stage.bench.now(control::MUTE, Block::Main as u32, Sysnum::Recv as u32)?;
    stage.sleep_us(2 * interval_us);
    while stage.video.dequeue_buffer(running.handle, 0).is_ok() {}
    let poll = Job::Poll { events: PollEvents::PRI, timeout_ms: PATIENCE_MS };
    stage.witnesses.start(1, poll)?;
    stage.witnesses.start(0, Job::Dequeue { timeout_ms: PATIENCE_MS })?;
    stage.sleep_us(SETTLE_US);
    for witness in [0, 1] {
        ensure!(stage.witnesses.is_working(witness), "witness {witness} is not in a call");
    }
    let begun_us = now_us();
    let record = disconnected("QBUF", stage.video.queue_buffer(running.handle, held))?;
    let returned_us = now_us();
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes: &[Cause::Stalled] };
    names("QBUF", record, &ended)?;
    let death = stage.death(stage.isp)?;
    let took_us = death.time_us - begun_us;
    at_most("call to death", took_us, SILENT_BOUND_US)?;
    at_most("death to the caller", returned_us.saturating_sub(death.time_us), TOLD_US)?;
    let report = stage.witnesses.report(0, QUIET_US)?;
    ended_in_time("blocked DQBUF", report, death.time_us, TOLD_US, &ended)?;
    let report = stage.witnesses.report(1, QUIET_US)?;
    hung_up_in_time("poll on media0", report, death.time_us, TOLD_US)?;
    for witness in [0, 1] {
        stage.witnesses.ask(witness, Job::Close, QUIET_US)?;
    }
    close_ended(stage, running.handle, record)?;
    stage.all_ready(Some(running.epoch))?;
    streams_again(stage, 2)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("Stalled after {took_us} us of {SILENT_BOUND_US}")))
}

/// The other side: a driver that has no frames to give is not one that hangs.
pub fn no_frames(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 3)?;
    let life = running.epoch;
    stage.bench.now(control::FRAME_DROP, DROPPED_FRAMES, 0)?;
    let mut missed = 0;
    let mut begun_us = now_us();
    loop {
        match stage.video.dequeue_buffer(running.handle, NO_FRAME_MS) {
            Ok(info) => ok("queue", stage.video.queue_buffer(running.handle, info.frame.buffer))?,
            Err(ipc::Error::Op(NodeError::TimedOut)) => break,
            Err(error) => return Err(failure!("no frames: found {error:?}")),
        }
        missed += 1;
        begun_us = now_us();
        ensure!(missed <= DROPPED_FRAMES, "frames come although the sensor drops them");
    }
    // Who waits for longer is told at the driver's deadline.
    let waited = stage.video.dequeue_buffer(running.handle, FRAME_MS).map(|_| ());
    refused("a long wait", waited, NodeError::NoFrames)?;
    let silent_us = now_us() - begun_us;
    at_most("silence until told", silent_us, NO_FRAMES_US.max(SILENT_FRAMES * interval_us))?;
    let mut told = 1;
    loop {
        match stage.video.dequeue_buffer(running.handle, FRAME_MS) {
            Ok(info) => {
                break ok("queue", stage.video.queue_buffer(running.handle, info.frame.buffer))?;
            }
            Err(error) => refused("while it is silent", Err::<(), _>(error), NodeError::NoFrames)?,
        }
        told += 1;
        ensure!(told <= DROPPED_FRAMES, "told more often than frames are missing");
    }
    stage.run_frames(&running, 3)?;
    equal("the life of the driver", stage.ready(stage.isp, None)?, life)?;
    ok("stream off", stage.video.stream_off(running.handle, STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    Ok(Text::of(format_args!(
        "NoFrames after {silent_us} us, {told} times, then frames in life {}",
        life.0
    )))
}

pub fn storm(stage: &mut Stage) -> Verdict {
    let provoke = |stage: &Stage| stage.bench.now(control::IRQ_STORM, STORM, ISP_IRQ);
    let relent = |stage: &Stage| stage.bench.now(control::IRQ_STORM, 0, ISP_IRQ);
    hang(stage, STORM_BOUND_US, Cause::Stalled, provoke, relent)
}
