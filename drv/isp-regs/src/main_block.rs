//! ISP main: identity, reset, interrupts, control, clocks to the sensors.

use crate::Access::{ReadOnly, ReadWrite, WriteOneToClear};
use crate::register::registers;

/// `REVISION` of the modelled part: 15.0 (OMAP36xx).
pub const REVISION_15_0: u32 = 0xF0;

registers! {
    block Main;
    /// Revision, major in 7:4, minor in 3:0.
    REVISION revision @ 0x00, 0xF0, ReadOnly, 0, "ispreg.h" {
        /// Minor revision.
        MINOR: 0, 4;
        /// Major revision.
        MAJOR: 4, 4;
    }
    /// System configuration. Writing SOFTRESET puts all ISP blocks to their reset values and
    /// stops them in the middle of a frame; it reads as zero.
    SYSCONFIG sysconfig @ 0x04, 0, ReadWrite, 0x3003, "ispreg.h" {
        /// Gate the interface clock when idle.
        AUTOIDLE: 0, 1;
        /// Start a reset of all ISP blocks.
        SOFTRESET: 1, 1;
        /// Master standby: 0 force, 1 never, 2 smart.
        MIDLEMODE: 12, 2;
    }
    /// System status.
    SYSSTATUS sysstatus @ 0x08, 1, ReadOnly, 0, "ispreg.h" {
        /// No reset is going on.
        RESETDONE: 0, 1;
    }
    /// Which status bits raise the interrupt.
    IRQ0ENABLE irq0enable @ 0x0C, 0, ReadWrite, 0xFF1F_3FFB, "ispreg.h" {}
    /// Events. Bits are set even when not enabled; reading does not clear.
    IRQ0STATUS irq @ 0x10, 0, WriteOneToClear, 0xFF1F_3FFB, "ispreg.h, TRM" {
        /// CSI-2 receiver A.
        CSIA: 0, 1;
        /// The line count of `VDINT.VD0` was reached (1 to 2 lines before the end in practice).
        CCDC_VD0: 8, 1;
        /// The line count of `VDINT.VD1` was reached.
        CCDC_VD1: 9, 1;
        /// WEN or field event.
        CCDC_VD2: 10, 1;
        /// CCDC fault-pixel table underflow.
        CCDC_ERR: 11, 1;
        /// Auto-focus statistics of a frame are in memory.
        H3A_AF_DONE: 12, 1;
        /// Exposure and white-balance statistics of a frame are in memory.
        H3A_AWB_DONE: 13, 1;
        /// The histogram of a frame is ready.
        HIST_DONE: 16, 1;
        /// Lens shading finished.
        LSC_DONE: 17, 1;
        /// Lens shading prefetch finished.
        LSC_PREF_COMP: 18, 1;
        /// Lens shading prefetch was late.
        LSC_PREF_ERR: 19, 1;
        /// Preview wrote the last pixel of a frame.
        PRV_DONE: 20, 1;
        /// Resizer wrote the last pixel of a frame.
        RSZ_DONE: 24, 1;
        /// A shared buffer overflowed.
        OVF: 25, 1;
        /// The DMA firewall (or MMU) refused an access of the ISP.
        MMU_ERR: 28, 1;
        /// Bus error.
        OCP_ERR: 29, 1;
        /// Frame start (VS edge).
        HS_VS: 31, 1;
    }
    /// Path and clock control.
    CTRL ctrl @ 0x40, 0, ReadWrite, 0x5C3F_FFDF, "ispreg.h" {
        /// Input of the CCDC: 0 parallel, 1 CSI A, 2 CSI B, 3 CSI C.
        PAR_SER_CLK_SEL: 0, 2;
        /// Bridge lane shifter for 8-bit: 0 off, 2 little endian, 3 big endian.
        PAR_BRIDGE: 2, 2;
        /// Invert the pixel clock.
        PAR_CLK_POL: 4, 1;
        /// Right shift of the input by 0, 2, 4 or 6 bits.
        SHIFT: 6, 2;
        /// Clock of the CCDC; without it the block does not run.
        CCDC_CLK_EN: 8, 1;
        /// Clock of the statistics engine.
        H3A_CLK_EN: 10, 1;
        /// Clock of the histogram.
        HIST_CLK_EN: 11, 1;
        /// Clock of the preview engine; without it the block does not run.
        PREV_CLK_EN: 12, 1;
        /// Clock of the resizer; without it the block does not run.
        RSZ_CLK_EN: 13, 1;
        /// Sync detection: 0 HS falling, 1 HS rising, 2 VS falling, 3 VS rising.
        SYNC_DETECT: 14, 2;
        /// CCDC line memory on.
        CCDC_RAM_EN: 16, 1;
        /// Preview line memory on.
        PREV_RAM_EN: 17, 1;
        /// Read buffers of the shared buffer logic on.
        SBL_RD_RAM_EN: 18, 1;
        /// Write buffer 1 of the shared buffer logic on.
        SBL_WR1_RAM_EN: 19, 1;
        /// Write buffer 0 of the shared buffer logic on; without it nothing is written to memory.
        SBL_WR0_RAM_EN: 20, 1;
        /// Gate the shared buffer logic when idle.
        SBL_AUTOIDLE: 21, 1;
    }
    /// Clocks to the sensors: 0 stable low, 1 stable high, 2..30 divider of cam_mclk (172.8 MHz),
    /// 31 bypass.
    TCTRL_CTRL tctrl_ctrl @ 0x50, 0, ReadWrite, 0x3FF, "ispreg.h" {
        /// Divider of xclk A, the clock of the sensor.
        DIVA: 0, 5;
        /// Divider of xclk B.
        DIVB: 5, 5;
    }
}
