//! A handle of a video node with its buffers.

use core::cell::Cell;

use idl::types::{
    BUFFERS_MAX, BufferIndex, Capability, Handle, NodeError, PixFormat, PollEvents, Reclaim,
    TaskIndex,
};
use idl::video;
use idol_runtime::ipc;

use crate::Failure;
use crate::frame::{Frame, MappedPool};

/// An open video node. The handle never leaves this type, so that nobody queues a buffer whose
/// pixels are being read.
#[derive(Debug)]
pub struct Stream {
    node: video::Client,
    handle: Handle,
    pool: MappedPool,
    /// Offset and usable length of each buffer, in bytes; as many as were granted.
    places: [(usize, usize); BUFFERS_MAX],
    count: u8,
    /// Bit n: a [`Frame`] of buffer n exists.
    held: Cell<u32>,
}

impl Stream {
    /// Opens the present life of a video node. `pool` is the node's pool as this task maps it.
    ///
    /// # Errors
    /// `NoDevice` while its hardware is away; `TableFull`; a disconnect.
    pub fn open(node: TaskIndex, pool: MappedPool) -> Result<Self, Failure> {
        let node = video::Client::to(node);
        let handle = node.open()?;
        let places = [(0, 0); BUFFERS_MAX];
        Ok(Self { node, handle, pool, places, count: 0, held: Cell::new(0) })
    }

    /// VIDIOC_QUERYCAP.
    ///
    /// # Errors
    /// What the node refuses; a disconnect.
    pub fn capability(&self) -> Result<Capability, Failure> {
        self.node.query_capability(self.handle)
    }

    /// VIDIOC_S_FMT: gives the format as the node adjusted it.
    ///
    /// # Errors
    /// What the node refuses; a disconnect.
    pub fn set_format(&mut self, format: PixFormat) -> Result<PixFormat, Failure> {
        self.node.set_format(self.handle, format)
    }

    /// VIDIOC_REQBUFS and VIDIOC_QUERYBUF: gives the number of buffers granted.
    ///
    /// # Errors
    /// `BadBuffer` if a buffer does not lie in the pool as this task maps it; what the node
    /// refuses; a disconnect.
    pub fn request_buffers(&mut self, count: u8) -> Result<u8, Failure> {
        let granted = self.node.request_buffers(self.handle, count)?;
        // The former ones are gone; new ones there are when their places are known.
        self.count = 0;
        for index in 0..granted {
            let info = self.node.query_buffer(self.handle, BufferIndex(index))?;
            let place = (info.offset_bytes as usize, info.length_bytes as usize);
            let slot = self.places.get_mut(usize::from(index));
            match slot.filter(|_| self.pool.holds(place.0, place.1)) {
                Some(slot) => *slot = place,
                None => return Err(ipc::Error::Op(NodeError::BadBuffer)),
            }
        }
        self.count = granted;
        Ok(granted)
    }

    /// VIDIOC_QBUF.
    ///
    /// # Errors
    /// `BadBuffer` if a frame of it is held, or it is queued already; a disconnect.
    pub fn queue(&self, buffer: BufferIndex) -> Result<(), Failure> {
        if self.is_held(buffer) {
            return Err(ipc::Error::Op(NodeError::BadBuffer));
        }
        self.node.queue_buffer(self.handle, buffer)
    }

    /// Queues all buffers that are not queued and not held.
    ///
    /// # Errors
    /// What the node refuses; a disconnect.
    pub fn queue_all(&self) -> Result<(), Failure> {
        for buffer in (0..self.count).map(BufferIndex) {
            match self.queue(buffer) {
                // It is on its way already, or held.
                Ok(()) | Err(ipc::Error::Op(NodeError::BadBuffer)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// VIDIOC_STREAMON.
    ///
    /// # Errors
    /// What node and graph refuse; a disconnect.
    pub fn start(&self) -> Result<(), Failure> {
        self.node.stream_on(self.handle)
    }

    /// VIDIOC_STREAMOFF: ends when the hardware is idle.
    ///
    /// # Errors
    /// `TimedOut`; a disconnect.
    pub fn stop(&self, timeout_ms: u32) -> Result<(), Failure> {
        self.node.stream_off(self.handle, timeout_ms)
    }

    /// VIDIOC_DQBUF: waits for a frame. Several may be held at a time.
    ///
    /// # Errors
    /// `TimedOut` when none came, `NoFrames` before that if the sensor is silent; a disconnect.
    pub fn dequeue(&self, timeout_ms: u32) -> Result<Frame<'_>, Failure> {
        let info = self.node.dequeue_buffer(self.handle, timeout_ms)?;
        let buffer = info.frame.buffer;
        if buffer.0 >= self.count || self.is_held(buffer) {
            return Err(ipc::Error::Op(NodeError::BadBuffer));
        }
        self.held.set(self.held.get() | 1 << buffer.0);
        let (offset, length) = self.places[usize::from(buffer.0)];
        Ok(Frame::new(self, info, offset, length.min(info.frame.bytes_used as usize)))
    }

    /// Waits for a frame or the end of the handle.
    ///
    /// # Errors
    /// What the node refuses; a disconnect.
    pub fn poll(&self, events: PollEvents, timeout_ms: u32) -> Result<PollEvents, Failure> {
        self.node.poll(self.handle, events, timeout_ms)
    }

    /// After a disconnect: takes a queued buffer back.
    ///
    /// # Errors
    /// `BadBuffer` if it was not queued, or was taken back before; the death of the node itself.
    pub fn reclaim(&self, buffer: BufferIndex) -> Result<Reclaim, Failure> {
        self.node.reclaim(self.handle, buffer)
    }

    /// Number of buffers granted.
    #[must_use]
    pub fn buffers(&self) -> u8 {
        self.count
    }

    /// Closes the handle. No frame of it can exist any more.
    ///
    /// # Errors
    /// The death of the node itself, which has closed it.
    pub fn close(self) -> Result<(), Failure> {
        self.node.close(self.handle)
    }

    pub(crate) fn pool(&self) -> MappedPool {
        self.pool
    }

    /// The frame of this buffer is gone: the buffer may be written again. After a disconnect the
    /// node refuses to queue it, and it stays the client's until close.
    pub(crate) fn let_go(&self, buffer: BufferIndex) {
        self.held.set(self.held.get() & !(1 << buffer.0));
        // A refusal means that the stream has ended; the next dequeue says why.
        let _ = self.node.queue_buffer(self.handle, buffer);
    }

    fn is_held(&self, buffer: BufferIndex) -> bool {
        self.held.get().checked_shr(u32::from(buffer.0)).is_some_and(|bits| bits & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{BufferInfo, FrameDone, FrameFlags, FrameInfo, Generation, Owner, PoolId};
    use idl::video::Op;
    use idol_runtime::hubpack::{SerializedSize, serialize};
    use idol_runtime::{Outcome, TaskId, host};

    const NODE: TaskId = TaskId::new(TaskIndex(9), Generation(0));
    const BUFFERS: u8 = 2;
    const BUFFER_BYTES: u32 = 32;

    /// A node whose buffers fill one after the other, and that refuses more than two; what it says of
    /// their place is an allegation.
    fn serve(offset_of_last: u32) {
        let mut next = 0;
        host::serve(NODE, move |call, message, reply| {
            let asks_for_more = message.last().is_some_and(|count| *count > BUFFERS);
            if call.op == Op::RequestBuffers.code() && asks_for_more {
                return Outcome::Reply { code: NodeError::Busy as u32, length: 0 };
            }
            let mut answer = |bytes: &mut [u8]| -> usize {
                match Op::ALL.into_iter().find(|op| op.code() == call.op) {
                    Some(Op::Open) => put(bytes, &Handle(1)),
                    Some(Op::RequestBuffers) => put(bytes, &BUFFERS),
                    Some(Op::QueryBuffer) => {
                        next += 1;
                        let last = u32::from(next == BUFFERS);
                        let (offset_bytes, owner) = (last * offset_of_last, Owner::Client(None));
                        put(bytes, &BufferInfo { offset_bytes, length_bytes: BUFFER_BYTES, owner })
                    }
                    Some(Op::DequeueBuffer) => {
                        next += 1;
                        let frame = FrameDone {
                            pool: PoolId(0),
                            buffer: BufferIndex(next % 2),
                            sequence: 7,
                            timestamp_us: 8,
                            bytes_used: 20,
                            flags: FrameFlags::ERROR,
                        };
                        put(bytes, &FrameInfo { frame, epoch: Generation(3) })
                    }
                    _ => 0,
                }
            };
            Outcome::Reply { code: 0, length: answer(reply) }
        });
    }

    fn put<T: serde::Serialize + SerializedSize>(bytes: &mut [u8], value: &T) -> usize {
        serialize(bytes, value).expect("room for the answer")
    }

    /// A pool of this process, for as long as it lives.
    fn pool() -> MappedPool {
        let bytes: Vec<u8> = (0..BUFFERS * BUFFER_BYTES as u8).collect();
        let bytes: &'static [u8] = bytes.leak();
        let base = bytes.as_ptr().expose_provenance();
        // SAFETY: leaked, so readable for ever, and nobody writes it.
        unsafe { MappedPool::new(base, bytes.len()) }
    }

    #[test]
    fn frames_are_the_bytes_of_their_buffers_while_they_are_held() {
        serve(BUFFER_BYTES);
        let mut stream = Stream::open(NODE.index(), pool()).expect("a node");
        assert_eq!(stream.request_buffers(BUFFERS).ok(), Some(BUFFERS));
        let second = stream.dequeue(10).expect("a frame");
        let first = stream.dequeue(10).expect("another");
        assert_eq!(first.pixels(), (0..20).collect::<Vec<u8>>());
        assert_eq!(second.pixels(), (32..52).collect::<Vec<u8>>());
        assert_eq!(second.address() - first.address(), BUFFER_BYTES as usize);
        assert_eq!((first.sequence(), first.timestamp_us()), (7, 8));
        // The node hands out a buffer that is held: it is not believed.
        let again = stream.dequeue(10).map(|frame| frame.sequence());
        assert!(matches!(again, Err(ipc::Error::Op(NodeError::BadBuffer))));
        assert!(matches!(stream.queue(BufferIndex(1)), Err(ipc::Error::Op(NodeError::BadBuffer))));
        drop(second);
        assert!(stream.queue(BufferIndex(1)).is_ok());
    }

    /// VIDIOC_REQBUFS that fails changes nothing: V4L2, EBUSY.
    #[test]
    fn a_refused_request_leaves_the_buffers_that_there_are() {
        serve(BUFFER_BYTES);
        let mut stream = Stream::open(NODE.index(), pool()).expect("a node");
        stream.request_buffers(BUFFERS).expect("buffers");
        let refused = stream.request_buffers(BUFFERS + 1);
        assert!(matches!(refused, Err(ipc::Error::Op(NodeError::Busy))));
        assert_eq!(stream.buffers(), BUFFERS);
        assert!(stream.dequeue(10).is_ok(), "the stream runs on");
    }

    #[test]
    fn a_buffer_outside_of_the_pool_is_refused() {
        for offset in [BUFFER_BYTES + 1, 64, u32::MAX] {
            serve(offset);
            let mut stream = Stream::open(NODE.index(), pool()).expect("a node");
            let granted = stream.request_buffers(BUFFERS);
            assert!(matches!(granted, Err(ipc::Error::Op(NodeError::BadBuffer))), "{offset}");
        }
    }
}
