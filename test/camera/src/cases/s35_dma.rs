//! S35: the driver is killed while DMA is in flight into a buffer: the bytes outside of the buffers
//! that hardware owns never change, no buffer is given out before the engine is confirmed quiet,
//! and the restart waits for that.

use drv_isp_regs::bench_control as control;
use idl::types::{BufferIndex, Control, Edge, NodeError, StoryKind};

use super::removal::{Removal, close_ended, streams_again};
use crate::check::{Failure, Verdict, equal, ok};
use crate::ensure;
use crate::stage::{FRAME_MS, Running, Stage};
use crate::text::Text;

/// Buffers of the stream.
const BUFFERS: u8 = 4;
/// Frame intervals for which nothing may change.
const STILL_INTERVALS: u64 = 3;
/// Device lines that requests take to drain.
const DRAIN_LINES: u32 = 30;
/// Distances by which addresses go wrong, in bytes: a line, a buffer back and forth, far away.
const STRAYS: [i32; 4] = [192, -40_000, 40_000, 1 << 20];
/// Frames for which they do.
const STRAY_FRAMES: u32 = 2;

pub fn killed_in_flight(stage: &mut Stage) -> Verdict {
    let running = stage.stream(BUFFERS)?;
    // One buffer stays with the client: its pixels must survive everything.
    let held = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?.frame.buffer;
    let guard = Guard::of(stage, &running, held)?;
    let held_sum = guard.held_sum();
    stage.bench.now(control::DMA_DRAIN, DRAIN_LINES, 0)?;
    // Reading the other pool took longer than a frame: the others must be queued again.
    let interval_us = stage.run_frames(&running, 4)?;
    stage.forget_story()?;
    stage.in_mid_frame()?;
    let hardware = stage.counts()?.hardware;
    ensure!(hardware > 0, "no buffer is with the hardware: nothing is in flight");
    Removal::Stop.begin(stage)?;
    let record = stage.record(running.handle)?;
    let pending = reclaim_others(stage, &running, held)?;

    // From here on every buffer is the client's.
    stage.bench.mark();
    let before = stage.pool.pixels.checksum();
    stage.sleep_us(STILL_INTERVALS * interval_us);
    let seen = stage.bench.seen();
    ensure!(
        seen.dma_bytes == 0 && seen.dma_refused == 0,
        "the engine made requests after the buffers were given out: {seen:?}"
    );
    equal("pixels after the buffers were given out", stage.pool.pixels.checksum(), before)?;
    guard.unchanged(stage)?;
    equal("the frame that the client holds", guard.held_sum(), held_sum)?;

    stage.control(stage.isp, Control::Start)?;
    stage.all_ready(Some(running.epoch))?;
    restart_waited(stage, &running)?;
    stage.bench.now(control::DMA_DRAIN, 0, 0)?;
    close_ended(stage, running.handle, record)?;
    stage.at_baseline()?;
    streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{hardware} in flight, {pending} times Pending, {seen:?}")))
}

/// Reclaims all buffers but the one that the client holds.
fn reclaim_others(stage: &mut Stage, running: &Running, held: BufferIndex) -> Result<u32, Failure> {
    let mut pending = 0;
    for buffer in (0..BUFFERS).map(BufferIndex).filter(|buffer| *buffer != held) {
        stage.wait_for("reclaim", crate::stage::QUIET_US, |stage| {
            match ok("reclaim", stage.video.reclaim(running.handle, buffer))? {
                idl::types::Reclaim::Cancelled => Ok(Some(())),
                idl::types::Reclaim::Pending => {
                    pending += 1;
                    Ok(None)
                }
            }
        })?;
    }
    Ok(pending)
}

/// In the story quiet comes before the restart.
fn restart_waited(stage: &mut Stage, running: &Running) -> Result<(), Failure> {
    let isp = stage.isp;
    let mut restarted_early = false;
    stage.story("quiet", |event| {
        let of_isp = event.task == isp;
        restarted_early |= of_isp && matches!(event.kind, StoryKind::Restarted { .. });
        let quiet = StoryKind::Published { edge: Edge::Quiet, generation: running.epoch };
        (of_isp && event.kind == quiet).then_some(())
    })?;
    ensure!(!restarted_early, "the driver was restarted before its hardware was quiet");
    stage.story("the restart", |event| {
        (event.task == isp && matches!(event.kind, StoryKind::Restarted { .. })).then_some(())
    })
}

/// Memory that no engine may change: the other pool, and the buffer that the client holds.
pub(super) struct Guard {
    bystander: u32,
    held: crate::mmio::Pixels,
}

impl Guard {
    pub(super) fn of(stage: &Stage, running: &Running, held: BufferIndex) -> Result<Self, Failure> {
        let info = ok("query buffer", stage.video.query_buffer(running.handle, held))?;
        let (offset, length) = (info.offset_bytes as usize, info.length_bytes as usize);
        let held = stage.pool.pixels.part(offset, length);
        Ok(Self { bystander: stage.bystander.pixels.checksum(), held })
    }

    pub(super) fn held_sum(&self) -> u32 {
        self.held.checksum()
    }

    pub(super) fn unchanged(&self, stage: &Stage) -> Result<(), Failure> {
        equal("the other pool", stage.bystander.pixels.checksum(), self.bystander)
    }
}

pub fn stray(stage: &mut Stage) -> Verdict {
    let mut refused = 0;
    for stray in STRAYS {
        let running = stage.stream(BUFFERS)?;
        stage.run_frames(&running, 3)?;
        let held =
            ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?.frame.buffer;
        let guard = Guard::of(stage, &running, held)?;
        let held_sum = guard.held_sum();
        stage.bench.mark();
        stage.bench.now(control::DMA_STRAY, stray as u32, STRAY_FRAMES)?;
        // The frames whose data went astray may be damaged or missing; the stream itself goes on
        // or ends with a record, both are told to the client.
        for _ in 0..4 {
            match stage.video.dequeue_buffer(running.handle, FRAME_MS) {
                Ok(info) => {
                    ok("queue", stage.video.queue_buffer(running.handle, info.frame.buffer))?;
                }
                Err(idl::ipc::Error::Op(NodeError::TimedOut | NodeError::NoFrames)) => {}
                Err(idl::ipc::Error::Disconnected(_)) => break,
                Err(error) => return ok("dequeue", Err(error)),
            }
        }
        let seen = stage.bench.seen();
        ensure!(seen.dma_refused > 0, "stray by {stray}: the firewall refused nothing: {seen:?}");
        refused += seen.dma_refused;
        guard.unchanged(stage)?;
        equal("the frame that the client holds", guard.held_sum(), held_sum)?;
        ok("close", stage.video.close(running.handle))?;
        stage.wait_for("baseline", crate::stage::READY_US, |stage| Ok(stage.at_baseline().ok()))?;
    }
    Ok(Text::of(format_args!("{refused} writes refused, no byte changed")))
}
