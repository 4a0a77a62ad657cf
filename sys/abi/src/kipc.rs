//! Kernel IPC: messages to [`crate::TaskId::KERNEL`], hubpack-encoded.

use crate::{Generation, TaskIndex};
use serde::{Deserialize, Serialize};

/// Kernel-IPC ops. Authority comes from the manifest ([`crate::TaskFlags`]); a violation faults
/// the caller with `NotAuthorized`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Kipc {
    /// `u32` index -> [`crate::TaskState`]. Anybody.
    ReadTaskStatus = 1,
    /// `(u32 index, bool start)` -> (). Ends the present life if there is one (cause `Stopped`), makes the
    /// next one, starts it if asked. Restart authority.
    ReinitTask = 2,
    /// `u32` index -> (). Fault injection: `FaultInfo::Injected`. Fault authority.
    FaultTask = 3,
    /// () -> `u64`. Anybody.
    ReadImageId = 4,
    /// () -> never. Restart authority.
    Reset = 5,
    /// `(u32 index, u32 mask)` -> (). Pends the interrupts behind these notification bits. Fault authority.
    SoftwareIrq = 8,
    /// `u32` first index -> `u32` index of the first faulted task from there on, 0 if none. Anybody.
    FindFaultedTask = 9,
    /// `u32` index -> text; code 1 = not panicked, 2 = bad buffer. Anybody.
    ReadPanicMessage = 10,
    /// `(u32 index, `[`crate::Cause`]`)` -> (). Ends the life with this cause; nothing happens if it is down. Restart authority.
    KillTask = 11,
    /// `(u32 index, `[`crate::Edge`]`, `[`Generation`]`)` -> (). Posts the edge to all watchers. Restart authority.
    PublishEdge = 12,
    /// `u32` index -> [`TaskStats`]. Anybody.
    ReadTaskStats = 13,
}

/// What the supervisor needs to see hangs, and the debugger to see load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
pub struct TaskStats {
    /// Current life.
    pub generation: Generation,
    /// Kernel entries (system calls) of this task, wrapping.
    pub entries: u32,
    /// Times it was switched to, wrapping.
    pub switches: u32,
    /// Since when it is in its present scheduling state, in microseconds since boot.
    pub since_us: u64,
    /// Time of its latest death, in microseconds since boot; 0 = none.
    pub died_us: u64,
    /// The peer it is blocked on, if any.
    pub blocked_on: Option<TaskIndex>,
    /// Processor time used, in microseconds.
    pub cpu_us: u64,
}
