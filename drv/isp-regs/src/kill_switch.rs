//! Camera domain kill switch: the last resort, in the hands of the supervisor.

use crate::Access::{Command, ReadOnly};
use crate::register::registers;

/// The value that throws the switch; any other value does nothing.
pub const MAGIC: u32 = 0x4B49_4C4C;

registers! {
    block KillSwitch;
    /// Write [`MAGIC`]: the camera domain is off, its clocks stopped, its resets asserted and its
    /// bus requests denied before the write returns. Power up as usual afterwards (BUS_CTRL.DENY
    /// stays set until it is written). Reads as zero.
    KILL kill @ 0x00, 0, Command, 0xFFFF_FFFF, "bench" {}
    /// How often the switch was thrown since power on of the system.
    COUNT count @ 0x04, 0, ReadOnly, 0, "bench" {}
}
