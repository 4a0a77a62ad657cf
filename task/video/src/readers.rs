//! Who reads frames beside the client that streams, and what each of them has: pure data.

use idl::types::{
    BUFFERS_MAX, BufferIndex, FrameInfo, Handle, NodeError, PixFormat, READERS_MAX, ReadFrame,
    Reading,
};
use sys_abi::TaskId;

/// A task that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Who it is.
    pub task: TaskId,
    /// The handle that it subscribed with.
    pub handle: Handle,
    /// The family of that handle.
    family: u32,
    reading: Reading,
    /// Frames that it can take, as bits of buffers.
    pub pending: u32,
    /// Frames that it has taken and not let go of. No bit of `pending`.
    pub taken: u32,
    skipped: u32,
}

impl Reader {
    const fn held(&self) -> u32 {
        self.pending | self.taken
    }

    /// Whether the next frame is for it.
    fn wants_one(&self) -> bool {
        match self.reading {
            Reading::Must => true,
            Reading::MaySkip { max_held } => self.held().count_ones() < u32::from(max_held),
        }
    }
}

/// What is in a buffer that somebody reads.
#[derive(Clone, Copy, Debug)]
struct Picture {
    info: FrameInfo,
    format: PixFormat,
    /// When it came, in frames.
    number: u32,
}

/// The readers of a node.
#[derive(Clone, Debug)]
pub struct Readers {
    entries: [Option<Reader>; READERS_MAX],
    count: usize,
    pictures: [Option<Picture>; BUFFERS_MAX],
    frames: u32,
    /// Buffers that somebody has, as bits.
    held: u32,
    /// Buffers that the last reader has let go of, until [`Readers::take_released`].
    released: u32,
}

impl Readers {
    /// Nobody reads.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: [None; READERS_MAX],
            count: 0,
            pictures: [None; BUFFERS_MAX],
            frames: 0,
            held: 0,
            released: 0,
        }
    }

    /// Whether there is a reader.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.count != 0
    }

    /// The readers, by their places, which stay the same as long as they read.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Reader)> {
        self.entries.iter().enumerate().filter_map(|(place, entry)| Some((place, entry.as_ref()?)))
    }

    /// The place of the reader with this handle.
    #[must_use]
    pub fn of(&self, handle: Handle) -> Option<usize> {
        self.iter().find(|(_, reader)| reader.handle == handle).map(|(place, _)| place)
    }

    /// The reader at that place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&Reader> {
        self.entries.get(place)?.as_ref()
    }

    /// Whether a handle of this family reads.
    #[must_use]
    pub fn is_of(&self, family: u32) -> bool {
        self.iter().any(|(_, reader)| reader.family == family)
    }

    /// Whether somebody reads the buffer.
    #[must_use]
    pub const fn hold(&self, buffer: BufferIndex) -> bool {
        self.held & bit(buffer) != 0
    }

    /// One more.
    ///
    /// # Errors
    /// `InvalidConfiguration` if it would get nothing; `Busy` if the task reads already; `TableFull`.
    pub fn subscribe(
        &mut self,
        task: TaskId,
        handle: Handle,
        family: u32,
        reading: Reading,
    ) -> Result<(), NodeError> {
        if reading == (Reading::MaySkip { max_held: 0 }) {
            return Err(NodeError::InvalidConfiguration);
        }
        if self.iter().any(|(_, reader)| reader.task.index() == task.index()) {
            return Err(NodeError::Busy);
        }
        let free = self.entries.iter_mut().find(|entry| entry.is_none());
        let reader = Reader { task, handle, family, reading, pending: 0, taken: 0, skipped: 0 };
        *free.ok_or(NodeError::TableFull)? = Some(reader);
        self.count += 1;
        Ok(())
    }

    /// Notes a new frame; [`Readers::offer`] says for whom it is.
    pub fn note(&mut self, info: FrameInfo, format: PixFormat) {
        // Ages are differences, so the counter may wrap.
        self.frames = self.frames.wrapping_add(1);
        if let Some(picture) = self.pictures.get_mut(usize::from(info.frame.buffer.0)) {
            *picture = Some(Picture { info, format, number: self.frames });
        }
    }

    /// The reader there, if it gets the frame; else it is skipped.
    pub fn offer(&mut self, place: usize) -> Option<TaskId> {
        let reader = self.entries.get_mut(place)?.as_mut()?;
        if reader.wants_one() {
            return Some(reader.task);
        }
        reader.skipped = reader.skipped.saturating_add(1);
        None
    }

    /// The reader there has the frame in this buffer, and can take it.
    pub fn give(&mut self, place: usize, buffer: BufferIndex) {
        let Some(Some(reader)) = self.entries.get_mut(place) else { return };
        reader.pending |= bit(buffer);
        self.held |= bit(buffer);
    }

    /// The reader there takes its oldest frame; buffers are so many bytes apart.
    pub fn take(&mut self, place: usize, buffer_bytes: u32) -> Option<ReadFrame> {
        let reader = self.entries.get_mut(place)?.as_mut()?;
        let pending = bits(reader.pending)
            .filter_map(|buffer| Some((buffer, self.pictures[usize::from(buffer.0)]?)));
        let age = |picture: &Picture| self.frames.wrapping_sub(picture.number);
        let (buffer, picture) = pending.max_by_key(|(_, picture)| age(picture))?;
        let Picture { info: FrameInfo { frame, epoch }, format, .. } = picture;
        reader.pending &= !bit(buffer);
        reader.taken |= bit(buffer);
        Some(ReadFrame {
            buffer,
            sequence: frame.sequence,
            timestamp_us: frame.timestamp_us,
            flags: frame.flags,
            epoch,
            offset_bytes: u32::from(buffer.0) * buffer_bytes,
            bytes_used: frame.bytes_used,
            format,
            skipped: reader.skipped,
        })
    }

    /// Whether the reader there had taken this buffer; it lets go of it.
    pub fn let_go(&mut self, place: usize, buffer: BufferIndex) -> bool {
        let Some(Some(reader)) = self.entries.get_mut(place) else { return false };
        let had = reader.taken & bit(buffer) != 0;
        reader.taken &= !bit(buffer);
        self.settle();
        had
    }

    /// What the reader there has not taken is gone for it: gives it, as bits.
    pub fn drop_pending(&mut self, place: usize) -> u32 {
        let Some(Some(reader)) = self.entries.get_mut(place) else { return 0 };
        let dropped = core::mem::take(&mut reader.pending);
        self.settle();
        dropped
    }

    /// As [`Readers::drop_pending`] for a reader that may skip; the frames count as skipped.
    pub fn skip_pending(&mut self, place: usize) -> u32 {
        let Some(Some(reader)) = self.entries.get_mut(place) else { return 0 };
        if reader.reading == Reading::Must {
            return 0;
        }
        reader.skipped = reader.skipped.saturating_add(reader.pending.count_ones());
        self.drop_pending(place)
    }

    /// The end of a subscription: gives what it had, as bits.
    pub fn remove(&mut self, place: usize) -> u32 {
        let Some(reader) = self.entries.get_mut(place).and_then(Option::take) else { return 0 };
        self.count -= 1;
        self.settle();
        reader.held()
    }

    /// Buffers that nobody reads any more, since the last time.
    pub const fn take_released(&mut self) -> u32 {
        core::mem::replace(&mut self.released, 0)
    }

    fn settle(&mut self) {
        let held = self.iter().fold(0, |held, (_, reader)| held | reader.held());
        self.released |= self.held & !held;
        self.held = held;
    }
}

impl Default for Readers {
    fn default() -> Self {
        Self::new()
    }
}

/// The set of one buffer; empty if no pool has it.
pub const fn bit(buffer: BufferIndex) -> u32 {
    if (buffer.0 as usize) < BUFFERS_MAX { 1 << buffer.0 } else { 0 }
}

/// The buffers of a set.
pub fn bits(set: u32) -> impl Iterator<Item = BufferIndex> {
    (0..BUFFERS_MAX as u8).map(BufferIndex).filter(move |buffer| set & bit(*buffer) != 0)
}
