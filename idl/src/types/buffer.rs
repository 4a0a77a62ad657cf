//! Frame buffers: who owns them, what is in them.

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

use super::{FrameInterval, PixFormat};
use sys_abi::{Generation, TaskIndex};

/// A pool of frame buffers: position in the `pools` of frames' configuration.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, SerializedSize,
)]
pub struct PoolId(pub u8);

/// A buffer of a pool.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, SerializedSize,
)]
pub struct BufferIndex(pub u8);

/// Most buffers in one pool; owners are kept as bits of a word in places.
pub const BUFFERS_MAX: usize = 8;

/// Most buffers that the driver holds per video node, the one in the hardware included.
pub const QUEUE_DEPTH: usize = BUFFERS_MAX;

/// Most tasks that read a capture node's frames beside the client that streams.
pub const READERS_MAX: usize = 4;

/// Where a pool lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Pool {
    /// Address of buffer 0, the same for processor and DMA.
    pub base: u32,
    /// Distance from one buffer to the next, in bytes.
    pub buffer_bytes: u32,
    /// Number of buffers.
    pub count: u8,
}

/// The one owner of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Owner {
    /// A client or a reader may read it (or nobody uses it: no holder).
    Client(Option<TaskIndex>),
    /// Waiting for hardware.
    Queued,
    /// The DMA engine may write it.
    Hardware(TaskIndex, Generation),
    /// Its driver died; the engine may still write it until quiet.
    Quarantined(TaskIndex, Generation),
    /// Filled, waiting for its client.
    Done,
}

/// Buffers of a pool per kind of owner; the sum is the pool's count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct OwnerCounts {
    /// Owned by clients or by nobody.
    pub client: u8,
    /// Waiting for hardware.
    pub queued: u8,
    /// In the hardware.
    pub hardware: u8,
    /// Waiting for quiet.
    pub quarantined: u8,
    /// Filled.
    pub done: u8,
}

/// Flags of a filled buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct FrameFlags(pub u8);

impl FrameFlags {
    /// The pixels are damaged (V4L2_BUF_FLAG_ERROR).
    pub const ERROR: Self = Self(1);
    /// The buffer came back without pixels: the stream stopped.
    pub const CANCELLED: Self = Self(2);

    /// Whether all bits of `flag` are set.
    #[must_use]
    pub const fn contains(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }
}

/// A frame as the driver hands it to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct FrameDone {
    /// The pool of the buffer: the node's, or that of another node if the buffer was imported.
    pub pool: PoolId,
    /// The buffer.
    pub buffer: BufferIndex,
    /// Frame number of the sensor since stream start; gaps are frames without a buffer. From memory:
    /// number of the job.
    pub sequence: u32,
    /// Time of the frame's end, in microseconds since boot. From memory: the time that the client
    /// gave with the frame that was read (V4L2_BUF_FLAG_TIMESTAMP_COPY).
    pub timestamp_us: u64,
    /// Bytes of pixels.
    pub bytes_used: u32,
    /// Damage marks.
    pub flags: FrameFlags,
}

/// What `isp.next_done` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Drained {
    /// The oldest that happened.
    pub done: NextDone,
    /// It is not all: ask again. Else the next that happens is told by a notification.
    pub more: bool,
}

/// What `isp.next_done` drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum NextDone {
    /// Nothing new.
    Empty,
    /// A filled (or cancelled) buffer.
    Frame(FrameDone),
    /// The pipeline is stopped and the hardware idle; nothing follows.
    Stopped,
    /// No frame of the sensor started in time, and none came since; the pipeline goes on, and frames
    /// may follow.
    NoFrames,
}

/// When a buffer shall be read, and what is copied to the frame that is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct ReadTiming {
    /// Time of the frame in it, in microseconds since boot.
    pub timestamp_us: u64,
    /// Not before this time after the beginning of the job before it.
    pub interval: FrameInterval,
}

impl ReadTiming {
    /// As soon as it can be, of a frame without a time.
    pub const NONE: Self = Self { timestamp_us: 0, interval: FrameInterval::NONE };
}

/// What a client says of the frame in a buffer that it queues to a video output node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct OutputFrame {
    /// Bytes of pixels; 0 = all that the format needs.
    pub bytes_used: u32,
    /// Time of the frame, in microseconds since boot: copied to the frame that is made of it.
    pub timestamp_us: u64,
}

/// A frame as a client gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct FrameInfo {
    /// The driver's part.
    pub frame: FrameDone,
    /// Generation of the driver that filled it: frames of two epochs never mix.
    pub epoch: Generation,
}

/// How a task reads the frames of a capture node beside the client that streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Reading {
    /// No frame passes it by: its buffer is not filled again before it has let go. The bound is the
    /// queue: a reader that never lets go ends up with all buffers, and the stream runs dry.
    Must,
    /// It gets a frame only while it has fewer than this; the others are skipped for it, and counted.
    MaySkip {
        /// Most frames that it has, taken or not: at least 1.
        max_held: u8,
    },
}

/// A frame as a reader gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct ReadFrame {
    /// The buffer, to let go of.
    pub buffer: BufferIndex,
    /// As the client's, in [`FrameDone`].
    pub sequence: u32,
    /// As the client's, in microseconds since boot.
    pub timestamp_us: u64,
    /// Damage marks.
    pub flags: FrameFlags,
    /// As in [`FrameInfo`].
    pub epoch: Generation,
    /// Offset of the buffer from the start of the pool, in bytes.
    pub offset_bytes: u32,
    /// Bytes of pixels.
    pub bytes_used: u32,
    /// The format that the stream was started with.
    pub format: PixFormat,
    /// Frames skipped for this reader since it subscribed.
    pub skipped: u32,
}

/// What `reclaim` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Reclaim {
    /// The hardware is not known to be quiet yet.
    Pending,
    /// The buffer is the client's again, without pixels.
    Cancelled,
}

/// A buffer's place and owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct BufferInfo {
    /// Offset from the start of the pool, in bytes.
    pub offset_bytes: u32,
    /// Length for the handle's format, in bytes.
    pub length_bytes: u32,
    /// Its owner now.
    pub owner: Owner,
}
