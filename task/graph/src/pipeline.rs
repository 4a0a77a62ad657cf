//! From a video node upstream to the sensor or to a video output node, and whether the formats on the
//! way fit.
//!
//! The walk follows the one enabled link into each sink pad, so it needs no search; a pipeline that is
//! asked for at its input is first followed downstream, along the one enabled link out of each block.
//! What the ISP driver can run is its own decision; a receiver is part of a path between a video output
//! node and the CCDC (CCP2), or behind the sensor (CSI2a).
//!
//! Both ends of a link have the same size and code, but that the lane shifter in front of the CCDC takes a code
//! with more bits than the CCDC's sink ([`code::lane_shift`]; Linux omap3isp).

use idl::types::{
    BlockState, DeviceNode, EntityFunction, EntityId, GraphError, Input, MbusCode, PadFormat,
    PadRef, Pipeline, PixFormat, PixelFormat, VideoNode, code,
};

use crate::topology::{Node, Topology};

/// Most entities of a pipeline: sensor or video node, receiver, CCDC, preview engine, resizer, video node.
pub const PATH_MAX: usize = 6;

/// The receiver that a sensor can be wired to.
const CSI2A: DeviceNode = DeviceNode::Subdev(1);

/// Where the pictures of a pipeline come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The sensor.
    Sensor {
        /// What the sensor runs.
        sensor: BlockState,
        /// How its frames come to the ISP, and what the blocks there run.
        input: Input,
    },
    /// The buffers of a video output node.
    Memory {
        /// Its entity.
        entity: EntityId,
        /// The node.
        video: VideoNode,
        /// What the block that reads them expects.
        expected: PadFormat,
        /// What the CCDC runs, if the block that reads is a receiver in front of it.
        ccdc: Option<BlockState>,
    },
}

/// A validated path through the blocks; what lies in memory at its ends is for the nodes to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// Its entities, the video node first, the sensor or the video output node last.
    pub entities: [Option<EntityId>; PATH_MAX],
    /// The video node that it ends in.
    pub end: EntityId,
    /// The same, as the ISP calls it.
    pub video: VideoNode,
    /// Where it begins.
    pub origin: Origin,
    /// What the last block offers.
    offered: PadFormat,
    preview: Option<BlockState>,
    resizer: Option<BlockState>,
}

impl Path {
    /// Whether an entity is part of it.
    #[must_use]
    pub fn contains(&self, id: EntityId) -> bool {
        self.entities.contains(&Some(id))
    }

    /// The video output node that it begins in, if it does not begin at the sensor.
    #[must_use]
    pub const fn input(&self) -> Option<EntityId> {
        match self.origin {
            Origin::Sensor { .. } => None,
            Origin::Memory { entity, .. } => Some(entity),
        }
    }

    /// Whether the client of the node at one of its ends wants what the block there has.
    #[must_use]
    pub fn fits(&self, end: EntityId, format: PixFormat) -> bool {
        let pad = match self.origin {
            Origin::Memory { entity, expected, .. } if entity == end => expected,
            _ => self.offered,
        };
        let packs = self.video == VideoNode::Csi2aOutput;
        fits_memory(pad, format, packs)
    }

    /// What the ISP runs, once the formats in memory are known; `input` is not used if the path
    /// begins at the sensor.
    #[must_use]
    pub const fn pipeline(&self, output: PixFormat, input: PixFormat) -> Pipeline {
        let input = match self.origin {
            Origin::Sensor { input, .. } => input,
            Origin::Memory { ccdc: Some(ccdc), .. } => Input::Ccp2 { format: input, ccdc },
            Origin::Memory { video, .. } => Input::Memory { video, format: input },
        };
        let Self { video, preview, resizer, .. } = *self;
        Pipeline { video, input, preview, resizer, output }
    }
}

#[derive(Default)]
struct Blocks {
    entities: [Option<EntityId>; PATH_MAX],
    length: usize,
    ccdc: Option<BlockState>,
    preview: Option<BlockState>,
    resizer: Option<BlockState>,
    sensor: Option<BlockState>,
    memory: Option<(EntityId, VideoNode)>,
    /// The receiver that is one of them: its device node and what it runs.
    receiver: Option<(DeviceNode, Option<BlockState>)>,
    /// What the last block offers to the node at the end.
    offered: Option<PadFormat>,
    /// What the first block expects from memory.
    expected: Option<PadFormat>,
}

impl Blocks {
    fn add(&mut self, node: &Node) -> Result<(), GraphError> {
        let slot = self.entities.get_mut(self.length).ok_or(GraphError::BrokenPipeline)?;
        *slot = Some(node.entity.id);
        self.length += 1;
        match node.entity.description.function {
            EntityFunction::PixelEncConv => self.ccdc = node.state,
            EntityFunction::PixelFormatter => self.preview = node.state,
            EntityFunction::Scaler => self.resizer = node.state,
            EntityFunction::CamSensor => self.sensor = node.state,
            EntityFunction::IoV4l if self.length == 1 => {}
            EntityFunction::IoV4l => {
                let video = video_node(node.entity.description.node);
                self.memory = video.map(|video| (node.entity.id, video));
            }
            EntityFunction::VidIfBridge => {
                self.receiver = Some((node.entity.description.node, node.state));
            }
            EntityFunction::Statistics => return Err(GraphError::BrokenPipeline),
        }
        Ok(())
    }

    fn origin(&self) -> Option<Origin> {
        match (self.memory, self.ccdc, self.sensor) {
            (Some((entity, video)), ccdc, None) if ccdc.is_some() == self.receiver.is_some() => {
                Some(Origin::Memory { entity, video, expected: self.expected?, ccdc })
            }
            (None, ccdc, Some(sensor)) => {
                let input = match self.receiver {
                    None => Input::Sensor { code: sensor.source.code, ccdc: ccdc? },
                    Some((CSI2A, Some(BlockState { sink, source, .. }))) => {
                        Input::Csi2a { sink, source, ccdc }
                    }
                    Some(_) => return None,
                };
                Some(Origin::Sensor { sensor, input })
            }
            _ => None,
        }
    }
}

/// Validates the pipeline that ends or begins in the video node `entity`.
///
/// # Errors
/// `NoSuchEntity`; `BrokenPipeline` without an enabled path between the node and a sensor or another
/// node; `LinkMismatch` if the two ends of a link differ.
pub fn validate(topology: &Topology, entity: EntityId) -> Result<Path, GraphError> {
    let asked = topology.node(entity).ok_or(GraphError::NoSuchEntity)?;
    video_node(asked.entity.description.node).ok_or(GraphError::NoSuchEntity)?;
    let end = if asked.is_sink(0) == Some(true) { asked } else { downstream(topology, asked)? };
    let video = video_node(end.entity.description.node).ok_or(GraphError::BrokenPipeline)?;
    let mut blocks = Blocks::default();
    let mut node = end;
    blocks.add(node)?;
    while blocks.sensor.is_none() && blocks.memory.is_none() {
        let sink = PadRef { entity: node.entity.id, pad: 0 };
        let link = topology.link_into(sink).ok_or(GraphError::BrokenPipeline)?;
        let upstream = topology.node(link.source.entity).ok_or(GraphError::BrokenPipeline)?;
        match (upstream.pad_format(link.source.pad), node.pad_format(sink.pad)) {
            (Some(offered), Some(expected)) if !fits_link(offered, expected, node) => {
                return Err(GraphError::LinkMismatch);
            }
            (Some(_), Some(_)) => {}
            (Some(offered), None) => blocks.offered = Some(offered),
            (None, Some(expected)) => blocks.expected = Some(expected),
            (None, None) => return Err(GraphError::BrokenPipeline),
        }
        blocks.add(upstream)?;
        node = upstream;
    }
    let origin = blocks.origin().ok_or(GraphError::BrokenPipeline)?;
    let offered = blocks.offered.ok_or(GraphError::BrokenPipeline)?;
    let Blocks { entities, preview, resizer, .. } = blocks;
    let path = Path { entities, end: end.entity.id, video, origin, offered, preview, resizer };
    // Downstream and upstream can only differ if a pad reads from somewhere else.
    if path.contains(entity) { Ok(path) } else { Err(GraphError::BrokenPipeline) }
}

/// The video node that the pictures of a video output node end up in.
fn downstream<'a>(topology: &'a Topology, input: &'a Node) -> Result<&'a Node, GraphError> {
    let mut node = input;
    for _ in 1..PATH_MAX {
        let link = topology.link_from(node.entity.id).ok_or(GraphError::BrokenPipeline)?;
        node = topology.node(link.sink.entity).ok_or(GraphError::BrokenPipeline)?;
        if node.entity.description.function == EntityFunction::IoV4l {
            return Ok(node);
        }
    }
    Err(GraphError::BrokenPipeline)
}

/// Whether what comes over a link is what its `sink` expects, or can be narrowed to that in front of it.
fn fits_link(offered: PadFormat, expected: PadFormat, sink: &Node) -> bool {
    let shifts = sink.entity.description.function == EntityFunction::PixelEncConv;
    let narrowed = PadFormat { code: expected.code, ..offered };
    let shiftable = code::lane_shift(offered.code, expected.code).is_some();
    offered == expected || shifts && shiftable && narrowed == expected
}

/// Whether what a pad offers is what the client wants in memory (V4L2: EINVAL if not). `packs`: samples
/// of ten bits may lie there as they come over the serial line.
fn fits_memory(offered: PadFormat, format: PixFormat, packs: bool) -> bool {
    let same_size = (offered.width_px, offered.height_px) == (format.width_px, format.height_px);
    let packed = packs && offered.code == MbusCode::SGRBG10;
    same_size
        && (code::pixel_format(offered.code) == Some(format.pixel_format)
            || packed && format.pixel_format == PixelFormat::SGRBG10P)
}

/// The video node behind a device node.
#[must_use]
pub fn video_node(node: DeviceNode) -> Option<VideoNode> {
    match node {
        DeviceNode::Video(0) => Some(VideoNode::Ccp2Input),
        DeviceNode::Video(1) => Some(VideoNode::Csi2aOutput),
        DeviceNode::Video(2) => Some(VideoNode::CcdcOutput),
        DeviceNode::Video(3) => Some(VideoNode::PreviewInput),
        DeviceNode::Video(4) => Some(VideoNode::PreviewOutput),
        DeviceNode::Video(5) => Some(VideoNode::ResizerInput),
        DeviceNode::Video(6) => Some(VideoNode::ResizerOutput),
        DeviceNode::Video(_) | DeviceNode::Subdev(_) => None,
    }
}
