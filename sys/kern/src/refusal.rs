//! Why a system call is refused.

use sys_abi::{FaultInfo, FaultSource, UsageError};

/// What a system call can do wrong: the part of [`FaultInfo`] that a task can bring upon itself by
/// asking. Two words, so that it travels in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A call that no correct task makes.
    Usage(UsageError),
    /// A slice, beginning here, that is not in the task's memory.
    Memory(u32),
    /// Not refused, but asked for.
    Panic,
}

/// Shorthand for the most frequent one.
pub(crate) const fn usage(error: UsageError) -> Refusal {
    Refusal::Usage(error)
}

impl From<Refusal> for FaultInfo {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Usage(error) => Self::SyscallUsage(error),
            Refusal::Memory(base) => {
                Self::MemoryAccess { address: Some(base), source: FaultSource::Kernel }
            }
            Refusal::Panic => Self::Panic,
        }
    }
}
