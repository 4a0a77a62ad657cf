//! From a video node upstream to the sensor, and whether the formats on the way fit.
//!
//! The walk follows the one enabled link into each sink pad, so it needs no search. What the ISP
//! driver can run is a path of the CCDC, perhaps the preview engine, perhaps the resizer, into a
//! capture node; anything else (memory inputs, CSI-2) is a `BrokenPipeline` here.
//!
//! The lane shifter of the CCDC could take a code with more bits than the CCDC's sink; with one
//! raw code in use, equality of codes is the same rule.

use idl::types::{
    BlockState, DeviceNode, EntityFunction, EntityId, GraphError, MbusCode, PadFormat, PadRef,
    Pipeline, PixFormat, PixelFormat, VideoNode,
};

use crate::topology::{Node, Topology};

/// Most entities of a pipeline: sensor, CCDC, preview engine, resizer, video node.
pub const PATH_MAX: usize = 5;

/// A validated pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// Its entities, the video node first, the sensor last.
    pub entities: [Option<EntityId>; PATH_MAX],
    /// What the ISP runs.
    pub pipeline: Pipeline,
    /// What the sensor runs.
    pub sensor: BlockState,
}

impl Path {
    /// Whether an entity is part of it.
    #[must_use]
    pub fn contains(&self, id: EntityId) -> bool {
        self.entities.contains(&Some(id))
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
            EntityFunction::IoV4l | EntityFunction::VidIfBridge | EntityFunction::Statistics => {
                return Err(GraphError::BrokenPipeline);
            }
        }
        Ok(())
    }
}

/// Validates the pipeline that ends in the video node `entity`, whose client wants `format`.
///
/// # Errors
/// `NoSuchEntity`; `BrokenPipeline` without an enabled path to a sensor; `FormatMismatch` if the
/// two ends of a link differ, or the last pad and `format`.
pub fn validate(
    topology: &Topology,
    entity: EntityId,
    format: PixFormat,
) -> Result<Path, GraphError> {
    let end = topology.node(entity).ok_or(GraphError::NoSuchEntity)?;
    let video = video_node(end.entity.description.node).ok_or(GraphError::NoSuchEntity)?;
    let mut blocks = Blocks::default();
    let mut node = end;
    blocks.add(node)?;
    while node.entity.description.function != EntityFunction::CamSensor {
        let sink = PadRef { entity: node.entity.id, pad: 0 };
        let link = topology.link_into(sink).ok_or(GraphError::BrokenPipeline)?;
        let upstream = topology.node(link.source.entity).ok_or(GraphError::BrokenPipeline)?;
        let offered = upstream.pad_format(link.source.pad).ok_or(GraphError::BrokenPipeline)?;
        let fits = match node.pad_format(sink.pad) {
            Some(expected) => offered == expected,
            None => fits_memory(offered, format),
        };
        if !fits {
            return Err(GraphError::FormatMismatch);
        }
        blocks.add(upstream)?;
        node = upstream;
    }
    let Blocks { entities, ccdc, preview, resizer, sensor, .. } = blocks;
    let ccdc = ccdc.ok_or(GraphError::BrokenPipeline)?;
    let sensor = sensor.ok_or(GraphError::BrokenPipeline)?;
    let pipeline = Pipeline { video, ccdc, preview, resizer, output: format };
    Ok(Path { entities, pipeline, sensor })
}

/// Whether what a pad offers is what the client wants in memory (V4L2: EINVAL if not).
fn fits_memory(offered: PadFormat, format: PixFormat) -> bool {
    let same_size = (offered.width_px, offered.height_px) == (format.width_px, format.height_px);
    same_size && memory_format(offered.code) == Some(format.pixel_format)
}

/// How a media bus code lies in memory.
fn memory_format(code: MbusCode) -> Option<PixelFormat> {
    match code {
        MbusCode::SGRBG10 => Some(PixelFormat::SGRBG10),
        MbusCode::UYVY8_1X16 => Some(PixelFormat::UYVY),
        MbusCode::YUYV8_1X16 => Some(PixelFormat::YUYV),
        _ => None,
    }
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
