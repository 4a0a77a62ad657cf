//! CSI-2 receiver A. The registers answer; no sensor is wired to it.

use crate::Access::{ReadOnly, ReadWrite, WriteOneToClear};
use crate::register::registers;

registers! {
    block Csi2a;
    /// Revision.
    REVISION revision @ 0x00, 0x10, ReadOnly, 0, "ispreg.h" {}
    /// System configuration; SOFT_RESET reads as zero.
    SYSCONFIG sysconfig @ 0x10, 0x1, ReadWrite, 0x3003, "ispreg.h" {
        /// Gate when idle.
        AUTO_IDLE: 0, 1;
        /// Reset the receiver.
        SOFT_RESET: 1, 1;
        /// Master standby.
        MSTANDBY_MODE: 12, 2;
    }
    /// System status.
    SYSSTATUS sysstatus @ 0x14, 1, ReadOnly, 0, "ispreg.h" {
        /// Reset is done.
        RESET_DONE: 0, 1;
    }
    /// Events.
    IRQSTATUS irqstatus @ 0x18, 0, WriteOneToClear, 0x7FFF, "ispreg.h" {}
    /// Which events raise the interrupt.
    IRQENABLE irqenable @ 0x1C, 0, ReadWrite, 0x7FFF, "ispreg.h" {}
    /// Control.
    CTRL ctrl @ 0x40, 0, ReadWrite, 0x7FFF, "ispreg.h" {
        /// Interface on.
        IF_EN: 0, 1;
        /// Check header errors.
        ECC_EN: 2, 1;
        /// Frame mode: 0 stop at once, 1 at frame end.
        FRAME: 3, 1;
        /// Feed the video port.
        VP_ONLY_EN: 11, 1;
    }
    /// Lane order and power.
    COMPLEXIO_CFG1 complexio_cfg1 @ 0x50, 0, ReadWrite, 0x2FFF_FFFF, "ispreg.h" {}
    /// Lane events.
    COMPLEXIO1_IRQSTATUS complexio1_irqstatus @ 0x54, 0, WriteOneToClear, 0x07FF_FFFF, "ispreg.h" {}
    /// Which lane events raise the interrupt.
    COMPLEXIO1_IRQENABLE complexio1_irqenable @ 0x60, 0, ReadWrite, 0x07FF_FFFF, "ispreg.h" {}
    /// Timing.
    TIMING timing @ 0x6C, 0x7FFF, ReadWrite, 0xFFFF, "ispreg.h" {}
}
