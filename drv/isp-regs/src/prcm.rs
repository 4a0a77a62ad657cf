//! Power, clocks, resets and presence of the camera module.
//!
//! ```text
//!        POWER_CONTROL.ON = 1         settled
//!  Off ----------------------> Rising -------> On
//!   ^                                          | ON = 0
//!   '------------------ Falling <--------------'
//!   any state -- kill switch, module unplugged --> Off at once
//! ```
//! A clock runs when it is enabled and the domain is On. Turning the domain off puts all camera
//! registers to their reset values. The kill switch and an unplug also clear POWER_CONTROL and
//! CLOCK_ENABLE and assert all resets; nothing comes back by itself.
//!
//! To quiet the DMA engines: set `BUS_CTRL.DENY`, wait for `DMA_STATUS.IDLE`; if that does not come,
//! assert the ISP reset.

use crate::Access::{ReadOnly, ReadWrite, WriteOneToClear};
use crate::register::registers;

/// `POWER_STATUS.STATE`: off.
pub const STATE_OFF: u32 = 0;
/// `POWER_STATUS.STATE`: voltage is rising.
pub const STATE_RISING: u32 = 1;
/// `POWER_STATUS.STATE`: on.
pub const STATE_ON: u32 = 2;
/// `POWER_STATUS.STATE`: voltage is falling.
pub const STATE_FALLING: u32 = 3;

/// Upper half of `MODULE_ID` of the modules whose sensor has a colour processor.
pub const MODULE_KIND_YCBCR: u32 = 0x4F59;

/// Time from a write of POWER_CONTROL to the settled state, in device lines.
pub const SETTLE_LINES: u32 = 8;
/// Length of a device line while no frame is running, in microseconds: the clock of settling.
pub const IDLE_LINE_US: u32 = 50;

registers! {
    block Prcm;
    /// Identity.
    REVISION revision @ 0x00, 0x10, ReadOnly, 0, "bench, after CAM_CM and CAM_PRM of the OMAP3" {}
    /// Clock enables.
    CLOCK_ENABLE clock @ 0x04, 0, ReadWrite, 0xF, "bench" {
        /// Interface clock: register access.
        CAM_ICK: 0, 1;
        /// Functional clock: processing, and the source of xclk A.
        CAM_MCLK: 1, 1;
        /// CSI-2 receiver clock.
        CSI2_96M: 2, 1;
        /// Memory interface clock: DMA.
        L3_ICK: 3, 1;
    }
    /// Which clocks run; fields as CLOCK_ENABLE.
    CLOCK_STATUS clock_status @ 0x08, 0, ReadOnly, 0, "bench" {}
    /// Resets; a set bit holds the block in reset.
    RESET_CONTROL reset @ 0x0C, 0x7, ReadWrite, 0x7, "bench" {
        /// All ISP blocks. Stops their DMA at once.
        ISP: 0, 1;
        /// The sensor.
        SENSOR: 1, 1;
        /// The control bus controller.
        BUS: 2, 1;
    }
    /// Which blocks are in reset; fields as RESET_CONTROL.
    RESET_STATUS reset_status @ 0x10, 0x7, ReadOnly, 0, "bench" {}
    /// Power domain request.
    POWER_CONTROL power_control @ 0x14, 0, ReadWrite, 1, "bench" {
        /// Domain on. Refused (stays 0) while no module is present.
        ON: 0, 1;
    }
    /// Power domain state.
    POWER_STATUS power_status @ 0x18, 0, ReadOnly, 0, "bench" {
        /// Off, rising, on, falling.
        STATE: 0, 2;
    }
    /// Presence pin.
    PRESENCE presence @ 0x1C, 0, ReadOnly, 0, "bench" {
        /// A module is plugged.
        PRESENT: 0, 1;
    }
    /// Identity of the module, from its identity resistor; 0 when absent.
    MODULE_ID module_id @ 0x20, 0, ReadOnly, 0, "bench" {}
    /// Events.
    IRQSTATUS irq @ 0x24, 0, WriteOneToClear, 0x3, "bench" {
        /// The presence pin changed.
        PRESENCE_CHANGE: 0, 1;
        /// The power domain reached On or Off.
        POWER_SETTLED: 1, 1;
    }
    /// Which events raise the interrupt; fields as IRQSTATUS.
    IRQENABLE irqenable @ 0x28, 0, ReadWrite, 0x3, "bench" {}
    /// DMA bus requests of the camera.
    BUS_CTRL bus_ctrl @ 0x2C, 0, ReadWrite, 1, "bench" {
        /// Deny new requests. Data of denied requests is lost.
        DENY: 0, 1;
    }
    /// DMA state.
    DMA_STATUS dma_status @ 0x30, 1, ReadOnly, 0, "bench" {
        /// No engine has a request outstanding, and none will make one: bus denied, ISP in reset,
        /// or all engines idle.
        IDLE: 0, 1;
        /// Number of engines with requests outstanding.
        OUTSTANDING: 8, 8;
    }
}
