//! Weights of the colour interpolation, and which of their blocks belongs to which place of a mosaic.
//!
//! A block completes a pixel of one colour: [`WEIGHTS`] has those for green in a red line, red, blue, and green
//! in a blue line, as they follow each other in GRBG. The engine takes them by place ([`blocks`]).
//!
//! The kernels are those of Hamilton and Adams (US 5,629,734) for green, in three shapes, and of Malvar, He and
//! Cutler (ICASSP 2004) for the rest.

use drv_isp_regs::preview::cfa_table::{BLOCK_ENTRIES, BLOCKS, COLOURS, ONE, OWN, PLACES, TAPS};
use idl::types::PreviewTable;

use crate::formats::code::BayerOrder;

/// Entries of the table.
pub const ENTRIES: usize = BLOCKS * BLOCK_ENTRIES;
const _: () = assert!(ENTRIES == PreviewTable::Cfa.bytes());

/// Weights of the 13 pixels at a distance of up to two, line by line, in sixteenths.
type Kernel = [i8; PLACES.len()];
/// Red, green and blue of a pixel.
type Site = [Kernel; COLOURS];

/// The pixel has the colour.
const KEPT: Kernel = {
    let mut kernel = [0; PLACES.len()];
    kernel[OWN] = ONE;
    kernel
};
/// Green of a red or blue pixel: of its line, of its column, of both.
const GREEN: [Kernel; 3] = [
    [0, 0, 0, 0, -4, 8, 8, 8, -4, 0, 0, 0, 0],
    [-4, 0, 8, 0, 0, 0, 8, 0, 0, 0, 8, 0, -4],
    [-2, 0, 4, 0, -2, 4, 8, 4, -2, 0, 4, 0, -2],
];
/// Blue of a red pixel, and the other way round.
const DIAGONAL: Kernel = [-3, 4, 0, 4, -3, 0, 12, 0, -3, 4, 0, 4, -3];
/// Of a green pixel, the colour of its line.
const OF_LINE: Kernel = [1, -2, 0, -2, -2, 8, 10, 8, -2, -2, 0, -2, 1];
/// Of a green pixel, the colour of its column.
const OF_COLUMN: Kernel = [-2, -2, 8, -2, 1, 0, 10, 0, 1, -2, 8, -2, -2];

/// The pixels of GRBG, for an edge of this shape.
const fn sites(shape: usize) -> [Site; BLOCKS] {
    let green = GREEN[shape];
    [
        [OF_LINE, KEPT, OF_COLUMN],
        [KEPT, green, DIAGONAL],
        [DIAGONAL, green, KEPT],
        [OF_COLUMN, KEPT, OF_LINE],
    ]
}

/// The table of GRBG.
pub const WEIGHTS: [u8; ENTRIES] = {
    let mut table = [0; ENTRIES];
    let mut entry = 0;
    while entry < ENTRIES {
        let (block, place) = (entry / BLOCK_ENTRIES, entry % BLOCK_ENTRIES);
        let (shape, colour, tap) = (place / (COLOURS * TAPS), place / TAPS % COLOURS, place % TAPS);
        if tap < PLACES.len() {
            table[entry] = sites(shape)[block][colour][tap] as u8;
        }
        entry += 1;
    }
    table
};

/// Which block of a table for GRBG belongs to each place of another order (Linux omap3isp).
#[must_use]
pub const fn blocks(order: BayerOrder) -> [usize; BLOCKS] {
    match order {
        BayerOrder::Grbg => [0, 1, 2, 3],
        BayerOrder::Rggb => [1, 0, 3, 2],
        BayerOrder::Bggr => [2, 3, 0, 1],
        BayerOrder::Gbrg => [3, 2, 1, 0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A colour: red, green or blue.
    fn colours(order: BayerOrder) -> [usize; BLOCKS] {
        match order {
            BayerOrder::Grbg => [1, 0, 2, 1],
            BayerOrder::Rggb => [0, 1, 1, 2],
            BayerOrder::Bggr => [2, 1, 1, 0],
            BayerOrder::Gbrg => [1, 2, 0, 1],
        }
    }

    /// Weights of a colour in a block.
    fn weights(block: usize, shape: usize, colour: usize) -> [i8; TAPS] {
        let first = block * BLOCK_ENTRIES + (shape * COLOURS + colour) * TAPS;
        std::array::from_fn(|tap| WEIGHTS[first + tap] as i8)
    }

    #[test]
    fn each_colour_keeps_its_brightness_and_each_pixel_its_colour() {
        for order in [BayerOrder::Grbg, BayerOrder::Rggb, BayerOrder::Bggr, BayerOrder::Gbrg] {
            for (place, block) in blocks(order).into_iter().enumerate() {
                let own = colours(order)[place];
                for (shape, colour) in (0..3).flat_map(|shape| [(shape, 0), (shape, 1), (shape, 2)])
                {
                    let weights = weights(block, shape, colour);
                    let sum: i8 = weights.iter().sum();
                    assert_eq!(sum, ONE, "{order:?} {place} {colour}");
                    assert_eq!(weights[OWN] == ONE, colour == own, "{order:?} {place} {colour}");
                }
            }
        }
    }

    /// On a plane of any slope each colour of each pixel is what the plane has there, if all colours are alike.
    #[test]
    fn a_slope_is_completed_exactly() {
        for block in 0..BLOCKS {
            for (shape, colour) in (0..3).flat_map(|shape| [(shape, 0), (shape, 1), (shape, 2)]) {
                let moments = PLACES.iter().zip(weights(block, shape, colour));
                let (x, y) = moments.fold((0, 0), |(x, y), ((right, down), weight)| {
                    let weight = i32::from(weight);
                    (x + i32::from(*right) * weight, y + i32::from(*down) * weight)
                });
                assert_eq!((x, y), (0, 0), "{block} {shape} {colour}");
            }
        }
    }
}
