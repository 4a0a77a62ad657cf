//! The stream: queue order, frames, start, stop, and what becomes of buffers that were lost.

use idl::types::{
    BUFFERS_MAX, BufferIndex, EntityId, FrameDone, FrameFlags, FrameInfo, FramesError, Generation,
    GraphError, Handle, IspError, NextDone, NodeError, PollEvents, Started,
};
use idol_runtime::ipc;
use sys_abi::TaskId;
use task_node::{Refusal, Waiter, graph_refused};

use crate::buffers::{Place, Queued};
use crate::node::{Deferrable, Node, VideoHandle, Wait};
use crate::upstream::{Answer, Memory, Upstream};

/// Most results to drain in one go: each buffer once, and the end, twice over.
const DRAIN_MAX: usize = 2 * (BUFFERS_MAX + 1);

/// What the stream of a node is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Not started.
    Off,
    /// From memory, and started at the graph, but not at the other end yet.
    Half(EntityId),
    /// Runs.
    On(Run),
    /// The graph has been told to stop; `Stopped` is still to come.
    Stopping(Run),
    /// The handle ended; its buffers come back when nothing is missing any more.
    Lost(Lost),
}

/// A running pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The node's entity.
    pub(crate) entity: EntityId,
    /// The sensor has a part in it.
    pub(crate) live: bool,
}

/// What is missing before the buffers of an ended handle can come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// The hardware of this ended life of the ISP must be quiet.
    pub(crate) quiet: Option<Generation>,
    /// The ISP lives and must say that it has stopped.
    pub(crate) stopped: bool,
    /// The pool must be attached to the next life of the ledger.
    pub(crate) attach: bool,
    /// The graph lives and must be told to stop the pipeline.
    pub(crate) stop: Option<EntityId>,
}

impl Lost {
    fn complete(self) -> bool {
        self == Self::default()
    }
}

impl<U: Upstream> Node<U> {
    /// `queue_buffer`.
    ///
    /// # Errors
    /// `BadBuffer` unless the buffer is the client's; `DriverRefused`; `NoDevice`; the handle's record. The buffer
    /// is the client's afterwards, but after a disconnect.
    pub fn queue_buffer(
        &mut self,
        caller: TaskId,
        handle: Handle,
        buffer: BufferIndex,
    ) -> Result<(), Refusal> {
        let opened = self.take_in(caller, handle, buffer)?;
        let queued = Queued { imported: None, timing: opened.timing(0) };
        if self.readers.hold(buffer) {
            return self.queue_when_let_go(caller, buffer, queued);
        }
        let frames = self.call_id(self.config.frames)?;
        let taken = self.upstream.frames_queue(frames, buffer);
        self.ledger(taken)?;
        self.queue_new(buffer, queued)
    }

    /// The client queues one of its buffers: what its handle says, if it may.
    pub(crate) fn take_in(
        &mut self,
        caller: TaskId,
        handle: Handle,
        buffer: BufferIndex,
    ) -> Result<VideoHandle, Refusal> {
        let (opened, _) = self.enter(caller, handle)?;
        match self.owned(&opened, buffer)? {
            // Another holder of the stream may be reading it.
            Place::Client(Some(holder)) if holder != caller.index() => {
                Err(ipc::Error::Op(NodeError::BadBuffer))
            }
            Place::Client(_) => Ok(opened),
            _ => Err(ipc::Error::Op(NodeError::BadBuffer)),
        }
    }

    /// The ledger has the buffer as queued, and its QBUF is still to be answered. If the driver refuses it, or one
    /// that it would wait behind, it is the client's again (V4L2: a QBUF that fails leaves its buffer dequeued).
    pub(crate) fn queue_new(&mut self, buffer: BufferIndex, queued: Queued) -> Result<(), Refusal> {
        self.buffers.note(buffer, queued);
        self.buffers.put(buffer, Place::Queued);
        let fed = self.feed();
        if matches!(fed, Err(ipc::Error::Op(_))) {
            self.cancel(buffer)?;
            self.buffers.put(buffer, Place::Client(None));
        }
        fed
    }

    /// `stream_on`.
    ///
    /// # Errors
    /// `BadBuffer` without buffers; `Busy` while it stops or another handle owns the queue; what
    /// the graph refuses; a disconnect, which ends the handle.
    pub fn stream_on(&mut self, caller: TaskId, handle: Handle) -> Result<(), Refusal> {
        let (opened, _) = self.enter(caller, handle)?;
        match (self.owner, self.stream) {
            (None, _) => return Err(ipc::Error::Op(NodeError::BadBuffer)),
            (Some(owner), _) if owner != opened.family => {
                return Err(ipc::Error::Op(NodeError::Busy));
            }
            // V4L2: STREAMON of a running stream changes nothing.
            (_, Stream::Half(_) | Stream::On(_)) => return Ok(()),
            (_, Stream::Stopping(_) | Stream::Lost(_)) => {
                return Err(ipc::Error::Op(NodeError::Busy));
            }
            (_, Stream::Off) => {}
        }
        let graph = self.call_id(self.config.graph)?;
        let started = self.upstream.graph_find(graph, self.config.entity).and_then(|entity| {
            self.upstream.graph_start(graph, entity, opened.format).map(|started| (entity, started))
        });
        self.format = Some(opened.format);
        match started.map_err(graph_refused) {
            Ok((entity, Started::Waiting)) => {
                self.stream = Stream::Half(entity);
                Ok(())
            }
            Ok((entity, started)) => {
                self.stream = Stream::On(Run { entity, live: started == Started::Live });
                self.feed_answered()
            }
            Err(refusal) => {
                if let Some(record) = refusal.disconnect() {
                    self.observe(Some(record));
                    self.end_family(record, opened.family);
                }
                Err(refusal)
            }
        }
    }

    /// `stream_off`: at once if nothing runs, else when the hardware is idle.
    ///
    /// # Errors
    /// `Busy` if another handle owns the queue; `TooManyWaiters`; a disconnect.
    pub fn stream_off(
        &mut self,
        caller: TaskId,
        handle: Handle,
        timeout_ms: u32,
        now_us: u64,
    ) -> Deferrable<()> {
        let (opened, _) = self.enter(caller, handle)?;
        if self.owner.is_some_and(|owner| owner != opened.family) {
            return Err(ipc::Error::Op(NodeError::Busy));
        }
        match self.stream {
            Stream::On(run) => {
                self.stop(run)?;
                self.drain()?;
            }
            Stream::Half(entity) => self.leave_half(entity)?,
            Stream::Off | Stream::Stopping(_) | Stream::Lost(_) => {}
        }
        match self.stream {
            Stream::Off => self.cancel_all().map(Some),
            Stream::Half(_) | Stream::On(_) | Stream::Stopping(_) | Stream::Lost(_) => {
                self.wait(caller, handle, Wait::StreamOff, timeout_ms, now_us)
            }
        }
    }

    /// `dequeue_buffer`.
    ///
    /// # Errors
    /// `NotStreaming`; `Busy` if another handle owns the queue; `WouldBlock`; `TooManyWaiters`;
    /// a disconnect.
    pub fn dequeue_buffer(
        &mut self,
        caller: TaskId,
        handle: Handle,
        timeout_ms: u32,
        now_us: u64,
    ) -> Deferrable<FrameInfo> {
        let (opened, _) = self.enter(caller, handle)?;
        if self.owner.is_some_and(|owner| owner != opened.family) {
            return Err(ipc::Error::Op(NodeError::Busy));
        }
        if let Some(info) = self.buffers.filled() {
            return self.hand_out(caller, info).map(Some);
        }
        if !matches!(self.stream, Stream::Half(_) | Stream::On(_)) {
            return Err(ipc::Error::Op(NodeError::NotStreaming));
        }
        if timeout_ms == 0 {
            return Err(ipc::Error::Op(NodeError::WouldBlock));
        }
        self.wait(caller, handle, Wait::Dequeue, timeout_ms, now_us)
    }

    /// Takes what the ISP has done since the last time. Called at each `frame-done`.
    ///
    /// # Errors
    /// The ISP's or the ledger's disconnect, which has been dealt with.
    pub fn drain(&mut self) -> Result<(), Refusal> {
        let mut late = false;
        for _ in 0..DRAIN_MAX {
            if matches!(self.stream, Stream::Off) {
                return Ok(());
            }
            let Some(isp) = self.base.session.id(self.config.isp) else { return Ok(()) };
            let next = self.upstream.isp_next_done(isp);
            if let Stream::Half(entity) = self.stream {
                // Nobody has started it at the other end, unless the ISP knows of it.
                if matches!(next, Err(ipc::Error::Op(_))) {
                    return Ok(());
                }
                self.stream = Stream::On(Run { entity, live: false });
            }
            let more = next.is_ok_and(|drained| drained.more);
            match next.map(|drained| drained.done) {
                Ok(NextDone::Empty) => {}
                Ok(NextDone::Frame(frame)) => self.filled(frame, isp.generation()),
                Ok(NextDone::NoFrames) => late = true,
                Ok(NextDone::Stopped) | Err(ipc::Error::Op(IspError::NotStreaming)) => {
                    self.stopped()?;
                }
                Err(ipc::Error::Op(_)) => break,
                Err(ipc::Error::Disconnected(record)) => {
                    self.observe(Some(record));
                    return Err(ipc::Error::Disconnected(record));
                }
            }
            if !more {
                break;
            }
        }
        self.serve_waiters()?;
        if self.readers.any() {
            self.serve_readers();
        }
        if late {
            self.answer_dequeues(NodeError::NoFrames);
            self.answer_readers(NodeError::NoFrames);
        }
        Ok(())
    }

    /// As [`Node::feed`], when each QBUF has been answered: what the driver refuses, because it has crashed in the
    /// stream, goes on waiting, and STREAMOFF gives it back.
    pub(crate) fn feed_answered(&mut self) -> Result<(), Refusal> {
        match self.feed() {
            Err(ipc::Error::Op(_)) => Ok(()),
            fed => fed,
        }
    }

    /// Gives the driver of a running stream what waits in the queue, in the client's order.
    fn feed(&mut self) -> Result<(), Refusal> {
        if !matches!(self.stream, Stream::On(_)) {
            return Ok(());
        }
        while let Some(buffer) = self.buffers.oldest_queued() {
            let isp = self.call_id(self.config.isp)?;
            let Queued { imported, timing } = self.buffers.queued(buffer);
            let memory = imported.unwrap_or(Memory { pool: self.config.pool, buffer });
            match self.upstream.isp_queue(isp, memory, timing) {
                Ok(()) => self.buffers.put(buffer, Place::Driver),
                // It takes the rest when it has handed some back: drain feeds again. Or the stream has
                // ended: with Stopped, which is to come, they are the client's.
                Err(ipc::Error::Op(IspError::QueueFull | IspError::NotStreaming)) => return Ok(()),
                Err(ipc::Error::Op(_)) => return Err(ipc::Error::Op(NodeError::DriverRefused)),
                Err(ipc::Error::Disconnected(record)) => {
                    self.observe(Some(record));
                    return Err(ipc::Error::Disconnected(record));
                }
            }
        }
        Ok(())
    }

    /// A buffer came back. One of an ended handle, or one that nobody queued, is not a frame.
    fn filled(&mut self, frame: FrameDone, epoch: Generation) {
        let memory = Memory { pool: frame.pool, buffer: frame.buffer };
        if let Some(buffer) = self.buffers.of_memory(memory, self.config.pool)
            && !frame.flags.contains(FrameFlags::CANCELLED)
        {
            let frame = FrameDone { buffer, ..frame };
            self.buffers.put(buffer, Place::Filled(FrameInfo { frame, epoch }));
            if self.readers.any() {
                self.show(buffer);
            }
        }
    }

    /// The hardware is idle: nothing follows.
    fn stopped(&mut self) -> Result<(), Refusal> {
        if let Stream::On(_) = self.stream {
            // Perhaps the graph ended it, for a death that this node has not heard of: the graph is more
            // important. Then that is why, and who holds the stream is told so.
            self.take_edges();
        }
        match self.stream {
            Stream::Off | Stream::Half(_) => Ok(()),
            Stream::Lost(lost) => {
                self.stream = Stream::Lost(Lost { stopped: false, ..lost });
                Ok(())
            }
            Stream::On(Run { entity, .. }) => {
                // Nobody asked for it here: the driver, or the node at the other end, ended the
                // stream. Unlock the graph.
                self.stream = Stream::Off;
                let graph = self.call_id(self.config.graph)?;
                self.stop_at_graph(graph, entity)?;
                self.off()
            }
            Stream::Stopping(_) => {
                self.stream = Stream::Off;
                self.off()
            }
        }
    }

    /// After the end of a stream: buffers to the client, answers to those who wait.
    fn off(&mut self) -> Result<(), Refusal> {
        let cancelled = self.cancel_all();
        self.skip_pending();
        self.answer_waiters_with_not_streaming();
        while let Some(waiter) = self.base.waiters.take(|waiter| waiter.kind == Wait::StreamOff) {
            self.upstream.answer(waiter.caller, Answer::StreamedOff(cancelled));
        }
        cancelled
    }

    /// The stream ends before it ran.
    fn leave_half(&mut self, entity: EntityId) -> Result<(), Refusal> {
        let graph = self.call_id(self.config.graph)?;
        self.stop_at_graph(graph, entity)?;
        self.stream = Stream::Off;
        self.off()
    }

    fn stop(&mut self, run: Run) -> Result<(), Refusal> {
        let graph = self.call_id(self.config.graph)?;
        self.stop_at_graph(graph, run.entity)?;
        self.stream = Stream::Stopping(run);
        // V4L2: STREAMOFF ends the waits of others on the same queue.
        self.answer_waiters_with_not_streaming();
        Ok(())
    }

    fn stop_at_graph(&mut self, graph: TaskId, entity: EntityId) -> Result<(), Refusal> {
        match self.upstream.graph_stop(graph, entity) {
            // The graph has released the pipeline by itself, because a member died.
            Ok(()) | Err(ipc::Error::Op(GraphError::NoSuchEntity)) => Ok(()),
            Err(error) => {
                let refusal = graph_refused(error);
                self.observe(refusal.disconnect());
                Err(refusal)
            }
        }
    }

    fn answer_dequeues(&mut self, error: NodeError) {
        let error = ipc::Error::Op(error);
        while let Some(waiter) = self.base.waiters.take(|waiter| waiter.kind == Wait::Dequeue) {
            self.upstream.answer(waiter.caller, Answer::Dequeued(Err(error)));
        }
    }

    fn answer_waiters_with_not_streaming(&mut self) {
        self.answer_dequeues(NodeError::NotStreaming);
        self.answer_polls(PollEvents::ERR);
    }

    /// Answers the polls for frames of those who stream; readers see to themselves.
    fn answer_polls(&mut self, answer: PollEvents) {
        let ready = self.ready_event();
        let Self { base, readers, upstream, .. } = self;
        let frames = |waiter: &Waiter<Wait>| match waiter.kind {
            Wait::Poll(events) => events.contains(ready) && readers.of(waiter.handle).is_none(),
            _ => false,
        };
        while let Some(waiter) = base.waiters.take(frames) {
            upstream.answer(waiter.caller, Answer::Polled(Ok(answer)));
        }
    }

    /// Gives filled buffers to those who wait, in the order in which they came.
    fn serve_waiters(&mut self) -> Result<(), Refusal> {
        while self.buffers.any_filled()
            && let Some(info) = self.buffers.filled()
        {
            let Some(waiter) = self.base.waiters.take(|waiter| waiter.kind == Wait::Dequeue) else {
                break;
            };
            let handed = self.hand_out(waiter.caller, info);
            self.upstream.answer(waiter.caller, Answer::Dequeued(handed));
            handed?;
        }
        if self.buffers.any_filled() {
            self.answer_polls(self.ready_event());
        }
        self.feed_answered()
    }

    fn hand_out(&mut self, caller: TaskId, info: FrameInfo) -> Result<FrameInfo, Refusal> {
        let frames = self.call_id(self.config.frames)?;
        let buffer = info.frame.buffer;
        let holder = match self.buffers.queued(buffer).imported {
            // It goes back to the client that holds it at the other node; nobody holds the place's own.
            Some(memory) => {
                let released = self.upstream.frames_release(frames, memory);
                self.ledger(released)?;
                self.buffers.note(buffer, Queued::EMPTY);
                None
            }
            None => {
                let handed = self.upstream.frames_hand_out(frames, buffer, caller.index());
                self.ledger(handed)?;
                Some(caller.index())
            }
        };
        self.buffers.put(buffer, Place::Client(holder));
        Ok(info)
    }

    /// All queued and filled buffers become the client's.
    pub(crate) fn cancel_all(&mut self) -> Result<(), Refusal> {
        let out =
            |place| matches!(place, Place::Read | Place::Queued | Place::Driver | Place::Filled(_));
        while let Some(buffer) = self.buffers.oldest(out) {
            self.cancel(buffer)?;
            self.buffers.put(buffer, Place::Client(None));
        }
        Ok(())
    }

    fn cancel(&mut self, buffer: BufferIndex) -> Result<(), Refusal> {
        let frames = self.call_id(self.config.frames)?;
        let imported = self.buffers.queued(buffer).imported;
        let cancelled = match imported {
            Some(memory) => self.upstream.frames_release(frames, memory),
            None => self.upstream.frames_cancel(frames, buffer),
        };
        if imported.is_some() && !matches!(cancelled, Err(ipc::Error::Op(FramesError::Busy))) {
            self.buffers.note(buffer, Queued::EMPTY);
        }
        match cancelled {
            // The ledger has given it back by itself: at quiet, or in a new life.
            Err(ipc::Error::Op(FramesError::WrongOwner)) => Ok(()),
            Err(ipc::Error::Op(FramesError::Busy)) => Err(ipc::Error::Op(NodeError::Busy)),
            result => self.ledger(result),
        }
    }

    pub(crate) fn free_all(&mut self) {
        for index in 0..BUFFERS_MAX as u8 {
            self.buffers.put(BufferIndex(index), Place::Unused);
        }
        self.owner = None;
    }

    /// The handle of the stream ended. What was with the hardware, or on its way, is lost until
    /// `missing` has come, and until whatever else follows from the state of the stream.
    pub(crate) fn lose_stream(&mut self, missing: Lost) {
        let running = match self.stream {
            Stream::Off if self.buffers.busy() == 0 => return,
            Stream::Off => Lost::default(),
            Stream::Half(entity) => Lost { stop: Some(entity), ..Lost::default() },
            Stream::On(run) => Lost { stopped: true, stop: Some(run.entity), ..Lost::default() },
            Stream::Stopping(_) => Lost { stopped: true, ..Lost::default() },
            Stream::Lost(lost) => lost,
        };
        // An ISP that died, now or before, does not say Stopped; a graph that died, and the graph
        // after the death of the ISP, has released the pipeline.
        let isp_ended = self.base.session.id(self.config.isp).is_none();
        let graph_ended = self.base.session.id(self.config.graph).is_none();
        let lost = Lost {
            quiet: missing.quiet.or(running.quiet),
            stopped: running.stopped && !isp_ended,
            attach: missing.attach || running.attach,
            stop: running.stop.filter(|_| !isp_ended && !graph_ended),
        };
        let out =
            |place| matches!(place, Place::Read | Place::Queued | Place::Driver | Place::Filled(_));
        while let Some(buffer) = self.buffers.oldest(out) {
            self.buffers.put(buffer, Place::Lost);
        }
        self.stream = Stream::Lost(lost);
    }

    /// The hardware of an ended life of the ISP is quiet.
    pub(crate) fn isp_is_quiet(&mut self, generation: Generation) {
        if let Stream::Lost(lost) = self.stream
            && lost.quiet.is_some_and(|awaited| awaited <= generation)
        {
            self.stream = Stream::Lost(Lost { quiet: None, ..lost });
        }
    }

    /// The pool is attached to a new life of the ledger.
    pub(crate) fn pool_is_back(&mut self) {
        if let Stream::Lost(lost) = self.stream {
            self.stream = Stream::Lost(Lost { attach: false, ..lost });
        }
    }

    /// What the stream needs when nobody waits for an answer.
    pub(crate) fn settle_stream(&mut self) {
        self.stop_abandoned();
        if let Stream::Lost(Lost { stop: Some(entity), .. }) = self.stream {
            self.stop_lost(entity);
        }
        if let Stream::Lost(Lost { stopped: true, .. }) = self.stream {
            // Errors are disconnects, and have been dealt with.
            let _ = self.drain();
        }
        if let Stream::Lost(lost) = self.stream
            && lost.complete()
        {
            self.bring_back();
        }
        if core::mem::take(&mut self.handle_closed) {
            self.take_back_left();
        }
        self.free_abandoned();
    }

    fn stop_lost(&mut self, entity: EntityId) {
        if let Ok(graph) = self.call_id(self.config.graph) {
            // Errors are disconnects, and have been dealt with, or the graph's word that nothing
            // runs.
            let _ = self.stop_at_graph(graph, entity);
        }
        if let Stream::Lost(lost) = self.stream {
            self.stream = Stream::Lost(Lost { stop: None, ..lost });
        }
    }

    /// Lost buffers become reclaimable. One that the ledger still holds stays lost; it is asked
    /// for again at the next occasion.
    fn bring_back(&mut self) {
        while let Some(buffer) = self.buffers.oldest(|place| place == Place::Lost) {
            if self.cancel(buffer).is_err() {
                return;
            }
            self.buffers.put(buffer, Place::Cancelled);
        }
        self.stream = Stream::Off;
    }

    fn abandoned(&self) -> bool {
        self.owner
            .is_some_and(|owner| self.base.handles.iter().all(|open| open.data.family != owner))
    }

    /// The last handle of a running stream was closed.
    fn stop_abandoned(&mut self) {
        if !self.abandoned() {
            return;
        }
        // Errors are disconnects, and have been dealt with.
        match self.stream {
            Stream::On(run) => _ = self.stop(run).and_then(|()| self.drain()),
            Stream::Half(entity) => _ = self.leave_half(entity),
            Stream::Off | Stream::Stopping(_) | Stream::Lost(_) => {}
        }
    }

    /// The last handle of a stopped queue was closed: its buffers are nobody's.
    fn free_abandoned(&mut self) {
        if self.stream == Stream::Off && self.abandoned() && self.cancel_all().is_ok() {
            // An error is a disconnect, after which nobody holds anything through this node.
            let _ = self.close_lets_go();
            self.free_all();
        }
    }
}
