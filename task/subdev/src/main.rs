//! A subdev node as a task: slots, dispatch, timer.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![forbid(unsafe_code)]

use idl::subdev::{INCOMING_BYTES, InOrderSubdevImpl, dispatch, reply_poll};
use idl::types::{
    BlockState, EntityId, FormatChange, Handle, Name, NodeError, Note, PollEvents, TaskIndex, Which,
};
use idl::{CallInfo, RequestError, graph, supervisor};
use sys_abi::TaskId;
use task_node::Refusal;
use task_subdev::{Config, GraphResult, Node, Upstream};
use userlib::{config_str, config_u32, notification, slot};

userlib::entry!(main);

/// The peers behind their slots.
struct Slots {
    supervisor: TaskIndex,
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
            | notification!("timer")
    }

    fn handle_notification(&mut self, _bits: u32) {
        while let Some(event) = userlib::sys_watch_next() {
            self.0.edge(event);
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
}

fn main() -> ! {
    let supervisor = supervisor::Client::to(slot!("supervisor"));
    let config = Config {
        entity: Name::new(config_str!("entity")),
        handles: config_u32!("handles") as u16,
        driver: slot!("driver"),
        graph: slot!("graph"),
    };
    let mut server = Server(Node::new(Slots { supervisor: slot!("supervisor") }, config));
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
