//! S10: four buffers are queued; removal: the client sees Disconnected, and each buffer is accounted
//! for: cancelled after quiet, never "stream off, buffers idle".

use drv_isp_regs::bench_control as control;
use idl::types::{BufferIndex, Edge, OwnerCounts, Reclaim};

use super::removal::{self, Removal};
use crate::check::{Verdict, disconnected, equal, ok};
use crate::ensure;
use crate::stage::{QUIET_US, Stage};
use crate::text::Text;

/// Buffers of the stream.
const BUFFERS: u8 = 4;
/// Lines that the engine's last requests take to drain: some milliseconds, so that there is a time
/// before quiet.
const DRAIN_LINES: u32 = 30;

pub fn four(stage: &mut Stage) -> Verdict {
    let running = stage.stream(BUFFERS)?;
    stage.run_frames(&running, 3)?;
    stage.forget_story()?;
    stage.bench.now(control::DMA_DRAIN, DRAIN_LINES, 0)?;
    stage.in_mid_frame()?;
    Removal::Stop.begin(stage)?;
    let record = stage.record(running.handle)?;
    let off = stage.video.stream_off(running.handle, removal::STOP_MS);
    equal("stream off", disconnected("stream off", off)?, record)?;
    for buffer in (0..BUFFERS).map(BufferIndex) {
        let asked = stage.video.query_buffer(running.handle, buffer);
        equal("query buffer", disconnected("query buffer", asked)?, record)?;
        let queued = stage.video.queue_buffer(running.handle, buffer);
        equal("queue buffer", disconnected("queue buffer", queued)?, record)?;
    }
    let counts = stage.counts()?;
    ensure!(counts.quarantined > 0 && counts.hardware == 0, "before quiet: {counts:?}");
    let (stream, life, isp) = (running, running.epoch, stage.isp);
    let pending =
        removal::reclaim_all(stage, &stream, |stage| stage.published(isp, Edge::Quiet, life))?;
    ensure!(pending > 0, "every buffer came back at once");
    stage.bench.now(control::DMA_DRAIN, 0, 0)?;
    let none = OwnerCounts { client: BUFFERS, ..OwnerCounts::default() };
    stage.wait_for("all buffers back", QUIET_US, |stage| {
        Ok((stage.counts()? == none).then_some(()))
    })?;
    let again = stage.video.reclaim(running.handle, BufferIndex(0));
    ensure!(!matches!(again, Ok(Reclaim::Cancelled)), "buffer 0 came back twice");
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    Removal::Stop.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{BUFFERS} buffers came back once, pending {pending} times")))
}
