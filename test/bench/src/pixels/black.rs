//! Black clamp and black level compensation: what makes "no light" zero.
//!
//! The CCDC subtracts a level from each pixel (DCSUB, or what the optical black clamp measured) and
//! adds a signed value per colour (BLKCMP). Both are constant for a line, so they are one offset per
//! colour. The result saturates at zero and at the top of the bus width.

use super::bayer::pattern_field;

/// Offsets of the four columns of the colour pattern in one row.
pub type RowOffsets = [i32; 4];

/// The offsets of row `row`: `compensation[colour] - dc_sub`, with the colour (R 0, Gr 1, Gb 2,
/// B 3) taken from `colour_pattern` as it stands in CCDC_COLPTN.
pub fn row_offsets(
    row: usize,
    dc_sub: u16,
    compensation: &[i8; 4],
    colour_pattern: u32,
) -> RowOffsets {
    core::array::from_fn(|column| {
        let colour = pattern_field(colour_pattern, row, column);
        i32::from(compensation[colour]) - i32::from(dc_sub)
    })
}

/// Shifts each pixel right by `shift` bits, adds the offset of its column and saturates to
/// 0..=`max`.
pub fn correct(line: &mut [u16], shift: u32, offsets: &RowOffsets, max: u16) {
    if let Some(dc) = common_subtraction(shift, offsets) {
        line.iter_mut().for_each(|pixel| *pixel = pixel.saturating_sub(dc).min(max));
        return;
    }
    let correct = |pixel: &mut u16, offset: i32| {
        *pixel = (i32::from(*pixel >> shift) + offset).clamp(0, i32::from(max)) as u16;
    };
    let [first, second, third, fourth] = *offsets;
    let mut groups = line.chunks_exact_mut(4);
    for group in &mut groups {
        correct(&mut group[0], first);
        correct(&mut group[1], second);
        correct(&mut group[2], third);
        correct(&mut group[3], fourth);
    }
    groups.into_remainder().iter_mut().zip(offsets).for_each(|(pixel, offset)| {
        correct(pixel, *offset);
    });
}

/// What is subtracted from each pixel, if it is the same for all and nothing is shifted: the usual
/// case, and half the work.
fn common_subtraction(shift: u32, offsets: &RowOffsets) -> Option<u16> {
    let same = offsets.iter().all(|offset| *offset == offsets[0]);
    u16::try_from(-offsets[0]).ok().filter(|_| same && shift == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_colour_gets_its_own_offset_and_saturates() {
        // GRBG: Gr and R in even rows, B and Gb in odd rows.
        let (compensation, pattern) = ([10, -20, 30, -40], 0xbb11_bb11);
        let check = |row, input: &[u16], expected: &[u16]| {
            let mut line = input.to_vec();
            correct(&mut line, 0, &row_offsets(row, 42, &compensation, pattern), 1023);
            assert_eq!(line, expected, "row {row}");
        };
        check(0, &[100, 100, 100, 100, 100], &[38, 68, 38, 68, 38]);
        check(1, &[100, 100, 100, 100], &[18, 88, 18, 88]);
        check(0, &[0, 62, 61, 31, 1023, 1023], &[0, 30, 0, 0, 961, 991]);
    }

    #[test]
    fn equal_offsets_give_what_unequal_ones_would() {
        let codes: Vec<u16> = (0..1200).collect();
        let (mut equal, mut general) = (codes.clone(), codes);
        correct(&mut equal, 0, &[-42; 4], 1000);
        // The last pixel of each group has its own offset, and is not compared.
        correct(&mut general, 0, &[-42, -42, -42, 0], 1000);
        for (column, (equal, general)) in equal.iter().zip(&general).enumerate() {
            assert!(column % 4 == 3 || equal == general, "{column}");
        }
    }

    /// The definition: the colour's place in COLPTN (SWPU177N: four columns a line, two bits each), the
    /// shift as a division, level and compensation, the width of the bus.
    fn reference(
        code: u16,
        (x, y): (usize, usize),
        (shift, level, max): (u32, u16, u16),
        compensation: &[i8; 4],
        colour_pattern: u32,
    ) -> f64 {
        let place = 4 * (y % 4) + x % 4;
        let colour = f64::from(colour_pattern) / 4.0_f64.powi(place as i32);
        let colour = (colour.floor() % 4.0) as usize;
        let shifted = (f64::from(code) / 2.0_f64.powi(shift as i32)).floor();
        let moved = shifted - f64::from(level) + f64::from(compensation[colour]);
        moved.clamp(0.0, f64::from(max))
    }

    proptest::proptest! {
        /// Everything is an integer but the shift, which cuts: no tolerance.
        #[test]
        fn every_pixel_is_what_the_definition_gives(
            line in proptest::collection::vec(0_u16.., 0..40),
            row in 0_usize..9,
            shift in 0_u32..7,
            level in 0_u16..0x4000,
            max in proptest::sample::select(vec![255_u16, 1023, 4095, 65535]),
            compensation: [i8; 4],
            colour_pattern: u32,
            same: bool,
        ) {
            let compensation = if same { [0; 4] } else { compensation };
            let mut got = line.clone();
            let offsets = row_offsets(row, level, &compensation, colour_pattern);
            correct(&mut got, shift, &offsets, max);
            for (x, (got, code)) in got.into_iter().zip(line).enumerate() {
                let settings = (shift, level, max);
                let exact = reference(code, (x, row), settings, &compensation, colour_pattern);
                proptest::prop_assert_eq!(f64::from(got), exact, "{} of {}", x, row);
            }
        }
    }

    #[test]
    fn the_lane_shifter_comes_first() {
        let mut line = [4095, 168];
        correct(&mut line, 2, &[-42; 4], 1023);
        assert_eq!(line, [981, 0]);
        let mut bright = [1023];
        correct(&mut bright, 0, &[127; 4], 1023);
        assert_eq!(bright, [1023]);
    }
}
