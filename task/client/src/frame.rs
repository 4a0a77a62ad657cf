//! The pixels of one buffer, for as long as somebody holds them.
//!
//! # Invariants
//! 1. A [`MappedPool`] lies in memory that this task can read for its whole life.
//! 2. A buffer whose [`Frame`] exists is not queued: the stream that made the frame refuses to
//!    queue it, the node refuses to queue it for others, and the frame borrows the stream, so that
//!    the stream cannot be closed. Hardware can write only into queued buffers; the ledger opens
//!    the DMA window for nothing else. So the bytes do not change.
//!
//! Both also hold after a disconnect: at the moment of death hardware did not own the buffer, and
//! the ledger gives it to nobody before its client lets go.

use idl::types::{FrameFlags, FrameInfo, Generation};

use crate::stream::Stream;

/// A pool that the manifest maps to this task.
#[derive(Clone, Copy, Debug)]
pub struct MappedPool {
    /// Invariant 1.
    base: usize,
    bytes: usize,
}

impl MappedPool {
    /// The pool at this address. Use [`crate::pool!`] instead.
    ///
    /// # Safety
    /// The memory must be readable by this task for its whole life, and nobody but hardware may
    /// write it (invariant 1).
    #[must_use]
    pub const unsafe fn new(base: usize, bytes: usize) -> Self {
        Self { base, bytes }
    }

    /// Whether `length` bytes from `offset` lie in the pool.
    pub(crate) fn holds(&self, offset: usize, length: usize) -> bool {
        offset.checked_add(length).is_some_and(|end| end <= self.bytes)
    }
}

/// Memory that was written before the first task ran and that nobody writes any more. Use
/// [`crate::constant!`] instead.
///
/// # Safety
/// The memory must be readable by this task for its whole life, and nobody may write it.
#[must_use]
pub unsafe fn constant(base: usize, bytes: usize) -> &'static [u8] {
    // SAFETY: readable for as long as this task lives, and constant, says the caller.
    unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance(base), bytes) }
}

/// A filled buffer that this task holds. Dropping it queues the buffer again.
pub struct Frame<'a> {
    stream: &'a Stream,
    info: FrameInfo,
    offset: usize,
    length: usize,
}

impl<'a> Frame<'a> {
    /// The frame in a buffer that the node has just handed out to this stream.
    pub(crate) fn new(stream: &'a Stream, info: FrameInfo, offset: usize, length: usize) -> Self {
        assert!(stream.pool().holds(offset, length), "a frame outside of its pool");
        Self { stream, info, offset, length }
    }

    /// The bytes that the hardware wrote: lines of the format's stride.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        let start = core::ptr::with_exposed_provenance(self.stream.pool().base + self.offset);
        // SAFETY: the range lies in the pool (checked in `new`), which is readable (invariant 1);
        // nobody writes it while `self` exists, and the slice does not outlive `self`
        // (invariant 2).
        unsafe { core::slice::from_raw_parts(start, self.length) }
    }

    /// Address of the first byte, for a picture to the host.
    #[must_use]
    pub fn address(&self) -> usize {
        self.stream.pool().base + self.offset
    }

    /// Frame number of the sensor since stream start; a gap is a frame without a buffer.
    #[must_use]
    pub fn sequence(&self) -> u32 {
        self.info.frame.sequence
    }

    /// End of the frame, in microseconds since boot.
    #[must_use]
    pub fn timestamp_us(&self) -> u64 {
        self.info.frame.timestamp_us
    }

    /// Damage marks.
    #[must_use]
    pub fn flags(&self) -> FrameFlags {
        self.info.frame.flags
    }

    /// The life of the driver that filled it.
    #[must_use]
    pub fn epoch(&self) -> Generation {
        self.info.epoch
    }
}

impl Drop for Frame<'_> {
    fn drop(&mut self) {
        self.stream.let_go(self.info.frame.buffer);
    }
}
