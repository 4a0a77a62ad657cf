//! Doorbell to the host: log lines, results and pictures leave here, and what the host asks of an operator
//! comes in.
//!
//! Write KIND, ADDRESS, LENGTH and ARGUMENT, then 1 to GO. The transfer is done when the write
//! returns: STATUS says how it went. A request of the host is a bit of STATUS; acknowledging it takes it.

use crate::Access::{Command, ReadWrite, WriteOneToClear};
use crate::register::registers;

/// A line of UTF-8, one JSON object, without the line end.
pub const KIND_LINE: u32 = 1;
/// Bytes to append to the file `picture-<ARGUMENT>.raw`.
pub const KIND_PICTURE: u32 = 2;
/// End of the run with exit code ARGUMENT.
pub const KIND_EXIT: u32 = 4;

/// The longest transfer in bytes.
pub const MAX_BYTES: u32 = 0x20_0000;

registers! {
    block HostLink;
    /// What the bytes are.
    KIND kind @ 0x00, 0, ReadWrite, 0xFF, "bench" {}
    /// Where the bytes are (memory that the Non-secure state may read).
    ADDRESS address @ 0x04, 0, ReadWrite, 0xFFFF_FFFF, "bench" {}
    /// How many.
    LENGTH length @ 0x08, 0, ReadWrite, 0xFFFF_FFFF, "bench" {}
    /// Depends on the kind.
    ARGUMENT argument @ 0x0C, 0, ReadWrite, 0xFFFF_FFFF, "bench" {}
    /// Writing 1 starts the transfer; reads as zero.
    GO go @ 0x10, 0, Command, 1, "bench" {}
    /// How it went, and what the host asks.
    STATUS status @ 0x14, 0, WriteOneToClear, 0xF, "bench" {
        /// The transfer was done.
        DONE: 0, 1;
        /// It was refused: unknown kind, foreign memory, too long, or the host could not write.
        ERROR: 1, 1;
        /// The host asks that the camera domain rests.
        SUSPEND: 2, 1;
        /// The host asks that it goes on.
        RESUME: 3, 1;
    }
    /// Which of them raise the interrupt; fields as STATUS.
    IRQENABLE irqenable @ 0x18, 0, ReadWrite, 0xF, "bench" {}
}
