//! CSI-2 receiver A, of which context 0 works: the serial line of the sensor ([`crate::sensor`]) goes to
//! memory, to the video port, or to both.
//!
//! Lines are received while CTRL.IF_EN is set and COMPLEXIO_CFG1 says that the PHY has power, a clock lane
//! and a first data lane. What context 0 has in its registers counts from the frame start on that it takes
//! part in, so CTX_EN decides about whole frames; the words of CTX_CTRL2 are locked while it is set. Frames
//! go to the PING and the PONG address in turn, PING first. With COUNT not zero, CTX_EN clears after so many
//! frames. An event sets its bit of CTX_IRQSTATUS; where CTX_IRQENABLE allows it, that raises CONTEXT0 of
//! IRQSTATUS, and where IRQENABLE allows that, CSIA of IRQ0STATUS of ISP main. Clearing IF_EN with
//! CTRL.FRAME clear, and a soft reset, end a frame where it is; with CTRL.FRAME set it is finished.
//!
//! The [`mod@format`]s are those of the Linux driver omap3isp, RAW12, and RAW10 and RAW12 as they come. A context takes a line
//! whose data type is that of its format; of others it only sees frame start and end. Not modelled:
//! contexts 1 to 7, virtual channels other than 0, what the timing of the PHY does, and whether its power
//! takes time.
//!
//! The line makes no errors of itself. With CTRL.ECC_EN a header with one wrong bit is corrected and one with two is
//! lost, with its line; without, either is believed, and no line of the context. With CTX_CTRL1.CS_EN a line
//! whose check sum is wrong is reported; it gets to memory all the same. A line that is lost does not count:
//! those behind it move up.

use crate::Access::{BusyLocked, ReadOnly, ReadWrite, WriteOneToClear};
use crate::register::registers;

/// Codes of `CTX_CTRL2.FORMAT` (ispcsi2.h, but for RAW12 and RAW10 as it comes: TRM).
pub mod format {
    /// RAW8 to memory, a byte each.
    pub const RAW8: u32 = 0x2A;
    /// RAW10 to memory as it comes: five bytes for four samples.
    pub const RAW10: u32 = 0x2B;
    /// RAW12 to memory as it comes: three bytes for two samples.
    pub const RAW12: u32 = 0x2C;
    /// RAW12 to memory, two bytes each.
    pub const RAW12_EXP16: u32 = 0xAC;
    /// RAW12 to memory, two bytes each, and to the video port.
    pub const RAW12_VP: u32 = 0x12C;
    /// User-defined bytes to memory: the compressed codes of a sensor.
    pub const USER_8BIT: u32 = 0x40;
    /// RAW10 to memory, two bytes each.
    pub const RAW10_EXP16: u32 = 0xAB;
    /// RAW8 to memory and to the video port.
    pub const RAW8_VP: u32 = 0x12A;
    /// RAW10 to memory, two bytes each, and to the video port.
    pub const RAW10_EXP16_VP: u32 = 0x12F;
    /// User-defined bytes, decompressed to ten bits, to memory, two bytes each.
    pub const USER_8BIT_DPCM10: u32 = 0x2C0;
    /// User-defined bytes, decompressed to ten bits, to memory, two bytes each, and to the video port.
    pub const USER_8BIT_DPCM10_VP: u32 = 0x340;
}

/// Code of `CTX_CTRL2.USER_DEF_MAP`: user-defined bytes are bytes (ispcsi2.c).
pub const USER_DEF_BYTES: u32 = 2;
/// Code of `COMPLEXIO_CFG1.PWR_CMD` and `PWR_STATUS`: on (ispreg.h).
pub const POWER_ON: u32 = 1;

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
    /// System status. A receiver that is stuck (BUSY_STUCK) is never done with a reset.
    SYSSTATUS sysstatus @ 0x14, 1, ReadOnly, 0, "ispreg.h" {
        /// Reset is done.
        RESET_DONE: 0, 1;
    }
    /// Events.
    IRQSTATUS irqstatus @ 0x18, 0, WriteOneToClear, 0x7FFF, "ispreg.h" {
        /// An event of context 0.
        CONTEXT0: 0, 1;
        /// Data came faster than memory took it.
        FIFO_OVF: 8, 1;
        /// An error of the lanes.
        COMPLEXIO1_ERR: 9, 1;
        /// A header could not be corrected.
        ECC_NO_CORRECTION: 11, 1;
        /// A header was corrected.
        ECC_CORRECTION: 12, 1;
        /// A short packet that is no sync.
        SHORT_PACKET: 13, 1;
        /// Memory refused a burst.
        OCP_ERR: 14, 1;
    }
    /// Which events raise the interrupt; fields as IRQSTATUS.
    IRQENABLE irqenable @ 0x1C, 0, ReadWrite, 0x7FFF, "ispreg.h" {}
    /// Control.
    CTRL ctrl @ 0x40, 0, ReadWrite, 0x7FFF, "ispreg.h" {
        /// Interface on.
        IF_EN: 0, 1;
        /// Check header errors.
        ECC_EN: 2, 1;
        /// What clearing IF_EN does: 0 stop at once, 1 at frame end.
        FRAME: 3, 1;
        /// Feed the video port and nothing to memory.
        VP_ONLY_EN: 11, 1;
    }
    /// Lane order and power. Positions count from 1; 0 = the lane is not used.
    COMPLEXIO_CFG1 complexio_cfg1 @ 0x50, 0, ReadWrite, 0x590F_FFFF, "ispreg.h" {
        /// Position of the clock lane.
        CLOCK_POSITION: 0, 3;
        /// Position of data lane 1.
        DATA1_POSITION: 4, 3;
        /// Position of data lane 2.
        DATA2_POSITION: 8, 3;
        /// Power follows what the lanes do.
        PWR_AUTO: 24, 1;
        /// Power now. Read only.
        PWR_STATUS: 25, 2;
        /// Power to have: 0 off, 1 on, 2 ultra low.
        PWR_CMD: 27, 2;
        /// The PHY is out of reset. Read only.
        RESET_DONE: 29, 1;
        /// Let the PHY out of reset.
        RESET_CTRL: 30, 1;
    }
    /// Lane events.
    COMPLEXIO1_IRQSTATUS complexio1_irqstatus @ 0x54, 0, WriteOneToClear, 0x07FF_FFFF, "ispreg.h" {}
    /// Which lane events raise the interrupt.
    COMPLEXIO1_IRQENABLE complexio1_irqenable @ 0x60, 0, ReadWrite, 0x07FF_FFFF, "ispreg.h" {}
    /// Header of the last short packet.
    SHORT_PACKET short_packet @ 0x5C, 0, ReadOnly, 0, "ispreg.h" {
        /// Data identifier and word count.
        SHORT_PACKET: 0, 24;
    }
    /// Timing.
    TIMING timing @ 0x6C, 0x7FFF, ReadWrite, 0xFFFF, "ispreg.h" {}
    /// Context n: control 1.
    CTX_CTRL1 ctx_ctrl1 @ 0x70 x 8 / 32, 0, ReadWrite, 0xC000_FFF1, "ispreg.h" {
        /// Context on.
        CTX_EN: 0, 1;
        /// The latest frame went to the PONG address. Read only.
        PING_PONG: 3, 1;
        /// COUNT is written only together with this bit, which reads as zero.
        COUNT_UNLOCK: 4, 1;
        /// Check sums on.
        CS_EN: 5, 1;
        /// Event at line end.
        EOL_EN: 6, 1;
        /// Event at frame end.
        EOF_EN: 7, 1;
        /// Frames still to take; 0 = without end.
        COUNT: 8, 8;
    }
    /// Context n: control 2.
    CTX_CTRL2 ctx_ctrl2 @ 0x74 x 8 / 32, 0, BusyLocked, 0x0000_7FFF, "ispreg.h" {
        /// Format and destination: [`mod@super::format`].
        FORMAT: 0, 10;
        /// Simple predictor.
        DPCM_PRED: 10, 1;
        /// Virtual channel.
        VIRTUAL_ID: 11, 2;
        /// What user-defined bytes are.
        USER_DEF_MAP: 13, 2;
    }
    /// Context n: line distance in memory in bytes; 0 = lines follow each other.
    CTX_DAT_OFST ctx_dat_ofst @ 0x78 x 8 / 32, 0, ReadWrite, 0x1_FFE0, "ispreg.h" {}
    /// Context n: address of the first buffer.
    CTX_DAT_PING_ADDR ctx_dat_ping_addr @ 0x7C x 8 / 32, 0, ReadWrite, 0xFFFF_FFE0, "ispreg.h" {}
    /// Context n: address of the second buffer.
    CTX_DAT_PONG_ADDR ctx_dat_pong_addr @ 0x80 x 8 / 32, 0, ReadWrite, 0xFFFF_FFE0, "ispreg.h" {}
    /// Context n: which events raise the interrupt; fields as CTX_IRQSTATUS.
    CTX_IRQENABLE ctx_irqenable @ 0x84 x 8 / 32, 0, ReadWrite, 0x1EF, "ispreg.h" {}
    /// Context n: events.
    CTX_IRQSTATUS ctx_irqstatus @ 0x88 x 8 / 32, 0, WriteOneToClear, 0x1EF, "ispreg.h" {
        /// Frame start.
        FS: 0, 1;
        /// Frame end.
        FE: 1, 1;
        /// Line start.
        LS: 2, 1;
        /// Line end.
        LE: 3, 1;
        /// Check sum is wrong.
        CS: 5, 1;
        /// Frame count reached.
        FRAME_NUMBER: 6, 1;
        /// Line count reached.
        LINE_NUMBER: 7, 1;
        /// A header was corrected.
        ECC_CORRECTION: 8, 1;
    }
    /// Context n: control 3.
    CTX_CTRL3 ctx_ctrl3 @ 0x8C x 8 / 32, 0, ReadWrite, 0x3FFF_FFFF, "ispreg.h" {
        /// Line after which LINE_NUMBER comes, counted from 1.
        LINE_NUMBER: 0, 16;
        /// Alpha of RGB formats.
        ALPHA: 16, 14;
    }
    /// CSIPHY2, which stands behind the receiver: timing of the data lanes in periods of the bit clock. The
    /// line of the bench needs none: the word is stored. The manual's reset value is not known here.
    PHY_REG0 phy_reg0 @ 0x170, 0, ReadWrite, 0x0000_FFFF, "ispreg.h" {
        /// Time to settle.
        THS_SETTLE: 0, 8;
        /// Time to termination.
        THS_TERM: 8, 8;
    }
    /// CSIPHY2: timing of the clock lane, and status. The timing is stored, as in PHY_REG0; RESET_DONE
    /// follows COMPLEXIO_CFG1.RESET_CTRL at once.
    PHY_REG1 phy_reg1 @ 0x174, 0x0002_E10E, ReadWrite, 0x01FF_FFFF, "ispreg.h; reset: ispcsiphy.c, D-PHY" {
        /// Time to settle.
        TCLK_SETTLE: 0, 8;
        /// Divider of the control clock.
        CTRLCLK_DIV_FACTOR: 8, 2;
        /// Sync byte of a burst.
        DPHY_HS_SYNC_PATTERN: 10, 8;
        /// Time to termination.
        TCLK_TERM: 18, 7;
        /// The clock is missing. Read only; the clock of the bench never is.
        CLOCK_MISS_DETECTOR_STATUS: 25, 1;
        /// The control clock's part is out of reset. Read only.
        RESET_DONE_CTRLCLK: 29, 1;
    }
    /// CSIPHY2: sync pattern of CCP2, and which triggers come as which. Neither is on the line of the bench:
    /// the word is stored.
    PHY_REG2 phy_reg2 @ 0x178, 0, ReadWrite, 0xFFFF_FFFF, "ispreg.h" {
        /// Sync pattern of CCP2.
        CCP2_SYNC_PATTERN: 0, 24;
        /// Trigger 3.
        RXTRIGESC3: 24, 2;
        /// Trigger 2.
        RXTRIGESC2: 26, 2;
        /// Trigger 1.
        RXTRIGESC1: 28, 2;
        /// Trigger 0.
        RXTRIGESC0: 30, 2;
    }
}
