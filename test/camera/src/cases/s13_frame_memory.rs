//! S13: a client holds a frame of a removed node: it stays readable, shows the old pixels, and is not
//! used again while the client holds it; there is no new frame for that handle.

use idl::types::NodeError;

use super::removal::{self, Removal};
use crate::check::{Verdict, disconnected, equal, ok, refused};
use crate::stage::{FRAME_MS, Stage};
use crate::text::Text;

pub fn kept(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 2)?;
    let info = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?;
    let place = ok("query", stage.video.query_buffer(running.handle, info.frame.buffer))?;
    let (offset, length) = (place.offset_bytes as usize, place.length_bytes as usize);
    let frame = stage.pool.pixels.part(offset, length);
    let pixels = frame.checksum();
    Removal::Unplug.begin(stage)?;
    stage.wait_for("the end of the handle", crate::stage::QUIET_US, |stage| {
        Ok(stage.record(running.handle).ok())
    })?;
    equal("the held frame after the removal", frame.checksum(), pixels)?;
    Removal::Unplug.end(stage, running.epoch)?;
    let dequeued = stage.video.dequeue_buffer(running.handle, 0);
    disconnected("a new frame", dequeued)?;
    // Whoever comes next does not get the memory while it is held.
    let next = stage.open_video()?;
    refused("request buffers", stage.video.request_buffers(next, 4), NodeError::Busy)?;
    ok("close the next", stage.video.close(next))?;
    equal("the held frame in the next life", frame.checksum(), pixels)?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("checksum {pixels:08x} in both lives")))
}
