//! Accesses that give no true answer, or never reach a register: each of them is in the access log with
//! its verdict.

use drv_isp_regs::{Block, bench_control as control, ccdc};
use idl::types::Cause;
use sys_abi::Sysnum;

use super::removal::{close_ended, streams_again};
use crate::check::{Ended, Failure, Verdict, disconnected, equal, names, ok};
use crate::ensure;
use crate::protocol::Job;
use crate::stage::{FRAME_MS, QUIET_US, READY_US, Running, Stage};
use crate::text::Text;

/// Buffers of the streams.
const BUFFERS: u8 = 4;
/// Frames before anything goes wrong.
const BEFORE: u32 = 2;
/// What a driver may die of whose registers do not answer, or lie.
const CAUSES: [Cause; 3] = [Cause::Faulted, Cause::Panicked, Cause::Stalled];

/// Reads that lie, a driver that spins in an access, one that falls silent at one, and a client that
/// touches a register which it does not map.
pub fn verdicts(stage: &mut Stage) -> Verdict {
    let lives = stage.lives();
    for (kind, verdict) in [
        (control::READ_GARBAGE, control::VERDICT_GARBAGE),
        (control::READ_STALE, control::VERDICT_STALE),
    ] {
        equal("reads that lie", lies(stage, kind, verdict)?, 1)?;
    }
    let ones = ends(stage, (control::ALL_ONES, 1, 0), control::VERDICT_ALL_ONES)?;
    ensure!(ones > 0, "no read of ones is in the log");
    let main = Block::Main as u32;
    let stuck = ends(stage, (control::ACCESS_STUCK, main, 0), control::VERDICT_STUCK)?;
    equal("accesses that do not complete", stuck, 1)?;
    stage.all_ready(None)?;
    trespasses(stage)?;
    // The last one: each life fills most of the ring, and a debugger looks for all three in it.
    let mute = (control::MUTE, main, Sysnum::Recv as u32);
    equal("accesses that are none", ends(stage, mute, control::VERDICT_MUTED)?, 1)?;
    stage.same_lives_but(&lives, &[stage.witnesses.task(0)])?;
    Ok(Text::of(format_args!("{ones} reads of ones, one of each other verdict")))
}

fn begin(stage: &mut Stage) -> Result<(Running, u64), Failure> {
    let running = stage.stream(BUFFERS)?;
    let interval_us = stage.run_frames(&running, BEFORE)?;
    stage.bench.mark();
    Ok((running, interval_us))
}

/// One lie; the driver may live or not.
fn lies(stage: &mut Stage, kind: u32, verdict: usize) -> Result<u32, Failure> {
    let (running, interval_us) = begin(stage)?;
    stage.bench.now(kind, 1, 0)?;
    stage.sleep_us(2 * interval_us);
    let count = stage.bench.verdict(verdict);
    ok("close", stage.video.close(running.handle))?;
    stage.wait_for("baseline", READY_US, |stage| Ok(stage.at_baseline().ok()))?;
    streams_again(stage, BEFORE)?;
    Ok(count)
}

/// A misbehaviour that the driver does not outlive.
fn ends(stage: &mut Stage, (kind, a, b): (u32, u32, u32), verdict: usize) -> Result<u32, Failure> {
    let (running, interval_us) = begin(stage)?;
    let held = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?.frame.buffer;
    stage.bench.now(kind, a, b)?;
    stage.sleep_us(2 * interval_us);
    while stage.video.dequeue_buffer(running.handle, 0).is_ok() {}
    let record = disconnected("QBUF", stage.video.queue_buffer(running.handle, held))?;
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes: &CAUSES };
    names("QBUF", record, &ended)?;
    let count = stage.bench.verdict(verdict);
    stage.bench.now(control::ALL_ONES, 0, 0)?;
    close_ended(stage, running.handle, record)?;
    Ok(count)
}

/// The memory protection stops it, the hardware does not see it, the log tells of it.
fn trespasses(stage: &mut Stage) -> Result<(), Failure> {
    let witness = stage.witnesses.task(0);
    let address = stage.bench.address_of(&ccdc::PCR) as u32;
    stage.forget_story()?;
    stage.bench.mark();
    stage.witnesses.start(0, Job::Trespass(address))?;
    let death = stage
        .wait_for("the trespasser's death", QUIET_US, |stage| Ok(stage.death(witness).ok()))?;
    stage.witnesses.renew(0);
    ensure!(death.cause == Cause::Faulted, "the trespasser died of {:?}", death.cause);
    let seen = stage.bench.seen();
    equal("accesses that the memory protection stopped", seen.foreign, 1)?;
    equal("accesses to the ISP, and faulting ones", (seen.isp, seen.faulting), (0, 0))
}
