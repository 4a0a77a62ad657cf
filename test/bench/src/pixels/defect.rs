//! Defect correction: a pixel that stands out of all its neighbours is brought back.
//!
//! ```text
//!   n . n . n     n: the eight pixels of the same colour around p
//!   . . . . .     highest, lowest: the extremes of the eight; with couplets, the second ones, so
//!   n . p . n                      that one defect among the neighbours does not hide another
//!   . . . . .     p > highest + detect:  p becomes highest + min(p - highest, correct)
//!   n . n . n     p < lowest - detect:   p becomes lowest - min(lowest - p, correct)
//! ```
//!
//! Detection and correction thresholds are per place of the 2x2 cell (PRV_CDC_THR0..3). TI does not
//! publish its rule (SWPU177N: "not available in the public domain"); this one is ours, with the same
//! registers and the same support.

use super::raw_stages::Rows;

/// Registers, decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defects {
    /// For each place of the 2x2 cell: what must be exceeded, and what may be left.
    pub thresholds: [(u16, u16); 4],
    /// Pairs of defects are found too (PCR.DCCOUP).
    pub couplets: bool,
}

/// The corrected value of pixel `x` of the middle row; `place` is its place in the cell.
pub fn corrected(settings: &Defects, rows: &Rows, x: usize, place: usize) -> u16 {
    let mut neighbours = neighbours(rows, x);
    neighbours.sort_unstable();
    let skip = usize::from(settings.couplets);
    let (lowest, highest) = (neighbours[skip], neighbours[7 - skip]);
    let (detect, correct) = settings.thresholds[place];
    let pixel = rows[2][x];
    if pixel > highest.saturating_add(detect) {
        highest + (pixel - highest).min(correct)
    } else if pixel.saturating_add(detect) < lowest {
        lowest - (lowest - pixel).min(correct)
    } else {
        pixel
    }
}

/// The eight pixels of the same colour around pixel `x` of the middle row.
pub fn neighbours(rows: &Rows, x: usize) -> [u16; 8] {
    let [above, _, middle, _, below] = rows;
    let (left, right) = (x - 2, x + 2);
    [
        above[left],
        above[x],
        above[right],
        middle[left],
        middle[right],
        below[left],
        below[x],
        below[right],
    ]
}
