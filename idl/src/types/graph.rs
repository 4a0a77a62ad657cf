//! Entities, pads, links, pipelines.

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

use super::{BlockState, MbusCode, PadFormat, PixFormat};

/// A name of at most 31 bytes, zero-filled.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Name(pub [u8; 32]);

impl Name {
    /// The name `text`, cut to 31 bytes.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut bytes = [0; 32];
        let length = text.len().min(31);
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Self(bytes)
    }

    /// The text; what is not UTF-8 is left out.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(32);
        match core::str::from_utf8(&self.0[..end]) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&self.0[..error.valid_up_to()]).unwrap_or(""),
        }
    }
}

impl core::fmt::Debug for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Id of an entity in the graph: never reused, not even after a restart of the graph.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, SerializedSize,
)]
pub struct EntityId(pub u32);

/// A pad of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct PadRef {
    /// The entity.
    pub entity: EntityId,
    /// The pad.
    pub pad: u8,
}

/// What an entity does (MEDIA_ENT_F_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum EntityFunction {
    /// MEDIA_ENT_F_CAM_SENSOR.
    CamSensor,
    /// MEDIA_ENT_F_VID_IF_BRIDGE.
    VidIfBridge,
    /// MEDIA_ENT_F_PROC_VIDEO_PIXEL_ENC_CONV.
    PixelEncConv,
    /// MEDIA_ENT_F_PROC_VIDEO_PIXEL_FORMATTER.
    PixelFormatter,
    /// MEDIA_ENT_F_PROC_VIDEO_SCALER.
    Scaler,
    /// MEDIA_ENT_F_PROC_VIDEO_STATISTICS.
    Statistics,
    /// MEDIA_ENT_F_IO_V4L: a video node.
    IoV4l,
}

/// The device node of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum DeviceNode {
    /// /dev/videoN.
    Video(u8),
    /// /dev/v4l-subdevN.
    Subdev(u8),
}

/// An entity as its driver describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct EntityDescription {
    /// Exact name, as in `media-ctl -p`.
    pub name: Name,
    /// What it does.
    pub function: EntityFunction,
    /// Number of pads, numbered from 0.
    pub pads: u8,
    /// Bit n set: pad n is a sink (else a source).
    pub sinks: u8,
    /// Bit n set: pad n must be connected for streaming.
    pub must_connect: u8,
    /// The default entity of its function.
    pub default: bool,
    /// Its device node.
    pub node: DeviceNode,
}

/// A link as its driver describes it: ends by position in describe_entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct LinkDescription {
    /// Source: (entity position, pad).
    pub source: (u8, u8),
    /// Sink: (entity position, pad).
    pub sink: (u8, u8),
    /// Flags at boot.
    pub flags: LinkFlags,
}

/// Flags of a link (MEDIA_LNK_FL_*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct LinkFlags(pub u8);

impl LinkFlags {
    /// Data can flow.
    pub const ENABLED: Self = Self(1);
    /// The enabled state cannot be changed.
    pub const IMMUTABLE: Self = Self(2);

    /// Whether all bits of `flag` are set.
    #[must_use]
    pub const fn contains(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }
}

/// An entity of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Entity {
    /// Its id.
    pub id: EntityId,
    /// What its driver said.
    pub description: EntityDescription,
}

/// A link of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Link {
    /// Source pad.
    pub source: PadRef,
    /// Sink pad.
    pub sink: PadRef,
    /// Flags now.
    pub flags: LinkFlags,
}

/// What became of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Started {
    /// The pipeline runs, from the sensor.
    Live,
    /// The pipeline is locked, and runs as soon as the node at its other end has started it too.
    Waiting,
    /// The pipeline runs, from memory to memory.
    Memory,
}

/// The seven video nodes of the OMAP3 ISP, by the number of their /dev/video node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
#[repr(u8)]
pub enum VideoNode {
    /// OMAP3 ISP CCP2 input.
    Ccp2Input,
    /// OMAP3 ISP CSI2a output.
    Csi2aOutput,
    /// OMAP3 ISP CCDC output.
    CcdcOutput,
    /// OMAP3 ISP preview input.
    PreviewInput,
    /// OMAP3 ISP preview output.
    PreviewOutput,
    /// OMAP3 ISP resizer input.
    ResizerInput,
    /// OMAP3 ISP resizer output.
    ResizerOutput,
}

/// What the first block of a pipeline reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Input {
    /// The sensor's parallel port, through the CCDC.
    Sensor {
        /// What the sensor sends.
        code: MbusCode,
        /// The CCDC's active state; its sink has the sensor's size.
        ccdc: BlockState,
    },
    /// Buffers of a video output node.
    Memory {
        /// The node.
        video: VideoNode,
        /// What lies in its buffers.
        format: PixFormat,
    },
    /// Buffers of the CCP2 input, through the receiver's memory channel and the CCDC.
    Ccp2 {
        /// What lies in the buffers.
        format: PixFormat,
        /// The CCDC's active state; its sink is what the receiver makes of them.
        ccdc: BlockState,
    },
    /// The sensor, through the receiver CSI2a.
    Csi2a {
        /// What comes over the serial line.
        sink: PadFormat,
        /// What the receiver passes on.
        source: PadFormat,
        /// The CCDC's active state, if the frames go on to it and not to memory.
        ccdc: Option<BlockState>,
    },
}

impl Input {
    /// State of the CCDC, if the pictures come through it.
    #[must_use]
    pub const fn ccdc(&self) -> Option<&BlockState> {
        match self {
            Self::Sensor { ccdc, .. } | Self::Ccp2 { ccdc, .. } => Some(ccdc),
            Self::Csi2a { ccdc, .. } => ccdc.as_ref(),
            Self::Memory { .. } => None,
        }
    }

    /// What lies in the buffers that are read, if any are.
    #[must_use]
    pub const fn memory(&self) -> Option<&PixFormat> {
        match self {
            Self::Memory { format, .. } | Self::Ccp2 { format, .. } => Some(format),
            Self::Sensor { .. } | Self::Csi2a { .. } => None,
        }
    }
}

/// A validated pipeline that ends in a video node, as the graph hands it to the ISP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Pipeline {
    /// Where the frames end up.
    pub video: VideoNode,
    /// Where they come from.
    pub input: Input,
    /// Active state of the preview engine, if it is part of the pipeline.
    pub preview: Option<BlockState>,
    /// Active state of the resizer, if it is part of the pipeline.
    pub resizer: Option<BlockState>,
    /// What shall lie in the buffers.
    pub output: PixFormat,
}
