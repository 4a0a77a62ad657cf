//! The operations of a subdev node.

use idl::types::{
    BlockState, CCDC_PIECE_BYTES_MAX, CcdcFeatures, CcdcParameters, CcdcTable, Choice,
    ControlDescription, ControlId, EntityId, Event, EventKind, FormatChange, FrameInterval,
    GraphError, Handle, MbusCode, Name, NodeError, NodeUsage, Offer, Outlook,
    PREVIEW_TABLE_BYTES_MAX, PadFormat, PadRef, PollEvents, PreviewFeatures, PreviewParameters,
    PreviewTable, QueuedEvent, SizeRange, TaskIndex, Which,
};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};
use task_node::{Base, EventLog, PollPeers, Refusal, Subscriber, Subscription, graph_refused};

use crate::driver::Driver;

/// Most events that wait for one handle (omap3isp: `OMAP3ISP_CCDC_NEVENTS`).
pub const EVENTS_MAX: usize = 16;

/// What makes one instance differ from another.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Exact name of the node's entity.
    pub entity: Name,
    /// Most handles, at most [`task_node::HANDLES_MAX`].
    pub handles: u16,
    /// The driver of the entity.
    pub driver: TaskIndex,
    /// The media graph.
    pub graph: TaskIndex,
    /// Whether the entity has frame starts to tell of.
    pub frame_sync: bool,
}

/// The result of a call to the graph.
pub type GraphResult<T> = Result<T, ipc::Error<GraphError>>;

/// The peers. The operations are those of `idl/graph.idol`, and of the driver.
#[allow(missing_docs, reason = "each method is the operation of the same name, documented there")]
pub trait Upstream: Driver + PollPeers {
    fn find(&mut self, graph: TaskId, name: Name) -> GraphResult<EntityId>;
    fn state(&mut self, graph: TaskId, entity: EntityId) -> GraphResult<BlockState>;
    fn adjust(
        &mut self,
        graph: TaskId,
        entity: EntityId,
        state: BlockState,
        change: FormatChange,
        commit: bool,
    ) -> GraphResult<BlockState>;
    fn enumerate(
        &mut self,
        graph: TaskId,
        pad: PadRef,
        state: (BlockState, Which),
        choice: Choice,
    ) -> GraphResult<Offer>;
}

/// What the node keeps per handle.
#[derive(Clone, Copy, Debug)]
struct SubdevHandle {
    entity: EntityId,
    tried: BlockState,
    /// To frame starts.
    subscription: Option<Subscription>,
}

impl Subscriber for SubdevHandle {
    fn subscription(&self) -> &Option<Subscription> {
        &self.subscription
    }

    fn subscription_mut(&mut self) -> &mut Option<Subscription> {
        &mut self.subscription
    }
}

/// A subdev node. `U` reaches its peers.
pub struct Node<U> {
    /// The peers.
    pub upstream: U,
    config: Config,
    base: Base<SubdevHandle, (), 2>,
    events: EventLog<EVENTS_MAX>,
}

impl<U: Upstream> Node<U> {
    /// A node that knows of no serving peer yet.
    #[must_use]
    pub fn new(upstream: U, config: Config) -> Self {
        let base = Base::new([config.driver, config.graph], usize::from(config.handles));
        Self { upstream, config, base, events: EventLog::new() }
    }

    /// At the node's own start: what the supervisor says of a peer.
    pub fn learn(&mut self, peer: TaskIndex, outlook: Outlook) {
        self.base.learn(peer, outlook);
    }

    /// Takes an edge of a watched task.
    pub fn edge(&mut self, event: WatchEvent) {
        let _ = self.base.edge_of(event, &mut self.upstream);
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

    /// The driver says that a frame has started: asks which, and tells who subscribed. Without
    /// subscribers nothing is asked.
    pub fn frame_started(&mut self) {
        let Ok(driver) = self.driver() else { return };
        if !self.base.is_heard() {
            return;
        }
        let start = self.upstream.frame_start(driver);
        // A stream that has ended meanwhile has no frame to tell of.
        let Ok(start) = self.relay(start) else { return };
        self.events.push(Event::FrameSync { sequence: start.sequence }, start.timestamp_us);
        self.base.wake_listeners(&mut self.upstream);
    }

    /// Tells the supervisor what there is to tell. To be called after each message and edge.
    pub fn settle(&mut self) {
        self.base.settle(&mut self.upstream);
    }

    /// `open`. The try state starts as the active one.
    ///
    /// # Errors
    /// `NoDevice`, also while the graph does not know the entity; `TableFull`; `Rebuilding`.
    pub fn open(&mut self, caller: TaskId) -> Result<Handle, Refusal> {
        self.base.session.accept().map_err(ipc::Error::Op)?;
        let graph = self.graph()?;
        let found = self.upstream.find(graph, self.config.entity);
        let entity = self.relay_graph(found).map_err(|refusal| match refusal {
            ipc::Error::Op(NodeError::NoSuchEntity) => ipc::Error::Op(NodeError::NoDevice),
            other => other,
        })?;
        let state = self.upstream.state(graph, entity);
        let tried = self.relay_graph(state)?;
        self.base.open(caller, SubdevHandle { entity, tried, subscription: None })
    }

    /// `close`.
    ///
    /// # Errors
    /// `BadHandle`.
    pub fn close(&mut self, caller: TaskId, handle: Handle) -> Result<(), Refusal> {
        self.base.close(caller, handle).map(|_| ())
    }

    /// `state`.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record; what the graph refuses.
    pub fn state(
        &mut self,
        caller: TaskId,
        handle: Handle,
        which: Which,
    ) -> Result<BlockState, Refusal> {
        let SubdevHandle { entity, tried, .. } = *self.base.enter(caller, handle)?;
        match which {
            Which::Try => Ok(tried),
            Which::Active => {
                let graph = self.graph()?;
                let result = self.upstream.state(graph, entity);
                self.relay_of_entity(result)
            }
        }
    }

    /// `adjust`. After an error neither state has changed.
    ///
    /// # Errors
    /// As [`Node::state`].
    pub fn adjust(
        &mut self,
        caller: TaskId,
        handle: Handle,
        which: Which,
        change: FormatChange,
    ) -> Result<BlockState, Refusal> {
        let SubdevHandle { entity, tried, .. } = *self.base.enter(caller, handle)?;
        let graph = self.graph()?;
        let commit = which == Which::Active;
        let result = self.upstream.adjust(graph, entity, tried, change, commit);
        let adjusted = self.relay_of_entity(result)?;
        if !commit {
            self.base.enter(caller, handle)?.tried = adjusted;
        }
        Ok(adjusted)
    }

    /// `enum_mbus_code`.
    ///
    /// # Errors
    /// As [`Node::state`]; `NoSuchLink` if there is no such pad; `InvalidFormat` after the last.
    pub fn enum_mbus_code(
        &mut self,
        by: (TaskId, Handle),
        (which, pad): (Which, u8),
        index: u16,
    ) -> Result<MbusCode, Refusal> {
        Ok(self.enumerate(by, (which, pad), Choice::Index(index))?.code)
    }

    /// `enum_frame_size`.
    ///
    /// # Errors
    /// As [`Node::enum_mbus_code`]; `InvalidFormat` also for a code that the pad cannot have.
    pub fn enum_frame_size(
        &mut self,
        by: (TaskId, Handle),
        (which, pad): (Which, u8),
        code: MbusCode,
        index: u16,
    ) -> Result<SizeRange, Refusal> {
        let offer = self.enumerate(by, (which, pad), Choice::Code(code))?;
        if index == 0 { Ok(offer.sizes) } else { Err(ipc::Error::Op(NodeError::InvalidFormat)) }
    }

    /// `enum_frame_interval`.
    ///
    /// # Errors
    /// As [`Node::enum_frame_size`]; `InvalidFormat` also for a size that the pad cannot have;
    /// `NoFrameInterval` unless the entity is a sensor.
    pub fn enum_frame_interval(
        &mut self,
        (caller, handle): (TaskId, Handle),
        (which, pad): (Which, u8),
        format: PadFormat,
        index: u16,
    ) -> Result<FrameInterval, Refusal> {
        self.enumerate((caller, handle), (which, pad), Choice::Code(format.code))?;
        let state = self.state(caller, handle, which)?;
        let result = self.upstream.enum_frame_interval(self.driver()?, state, format, index);
        self.relay(result)
    }

    fn enumerate(
        &mut self,
        (caller, handle): (TaskId, Handle),
        (which, pad): (Which, u8),
        choice: Choice,
    ) -> Result<Offer, Refusal> {
        let SubdevHandle { entity, tried, .. } = *self.base.enter(caller, handle)?;
        let (graph, pad) = (self.graph()?, PadRef { entity, pad });
        let result = self.upstream.enumerate(graph, pad, (tried, which), choice);
        self.relay_of_entity(result)
    }

    /// `get_frame_interval`.
    ///
    /// # Errors
    /// As [`Node::state`]; `NoFrameInterval` unless the entity is a sensor.
    pub fn frame_interval(
        &mut self,
        caller: TaskId,
        handle: Handle,
    ) -> Result<FrameInterval, Refusal> {
        let active = self.state(caller, handle, Which::Active)?;
        let result = self.upstream.frame_interval(self.driver()?, active);
        self.relay(result)
    }

    /// `set_frame_interval`.
    ///
    /// # Errors
    /// As [`Node::frame_interval`].
    pub fn set_frame_interval(
        &mut self,
        caller: TaskId,
        handle: Handle,
        interval: FrameInterval,
    ) -> Result<FrameInterval, Refusal> {
        let active = self.state(caller, handle, Which::Active)?;
        let result = self.upstream.set_frame_interval(self.driver()?, active, interval);
        self.relay(result)
    }

    /// `subscribe_event`.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record; `NoSuchEvent`.
    pub fn subscribe(
        &mut self,
        caller: TaskId,
        handle: Handle,
        kind: EventKind,
    ) -> Result<(), Refusal> {
        self.base.enter(caller, handle)?;
        if kind != EventKind::FrameSync || !self.config.frame_sync {
            return Err(ipc::Error::Op(NodeError::NoSuchEvent));
        }
        self.base.subscribe(caller, handle, &self.events)
    }

    /// `unsubscribe_event`. Not to be subscribed is fine.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record.
    pub fn unsubscribe(
        &mut self,
        caller: TaskId,
        handle: Handle,
        kind: EventKind,
    ) -> Result<(), Refusal> {
        self.base.enter(caller, handle)?;
        if kind == EventKind::FrameSync { self.base.unsubscribe(caller, handle) } else { Ok(()) }
    }

    /// `dequeue_event`.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`; the handle's record, also while events are queued; `NoEvent`.
    pub fn dequeue_event(
        &mut self,
        caller: TaskId,
        handle: Handle,
    ) -> Result<QueuedEvent, Refusal> {
        self.base.dequeue_event(caller, handle, &self.events)
    }

    /// `query_control`.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record; `NoSuchControl`, `DriverRefused`.
    pub fn query_control(
        &mut self,
        caller: TaskId,
        handle: Handle,
        index: u8,
    ) -> Result<ControlDescription, Refusal> {
        self.base.enter(caller, handle)?;
        let result = self.upstream.query_control(self.driver()?, index);
        self.relay(result)
    }

    /// `query_menu`.
    ///
    /// # Errors
    /// As [`Node::query_control`].
    pub fn query_menu(
        &mut self,
        caller: TaskId,
        handle: Handle,
        id: ControlId,
        index: u32,
    ) -> Result<Name, Refusal> {
        self.base.enter(caller, handle)?;
        let result = self.upstream.query_menu(self.driver()?, id, index);
        self.relay(result)
    }

    /// `get_control`: the value that the driver has. The node keeps none, so there is none that
    /// could outlive the driver.
    ///
    /// # Errors
    /// As [`Node::query_control`].
    pub fn get_control(
        &mut self,
        caller: TaskId,
        handle: Handle,
        id: ControlId,
    ) -> Result<i32, Refusal> {
        self.base.enter(caller, handle)?;
        let result = self.upstream.get_control(self.driver()?, id);
        self.relay(result)
    }

    /// `set_control`.
    ///
    /// # Errors
    /// As [`Node::query_control`].
    pub fn set_control(
        &mut self,
        caller: TaskId,
        handle: Handle,
        id: ControlId,
        value: i32,
    ) -> Result<i32, Refusal> {
        self.base.enter(caller, handle)?;
        let result = self.upstream.set_control(self.driver()?, id, value);
        self.relay(result)
    }

    /// `preview_parameters`.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record; `NoConfiguration` of another entity;
    /// `InvalidConfiguration`, `Busy`.
    pub fn preview_parameters(
        &mut self,
        (caller, handle): (TaskId, Handle),
        parameters: PreviewParameters,
    ) -> Result<(), Refusal> {
        self.base.enter(caller, handle)?;
        let result = self.upstream.preview_parameters(self.driver()?, parameters);
        self.relay(result)
    }

    /// `preview_table`. `read` copies what the caller lent; it is called once the handle is known to be
    /// the caller's.
    ///
    /// # Errors
    /// As [`Node::preview_parameters`]; what `read` gives.
    pub fn preview_table<E: From<Refusal>>(
        &mut self,
        (caller, handle): (TaskId, Handle),
        table: PreviewTable,
        read: impl FnOnce(&mut [u8; PREVIEW_TABLE_BYTES_MAX]) -> Result<usize, E>,
    ) -> Result<(), E> {
        self.base.enter(caller, handle)?;
        let driver = self.driver()?;
        let mut bytes = [0; PREVIEW_TABLE_BYTES_MAX];
        let count = read(&mut bytes)?;
        let result = self.upstream.preview_table(driver, table, &bytes[..count]);
        Ok(self.relay(result)?)
    }

    /// `preview_configure`.
    ///
    /// # Errors
    /// As [`Node::preview_parameters`]; `UnsupportedFeature`.
    pub fn preview_configure(
        &mut self,
        (caller, handle): (TaskId, Handle),
        update: PreviewFeatures,
        flag: PreviewFeatures,
    ) -> Result<(), Refusal> {
        self.base.enter(caller, handle)?;
        let result = self.upstream.preview_configure(self.driver()?, update, flag);
        self.relay(result)
    }

    /// `ccdc_parameters`.
    ///
    /// # Errors
    /// As [`Node::preview_parameters`].
    pub fn ccdc_parameters(
        &mut self,
        (caller, handle): (TaskId, Handle),
        parameters: CcdcParameters,
    ) -> Result<(), Refusal> {
        self.base.enter(caller, handle)?;
        let result = self.upstream.ccdc_parameters(self.driver()?, parameters);
        self.relay(result)
    }

    /// `ccdc_table`: a table of `bytes` bytes, in pieces. `read` copies one from the caller's lease, from an
    /// offset on; it is called once the handle is known to be the caller's.
    ///
    /// # Errors
    /// As [`Node::preview_table`].
    pub fn ccdc_table<E: From<Refusal>>(
        &mut self,
        (caller, handle): (TaskId, Handle),
        (table, bytes): (CcdcTable, usize),
        mut read: impl FnMut(usize, &mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.base.enter(caller, handle)?;
        let mut piece = [0; CCDC_PIECE_BYTES_MAX];
        // No bytes are one piece too: the driver says what it thinks of that.
        for offset in (0..bytes.max(1)).step_by(CCDC_PIECE_BYTES_MAX) {
            let driver = self.driver()?;
            let piece = &mut piece[..(bytes - offset).min(CCDC_PIECE_BYTES_MAX)];
            read(offset, piece)?;
            let whole = (table, bytes as u32);
            let result = self.upstream.ccdc_table(driver, whole, offset as u32, piece);
            self.relay(result)?;
        }
        Ok(())
    }

    /// `ccdc_configure`.
    ///
    /// # Errors
    /// As [`Node::preview_configure`].
    pub fn ccdc_configure(
        &mut self,
        (caller, handle): (TaskId, Handle),
        update: CcdcFeatures,
        flag: CcdcFeatures,
    ) -> Result<(), Refusal> {
        self.base.enter(caller, handle)?;
        let result = self.upstream.ccdc_configure(self.driver()?, update, flag);
        self.relay(result)
    }

    /// `poll`. `None`: the answer comes later.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record, `TooManyWaiters`.
    pub fn poll(
        &mut self,
        caller: TaskId,
        handle: Handle,
        timeout_ms: u32,
        now_us: u64,
    ) -> Result<Option<PollEvents>, Refusal> {
        self.base.poll_event((caller, handle), timeout_ms, now_us, &self.events)
    }

    /// How full the tables are.
    #[must_use]
    pub fn usage(&self) -> NodeUsage {
        self.base.usage()
    }

    fn graph(&self) -> Result<TaskId, Refusal> {
        self.base.peer(self.config.graph)
    }

    fn driver(&self) -> Result<TaskId, Refusal> {
        self.base.peer(self.config.driver)
    }

    /// The graph's answer in a node's words, as [`Node::relay`].
    fn relay_graph<T>(&mut self, result: GraphResult<T>) -> Result<T, Refusal> {
        self.relay(result.map_err(graph_refused))
    }

    /// The graph's answer about an entity that a handle is open on. It is more important than this node, so
    /// it may have handled the death of the driver first, and know the entity no more; the driver's record
    /// says so then.
    fn relay_of_entity<T>(&mut self, result: GraphResult<T>) -> Result<T, Refusal> {
        let relayed = self.relay_graph(result);
        if matches!(relayed, Err(ipc::Error::Op(NodeError::NoSuchEntity))) {
            let asked = self.upstream.get_control(self.driver()?, ControlId::BRIGHTNESS);
            if let Err(ended @ ipc::Error::Disconnected(_)) = self.relay(asked) {
                return Err(ended);
            }
        }
        relayed
    }

    /// A peer's answer. A death that it brought is dealt with.
    fn relay<T>(&mut self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        result.inspect_err(|refusal| {
            let _ = self.base.refused(refusal, &mut self.upstream);
        })
    }
}
