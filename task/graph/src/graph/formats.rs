//! Formats of pads: what becomes of a request, and what can be asked for. The rules are the drivers'.

use idl::types::{
    BlockState, Choice, EntityFunction, EntityId, FormatChange, GraphError, Offer, PadRef,
    VideoNode,
};
use idol_runtime::ipc;

use super::{Failure, Graph};
use crate::drivers::Drivers;
use crate::topology::{Member, Node};

impl<D: Drivers> Graph<D> {
    /// Applies a change by the rules of the entity's driver. While the entity streams, its formats
    /// are what the pipeline was validated with; only the resizer's crop may move.
    ///
    /// # Errors
    /// As [`Graph::state`]; `NoSuchPad` also for a format of a pad that there is not (V4L2: EINVAL); `Busy`
    /// for any other commit while the entity streams; the driver's
    /// disconnect. After an error nothing has changed.
    pub fn adjust(
        &mut self,
        entity: EntityId,
        tried: BlockState,
        change: FormatChange,
        commit: bool,
    ) -> Result<BlockState, Failure> {
        let active = self.state(entity).map_err(ipc::Error::Op)?;
        let node = *self.node(entity).map_err(ipc::Error::Op)?;
        if let FormatChange::Format { pad, .. } = change {
            self.get_format(PadRef { entity, pad }).map_err(ipc::Error::Op)?;
        }
        let scaler = node.entity.description.function == EntityFunction::Scaler;
        let zoom = scaler && matches!(change, FormatChange::Crop(_));
        let running = self.running(entity).filter(|_| commit);
        if running.is_some() && !zoom {
            return Err(ipc::Error::Op(GraphError::Busy));
        }
        let adjusted = self.ask(&node, if commit { active } else { tried }, change)?;
        if let Some(video) = running {
            if (adjusted.sink, adjusted.source) != (active.sink, active.source) {
                return Err(ipc::Error::Op(GraphError::Busy));
            }
            self.zoom(video, adjusted)?;
        }
        if commit && let Some(node) = self.topology.node_mut(entity) {
            node.state = Some(adjusted);
        }
        Ok(adjusted)
    }

    /// A code that a pad can have, and its sizes, while the entity's other pads are as in `tried`, or as they
    /// are.
    ///
    /// # Errors
    /// As [`Graph::get_format`]; `NoSuchFormat` after the last; the driver's disconnect.
    pub fn enumerate(
        &mut self,
        PadRef { entity, pad }: PadRef,
        tried: Option<BlockState>,
        choice: Choice,
    ) -> Result<Offer, Failure> {
        self.get_format(PadRef { entity, pad }).map_err(ipc::Error::Op)?;
        let active = self.state(entity).map_err(ipc::Error::Op)?;
        let node = *self.node(entity).map_err(ipc::Error::Op)?;
        let driver = self.life(node.member).ok_or(ipc::Error::Op(GraphError::NoSuchEntity))?;
        let state = tried.unwrap_or(active);
        match node.member {
            Member::Isp => {
                let feed = self.topology.feed(entity);
                let asked = (pad, choice);
                let result = self.drivers.isp_enumerate(driver, node.position, state, feed, asked);
                self.relay(result, |_| GraphError::NoSuchFormat)
            }
            Member::Sensor => {
                let result = self.drivers.sensor_enumerate(driver, state, choice);
                self.relay(result, |_| GraphError::NoSuchFormat)
            }
        }
    }

    fn ask(
        &mut self,
        node: &Node,
        state: BlockState,
        change: FormatChange,
    ) -> Result<BlockState, Failure> {
        let driver = self.life(node.member).ok_or(ipc::Error::Op(GraphError::NoSuchEntity))?;
        match node.member {
            Member::Isp => {
                let feed = self.topology.feed(node.entity.id);
                let result = self.drivers.isp_adjust(driver, node.position, state, feed, change);
                self.relay(result, |_| GraphError::NoSuchPad)
            }
            Member::Sensor => {
                let result = self.drivers.sensor_adjust(driver, state, change);
                self.relay(result, |_| GraphError::NoSuchPad)
            }
        }
    }

    /// Moves the crop of a running resizer.
    fn zoom(&mut self, video: VideoNode, resizer: BlockState) -> Result<(), Failure> {
        let isp = self.life(Member::Isp).ok_or(ipc::Error::Op(GraphError::NoSuchEntity))?;
        let moved = self.drivers.isp_set_crop(isp, video, resizer);
        self.relay(moved, |_| GraphError::Busy)
    }
}
