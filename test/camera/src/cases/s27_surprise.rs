//! S27: surprise removal, registers fault or read all ones at once: every pending call of every
//! client ends Disconnected (Faulted or Unplugged) in time; the fault does not spread.

use drv_isp_regs::{PRCM_IRQ, bench_control as control};
use idl::types::{BufferIndex, Cause, PollEvents};

use super::removal::{self, Removal, hung_up_in_time, in_time_us};
use crate::check::{Ended, Failure, Verdict, disconnected, equal, names, ok};
use crate::ensure;
use crate::protocol::{Job, NodeKind, Outcome};
use crate::stage::{FRAME_MS, QUIET_US, Running, Stage};
use crate::text::Text;

/// How long the calls would wait, in milliseconds.
const PATIENCE_MS: u32 = 1_000;
/// Frames that do not come while the calls wait.
const DROPPED_FRAMES: u32 = 10_000;
/// Time for the witnesses to get into their calls, in microseconds.
const SETTLE_US: u64 = 10_000;
/// Buffers of the stream.
const BUFFERS: u8 = 4;
/// Device lines by which the presence pin is late: a few frames.
const PIN_LATE_LINES: u32 = 500;
/// A register that reads all ones is first read at the next interrupt: this many more frame
/// intervals are granted.
const FRAMES_TO_NOTICE: u64 = 2;

/// Three clients, each in a call that waits.
fn all_pending(stage: &mut Stage, running: &Running, interval_us: u64) -> Result<(), Failure> {
    stage.delegate(0, running.handle)?;
    for (witness, kind) in [(1, NodeKind::Media), (2, NodeKind::Subdev)] {
        let opened = stage.witnesses.ask(witness, Job::Open(kind), QUIET_US)?;
        ensure!(matches!(opened, Outcome::Opened(_)), "open {kind:?}: {opened:?}");
    }
    stage.bench.now(control::FRAME_DROP, DROPPED_FRAMES, 0)?;
    stage.sleep_us(3 * interval_us);
    while stage.video.dequeue_buffer(running.handle, 0).is_ok() {}
    stage.witnesses.start(0, Job::Dequeue { timeout_ms: PATIENCE_MS })?;
    for witness in [1, 2] {
        let poll = Job::Poll { events: PollEvents::PRI, timeout_ms: PATIENCE_MS };
        stage.witnesses.start(witness, poll)?;
    }
    stage.sleep_us(SETTLE_US);
    for witness in 0..3 {
        ensure!(stage.witnesses.is_working(witness), "witness {witness} is not in a call");
    }
    Ok(())
}

/// All three calls end as they must; gives the time of the last.
fn all_ended(
    stage: &mut Stage,
    begun_us: u64,
    bound_us: u64,
    ended: &Ended<'_>,
) -> Result<u64, Failure> {
    let mut latest_us = 0;
    for witness in 0..3 {
        let report = stage.witnesses.report(witness, 2 * bound_us)?;
        match witness {
            0 => drop(removal::ended_in_time("DQBUF", report, begun_us, bound_us, ended)?),
            1 => hung_up_in_time("poll on media0", report, begun_us, bound_us)?,
            _ => hung_up_in_time("poll on subdev2", report, begun_us, bound_us)?,
        }
        latest_us = latest_us.max(report.returned_us - begun_us);
        stage.witnesses.ask(witness, Job::Close, QUIET_US)?;
    }
    Ok(latest_us)
}

pub fn unplugged(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 3)?;
    let lives = stage.lives();
    all_pending(stage, &running, interval_us)?;
    let begun_us = Removal::Unplug.begin(stage)?;
    let causes = Removal::Unplug.causes();
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes };
    let bound_us = in_time_us(interval_us);
    let latest_us = all_ended(stage, begun_us, bound_us, &ended)?;
    stage.same_lives(&lives)?;
    ok("close", stage.video.close(running.handle))?;
    stage.bench.now(control::FRAME_DROP, 0, 0)?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("all ended within {latest_us} us of {bound_us}")))
}

/// The case of 2016: somebody streamed, the hardware went, and the next QBUF touched it. The presence
/// pin is late, so the driver itself is the first to know.
pub fn faulting(stage: &mut Stage) -> Verdict {
    let running = stage.stream(BUFFERS)?;
    let interval_us = stage.run_frames(&running, 3)?;
    let lives = stage.lives();
    // Without a buffer the driver has nothing prepared: the next one goes to the hardware at once.
    let mut buffer = BufferIndex(0);
    for _ in 0..BUFFERS {
        let info = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?;
        buffer = info.frame.buffer;
    }
    stage.delegate(0, running.handle)?;
    let opened = stage.witnesses.ask(1, Job::Open(NodeKind::Media), QUIET_US)?;
    ensure!(matches!(opened, Outcome::Opened(_)), "open media0: {opened:?}");
    let poll = Job::Poll { events: PollEvents::PRI, timeout_ms: PATIENCE_MS };
    stage.witnesses.start(1, poll)?;
    stage.witnesses.start(0, Job::Dequeue { timeout_ms: PATIENCE_MS })?;
    stage.sleep_us(SETTLE_US);
    for witness in [0, 1] {
        ensure!(stage.witnesses.is_working(witness), "witness {witness} is not in a call");
    }

    stage.bench.now(control::IRQ_LATE, PIN_LATE_LINES, PRCM_IRQ)?;
    stage.bench.mark();
    let begun_us = Removal::Unplug.begin(stage)?;
    let record = disconnected("QBUF", stage.video.queue_buffer(running.handle, buffer))?;
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes: &[Cause::Faulted] };
    names("QBUF", record, &ended)?;
    let faulting = stage.bench.seen().faulting;
    equal("accesses that faulted", faulting, 1)?;
    let bound_us = in_time_us(interval_us);
    let report = stage.witnesses.report(0, 2 * bound_us)?;
    removal::ended_in_time("DQBUF", report, begun_us, bound_us, &ended)?;
    let report = stage.witnesses.report(1, 2 * bound_us)?;
    hung_up_in_time("poll on media0", report, begun_us, bound_us)?;
    for witness in [0, 1] {
        stage.witnesses.ask(witness, Job::Close, QUIET_US)?;
    }
    removal::close_ended(stage, running.handle, record)?;
    stage.at_baseline()?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("QBUF: {record:?}")))
}

pub fn all_ones(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    let interval_us = stage.run_frames(&running, 3)?;
    let lives = stage.lives();
    all_pending(stage, &running, interval_us)?;
    stage.forget_story()?;
    // Interrupts come again, and what the driver reads makes no sense.
    stage.bench.now(control::ALL_ONES, 1, 0)?;
    stage.bench.now(control::FRAME_DROP, 0, 0)?;
    let begun_us = crate::clock::now_us();
    // The pin says that the module is there, so nobody knows of an unplug when the driver dies.
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes: &[Cause::Faulted] };
    let bound_us = in_time_us(interval_us) + FRAMES_TO_NOTICE * interval_us;
    let latest_us = all_ended(stage, begun_us, bound_us, &ended)?;
    stage.bench.now(control::ALL_ONES, 0, 0)?;
    ok("close", stage.video.close(running.handle))?;
    stage.all_ready(Some(running.epoch))?;
    removal::streams_again(stage, 2)?;
    stage.same_lives(&lives)?;
    let cause = stage.death(stage.isp)?.cause;
    Ok(Text::of(format_args!("{cause:?}: all ended within {latest_us} us of {bound_us}")))
}
