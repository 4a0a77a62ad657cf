//! What the graph asks of the drivers, and whom it tells.
//!
//! Each call names the life that it is meant for: nothing reaches a later life by accident.

use idl::types::{
    BlockState, Choice, EntityDescription, Feed, FormatChange, IspError, LinkDescription, Offer,
    Pipeline, SensorError, VideoNode,
};
use idol_runtime::ipc;
use sys_abi::TaskId;

/// The result of a call to the ISP.
pub type IspResult<T> = Result<T, ipc::Error<IspError>>;
/// The result of a call to the sensor.
pub type SensorResult<T> = Result<T, ipc::Error<SensorError>>;

/// The drivers below the graph. The operations are those of `idl/isp.idol` and `idl/sensor.idol`.
#[allow(missing_docs, reason = "each method is the operation of the same name, documented there")]
pub trait Drivers {
    fn isp_describe_entity(&mut self, isp: TaskId, index: u8) -> IspResult<EntityDescription>;
    fn isp_describe_link(&mut self, isp: TaskId, index: u8) -> IspResult<LinkDescription>;
    fn isp_default_state(&mut self, isp: TaskId, entity: u8) -> IspResult<BlockState>;
    fn isp_adjust(
        &mut self,
        isp: TaskId,
        entity: u8,
        state: BlockState,
        feed: Feed,
        change: FormatChange,
    ) -> IspResult<BlockState>;
    fn isp_enumerate(
        &mut self,
        isp: TaskId,
        entity: u8,
        state: BlockState,
        feed: Feed,
        asked: (u8, Choice),
    ) -> IspResult<Offer>;
    fn isp_start(&mut self, isp: TaskId, pipeline: Pipeline, pixel_rate_hz: u32) -> IspResult<()>;
    fn isp_stop(&mut self, isp: TaskId, video: VideoNode) -> IspResult<()>;
    fn isp_set_crop(&mut self, isp: TaskId, video: VideoNode, resizer: BlockState)
    -> IspResult<()>;
    fn sensor_describe(&mut self, sensor: TaskId) -> SensorResult<EntityDescription>;
    fn sensor_default_state(&mut self, sensor: TaskId) -> SensorResult<BlockState>;
    fn sensor_adjust(
        &mut self,
        sensor: TaskId,
        state: BlockState,
        change: FormatChange,
    ) -> SensorResult<BlockState>;
    fn sensor_enumerate(
        &mut self,
        sensor: TaskId,
        state: BlockState,
        choice: Choice,
    ) -> SensorResult<Offer>;
    /// V4L2_CID_PIXEL_RATE.
    fn sensor_pixel_rate(&mut self, sensor: TaskId) -> SensorResult<i32>;
    fn sensor_start(&mut self, sensor: TaskId, state: BlockState) -> SensorResult<()>;
    fn sensor_stop(&mut self, sensor: TaskId) -> SensorResult<()>;
    /// Tells the nodes, and the story, that the topology has this version now.
    fn announce(&mut self, version: u32);
}
