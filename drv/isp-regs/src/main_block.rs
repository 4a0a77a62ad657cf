//! ISP main: identity, reset, interrupts, control, clocks to the sensors.

use crate::Access::{ReadOnly, ReadWrite, WriteOneToClear};
use crate::register::registers;

/// `REVISION` of the modelled part: 15.0 (OMAP36xx).
pub const REVISION_15_0: u32 = 0xF0;

/// Functional clock of the ISP, which the clocks to the sensors are divided from, in Hz (OMAP36xx,
/// cam_mclk).
pub const CAM_MCLK_HZ: u32 = 172_800_000;

/// Frequency of a clock to a sensor, in Hz, for its divider in TCTRL_CTRL; 0 = it stands still.
#[must_use]
pub const fn xclk_hz(divider: u32) -> u32 {
    match divider {
        2..=30 => CAM_MCLK_HZ / divider,
        31 => CAM_MCLK_HZ,
        _ => 0,
    }
}

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
        /// CSI-2 receiver C.
        CSIC: 1, 1;
        /// CCP2 memory channel.
        CCP2_LCM: 3, 1;
        /// CCP2 logical channel 0.
        CCP2_LC0: 4, 1;
        /// CCP2 logical channel 1.
        CCP2_LC1: 5, 1;
        /// CCP2 logical channel 2.
        CCP2_LC2: 6, 1;
        /// CCP2 logical channel 3.
        CCP2_LC3: 7, 1;
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
        /// The first of two memory buffers is full.
        PING: 26, 1;
        /// The second of two memory buffers is full.
        PONG: 27, 1;
        /// The DMA firewall (or MMU) refused an access of the ISP.
        MMU_ERR: 28, 1;
        /// Bus error.
        OCP_ERR: 29, 1;
        /// Secure violation.
        SEC_ERR: 30, 1;
        /// Frame start (VS edge).
        HS_VS: 31, 1;
    }
    /// Which status bits raise the second interrupt, which leads to another processor: it is not wired.
    IRQ1ENABLE irq1enable @ 0x14, 0, ReadWrite, 0xFF1F_3FFB, "ispreg.h" {}
    /// Events for the second interrupt; nothing sets them.
    IRQ1STATUS irq1status @ 0x18, 0, WriteOneToClear, 0xFF1F_3FFB, "ispreg.h" {}
    /// Length of the global reset of a sensor.
    TCTRL_GRESET_LENGTH tctrl_greset_length @ 0x30, 0, ReadWrite, 0x00FF_FFFF, "ispreg.h" {}
    /// Repetition of the prestrobe.
    TCTRL_PSTRB_REPLAY tctrl_pstrb_replay @ 0x34, 0, ReadWrite, 0xFFFF_FFFF, "ispreg.h" {
        /// Delay between two.
        DELAY: 0, 25;
        /// How often.
        COUNTER: 25, 7;
    }
    /// Path and clock control.
    CTRL ctrl @ 0x40, 0, ReadWrite, 0xDC3F_FFDF, "ispreg.h" {
        /// Input of the CCDC: 0 parallel, 1 CSI A, 2 CSI B, 3 CSI C.
        PAR_SER_CLK_SEL: 0, 2;
        /// Bridge of the parallel port: two bytes become one word for the CCDC, the first one its lower half (2) or
        /// its upper one (3). 0: off, each clock is a sample.
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
        /// Owner of shared write port C.
        SBL_SHARED_WPORTC: 26, 1;
        /// Owner of shared read port A.
        SBL_SHARED_RPORTA: 27, 1;
        /// Owner of shared read port B.
        SBL_SHARED_RPORTB: 28, 1;
        /// Write the JPEG buffer out.
        JPEG_FLUSH: 30, 1;
        /// Write the CCDC's buffer out.
        CCDC_FLUSH: 31, 1;
    }
    /// Clocks to the sensors: 0 stable low, 1 stable high, 2..30 divider of cam_mclk (172.8 MHz),
    /// 31 bypass.
    TCTRL_CTRL tctrl_ctrl @ 0x50, 0, ReadWrite, 0xFDEF_FFFF, "ispreg.h" {
        /// Divider of xclk A, the clock of the sensor.
        DIVA: 0, 5;
        /// Divider of xclk B.
        DIVB: 5, 5;
        /// Divider of the clock of the timers.
        DIVC: 10, 9;
        /// Mechanical shutter on.
        SHUTEN: 21, 1;
        /// Prestrobe on.
        PSTRBEN: 22, 1;
        /// Strobe on.
        STRBEN: 23, 1;
        /// Polarity of the shutter.
        SHUTPOL: 24, 1;
        /// Polarity of both strobes.
        STRBPSTRBPOL: 26, 1;
        /// Input that starts the timers.
        INSEL: 27, 2;
        /// Global reset on.
        GRESETEN: 29, 1;
        /// Polarity of the global reset.
        GRESETPOL: 30, 1;
        /// Direction of the global reset.
        GRESETDIR: 31, 1;
    }
    /// Frames to wait before each timer starts. No timer drives anything here.
    TCTRL_FRAME tctrl_frame @ 0x54, 0, ReadWrite, 0x3_FFFF, "ispreg.h" {
        /// Shutter.
        SHUT: 0, 6;
        /// Prestrobe.
        PSTRB: 6, 6;
        /// Strobe.
        STRB: 12, 6;
    }
    /// Delay of the prestrobe.
    TCTRL_PSTRB_DELAY tctrl_pstrb_delay @ 0x58, 0, ReadWrite, 0x01FF_FFFF, "ispreg.h" {}
    /// Delay of the strobe.
    TCTRL_STRB_DELAY tctrl_strb_delay @ 0x5C, 0, ReadWrite, 0x01FF_FFFF, "ispreg.h" {}
    /// Delay of the shutter.
    TCTRL_SHUT_DELAY tctrl_shut_delay @ 0x60, 0, ReadWrite, 0x01FF_FFFF, "ispreg.h" {}
    /// Length of the prestrobe.
    TCTRL_PSTRB_LENGTH tctrl_pstrb_length @ 0x64, 0, ReadWrite, 0x00FF_FFFF, "ispreg.h" {}
    /// Length of the strobe.
    TCTRL_STRB_LENGTH tctrl_strb_length @ 0x68, 0, ReadWrite, 0x00FF_FFFF, "ispreg.h" {}
    /// Length of the shutter.
    TCTRL_SHUT_LENGTH tctrl_shut_length @ 0x6C, 0, ReadWrite, 0x00FF_FFFF, "ispreg.h" {}
}
