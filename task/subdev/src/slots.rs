//! The peers of a subdev node behind their slots.

use idl::subdev::reply_poll;
use idl::types::{
    BlockState, CcdcFeatures, CcdcParameters, CcdcTable, Choice, ControlDescription, ControlId,
    EntityId, FormatChange, FrameInterval, FrameStart, Name, NodeError, Note, Offer, PadFormat,
    PadRef, PollEvents, PreviewFeatures, PreviewParameters, PreviewTable, TaskIndex, Which,
};
use idl::{graph, ipc, isp, sensor, supervisor};
use sys_abi::TaskId;
use task_node::{PollPeers, Refusal, isp_refused};
use task_subdev::{Driver, GraphResult, Upstream, sensor_refused};

/// What the calls of one node have in common.
pub struct Slots {
    /// Who hears notes.
    pub supervisor: TaskIndex,
    /// The node's entity.
    pub entity: Name,
    /// Whether the driver speaks `idl/sensor.idol`; else it speaks `idl/isp.idol`.
    pub is_sensor: bool,
}

impl Slots {
    /// The ISP, if the entity is one of its blocks.
    fn block(&self, driver: TaskId) -> Result<isp::Client, Refusal> {
        if self.is_sensor {
            return Err(ipc::Error::Op(NodeError::NoConfiguration));
        }
        Ok(isp::Client::new(driver))
    }
}

impl Driver for Slots {
    fn query_control(&mut self, driver: TaskId, index: u8) -> Result<ControlDescription, Refusal> {
        if self.is_sensor {
            let result = sensor::Client::new(driver).query_control(index);
            return result.map_err(|error| error.map_op(sensor_refused));
        }
        let result = isp::Client::new(driver).query_control(self.entity, index);
        result.map_err(isp_refused)
    }

    fn query_menu(&mut self, driver: TaskId, id: ControlId, index: u32) -> Result<Name, Refusal> {
        if self.is_sensor {
            let result = sensor::Client::new(driver).query_menu(id, index);
            return result.map_err(|error| error.map_op(sensor_refused));
        }
        // No block of the ISP has a menu.
        Err(ipc::Error::Op(NodeError::NoSuchControl))
    }

    fn get_control(&mut self, driver: TaskId, id: ControlId) -> Result<i32, Refusal> {
        if self.is_sensor {
            let result = sensor::Client::new(driver).get_control(id);
            return result.map_err(|error| error.map_op(sensor_refused));
        }
        let result = isp::Client::new(driver).get_control(self.entity, id);
        result.map_err(isp_refused)
    }

    fn set_control(&mut self, driver: TaskId, id: ControlId, value: i32) -> Result<i32, Refusal> {
        if self.is_sensor {
            let result = sensor::Client::new(driver).set_control(id, value);
            return result.map_err(|error| error.map_op(sensor_refused));
        }
        let result = isp::Client::new(driver).set_control(self.entity, id, value);
        result.map_err(isp_refused)
    }

    fn frame_interval(
        &mut self,
        driver: TaskId,
        state: BlockState,
    ) -> Result<FrameInterval, Refusal> {
        if !self.is_sensor {
            return Err(ipc::Error::Op(NodeError::NoFrameInterval));
        }
        let result = sensor::Client::new(driver).frame_interval(state);
        result.map_err(|error| error.map_op(sensor_refused))
    }

    fn set_frame_interval(
        &mut self,
        driver: TaskId,
        state: BlockState,
        interval: FrameInterval,
    ) -> Result<FrameInterval, Refusal> {
        if !self.is_sensor {
            return Err(ipc::Error::Op(NodeError::NoFrameInterval));
        }
        let result = sensor::Client::new(driver).set_frame_interval(state, interval);
        result.map_err(|error| error.map_op(sensor_refused))
    }

    fn enum_frame_interval(
        &mut self,
        driver: TaskId,
        state: BlockState,
        format: PadFormat,
        index: u16,
    ) -> Result<FrameInterval, Refusal> {
        if !self.is_sensor {
            return Err(ipc::Error::Op(NodeError::NoFrameInterval));
        }
        let result = sensor::Client::new(driver).enumerate_interval(state, format, index);
        result.map_err(|error| error.map_op(sensor_refused))
    }

    fn preview_parameters(
        &mut self,
        driver: TaskId,
        parameters: PreviewParameters,
    ) -> Result<(), Refusal> {
        self.block(driver)?.preview_parameters(self.entity, parameters).map_err(isp_refused)
    }

    fn preview_table(
        &mut self,
        driver: TaskId,
        table: PreviewTable,
        entries: &[u8],
    ) -> Result<(), Refusal> {
        self.block(driver)?.preview_table(self.entity, table, entries).map_err(isp_refused)
    }

    fn preview_configure(
        &mut self,
        driver: TaskId,
        update: PreviewFeatures,
        flag: PreviewFeatures,
    ) -> Result<(), Refusal> {
        self.block(driver)?.preview_configure(self.entity, update, flag).map_err(isp_refused)
    }

    fn ccdc_parameters(
        &mut self,
        driver: TaskId,
        parameters: CcdcParameters,
    ) -> Result<(), Refusal> {
        self.block(driver)?.ccdc_parameters(self.entity, parameters).map_err(isp_refused)
    }

    fn ccdc_table(
        &mut self,
        driver: TaskId,
        (table, whole_bytes): (CcdcTable, u32),
        offset: u32,
        piece: &[u8],
    ) -> Result<(), Refusal> {
        let block = self.block(driver)?;
        block.ccdc_table(self.entity, table, whole_bytes, offset, piece).map_err(isp_refused)
    }

    fn ccdc_configure(
        &mut self,
        driver: TaskId,
        update: CcdcFeatures,
        flag: CcdcFeatures,
    ) -> Result<(), Refusal> {
        self.block(driver)?.ccdc_configure(self.entity, update, flag).map_err(isp_refused)
    }

    fn frame_start(&mut self, driver: TaskId) -> Result<FrameStart, Refusal> {
        isp::Client::new(driver).frame_start().map_err(isp_refused)
    }
}

impl Upstream for Slots {
    fn find(&mut self, graph: TaskId, name: Name) -> GraphResult<EntityId> {
        graph::Client::new(graph).find(name)
    }

    fn state(&mut self, graph: TaskId, entity: EntityId) -> GraphResult<BlockState> {
        graph::Client::new(graph).state(entity)
    }

    fn adjust(
        &mut self,
        graph: TaskId,
        entity: EntityId,
        state: BlockState,
        change: FormatChange,
        commit: bool,
    ) -> GraphResult<BlockState> {
        graph::Client::new(graph).adjust(entity, state, change, commit)
    }

    fn enumerate(
        &mut self,
        graph: TaskId,
        pad: PadRef,
        (state, which): (BlockState, Which),
        choice: Choice,
    ) -> GraphResult<Offer> {
        graph::Client::new(graph).enumerate(pad, state, which == Which::Active, choice)
    }
}

impl PollPeers for Slots {
    fn answer_poll(&mut self, caller: TaskId, result: Result<PollEvents, Refusal>) {
        reply_poll(caller, result.map_err(Into::into));
    }

    fn note(&mut self, note: Note) {
        // The story can miss a line; a node cannot stop for it.
        let _ = supervisor::Client::to(self.supervisor).note(note);
    }
}
