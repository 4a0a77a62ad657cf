//! Task ids: which task, and which of its lives.

use serde::{Deserialize, Serialize};

/// Upper bound of tasks in an image; the send lists are bit sets of this width.
pub const MAX_TASKS: usize = 64;

/// Position of a task in the image, in the order of `app.toml`; never reused, never moved.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    hubpack::SerializedSize,
)]
#[repr(transparent)]
pub struct TaskIndex(pub u8);

/// Which life of a task: 0 at boot, plus one at each death (never at a restart), 24 bits wide.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    hubpack::SerializedSize,
)]
#[repr(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The last generation. A task that dies in it is Failed for good: ids never wrap.
    pub const LAST: Self = Self(0x00FF_FFFE);

    /// The generation after this one, or `None` when ids are exhausted.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        if self.0 >= Self::LAST.0 { None } else { Some(Self(self.0 + 1)) }
    }
}

/// One life of one task: index in bits 7..0, generation in bits 31..8.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, hubpack::SerializedSize,
)]
#[repr(transparent)]
pub struct TaskId(pub u32);

impl TaskId {
    /// The kernel itself: the target of kernel IPC, the sender of notifications.
    pub const KERNEL: Self = Self(0xFFFF_FFFF);

    /// The id of life `generation` of task `index`. Generation bits above 24 are cut off.
    #[must_use]
    pub const fn new(index: TaskIndex, generation: Generation) -> Self {
        Self(generation.0 << 8 | index.0 as u32)
    }

    /// Which task.
    #[must_use]
    pub const fn index(self) -> TaskIndex {
        TaskIndex(self.0 as u8)
    }

    /// Which life of it.
    #[must_use]
    pub const fn generation(self) -> Generation {
        Generation(self.0 >> 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_gives_back_its_two_halves() {
        for (index, generation) in [(0, 0), (7, 1), (63, 0x00FF_FFFE), (255, 0x00FF_FFFF)] {
            let id = TaskId::new(TaskIndex(index), Generation(generation));
            assert_eq!((id.index(), id.generation()), (TaskIndex(index), Generation(generation)));
        }
    }

    #[test]
    fn generations_end_instead_of_wrapping() {
        assert_eq!(Generation(0).next(), Some(Generation(1)));
        assert_eq!(Generation(0x00FF_FFFD).next(), Some(Generation::LAST));
        assert_eq!(Generation::LAST.next(), None);
    }
}
