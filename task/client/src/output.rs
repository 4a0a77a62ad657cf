//! A handle of a video output node with its buffers: pictures that this task makes, for a pipeline from
//! memory.
//!
//! ```text
//!              draft                queue                     dequeue
//!   free ─────────────► Draft ─────────────────► queued ────────────────► free
//!     ▲                   │                        │
//!     └────── dropped ────┴─── stop, or reclaim ───┘
//! ```
//!
//! # Invariants
//! 1. A [`WritablePool`] lies in memory that this task can read and write for its whole life, and is
//!    the only one of that memory; nobody else writes there, and hardware only reads.
//! 2. A stream borrows its pool, so no second stream hands out the same bytes.
//! 3. The places of a stream's buffers lie in the pool, and no two of them have a byte in common. What
//!    the node says of them is an allegation until that is checked.
//! 4. A buffer whose [`Draft`] exists is not queued, and has no second draft; the draft borrows the
//!    stream, so that neither its places change nor it is closed meanwhile.

use core::cell::Cell;

use idl::types::{
    BUFFERS_MAX, BufferIndex, FrameInfo, FrameInterval, Handle, NodeError, OutputFrame, PixFormat,
    PollEvents, Reclaim, TaskIndex,
};
use idl::video;
use idol_runtime::ipc;

use crate::Failure;

/// A pool that the manifest lets this task write.
#[derive(Debug)]
pub struct WritablePool {
    /// Invariant 1.
    base: usize,
    bytes: usize,
}

impl WritablePool {
    /// The pool at this address. Use [`crate::writable_pool!`] instead.
    ///
    /// # Safety
    /// Invariant 1.
    #[must_use]
    pub const unsafe fn new(base: usize, bytes: usize) -> Self {
        Self { base, bytes }
    }

    fn holds(&self, place: Place) -> bool {
        place.end().is_some_and(|end| end <= self.bytes)
    }
}

/// Where a buffer lies in its pool, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    offset: usize,
    length: usize,
}

impl Place {
    fn end(self) -> Option<usize> {
        self.offset.checked_add(self.length)
    }

    /// Whether they have no byte in common.
    fn is_apart_from(self, other: Self) -> bool {
        let before = |one: Self, two: Self| one.end().is_some_and(|end| end <= two.offset);
        before(self, other) || before(other, self)
    }
}

/// An open video output node.
#[derive(Debug)]
pub struct OutputStream<'p> {
    node: video::Client,
    handle: Handle,
    /// Invariant 2.
    pool: &'p mut WritablePool,
    /// Invariant 3; as many as were granted.
    places: [Place; BUFFERS_MAX],
    count: u8,
    /// Bit n: a [`Draft`] of buffer n exists.
    drafted: Cell<u32>,
    /// Bit n: buffer n is with the node, or may be.
    queued: Cell<u32>,
}

impl<'p> OutputStream<'p> {
    /// Opens the present life of a video output node. `pool` is the node's pool.
    ///
    /// # Errors
    /// `NoDevice` while its hardware is away; `TableFull`; a disconnect.
    pub fn open(node: TaskIndex, pool: &'p mut WritablePool) -> Result<Self, Failure> {
        let node = video::Client::to(node);
        let handle = node.open()?;
        let places = [Place::default(); BUFFERS_MAX];
        let (drafted, queued) = (Cell::new(0), Cell::new(0));
        Ok(Self { node, handle, pool, places, count: 0, drafted, queued })
    }

    /// VIDIOC_S_FMT: gives the format as the node adjusted it.
    ///
    /// # Errors
    /// What the node refuses; a disconnect.
    pub fn set_format(&mut self, format: PixFormat) -> Result<PixFormat, Failure> {
        self.node.set_format(self.handle, format)
    }

    /// VIDIOC_S_PARM: what is queued from now on is read at most once per interval. Gives the interval
    /// that the node took.
    ///
    /// # Errors
    /// What the node refuses; a disconnect.
    pub fn set_interval(&self, interval: FrameInterval) -> Result<FrameInterval, Failure> {
        self.node.set_parm(self.handle, interval)
    }

    /// VIDIOC_REQBUFS and VIDIOC_QUERYBUF: gives the number of buffers granted.
    ///
    /// # Errors
    /// `BadBuffer` if a buffer does not lie in the pool, or lies on another one; what the node refuses;
    /// a disconnect.
    pub fn request_buffers(&mut self, count: u8) -> Result<u8, Failure> {
        let granted = self.node.request_buffers(self.handle, count)?;
        // The former ones are gone; new ones there are when their places are known.
        self.count = 0;
        self.queued.set(0);
        for index in 0..granted {
            let info = self.node.query_buffer(self.handle, BufferIndex(index))?;
            let (offset, length) = (info.offset_bytes as usize, info.length_bytes as usize);
            let place = Place { offset, length };
            let index = usize::from(index);
            let apart =
                |(before, _): (&[Place], _)| before.iter().all(|other| place.is_apart_from(*other));
            let is_good =
                self.pool.holds(place) && self.places.split_at_checked(index).is_some_and(apart);
            match self.places.get_mut(index).filter(|_| is_good) {
                Some(slot) => *slot = place,
                None => return Err(ipc::Error::Op(NodeError::BadBuffer)),
            }
        }
        self.count = granted;
        Ok(granted)
    }

    /// A buffer to make a picture in; `None` if all are queued, or being written.
    #[must_use]
    pub fn draft(&self) -> Option<Draft<'_, 'p>> {
        let taken = self.drafted.get() | self.queued.get();
        let free = (0..self.count).find(|index| taken & bit(*index) == 0)?;
        self.drafted.set(self.drafted.get() | bit(free));
        Some(Draft { stream: self, buffer: BufferIndex(free) })
    }

    /// VIDIOC_STREAMON.
    ///
    /// # Errors
    /// What node and graph refuse; a disconnect.
    pub fn start(&self) -> Result<(), Failure> {
        self.node.stream_on(self.handle)
    }

    /// VIDIOC_STREAMOFF: ends when the hardware is idle; all buffers are free again.
    ///
    /// # Errors
    /// `TimedOut`; a disconnect.
    pub fn stop(&self, timeout_ms: u32) -> Result<(), Failure> {
        self.node.stream_off(self.handle, timeout_ms)?;
        self.queued.set(0);
        Ok(())
    }

    /// VIDIOC_DQBUF: waits until a buffer has been read, which frees it.
    ///
    /// # Errors
    /// `TimedOut`; `BadBuffer` if the node gives one that was not queued; a disconnect.
    pub fn dequeue(&self, timeout_ms: u32) -> Result<FrameInfo, Failure> {
        let info = self.node.dequeue_buffer(self.handle, timeout_ms)?;
        let buffer = info.frame.buffer;
        if buffer.0 >= self.count || self.queued.get() & bit(buffer.0) == 0 {
            return Err(ipc::Error::Op(NodeError::BadBuffer));
        }
        self.queued.set(self.queued.get() & !bit(buffer.0));
        Ok(info)
    }

    /// Waits for a free buffer or the end of the handle.
    ///
    /// # Errors
    /// What the node refuses; a disconnect.
    pub fn poll(&self, events: PollEvents, timeout_ms: u32) -> Result<PollEvents, Failure> {
        self.node.poll(self.handle, events, timeout_ms)
    }

    /// After a disconnect: takes a queued buffer back. It can be written again when it is cancelled.
    ///
    /// # Errors
    /// `BadBuffer` if it was not queued, or was taken back before; the death of the node itself.
    pub fn reclaim(&self, buffer: BufferIndex) -> Result<Reclaim, Failure> {
        let reclaimed = self.node.reclaim(self.handle, buffer)?;
        if reclaimed == Reclaim::Cancelled && buffer.0 < self.count {
            self.queued.set(self.queued.get() & !bit(buffer.0));
        }
        Ok(reclaimed)
    }

    /// Number of buffers granted.
    #[must_use]
    pub fn buffers(&self) -> u8 {
        self.count
    }

    /// Closes the handle. No draft of it can exist any more.
    ///
    /// # Errors
    /// The death of the node itself, which has closed it.
    pub fn close(self) -> Result<(), Failure> {
        self.node.close(self.handle)
    }
}

/// Of a buffer, in a set of them.
const fn bit(buffer: u8) -> u32 {
    // Beyond the last one: in no set.
    if (buffer as usize) < BUFFERS_MAX { 1 << buffer } else { 0 }
}

/// A buffer that this task may write. Dropped, it is free again, and what was written stays in it.
pub struct Draft<'a, 'p> {
    stream: &'a OutputStream<'p>,
    buffer: BufferIndex,
}

impl Draft<'_, '_> {
    /// The bytes of the buffer: lines of the format's stride.
    pub fn pixels(&mut self) -> &mut [u8] {
        let Place { offset, length } = self.stream.places[usize::from(self.buffer.0)];
        let start = core::ptr::with_exposed_provenance_mut(self.stream.pool.base + offset);
        // SAFETY: the range lies in the pool, which is readable and writable, and no other buffer has a
        // byte of it (invariants 1 to 3); no other draft of this buffer exists (invariant 4), and this
        // one is borrowed for as long as the slice lives.
        unsafe { core::slice::from_raw_parts_mut(start, length) }
    }

    /// Which buffer it is.
    #[must_use]
    pub fn buffer(&self) -> BufferIndex {
        self.buffer
    }

    /// VIDIOC_QBUF: the picture is done. Its time becomes that of the frame that is made of it.
    ///
    /// # Errors
    /// What the node refuses: then the buffer is free again; a disconnect: then nobody knows, and it has
    /// to be reclaimed.
    pub fn queue(self, timestamp_us: u64) -> Result<(), Failure> {
        let Self { stream, buffer } = &self;
        let frame = OutputFrame { bytes_used: 0, timestamp_us };
        let result = stream.node.queue_output(stream.handle, *buffer, frame);
        if !matches!(result, Err(ipc::Error::Op(_))) {
            stream.queued.set(stream.queued.get() | bit(buffer.0));
        }
        result
    }
}

impl Drop for Draft<'_, '_> {
    fn drop(&mut self) {
        let drafted = &self.stream.drafted;
        drafted.set(drafted.get() & !bit(self.buffer.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{BufferInfo, FrameDone, FrameFlags, Generation, Owner, PoolId};
    use idl::video::Op;
    use idol_runtime::hubpack::{SerializedSize, serialize};
    use idol_runtime::{Outcome, TaskId, host};

    const NODE: TaskId = TaskId::new(TaskIndex(8), Generation(0));
    const BUFFERS: u8 = 2;
    const BUFFER_BYTES: u32 = 32;

    fn put<T: serde::Serialize + SerializedSize>(bytes: &mut [u8], value: &T) -> usize {
        serialize(bytes, value).expect("room for the answer")
    }

    /// A node whose buffers lie where `offsets` says, and that gives back `read`, always; it refuses more
    /// than two buffers, and, if it `refuses`, a queue.
    fn serve(offsets: [u32; 2], read: u8, refuses: bool) {
        let mut asked = 0;
        host::serve(NODE, move |call, message, reply| {
            let mut code = 0;
            let length = match Op::ALL.into_iter().find(|op| op.code() == call.op) {
                Some(Op::Open) => put(reply, &Handle(1)),
                Some(Op::RequestBuffers) if message.last() > Some(&BUFFERS) => {
                    code = NodeError::Busy as u32;
                    0
                }
                Some(Op::RequestBuffers) => {
                    asked = 0;
                    put(reply, &BUFFERS)
                }
                Some(Op::QueryBuffer) => {
                    asked += 1;
                    let (offset_bytes, owner) = (offsets[asked - 1], Owner::Client(None));
                    put(reply, &BufferInfo { offset_bytes, length_bytes: BUFFER_BYTES, owner })
                }
                Some(Op::QueueOutput) if refuses => {
                    code = NodeError::InvalidFormat as u32;
                    0
                }
                Some(Op::DequeueBuffer) => {
                    let frame = FrameDone {
                        pool: PoolId(0),
                        buffer: BufferIndex(read),
                        sequence: 7,
                        timestamp_us: 8,
                        bytes_used: 20,
                        flags: FrameFlags::default(),
                    };
                    put(reply, &FrameInfo { frame, epoch: Generation(3) })
                }
                Some(Op::Reclaim) => put(reply, &Reclaim::Cancelled),
                _ => 0,
            };
            Outcome::Reply { code, length }
        });
    }

    /// A pool of this process, for as long as it lives.
    fn pool() -> WritablePool {
        let bytes = vec![0_u8; 2 * BUFFER_BYTES as usize].leak();
        // SAFETY: leaked, so there for ever, and known to nobody else.
        unsafe { WritablePool::new(bytes.as_mut_ptr().expose_provenance(), bytes.len()) }
    }

    fn is_bad<T>(result: Result<T, Failure>) -> bool {
        matches!(result, Err(ipc::Error::Op(NodeError::BadBuffer)))
    }

    #[test]
    fn a_buffer_is_written_by_one_draft_and_read_while_it_is_queued() {
        serve([0, BUFFER_BYTES], 0, false);
        let mut pool = pool();
        let mut stream = OutputStream::open(NODE.index(), &mut pool).expect("a node");
        assert_eq!(stream.request_buffers(BUFFERS).ok(), Some(BUFFERS));
        let (Some(mut first), Some(mut second)) = (stream.draft(), stream.draft()) else {
            panic!("two are free")
        };
        assert!(stream.draft().is_none(), "and no more");
        first.pixels().fill(1);
        second.pixels().fill(2);
        assert_eq!((first.pixels().len(), first.pixels()[31], second.pixels()[0]), (32, 1, 2));
        drop(second);
        first.queue(8).expect("it is taken");
        let mut again = stream.draft().expect("the second is free again");
        assert_eq!((again.buffer(), again.pixels()[0]), (BufferIndex(1), 2));
        assert!(stream.draft().is_none(), "the first is queued");
        assert_eq!(stream.dequeue(10).expect("it was read").frame.buffer, BufferIndex(0));
        assert!(stream.draft().is_some(), "and free");
        assert!(is_bad(stream.dequeue(10)), "what is not queued is not believed");
    }

    #[test]
    fn a_refused_request_leaves_the_buffers_that_there_are() {
        serve([0, BUFFER_BYTES], 0, false);
        let mut pool = pool();
        let mut stream = OutputStream::open(NODE.index(), &mut pool).expect("a node");
        stream.request_buffers(BUFFERS).expect("buffers");
        stream.draft().expect("free").queue(0).expect("it is taken");
        let refused = stream.request_buffers(BUFFERS + 1);
        assert!(matches!(refused, Err(ipc::Error::Op(NodeError::Busy))));
        assert_eq!(stream.draft().map(|draft| draft.buffer()), Some(BufferIndex(1)));
        assert_eq!(stream.dequeue(10).expect("it was read").frame.buffer, BufferIndex(0));
    }

    #[test]
    fn places_that_the_node_alleges_are_checked() {
        for offsets in [[0, 33], [1, u32::MAX], [0, 31], [0, 0], [31, 0], [u32::MAX, 0]] {
            serve(offsets, 0, false);
            let mut pool = pool();
            let mut stream = OutputStream::open(NODE.index(), &mut pool).expect("a node");
            assert!(is_bad(stream.request_buffers(BUFFERS)), "{offsets:?}");
            assert!(stream.draft().is_none(), "{offsets:?}: none was granted");
        }
    }

    #[test]
    fn a_refused_picture_is_free_and_a_stop_or_a_reclaim_frees_queued_ones() {
        serve([0, BUFFER_BYTES], 9, true);
        let mut pool = pool();
        let mut stream = OutputStream::open(NODE.index(), &mut pool).expect("a node");
        stream.request_buffers(BUFFERS).expect("buffers");
        let refused = stream.draft().expect("free").queue(0);
        assert!(matches!(refused, Err(ipc::Error::Op(NodeError::InvalidFormat))));
        assert_eq!(stream.draft().map(|draft| draft.buffer()), Some(BufferIndex(0)));
        serve([0, BUFFER_BYTES], 9, false);
        for _ in 0..BUFFERS {
            stream.draft().expect("free").queue(0).expect("it is taken");
        }
        assert!(stream.draft().is_none() && is_bad(stream.dequeue(1)), "there is no buffer 9");
        stream.reclaim(BufferIndex(1)).expect("cancelled");
        assert_eq!(stream.draft().map(|draft| draft.buffer()), Some(BufferIndex(1)));
        stream.reclaim(BufferIndex(200)).expect("the node knows no better");
        stream.stop(1).expect("it stops");
        assert_eq!(stream.draft().map(|draft| draft.buffer()), Some(BufferIndex(0)));
    }
}
