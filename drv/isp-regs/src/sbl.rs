//! Shared buffer logic: overflow flags, pending writes, request pacing.

use crate::Access::{ReadOnly, ReadWrite, WriteOneToClear};
use crate::register::registers;

registers! {
    block Sbl;
    /// Identity.
    PID pid @ 0x00, 0x0001_FE01, ReadOnly, 0, "ispreg.h" {}
    /// Overflow flags.
    PCR pcr @ 0x04, 0, WriteOneToClear, 0x07FF_0000, "ispreg.h" {
        /// Exposure statistics write.
        H3A_AEAWB_WBL_OVF: 16, 1;
        /// Auto focus write.
        H3A_AF_WBL_OVF: 17, 1;
        /// Resizer line 4 write.
        RSZ4_WBL_OVF: 18, 1;
        /// Resizer line 3 write.
        RSZ3_WBL_OVF: 19, 1;
        /// Resizer line 2 write.
        RSZ2_WBL_OVF: 20, 1;
        /// Resizer line 1 write.
        RSZ1_WBL_OVF: 21, 1;
        /// Preview write.
        PRV_WBL_OVF: 22, 1;
        /// CCDC write.
        CCDC_WBL_OVF: 23, 1;
        /// CCDC and preview both fed the resizer.
        CCDCPRV_2_RSZ_OVF: 24, 1;
        /// CSI A write.
        CSIA_WBL_OVF: 25, 1;
        /// CSI B write.
        CSIB_WBL_OVF: 26, 1;
    }
    /// CCDC write buffers.
    CCDC_WR ccdc_wr @ 0x28 x 4 / 4, 0, ReadOnly, 0, "ispreg.h" {
        /// Data waits to be written to memory.
        DATA_READY: 21, 1;
    }
    /// Distance of two reads in cycles / 32.
    SDR_REQ_EXP sdr_req_exp @ 0xF8, 0, ReadWrite, 0x3FFF_FFFF, "ispreg.h" {
        /// Histogram.
        HIST: 0, 10;
        /// Resizer.
        RSZ: 10, 10;
        /// Preview.
        PRV: 20, 10;
    }
}
