//! Handles, formats and buffers of a node, and the disconnect procedure.

use idl::types::{
    BUFFERS_MAX, BufferIndex, BufferInfo, Capability, DeviceNode, Disconnect, Edge, Event,
    FrameInterval, FrameSizes, Handle, Name, NodeError, NodeUsage, Outlook, PixFormat, PixelFormat,
    PollEvents, Pool, PoolId, ReadTiming, Reclaim, TaskIndex, VideoNode,
};
use idol_runtime::ipc;
use sys_abi::{DeathRecord, TaskId, WatchEvent};
use task_node::{Base, Reaction, Refusal, Waiter};

use crate::buffers::{Buffers, Place};
use crate::formats::Formats;
use crate::readers::Readers;
use crate::stream::{Lost, Stream};
use crate::upstream::{Answer, FramesResult, Upstream};

/// What makes one instance differ from another.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// N of /dev/videoN.
    pub number: u8,
    /// Exact name of the node's entity.
    pub entity: Name,
    /// The node's pool.
    pub pool: PoolId,
    /// Most handles, at most [`task_node::HANDLES_MAX`].
    pub handles: u16,
    /// The ISP driver.
    pub isp: TaskIndex,
    /// The media graph.
    pub graph: TaskIndex,
    /// The ledger.
    pub frames: TaskIndex,
    /// The sensor driver: a running stream ends when it dies.
    pub sensor: TaskIndex,
}

impl Config {
    /// The node in the words of the ISP driver.
    ///
    /// # Panics
    /// If the number is not one of the seven: the image is wrong and must not run.
    #[must_use]
    pub fn video(&self) -> VideoNode {
        match self.number {
            0 => VideoNode::Ccp2Input,
            1 => VideoNode::Csi2aOutput,
            2 => VideoNode::CcdcOutput,
            3 => VideoNode::PreviewInput,
            4 => VideoNode::PreviewOutput,
            5 => VideoNode::ResizerInput,
            6 => VideoNode::ResizerOutput,
            _ => panic!("the OMAP3 ISP has video nodes 0 to 6"),
        }
    }
}

/// What a node keeps per handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VideoHandle {
    /// Handles delegated from one another share a stream.
    pub(crate) family: u32,
    pub(crate) format: PixFormat,
    /// Of a node that takes frames: to what reading is limited.
    pub(crate) interval: FrameInterval,
}

impl VideoHandle {
    /// How a frame of this time is to be read.
    pub(crate) fn timing(&self, timestamp_us: u64) -> ReadTiming {
        ReadTiming { timestamp_us, interval: self.interval }
    }
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Dequeue,
    NextFrame,
    StreamOff,
    Poll(PollEvents),
}

/// Deferred, or the value at once.
pub type Deferrable<T> = Result<Option<T>, Refusal>;

/// A video node. `U` reaches its peers.
pub struct Node<U> {
    /// The peers.
    pub upstream: U,
    pub(crate) config: Config,
    pub(crate) formats: Formats,
    pub(crate) base: Base<VideoHandle, Wait, 3>,
    pub(crate) buffers: Buffers,
    /// Whose buffers they are.
    pub(crate) owner: Option<u32>,
    /// Who has frames beside that.
    pub(crate) readers: Readers,
    /// What the stream was started with.
    pub(crate) format: Option<PixFormat>,
    pub(crate) stream: Stream,
    /// A handle was closed, by its holder or for its death, since [`Node::settle`] has looked at what it
    /// left behind.
    pub(crate) handle_closed: bool,
    /// The life of frames that knows of this node, and the pool.
    pub(crate) attached: Option<(TaskId, Pool)>,
    families: u32,
}

impl<U: Upstream> Node<U> {
    /// A node that knows of no serving peer yet.
    #[must_use]
    pub fn new(upstream: U, config: Config) -> Self {
        Self {
            upstream,
            formats: Formats::of(config.number),
            base: Base::new([config.isp, config.graph, config.frames], usize::from(config.handles)),
            buffers: Buffers::new(),
            owner: None,
            readers: Readers::new(),
            format: None,
            stream: Stream::Off,
            handle_closed: false,
            attached: None,
            families: 0,
            config,
        }
    }

    /// At the node's own start: what the supervisor says of a peer.
    pub fn learn(&mut self, peer: TaskIndex, outlook: Outlook) {
        self.base.learn(peer, outlook);
    }

    /// Takes all edges that there are.
    pub fn take_edges(&mut self) {
        while let Some(event) = self.upstream.next_edge() {
            self.edge(event);
        }
    }

    /// Takes an edge of a watched task.
    pub fn edge(&mut self, event: WatchEvent) {
        let WatchEvent { peer, edge, generation, cause } = event;
        if peer == self.config.sensor {
            if edge == Edge::Died {
                self.sensor_died(DeathRecord { peer, generation, cause }.into());
            }
            return;
        }
        let upstream = &mut self.upstream;
        let reaction = self.base.edge(event, |waiter, record| tell(upstream, waiter, record));
        self.react(reaction);
    }

    /// Answers the calls whose time is over.
    pub fn expire(&mut self, now_us: u64) {
        while let Some(waiter) = self.base.waiters.take_expired(now_us) {
            let late = ipc::Error::Op(match waiter.kind {
                Wait::Dequeue if self.all_are_held() => NodeError::NoBuffers,
                Wait::NextFrame if self.runs_dry() => NodeError::NoBuffers,
                _ => NodeError::TimedOut,
            });
            let answer = match waiter.kind {
                Wait::Dequeue => Answer::Dequeued(Err(late)),
                Wait::NextFrame => Answer::Read(Err(late)),
                Wait::StreamOff => Answer::StreamedOff(Err(late)),
                Wait::Poll(_) => Answer::Polled(Ok(PollEvents::NONE)),
            };
            self.upstream.answer(waiter.caller, answer);
        }
    }

    /// When [`Node::expire`] is due, in microseconds since boot.
    #[must_use]
    pub fn deadline_us(&self) -> Option<u64> {
        self.base.waiters.next_deadline_us()
    }

    /// What is left to do when the caller at hand has its answer: attach the pool, stop what
    /// nobody holds, bring lost buffers back, tell the supervisor. To be called after each message
    /// and edge.
    pub fn settle(&mut self) {
        if self.readers.any() {
            self.settle_readers();
        }
        self.attach();
        self.settle_stream();
        if self.readers.any() {
            self.serve_readers();
        }
        while let Some(note) = self.base.disconnects.take() {
            self.upstream.note(note);
        }
    }

    /// `open`.
    ///
    /// # Errors
    /// `NoDevice`, `TableFull`.
    pub fn open(&mut self, caller: TaskId) -> Result<Handle, Refusal> {
        let pool = self.pool()?;
        self.families = self.families.wrapping_add(1);
        let format = self.formats.default(&pool);
        let handle = VideoHandle { family: self.families, format, interval: FrameInterval::NONE };
        self.base.open(caller, handle)
    }

    /// `close`. What the handle leaves behind is settled later.
    ///
    /// # Errors
    /// `BadHandle`.
    pub fn close(&mut self, caller: TaskId, handle: Handle) -> Result<(), Refusal> {
        self.base.close(caller, handle)?;
        self.handle_closed = true;
        Ok(())
    }

    /// `query_capability`.
    ///
    /// # Errors
    /// `BadHandle`, `NoDevice`, the handle's record.
    pub fn query_capability(
        &mut self,
        caller: TaskId,
        handle: Handle,
    ) -> Result<Capability, Refusal> {
        let pool = self.enter(caller, handle)?.1;
        Ok(Capability {
            driver: Name::new("omap3isp"),
            card: self.config.entity,
            node: DeviceNode::Video(self.config.number),
            capture: self.is_capture(),
            pool: self.config.pool,
            buffers: pool.count.min(BUFFERS_MAX as u8),
        })
    }

    /// `enum_format`.
    ///
    /// # Errors
    /// `InvalidFormat` after the last; else as [`Node::query_capability`].
    pub fn enum_format(
        &mut self,
        caller: TaskId,
        handle: Handle,
        index: u8,
    ) -> Result<PixelFormat, Refusal> {
        self.enter(caller, handle)?;
        self.formats.get(index).ok_or(ipc::Error::Op(NodeError::InvalidFormat))
    }

    /// `enum_frame_sizes`.
    ///
    /// # Errors
    /// `InvalidFormat` after the last, and for a format that the node does not have; else as
    /// [`Node::query_capability`].
    pub fn enum_frame_sizes(
        &mut self,
        caller: TaskId,
        handle: Handle,
        pixel_format: PixelFormat,
        index: u16,
    ) -> Result<FrameSizes, Refusal> {
        let (_, pool) = self.enter(caller, handle)?;
        let sizes = self.formats.sizes(pixel_format, &pool).filter(|_| index == 0);
        sizes.ok_or(ipc::Error::Op(NodeError::InvalidFormat))
    }

    /// `get_format`.
    ///
    /// # Errors
    /// As [`Node::query_capability`].
    pub fn get_format(&mut self, caller: TaskId, handle: Handle) -> Result<PixFormat, Refusal> {
        Ok(self.enter(caller, handle)?.0.format)
    }

    /// `set_format`.
    ///
    /// # Errors
    /// `Busy` while the handle has buffers; else as [`Node::query_capability`].
    pub fn set_format(
        &mut self,
        caller: TaskId,
        handle: Handle,
        wanted: PixFormat,
    ) -> Result<PixFormat, Refusal> {
        let (opened, pool) = self.enter(caller, handle)?;
        if self.owner == Some(opened.family) {
            return Err(ipc::Error::Op(NodeError::Busy));
        }
        let format = self.formats.adjust(wanted, &pool);
        self.base.handles.live(caller, handle)?.format = format;
        Ok(format)
    }

    /// `request_buffers`.
    ///
    /// # Errors
    /// `Busy` while another handle owns the queue, while streaming, or if the handle reads;
    /// `InvalidFormat` if a buffer is too small for the handle's format; `NoBuffers` if another client or
    /// a reader holds one of the buffers; else as [`Node::query_capability`].
    pub fn request_buffers(
        &mut self,
        caller: TaskId,
        handle: Handle,
        count: u8,
    ) -> Result<u8, Refusal> {
        let (opened, pool) = self.enter(caller, handle)?;
        let others = self.owner.is_some_and(|owner| owner != opened.family);
        if others || self.stream != Stream::Off || self.readers.is_of(opened.family) {
            return Err(ipc::Error::Op(NodeError::Busy));
        }
        if opened.format.size_bytes > pool.buffer_bytes {
            return Err(ipc::Error::Op(NodeError::InvalidFormat));
        }
        self.cancel_all()?;
        let granted = count.min(pool.count).min(BUFFERS_MAX as u8);
        // Before anything is let go of: a refused request leaves the caller what it holds.
        if !(0..granted).all(|index| self.is_free_for(BufferIndex(index), caller.index())) {
            return Err(ipc::Error::Op(NodeError::NoBuffers));
        }
        let wanted = if granted == 0 { pool.count } else { granted };
        for index in 0..wanted {
            self.vacate(BufferIndex(index), caller.index(), granted == 0)?;
        }
        self.free_all();
        for index in 0..granted {
            self.buffers.put(BufferIndex(index), Place::Client(None));
        }
        self.owner = (granted > 0).then_some(opened.family);
        Ok(granted)
    }

    /// `query_buffer`.
    ///
    /// # Errors
    /// `BadBuffer`; else as [`Node::query_capability`].
    pub fn query_buffer(
        &mut self,
        caller: TaskId,
        handle: Handle,
        buffer: BufferIndex,
    ) -> Result<BufferInfo, Refusal> {
        let (opened, pool) = self.enter(caller, handle)?;
        self.owned(&opened, buffer)?;
        let frames = self.call_id(self.config.frames)?;
        let owner = self.upstream.frames_owner(frames, buffer);
        let owner = self.ledger(owner)?;
        let offset_bytes = u32::from(buffer.0) * pool.buffer_bytes;
        Ok(BufferInfo { offset_bytes, length_bytes: opened.format.size_bytes, owner })
    }

    /// `poll`.
    ///
    /// # Errors
    /// As [`Node::query_capability`], and `TooManyWaiters`.
    pub fn poll(
        &mut self,
        caller: TaskId,
        handle: Handle,
        events: PollEvents,
        timeout_ms: u32,
        now_us: u64,
    ) -> Deferrable<PollEvents> {
        let (opened, _) = self.enter(caller, handle)?;
        let ready = match self.readers.of(handle) {
            Some(reader) => self.poll_reader(reader, events),
            None => self.poll_state(opened.family, events),
        };
        if ready != PollEvents::NONE || timeout_ms == 0 {
            return Ok(Some(ready));
        }
        self.wait(caller, handle, Wait::Poll(events), timeout_ms, now_us)
    }

    /// `dequeue_event`. A video node of this ISP has no events but the end of the handle.
    ///
    /// # Errors
    /// `NoEvent`; else as [`Node::query_capability`].
    pub fn dequeue_event(&mut self, caller: TaskId, handle: Handle) -> Result<Event, Refusal> {
        self.enter(caller, handle)?;
        Err(ipc::Error::Op(NodeError::NoEvent))
    }

    /// `reclaim`, for handles that have ended.
    ///
    /// # Errors
    /// `BadHandle` if the caller does not hold the handle or it has not ended; `BadBuffer` if the
    /// buffer was not queued when it ended, or was reclaimed before.
    pub fn reclaim(
        &mut self,
        caller: TaskId,
        handle: Handle,
        buffer: BufferIndex,
    ) -> Result<Reclaim, Refusal> {
        let opened = *self.base.handles.get(caller, handle).map_err(ipc::Error::Op)?;
        if opened.ended.is_none() {
            return Err(ipc::Error::Op(NodeError::BadHandle));
        }
        match self.owned(&opened.data, buffer)? {
            Place::Cancelled => {
                self.buffers.put(buffer, Place::Client(None));
                Ok(Reclaim::Cancelled)
            }
            Place::Client(_) => Err(ipc::Error::Op(NodeError::BadBuffer)),
            _ => Ok(Reclaim::Pending),
        }
    }

    /// `delegate`, to the present life of another task, if it is one that can call this node.
    ///
    /// # Errors
    /// `NoSuchTask`; `TableFull`; else as [`Node::query_capability`].
    pub fn delegate(
        &mut self,
        caller: TaskId,
        handle: Handle,
        holder: Option<TaskId>,
    ) -> Result<Handle, Refusal> {
        self.enter(caller, handle)?;
        let holder = holder.ok_or(ipc::Error::Op(NodeError::NoSuchTask))?;
        self.base.delegate(caller, handle, holder)
    }

    /// `usage`.
    #[must_use]
    pub fn usage(&self) -> NodeUsage {
        NodeUsage { buffers: self.buffers.busy() as u16, ..self.base.usage() }
    }

    /// What `family` would see in a poll now.
    pub(crate) fn poll_state(&self, family: u32, events: PollEvents) -> PollEvents {
        let ready = self.ready_event();
        if !events.contains(ready) {
            return PollEvents::NONE;
        }
        let own = self.owner == Some(family);
        if own && self.buffers.any_filled() {
            return ready;
        }
        // V4L2: a poll for frames on a queue that does not stream is an error.
        if own && matches!(self.stream, Stream::Half(_) | Stream::On(_)) {
            PollEvents::NONE
        } else {
            PollEvents::ERR
        }
    }

    /// The door of each operation: what is kept for a live handle, and the pool.
    pub(crate) fn enter(
        &mut self,
        caller: TaskId,
        handle: Handle,
    ) -> Result<(VideoHandle, Pool), Refusal> {
        let opened = *self.base.enter(caller, handle)?;
        Ok((opened, self.pool()?))
    }

    /// The place of a buffer that belongs to the handle's queue.
    pub(crate) fn owned(
        &self,
        opened: &VideoHandle,
        buffer: BufferIndex,
    ) -> Result<Place, Refusal> {
        let own = self.owner == Some(opened.family);
        let place = if own { self.buffers.place(buffer) } else { None };
        place.ok_or(ipc::Error::Op(NodeError::BadBuffer))
    }

    pub(crate) fn wait<T>(
        &mut self,
        caller: TaskId,
        handle: Handle,
        kind: Wait,
        timeout_ms: u32,
        now_us: u64,
    ) -> Deferrable<T> {
        self.base.wait(caller, handle, kind, timeout_ms, now_us).map(|()| None)
    }

    /// The life of a peer to call now.
    pub(crate) fn call_id(&self, peer: TaskIndex) -> Result<TaskId, Refusal> {
        self.base.peer(peer)
    }

    /// The ledger's answer in a node's words. A death that it brought is dealt with.
    pub(crate) fn ledger<T>(&mut self, result: FramesResult<T>) -> Result<T, Refusal> {
        result.map_err(|error| {
            self.observe(error.disconnect());
            error.map_op(|_| NodeError::BadBuffer)
        })
    }

    /// Deals with a death that a call brought.
    pub(crate) fn observe(&mut self, record: Option<Disconnect>) {
        if let Some(record) = record {
            let upstream = &mut self.upstream;
            let reaction =
                self.base.observe(record, |waiter, record| tell(upstream, waiter, record));
            self.react(reaction);
        }
    }

    fn pool(&self) -> Result<Pool, Refusal> {
        match self.attached {
            Some((life, pool)) if self.base.session.id(self.config.frames) == Some(life) => {
                Ok(pool)
            }
            _ => Err(ipc::Error::Op(NodeError::NoDevice)),
        }
    }

    /// Takes charge of the pool at each life of frames.
    fn attach(&mut self) {
        let Some(frames) = self.base.session.id(self.config.frames) else { return };
        if self.attached.is_some_and(|(life, _)| life == frames) {
            return;
        }
        let held = self.buffers.bits(|place| matches!(place, Place::Client(Some(_))));
        let pool = self.upstream.frames_pool(frames, self.config.pool);
        let Ok(pool) = self.ledger(pool) else { return };
        let attached = self.upstream.frames_attach(frames, held);
        if self.ledger(attached).is_ok() && self.share_again(frames).is_ok() {
            self.attached = Some((frames, pool));
            self.pool_is_back();
        }
    }

    /// What the end of a session means for the buffers; handles and waiters have been dealt with.
    fn react(&mut self, reaction: Reaction) {
        match reaction {
            Reaction::Disconnect(Disconnect { peer, generation, .. }) => {
                let quiet = (peer == self.config.isp).then_some(generation);
                let attach = peer == self.config.frames;
                self.lose_stream(Lost { quiet, attach, ..Lost::default() });
            }
            Reaction::Quiet { peer, generation } if peer == self.config.isp => {
                self.isp_is_quiet(generation);
            }
            Reaction::Sweep { .. } => self.handle_closed = true,
            Reaction::None | Reaction::Quiet { .. } => {}
        }
    }

    /// A running stream ends with the sensor; handles that do not stream go on.
    fn sensor_died(&mut self, record: Disconnect) {
        if let (Stream::On(run) | Stream::Stopping(run), Some(owner)) = (self.stream, self.owner)
            && run.live
        {
            self.end_family(record, owner);
        }
    }

    /// The disconnect procedure for one stream and its readers.
    pub(crate) fn end_family(&mut self, record: Disconnect, ended: u32) {
        let upstream = &mut self.upstream;
        let readers = &self.readers;
        let family = |handle: &VideoHandle| handle.family == ended || readers.is_of(handle.family);
        self.base.end(record, family, |waiter, record| tell(upstream, waiter, record));
        self.lose_stream(Lost::default());
    }
}

/// Answers a call that waited with a disconnect.
fn tell(upstream: &mut impl Upstream, waiter: Waiter<Wait>, record: Disconnect) {
    let ended = ipc::Error::Disconnected(record);
    let answer = match waiter.kind {
        Wait::Dequeue => Answer::Dequeued(Err(ended)),
        Wait::NextFrame => Answer::Read(Err(ended)),
        Wait::StreamOff => Answer::StreamedOff(Err(ended)),
        Wait::Poll(_) => Answer::Polled(Ok(PollEvents::DISCONNECTED)),
    };
    upstream.answer(waiter.caller, answer);
}
