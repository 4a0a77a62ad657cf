//! Fields: which one a frame is, and where its lines lie (SWPU177N, line output control).

use crate::shared::Shared;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use drv_isp_regs::Field;
use drv_isp_regs::ccdc::{SDOFST, SYN_MODE, sdofst, syn_mode};
use drv_isp_regs::sensor::{CHIP_VERSION, CHIP_VERSION_YCBCR};

/// Where the lines of a frame lie, in line distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// The first one, from the frame's address on.
    pub first: u32,
    /// From an even line to the next, and from an odd one.
    pub steps: [i8; 2],
}

/// The field pin during frame `sequence`: only one part has it.
pub fn pin(shared: &Shared, sequence: u32) -> bool {
    let version = shared.sensor(CHIP_VERSION.sensor_index()).load(Relaxed);
    version == CHIP_VERSION_YCBCR.into() && sequence % 2 == 1
}

/// Frame start: the status follows the pin. Is the frame field 1? Call it inside a commit.
pub fn begin(shared: &Shared, pin: bool) -> bool {
    let mode = shared.get(&SYN_MODE);
    let signal = pin != syn_mode::FLDPOL.is_set(mode);
    let status = syn_mode::FLDSTAT.mask();
    if signal {
        shared.word(&SYN_MODE).fetch_or(status, SeqCst);
    } else {
        shared.word(&SYN_MODE).fetch_and(!status, SeqCst);
    }
    let inverted = sdofst::FIINV.is_set(shared.get(&SDOFST));
    syn_mode::FLDMODE.is_set(mode) && signal != inverted
}

/// Decodes CCDC_SDOFST for a field.
pub fn lines(word: u32, odd_field: bool) -> Lines {
    let steps = |fields: [Field; 2]| fields.map(|field| step(field.get(word)));
    match odd_field {
        false => Lines { first: 0, steps: steps([sdofst::LOFST0, sdofst::LOFST1]) },
        true => Lines {
            first: sdofst::FOFST.get(word) + 1,
            steps: steps([sdofst::LOFST2, sdofst::LOFST3]),
        },
    }
}

/// One to four lines on, or back.
const fn step(code: u32) -> i8 {
    let lines = (code % 4) as i8 + 1;
    if code < 4 { lines } else { -lines }
}
