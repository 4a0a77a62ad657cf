//! Control bus controller: one 16-bit register of a slave is read or written per transfer.
//!
//! ```text
//!           GO                      about 120 us later
//!  idle ----------> busy (BUSY) ---------------------> idle + DONE [+ NAK | ARBITRATION_LOST]
//!   ^                                                    |
//!   '----------------- RECOVER (nine clocks) ------------'   needed when STUCK is set
//! ```
//! A reset of the controller in the middle of a transfer leaves the slave holding the data line:
//! STUCK is set, and every GO ends with ARBITRATION_LOST until RECOVER. DATA holds the value read
//! once DONE is set without NAK.

use crate::Access::{BusyLocked, Command, ReadOnly, ReadWrite, WriteOneToClear};
use crate::register::registers;

registers! {
    block SensorBus;
    /// Identity.
    REVISION revision @ 0x00, 0x3C, ReadOnly, 0, "bench, after the OMAP I2C controller" {}
    /// Start a transfer or a recovery. Dropped while BUSY. Reads as zero.
    COMMAND command @ 0x04, 0, Command, 0x7, "bench" {
        /// Start the transfer.
        GO: 0, 1;
        /// The transfer reads; else it writes.
        READ: 1, 1;
        /// Nine clocks to free the data line; ends with DONE.
        RECOVER: 2, 1;
    }
    /// Events (write one to clear) and state (read only).
    STATUS status @ 0x08, 0, WriteOneToClear, 0xE, "bench" {
        /// A transfer is going on. Read only.
        BUSY: 0, 1;
        /// The transfer ended.
        DONE: 1, 1;
        /// The slave did not acknowledge.
        NAK: 2, 1;
        /// Another master, or a stuck line, won.
        ARBITRATION_LOST: 3, 1;
        /// The data line is held low. Read only.
        STUCK: 4, 1;
    }
    /// Which of DONE, NAK and ARBITRATION_LOST raise the interrupt; same places as in STATUS.
    IRQENABLE irqenable @ 0x0C, 0, ReadWrite, 0xE, "bench" {}
    /// Slave address.
    SLAVE slave @ 0x10, 0, BusyLocked, 0x7F, "bench" {
        /// 7-bit address.
        ADDRESS: 0, 7;
    }
    /// Register of the slave.
    INDEX index @ 0x14, 0, BusyLocked, 0xFF, "bench" {
        /// 8-bit index.
        INDEX: 0, 8;
    }
    /// Value to write, or value read.
    DATA data @ 0x18, 0, BusyLocked, 0xFFFF, "bench" {
        /// 16-bit value.
        DATA: 0, 16;
    }
}
