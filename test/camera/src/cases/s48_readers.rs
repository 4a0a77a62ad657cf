//! S48, for tasks that read frames beside the client that streams: all look at the same picture; what one
//! may skip is counted; one that never lets go is named; its end gives back; a removal is told to each.

use drv_isp_regs::bench_control as control;
use idl::types::{BufferIndex, FrameInfo, NodeError, Owner, OwnerCounts, ReadFrame, Reading};

use super::removal::{self, Removal, ended_in_time, in_time_us};
use crate::check::{Ended, Failure, Verdict, equal, ok, refused};
use crate::protocol::{Job, NodeKind, Outcome};
use crate::stage::{FRAME_MS, QUIET_US, READY_US, Running, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// Buffers of the stream.
const BUFFERS: u8 = 4;
/// The witness that no frame passes by.
const MUST: usize = 0;
/// The witness that may skip.
const SKIPS: usize = 1;
/// Frames that all compare.
const COMPARED: u32 = 4;
/// Frames that come while the one that may skip looks at its own.
const MISSED: u32 = 5;
/// How long a reader and its node may take, in microseconds.
const ANSWER_US: u64 = 1_000 * FRAME_MS as u64;
/// How long the client waits for a frame that cannot come, in milliseconds.
const DRY_MS: u32 = 200;
/// Longer than any of these cases waits, in frames.
const FRAMES_MAX: u32 = 32;

fn must(outcome: Outcome) -> Result<(), Failure> {
    equal("the witness", outcome, Outcome::Done)
}

fn subscribe(stage: &mut Stage, witness: usize, reading: Reading) -> Result<(), Failure> {
    let opened = stage.witnesses.ask(witness, Job::Open(NodeKind::Video), READY_US)?;
    ensure!(matches!(opened, Outcome::Opened(_)), "open video6: {opened:?}");
    must(stage.witnesses.ask(witness, Job::Subscribe(reading), QUIET_US)?)
}

/// Both read before the first frame comes.
fn both_read(stage: &mut Stage, max_held: u8) -> Result<Running, Failure> {
    stage.all_ready(None)?;
    subscribe(stage, MUST, Reading::Must)?;
    subscribe(stage, SKIPS, Reading::MaySkip { max_held })?;
    stage.stream(BUFFERS)
}

/// The next frame of a reader, and the checksum of what it saw.
fn read(stage: &mut Stage, witness: usize) -> Result<(ReadFrame, u32), Failure> {
    match stage.witnesses.ask(witness, Job::Read { timeout_ms: FRAME_MS }, ANSWER_US)? {
        Outcome::Seen { frame, sum } => Ok((frame, sum)),
        other => Err(failure!("witness {witness} read {other:?}")),
    }
}

fn let_go(stage: &mut Stage, witness: usize, buffer: BufferIndex) -> Result<(), Failure> {
    must(stage.witnesses.ask(witness, Job::LetGo(buffer), QUIET_US)?)
}

fn holder(stage: &Stage, running: &Running, buffer: BufferIndex) -> Result<Owner, Failure> {
    ok("holder", stage.video.holder(running.handle, buffer))
}

fn take(stage: &Stage, running: &Running) -> Result<FrameInfo, Failure> {
    let info = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?;
    equal("flags of the frame", info.frame.flags.0, 0)?;
    Ok(info)
}

fn queue(stage: &Stage, running: &Running, buffer: BufferIndex) -> Result<(), Failure> {
    ok("queue", stage.video.queue_buffer(running.handle, buffer))
}

/// A reader has what the client has, and has missed nothing.
fn sees(
    stage: &mut Stage,
    running: &Running,
    witness: usize,
    (FrameInfo { frame, epoch }, sum): (FrameInfo, u32),
) -> Result<(), Failure> {
    let (theirs, seen) = read(stage, witness)?;
    let bytes = ok("pool", stage.frames.pool(stage.pool.id))?.buffer_bytes;
    let expected = ReadFrame {
        buffer: frame.buffer,
        sequence: frame.sequence,
        timestamp_us: frame.timestamp_us,
        flags: frame.flags,
        epoch,
        offset_bytes: u32::from(frame.buffer.0) * bytes,
        bytes_used: frame.bytes_used,
        format: running.format,
        skipped: 0,
    };
    equal("the frame of a reader", theirs, expected)?;
    equal("its pixels", seen, sum)
}

/// The client and the reader that misses nothing have the next frame, and let go of it.
fn pass(stage: &mut Stage, running: &Running) -> Result<u32, Failure> {
    let info = take(stage, running)?;
    let buffer = info.frame.buffer;
    let sum = stage.checksum(running, buffer)?;
    sees(stage, running, MUST, (info, sum))?;
    let_go(stage, MUST, buffer)?;
    queue(stage, running, buffer)?;
    Ok(info.frame.sequence)
}

/// Passes frames up to that one; gives the number of those before it.
fn pass_until(stage: &mut Stage, running: &Running, sequence: u32) -> Result<u32, Failure> {
    for before in 0..FRAMES_MAX {
        let passed = pass(stage, running)?;
        ensure!(passed <= sequence, "frame {sequence} was not the client's");
        if passed == sequence {
            return Ok(before);
        }
    }
    Err(failure!("frame {sequence} never came"))
}

fn witness_owns(stage: &Stage, witness: usize) -> Owner {
    Owner::Client(Some(stage.witnesses.task(witness)))
}

fn stop(stage: &mut Stage, running: &Running) -> Result<(), Failure> {
    ok("stream off", stage.video.stream_off(running.handle, removal::STOP_MS))?;
    for witness in [MUST, SKIPS] {
        must(stage.witnesses.ask(witness, Job::Close, QUIET_US)?)?;
    }
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()
}

pub fn seen(stage: &mut Stage) -> Verdict {
    let running = both_read(stage, BUFFERS)?;
    for _ in 0..COMPARED {
        // The client lets go first, and the one that may skip last.
        let info = take(stage, &running)?;
        let buffer = info.frame.buffer;
        let sum = stage.checksum(&running, buffer)?;
        queue(stage, &running, buffer)?;
        equal("holder", holder(stage, &running, buffer)?, witness_owns(stage, MUST))?;
        for witness in [MUST, SKIPS] {
            sees(stage, &running, witness, (info, sum))?;
        }
        let_go(stage, MUST, buffer)?;
        equal("holder", holder(stage, &running, buffer)?, witness_owns(stage, SKIPS))?;
        equal("pixels before the last lets go", stage.checksum(&running, buffer)?, sum)?;
        let_go(stage, SKIPS, buffer)?;
        let back = holder(stage, &running, buffer)?;
        ensure!(matches!(back, Owner::Queued | Owner::Hardware(..)), "it went to {back:?}");
    }
    // From now on it has one at a time.
    must(stage.witnesses.ask(SKIPS, Job::Close, QUIET_US)?)?;
    subscribe(stage, SKIPS, Reading::MaySkip { max_held: 1 })?;
    let (first, _) = read(stage, SKIPS)?;
    pass_until(stage, &running, first.sequence)?;
    for _ in 0..MISSED {
        pass(stage, &running)?;
    }
    let_go(stage, SKIPS, first.buffer)?;
    let (next, _) = read(stage, SKIPS)?;
    let missed = MISSED + pass_until(stage, &running, next.sequence)?;
    equal("what it missed", next.skipped, missed)?;
    let_go(stage, SKIPS, next.buffer)?;
    stop(stage, &running)?;
    Ok(Text::of(format_args!("three looked at each frame; one missed {missed}, and knows")))
}

pub fn never_lets_go(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    subscribe(stage, MUST, Reading::Must)?;
    let running = stage.stream(BUFFERS)?;
    let mut kept = [0; BUFFERS as usize];
    for _ in 0..BUFFERS {
        let buffer = take(stage, &running)?.frame.buffer;
        kept[usize::from(buffer.0)] = stage.checksum(&running, buffer)?;
        queue(stage, &running, buffer)?;
    }
    // It looks at one, and has not even asked for the others.
    let (looked, _) = read(stage, MUST)?;
    let dry = stage.video.dequeue_buffer(running.handle, DRY_MS);
    refused("a frame without a buffer", dry, NodeError::NoBuffers)?;
    for buffer in (0..BUFFERS).map(BufferIndex) {
        equal("holder", holder(stage, &running, buffer)?, witness_owns(stage, MUST))?;
        let sum = stage.checksum(&running, buffer)?;
        equal("pixels of a held frame", sum, kept[usize::from(buffer.0)])?;
    }
    let all = OwnerCounts { client: BUFFERS, ..OwnerCounts::default() };
    equal("owners", stage.counts()?, all)?;
    let_go(stage, MUST, looked.buffer)?;
    let one = take(stage, &running)?.frame.buffer;
    equal("the one that it let go of", one, looked.buffer)?;
    queue(stage, &running, one)?;
    let dry = stage.video.dequeue_buffer(running.handle, DRY_MS);
    refused("a second frame", dry, NodeError::NoBuffers)?;
    stage.kill_witness(MUST)?;
    stage.run_frames(&running, COMPARED)?;
    ok("stream off", stage.video.stream_off(running.handle, removal::STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("task {} had all buffers", stage.witnesses.task(MUST).0)))
}

pub fn removed(stage: &mut Stage) -> Verdict {
    let running = both_read(stage, 1)?;
    let mut interval_us = 0;
    let mut before_us = None;
    for _ in 0..COMPARED {
        let info = take(stage, &running)?;
        interval_us = before_us.map_or(0, |before| info.frame.timestamp_us - before);
        before_us = Some(info.frame.timestamp_us);
        let buffer = read(stage, MUST)?.0.buffer;
        let_go(stage, MUST, buffer)?;
        queue(stage, &running, buffer)?;
    }
    // From here on no frame comes, so that both wait when the module goes.
    stage.bench.now(control::FRAME_DROP, 10_000, 0)?;
    stage.sleep_us(3 * interval_us);
    while let Ok(info) = stage.video.dequeue_buffer(running.handle, 0) {
        let buffer = read(stage, MUST)?.0.buffer;
        equal("the frame of the must reader", buffer, info.frame.buffer)?;
        let_go(stage, MUST, buffer)?;
        queue(stage, &running, buffer)?;
    }
    let (looked, looked_sum) = read(stage, SKIPS)?;
    let buffer = looked.buffer;
    equal("holder", holder(stage, &running, buffer)?, witness_owns(stage, SKIPS))?;
    for witness in [MUST, SKIPS] {
        stage.witnesses.start(witness, Job::Read { timeout_ms: FRAME_MS })?;
        ensure!(stage.witnesses.is_working(witness), "reader {witness} does not wait");
    }
    let begun_us = Removal::Unplug.begin(stage)?;
    let causes = Removal::Unplug.causes();
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes };
    let bound_us = in_time_us(interval_us);
    for witness in [MUST, SKIPS] {
        let report = stage.witnesses.report(witness, 2 * bound_us)?;
        let theirs = ended_in_time("a reader's wait", report, begun_us, bound_us, &ended)?;
        equal("the client's record", stage.record(running.handle)?, theirs)?;
        let again = stage.witnesses.ask(witness, Job::Read { timeout_ms: FRAME_MS }, QUIET_US)?;
        equal("the next call", again, Outcome::Disconnected(theirs))?;
    }
    stage.bench.now(control::FRAME_DROP, 0, 0)?;
    ok("close", stage.video.close(running.handle))?;
    Removal::Unplug.end(stage, running.epoch)?;
    let next = stage.open_video()?;
    ok("set format", stage.video.set_format(next, running.format))?;
    refused("what is looked at", stage.video.request_buffers(next, BUFFERS), NodeError::NoBuffers)?;
    let named = ok("holder", stage.video.holder(next, buffer))?;
    equal("holder in the next life", named, witness_owns(stage, SKIPS))?;
    let (offset, length) = (looked.offset_bytes, looked.format.size_bytes);
    let kept = stage.pool.pixels.part(offset as usize, length as usize);
    equal("what the reader looks at", kept.checksum(), looked_sum)?;
    let_go(stage, SKIPS, buffer)?;
    let twice = stage.witnesses.ask(SKIPS, Job::LetGo(buffer), QUIET_US)?;
    equal("letting go twice", twice, Outcome::Refused(NodeError::BadBuffer as u32))?;
    equal("granted", ok("request", stage.video.request_buffers(next, BUFFERS))?, BUFFERS)?;
    ok("close", stage.video.close(next))?;
    for witness in [MUST, SKIPS] {
        must(stage.witnesses.ask(witness, Job::Close, QUIET_US)?)?;
    }
    stage.at_baseline()?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("both readers were told; buffer {} was kept", buffer.0)))
}
