//! What clients of device nodes see.

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

use super::{DeviceNode, Disconnect, Name, PoolId};

/// An open handle: table entry in the low byte, use count of that entry above it. Bound to the
/// holder's task id and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Handle(pub u32);

/// Try or active formats (V4L2_SUBDEV_FORMAT_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Which {
    /// The handle's own scratch state.
    Try,
    /// The device's state.
    Active,
}

/// Poll conditions (POLLIN and friends).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct PollEvents(pub u8);

impl PollEvents {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// A frame can be dequeued.
    pub const IN: Self = Self(1);
    /// An event can be dequeued.
    pub const PRI: Self = Self(2);
    /// The handle has ended or its stream is broken.
    pub const ERR: Self = Self(4);
    /// The device is gone.
    pub const HUP: Self = Self(8);
    /// A buffer that the hardware has read can be dequeued (video output nodes).
    pub const OUT: Self = Self(16);
    /// What a disconnect reports: error, hang-up and priority.
    pub const DISCONNECTED: Self = Self(2 | 4 | 8);

    /// Whether all bits of `flag` are set.
    #[must_use]
    pub const fn contains(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }

    /// Whether any bit of `flag` is set.
    #[must_use]
    pub const fn intersects(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }
}

/// An event of a node's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Event {
    /// A frame starts (V4L2_EVENT_FRAME_SYNC).
    FrameSync {
        /// Its number.
        sequence: u32,
    },
    /// A frame was measured, or its measurement was lost (V4L2_EVENT_OMAP3ISP_AEWB, _AF, _HIST).
    Statistics {
        /// The frame.
        frame_number: u32,
        /// The configuration that it was measured with.
        config_counter: u16,
        /// The measurement was lost: there is nothing to request.
        buffer_error: bool,
    },
}

/// A kind of events (V4L2_EVENT_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum EventKind {
    /// Frame starts (V4L2_EVENT_FRAME_SYNC).
    FrameSync,
    /// Measurements of the node's engine (V4L2_EVENT_OMAP3ISP_*).
    Statistics,
}

/// An event as a client dequeues it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct QueuedEvent {
    /// What happened.
    pub event: Event,
    /// Number of the event since the handle subscribed; a gap means that the queue was full.
    pub number: u32,
    /// Events that are still queued.
    pub pending: u8,
    /// When it happened, in microseconds since boot.
    pub timestamp_us: u64,
}

/// The start of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct FrameStart {
    /// Number of the frame since stream start: the `sequence` of its buffer.
    pub sequence: u32,
    /// When the driver saw it, in microseconds since boot.
    pub timestamp_us: u64,
}

/// VIDIOC_QUERYCAP for a node whose pixels stay in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Capability {
    /// Name of the driver.
    pub driver: Name,
    /// Name of the entity.
    pub card: Name,
    /// The device node.
    pub node: DeviceNode,
    /// Whether frames come out of it (else they go in).
    pub capture: bool,
    /// The pool that clients map.
    pub pool: PoolId,
    /// Most buffers.
    pub buffers: u8,
}

/// MEDIA_IOC_DEVICE_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct DeviceInfo {
    /// Name of the driver.
    pub driver: Name,
    /// Model of the device.
    pub model: Name,
    /// Where it sits.
    pub bus_info: Name,
    /// Hardware revision.
    pub hw_revision: u32,
}

/// How full a node's tables are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct NodeUsage {
    /// Open handles.
    pub handles: u16,
    /// Calls whose reply is deferred.
    pub waiters: u16,
    /// Buffers queued or filled.
    pub buffers: u16,
}

/// A control id (V4L2_CID_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct ControlId(pub u32);

impl ControlId {
    /// V4L2_CID_BRIGHTNESS: added to luma.
    pub const BRIGHTNESS: Self = Self(0x0098_0900);
    /// V4L2_CID_CONTRAST, in sixteenths: factor of luma.
    pub const CONTRAST: Self = Self(0x0098_0901);
    /// V4L2_CID_RED_BALANCE, U8Q5: white balance gain of red.
    pub const RED_BALANCE: Self = Self(0x0098_090e);
    /// V4L2_CID_BLUE_BALANCE, U8Q5: white balance gain of blue.
    pub const BLUE_BALANCE: Self = Self(0x0098_090f);
    /// V4L2_CID_EXPOSURE, in lines.
    pub const EXPOSURE: Self = Self(0x0098_0911);
    /// V4L2_CID_GAIN, in eighths.
    pub const GAIN: Self = Self(0x0098_0913);
    /// V4L2_CID_HFLIP: 1 mirrors left and right.
    pub const HFLIP: Self = Self(0x0098_0914);
    /// V4L2_CID_VFLIP: 1 mirrors up and down.
    pub const VFLIP: Self = Self(0x0098_0915);
    /// V4L2_CID_PIXEL_RATE, in pixels per second.
    pub const PIXEL_RATE: Self = Self(0x009f_0902);
    /// V4L2_CID_TEST_PATTERN.
    pub const TEST_PATTERN: Self = Self(0x009f_0903);
}

/// What the value of a control means (V4L2_CTRL_TYPE_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum ControlKind {
    /// A number.
    Integer,
    /// 0 = off, 1 = on.
    Boolean,
    /// The index of an item that has a name (VIDIOC_QUERYMENU).
    Menu,
}

/// A control (VIDIOC_QUERYCTRL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct ControlDescription {
    /// Its id.
    pub id: ControlId,
    /// What its value means.
    pub kind: ControlKind,
    /// Smallest value.
    pub minimum: i32,
    /// Largest value.
    pub maximum: i32,
    /// Step.
    pub step: i32,
    /// Value after a restart.
    pub default: i32,
    /// It can only be read (V4L2_CTRL_FLAG_READ_ONLY).
    pub read_only: bool,
}

/// A picture for the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Picture {
    /// Number that names the host's file.
    pub number: u32,
    /// Address of the first byte.
    pub address: u32,
    /// Bytes.
    pub bytes: u32,
}

/// The first disconnect of a handle sticks: it is the last word on it.
pub type Sticky = Option<Disconnect>;
