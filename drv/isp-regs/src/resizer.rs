//! Resizer: YUV 4:2:2 scaled by 64/256 to 1024/256 in each direction.

use crate::Access::{BusyLocked, Control, ReadOnly, Shadowed};
use crate::register::registers;

registers! {
    block Resizer;
    /// Identity.
    PID pid @ 0x00, 0x0001_FE01, ReadOnly, 0, "ispreg.h" {}
    /// Control. From memory EN starts one frame at once; live it waits for the frame start. EN
    /// clears at frame start when ONESHOT is set.
    PCR pcr @ 0x04, 0, Control { shadowed: 1 }, 0x5, "ispreg.h, TRM" {
        /// Process from the next frame start on.
        EN: 0, 1;
        /// A frame is in progress. Read only.
        BUSY: 1, 1;
        /// One frame, then EN clears.
        ONESHOT: 2, 1;
    }
    /// Ratios and input.
    CNT cnt @ 0x08, 0, BusyLocked, 0x3FFF_FFFF, "ispreg.h" {
        /// Horizontal ratio - 1, 256 = 1:1.
        HRSZ: 0, 10;
        /// Vertical ratio - 1.
        VRSZ: 10, 10;
        /// Horizontal start phase.
        HSTPH: 20, 3;
        /// Vertical start phase.
        VSTPH: 23, 3;
        /// Byte order: 0 YC (UYVY), 1 CY (YUYV).
        YCPOS: 26, 1;
        /// From memory, 1 = one component alone, 8 bits a pixel: it is scaled as luma is, and written as it
        /// was read, a byte a pixel. Live input is 4:2:2 whatever it says.
        INPTYP: 27, 1;
        /// Input: 0 live, 1 memory.
        INPSRC: 28, 1;
        /// Bilinear chroma.
        CBILIN: 29, 1;
    }
    /// Size of the output.
    OUT_SIZE out_size @ 0x0C, 0, BusyLocked, 0x0FFF_1FFF, "ispreg.h" {
        /// Width in pixels.
        HORZ: 0, 13;
        /// Height in lines.
        VERT: 16, 12;
    }
    /// First pixel (live: 2 x pixel, in bytes) and line of the input.
    IN_START in_start @ 0x10, 0, BusyLocked, 0x1FFF_1FFF, "ispreg.h" {
        /// Horizontal.
        HORZ_ST: 0, 13;
        /// Vertical.
        VERT_ST: 16, 13;
    }
    /// Size of the input that is used; must satisfy the equations of the ratios exactly.
    IN_SIZE in_size @ 0x14, 0, BusyLocked, 0x1FFF_1FFF, "ispreg.h" {
        /// Width in pixels.
        HORZ: 0, 13;
        /// Height in lines.
        VERT: 16, 13;
    }
    /// Address of the input; zero when live.
    SDR_INADD sdr_inadd @ 0x18, 0, Shadowed, 0xFFFF_FFE0, "ispreg.h" {}
    /// Line distance of the input in bytes; zero when live.
    SDR_INOFF sdr_inoff @ 0x1C, 0, Shadowed, 0xFFE0, "ispreg.h" {}
    /// Address of the output; 32-byte aligned.
    SDR_OUTADD sdr_outadd @ 0x20, 0, Shadowed, 0xFFFF_FFE0, "ispreg.h" {}
    /// Line distance of the output in bytes.
    SDR_OUTOFF sdr_outoff @ 0x24, 0, Shadowed, 0xFFE0, "ispreg.h" {}
    /// Horizontal coefficients S10Q8, two a word; 8 phases x 4 taps or 4 phases x 8 taps.
    HFILT hfilt @ 0x28 x 16 / 4, 0, BusyLocked, 0x03FF_03FF, "ispreg.h" {
        /// First coefficient of the word.
        LOW: 0, 10;
        /// Second coefficient of the word.
        HIGH: 16, 10;
    }
    /// Vertical coefficients, as horizontal.
    VFILT vfilt @ 0x68 x 16 / 4, 0, BusyLocked, 0x03FF_03FF, "ispreg.h" {
        /// First coefficient of the word.
        LOW: 0, 10;
        /// Second coefficient of the word.
        HIGH: 16, 10;
    }
    /// Edge enhancement of the luma, between the horizontal and the vertical filter. While it is on, the
    /// equation of the input width counts four output pixels more.
    YENH yenh @ 0xA8, 0, BusyLocked, 0x3_FFFF, "ispreg.h, TRM" {
        /// Coring U8.
        CORE: 0, 8;
        /// Slope U4Q4.
        SLOP: 8, 4;
        /// Gain U4Q4.
        GAIN: 12, 4;
        /// 0 off, 1 `[-1 2 -1]/2`, 2 `[-1 -2 6 -2 -1]/4`; 3 is off too.
        ALGO: 16, 2;
    }
}
