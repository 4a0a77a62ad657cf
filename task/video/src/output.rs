//! What only video output nodes do, and who holds what.

use idl::types::{
    BUFFERS_MAX, BufferIndex, FrameInterval, FrameIntervals, FramesError, Handle, NodeError,
    OutputFrame, Owner, PixFormat, PollEvents, TaskIndex,
};
use idol_runtime::ipc;
use sys_abi::TaskId;
use task_node::{Open, Refusal};

use crate::buffers::{Place, Queued};
use crate::node::{Node, VideoHandle};
use crate::upstream::{Memory, Upstream};

impl<U: Upstream> Node<U> {
    /// `queue_output`.
    ///
    /// # Errors
    /// `InvalidFormat` unless the frame is as long as the format says, or the node captures; else as
    /// [`Node::queue_buffer`].
    pub fn queue_output(
        &mut self,
        caller: TaskId,
        handle: Handle,
        buffer: BufferIndex,
        frame: OutputFrame,
    ) -> Result<(), Refusal> {
        let opened = self.take_in(caller, handle, buffer)?;
        let (_, pool) = self.enter(caller, handle)?;
        self.check_output(opened.format, frame, pool.buffer_bytes)?;
        let frames = self.call_id(self.config.frames)?;
        let queued = self.upstream.frames_queue(frames, buffer);
        self.ledger(queued)?;
        let timing = opened.timing(frame.timestamp_us);
        self.queue_new(buffer, Queued { imported: None, timing })
    }

    /// `import_buffer`. Only for reading: the client may look at the picture meanwhile. It lets go of the place's own
    /// buffer, as if it queued that.
    ///
    /// # Errors
    /// `BadBuffer` unless the client holds the other node's buffer, and while another client holds the place's own;
    /// else as [`Node::queue_output`].
    pub fn import_buffer(
        &mut self,
        caller: TaskId,
        handle: Handle,
        buffer: BufferIndex,
        memory: Memory,
        frame: OutputFrame,
    ) -> Result<(), Refusal> {
        let opened = self.take_in(caller, handle, buffer)?;
        let frames = self.call_id(self.config.frames)?;
        let pool = self.upstream.frames_pool(frames, memory.pool);
        let pool = self.ledger(pool)?;
        self.check_output(opened.format, frame, pool.buffer_bytes)?;
        let imported = self.upstream.frames_import(frames, memory, caller.index());
        self.ledger(imported)?;
        if self.buffers.place(buffer) != Some(Place::Client(None)) {
            // The place's own buffer would have no way back from here.
            self.vacate(buffer, caller.index(), true)?;
        }
        let timing = opened.timing(frame.timestamp_us);
        self.queue_new(buffer, Queued { imported: Some(memory), timing })
    }

    /// `get_parm`.
    ///
    /// # Errors
    /// `InvalidFormat` if the node captures; else as [`Node::query_capability`].
    pub fn get_parm(&mut self, caller: TaskId, handle: Handle) -> Result<FrameInterval, Refusal> {
        let (opened, _) = self.enter(caller, handle)?;
        self.takes_frames()?;
        Ok(opened.interval)
    }

    /// `set_parm`.
    ///
    /// # Errors
    /// As [`Node::get_parm`].
    pub fn set_parm(
        &mut self,
        caller: TaskId,
        handle: Handle,
        wanted: FrameInterval,
    ) -> Result<FrameInterval, Refusal> {
        self.enter(caller, handle)?;
        self.takes_frames()?;
        // omap3isp: no denominator means whole seconds.
        let wanted = FrameInterval { denominator: wanted.denominator.max(1), ..wanted };
        let interval = match wanted.as_us() {
            _ if wanted.numerator == 0 => wanted,
            0 => FrameInterval::MIN,
            u32::MAX => FrameInterval::MAX,
            _ => wanted,
        };
        self.base.handles.live(caller, handle)?.interval = interval;
        Ok(interval)
    }

    /// `enum_frame_intervals`: what [`Node::set_parm`] takes.
    ///
    /// # Errors
    /// `NoFrameInterval` if the node captures; `InvalidFormat` after the last, and for a format or size that
    /// `set_format` would change; else as [`Node::query_capability`].
    pub fn enum_frame_intervals(
        &mut self,
        caller: TaskId,
        handle: Handle,
        format: PixFormat,
        index: u16,
    ) -> Result<FrameIntervals, Refusal> {
        let (_, pool) = self.enter(caller, handle)?;
        if self.is_capture() {
            return Err(ipc::Error::Op(NodeError::NoFrameInterval));
        }
        let taken = self.formats.adjust(format, &pool);
        let picture = |it: PixFormat| (it.pixel_format, it.width_px, it.height_px);
        if index > 0 || picture(taken) != picture(format) {
            return Err(ipc::Error::Op(NodeError::InvalidFormat));
        }
        Ok(FrameIntervals { min: FrameInterval::MIN, max: FrameInterval::MAX })
    }

    fn takes_frames(&self) -> Result<(), Refusal> {
        if self.is_capture() { Err(ipc::Error::Op(NodeError::InvalidFormat)) } else { Ok(()) }
    }

    /// `holder`.
    ///
    /// # Errors
    /// `BadBuffer` beyond the pool; else as [`Node::query_capability`].
    pub fn holder(
        &mut self,
        caller: TaskId,
        handle: Handle,
        buffer: BufferIndex,
    ) -> Result<Owner, Refusal> {
        self.enter(caller, handle)?;
        let frames = self.call_id(self.config.frames)?;
        let owner = self.upstream.frames_owner(frames, buffer);
        self.ledger(owner)
    }

    /// Whether frames come out of the node; else they go in.
    pub(crate) const fn is_capture(&self) -> bool {
        matches!(self.config.number, 1 | 2 | 4 | 6)
    }

    /// What a poll calls a buffer that can be dequeued.
    pub(crate) const fn ready_event(&self) -> PollEvents {
        if self.is_capture() { PollEvents::IN } else { PollEvents::OUT }
    }

    /// Whether clients and readers hold all buffers of the queue: no frame can come.
    pub(crate) fn all_are_held(&self) -> bool {
        let own = self.buffers.count(|place| place != Place::Unused);
        let held = self.buffers.count(|place| matches!(place, Place::Client(_) | Place::Read));
        own != 0 && own == held
    }

    /// Before a buffer is given to a new queue: its present holder lets go, if that is the caller or
    /// nobody. What others have stays theirs: `lenient` skips it, else it is `NoBuffers`.
    pub(crate) fn vacate(
        &mut self,
        buffer: BufferIndex,
        caller: TaskIndex,
        lenient: bool,
    ) -> Result<(), Refusal> {
        let frames = self.call_id(self.config.frames)?;
        let result = if self.is_of_another(buffer, caller) {
            Err(ipc::Error::Op(FramesError::WrongOwner))
        } else {
            self.upstream.frames_let_go(frames, buffer, caller)
        };
        if result.is_ok() && matches!(self.buffers.place(buffer), Some(Place::Client(_))) {
            // As the ledger has it now, whatever the caller does about the others.
            self.buffers.put(buffer, Place::Client(None));
        }
        match result {
            Ok(true) => Ok(()),
            Ok(false) | Err(ipc::Error::Op(FramesError::WrongOwner | FramesError::Busy))
                if lenient =>
            {
                Ok(())
            }
            // A reader looks at it, another client holds it, or another node has imported it.
            Ok(false) | Err(ipc::Error::Op(FramesError::WrongOwner | FramesError::Busy)) => {
                Err(ipc::Error::Op(NodeError::NoBuffers))
            }
            Err(error) => self.ledger(Err(error)),
        }
    }

    /// Whether another client holds the buffer, as far as this node knows.
    fn is_of_another(&self, buffer: BufferIndex, caller: TaskIndex) -> bool {
        match self.buffers.place(buffer) {
            Some(Place::Client(Some(holder))) => holder != caller,
            _ => false,
        }
    }

    /// Whether the buffer can be part of a new queue of the caller, as far as this node knows.
    pub(crate) fn is_free_for(&self, buffer: BufferIndex, caller: TaskIndex) -> bool {
        !self.readers.hold(buffer) && !self.is_of_another(buffer, caller)
    }

    /// Buffers whose holder has no handle of their stream any more are the stream's again.
    pub(crate) fn take_back_left(&mut self) {
        for buffer in (0..BUFFERS_MAX as u8).map(BufferIndex) {
            let Some(Place::Client(Some(holder))) = self.buffers.place(buffer) else { continue };
            let still = |open: &Open<VideoHandle>| {
                open.holder.index() == holder && Some(open.data.family) == self.owner
            };
            if self.base.handles.iter().any(still) {
                continue;
            }
            match self.vacate(buffer, holder, true) {
                Ok(()) => self.buffers.put(buffer, Place::Client(None)),
                // The ledger is gone; its next life is asked.
                Err(_) => self.handle_closed = true,
            }
        }
    }

    /// The last handle was closed: who still held a buffer through it has let go.
    pub(crate) fn close_lets_go(&mut self) -> Result<(), Refusal> {
        for buffer in (0..BUFFERS_MAX as u8).map(BufferIndex) {
            if let Some(Place::Client(Some(holder))) = self.buffers.place(buffer) {
                self.vacate(buffer, holder, true)?;
            }
        }
        Ok(())
    }

    fn check_output(
        &self,
        format: PixFormat,
        frame: OutputFrame,
        buffer_bytes: u32,
    ) -> Result<(), Refusal> {
        let enough = frame.bytes_used == 0 || frame.bytes_used >= format.size_bytes;
        let fits = format.size_bytes.max(frame.bytes_used) <= buffer_bytes;
        self.takes_frames()?;
        if enough && fits { Ok(()) } else { Err(ipc::Error::Op(NodeError::InvalidFormat)) }
    }
}
