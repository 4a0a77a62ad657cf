//! The crash record: what a kernel leaves behind before it resets the machine.
//!
//! It lies in memory that a reset keeps, at an address that the image builder decides; the next
//! boot's supervisor and the debugger read it. Plain words, so that any tool can.

use hubpack::SerializedSize;
use serde::{Deserialize, Serialize};

/// Why the kernel gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
#[repr(u32)]
pub enum CrashKind {
    /// The kernel itself faulted: `detail` is HFSR, `status` CFSR, `address` BFAR.
    KernelFault = 1,
    /// The kernel panicked: `detail` is the source line.
    KernelPanic = 2,
    /// The supervisor's life ended: `fault` says how.
    Supervisor = 3,
    /// No task wanted the processor, not even the idle one.
    NothingRunnable = 4,
}

impl CrashKind {
    /// All kinds.
    pub const ALL: [Self; 4] =
        [Self::KernelFault, Self::KernelPanic, Self::Supervisor, Self::NothingRunnable];

    /// Its name in lines for the host.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KernelFault => "kernel_fault",
            Self::KernelPanic => "kernel_panic",
            Self::Supervisor => "supervisor",
            Self::NothingRunnable => "nothing_runnable",
        }
    }
}

/// One crash. All fields are native-endian words.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    zerocopy::FromBytes,
    zerocopy::IntoBytes,
    zerocopy::Immutable,
    zerocopy::KnownLayout,
)]
#[repr(C)]
pub struct CrashRecord {
    /// [`CrashRecord::MAGIC`], written last; anything else = no record.
    pub magic: u32,
    /// [`CrashKind`].
    pub kind: u32,
    /// Id of the task that ran.
    pub task: u32,
    /// See [`CrashKind`].
    pub detail: u32,
    /// CFSR, for a kernel fault.
    pub status: u32,
    /// Faulting address, for a kernel fault.
    pub address: u32,
    /// Program counter of the fault or panic; for a supervisor fault that of the task.
    pub pc: u32,
    /// Stack pointer there.
    pub sp: u32,
    /// Time of the crash, in microseconds since boot, low word.
    pub time_us_lo: u32,
    /// High word.
    pub time_us_hi: u32,
    /// The supervisor's [`crate::FaultInfo`], hubpack-encoded, zero-padded.
    pub fault: [u8; 16],
    /// First eight bytes of the image id, low word.
    pub image_id_lo: u32,
    /// High word.
    pub image_id_hi: u32,
}

impl CrashRecord {
    /// "CRSH" in memory order.
    pub const MAGIC: u32 = u32::from_le_bytes(*b"CRSH");

    /// A record that says no more than this.
    #[must_use]
    pub const fn of_kind(kind: CrashKind) -> Self {
        Self {
            magic: Self::MAGIC,
            kind: kind as u32,
            task: 0,
            detail: 0,
            status: 0,
            address: 0,
            pc: 0,
            sp: 0,
            time_us_lo: 0,
            time_us_hi: 0,
            fault: [0; 16],
            image_id_lo: 0,
            image_id_hi: 0,
        }
    }

    /// The record at the start of `bytes`, if there is one.
    #[must_use]
    pub fn find(bytes: &[u8]) -> Option<Self> {
        let (record, _) = zerocopy::FromBytes::read_from_prefix(bytes).ok()?;
        let Self { magic, .. } = record;
        (magic == Self::MAGIC).then_some(record)
    }

    /// Why the kernel gave up, if this kernel knows the code.
    #[must_use]
    pub fn why(&self) -> Option<CrashKind> {
        CrashKind::ALL.into_iter().find(|kind| *kind as u32 == self.kind)
    }

    /// Time of the crash, in microseconds since that boot.
    #[must_use]
    pub const fn time_us(&self) -> u64 {
        (self.time_us_hi as u64) << 32 | self.time_us_lo as u64
    }
}
