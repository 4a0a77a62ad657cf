//! S48: a client never lets go of a frame. Whoever needs its buffer is told, and by whom it is held; it is
//! not taken away; others go on.

use idl::types::{BufferIndex, Control, NodeError, Owner};

use super::memory::{self, Queue};
use super::removal;
use crate::check::{Verdict, equal, ok, refused};
use crate::protocol::{Job, Outcome};
use crate::stage::{FRAME_MS, QUIET_US, SENSOR_PX, Stage};
use crate::text::Text;
use crate::{ensure, failure};

pub fn held(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.delegate(0, running.handle)?;
    let Outcome::Frame(kept) =
        stage.witnesses.ask(0, Job::Keep { timeout_ms: FRAME_MS }, 1_000 * u64::from(FRAME_MS))?
    else {
        return Err(failure!("the witness got no frame"));
    };
    let buffer = kept.frame.buffer;
    let sum = stage.checksum(&running, buffer)?;
    let place = ok("query buffer", stage.video.query_buffer(running.handle, buffer))?;
    let pixels = stage.pool.pixels.part(place.offset_bytes as usize, place.length_bytes as usize);
    // The node forgets, the ledger does not.
    let node = stage.video.task_id();
    stage.control(node.index(), Control::Restart)?;
    stage.ready(node.index(), Some(node.generation()))?;
    stage.rebind();
    stage.take_delegate(0);
    // The engine lets go of its buffers at the end of its frame.
    memory::at_rest(stage, stage.pool.id)?;
    let handle = stage.open_video()?;
    let format = ok("set format", stage.video.set_format(handle, running.format))?;
    let request = stage.video.request_buffers(handle, 4);
    refused("a request for the held buffer", request, NodeError::NoBuffers)?;
    let holder = ok("holder", stage.video.holder(handle, buffer))?;
    equal("holder", holder, Owner::Client(Some(stage.witnesses.task(0))))?;
    for other in (0..4).map(BufferIndex).filter(|other| *other != buffer) {
        let owner = ok("holder", stage.video.holder(handle, other))?;
        ensure!(owner == Owner::Client(None), "buffer {other:?} is held by {owner:?}");
    }
    // Others go on: raw frames of the same sensor.
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let raw = Queue::open(stage, memory::raw, layout.output)?;
    raw.queue(stage, memory::FIRST)?;
    raw.start(stage)?;
    raw.take(stage)?;
    raw.stop(stage)?;
    raw.close(stage)?;
    equal("pixels of the held frame", pixels.checksum(), sum)?;
    let request = stage.video.request_buffers(handle, 4);
    refused("a second request", request, NodeError::NoBuffers)?;
    stage.kill_witness(0)?;
    let granted = stage.wait_for("the dead client's buffer", QUIET_US, |stage| {
        Ok(stage.video.request_buffers(handle, 4).ok())
    })?;
    equal("granted after its end", granted, 4)?;
    equal("format", format.size_bytes, running.format.size_bytes)?;
    ok("close", stage.video.close(handle))?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("buffer {} was held by task {}", buffer.0, stage.witnesses.task(0).0)))
}
