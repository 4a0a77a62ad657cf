//! CCDC: takes lines from the sensor, writes raw frames, feeds the video port.
//!
//! The block is always continuous: clearing EN lets the frame in progress finish. VD events come
//! as long as the sensor runs and `SYN_MODE.VDHDEN` is set, also with EN clear. Rows and bits marked
//! shadowed take effect at frame start while `CFG.VDLC` is set (as software must), else at once. The rows
//! say where a frame takes them at its start with VDLC or without.

use crate::Access::{Control, Mixed, ReadWrite, Shadowed};
use crate::register::registers;

registers! {
    block Ccdc;
    /// Identity.
    PID pid @ 0x00, 0x0001_FE01, crate::Access::ReadOnly, 0, "ispreg.h" {}
    /// Control.
    PCR pcr @ 0x04, 0, Control { shadowed: 1 }, 1, "ispreg.h, TRM" {
        /// Process frames from the next frame start on.
        EN: 0, 1;
        /// A frame is in progress: set at frame start if EN, cleared at frame end. Read only.
        BUSY: 1, 1;
    }
    /// Sync and input mode. What becomes of the data is shadowed, the pins and VDHDEN are not. Stored only:
    /// the pins, for the bench's sensor has syncs of its own.
    SYN_MODE syn_mode @ 0x08, 0, Mixed { clear: 0, shadowed: 0x000E_7FD0 }, 0x000F_7FFF, "ispreg.h" {
        /// VD and HD are outputs.
        VDHDOUT: 0, 1;
        /// Field signal is an output.
        FLDOUT: 1, 1;
        /// VD is active low.
        VDPOL: 2, 1;
        /// HD is active low.
        HDPOL: 3, 1;
        /// Field signal is active low. Taken at frame start, with VDLC or without.
        FLDPOL: 4, 1;
        /// External write enable.
        EXWEN: 5, 1;
        /// The data are the one's complement, as wide as DATSIZ says: each bit is inverted before all else.
        DATAPOL: 6, 1;
        /// Interlaced: the field signal says which field a frame is, for SDOFST and VERT_START. Taken at frame
        /// start, with VDLC or without.
        FLDMODE: 7, 1;
        /// Width of the data: 0 8..16 bits, 4 12 bits, 5 11 bits, 6 10 bits, 7 8 bits.
        DATSIZ: 8, 3;
        /// Store 8 bits per pixel.
        PACK8: 11, 1;
        /// 0 raw, 1 YCbCr of 16 bits (luma in the lower half of a word), 2 YCbCr of 8 bits (a pixel takes two clocks,
        /// and the horizontal windows count those). Memory gets YCbCr chroma first, whatever came first. Of
        /// what is done to samples DCSUB is done to luma. Optical black, black compensation, fault pixels, lens shading, low
        /// pass, A-law, formatter and video port must be off (TRM): the bench's CCDC does the first two
        /// to raw samples only, and the others to YCbCr as if it were raw.
        INPMOD: 12, 2;
        /// 3-tap low-pass filter on the memory path.
        LPF: 14, 1;
        /// Current field, as the signal says. Read only.
        FLDSTAT: 15, 1;
        /// Sync input on; needed for any VD event.
        VDHDEN: 16, 1;
        /// Write to memory. Taken at frame start, with VDLC or without.
        WEN: 17, 1;
        /// Video port to memory, in place of the raw lines: ten bits, and of the formatter's lines if that is
        /// on. The windows, culling, low pass, A-law and packing of the memory path work on those. Without
        /// VPEN memory gets nothing.
        VP2SDR: 18, 1;
        /// Memory path to the resizer, which then does not hear the preview. It takes the bytes that memory would get,
        /// in its order (CNT.YCPOS). Raw must not go there (TRM): it is taken for YCbCr. Taken at frame start, with VDLC or
        /// without.
        SDR2RSZ: 19, 1;
    }
    /// Width of the sync pulses when they are outputs. Stored only: the bench's sensor makes its own.
    HD_VD_WID hd_vd_wid @ 0x0C, 0, Shadowed, 0x0FFF_0FFF, "ispreg.h" {
        /// Vertical.
        VDW: 0, 12;
        /// Horizontal.
        HDW: 16, 12;
    }
    /// Size of the frame when the sync pulses are outputs. Stored only, as HD_VD_WID.
    PIX_LINES pix_lines @ 0x10, 0, Shadowed, 0xFFFF_FFFF, "ispreg.h" {
        /// Half lines per field or frame.
        HLPRF: 0, 16;
        /// Pixels per line.
        PPLN: 16, 16;
    }
    /// Horizontal crop of the memory path.
    HORZ_INFO horz_info @ 0x14, 0, Shadowed, 0x7FFF_7FFF, "ispreg.h" {
        /// Number of pixels - 1.
        NPH: 0, 15;
        /// First pixel.
        SPH: 16, 15;
    }
    /// First line of the memory path.
    VERT_START vert_start @ 0x18, 0, Shadowed, 0x7FFF_7FFF, "ispreg.h" {
        /// First line of field 1; not used if FLDMODE is clear.
        SLV1: 0, 15;
        /// First line of field 0.
        SLV0: 16, 15;
    }
    /// Number of lines of the memory path - 1.
    VERT_LINES vert_lines @ 0x1C, 0, Shadowed, 0x7FFF, "ispreg.h" {
        /// Number of lines - 1.
        NLV: 0, 15;
    }
    /// Culling pattern of the memory path: a set bit keeps the line or pixel.
    CULLING culling @ 0x20, 0xFFFF_00FF, Shadowed, 0xFFFF_00FF, "ispreg.h" {
        /// Vertical pattern.
        CULV: 0, 8;
        /// Horizontal pattern, odd lines.
        CULHODD: 16, 8;
        /// Horizontal pattern, even lines.
        CULHEVN: 24, 8;
    }
    /// Distance of two lines in memory in bytes; the low 5 bits are zero.
    HSIZE_OFF hsize_off @ 0x24, 0, Shadowed, 0xFFE0, "ispreg.h" {}
    /// Where lines of the memory path lie, in steps of HSIZE_OFF: 0..3 are 1..4 lines on, 4..7 are 1..4 lines
    /// back. A line's own step leads to the next one (the bench's choice: the manual does not say to which). Taken
    /// at frame start, with VDLC or without.
    SDOFST sdofst @ 0x28, 0, Shadowed, 0x7FFF, "ispreg.h, TRM" {
        /// Behind odd lines of field 1.
        LOFST3: 0, 3;
        /// Behind even lines of field 1.
        LOFST2: 3, 3;
        /// Behind odd lines of field 0.
        LOFST1: 6, 3;
        /// Behind even lines of field 0; the only one and LOFST1 if FLDMODE is clear.
        LOFST0: 9, 3;
        /// Lines from SDR_ADDR to the first line of field 1, less one.
        FOFST: 12, 2;
        /// The field signal means the other field.
        FIINV: 14, 1;
    }
    /// Address of the raw frame in memory; 32-byte aligned. A frame begins at it, with VDLC or without.
    SDR_ADDR sdr_addr @ 0x2C, 0, Shadowed, 0xFFFF_FFE0, "ispreg.h" {}
    /// Optical black clamp.
    CLAMP clamp @ 0x30, 0x10, Shadowed, 0xFFFF_FC1F, "ispreg.h, TRM" {
        /// Gain U5Q4.
        OBGAIN: 0, 5;
        /// First pixel of the window.
        OBST: 10, 15;
        /// Number of lines: 1, 2, 4, 8, 16.
        OBSLN: 25, 3;
        /// Number of pixels: 1, 2, 4, 8, 16.
        OBSLEN: 28, 3;
        /// Use the optical black window instead of DCSUB.
        CLAMPEN: 31, 1;
    }
    /// Value subtracted from each pixel when CLAMPEN is clear.
    DCSUB dcsub @ 0x34, 0, Shadowed, 0x3FFF, "ispreg.h" {}
    /// Colour of each place of a 4x4 mosaic, 2 bits each: R 0, Gr 1, Gb 2, B 3.
    COLPTN colptn @ 0x38, 0, Shadowed, 0xFFFF_FFFF, "ispreg.h" {}
    /// Black level compensation, signed 8 bits per colour.
    BLKCMP blkcmp @ 0x3C, 0, Shadowed, 0xFFFF_FFFF, "ispreg.h" {
        /// Blue.
        B: 0, 8;
        /// Green in blue lines.
        GB: 8, 8;
        /// Green in red lines.
        GR: 16, 8;
        /// Red.
        R: 24, 8;
    }
    /// Fault pixel correction. A frame takes its count and its switch at its start, with VDLC or without.
    FPC fpc @ 0x40, 0, Mixed { clear: 1 << 16, shadowed: 0xFFFF }, 0x1_FFFF, "ispreg.h" {
        /// Number of entries.
        FPNUM: 0, 15;
        /// On.
        FPCEN: 15, 1;
        /// The table did not come in time: no more pixels of that frame were corrected. Write one to
        /// clear.
        FPERR: 16, 1;
    }
    /// Address of the fault pixel table; 64-byte aligned. Used at each burst of the table.
    FPC_ADDR fpc_addr @ 0x44, 0, ReadWrite, 0xFFFF_FFC0, "ispreg.h" {}
    /// Lines at which VD0 and VD1 are raised, counted from frame start.
    VDINT vdint @ 0x48, 0, ReadWrite, 0x7FFF_7FFF, "ispreg.h" {
        /// Line of VD1.
        VDINT1: 0, 15;
        /// Line of VD0.
        VDINT0: 16, 15;
    }
    /// A-law compression of the memory path.
    ALAW alaw @ 0x4C, 4, Shadowed, 0xF, "ispreg.h" {
        /// Which 10 bits of the input: 3 12:3, 4 11:2, 5 10:1, 6 9:0.
        GWDI: 0, 3;
        /// On.
        CCDTBL: 3, 1;
    }
    /// BT.656 input. Stored only: the bench has no such source, and the input is that of ISP_CTRL whatever
    /// it says.
    REC656IF rec656if @ 0x50, 0, ReadWrite, 0x3, "ispreg.h" {
        /// On.
        R656ON: 0, 1;
        /// Error correction.
        ECCFVH: 1, 1;
    }
    /// Configuration. What becomes of the data is shadowed, as in SYN_MODE. Stored only: what is for BT.656, fields and
    /// the write enable pin.
    CFG cfg @ 0x54, 0, Mixed { clear: 0, shadowed: 0x3800 }, 0xB960, "ispreg.h" {
        /// 10-bit BT.656.
        BW656: 5, 1;
        /// Field id mode.
        FIDMD: 6, 1;
        /// WEN logic.
        WENLOG: 8, 1;
        /// Luma comes second in YCbCr of 8 bits.
        Y8POS: 11, 1;
        /// Swap the bytes of each 16-bit word on the memory path.
        BSWD: 12, 1;
        /// Invert the top bit of chroma.
        MSBINVI: 13, 1;
        /// Latch shadowed registers at frame start. Software must set it.
        VDLC: 15, 1;
    }
    /// Formatter and video port.
    FMTCFG fmtcfg @ 0x58, 0, Shadowed, 0x003F_FFFF, "ispreg.h, TRM" {
        /// Formatter on; needs VPEN. Off, lines pass as they come. On, those that it makes begin as the
        /// sensor's mosaic does.
        FMTEN: 0, 1;
        /// Line alternation: even and odd lines of the window change places; the program has no part in it.
        LNALT: 1, 1;
        /// Lines that come out for one - 1. The line memory holds one of 4 * 1376 pixels, two of 2 * 1376,
        /// or up to four of 1376.
        LNUM: 2, 2;
        /// Entries of the program of odd lines - 1.
        PLEN_ODD: 4, 4;
        /// Entries of the program of even lines - 1.
        PLEN_EVEN: 8, 4;
        /// Which 10 bits feed the port: 3 12:3, 4 11:2, 5 10:1, 6 9:0.
        VPIN: 12, 3;
        /// Video port on.
        VPEN: 15, 1;
        /// Port clock divider - 2.
        VPIF_FRQ: 16, 6;
    }
    /// Horizontal window at the formatter's input.
    FMT_HORZ fmt_horz @ 0x5C, 0, Shadowed, 0x1FFF_1FFF, "ispreg.h" {
        /// Number of pixels.
        FMTLNH: 0, 13;
        /// First pixel.
        FMTSPH: 16, 13;
    }
    /// Vertical window at the formatter's input; the first of its lines is an even one.
    FMT_VERT fmt_vert @ 0x60, 0, Shadowed, 0x1FFF_1FFF, "ispreg.h" {
        /// Number of lines.
        FMTLNV: 0, 13;
        /// First line.
        FMTSLV: 16, 13;
    }
    /// Where the formatter's pointers 0..7 begin with each line of its input.
    FMT_ADDR fmt_addr @ 0x64 x 8 / 4, 0, Shadowed, 0x0300_1FFF, "TRM" {
        /// Pixel.
        INIT: 0, 13;
        /// Which of the lines that come out.
        LINE: 24, 2;
    }
    /// Program of even lines, entries 0..7 and 8..15: pixel after pixel goes where the entry's pointer is,
    /// which then moves by one. From the start again when all entries were used. An entry has 4 bits: from
    /// bit 1 on which pointer, in bit 0 whether it goes back.
    PRGEVEN prgeven @ 0x84 x 2 / 4, 0, Shadowed, 0xFFFF_FFFF, "ispreg.h, TRM" {}
    /// Program of odd lines, as that of even ones.
    PRGODD prgodd @ 0x8C x 2 / 4, 0, Shadowed, 0xFFFF_FFFF, "ispreg.h, TRM" {}
    /// What leaves the video port: of the formatter's lines if that is on, else of its window.
    VP_OUT vp_out @ 0x94, 0, Shadowed, 0x7FFF_FFFF, "ispreg.h" {
        /// First pixel.
        HORZ_ST: 0, 4;
        /// Number of pixels.
        HORZ_NUM: 4, 13;
        /// Number of lines; less than FMTLNV while the formatter is off.
        VERT_NUM: 17, 14;
    }
    /// Lens shading. A frame takes it at its start, with VDLC or without.
    LSC_CONFIG lsc_config @ 0x98, 0x6600, Shadowed, 0x774F, "ispreg.h" {
        /// On.
        ENABLE: 0, 1;
        /// Gain format.
        GAIN_FORMAT: 1, 3;
        /// After the reformatter. Stored only: what is corrected is what the formatter gets.
        AFTER_REFORMATTER: 6, 1;
        /// Running. Read only.
        BUSY: 7, 1;
        /// log2 of the paxel height.
        GAIN_MODE_N: 8, 3;
        /// log2 of the paxel width.
        GAIN_MODE_M: 12, 3;
    }
    /// Lens shading origin. A frame takes it at its start, with VDLC or without.
    LSC_INITIAL lsc_initial @ 0x9C, 0, Shadowed, 0x3F_003F, "ispreg.h" {
        /// Horizontal.
        X: 0, 6;
        /// Vertical.
        Y: 16, 6;
    }
    /// Address of the lens shading table. Used at each row of its points.
    LSC_TABLE_BASE lsc_table_base @ 0xA0, 0, ReadWrite, 0xFFFF_FFFC, "ispreg.h" {}
    /// Line length of the lens shading table in bytes. Used as LSC_TABLE_BASE.
    LSC_TABLE_OFFSET lsc_table_offset @ 0xA4, 0, ReadWrite, 0xFFFC, "ispreg.h" {}
}
