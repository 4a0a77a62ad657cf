//! RGB to RGB: a 3x3 matrix that undoes the overlap of the sensor's dyes.
//!
//! Coefficients S12Q8, offsets S10 (in 10-bit codes), result saturated to 10 bits. The black
//! adjustment in front of it (S8 per channel) is linear too, so it is folded into the offsets; the
//! intermediate value is therefore not saturated.

/// A blending with everything that does not depend on the pixel computed.
#[derive(Clone, Copy, Debug)]
pub struct Blend {
    matrix_q8: [[i32; 3]; 3],
    /// Offsets with the rounding half, Q8.
    offsets_q8: [i32; 3],
}

impl Blend {
    /// A blending that gives black.
    pub const IDLE: Self = Self { matrix_q8: [[0; 3]; 3], offsets_q8: [0; 3] };

    /// Combines matrix, offsets and black adjustment.
    pub fn new(matrix_q8: &[[i16; 3]; 3], offset: &[i16; 3], black_adjust: &[i8; 3]) -> Self {
        let matrix = matrix_q8.map(|row| row.map(i32::from));
        let offsets_q8 = core::array::from_fn(|out| {
            let black: i32 =
                matrix[out].iter().zip(black_adjust).map(|(c, b)| c * i32::from(*b)).sum();
            black + i32::from(offset[out]) * 256 + 128
        });
        Self { matrix_q8: matrix, offsets_q8 }
    }

    /// Blends one pixel of 10-bit codes.
    #[inline(always)]
    pub fn apply(&self, [red, green, blue]: [i32; 3]) -> [usize; 3] {
        core::array::from_fn(|out| {
            let [from_red, from_green, from_blue] = self.matrix_q8[out];
            let sum = self.offsets_q8[out] + from_red * red + from_green * green + from_blue * blue;
            (sum >> 8).clamp(0, 1023) as usize
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Every coefficient S12Q8 and offset S10 that the registers hold; one rounding: half a code.
        #[test]
        fn every_matrix_gives_the_rounded_saturated_product(
            matrix in proptest::array::uniform3(proptest::array::uniform3(-2048_i16..2048)),
            offset in proptest::array::uniform3(-512_i16..512),
            black: [i8; 3],
            pixel in proptest::array::uniform3(0_i32..1024),
        ) {
            let got = Blend::new(&matrix, &offset, &black).apply(pixel);
            for out in 0..3 {
                let adjusted = |from: usize| f64::from(pixel[from]) + f64::from(black[from]);
                let product = |from: usize| f64::from(matrix[out][from]) / 256.0 * adjusted(from);
                let exact = (0..3).map(product).sum::<f64>() + f64::from(offset[out]);
                let error = (got[out] as f64 - exact.clamp(0.0, 1023.0)).abs();
                proptest::prop_assert!(error <= 0.5, "{}: {} {}", out, got[out], exact);
            }
        }
    }

    #[test]
    fn result_is_the_rounded_saturated_product_of_the_definition() {
        // The reset matrix of the Linux driver, with offsets and black adjustment in addition.
        let matrix = [[0x1e2, -0xd0, -0x12], [-0x65, 0x1ac, -0x47], [-0x20, -0x140, 0x260]];
        let (offset, black) = ([5, -7, 100], [-8, 3, 127]);
        let blend = Blend::new(&matrix, &offset, &black);
        for red in (0..1024).step_by(93) {
            for green in (0..1024).step_by(79) {
                for blue in (0..1024).step_by(101) {
                    let input = [red, green, blue];
                    let got = blend.apply(input);
                    for out in 0..3 {
                        let exact: f64 = (0..3)
                            .map(|i| {
                                f64::from(matrix[out][i]) / 256.0
                                    * (f64::from(input[i]) + f64::from(black[i]))
                            })
                            .sum::<f64>()
                            + f64::from(offset[out]);
                        let exact = exact.clamp(0.0, 1023.0);
                        assert!((got[out] as f64 - exact).abs() <= 0.5, "{input:?} {out}");
                    }
                }
            }
        }
    }
}
