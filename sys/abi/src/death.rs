//! Death records, edges and watch events: what others learn when a task's life ends.

use crate::{Generation, TaskIndex};
use serde::{Deserialize, Serialize};

/// Why a life ended, as known at that moment. It is never revised: a surprise unplug may first
/// look like [`Cause::Faulted`]. What to expect next is the supervisor's `outlook`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
#[repr(u8)]
pub enum Cause {
    /// The processor or the kernel refused something it did, or its hardware answered what it
    /// cannot give, which a better bus would have refused.
    Faulted,
    /// It called `sys_panic`.
    Panicked,
    /// It ran or kept a caller waiting longer than its bound.
    Stalled,
    /// Its hardware was removed.
    Unplugged,
    /// Its power domain went off.
    PowerLost,
    /// An operator stopped it.
    Stopped,
    /// Something it cannot work without died.
    DependencyLost,
    /// The task lives, but your session with it does not.
    SessionEnded,
}

impl Cause {
    /// All causes, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Faulted,
        Self::Panicked,
        Self::Stalled,
        Self::Unplugged,
        Self::PowerLost,
        Self::Stopped,
        Self::DependencyLost,
        Self::SessionEnded,
    ];

    /// Its name in lines for the host.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Faulted => "faulted",
            Self::Panicked => "panicked",
            Self::Stalled => "stalled",
            Self::Unplugged => "unplugged",
            Self::PowerLost => "power_lost",
            Self::Stopped => "stopped",
            Self::DependencyLost => "dependency_lost",
            Self::SessionEnded => "session_ended",
        }
    }

    /// The cause with this code (its position in [`Cause::ALL`]).
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.get(code as usize).copied()
    }
}

/// What the kernel keeps of the latest death of each task, and hands to everybody who was
/// blocked on that life or sends to it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
pub struct DeathRecord {
    /// Who died.
    pub peer: TaskIndex,
    /// The life that ended.
    pub generation: Generation,
    /// Why.
    pub cause: Cause,
}

/// A death record as a client sees it, perhaps forwarded by a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
pub struct Disconnect {
    /// Who died: the origin, not the relay.
    pub peer: TaskIndex,
    /// The life that ended.
    pub generation: Generation,
    /// Why.
    pub cause: Cause,
    /// How many tasks passed it on; 0 = the task that was called died itself.
    pub hops: u8,
}

impl Disconnect {
    /// The same record, one relay further away.
    #[must_use]
    pub const fn forwarded(self) -> Self {
        Self { hops: self.hops.saturating_add(1), ..self }
    }
}

impl From<DeathRecord> for Disconnect {
    fn from(record: DeathRecord) -> Self {
        let DeathRecord { peer, generation, cause } = record;
        Self { peer, generation, cause, hops: 0 }
    }
}

/// A moment in the life of a peer that a task can watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
#[repr(u8)]
pub enum Edge {
    /// Orderly removal begins; opens and new operations are refused from now on.
    Removing,
    /// The life has ended (posted by the kernel in the same pass).
    Died,
    /// The hardware of the ended life is known to be quiet.
    Quiet,
    /// The new life has probed and serves.
    Ready,
}

impl Edge {
    /// All edges, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Removing, Self::Died, Self::Quiet, Self::Ready];

    /// The edge with this code (its position in [`Edge::ALL`]).
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.get(code as usize).copied()
    }

    /// This edge as a bit of a watch's edge set.
    #[must_use]
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// One edge of one life of one watched peer, as `sys_watch_next` drains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
pub struct WatchEvent {
    /// The watched task.
    pub peer: TaskIndex,
    /// What happened.
    pub edge: Edge,
    /// To which life: for `Ready` the new one, for the others the ended (or ending) one.
    pub generation: Generation,
    /// The cause of death; for `Removing` and `Ready` that of the latest death, if any.
    pub cause: Cause,
}
