//! RGB to luma and chroma: a 3x3 matrix in S10Q8 with S8 offsets.
//!
//! Luma is computed for each pixel, chroma for each pair from the mean of its two pixels, so the
//! chroma of a 4:2:2 line sits half-way between them. 128 is added to chroma by definition of the
//! unsigned format; CSC_OFFSET comes on top.

/// A conversion with everything that does not depend on the pixel computed.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    luma_q8: [i32; 3],
    chroma_q8: [[i32; 3]; 2],
    luma_offset_q8: i32,
    /// Q9, because a pair is summed and not averaged.
    chroma_offsets_q9: [i32; 2],
}

impl Conversion {
    /// A conversion that gives zeros.
    pub const IDLE: Self = Self {
        luma_q8: [0; 3],
        chroma_q8: [[0; 3]; 2],
        luma_offset_q8: 0,
        chroma_offsets_q9: [0; 2],
    };

    /// Takes the rows for Y, Cb, Cr and their offsets.
    pub fn new(matrix_q8: &[[i16; 3]; 3], offset: &[i8; 3]) -> Self {
        let [luma, blue, red] = matrix_q8.map(|row| row.map(i32::from));
        let [luma_offset, blue_offset, red_offset] = offset.map(i32::from);
        Self {
            luma_q8: luma,
            chroma_q8: [blue, red],
            luma_offset_q8: luma_offset * 256 + 128,
            chroma_offsets_q9: [(blue_offset + 128) * 512 + 256, (red_offset + 128) * 512 + 256],
        }
    }

    /// Luma of one pixel of 8-bit codes, 0..=255.
    #[inline(always)]
    pub fn luma(&self, [red, green, blue]: [i32; 3]) -> usize {
        let [from_red, from_green, from_blue] = self.luma_q8;
        let sum = self.luma_offset_q8 + from_red * red + from_green * green + from_blue * blue;
        (sum >> 8).clamp(0, 255) as usize
    }

    /// Cb and Cr of two pixels whose codes have been added.
    #[inline(always)]
    pub fn chroma(&self, [red, green, blue]: [i32; 3]) -> [usize; 2] {
        core::array::from_fn(|out| {
            let [from_red, from_green, from_blue] = self.chroma_q8[out];
            let sum = self.chroma_offsets_q9[out]
                + from_red * red
                + from_green * green
                + from_blue * blue;
            (sum >> 9).clamp(0, 255) as usize
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reset values of the OMAP3 driver, with offset 16 for luma.
    const MATRIX: [[i16; 3]; 3] = [[66, 129, 25], [-38, -75, 112], [112, -94, -18]];

    proptest::proptest! {
        /// Every coefficient S10Q8 and offset S8 that the registers hold, and a pair of different pixels;
        /// one rounding: half a code.
        #[test]
        fn every_matrix_gives_the_rounded_saturated_products(
            matrix in proptest::array::uniform3(proptest::array::uniform3(-512_i16..512)),
            offset: [i8; 3],
            pair in proptest::array::uniform2(proptest::array::uniform3(0_i32..256)),
        ) {
            let conversion = Conversion::new(&matrix, &offset);
            let exact = |row: usize, pixel: [f64; 3], bias: f64| {
                let product = |from: usize| f64::from(matrix[row][from]) / 256.0 * pixel[from];
                let sum = (0..3).map(product).sum::<f64>();
                (sum + f64::from(offset[row]) + bias).clamp(0.0, 255.0)
            };
            for pixel in pair {
                let error = conversion.luma(pixel) as f64 - exact(0, pixel.map(f64::from), 0.0);
                proptest::prop_assert!(error.abs() <= 0.5, "luma of {:?}: {}", pixel, error);
            }
            let sum: [i32; 3] = core::array::from_fn(|from| pair[0][from] + pair[1][from]);
            let mean = sum.map(|sum| f64::from(sum) / 2.0);
            for (row, got) in conversion.chroma(sum).into_iter().enumerate() {
                let error = got as f64 - exact(1 + row, mean, 128.0);
                proptest::prop_assert!(error.abs() <= 0.5, "chroma {} of {:?}", row, pair);
            }
        }
    }

    #[test]
    fn luma_and_chroma_are_the_rounded_saturated_products_of_the_definition() {
        let offset = [16, -3, 5];
        let conversion = Conversion::new(&MATRIX, &offset);
        for red in (0..256).step_by(15) {
            for green in (0..256).step_by(17) {
                for blue in (0..256).step_by(13) {
                    let pixel = [red, green, blue];
                    let exact = |row: usize, bias: f64| {
                        let sum: f64 = (0..3)
                            .map(|i| f64::from(MATRIX[row][i]) / 256.0 * f64::from(pixel[i]))
                            .sum();
                        (sum + f64::from(offset[row]) + bias).clamp(0.0, 255.0)
                    };
                    let luma = conversion.luma(pixel) as f64;
                    assert!((luma - exact(0, 0.0)).abs() <= 0.5);
                    let [cb, cr] = conversion.chroma(pixel.map(|code| 2 * code));
                    assert!((cb as f64 - exact(1, 128.0)).abs() <= 0.5);
                    assert!((cr as f64 - exact(2, 128.0)).abs() <= 0.5);
                }
            }
        }
    }

    #[test]
    fn chroma_of_a_pair_is_that_of_its_mean() {
        let conversion = Conversion::new(&MATRIX, &[0; 3]);
        let [cb, _] = conversion.chroma([0, 0, 255]);
        // Mean blue 127.5: 128 + 112 / 256 * 127.5 = 183.8.
        assert_eq!(cb, 184);
    }
}
