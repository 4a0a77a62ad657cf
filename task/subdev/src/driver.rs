//! What the node asks of the driver below it.

use idl::types::{
    BlockState, CcdcFeatures, CcdcParameters, CcdcTable, ControlDescription, ControlId,
    FrameInterval, FrameStart, Name, NodeError, PadFormat, PreviewFeatures, PreviewParameters,
    PreviewTable, SensorError,
};
use sys_abi::TaskId;
use task_node::Refusal;

/// The driver of the node's entity. Each call names the life that it is meant for.
#[allow(missing_docs, reason = "each method is the operation of the same name, documented there")]
pub trait Driver {
    fn query_control(&mut self, driver: TaskId, index: u8) -> Result<ControlDescription, Refusal>;
    fn query_menu(&mut self, driver: TaskId, id: ControlId, index: u32) -> Result<Name, Refusal>;
    fn get_control(&mut self, driver: TaskId, id: ControlId) -> Result<i32, Refusal>;
    fn set_control(&mut self, driver: TaskId, id: ControlId, value: i32) -> Result<i32, Refusal>;
    fn frame_interval(
        &mut self,
        driver: TaskId,
        state: BlockState,
    ) -> Result<FrameInterval, Refusal>;
    fn set_frame_interval(
        &mut self,
        driver: TaskId,
        state: BlockState,
        interval: FrameInterval,
    ) -> Result<FrameInterval, Refusal>;
    fn enum_frame_interval(
        &mut self,
        driver: TaskId,
        state: BlockState,
        format: PadFormat,
        index: u16,
    ) -> Result<FrameInterval, Refusal>;
    fn preview_parameters(
        &mut self,
        driver: TaskId,
        parameters: PreviewParameters,
    ) -> Result<(), Refusal>;
    fn preview_table(
        &mut self,
        driver: TaskId,
        table: PreviewTable,
        entries: &[u8],
    ) -> Result<(), Refusal>;
    fn preview_configure(
        &mut self,
        driver: TaskId,
        update: PreviewFeatures,
        flag: PreviewFeatures,
    ) -> Result<(), Refusal>;
    fn ccdc_parameters(
        &mut self,
        driver: TaskId,
        parameters: CcdcParameters,
    ) -> Result<(), Refusal>;
    fn ccdc_table(
        &mut self,
        driver: TaskId,
        whole: (CcdcTable, u32),
        offset: u32,
        piece: &[u8],
    ) -> Result<(), Refusal>;
    fn ccdc_configure(
        &mut self,
        driver: TaskId,
        update: CcdcFeatures,
        flag: CcdcFeatures,
    ) -> Result<(), Refusal>;
    fn frame_start(&mut self, driver: TaskId) -> Result<FrameStart, Refusal>;
}

/// What a client is told when the sensor refuses.
#[must_use]
pub const fn sensor_refused(error: SensorError) -> NodeError {
    match error {
        SensorError::NoSuchControl => NodeError::NoSuchControl,
        SensorError::Busy => NodeError::Busy,
        SensorError::ReadOnly => NodeError::ReadOnly,
        SensorError::InvalidFormat => NodeError::InvalidFormat,
        SensorError::NotReady => NodeError::DriverRefused,
    }
}
