//! What the supervisor hears, what it says, and whom it looks after.

use crate::policy::Tables;
use idl::types::{Control, Note};
use sys_abi::{Cause, CrashRecord, Edge, Generation, TaskId, TaskIndex, TaskStats};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The kernel of the boot before left this record.
    Crashed(CrashRecord),
    /// The kernel says that a life ended.
    Died {
        /// Whose.
        task: TaskIndex,
        /// Which.
        generation: Generation,
        /// Why.
        cause: Cause,
        /// The caller that it found fault with when it died, if it did.
        accused: Option<TaskId>,
    },
    /// `quiesced` was called.
    Quiesced {
        /// By whom.
        sender: TaskIndex,
        /// Whose hardware.
        task: TaskIndex,
        /// Which life's.
        generation: Generation,
    },
    /// `ready` was called.
    Ready {
        /// By whom.
        sender: TaskIndex,
        /// In which life.
        generation: Generation,
    },
    /// `lost` was called.
    Lost {
        /// By whom.
        sender: TaskIndex,
    },
    /// `presence` was called.
    Presence {
        /// By whom.
        sender: TaskIndex,
        /// The module plugged in, if any.
        module: Option<u32>,
    },
    /// `control` was called.
    Control {
        /// By whom.
        sender: TaskIndex,
        /// Whom to control.
        task: TaskIndex,
        /// How.
        control: Control,
    },
    /// `note` was called.
    Note {
        /// By whom.
        sender: TaskIndex,
        /// Its words.
        note: Note,
    },
    /// A sample of the hang scan.
    Sample {
        /// Of whom.
        task: TaskIndex,
        /// What the kernel counted.
        stats: TaskStats,
    },
    /// Time has passed.
    Tick,
}

/// What to do, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// End the present life of a task; its death comes back as [`Event::Died`].
    Kill(TaskIndex, Cause),
    /// Start the next life.
    Start(TaskIndex),
    /// Tell the watchers.
    Publish(TaskIndex, Edge, Generation),
    /// Post `quiesce` to power.
    WakePower,
    /// Cut the camera domain.
    ThrowKillSwitch,
}

/// Who is who, from the linked configuration.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// Number of tasks, the supervisor (index 0) included.
    pub task_count: usize,
    /// The restart policies, per task.
    pub policy: Tables<'a>,
    /// Indices of the tasks that may call `control`.
    pub operators: &'a [u32],
    /// Bound of the quiesce hand-shake, in microseconds.
    pub quiesce_us: u64,
    /// Negative control: call hardware quiet without asking. A camera test must notice.
    pub skip_quiesce: bool,
}

impl Config<'_> {
    /// Nobody.
    pub const NONE: Self = Self {
        task_count: 1,
        policy: Tables::NONE,
        operators: &[],
        quiesce_us: 0,
        skip_quiesce: false,
    };
}
