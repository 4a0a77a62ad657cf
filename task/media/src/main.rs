//! The media device node as a task: slots, dispatch, timer.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

use idl::media::{INCOMING_BYTES, InOrderMediaImpl, dispatch, reply_poll};
use idl::types::{
    DeviceInfo, Entity, Handle, Link, NodeError, Note, PadRef, PollEvents, TaskIndex,
};
use idl::{CallInfo, RequestError, graph, supervisor};
use sys_abi::TaskId;
use task_media::{Config, GraphResult, Node, Upstream};
use task_node::{PollPeers, Refusal};
use userlib::{config_u32, notification, slot};

userlib::entry!(main);

/// The peers behind their slots.
struct Slots {
    supervisor: TaskIndex,
}

impl Upstream for Slots {
    fn topology_version(&mut self, graph: TaskId) -> GraphResult<u32> {
        Ok(graph::Client::new(graph).topology_version()?)
    }

    fn entity(&mut self, graph: TaskId, version: u32, index: u8) -> GraphResult<Entity> {
        graph::Client::new(graph).entity(version, index)
    }

    fn link(&mut self, graph: TaskId, version: u32, index: u8) -> GraphResult<Link> {
        graph::Client::new(graph).link(version, index)
    }

    fn setup_link(
        &mut self,
        graph: TaskId,
        source: PadRef,
        sink: PadRef,
        enabled: bool,
    ) -> GraphResult<()> {
        graph::Client::new(graph).setup_link(source, sink, enabled)
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

impl InOrderMediaImpl for Server {
    fn notification_mask(&self) -> u32 {
        notification!("isp_edge")
            | notification!("graph_edge")
            | notification!("client_edge")
            | notification!("topology")
            | notification!("timer")
    }

    fn handle_notification(&mut self, bits: u32) {
        while let Some(event) = userlib::sys_watch_next() {
            self.0.edge(event);
        }
        if bits & notification!("topology") != 0 {
            self.0.topology_changed();
        }
        self.0.expire(userlib::sys_get_timer().now_us);
    }

    fn open(&mut self, call: &CallInfo) -> Reply<Handle> {
        Ok(self.0.open(call.sender)?)
    }

    fn close(&mut self, call: &CallInfo, handle: Handle) -> Reply<()> {
        Ok(self.0.close(call.sender, handle)?)
    }

    fn device_info(&mut self, call: &CallInfo, handle: Handle) -> Reply<DeviceInfo> {
        Ok(self.0.device_info(call.sender, handle)?)
    }

    fn topology_version(&mut self, call: &CallInfo, handle: Handle) -> Reply<u32> {
        Ok(self.0.topology_version(call.sender, handle)?)
    }

    fn entity(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        version: u32,
        index: u8,
    ) -> Reply<Entity> {
        Ok(self.0.entity(call.sender, handle, version, index)?)
    }

    fn link(&mut self, call: &CallInfo, handle: Handle, version: u32, index: u8) -> Reply<Link> {
        Ok(self.0.link(call.sender, handle, version, index)?)
    }

    fn setup_link(
        &mut self,
        call: &CallInfo,
        handle: Handle,
        source: PadRef,
        sink: PadRef,
        enabled: bool,
    ) -> Reply<()> {
        Ok(self.0.setup_link(call.sender, handle, source, sink, enabled)?)
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
}

fn main() -> ! {
    let supervisor = supervisor::Client::to(slot!("supervisor"));
    let config =
        Config { handles: config_u32!("handles") as u16, isp: slot!("isp"), graph: slot!("graph") };
    let mut server = Server(Node::new(Slots { supervisor: slot!("supervisor") }, config));
    for peer in [config.isp, config.graph] {
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
