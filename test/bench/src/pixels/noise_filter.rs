//! Noise filter: neighbours of the same colour that differ by no more than noise pull at a pixel.
//!
//! `p' = p + (sum of (n - p) over the neighbours n with |n - p| <= T) / 8`, where the eight neighbours
//! are those of [`super::defect`] and `T` is the entry of a 64-entry table for the brightness of `p`
//! (`p >> 4`), times 2^SPREAD: noise grows with light, and an edge is larger than it. If all eight
//! are within `T` the pixel becomes their mean.
//!
//! TI publishes the table's size and the two-bit spread, not the rule (SWPU177N, preview noise
//! filter); the rule is a sigma filter (Lee, "Digital image smoothing and the sigma filter", 1983).

use super::defect::neighbours;
use super::raw_stages::Rows;

/// Entries of the table.
pub const ENTRIES: usize = 64;

/// Threshold of each sixty-fourth of the range, in codes.
pub type Thresholds = [u8; ENTRIES];

/// The filtered value of pixel `x` of the middle row, whose own value is taken as `pixel`.
pub fn filtered(table: &Thresholds, spread: u32, rows: &Rows, x: usize, pixel: u16) -> u16 {
    let own = i32::from(pixel);
    let threshold = i32::from(table[usize::from(pixel >> 4) % ENTRIES]) << spread;
    let differences = neighbours(rows, x).map(|neighbour| i32::from(neighbour) - own);
    let sum: i32 = differences.iter().filter(|difference| difference.abs() <= threshold).sum();
    // The mean of numbers in 0..=1023 lies there too.
    (own + ((sum + 4) >> 3)) as u16
}
