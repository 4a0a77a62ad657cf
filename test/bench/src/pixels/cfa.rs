//! Colour filter array interpolation: a mosaic in, three planes out.
//!
//! TI does not publish the weights of its CFA engine (SWPU177N says so), so this is an algorithm of
//! our own that uses the same support (two pixels and two lines on each side) and the same two
//! thresholds:
//!
//! * Green at a red or blue pixel: two estimates, horizontal and vertical, each the mean of the two
//!   green neighbours corrected by a quarter of the second difference of the pixel's own colour
//!   (Hamilton and Adams, US 5,629,734). If the gradient in one direction is less than in the other
//!   by more than the threshold, that estimate is taken; else the mean of both.
//! * The two missing colours elsewhere: gradient-corrected linear interpolation (Malvar, He and
//!   Cutler, ICASSP 2004), with 5x5 kernels in sixteenths.
//!
//! ```text
//!   green site           colour site            a  row - 2
//!   . . g . .            . . c . .              b  row - 1
//!   . d v d .            . d g d .              c  row
//!   g h G h g            c g C g c              d  row + 1
//!   . d v d .            . d g d .              e  row + 2
//!   . . g . .            . . c . .
//! ```
//!
//! The five rows of a column lie next to each other in memory ([`Columns`]), so a whole
//! neighbourhood is read through one pointer; a new row overwrites the oldest one in place, and the
//! five possible rotations are five instances of the same function.
//!
//! Rejected: plain bilinear (zipper on every edge), and colour-difference methods in two passes,
//! which need seven lines.

use super::MAX_WIDTH_PX;

/// Pixels and lines that the interpolation needs beyond each side of its output.
pub const MARGIN: usize = 2;

/// Rows that are kept: the neighbourhood.
pub const ROWS: usize = 2 * MARGIN + 1;

/// Columns that are kept: a line and the overhang of the last pair.
pub const COLUMNS: usize = MAX_WIDTH_PX + 8;

/// The last five rows, by column: row `n` is in slot `n % ROWS`; the other slots are never read.
pub type Columns = [[u16; 8]; COLUMNS];

/// An interpolated pixel: the row's own colour (red in a red row, blue in a blue row), green, the
/// other colour, nothing.
pub type Pixel = [u16; 4];

/// Thresholds of PRV_CFA, in codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// By how much the horizontal gradient must exceed the vertical one.
    pub horizontal: u8,
    /// By how much the vertical gradient must exceed the horizontal one.
    pub vertical: u8,
}

/// Interpolates row `centre` into `out`. Output pixel `x` lies at column `first + MARGIN + x`;
/// `green_first` says that output pixel 0 is green. The columns end the line if `out` does not.
// A function of its own, so that its loop has the registers to itself.
#[inline(never)]
pub fn interpolate(
    columns: &Columns,
    centre: usize,
    first: usize,
    green_first: bool,
    thresholds: Thresholds,
    out: &mut [Pixel],
) {
    let columns = &columns[first.min(COLUMNS)..];
    match (centre + ROWS - MARGIN) % ROWS {
        0 => rotated::<0>(columns, green_first, thresholds, out),
        1 => rotated::<1>(columns, green_first, thresholds, out),
        2 => rotated::<2>(columns, green_first, thresholds, out),
        3 => rotated::<3>(columns, green_first, thresholds, out),
        _ => rotated::<4>(columns, green_first, thresholds, out),
    }
}

/// [`interpolate`] with the oldest row in slot `TOP`.
fn rotated<const TOP: usize>(
    columns: &[[u16; 8]],
    green_first: bool,
    thresholds: Thresholds,
    out: &mut [Pixel],
) {
    if green_first {
        pairs::<TOP, 0, 1>(columns, thresholds, out);
    } else {
        pairs::<TOP, 1, 0>(columns, thresholds, out);
    }
}

/// All pairs of a line, the green pixel at `GREEN` and the red or blue one at `COLOUR`.
fn pairs<const TOP: usize, const GREEN: usize, const COLOUR: usize>(
    columns: &[[u16; 8]],
    thresholds: Thresholds,
    out: &mut [Pixel],
) {
    let neighbourhoods = columns.windows(ROWS + 1).step_by(2);
    for (near, out) in neighbourhoods.zip(out.chunks_exact_mut(2)) {
        out[GREEN] = green_site::<TOP>(&near[GREEN..GREEN + ROWS]);
        out[COLOUR] = colour_site::<TOP>(&near[COLOUR..COLOUR + ROWS], thresholds);
    }
}

/// Reads row `row` (0..5 from the top), column `column` of a neighbourhood.
#[inline(always)]
fn read<const TOP: usize>(near: &[[u16; 8]], row: usize, column: usize) -> i32 {
    i32::from(near[column][(TOP + row) % ROWS])
}

/// Completes a green pixel.
#[inline(always)]
fn green_site<const TOP: usize>(near: &[[u16; 8]]) -> Pixel {
    let at = |row, column| read::<TOP>(near, row, column);
    let green = at(2, 2);
    let diagonal = at(1, 1) + at(1, 3) + at(3, 1) + at(3, 3);
    let across = at(2, 0) + at(2, 4);
    let along = at(0, 2) + at(4, 2);
    let base = 10 * green - 2 * diagonal + 8;
    let own = base + 8 * (at(2, 1) + at(2, 3)) - 2 * across + along;
    let other = base + 8 * (at(1, 2) + at(3, 2)) - 2 * along + across;
    [code(own >> 4), green as u16, code(other >> 4), 0]
}

/// Completes a red or blue pixel.
#[inline(always)]
fn colour_site<const TOP: usize>(near: &[[u16; 8]], thresholds: Thresholds) -> Pixel {
    let at = |row, column| read::<TOP>(near, row, column);
    let (left, right, up, down) = (at(2, 1), at(2, 3), at(1, 2), at(3, 2));
    let own = at(2, 2);
    let bend_across = 2 * own - at(2, 0) - at(2, 4);
    let bend_along = 2 * own - at(0, 2) - at(4, 2);
    let across = 2 * (left + right) + bend_across;
    let along = 2 * (up + down) + bend_along;
    let excess = (left - right).abs() + bend_across.abs() - (up - down).abs() - bend_along.abs();
    let green = if excess > i32::from(thresholds.horizontal) {
        2 * along
    } else if excess < -i32::from(thresholds.vertical) {
        2 * across
    } else {
        across + along
    };
    let diagonal = at(1, 1) + at(1, 3) + at(3, 1) + at(3, 3);
    // 12 c - 3 (sum of the four c at distance two) = 3 (bend across + bend along).
    let other = 4 * diagonal + 3 * (bend_across + bend_along) + 8;
    [own as u16, code((green + 4) >> 3), code(other >> 4), 0]
}

/// Saturates to ten bits.
#[inline(always)]
fn code(value: i32) -> u16 {
    value.clamp(0, 1023) as u16
}

#[cfg(test)]
mod tests;
