//! What several scenarios share: ways to end the driver's life, and what must hold afterwards.

use idl::ipc;
use idl::types::{
    BufferIndex, Cause, Control, Disconnect, Generation, Handle, NodeError, PollEvents, Reclaim,
};

use crate::check::{Ended, Failure, at_most, equal, names, ok, refused};
use crate::clock::now_us;
use crate::protocol::{Outcome, Report};
use crate::stage::{IN_TIME_US, QUIET_US, Running, Stage};
use crate::{ensure, failure};

/// How the driver's life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The module is pulled.
    Unplug,
    /// An operator stops the driver; it stays down.
    Stop,
}

impl Removal {
    /// Causes that the death record may name.
    pub const fn causes(self) -> &'static [Cause] {
        match self {
            // The pin tells, unless the driver touches a register first.
            Self::Unplug => &[Cause::Unplugged, Cause::Faulted],
            Self::Stop => &[Cause::Stopped],
        }
    }

    /// Does it; gives the time before, in microseconds since boot.
    pub fn begin(self, stage: &Stage) -> Result<u64, Failure> {
        let begun_us = now_us();
        match self {
            Self::Unplug => stage.bench.unplug()?,
            Self::Stop => stage.control(stage.isp, Control::Stop)?,
        }
        Ok(begun_us)
    }

    /// Takes it back, and waits until a newer life serves.
    pub fn end(self, stage: &mut Stage, ended: Generation) -> Result<Generation, Failure> {
        match self {
            Self::Unplug => stage.bench.replug()?,
            Self::Stop => stage.control(stage.isp, Control::Start)?,
        }
        stage.all_ready(Some(ended))
    }
}

/// The bound of "in time" for a stream with this frame interval.
pub fn in_time_us(interval_us: u64) -> u64 {
    IN_TIME_US.max(interval_us)
}

/// A witness that was blocked must have come back with the record, in time.
pub fn ended_in_time(
    what: &str,
    report: Report,
    begun_us: u64,
    bound_us: u64,
    ended: &Ended<'_>,
) -> Result<Disconnect, Failure> {
    let Outcome::Disconnected(record) = report.outcome else {
        return Err(failure!("{what}: expected Disconnected, found {:?}", report.outcome));
    };
    names(what, record, ended)?;
    at_most(what, report.returned_us.saturating_sub(begun_us), bound_us)?;
    Ok(record)
}

/// A witness that polled must have woken with the flags of a disconnect, in time.
pub fn hung_up_in_time(
    what: &str,
    report: Report,
    begun_us: u64,
    bound_us: u64,
) -> Result<(), Failure> {
    let Outcome::Events(events) = report.outcome else {
        return Err(failure!("{what}: expected events, found {:?}", report.outcome));
    };
    ensure!(events.contains(PollEvents::DISCONNECTED), "{what}: woke with {events:?}");
    at_most(what, report.returned_us.saturating_sub(begun_us), bound_us)
}

/// Asks for all buffers of an ended handle until each has come back; the first that does must not
/// come before the hardware was quiet. Gives how often `Pending` was the answer.
pub fn reclaim_all(
    stage: &mut Stage,
    running: &Running,
    quiet_us: impl Fn(&mut Stage) -> Result<u64, Failure>,
) -> Result<u32, Failure> {
    let mut pending = 0;
    for buffer in (0..running.buffers).map(BufferIndex) {
        let cancelled_us = stage.wait_for("reclaim", QUIET_US, |stage| {
            match ok("reclaim", stage.video.reclaim(running.handle, buffer))? {
                Reclaim::Cancelled => Ok(Some(now_us())),
                Reclaim::Pending => {
                    pending += 1;
                    Ok(None)
                }
            }
        })?;
        if buffer == BufferIndex(0) {
            let quiet_us = quiet_us(stage)?;
            ensure!(
                cancelled_us >= quiet_us,
                "buffer 0 came back at {cancelled_us} us, quiet was at {quiet_us} us"
            );
        }
        let again = stage.video.reclaim(running.handle, buffer);
        refused("reclaim twice", again, NodeError::BadBuffer)?;
    }
    Ok(pending)
}

/// Closes an ended handle of the video node: ok once, unknown afterwards.
pub fn close_ended(stage: &Stage, handle: Handle, record: Disconnect) -> Result<(), Failure> {
    equal("record before close", stage.record(handle)?, record)?;
    ok("close", stage.video.close(handle))?;
    let again: Result<(), ipc::Error<NodeError>> = stage.video.close(handle);
    refused("close twice", again, NodeError::BadHandle)
}

/// Streams a few frames as after any return, and stops in good order.
pub fn streams_again(stage: &mut Stage, frames: u32) -> Result<Generation, Failure> {
    let running = stage.stream(4)?;
    stage.run_frames(&running, frames)?;
    ok("stream off", stage.video.stream_off(running.handle, STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    Ok(running.epoch)
}

/// Longest wait for the hardware to stop, in milliseconds.
pub const STOP_MS: u32 = 1_000;
