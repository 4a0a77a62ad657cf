//! The operations of a statistics node.

use idl::types::{
    BufferIndex, Event, EventKind, Handle, Name, NextStatistics, NodeError, NodeUsage, Outlook,
    PollEvents, Pool, QueuedEvent, Statistics, StatisticsConfig, StatisticsEngine, TaskIndex,
};
use idol_runtime::ipc;
use sys_abi::{TaskId, WatchEvent};
use task_node::{Base, EventLog, PollPeers, Reaction, Refusal, Subscriber, Subscription};

use crate::buffers::Buffers;

/// Most events that wait for one handle (omap3isp: `STAT_NEVENTS`).
pub const EVENTS_MAX: usize = 8;

/// Most entries that one draining takes: more than the driver can have.
const DRAIN_MAX: usize = 32;

/// What makes one instance differ from another.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Exact name of the node's entity.
    pub entity: Name,
    /// The engine behind it.
    pub engine: StatisticsEngine,
    /// Most handles, at most [`task_node::HANDLES_MAX`].
    pub handles: u16,
    /// The ISP.
    pub isp: TaskIndex,
    /// The media graph.
    pub graph: TaskIndex,
    /// The ledger.
    pub frames: TaskIndex,
}

/// The peers. Operations of the engine are those of `idl/isp.idol` with its name.
pub trait Upstream: PollPeers {
    /// The graph knows the entity.
    fn find(&mut self, graph: TaskId, name: Name) -> Result<(), Refusal>;
    /// `statistics_configure`.
    fn configure(&mut self, isp: TaskId, config: StatisticsConfig) -> Result<u16, Refusal>;
    /// `statistics_enable`.
    fn enable(&mut self, isp: TaskId, on: bool) -> Result<(), Refusal>;
    /// `statistics_queue`.
    fn queue(&mut self, isp: TaskId, buffer: BufferIndex) -> Result<(), Refusal>;
    /// `statistics_next`.
    fn next(&mut self, isp: TaskId) -> Result<NextStatistics, Refusal>;
    /// Fetches a measurement that did not come by DMA.
    fn collect(&mut self, isp: TaskId, buffer: BufferIndex, bytes: u32) -> Result<(), Refusal>;
    /// The ledger: takes charge of the pool; gives its shape.
    fn attach(&mut self, frames: TaskId) -> Result<Pool, Refusal>;
    /// The ledger: the buffer is nobody's, then waits for the hardware. `Busy` while hardware or
    /// quarantine holds it.
    fn prepare(&mut self, frames: TaskId, buffer: BufferIndex) -> Result<(), Refusal>;
    /// The ledger: the buffer is nobody's. `Busy` as above.
    fn release(&mut self, frames: TaskId, buffer: BufferIndex) -> Result<(), Refusal>;
}

/// What the node keeps per handle.
#[derive(Clone, Copy, Debug, Default)]
struct StatisticsHandle {
    subscription: Option<Subscription>,
}

impl Subscriber for StatisticsHandle {
    fn subscription(&self) -> &Option<Subscription> {
        &self.subscription
    }

    fn subscription_mut(&mut self) -> &mut Option<Subscription> {
        &mut self.subscription
    }
}

/// A statistics node. `U` reaches its peers.
pub struct Node<U> {
    /// The peers.
    pub upstream: U,
    config: Config,
    base: Base<StatisticsHandle, (), 3>,
    events: EventLog<EVENTS_MAX>,
    buffers: Buffers,
    /// The present life of the driver measures for this node.
    enabled: bool,
}

impl<U: Upstream> Node<U> {
    /// A node that knows of no serving peer yet.
    #[must_use]
    pub fn new(upstream: U, config: Config) -> Self {
        let peers = [config.isp, config.graph, config.frames];
        Self {
            upstream,
            config,
            base: Base::new(peers, usize::from(config.handles)),
            events: EventLog::new(),
            buffers: Buffers::new(0),
            enabled: false,
        }
    }

    /// At the node's own start: what the supervisor says of a peer.
    pub fn learn(&mut self, peer: TaskIndex, outlook: Outlook) {
        self.base.learn(peer, outlook);
    }

    /// Takes an edge of a watched task.
    pub fn edge(&mut self, event: WatchEvent) {
        let reaction = self.base.edge_of(event, &mut self.upstream);
        self.forget_after(reaction);
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

    /// Fetches what the driver has; makes events of it. To be called when the driver says so.
    ///
    /// # Errors
    /// What the driver refuses; a disconnect, which has been dealt with.
    pub fn drain(&mut self) -> Result<(), Refusal> {
        for _ in 0..DRAIN_MAX {
            let next = self.upstream.next(self.isp()?);
            match self.relay(next)? {
                NextStatistics::Empty => break,
                NextStatistics::Filled { buffer, statistics } => self.filled(buffer, statistics)?,
                NextStatistics::Damaged { buffer, statistics } => {
                    self.measured(&statistics, true);
                    self.give(buffer)?;
                }
                NextStatistics::Returned { buffer } => self.bring_home(buffer)?,
                NextStatistics::Off => self.switched_off()?,
            }
        }
        Ok(())
    }

    /// `open`.
    ///
    /// # Errors
    /// `NoDevice`, also while the graph does not know the entity; `TableFull`; `Rebuilding`.
    pub fn open(&mut self, caller: TaskId) -> Result<Handle, Refusal> {
        self.base.session.accept().map_err(ipc::Error::Op)?;
        let graph = self.peer(self.config.graph)?;
        let found = self.upstream.find(graph, self.config.entity);
        self.relay(found).map_err(|refusal| match refusal {
            ipc::Error::Op(NodeError::NoSuchEntity) => ipc::Error::Op(NodeError::NoDevice),
            other => other,
        })?;
        self.base.open(caller, StatisticsHandle::default())
    }

    /// `close`.
    ///
    /// # Errors
    /// `BadHandle`.
    pub fn close(&mut self, caller: TaskId, handle: Handle) -> Result<(), Refusal> {
        self.base.close(caller, handle).map(|_| ())
    }

    /// `configure`.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record; `InvalidConfiguration`, also if it is for
    /// another engine or its measurement does not fit a buffer.
    pub fn configure(
        &mut self,
        caller: TaskId,
        handle: Handle,
        config: StatisticsConfig,
    ) -> Result<u16, Refusal> {
        self.base.enter(caller, handle)?;
        let buffer_bytes = self.attach()?;
        if config.engine() != self.config.engine || config.bytes() > buffer_bytes {
            return Err(ipc::Error::Op(NodeError::InvalidConfiguration));
        }
        // The driver checks each number.
        let configured = self.upstream.configure(self.isp()?, config);
        self.relay(configured)
    }

    /// `enable`.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record; `NotEnabled` before any configuration.
    pub fn enable(&mut self, caller: TaskId, handle: Handle, on: bool) -> Result<(), Refusal> {
        self.base.enter(caller, handle)?;
        self.drain()?;
        let switched = self.upstream.enable(self.isp()?, on);
        self.relay(switched)?;
        if !on {
            self.switched_off()?;
            return self.drain();
        }
        self.enabled = true;
        self.attach()?;
        for buffer in self.buffers.at_home() {
            self.give(buffer)?;
        }
        Ok(())
    }

    /// `request`: `copy` moves the measurement into the caller's `room_bytes` of memory.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record; `NotEnabled`, `Busy`, `TooShort`.
    pub fn request(
        &mut self,
        (caller, handle): (TaskId, Handle),
        room_bytes: usize,
        copy: impl FnOnce(&mut U, BufferIndex, u32),
    ) -> Result<Statistics, Refusal> {
        self.base.enter(caller, handle)?;
        self.drain()?;
        let refuse = |error| Err(ipc::Error::Op(error));
        if !self.enabled {
            return refuse(NodeError::NotEnabled);
        }
        let Some((buffer, statistics)) = self.buffers.oldest() else {
            return refuse(NodeError::Busy);
        };
        if room_bytes < statistics.bytes as usize {
            return refuse(NodeError::TooShort);
        }
        copy(&mut self.upstream, buffer, statistics.bytes);
        self.give(buffer)?;
        Ok(statistics)
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
        if kind != EventKind::Statistics {
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
        if kind == EventKind::Statistics { self.base.unsubscribe(caller, handle) } else { Ok(()) }
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

    /// How full the tables are.
    #[must_use]
    pub fn usage(&self) -> NodeUsage {
        NodeUsage { buffers: self.buffers.ready() as u16, ..self.base.usage() }
    }

    /// Takes charge of the buffers; gives the size of each, in bytes.
    fn attach(&mut self) -> Result<u32, Refusal> {
        let attached = self.upstream.attach(self.peer(self.config.frames)?);
        let pool = self.relay(attached)?;
        self.buffers.resize(pool.count);
        Ok(pool.buffer_bytes)
    }

    fn filled(&mut self, buffer: BufferIndex, statistics: Statistics) -> Result<(), Refusal> {
        let collected = self.upstream.collect(self.isp()?, buffer, statistics.bytes);
        match self.relay(collected) {
            Ok(()) => {}
            Err(ipc::Error::Op(_)) => {
                self.measured(&statistics, true);
                return self.give(buffer);
            }
            Err(disconnect) => return Err(disconnect),
        }
        self.buffers.fill(buffer, statistics);
        self.measured(&statistics, false);
        self.buffers.surplus().map_or(Ok(()), |oldest| self.give(oldest))
    }

    /// A measurement was made, or lost: an event for who has subscribed.
    fn measured(&mut self, statistics: &Statistics, buffer_error: bool) {
        let Statistics { frame_number, config_counter, timestamp_us, .. } = *statistics;
        let event = Event::Statistics { frame_number, config_counter, buffer_error };
        self.events.push(event, timestamp_us);
        self.base.wake_listeners(&mut self.upstream);
    }

    /// Gives a buffer to the driver, or keeps it at home if hardware or ledger do not let go.
    fn give(&mut self, buffer: BufferIndex) -> Result<(), Refusal> {
        self.buffers.take_back(buffer);
        if !self.enabled {
            return Ok(());
        }
        let frames = self.peer(self.config.frames)?;
        let prepared = self.upstream.prepare(frames, buffer);
        match self.relay(prepared) {
            Ok(()) => {}
            Err(ipc::Error::Op(_)) => return Ok(()),
            Err(disconnect) => return Err(disconnect),
        }
        let queued = self.upstream.queue(self.isp()?, buffer);
        match self.relay(queued) {
            Ok(()) => self.buffers.give(buffer),
            Err(ipc::Error::Op(_)) => {}
            Err(disconnect) => return Err(disconnect),
        }
        Ok(())
    }

    /// The engine has let go of a buffer, and nobody will read it: it is nobody's, also by the ledger.
    fn bring_home(&mut self, buffer: BufferIndex) -> Result<(), Refusal> {
        self.buffers.take_back(buffer);
        let released = self.upstream.release(self.peer(self.config.frames)?, buffer);
        match self.relay(released) {
            // What hardware or quarantine holds comes back by itself.
            Ok(()) | Err(ipc::Error::Op(_)) => Ok(()),
            Err(disconnect) => Err(disconnect),
        }
    }

    fn switched_off(&mut self) -> Result<(), Refusal> {
        self.enabled = false;
        while let Some((buffer, _)) = self.buffers.oldest() {
            self.bring_home(buffer)?;
        }
        Ok(())
    }

    fn forget_after(&mut self, reaction: Reaction) {
        if matches!(reaction, Reaction::Disconnect(_)) {
            self.enabled = false;
            self.buffers = Buffers::new(0);
        }
    }

    fn isp(&self) -> Result<TaskId, Refusal> {
        self.peer(self.config.isp)
    }

    fn peer(&self, index: TaskIndex) -> Result<TaskId, Refusal> {
        self.base.peer(index)
    }

    /// A peer's answer. A death that it brought is dealt with.
    fn relay<T>(&mut self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        result.inspect_err(|refusal| {
            let reaction = self.base.refused(refusal, &mut self.upstream);
            self.forget_after(reaction);
        })
    }
}
