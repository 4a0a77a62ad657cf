//! Non-linear luma enhancement: an edge gets an answer from a table.
//!
//! ```text
//! h = 2 Y[x] - Y[x-1] - Y[x+1], limited to -256..=255        how much Y stands out
//! index = (h + 256) / 4, rest = (h + 256) % 4
//! Y' = Y + offset[index] + slope[index] * rest / 4, limited to 0..=255
//! ```
//!
//! An entry of the table is 20 bits: offset (S10) above slope (S10), so that with the slope set to the
//! difference of two offsets the answer is a curve without steps. Table, entry format and that the
//! filter lies along the line are SWPU177N's ("nonlinear luminance enhancement", table of 127 entries,
//! 128 in the Linux driver); the high pass and the scale of the index are ours, TI keeps its own.

/// Entries of the table.
pub const ENTRIES: usize = 128;

/// Entries as loaded by the driver.
pub type Table = [u32; ENTRIES];

/// What of pixel `x` is not in the mean of its neighbours, times two. The last pixel of a line
/// stands for the one behind it, the first for the one before.
pub fn high_pass(luma: &[u8], x: usize) -> i32 {
    let at = |x: usize| i32::from(luma[x.min(luma.len() - 1)]);
    2 * at(x) - at(x.saturating_sub(1)) - at(x + 1)
}

/// Enhances luma `own` whose high pass is `high`.
pub fn enhanced(table: &Table, own: u8, high: i32) -> u8 {
    let place = (high.clamp(-256, 255) + 256) as usize;
    let entry = table[place / 4];
    let (offset, slope) = (signed10(entry >> 10), signed10(entry));
    let answer = 4 * offset + slope * (place % 4) as i32;
    (i32::from(own) + ((answer + 2) >> 2)).clamp(0, 255) as u8
}

const fn signed10(value: u32) -> i32 {
    ((value << 22) as i32) >> 22
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset and slope as an entry.
    fn entry(offset: i32, slope: i32) -> u32 {
        (offset as u32 & 0x3ff) << 10 | slope as u32 & 0x3ff
    }

    /// Adds half of the high pass.
    fn sharpening() -> Table {
        core::array::from_fn(|index| entry(2 * (index as i32 - 64), 2))
    }

    #[test]
    fn every_edge_gets_the_rounded_answer_of_its_table() {
        let noisy = core::array::from_fn(|index| {
            entry((index as i32 * 97) % 301 - 150, (index as i32 * 31) % 63 - 31)
        });
        for table in [sharpening(), noisy] {
            for own in [0_u8, 7, 128, 250, 255] {
                for high in -300..300_i32 {
                    let place = f64::from(high.clamp(-256, 255) + 256);
                    let word = table[(place / 4.0) as usize];
                    let part = |word: u32| {
                        f64::from(if word & 0x200 != 0 { word as i32 - 1024 } else { word as i32 })
                    };
                    let (offset, slope) = (part(word >> 10 & 0x3ff), part(word & 0x3ff));
                    let exact = f64::from(own) + offset + slope * (place / 4.0).fract();
                    let got = f64::from(enhanced(&table, own, high));
                    assert!((got - exact.clamp(0.0, 255.0)).abs() <= 0.5, "{own} {high}");
                }
            }
        }
    }

    proptest::proptest! {
        /// Twice the distance of a pixel to the mean of its neighbours; an integer, so exact.
        #[test]
        fn the_high_pass_is_twice_the_distance_to_the_mean_of_the_neighbours(
            line in proptest::collection::vec(0_u8.., 1..20),
        ) {
            for x in 0..line.len() {
                let at = |x: i64| f64::from(line[x.clamp(0, line.len() as i64 - 1) as usize]);
                let here = x as i64;
                let exact = 2.0 * (at(here) - (at(here - 1) + at(here + 1)) / 2.0);
                proptest::prop_assert_eq!(f64::from(high_pass(&line, x)), exact, "{}", x);
            }
        }
    }

    #[test]
    fn a_table_of_zeros_changes_nothing_and_a_flat_line_has_no_edges() {
        assert_eq!(enhanced(&[0; ENTRIES], 77, 255), 77);
        assert_eq!((0..9).map(|x| high_pass(&[50; 9], x)).max(), Some(0));
        assert_eq!(enhanced(&sharpening(), 77, 0), 77);
    }

    #[test]
    fn an_edge_becomes_steeper() {
        let line = [50, 50, 50, 150, 150, 150];
        let out: Vec<u8> =
            (0..6).map(|x| enhanced(&sharpening(), line[x], high_pass(&line, x))).collect();
        assert_eq!(out, [50, 50, 0, 200, 150, 150]);
    }
}
