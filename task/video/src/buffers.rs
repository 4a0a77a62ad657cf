//! The place of each buffer, and the order of the queues.

use idl::types::{BUFFERS_MAX, BufferIndex, FrameInfo, PoolId, ReadTiming, TaskIndex};

use crate::upstream::Memory;

/// Where a buffer is, as the node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// No handle asked for it.
    Unused,
    /// The client's; with pixels if it was handed out to somebody.
    Client(Option<TaskIndex>),
    /// Queued by the client; readers have not let go of it yet.
    Read,
    /// Queued by the client, not yet given to the driver.
    Queued,
    /// Given to the driver.
    Driver,
    /// Filled, waiting for the client.
    Filled(FrameInfo),
    /// It was queued, with the driver or filled when the handle ended.
    Lost,
    /// It came back after that, and waits for `reclaim`.
    Cancelled,
}

/// What a client queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Memory of another node, if it is not the buffer's own.
    pub imported: Option<Memory>,
    /// When it shall be read.
    pub timing: ReadTiming,
}

impl Queued {
    /// An empty buffer for the hardware to fill.
    pub const EMPTY: Self = Self { imported: None, timing: ReadTiming::NONE };
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    place: Place,
    queued: Queued,
    /// When it got there, in moves.
    since: u32,
}

/// The buffers of a pool.
#[derive(Clone, Debug)]
pub struct Buffers {
    slots: [Slot; BUFFERS_MAX],
    moves: u32,
    /// Those that are filled, as bits: most of the time none is.
    filled: u32,
    /// Those that are queued.
    queued: u32,
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

impl Buffers {
    /// All unused.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: [Slot { place: Place::Unused, queued: Queued::EMPTY, since: 0 }; BUFFERS_MAX],
            moves: 0,
            filled: 0,
            queued: 0,
        }
    }

    /// Where a buffer is; `None` if there is no such buffer or nobody asked for it.
    #[must_use]
    pub fn place(&self, buffer: BufferIndex) -> Option<Place> {
        let place = self.slots.get(usize::from(buffer.0))?.place;
        (place != Place::Unused).then_some(place)
    }

    /// Moves a buffer to the end of the queue of its new place. An index out of range is ignored:
    /// [`Buffers::place`] has said so before.
    pub fn put(&mut self, buffer: BufferIndex, place: Place) {
        // Ages are differences, so the counter may wrap.
        self.moves = self.moves.wrapping_add(1);
        let Some(slot) = self.slots.get_mut(usize::from(buffer.0)) else { return };
        (slot.place, slot.since) = (place, self.moves);
        let with = |bits: u32, is: bool| bits & !(1 << buffer.0) | u32::from(is) << buffer.0;
        self.filled = with(self.filled, matches!(place, Place::Filled(_)));
        self.queued = with(self.queued, place == Place::Queued);
    }

    /// Notes what the client queued, or that it has its buffer again.
    pub fn note(&mut self, buffer: BufferIndex, queued: Queued) {
        if let Some(slot) = self.slots.get_mut(usize::from(buffer.0)) {
            slot.queued = queued;
        }
    }

    /// What the client queued last in this buffer.
    #[must_use]
    pub fn queued(&self, buffer: BufferIndex) -> Queued {
        self.slots.get(usize::from(buffer.0)).map_or(Queued::EMPTY, |slot| slot.queued)
    }

    /// The buffer, given to the driver, that has this memory; `own` is the pool of the buffers.
    #[must_use]
    pub fn of_memory(&self, memory: Memory, own: PoolId) -> Option<BufferIndex> {
        let at = |index: usize, slot: &Slot| {
            slot.queued.imported.unwrap_or(Memory { pool: own, buffer: BufferIndex(index as u8) })
        };
        let mut all = self.slots.iter().enumerate();
        let (index, _) =
            all.find(|(index, slot)| slot.place == Place::Driver && at(*index, slot) == memory)?;
        Some(BufferIndex(index as u8))
    }

    /// The buffer that has been longest at a place that `which` picks.
    #[must_use]
    pub fn oldest(&self, which: impl Fn(Place) -> bool) -> Option<BufferIndex> {
        self.oldest_of(self.bits(which))
    }

    /// The buffer that has been queued longest.
    #[must_use]
    pub fn oldest_queued(&self) -> Option<BufferIndex> {
        self.oldest_of(self.queued)
    }

    /// The buffer of this set that was queued first while somebody read it.
    #[must_use]
    pub fn oldest_read(&self, set: u32) -> Option<BufferIndex> {
        if set == 0 { None } else { self.oldest_of(set & self.bits(|place| place == Place::Read)) }
    }

    /// The oldest filled buffer.
    #[must_use]
    pub fn filled(&self) -> Option<FrameInfo> {
        match self.place(self.oldest_of(self.filled)?)? {
            Place::Filled(info) => Some(info),
            _ => None,
        }
    }

    /// Whether a buffer is filled.
    #[must_use]
    pub const fn any_filled(&self) -> bool {
        self.filled != 0
    }

    fn oldest_of(&self, bits: u32) -> Option<BufferIndex> {
        // Most of the time there is none, or one: nothing to compare.
        if bits.count_ones() < 2 {
            return (bits != 0).then_some(BufferIndex(bits.trailing_zeros() as u8));
        }
        let picked = self.slots.iter().enumerate().filter(|(index, _)| bits & 1 << index != 0);
        let age = |slot: &Slot| self.moves.wrapping_sub(slot.since);
        let (index, _) = picked.max_by_key(|(_, slot)| age(slot))?;
        Some(BufferIndex(index as u8))
    }

    /// Number of buffers at places that `which` picks.
    #[must_use]
    pub fn count(&self, which: impl Fn(Place) -> bool) -> usize {
        self.slots.iter().filter(|slot| which(slot.place)).count()
    }

    /// Buffers at places that `which` picks, as bits.
    #[must_use]
    pub fn bits(&self, which: impl Fn(Place) -> bool) -> u32 {
        let picked = self.slots.iter().enumerate().filter(|(_, slot)| which(slot.place));
        picked.fold(0, |bits, (index, _)| bits | 1 << index)
    }

    /// Buffers that are neither unused nor the client's.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.count(|place| !matches!(place, Place::Unused | Place::Client(_) | Place::Cancelled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{FrameDone, FrameFlags, Generation};

    #[test]
    fn the_queue_keeps_the_order_of_the_client() {
        let mut buffers = Buffers::new();
        for index in [2, 0, 3, 1] {
            buffers.put(BufferIndex(index), Place::Queued);
        }
        let mut order = Vec::new();
        while let Some(buffer) = buffers.oldest(|place| place == Place::Queued) {
            order.push(buffer.0);
            buffers.put(buffer, Place::Driver);
        }
        assert_eq!(order, [2, 0, 3, 1]);
    }

    #[test]
    fn what_is_filled_or_queued_is_known_at_every_move() {
        let mut buffers = Buffers::new();
        let all = |buffers: &Buffers| {
            let filled = buffers.bits(|place| matches!(place, Place::Filled(_)));
            assert_eq!(buffers.any_filled(), filled != 0);
            assert_eq!(
                (buffers.filled, buffers.queued),
                (filled, buffers.bits(|at| at == Place::Queued))
            );
        };
        let frame = FrameDone {
            pool: PoolId(0),
            buffer: BufferIndex(1),
            sequence: 0,
            timestamp_us: 0,
            bytes_used: 0,
            flags: FrameFlags::default(),
        };
        let filled = Place::Filled(FrameInfo { frame, epoch: Generation(0) });
        let places = [
            Place::Queued,
            Place::Driver,
            filled,
            Place::Client(None),
            Place::Queued,
            Place::Unused,
        ];
        for (step, place) in places.into_iter().cycle().take(40).enumerate() {
            buffers.put(BufferIndex((step * 5 % 7) as u8), place);
            all(&buffers);
        }
    }

    #[test]
    fn order_survives_the_wrap_of_the_counter() {
        let mut buffers = Buffers::new();
        buffers.moves = u32::MAX - 1;
        for index in [2, 0, 3, 1] {
            buffers.put(BufferIndex(index), Place::Queued);
        }
        assert_eq!(buffers.oldest(|place| place == Place::Queued), Some(BufferIndex(2)));
    }

    #[test]
    fn there_is_no_buffer_beyond_the_pool_or_before_a_request() {
        let mut buffers = Buffers::new();
        assert_eq!(buffers.place(BufferIndex(0)), None);
        buffers.put(BufferIndex(200), Place::Queued);
        assert_eq!(buffers.place(BufferIndex(200)), None);
        assert_eq!(buffers.busy(), 0);
    }
}
