//! Supervisor and power.

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

use sys_abi::{Cause, CrashKind, Edge, Generation, TaskIndex};

/// What to expect of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Outlook {
    /// It ended; its hardware is not known to be quiet yet.
    Settling,
    /// It will be restarted.
    Returning {
        /// Earliest time, in microseconds since boot.
        not_before_us: u64,
    },
    /// Its hardware is away.
    Absent,
    /// An operator stopped it.
    Stopped,
    /// It died too often, or is not known to be quiet.
    Failed {
        /// Restarts made.
        restarts: u16,
    },
    /// It started and has not said ready yet.
    Starting {
        /// Its life.
        generation: Generation,
    },
    /// It serves.
    Ready {
        /// Its life.
        generation: Generation,
    },
}

/// An ended life whose hardware must be made quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct PendingQuiesce {
    /// The task.
    pub task: TaskIndex,
    /// The life that ended.
    pub generation: Generation,
}

/// Operator control of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Control {
    /// End its life now (cause Stopped); it stays down.
    Stop,
    /// Start it again after Stop or Failed; clears the death count.
    Start,
    /// End its life now (cause Stopped) and bring it back as after a fault.
    Restart,
    /// Orderly removal: publish removing, let it finish within the bound, then Stop.
    Remove,
}

/// A line of the story that a task adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Note {
    /// This many waiting calls were answered with Disconnected.
    Told {
        /// Who died.
        peer: TaskIndex,
        /// Which life.
        generation: Generation,
        /// Waiting calls answered.
        waiters: u16,
        /// Handles marked.
        handles: u16,
    },
    /// DMA windows shut after a death.
    WindowsShut {
        /// How many.
        count: u8,
    },
    /// Buffers released from quarantine.
    Released {
        /// How many.
        count: u8,
    },
    /// The graph's topology changed.
    Topology {
        /// The new version.
        version: u32,
    },
    /// The power state changed.
    Power(PowerState),
    /// A living driver answered what does not decode, so the session with it is over. The supervisor
    /// ends its life.
    Nonsense {
        /// The driver.
        peer: TaskIndex,
        /// Its life.
        generation: Generation,
    },
}

/// A line of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct StoryEvent {
    /// Running number.
    pub number: u32,
    /// When, in microseconds since boot.
    pub time_us: u64,
    /// About whom.
    pub task: TaskIndex,
    /// What.
    pub kind: StoryKind,
}

/// What a line of the story says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum StoryKind {
    /// A life ended.
    Death {
        /// Which life.
        generation: Generation,
        /// Why.
        cause: Cause,
    },
    /// An edge was published.
    Published {
        /// Which edge.
        edge: Edge,
        /// Of which life.
        generation: Generation,
    },
    /// It was started again.
    Restarted {
        /// The new life.
        generation: Generation,
    },
    /// It is down for good.
    Failed,
    /// The quiesce bound passed: the kill switch was thrown.
    KillSwitch,
    /// The presence pin changed.
    Presence {
        /// Plugged in.
        present: bool,
    },
    /// The boot before this one ended in a crash. First line of the story, about the supervisor.
    Crashed {
        /// Why.
        kind: CrashKind,
        /// Where; of a kernel panic it is 0, because that knows a line of the source instead.
        pc: u32,
        /// When, in microseconds since that boot; 0 when the kernel could not tell any more.
        ended_us: u64,
    },
    /// The task's own words.
    Note(Note),
}

/// State of the camera power domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum PowerState {
    /// No module is plugged in.
    Absent,
    /// Off.
    Off,
    /// Coming up.
    Rising,
    /// Clocks run; registers answer.
    On,
    /// Making the hardware of an ended life quiet.
    Quiescing,
    /// Clients come to rest: who touches no register any more says so; after the last one the domain
    /// is switched off. No life ends.
    Suspending,
    /// Off until an operator resumes it.
    Suspended,
}
