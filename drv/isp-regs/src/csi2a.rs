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
    /// Header of the last short packet.
    SHORT_PACKET short_packet @ 0x5C, 0, ReadOnly, 0, "ispreg.h" {
        /// Data identifier and word count.
        SHORT_PACKET: 0, 24;
    }
    /// Timing.
    TIMING timing @ 0x6C, 0x7FFF, ReadWrite, 0xFFFF, "ispreg.h" {}
    /// Context n: control 1.
    CTX_CTRL1 ctx_ctrl1 @ 0x70 x 8 / 32, 0, ReadWrite, 0xC000_FFF9, "ispreg.h" {
        /// Context on.
        CTX_EN: 0, 1;
        /// Two buffers in turn.
        PING_PONG: 3, 1;
        /// Write COUNT together with this bit.
        COUNT_UNLOCK: 4, 1;
        /// Check sums on.
        CS_EN: 5, 1;
        /// Event at line end.
        EOL_EN: 6, 1;
        /// Event at frame end.
        EOF_EN: 7, 1;
        /// Frames to take; 0 = without end.
        COUNT: 8, 8;
    }
    /// Context n: control 2.
    CTX_CTRL2 ctx_ctrl2 @ 0x74 x 8 / 32, 0, ReadWrite, 0x0000_7FFF, "ispreg.h" {
        /// Format and destination.
        FORMAT: 0, 10;
        /// Simple predictor.
        DPCM_PRED: 10, 1;
        /// Virtual channel.
        VIRTUAL_ID: 11, 2;
        /// User-defined mapping.
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
        /// Line that raises LINE_NUMBER.
        LINE_NUMBER: 0, 16;
        /// Alpha of RGB formats.
        ALPHA: 16, 14;
    }
}
