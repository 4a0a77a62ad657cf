//! The operations of the media node.

use idl::types::{
    DeviceInfo, Entity, GraphError, Handle, Link, Name, NodeUsage, Outlook, PadRef, PollEvents,
    TaskIndex,
};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};
use task_node::{Base, PollPeers, Refusal, Waiter, graph_refused};

/// OMAP36xx: ISP revision 15.0 (`media-ctl -p` prints it so).
const HW_REVISION: u32 = 0xF0;

/// What makes one instance differ from another.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Most handles, at most [`task_node::HANDLES_MAX`].
    pub handles: u16,
    /// The ISP driver: the device goes with it.
    pub isp: TaskIndex,
    /// The media graph.
    pub graph: TaskIndex,
}

/// The result of a call to the graph.
pub type GraphResult<T> = Result<T, ipc::Error<GraphError>>;

/// The peers. The operations are those of `idl/graph.idol`.
#[allow(missing_docs, reason = "each method is the operation of the same name, documented there")]
pub trait Upstream: PollPeers {
    fn topology_version(&mut self, graph: TaskId) -> GraphResult<u32>;
    fn entity(&mut self, graph: TaskId, version: u32, index: u8) -> GraphResult<Entity>;
    fn link(&mut self, graph: TaskId, version: u32, index: u8) -> GraphResult<Link>;
    fn setup_link(
        &mut self,
        graph: TaskId,
        source: PadRef,
        sink: PadRef,
        enabled: bool,
    ) -> GraphResult<()>;
}

/// What the node keeps per handle: the version that its client knows.
type Known = Option<u32>;

/// The media device node. `U` reaches its peers.
pub struct Node<U> {
    /// The peers.
    pub upstream: U,
    config: Config,
    base: Base<Known, (), 2>,
}

impl<U: Upstream> Node<U> {
    /// A node that knows of no serving peer yet.
    #[must_use]
    pub fn new(upstream: U, config: Config) -> Self {
        let base = Base::new([config.isp, config.graph], usize::from(config.handles));
        Self { upstream, config, base }
    }

    /// At the node's own start: what the supervisor says of a peer.
    pub fn learn(&mut self, peer: TaskIndex, outlook: Outlook) {
        self.base.learn(peer, outlook);
    }

    /// Takes an edge of a watched task.
    pub fn edge(&mut self, event: WatchEvent) {
        let _ = self.base.edge_of(event, &mut self.upstream);
    }

    /// The graph says that the topology has changed: wakes the polls whose client does not know
    /// the present version.
    pub fn topology_changed(&mut self) {
        let Ok(version) = self.version() else { return };
        let Self { base: Base { waiters, handles, .. }, upstream, .. } = self;
        let outdated = |waiter: &Waiter<()>| {
            let open = handles.peek(waiter.caller, waiter.handle);
            open.is_some_and(|open| open.data != Some(version))
        };
        while let Some(waiter) = waiters.take(outdated) {
            upstream.answer_poll(waiter.caller, Ok(PollEvents::PRI));
        }
    }

    /// Answers the polls whose time is over.
    pub fn expire(&mut self, now_us: u64) {
        self.base.expire(now_us, &mut self.upstream);
    }

    /// When [`Node::expire`] is due, in microseconds since boot.
    #[must_use]
    pub fn deadline_us(&self) -> Option<u64> {
        self.base.waiters.next_deadline_us()
    }

    /// Tells the supervisor what there is to tell. To be called after each message and edge.
    pub fn settle(&mut self) {
        self.base.settle(&mut self.upstream);
    }

    /// `open`.
    ///
    /// # Errors
    /// `NoDevice`, `TableFull`.
    pub fn open(&mut self, caller: TaskId) -> Result<Handle, Refusal> {
        self.base.open(caller, None)
    }

    /// `close`.
    ///
    /// # Errors
    /// `BadHandle`.
    pub fn close(&mut self, caller: TaskId, handle: Handle) -> Result<(), Refusal> {
        self.base.close(caller, handle).map(|_| ())
    }

    /// `device_info`.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record.
    pub fn device_info(&mut self, caller: TaskId, handle: Handle) -> Result<DeviceInfo, Refusal> {
        self.base.enter(caller, handle)?;
        Ok(DeviceInfo {
            driver: Name::new("omap3isp"),
            model: Name::new("TI OMAP3 ISP"),
            bus_info: Name::new("platform:480bc000.isp"),
            hw_revision: HW_REVISION,
        })
    }

    /// `topology_version`.
    ///
    /// # Errors
    /// As [`Node::device_info`].
    pub fn topology_version(&mut self, caller: TaskId, handle: Handle) -> Result<u32, Refusal> {
        self.base.enter(caller, handle)?;
        let version = self.version()?;
        *self.base.enter(caller, handle)? = Some(version);
        Ok(version)
    }

    /// `entity`.
    ///
    /// # Errors
    /// As [`Node::device_info`]; what the graph refuses.
    pub fn entity(
        &mut self,
        caller: TaskId,
        handle: Handle,
        version: u32,
        index: u8,
    ) -> Result<Entity, Refusal> {
        let graph = self.enter(caller, handle)?;
        let result = self.upstream.entity(graph, version, index);
        self.relay(result)
    }

    /// `link`.
    ///
    /// # Errors
    /// As [`Node::device_info`]; what the graph refuses.
    pub fn link(
        &mut self,
        caller: TaskId,
        handle: Handle,
        version: u32,
        index: u8,
    ) -> Result<Link, Refusal> {
        let graph = self.enter(caller, handle)?;
        let result = self.upstream.link(graph, version, index);
        self.relay(result)
    }

    /// `setup_link`.
    ///
    /// # Errors
    /// As [`Node::device_info`]; what the graph refuses.
    pub fn setup_link(
        &mut self,
        caller: TaskId,
        handle: Handle,
        source: PadRef,
        sink: PadRef,
        enabled: bool,
    ) -> Result<(), Refusal> {
        let graph = self.enter(caller, handle)?;
        let result = self.upstream.setup_link(graph, source, sink, enabled);
        self.relay(result)
    }

    /// `poll`: a priority event if the client does not know the present version. `None`: the
    /// answer comes later.
    ///
    /// # Errors
    /// As [`Node::device_info`], and `TooManyWaiters`.
    pub fn poll(
        &mut self,
        caller: TaskId,
        handle: Handle,
        timeout_ms: u32,
        now_us: u64,
    ) -> Result<Option<PollEvents>, Refusal> {
        let known = *self.base.enter(caller, handle)?;
        if known != Some(self.version()?) {
            return Ok(Some(PollEvents::PRI));
        }
        if timeout_ms == 0 {
            return Ok(Some(PollEvents::NONE));
        }
        self.base.wait(caller, handle, (), timeout_ms, now_us).map(|()| None)
    }

    /// How full the tables are.
    #[must_use]
    pub fn usage(&self) -> NodeUsage {
        self.base.usage()
    }

    fn version(&mut self) -> Result<u32, Refusal> {
        let graph = self.graph()?;
        let result = self.upstream.topology_version(graph);
        self.relay(result)
    }

    fn enter(&mut self, caller: TaskId, handle: Handle) -> Result<TaskId, Refusal> {
        self.base.enter(caller, handle)?;
        self.graph()
    }

    fn graph(&self) -> Result<TaskId, Refusal> {
        self.base.peer(self.config.graph)
    }

    /// The graph's answer in a node's words. A death that it brought is dealt with.
    fn relay<T>(&mut self, result: GraphResult<T>) -> Result<T, Refusal> {
        result.map_err(graph_refused).inspect_err(|refusal| {
            let _ = self.base.refused(refusal, &mut self.upstream);
        })
    }
}
