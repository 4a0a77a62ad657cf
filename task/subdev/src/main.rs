//! A subdev node as a task: slots, dispatch, timer.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

use core::convert::Infallible;
use idl::subdev::{INCOMING_BYTES, InOrderSubdevImpl, dispatch, reply_poll};
use idl::types::{
    BlockState, ControlDescription, ControlId, EntityId, EventKind, FormatChange, FrameStart,
    Handle, Name, NodeError, NodeUsage, Note, PollEvents, QueuedEvent, TaskIndex, Which,
};
use idl::{CallInfo, RequestError, graph, ipc, isp, sensor, supervisor};
use sys_abi::TaskId;
use task_node::{PollPeers, Refusal, isp_refused};
use task_subdev::{Config, Driver, GraphResult, Node, Upstream, sensor_refused};
use userlib::{config_str, config_u32, notification, slot};

userlib::entry!(main);

/// The peers behind their slots.
struct Slots {
    supervisor: TaskIndex,
    entity: Name,
    /// Whether the driver speaks `idl/sensor.idol`; else it speaks `idl/isp.idol`.
    is_sensor: bool,
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

struct Server(Node<Slots>);

type Reply<T> = Result<T, RequestError<NodeError>>;

impl InOrderSubdevImpl for Server {
    fn notification_mask(&self) -> u32 {
        notification!("driver_edge")
            | notification!("graph_edge")
            | notification!("client_edge")
            | notification!("frame_sync")
            | notification!("timer")
    }

    fn handle_notification(&mut self, bits: u32) {
        while let Some(event) = userlib::sys_watch_next() {
            self.0.edge(event);
        }
        if bits & notification!("frame_sync") != 0 {
            self.0.frame_started();
        }
        self.0.expire(userlib::sys_get_timer().now_us);
    }

    fn open(&mut self, call: &CallInfo) -> Reply<Handle> {
        Ok(self.0.open(call.sender)?)
    }

    fn close(&mut self, call: &CallInfo, handle: Handle) -> Reply<()> {
        Ok(self.0.close(call.sender, handle)?)
    }

    fn state(&mut self, call: &CallInfo, handle: Handle, which: Which) -> Reply<BlockState> {
        Ok(self.0.state(call.sender, handle, which)?)
    }

    fn adjust(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        which: Which,
        change: FormatChange,
    ) -> Reply<BlockState> {
        Ok(self.0.adjust(call.sender, handle, which, change)?)
    }

    fn poll(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        _events: PollEvents,
        timeout_ms: u32,
    ) -> Reply<PollEvents> {
        let now_us = userlib::sys_get_timer().now_us;
        self.0.poll(call.sender, handle, timeout_ms, now_us)?.ok_or(RequestError::Deferred)
    }

    fn subscribe_event(&mut self, call: &CallInfo, handle: Handle, kind: EventKind) -> Reply<()> {
        Ok(self.0.subscribe(call.sender, handle, kind)?)
    }

    fn unsubscribe_event(&mut self, call: &CallInfo, handle: Handle, kind: EventKind) -> Reply<()> {
        Ok(self.0.unsubscribe(call.sender, handle, kind)?)
    }

    fn dequeue_event(&mut self, call: &CallInfo, handle: Handle) -> Reply<QueuedEvent> {
        Ok(self.0.dequeue_event(call.sender, handle)?)
    }

    fn query_control(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        index: u8,
    ) -> Reply<ControlDescription> {
        Ok(self.0.query_control(call.sender, handle, index)?)
    }

    fn query_menu(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        id: ControlId,
        index: u32,
    ) -> Reply<Name> {
        Ok(self.0.query_menu(call.sender, handle, id, index)?)
    }

    fn get_control(&mut self, call: &CallInfo, handle: Handle, id: ControlId) -> Reply<i32> {
        Ok(self.0.get_control(call.sender, handle, id)?)
    }

    fn set_control(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        id: ControlId,
        value: i32,
    ) -> Reply<i32> {
        Ok(self.0.set_control(call.sender, handle, id, value)?)
    }

    fn usage(&mut self, _: &CallInfo) -> Result<NodeUsage, RequestError<Infallible>> {
        Ok(self.0.usage())
    }
}

fn main() -> ! {
    let supervisor = supervisor::Client::to(slot!("supervisor"));
    let entity = Name::new(config_str!("entity"));
    let config = Config {
        entity,
        handles: config_u32!("handles") as u16,
        driver: slot!("driver"),
        graph: slot!("graph"),
        frame_sync: config_u32!("frame_sync") != 0,
    };
    let is_sensor = config_str!("interface") == "sensor";
    let slots = Slots { supervisor: slot!("supervisor"), entity, is_sensor };
    let mut server = Server(Node::new(slots, config));
    for peer in [config.driver, config.graph] {
        if let Ok(outlook) = supervisor.outlook(peer) {
            server.0.learn(peer, outlook);
        }
    }
    // Without a supervisor the kernel resets the machine; there is nothing to do about an error.
    let _ = supervisor.ready();
    let mut incoming = [0; INCOMING_BYTES];
    loop {
        userlib::sys_set_timer(server.0.deadline_us(), notification!("timer"));
        dispatch(&mut incoming, &mut server);
        server.0.settle();
    }
}
