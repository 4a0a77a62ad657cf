//! H3A: statistics for auto focus, exposure and white balance. Always continuous.

use crate::Access::{ReadOnly, Shadowed};
use crate::register::registers;

registers! {
    block H3a;
    /// Identity.
    PID pid @ 0x00, 0x0001_FE01, ReadOnly, 0, "ispreg.h" {}
    /// Control; the enables latch at frame start.
    PCR pcr @ 0x04, 0, Shadowed, 0xFFC3_7FFF, "ispreg.h" {
        /// Auto focus on.
        AF_EN: 0, 1;
        /// A-law for auto focus.
        AF_ALAW: 1, 1;
        /// Median for auto focus.
        AF_MED_EN: 2, 1;
        /// Median threshold.
        AF_MED_TH: 3, 8;
        /// Place of colours in a 2x2 cell, left to right, top to bottom: 0 GRGB, 1 RGGB, 2 GRBG,
        /// 3 RGBG, 4 GGRB, 5 RBGG.
        RGBPOS: 11, 3;
        /// Focus value: 0 sum, 1 peak.
        FVMODE: 14, 1;
        /// Auto focus is running. Read only.
        BUSYAF: 15, 1;
        /// Exposure and white balance statistics on.
        AEW_EN: 16, 1;
        /// A-law for them.
        AEW_ALAW: 17, 1;
        /// They are running. Read only.
        BUSYAEAWB: 18, 1;
        /// Saturation limit.
        AVE2LMT: 22, 10;
    }
    /// Auto focus: size of a paxel.
    AFPAX1 afpax1 @ 0x08, 0, Shadowed, 0x007F_007F, "ispreg.h" {
        /// Paxel height / 2 - 1.
        PAXH: 0, 7;
        /// Paxel width / 2 - 1.
        PAXW: 16, 7;
    }
    /// Auto focus: number of paxels, and the lines of a paxel that are used.
    AFPAX2 afpax2 @ 0x0C, 0, Shadowed, 0x0001_FFFF, "ispreg.h" {
        /// Paxels per line - 1.
        PAXHC: 0, 6;
        /// Paxels per column - 1.
        PAXVC: 6, 7;
        /// Distance of lines / 2 - 1.
        AFINCV: 13, 4;
    }
    /// Auto focus: start of the first paxel.
    AFPAXSTART afpaxstart @ 0x10, 0, Shadowed, 0x0FFF_0FFF, "ispreg.h" {
        /// Vertical.
        PAXSV: 0, 12;
        /// Horizontal.
        PAXSH: 16, 12;
    }
    /// Auto focus: pixel of a line at which the filters are cleared and start.
    AFIIRSH afiirsh @ 0x14, 0, Shadowed, 0x0FFF, "ispreg.h" {}
    /// Auto focus: address of the statistics buffer.
    AFBUFST afbufst @ 0x18, 0, Shadowed, 0xFFFF_FFE0, "ispreg.h" {}
    /// Auto focus: 11 coefficients of filter 0, S12Q6, two a word.
    AFCOEF0 afcoef0 @ 0x1C x 6 / 4, 0, Shadowed, 0x0FFF_0FFF, "ispreg.h" {
        /// First coefficient of the word.
        LOW: 0, 12;
        /// Second coefficient of the word; unused in the sixth.
        HIGH: 16, 12;
    }
    /// Auto focus: 11 coefficients of filter 1, as filter 0.
    AFCOEF1 afcoef1 @ 0x34 x 6 / 4, 0, Shadowed, 0x0FFF_0FFF, "ispreg.h" {}
    /// Window size and counts.
    AEWWIN1 aewwin1 @ 0x4C, 0, Shadowed, 0x7F0F_FFFF, "ispreg.h" {
        /// Windows per line - 1.
        WINHC: 0, 6;
        /// Windows per column - 1.
        WINVC: 6, 7;
        /// Window width / 2 - 1.
        WINW: 13, 7;
        /// Window height / 2 - 1.
        WINH: 24, 7;
    }
    /// Start of the first window.
    AEWINSTART aewinstart @ 0x50, 0, Shadowed, 0x0FFF_0FFF, "ispreg.h" {
        /// Horizontal.
        WINSH: 0, 12;
        /// Vertical.
        WINSV: 16, 12;
    }
    /// The black line window.
    AEWINBLK aewinblk @ 0x54, 0, Shadowed, 0x0FFF_007F, "ispreg.h" {
        /// Height / 2 - 1.
        WINH: 0, 7;
        /// First line.
        WINSV: 16, 12;
    }
    /// Sub-sampling in a window.
    AEWSUBWIN aewsubwin @ 0x58, 0, Shadowed, 0xF0F, "ispreg.h" {
        /// Horizontal distance / 2 - 1.
        AEWINCH: 0, 4;
        /// Vertical distance / 2 - 1.
        AEWINCV: 8, 4;
    }
    /// Address of the statistics buffer.
    AEWBUFST aewbufst @ 0x5C, 0, Shadowed, 0xFFFF_FFE0, "ispreg.h" {}
}
