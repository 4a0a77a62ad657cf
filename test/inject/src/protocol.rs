//! What the client tells the witness.

use hubpack::SerializedSize;
use idl::ipc;
use idl::types::{Disconnect, NodeError};
use serde::{Deserialize, Serialize};

/// The one op of the witness: a [`Told`]; the reply is empty.
pub const TELL: u16 = 1;
/// Room for an encoded [`Told`].
pub const TOLD_BYTES: usize = Told::MAX_SIZE;

/// A request of the client: one operation of a node, or of the camera as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
#[repr(u8)]
pub enum Call {
    /// Links and formats of the pipeline.
    SetUp,
    /// Open the video node.
    Open,
    /// Set the format of the video node.
    SetFormat,
    /// Ask for buffers.
    RequestBuffers,
    /// Queue all buffers.
    Queue,
    /// Start the stream.
    StreamOn,
    /// Wait for a frame.
    Dequeue,
    /// Stop the stream.
    StreamOff,
    /// After a disconnect: take a buffer back.
    Reclaim,
    /// Close the handle.
    Close,
    /// Operator: restart the driver.
    Restart,
}

impl Call {
    /// Its name in lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SetUp => "setup",
            Self::Open => "open",
            Self::SetFormat => "set_format",
            Self::RequestBuffers => "request_buffers",
            Self::Queue => "queue_buffer",
            Self::StreamOn => "stream_on",
            Self::Dequeue => "dqbuf",
            Self::StreamOff => "stream_off",
            Self::Reclaim => "reclaim",
            Self::Close => "close",
            Self::Restart => "restart",
        }
    }
}

/// How a request ended: exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Ending {
    /// It was done.
    Done,
    /// It was refused, with this code.
    Refused(u16),
    /// Somebody is gone.
    Disconnected(Disconnect),
}

impl Ending {
    /// How a call of a node ended.
    pub fn of<T>(result: &Result<T, ipc::Error<NodeError>>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(ipc::Error::Op(error)) => Self::Refused((*error).into()),
            Err(ipc::Error::Disconnected(record)) => Self::Disconnected(*record),
        }
    }
}

/// Why the client ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Over {
    /// Enough good frames came, after whatever happened.
    Streamed,
    /// The driver is down for good, and the supervisor says so.
    Down,
    /// Neither.
    GaveUp,
}

impl Over {
    /// Its name in lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Streamed => "streamed",
            Self::Down => "down",
            Self::GaveUp => "gave_up",
        }
    }
}

/// One thing that the client tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Told {
    /// It is about to make this request.
    Asked {
        /// Running number of the request.
        number: u32,
        /// What it is.
        call: Call,
    },
    /// The request has ended.
    Answered {
        /// Its number.
        number: u32,
        /// How.
        ending: Ending,
    },
    /// It will make no more requests.
    Over(Over),
}
