//! Preview: 10-bit Bayer from the video port (or memory) to YUV 4:2:2.

use crate::Access::{BusyLocked, Control, ReadOnly, ReadWrite, Shadowed, TableAddress, TableData};
use crate::register::registers;

/// Address in the table space of the red gamma table (1024 entries of 8 bits).
pub const TABLE_RED_GAMMA: u32 = 0x0000;
/// Green gamma table (1024 entries).
pub const TABLE_GREEN_GAMMA: u32 = 0x0400;
/// Blue gamma table (1024 entries).
pub const TABLE_BLUE_GAMMA: u32 = 0x0800;
/// Noise filter thresholds (64 entries).
pub const TABLE_NOISE_FILTER: u32 = 0x0C00;
/// Luma enhancement (128 entries of 20 bits: offset 19:10, slope 9:0).
pub const TABLE_LUMA_ENHANCEMENT: u32 = 0x1000;
/// CFA weights (4 blocks of 144 entries, [`cfa_table`]).
pub const TABLE_CFA: u32 = 0x1400;
/// Number of entries of the table space.
pub const TABLE_ENTRIES: usize = 0x1400 + 576;

registers! {
    block Preview;
    /// Control. EN clears at frame start when ONESHOT is set; SOURCE clears when EN is set.
    PCR pcr @ 0x04, 0, Control { shadowed: 1 }, 0x1DFF_FFFD, "ispreg.h, TRM" {
        /// Process from the next frame start on.
        EN: 0, 1;
        /// A frame is in progress. Read only.
        BUSY: 1, 1;
        /// Input: 0 video port, 1 memory. Cleared by hardware when EN is set.
        SOURCE: 2, 1;
        /// One frame, then EN clears.
        ONESHOT: 3, 1;
        /// Input of 8 bits per pixel.
        WIDTH: 4, 1;
        /// Inverse A-law.
        INVALAW: 5, 1;
        /// Dark frame subtraction.
        DRKFEN: 6, 1;
        /// Dark frame capture.
        DRKFCAP: 7, 1;
        /// Horizontal median.
        HMEDEN: 8, 1;
        /// Noise filter.
        NFEN: 9, 1;
        /// CFA interpolation.
        CFAEN: 10, 1;
        /// CFA format: 0 Bayer.
        CFAFMT: 11, 4;
        /// Luma enhancement.
        YNENHEN: 15, 1;
        /// Chroma suppression.
        SUPEN: 16, 1;
        /// Byte order, named from the highest byte down: 0 YCrYCb (UYVY), 1 YCbYCr (VYUY), 2 CbYCrY (YVYU),
        /// 3 CrYCbY (YUYV).
        YCPOS: 17, 2;
        /// Output to the resizer.
        RSZPORT: 19, 1;
        /// Output to memory.
        SDRPORT: 20, 1;
        /// Lens shading compensation instead of dark frame.
        SCOMP_EN: 21, 1;
        /// Its shift.
        SCOMP_SFT: 22, 3;
        /// Gamma tables are bypassed (top 8 of 10 bits).
        GAMMA_BYPASS: 26, 1;
        /// Defect correction.
        DCOREN: 27, 1;
        /// Couplet correction.
        DCCOUP: 28, 1;
        /// Dark frame read was late. Read only.
        DRK_FAIL: 31, 1;
    }
    /// Horizontal crop of the input, in pixels; the blocks that are on eat margins from it.
    HORZ_INFO horz_info @ 0x08, 0, BusyLocked, 0x3FFF_3FFF, "ispreg.h" {
        /// Last pixel.
        EPH: 0, 14;
        /// First pixel.
        SPH: 16, 14;
    }
    /// Vertical crop of the input, in lines.
    VERT_INFO vert_info @ 0x0C, 0, BusyLocked, 0x3FFF_3FFF, "ispreg.h" {
        /// Last line.
        ELV: 0, 14;
        /// First line.
        SLV: 16, 14;
    }
    /// Address of the input in memory.
    RSDR_ADDR rsdr_addr @ 0x10, 0, Shadowed, 0xFFFF_FFE0, "ispreg.h" {}
    /// Line distance of the input in bytes.
    RADR_OFFSET radr_offset @ 0x14, 0, Shadowed, 0xFFE0, "ispreg.h" {}
    /// Address of the dark frame.
    DSDR_ADDR dsdr_addr @ 0x18, 0, Shadowed, 0xFFFF_FFE0, "ispreg.h" {}
    /// Line distance of the dark frame in bytes.
    DRKF_OFFSET drkf_offset @ 0x1C, 0, Shadowed, 0xFFE0, "ispreg.h" {}
    /// Address of the output in memory; 32-byte aligned.
    WSDR_ADDR wsdr_addr @ 0x20, 0, Shadowed, 0xFFFF_FFE0, "ispreg.h" {}
    /// Line distance of the output in bytes.
    WADD_OFFSET wadd_offset @ 0x24, 0, Shadowed, 0xFFE0, "ispreg.h" {}
    /// Input averager.
    AVE ave @ 0x28, 0, BusyLocked, 0x3F, "ispreg.h" {
        /// log2 of pixels averaged.
        COUNT: 0, 2;
        /// Distance of even pixels - 1.
        EVEN_DISTANCE: 2, 2;
        /// Distance of odd pixels - 1.
        ODD_DISTANCE: 4, 2;
    }
    /// Horizontal median.
    HMED hmed @ 0x2C, 0, BusyLocked, 0x3FF, "ispreg.h" {
        /// Threshold.
        THRESHOLD: 0, 8;
        /// Even pixel distance: 0 one, 1 two.
        EVEN_DISTANCE: 8, 1;
        /// Odd pixel distance.
        ODD_DISTANCE: 9, 1;
    }
    /// Noise filter.
    NF nf @ 0x30, 0, BusyLocked, 0x3, "ispreg.h" {
        /// Spread value.
        SPREAD: 0, 2;
    }
    /// White balance digital gain U10Q8.
    WB_DGAIN wb_dgain @ 0x34, 0x100, ReadWrite, 0x3FF, "ispreg.h" {
        /// Gain.
        DGAIN: 0, 10;
    }
    /// White balance coefficients U8Q5.
    WBGAIN wbgain @ 0x38, 0x2020_2020, ReadWrite, 0xFFFF_FFFF, "ispreg.h" {
        /// Coefficient 0.
        COEF0: 0, 8;
        /// Coefficient 1.
        COEF1: 8, 8;
        /// Coefficient 2.
        COEF2: 16, 8;
        /// Coefficient 3.
        COEF3: 24, 8;
    }
    /// Which coefficient each place of a 4x4 mosaic takes, 2 bits each, first line first.
    WBSEL wbsel @ 0x3C, 0, ReadWrite, 0xFFFF_FFFF, "ispreg.h" {}
    /// CFA gradient thresholds.
    CFA cfa @ 0x40, 0, BusyLocked, 0xFFFF, "ispreg.h" {
        /// Horizontal.
        GRADTH_HOR: 0, 8;
        /// Vertical.
        GRADTH_VER: 8, 8;
    }
    /// Black adjustment after CFA, signed 8 bits per channel.
    BLKADJOFF blkadjoff @ 0x44, 0, BusyLocked, 0x00FF_FFFF, "ispreg.h" {
        /// Blue.
        B: 0, 8;
        /// Green.
        G: 8, 8;
        /// Red.
        R: 16, 8;
    }
    /// RGB to RGB matrix, S12Q8, two coefficients a word, row by row.
    RGB_MAT rgb_mat @ 0x48 x 5 / 4, 0, BusyLocked, 0x0FFF_0FFF, "ispreg.h" {
        /// First coefficient of the word.
        LOW: 0, 12;
        /// Second coefficient of the word; unused in the fifth.
        HIGH: 16, 12;
    }
    /// RGB to RGB offsets of red and green, S10.
    RGB_OFF1 rgb_off1 @ 0x5C, 0, BusyLocked, 0x03FF_03FF, "ispreg.h" {
        /// Green.
        G: 0, 10;
        /// Red.
        R: 16, 10;
    }
    /// RGB to RGB offset of blue, S10.
    RGB_OFF2 rgb_off2 @ 0x60, 0, BusyLocked, 0x3FF, "ispreg.h" {
        /// Blue.
        B: 0, 10;
    }
    /// RGB to YCbCr, row of Y (0), Cb (1), Cr (2); three S10Q8 coefficients for R, G, B.
    CSC csc @ 0x64 x 3 / 4, 0, BusyLocked, 0x3FFF_FFFF, "ispreg.h" {
        /// For red.
        R: 0, 10;
        /// For green.
        G: 10, 10;
        /// For blue.
        B: 20, 10;
    }
    /// Offsets of Y, Cb, Cr, signed 8 bits.
    CSC_OFFSET csc_offset @ 0x70, 0, BusyLocked, 0x00FF_FFFF, "ispreg.h" {
        /// Cr.
        CR: 0, 8;
        /// Cb.
        CB: 8, 8;
        /// Y.
        Y: 16, 8;
    }
    /// Contrast and brightness.
    CNT_BRT cnt_brt @ 0x74, 0x1000, ReadWrite, 0xFFFF, "ispreg.h" {
        /// Brightness U8.
        BRT: 0, 8;
        /// Contrast U8Q4.
        CNT: 8, 8;
    }
    /// Chroma suppression.
    CSUP csup @ 0x78, 0, BusyLocked, 0x1_FFFF, "ispreg.h" {
        /// Gain.
        GAIN: 0, 8;
        /// Threshold.
        THRESHOLD: 8, 8;
        /// Use the high-passed luma.
        HPYF: 16, 1;
    }
    /// Clipping of Y and C.
    SETUP_YC setup_yc @ 0x7C, 0xFF00_FF00, ReadWrite, 0xFFFF_FFFF, "ispreg.h" {
        /// Smallest C.
        MINC: 0, 8;
        /// Largest C.
        MAXC: 8, 8;
        /// Smallest Y.
        MINY: 16, 8;
        /// Largest Y.
        MAXY: 24, 8;
    }
    /// Address in the table space.
    SET_TBL_ADDR set_tbl_addr @ 0x80, 0, TableAddress, 0x1FFF, "ispreg.h" {}
    /// Table entry; the address goes up by one with each access.
    SET_TBL_DATA set_tbl_data @ 0x84, 0, TableData, 0xF_FFFF, "ispreg.h" {}
    /// Defect correction thresholds.
    CDC_THR cdc_thr @ 0x90 x 4 / 4, 0, BusyLocked, 0x03FF_03FF, "ispreg.h" {
        /// Detection.
        DETECT: 0, 10;
        /// Correction.
        CORRECT: 16, 10;
    }
    /// Identity.
    PID pid @ 0x00, 0x0001_FE01, ReadOnly, 0, "ispreg.h" {}
}

/// The table of CFA weights.
///
/// A block is for a place of the 2x2 cell: left and right of its first line, left and right of its second. So
/// the order of the blocks says which colour is where, and nothing else does (SWPU177N gives four blocks of
/// 144; Linux omap3isp writes the blocks of GRBG as 0123, of RGGB as 1032, of BGGR as 2301 and of GBRG as 3210).
///
/// TI does not publish what is in a block. Here it is: for an edge along the line, an edge along the column, and
/// none of both, for each of red, green and blue, [`TAPS`](cfa_table::TAPS) weights in sixteenths, S8, of the
/// pixels at a distance of up to two, line by line.
pub mod cfa_table {
    /// Blocks, one per place of a cell.
    pub const BLOCKS: usize = 4;
    /// Entries of a block.
    pub const BLOCK_ENTRIES: usize = 144;
    /// Weights of a colour; the last three are not used.
    pub const TAPS: usize = 16;
    /// Colours: red, green, blue.
    pub const COLOURS: usize = 3;
    /// What the weights add up to.
    pub const ONE: i8 = 16;
    /// Where the taps are, in pixels from the one in the middle: (right, down).
    pub const PLACES: [(i8, i8); 13] = [
        (0, -2),
        (-1, -1),
        (0, -1),
        (1, -1),
        (-2, 0),
        (-1, 0),
        (0, 0),
        (1, 0),
        (2, 0),
        (-1, 1),
        (0, 1),
        (1, 1),
        (0, 2),
    ];
    /// Tap of the left neighbour.
    pub const LEFT: usize = 5;
    /// Tap of the pixel itself.
    pub const OWN: usize = 6;
}
