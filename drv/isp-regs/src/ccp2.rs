//! CCP2 (CSI1) receiver with its memory read channel (LCM).
//!
//! No sensor is wired to the receiver: its logical channels are registers that answer. The memory
//! channel works. Writing `LCM_CTRL.CHAN_EN` starts one frame, which is read line by line, unpacked or
//! decompressed, and sent to the CCDC with syncs of its own, as long as `CTRL.PAR_SER_CLK_SEL` of ISP main
//! selects CSI B. CHAN_EN clears at the end of the frame; LCM_IRQSTATUS says what happened, and where
//! LCM_IRQENABLE allows it, so does `CCP2_LCM` of IRQ0STATUS.
//!
//! The emulated channel knows what the Linux driver omap3isp uses: [`mod@format`]s RAW8 and RAW10, not packed,
//! decompression [`DECOMPRESS_DPCM10`] from RAW8 with the simple predictor, and the video port as
//! destination (`LCM_CTRL.DST_PORT` 0, `CTRL.IO_OUT_SEL` 1). Set up in any other way, it never ends.

use crate::Access::{ReadOnly, ReadWrite, WriteOneToClear};
use crate::register::registers;

/// Codes of `LCM_CTRL.SRC_FORMAT` and `DST_FORMAT` (ispccp2.c).
pub mod format {
    /// Eight bits in a byte.
    pub const RAW8: u32 = 2;
    /// Ten bits, in two bytes unless packed.
    pub const RAW10: u32 = 3;
}

/// Code of `LCM_CTRL.SRC_DECOMPR`: DPCM, eight bits to ten (ispccp2.c).
pub const DECOMPRESS_DPCM10: u32 = 2;

registers! {
    block Ccp2;
    /// Revision.
    REVISION revision @ 0x000, 0x10, ReadOnly, 0, "ispreg.h" {}
    /// System configuration; SOFT_RESET puts this block to its reset values and reads as zero.
    SYSCONFIG sysconfig @ 0x004, 0x1, ReadWrite, 0x3003, "ispreg.h" {
        /// Gate when idle.
        AUTO_IDLE: 0, 1;
        /// Reset the block.
        SOFT_RESET: 1, 1;
        /// Master standby: 0 force, 1 never, 2 smart.
        MSTANDBY_MODE: 12, 2;
    }
    /// System status.
    SYSSTATUS sysstatus @ 0x008, 1, ReadOnly, 0, "ispreg.h" {
        /// Reset is done.
        RESET_DONE: 0, 1;
    }
    /// Which events of logical channels 0 and 1 raise the interrupt; fields as LC01_IRQSTATUS.
    LC01_IRQENABLE lc01_irqenable @ 0x00C, 0, ReadWrite, 0x0FBF_0FBF, "ispreg.h" {}
    /// Events of logical channels 0 (low half) and 1.
    LC01_IRQSTATUS lc01_irqstatus @ 0x010, 0, WriteOneToClear, 0x0FBF_0FBF, "ispreg.h" {
        /// Shifted sync code.
        LC0_SSC: 0, 1;
        /// False sync code.
        LC0_FSC: 1, 1;
        /// Frame width differs.
        LC0_FW: 2, 1;
        /// False sync code protection.
        LC0_FSP: 3, 1;
        /// Checksum is wrong.
        LC0_CRC: 4, 1;
        /// The FIFO overflowed.
        LC0_FIFO_OVF: 5, 1;
        /// Frame count reached.
        LC0_COUNT: 7, 1;
        /// Frame end.
        LC0_FE: 8, 1;
        /// Line start.
        LC0_LS: 9, 1;
        /// Line end.
        LC0_LE: 10, 1;
        /// Frame start.
        LC0_FS: 11, 1;
    }
    /// Which events of logical channels 2 and 3 raise the interrupt.
    LC23_IRQENABLE lc23_irqenable @ 0x014, 0, ReadWrite, 0x0FBF_0FBF, "ispreg.h" {}
    /// Events of logical channels 2 and 3, as LC01_IRQSTATUS.
    LC23_IRQSTATUS lc23_irqstatus @ 0x018, 0, WriteOneToClear, 0x0FBF_0FBF, "ispreg.h" {}
    /// Which events of the memory channel raise the interrupt.
    LCM_IRQENABLE lcm_irqenable @ 0x02C, 0, ReadWrite, 0x3, "ispreg.h" {
        /// End of frame.
        EOF: 0, 1;
        /// Bus error.
        OCPERROR: 1, 1;
    }
    /// Events of the memory channel.
    LCM_IRQSTATUS lcm_irqstatus @ 0x030, 0, WriteOneToClear, 0x3, "ispreg.h" {
        /// End of frame.
        EOF: 0, 1;
        /// Bus error.
        OCPERROR: 1, 1;
    }
    /// Control.
    CTRL ctrl @ 0x040, 0, ReadWrite, 0xFFFF_9E17, "ispreg.h" {
        /// Interface on.
        IF_EN: 0, 1;
        /// Physical layer: 0 clock, 1 strobe.
        PHY_SEL: 1, 1;
        /// Output: 1 the video port.
        IO_OUT_SEL: 2, 1;
        /// 1 = CCP2, 0 = MIPI CSI-1.
        MODE: 4, 1;
        /// Keep the port clock running.
        VP_CLK_FORCE_ON: 9, 1;
        /// Invert the strobe.
        INV: 10, 1;
        /// Feed the video port only.
        VP_ONLY_EN: 11, 1;
        /// Polarity of the port clock.
        VP_CLK_POL: 12, 1;
        /// Divider of the port clock.
        VPCLK_DIV: 15, 17;
    }
    /// Control of the memory channel.
    LCM_CTRL lcm_ctrl @ 0x1D0, 0, ReadWrite, 0x07F7_00FD, "ispreg.h" {
        /// Channel on: reads one frame, and clears at its end. Cleared before, reading stops at once.
        CHAN_EN: 0, 1;
        /// Destination: 0 video port, 1 memory.
        DST_PORT: 2, 1;
        /// Pause between reads.
        READ_THROTTLE: 3, 2;
        /// Length of a burst: 8 << n bytes.
        BURST_SIZE: 5, 3;
        /// Format in memory.
        SRC_FORMAT: 16, 3;
        /// Decompression: 0 none.
        SRC_DECOMPR: 20, 2;
        /// Simple predictor of the decompression.
        SRC_DPCM_PRED: 22, 1;
        /// Packed in memory.
        SRC_PACK: 23, 1;
        /// Format of the output.
        DST_FORMAT: 24, 3;
    }
    /// Lines of the memory channel.
    LCM_VSIZE lcm_vsize @ 0x1D4, 0, ReadWrite, 0x1FFF_0000, "ispreg.h" {
        /// Lines.
        COUNT: 16, 13;
    }
    /// Pixels of a line of the memory channel.
    LCM_HSIZE lcm_hsize @ 0x1D8, 0, ReadWrite, 0x1FFF_1FFF, "ispreg.h" {
        /// Pixels to skip.
        SKIP: 0, 13;
        /// Pixels.
        COUNT: 16, 13;
    }
    /// How much of each line is fetched: what is beyond reads as zero.
    LCM_PREFETCH lcm_prefetch @ 0x1DC, 0, ReadWrite, 0x7FF8, "ispreg.h" {
        /// Words of 64 bits.
        HWORDS: 3, 12;
    }
    /// Address of the frame that is read.
    LCM_SRC_ADDR lcm_src_addr @ 0x1E0, 0, ReadWrite, 0xFFFF_FFE0, "ispreg.h" {}
    /// Line distance of the frame that is read, in bytes; 0 = lines follow each other.
    LCM_SRC_OFST lcm_src_ofst @ 0x1E4, 0, ReadWrite, 0xFFFF_FFE0, "ispreg.h" {}
    /// Address of the frame that is written.
    LCM_DST_ADDR lcm_dst_addr @ 0x1E8, 0, ReadWrite, 0xFFFF_FFE0, "ispreg.h" {}
    /// Line distance of the frame that is written, in bytes.
    LCM_DST_OFST lcm_dst_ofst @ 0x1EC, 0, ReadWrite, 0xFFFF_FFE0, "ispreg.h" {}
}
