//! Tasks that read the frames of a capture node beside the client that streams.

use idl::types::{
    BUFFERS_MAX, BufferIndex, Handle, NodeError, PollEvents, READERS_MAX, ReadFrame, Reading,
};
use idol_runtime::ipc;
use sys_abi::TaskId;
use task_node::{Refusal, Waiter};

use crate::buffers::{Place, Queued};
use crate::node::{Deferrable, Node, Wait};
use crate::readers::{bit, bits};
use crate::stream::Stream;
use crate::upstream::{Answer, Upstream};

impl<U: Upstream> Node<U> {
    /// `subscribe`.
    ///
    /// # Errors
    /// `InvalidFormat` unless the node captures; `Busy` if the handle owns the queue, or the task reads
    /// this node already; `InvalidConfiguration`; `TableFull`; else as [`Node::query_capability`].
    pub fn subscribe(
        &mut self,
        caller: TaskId,
        handle: Handle,
        reading: Reading,
    ) -> Result<(), Refusal> {
        let (opened, pool) = self.enter(caller, handle)?;
        if !self.is_capture() {
            return Err(ipc::Error::Op(NodeError::InvalidFormat));
        }
        if self.owner == Some(opened.family) {
            return Err(ipc::Error::Op(NodeError::Busy));
        }
        let subscribed = self.readers.subscribe(caller, handle, opened.family, reading);
        subscribed.map_err(ipc::Error::Op)?;
        // What it may have held since an earlier life of this node.
        self.unshare(caller, (1 << pool.count.min(BUFFERS_MAX as u8)) - 1)
    }

    /// `next_frame`.
    ///
    /// # Errors
    /// `NotSubscribed`; `WouldBlock`; `TooManyWaiters`; else as [`Node::query_capability`].
    pub fn next_frame(
        &mut self,
        caller: TaskId,
        handle: Handle,
        timeout_ms: u32,
        now_us: u64,
    ) -> Deferrable<ReadFrame> {
        let (_, pool) = self.enter(caller, handle)?;
        let reader = self.readers.of(handle).ok_or(ipc::Error::Op(NodeError::NotSubscribed))?;
        if let Some(frame) = self.readers.take(reader, pool.buffer_bytes) {
            return Ok(Some(frame));
        }
        if timeout_ms == 0 {
            return Err(ipc::Error::Op(NodeError::WouldBlock));
        }
        self.wait(caller, handle, Wait::NextFrame, timeout_ms, now_us)
    }

    /// `let_go`, also for handles that have ended.
    ///
    /// # Errors
    /// `BadHandle`; `NotSubscribed`; `BadBuffer` unless `next_frame` gave the buffer and it was not let
    /// go of since.
    pub fn let_go(
        &mut self,
        caller: TaskId,
        handle: Handle,
        buffer: BufferIndex,
    ) -> Result<(), Refusal> {
        self.base.handles.get(caller, handle).map_err(ipc::Error::Op)?;
        let reader = self.readers.of(handle).ok_or(ipc::Error::Op(NodeError::NotSubscribed))?;
        if !self.readers.let_go(reader, buffer) {
            return Err(ipc::Error::Op(NodeError::BadBuffer));
        }
        // A ledger that has just died is told by its next life's `attach`.
        let _ = self.unshare(caller, bit(buffer));
        Ok(())
    }

    /// What a reader would see in a poll now.
    pub(crate) fn poll_reader(&self, reader: usize, events: PollEvents) -> PollEvents {
        let pending = self.readers.get(reader).is_some_and(|reader| reader.pending != 0);
        if pending && events.contains(PollEvents::IN) { PollEvents::IN } else { PollEvents::NONE }
    }

    /// A frame came: those who want it have it, too.
    #[cold]
    pub(crate) fn show(&mut self, buffer: BufferIndex) {
        let (Some(Place::Filled(info)), Some(format), Ok(frames)) =
            (self.buffers.place(buffer), self.format, self.call_id(self.config.frames))
        else {
            return;
        };
        self.readers.note(info, format);
        for place in 0..READERS_MAX {
            let Some(task) = self.readers.offer(place) else { continue };
            let shared = self.upstream.frames_share(frames, buffer, task.index());
            // After the ledger's death there are no frames to give.
            if self.ledger(shared).is_ok() {
                self.readers.give(place, buffer);
            }
        }
    }

    /// Answers the readers that wait and have something to take.
    pub(crate) fn serve_readers(&mut self) {
        let Some((_, pool)) = self.attached else { return };
        for place in 0..READERS_MAX {
            let Some(reader) = self.readers.get(place).copied() else { continue };
            let waits = |kind| match kind {
                Wait::NextFrame => true,
                Wait::Poll(events) => events.contains(PollEvents::IN),
                Wait::Dequeue | Wait::StreamOff => false,
            };
            if reader.pending == 0 {
                continue;
            }
            let next = |waiter: &Waiter<Wait>| waiter.handle == reader.handle && waits(waiter.kind);
            let Some(waiter) = self.base.waiters.take(next) else { continue };
            let answer = match waiter.kind {
                Wait::NextFrame => match self.readers.take(place, pool.buffer_bytes) {
                    Some(frame) => Answer::Read(Ok(frame)),
                    None => continue,
                },
                _ => Answer::Polled(Ok(PollEvents::IN)),
            };
            self.upstream.answer(waiter.caller, answer);
        }
    }

    /// Ends the waits of readers.
    pub(crate) fn answer_readers(&mut self, error: NodeError) {
        while let Some(waiter) = self.base.waiters.take(|waiter| waiter.kind == Wait::NextFrame) {
            self.upstream.answer(waiter.caller, Answer::Read(Err(ipc::Error::Op(error))));
        }
    }

    /// The client queues a buffer that somebody still looks at: its turn comes when they have let go.
    pub(crate) fn queue_when_let_go(
        &mut self,
        caller: TaskId,
        buffer: BufferIndex,
        queued: Queued,
    ) -> Result<(), Refusal> {
        let frames = self.call_id(self.config.frames)?;
        let let_go = self.upstream.frames_let_go(frames, buffer, caller.index());
        self.ledger(let_go)?;
        self.buffers.note(buffer, queued);
        self.buffers.put(buffer, Place::Read);
        Ok(())
    }

    /// At stream off: who may skip a frame loses what it has not taken.
    pub(crate) fn skip_pending(&mut self) {
        for place in 0..READERS_MAX {
            let Some(task) = self.readers.get(place).map(|reader| reader.task) else { continue };
            let skipped = self.readers.skip_pending(place);
            // A ledger that has just died is told by its next life's `attach`.
            let _ = self.unshare(task, skipped);
        }
    }

    /// A new life of the ledger learns who reads what.
    pub(crate) fn share_again(&mut self, frames: TaskId) -> Result<(), Refusal> {
        for place in 0..READERS_MAX {
            let Some(reader) = self.readers.get(place).copied() else { continue };
            for buffer in bits(reader.pending | reader.taken) {
                let shared = self.upstream.frames_share(frames, buffer, reader.task.index());
                self.ledger(shared)?;
            }
        }
        Ok(())
    }

    /// Serves the readers, and takes what they leave behind: of a handle that has ended the frames that
    /// were not taken, of one that is closed all. Then buffers that waited for the last reader have their
    /// turn. Out of line: the way of a frame to its client is shorter for it.
    #[cold]
    pub(crate) fn settle_readers(&mut self) {
        for place in 0..READERS_MAX {
            let Some(reader) = self.readers.get(place).copied() else { continue };
            let left = match self.base.handles.peek(reader.task, reader.handle) {
                None => self.readers.remove(place),
                Some(open) if open.ended.is_some() => self.readers.drop_pending(place),
                Some(_) => continue,
            };
            // A ledger that has just died is told by its next life's `attach`.
            let _ = self.unshare(reader.task, left);
        }
        self.serve_readers();
        let mut released = self.readers.take_released();
        while let Some(buffer) = self.buffers.oldest_read(released) {
            released &= !bit(buffer);
            // An error is a disconnect, and has been dealt with.
            let _ = self.queue_released(buffer);
        }
    }

    fn queue_released(&mut self, buffer: BufferIndex) -> Result<(), Refusal> {
        let frames = self.call_id(self.config.frames)?;
        let queued = self.upstream.frames_queue(frames, buffer);
        self.ledger(queued)?;
        self.buffers.put(buffer, Place::Queued);
        self.feed_answered()
    }

    /// A reader has let go of these buffers, says the node.
    fn unshare(&mut self, task: TaskId, buffers: u32) -> Result<(), Refusal> {
        for buffer in bits(buffers) {
            let frames = self.call_id(self.config.frames)?;
            let result = self.upstream.frames_unshare(frames, buffer, task.index());
            match self.ledger(result) {
                // It did not hold it, or the ledger has seen its death.
                Ok(()) | Err(ipc::Error::Op(_)) => {}
                Err(disconnected) => return Err(disconnected),
            }
        }
        Ok(())
    }

    /// Whether frames could come, but clients and readers hold all buffers.
    pub(crate) fn runs_dry(&self) -> bool {
        matches!(self.stream, Stream::Half(_) | Stream::On(_)) && self.all_are_held()
    }
}
