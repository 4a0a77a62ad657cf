//! Histogram.

use crate::Access::{BusyLocked, Control, ReadOnly, TableAddress, TableData};
use crate::register::registers;

registers! {
    block Hist;
    /// Identity.
    PID pid @ 0x00, 0x0001_FE01, ReadOnly, 0, "ispreg.h" {}
    /// Control. From memory EN starts one picture at once, and clears.
    PCR pcr @ 0x04, 0, Control { shadowed: 1 }, 1, "ispreg.h, TRM" {
        /// Count from the next frame start on.
        EN: 0, 1;
        /// Counting. Read only.
        BUSY: 1, 1;
    }
    /// What is counted.
    CNT cnt @ 0x08, 0, BusyLocked, 0x1FF, "ispreg.h" {
        /// Right shift of the pixel.
        SHIFT: 0, 3;
        /// Source: 0 video port, 1 memory.
        SOURCE: 3, 1;
        /// Bins: 0 32, 1 64, 2 128, 3 256.
        BINS: 4, 2;
        /// 1 = Foveon, 0 = Bayer.
        CFA: 6, 1;
        /// Reading DATA clears the entry.
        CLEAR: 7, 1;
        /// Pixels in memory: 0 up to 14 bits in two bytes, 1 8 bits in one.
        DATSIZ: 8, 1;
    }
    /// White balance gains U8Q5, one for each place of a 2x2 cell.
    WB_GAIN wb_gain @ 0x0C, 0, BusyLocked, 0xFFFF_FFFF, "ispreg.h" {
        /// Second line, second pixel.
        WG03: 0, 8;
        /// Second line, first pixel.
        WG02: 8, 8;
        /// First line, second pixel.
        WG01: 16, 8;
        /// First line, first pixel.
        WG00: 24, 8;
    }
    /// Regions 0..3: horizontal, vertical, alternating.
    REGION region @ 0x10 x 8 / 4, 0, BusyLocked, 0x3FFF_3FFF, "ispreg.h" {
        /// Last pixel or line.
        END: 0, 14;
        /// First pixel or line.
        START: 16, 14;
    }
    /// Address of an entry.
    ADDR addr @ 0x30, 0, TableAddress, 0x3FF, "ispreg.h" {}
    /// Entry, 20 bits; the address goes up by one with each read.
    DATA data @ 0x34, 0, TableData, 0xF_FFFF, "ispreg.h" {}
    /// Address of the input in memory.
    RADD radd @ 0x38, 0, BusyLocked, 0xFFFF_FFE0, "ispreg.h" {}
    /// Line distance of the input in bytes.
    RADD_OFF radd_off @ 0x3C, 0, BusyLocked, 0xFFE0, "ispreg.h" {}
    /// Size of the input in memory. Of a line the bench reads as many pixels as its sensor has at most, 1312.
    H_V_INFO h_v_info @ 0x40, 0, BusyLocked, 0x3FFF_3FFF, "ispreg.h" {
        /// Lines.
        VSIZE: 0, 14;
        /// Pixels of a line.
        HSIZE: 16, 14;
    }
}
