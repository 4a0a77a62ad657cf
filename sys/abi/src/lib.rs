//! Everything that the kernel, the tasks and the host tools must agree on, byte for byte.
//!
//! One crate, so that there is one definition: system call numbers, task ids, death records,
//! leases, fault descriptions, kernel-IPC messages and the tables that the image builder links
//! into the kernel. It is data only: no function here touches hardware or decides a policy.
//!
//! # Why
//! The shapes follow Hubris (`svc #0`, number in r11, arguments r4..r10, results r4..r9) so that
//! a Hubris programmer is at home. Three things differ on purpose: ids are 32 bits wide (8 bits of
//! index, 24 of generation, which never wrap), results keep *status* apart from the server's
//! code (no server can forge a death), and RECV reports the untruncated message length.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod crash;
mod death;
mod fault;
mod kipc;
mod lease;
mod slots;
mod syscall;
mod tables;
mod task_id;

pub use crash::{CrashKind, CrashRecord};
pub use death::{Cause, DeathRecord, Disconnect, Edge, WatchEvent};
pub use fault::{FaultInfo, FaultSource, ReplyFaultReason, SchedState, TaskState, UsageError};
pub use kipc::{Kipc, TaskStats};
pub use lease::{LeaseAttributes, LeaseDescriptor};
pub use slots::{SLOT_WORDS, SlotTable};
pub use syscall::{
    CODE_DISCONNECTED, CODE_RESERVED_FIRST, FORWARD_BYTES, IrqStatus, RecvMode, RecvStatus,
    SendStatus, Sysnum,
};
pub use tables::{
    InterruptDesc, MpuRegion, NO_UPPER, OwnMemory, PostDesc, REGIONS_PER_BURST, REGIONS_PER_TASK,
    TaskDesc, TaskFlags, UpperRegions, WatchDesc,
};
pub use task_id::{Generation, MAX_TASKS, TaskId, TaskIndex};

/// Notification bit of task 0 (the supervisor) that the kernel posts at each fault.
pub const FAULT_NOTIFICATION: u32 = 1;
