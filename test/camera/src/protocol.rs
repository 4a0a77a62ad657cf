//! What a witness is asked to do, and what it saw.
//!
//! A witness is less important than the scenario, so it is the one who sends: its report travels
//! up, the next job comes back as the reply. So a witness that waits for a job waits in the
//! scenario, and one that waits in a node keeps nobody else waiting.

use hubpack::SerializedSize;
use idl::ipc;
use idl::types::{
    BufferIndex, Disconnect, FrameInfo, Handle, NodeError, PollEvents, ReadFrame, Reading,
    StatisticsEngine,
};
use serde::{Deserialize, Serialize};

/// The one op that witnesses send to the scenario.
pub const REPORT: u16 = 1;

/// Which node a job is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum NodeKind {
    /// The media node.
    Media,
    /// The video node behind the resizer.
    Video,
    /// The subdev node of the CCDC.
    Subdev,
    /// The node of a statistics engine.
    Statistics(StatisticsEngine),
}

/// What a witness does next. Each job but `Open` is about the handle that it opened last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Job {
    /// Open a node.
    Open(NodeKind),
    /// Go on with a handle of the video node that somebody delegated to it.
    Take(Handle),
    /// Wait for events.
    Poll {
        /// For what.
        events: PollEvents,
        /// How long at most, in milliseconds.
        timeout_ms: u32,
    },
    /// Dequeue an event (video node).
    DequeueEvent,
    /// Dequeue a buffer (video node).
    Dequeue {
        /// How long to wait at most, in milliseconds.
        timeout_ms: u32,
    },
    /// Dequeue a buffer (video node), and never let go of it.
    Keep {
        /// How long to wait at most, in milliseconds.
        timeout_ms: u32,
    },
    /// Read the frames of the video node beside the client that streams.
    Subscribe(Reading),
    /// Take the next frame (video node), and look at its pixels.
    Read {
        /// How long to wait at most, in milliseconds.
        timeout_ms: u32,
    },
    /// Let go of a frame that was read.
    LetGo(BufferIndex),
    /// Give the preview engine what a step of the walk has ([`crate::looks`]), and switch nothing. This
    /// job alone is not about the handle.
    Give {
        /// Its number.
        step: u8,
    },
    /// Close the handle.
    Close,
    /// Open a node so many times, and keep the handles.
    OpenMany(NodeKind, u16),
    /// Open a node, use it, and close it again for so many milliseconds. On the media node: read the
    /// topology, and set up a link.
    Churn(NodeKind, u32),
    /// Read the register at this address, which the witness does not map: there is no report on it.
    Trespass(u32),
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Outcome {
    /// There was no job yet.
    Hello,
    /// It succeeded without a value.
    Done,
    /// So many times.
    Count(u16),
    /// A snapshot of the topology had a link to an entity that it does not have.
    Torn,
    /// A churn ended.
    Churned {
        /// Handles opened; each closed well.
        opened: u32,
        /// Opens that were refused because the hardware is away.
        refused: u32,
    },
    /// A handle.
    Opened(Handle),
    /// Poll's answer.
    Events(PollEvents),
    /// A frame.
    Frame(FrameInfo),
    /// A frame that was read.
    Seen {
        /// The frame.
        frame: ReadFrame,
        /// Checksum of its pixels.
        sum: u32,
    },
    /// The node refused, with this code of [`NodeError`].
    Refused(u32),
    /// The typed end.
    Disconnected(Disconnect),
}

/// What a witness says of its last job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// When it returned, in microseconds since boot.
    pub returned_us: u64,
}

/// Room for an encoded [`Report`].
pub const REPORT_BYTES: usize = Report::MAX_SIZE;
/// Room for an encoded [`Job`].
pub const JOB_BYTES: usize = Job::MAX_SIZE;

impl<T: Into<Outcome>> From<Result<T, ipc::Error<NodeError>>> for Outcome {
    fn from(result: Result<T, ipc::Error<NodeError>>) -> Self {
        match result {
            Ok(value) => value.into(),
            Err(ipc::Error::Op(error)) => Self::Refused(error as u32),
            Err(ipc::Error::Disconnected(record)) => Self::Disconnected(record),
        }
    }
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Done
    }
}

impl From<Handle> for Outcome {
    fn from(handle: Handle) -> Self {
        Self::Opened(handle)
    }
}

impl From<PollEvents> for Outcome {
    fn from(events: PollEvents) -> Self {
        Self::Events(events)
    }
}

impl From<FrameInfo> for Outcome {
    fn from(info: FrameInfo) -> Self {
        Self::Frame(info)
    }
}

impl From<idl::types::Event> for Outcome {
    fn from(_: idl::types::Event) -> Self {
        Self::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_and_jobs_fit_their_buffers() {
        let mut buffer = [0; REPORT_BYTES];
        let report =
            Report { outcome: Outcome::Refused(NodeError::NoDevice as u32), returned_us: u64::MAX };
        let length = hubpack::serialize(&mut buffer, &report).expect("fits");
        let (read, _) = hubpack::deserialize::<Report>(&buffer[..length]).expect("reads back");
        assert_eq!(read, report);
        let mut buffer = [0; JOB_BYTES];
        let job = Job::Poll { events: PollEvents(0xFF), timeout_ms: u32::MAX };
        assert!(hubpack::serialize(&mut buffer, &job).is_ok());
    }
}
