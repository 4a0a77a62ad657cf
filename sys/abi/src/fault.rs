//! Faults: who did what wrong, in a form that travels.

use crate::TaskId;
use serde::{Deserialize, Serialize};

/// Who performed an access that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
pub enum FaultSource {
    /// The task's own instruction.
    User,
    /// The kernel, on behalf of the task's system call.
    Kernel,
}

/// A system call that no correct task makes.
///
/// A word, so that the kernel passes it on in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
#[repr(u32)]
pub enum UsageError {
    /// No such system call number.
    BadSyscallNumber,
    /// A slice is misaligned or wraps around the address space.
    InvalidSlice,
    /// No such task.
    TaskOutOfRange,
    /// The operation is not possible on that task (the supervisor, oneself).
    IllegalTask,
    /// No such lease.
    LeaseOutOfRange,
    /// The offset lies behind the end of the lease.
    OffsetOutOfRange,
    /// No interrupt is mapped to exactly this mask of this task, or unknown control bits.
    NoIrq,
    /// A kernel-IPC op that does not exist, or a message that does not decode.
    BadKernelMessage,
    /// No such reply-fault reason.
    BadReplyFaultReason,
    /// The manifest does not grant this authority.
    NotAuthorized,
    /// A reply longer than the caller's capacity.
    ReplyTooBig,
    /// A reply with a reserved code.
    ReservedCode,
    /// A send to a task that is not in the send list.
    SendNotAllowed,
    /// A post of bits, or to a task, that the post mask excludes.
    PostNotAllowed,
    /// REPLY_RECV before SET_RECV.
    NoRecvDescriptor,
}

impl UsageError {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 15] = [
        Self::BadSyscallNumber,
        Self::InvalidSlice,
        Self::TaskOutOfRange,
        Self::IllegalTask,
        Self::LeaseOutOfRange,
        Self::OffsetOutOfRange,
        Self::NoIrq,
        Self::BadKernelMessage,
        Self::BadReplyFaultReason,
        Self::NotAuthorized,
        Self::ReplyTooBig,
        Self::ReservedCode,
        Self::SendNotAllowed,
        Self::PostNotAllowed,
        Self::NoRecvDescriptor,
    ];
}

/// Why a server faulted its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
pub enum ReplyFaultReason {
    /// The op does not exist.
    UndefinedOperation,
    /// The message is too long or too short.
    BadMessageSize,
    /// The arguments do not decode.
    BadMessageContents,
    /// The number, size or attributes of the leases are wrong.
    BadLeases,
    /// The answer would not fit.
    ReplyBufferTooSmall,
    /// This caller may not use this op.
    AccessViolation,
}

impl ReplyFaultReason {
    /// All reasons, in the order of their codes.
    pub const ALL: [Self; 6] = [
        Self::UndefinedOperation,
        Self::BadMessageSize,
        Self::BadMessageContents,
        Self::BadLeases,
        Self::ReplyBufferTooSmall,
        Self::AccessViolation,
    ];
}

/// What ended a life, in detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
pub enum FaultInfo {
    /// An access that the MPU refused.
    MemoryAccess {
        /// Where, if the hardware said so.
        address: Option<u32>,
        /// Whose access.
        source: FaultSource,
    },
    /// The stack ran off its region.
    StackOverflow {
        /// Stack pointer at the fault.
        address: u32,
    },
    /// An access that the bus refused.
    BusError {
        /// Where, if the hardware said so.
        address: Option<u32>,
        /// Whose access.
        source: FaultSource,
    },
    /// Division by zero.
    DivideByZero,
    /// Execution of memory that is not executable.
    IllegalText,
    /// An undefined instruction, or a breakpoint.
    IllegalInstruction,
    /// Any other usage fault: the CFSR bits.
    InvalidOperation(u32),
    /// A misused system call.
    SyscallUsage(UsageError),
    /// `sys_panic`.
    Panic,
    /// Faulted by kernel IPC.
    Injected(TaskId),
    /// Killed by kernel IPC, with a cause that its peers are told.
    Killed(TaskId, crate::Cause),
    /// Faulted by a server it called.
    FromServer(TaskId, ReplyFaultReason),
    /// It found fault with this caller, and the manifest does not let it judge. Whether it was right,
    /// the next life may show.
    Accuser(TaskId, ReplyFaultReason),
}

impl FaultInfo {
    /// What peers are told.
    #[must_use]
    pub const fn cause(&self) -> crate::Cause {
        match self {
            Self::Panic => crate::Cause::Panicked,
            Self::Killed(_, cause) => *cause,
            _ => crate::Cause::Faulted,
        }
    }
}

/// What a living task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
pub enum SchedState {
    /// Not started.
    Stopped,
    /// Wants the processor.
    Runnable,
    /// Blocked until the peer receives.
    InSend(TaskId),
    /// Blocked until the peer replies.
    InReply(TaskId),
    /// Blocked until a message (from that sender, if any) or a notification comes.
    InRecv(Option<TaskId>),
}

/// Healthy or faulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, hubpack::SerializedSize)]
pub enum TaskState {
    /// It lives.
    Healthy(SchedState),
    /// Its life has ended.
    Faulted {
        /// What ended it.
        fault: FaultInfo,
        /// What it was doing then.
        original_state: SchedState,
    },
}
