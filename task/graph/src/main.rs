//! The media graph as a task: slots, dispatch, timer.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

use idl::graph::{INCOMING_BYTES, InOrderGraphImpl, dispatch};
use idl::types::{
    BlockState, Choice, ControlId, Entity, EntityDescription, EntityId, Feed, FormatChange,
    GraphError, Link, LinkDescription, Name, Note, Offer, PadFormat, PadRef, Pipeline, PixFormat,
    Started, TaskIndex, VideoNode,
};
use idl::{CallInfo, RequestError, isp, sensor, supervisor};
use sys_abi::TaskId;
use task_graph::drivers::{IspResult, SensorResult};
use task_graph::{Drivers, Graph, RETRY_US};
use userlib::{TaskCell, config_str, config_u32s, notification, own_index, post_mask, slot};

userlib::entry!(main);

/// The drivers behind their slots, and those who are told of changes.
struct Slots {
    supervisor: TaskIndex,
    /// Indices of the tasks that get the notification `topology`.
    announce: &'static [u32],
}

impl Drivers for Slots {
    fn isp_describe_entity(&mut self, isp: TaskId, index: u8) -> IspResult<EntityDescription> {
        isp::Client::new(isp).describe_entity(index)
    }

    fn isp_describe_link(&mut self, isp: TaskId, index: u8) -> IspResult<LinkDescription> {
        isp::Client::new(isp).describe_link(index)
    }

    fn isp_default_state(&mut self, isp: TaskId, entity: u8) -> IspResult<BlockState> {
        isp::Client::new(isp).default_state(entity)
    }

    fn isp_adjust(
        &mut self,
        isp: TaskId,
        entity: u8,
        state: BlockState,
        feed: Feed,
        change: FormatChange,
    ) -> IspResult<BlockState> {
        isp::Client::new(isp).adjust(entity, state, feed, change)
    }

    fn isp_enumerate(
        &mut self,
        isp: TaskId,
        entity: u8,
        state: BlockState,
        feed: Feed,
        (pad, choice): (u8, Choice),
    ) -> IspResult<Offer> {
        isp::Client::new(isp).enumerate(entity, state, feed, pad, choice)
    }

    fn isp_start(&mut self, isp: TaskId, pipeline: Pipeline, pixel_rate_hz: u32) -> IspResult<()> {
        isp::Client::new(isp).start(pipeline, pixel_rate_hz)
    }

    fn isp_stop(&mut self, isp: TaskId, video: VideoNode) -> IspResult<()> {
        isp::Client::new(isp).stop(video)
    }

    fn isp_set_crop(
        &mut self,
        isp: TaskId,
        video: VideoNode,
        resizer: BlockState,
    ) -> IspResult<()> {
        isp::Client::new(isp).set_crop(video, resizer)
    }

    fn sensor_describe(&mut self, sensor: TaskId) -> SensorResult<EntityDescription> {
        sensor::Client::new(sensor).describe()
    }

    fn sensor_default_state(&mut self, sensor: TaskId) -> SensorResult<BlockState> {
        sensor::Client::new(sensor).default_state()
    }

    fn sensor_adjust(
        &mut self,
        sensor: TaskId,
        state: BlockState,
        change: FormatChange,
    ) -> SensorResult<BlockState> {
        sensor::Client::new(sensor).adjust(state, change)
    }

    fn sensor_enumerate(
        &mut self,
        sensor: TaskId,
        state: BlockState,
        choice: Choice,
    ) -> SensorResult<Offer> {
        sensor::Client::new(sensor).enumerate(state, choice)
    }

    fn sensor_pixel_rate(&mut self, sensor: TaskId) -> SensorResult<i32> {
        sensor::Client::new(sensor).get_control(ControlId::PIXEL_RATE)
    }

    fn sensor_start(&mut self, sensor: TaskId, state: BlockState) -> SensorResult<()> {
        sensor::Client::new(sensor).start(state)
    }

    fn sensor_stop(&mut self, sensor: TaskId) -> SensorResult<()> {
        sensor::Client::new(sensor).stop()
    }

    fn announce(&mut self, version: u32) {
        for task in self.announce {
            let life = userlib::sys_refresh_task_id(TaskIndex(*task as u8));
            // A task that is down reads the topology when it is back.
            let _ = userlib::sys_post(life, post_mask!("topology"));
        }
        // The story can miss a line; the graph cannot stop for it.
        let _ = supervisor::Client::to(self.supervisor).note(Note::Topology { version });
    }
}

struct Server(Graph<Slots>);

type Reply<T> = Result<T, RequestError<GraphError>>;

impl InOrderGraphImpl for Server {
    fn notification_mask(&self) -> u32 {
        notification!("isp_edge")
            | notification!("sensor_edge")
            | notification!("node_edge")
            | notification!("timer")
    }

    fn handle_notification(&mut self, _bits: u32) {
        while let Some(event) = userlib::sys_watch_next() {
            self.0.edge(event);
        }
    }

    fn topology_version(
        &mut self,
        _: &CallInfo,
    ) -> Result<u32, RequestError<core::convert::Infallible>> {
        Ok(self.0.topology_version())
    }

    fn entity(&mut self, _: &CallInfo, version: u32, index: u8) -> Reply<Entity> {
        Ok(self.0.entity(version, index)?)
    }

    fn link(&mut self, _: &CallInfo, version: u32, index: u8) -> Reply<Link> {
        Ok(self.0.link(version, index)?)
    }

    fn find(&mut self, _: &CallInfo, name: Name) -> Reply<EntityId> {
        Ok(self.0.find(&name)?)
    }

    fn setup_link(
        &mut self,
        _: &CallInfo,
        source: PadRef,
        sink: PadRef,
        enabled: bool,
    ) -> Reply<()> {
        Ok(self.0.setup_link(source, sink, enabled)?)
    }

    fn get_format(&mut self, _: &CallInfo, pad: PadRef) -> Reply<PadFormat> {
        Ok(self.0.get_format(pad)?)
    }

    fn state(&mut self, _: &CallInfo, entity: EntityId) -> Reply<BlockState> {
        Ok(self.0.state(entity)?)
    }

    fn adjust(
        &mut self,
        _: &CallInfo,
        entity: EntityId,
        state: BlockState,
        change: FormatChange,
        commit: bool,
    ) -> Reply<BlockState> {
        Ok(self.0.adjust(entity, state, change, commit)?)
    }

    fn enumerate(
        &mut self,
        _: &CallInfo,
        pad: PadRef,
        state: BlockState,
        active: bool,
        choice: Choice,
    ) -> Reply<Offer> {
        Ok(self.0.enumerate(pad, (!active).then_some(state), choice)?)
    }

    fn start(&mut self, call: &CallInfo, entity: EntityId, format: PixFormat) -> Reply<Started> {
        Ok(self.0.start(call.sender, entity, format)?)
    }

    fn stop(&mut self, call: &CallInfo, entity: EntityId) -> Reply<()> {
        Ok(self.0.stop(call.sender, entity)?)
    }
}

/// In a static, not on the stack, so that a debugger finds the graph by name and type.
static GRAPH: TaskCell<Option<Server>> = TaskCell::new(None);

fn main() -> ! {
    let slots = Slots { supervisor: slot!("supervisor"), announce: config_u32s!("announce") };
    let life = userlib::sys_refresh_task_id(own_index!()).generation();
    let (isp, sensor) = (slot!("isp"), slot!("sensor"));
    let sinks = (config_str!("parallel_sink"), config_str!("serial_sink"));
    let graph = Graph::new(slots, life, isp, sensor, sinks);
    GRAPH.with(|server| serve(server.insert(Server(graph)), [isp, sensor]));
    unreachable!("main runs once and serve does not return")
}

fn serve(server: &mut Server, members: [TaskIndex; 2]) -> ! {
    let supervisor = supervisor::Client::to(slot!("supervisor"));
    for peer in members {
        if let Ok(outlook) = supervisor.outlook(peer) {
            server.0.learn(peer, outlook);
        }
    }
    server.0.settle();
    // Without a supervisor the kernel resets the machine; there is nothing to do about an error.
    let _ = supervisor.ready();
    let mut incoming = [0; INCOMING_BYTES];
    loop {
        let now_us = userlib::sys_get_timer().now_us;
        let retry = server.0.rebuilding().then(|| now_us + RETRY_US);
        userlib::sys_set_timer(retry, notification!("timer"));
        dispatch(&mut incoming, server);
        server.0.settle();
    }
}
