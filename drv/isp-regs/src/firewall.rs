//! DMA firewall: the camera reaches memory through 16 windows, and nowhere else.
//!
//! An access that is not wholly inside one enabled window of its direction does not happen; it is
//! recorded in FAULT_STATUS. Close a window by clearing ENABLE; BASE and BYTES of an enabled
//! window may not be changed (writes are dropped).

use crate::Access::{ReadOnly, ReadWrite, WriteOneToClear};
use crate::register::registers;

/// Number of windows.
pub const WINDOWS: usize = 16;

registers! {
    block Firewall;
    /// Events.
    FAULT_STATUS fault_status @ 0x00, 0, WriteOneToClear, 0x1, "bench" {
        /// An access was refused.
        VIOLATION: 0, 1;
    }
    /// Address of the first refused access since VIOLATION was last cleared.
    FAULT_ADDRESS fault_address @ 0x04, 0, ReadOnly, 0, "bench" {}
    /// What it was.
    FAULT_INFO fault_info @ 0x08, 0, ReadOnly, 0, "bench" {
        /// Engine: 1 CCDC, 2 preview, 3 resizer, 4 AEWB, 5 AF, 6 histogram, 7 tables, 8 CCP2,
        /// 9 CSI2a.
        ENGINE: 0, 4;
        /// It was a write.
        WRITE: 4, 1;
    }
    /// Whether a fault raises the interrupt.
    IRQENABLE irqenable @ 0x0C, 0, ReadWrite, 0x1, "bench" {
        /// Raise it.
        VIOLATION: 0, 1;
    }
    /// Refused accesses since power on of the system.
    FAULT_COUNT fault_count @ 0x10, 0, ReadOnly, 0, "bench" {}
    /// First byte of window n; 32-byte aligned.
    WINDOW_BASE window_base @ 0x100 x 16 / 16, 0, ReadWrite, 0xFFFF_FFE0, "bench" {}
    /// Size of window n in bytes; a multiple of 32.
    WINDOW_BYTES window_bytes @ 0x104 x 16 / 16, 0, ReadWrite, 0x00FF_FFE0, "bench" {}
    /// Control of window n.
    WINDOW_CONTROL window_control @ 0x108 x 16 / 16, 0, ReadWrite, 0x7, "bench" {
        /// The window is open.
        ENABLE: 0, 1;
        /// The camera may read.
        READ: 1, 1;
        /// The camera may write.
        WRITE: 2, 1;
    }
}
