//! What the table of CFA weights says of the mosaic: which colour is where.
//!
//! The weights themselves are not used: [`crate::pixels::cfa`] computes what the driver's say, and a general
//! filter of 144 weights a pixel is too slow for an emulated core. Of a block only that is read which tells its
//! colour: the pixel keeps it, and a green one has red beside it or not. A table that says nothing, as one
//! that nobody has loaded, is one of GRBG.

use crate::pixels::bayer::Phase;
use crate::shared::Shared;
use core::sync::atomic::Ordering::Relaxed;
use drv_isp_regs::preview::{TABLE_CFA, cfa_table};

/// What a block completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Site {
    Red,
    GreenInRedLine,
    GreenInBlueLine,
    Blue,
}

/// The order of colours in the mosaic.
pub fn order(shared: &Shared) -> Phase {
    use Site::{Blue, GreenInBlueLine, GreenInRedLine, Red};
    let sites: [Option<Site>; cfa_table::BLOCKS] =
        core::array::from_fn(|block| site(|entry| weight(shared, block, entry)));
    match sites {
        [Some(Red), Some(GreenInRedLine), Some(GreenInBlueLine), Some(Blue)] => Phase::Rggb,
        [Some(Blue), Some(GreenInBlueLine), Some(GreenInRedLine), Some(Red)] => Phase::Bggr,
        [Some(GreenInBlueLine), Some(Blue), Some(Red), Some(GreenInRedLine)] => Phase::Gbrg,
        _ => Phase::Grbg,
    }
}

fn weight(shared: &Shared, block: usize, entry: usize) -> i8 {
    let place = TABLE_CFA as usize + block * cfa_table::BLOCK_ENTRIES + entry;
    shared.preview_tables[place].load(Relaxed) as i8
}

/// What a block of these weights completes.
fn site(weight: impl Fn(usize) -> i8) -> Option<Site> {
    let tap = |colour: usize, tap| weight(colour * cfa_table::TAPS + tap);
    let kept = |colour| tap(colour, cfa_table::OWN) == cfa_table::ONE;
    let beside = tap(0, cfa_table::LEFT) != 0;
    match [0, 1, 2].map(kept) {
        [true, false, false] => Some(Site::Red),
        [false, true, false] if beside => Some(Site::GreenInRedLine),
        [false, true, false] => Some(Site::GreenInBlueLine),
        [false, false, true] => Some(Site::Blue),
        _ => None,
    }
}
