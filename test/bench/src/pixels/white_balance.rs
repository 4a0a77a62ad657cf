//! White balance: one gain per pixel of a 4x4 pattern.
//!
//! `out = in * DGAIN (U10Q8) * COEF (U8Q5)`, saturated to 10 bits (SWPU177N, preview white balance;
//! which of the four coefficients a pixel gets stands in WBSEL). The two gains are multiplied
//! beforehand to one Q13 factor, and the product is rounded once.

use super::bayer::pattern_field;

/// Gains of the four columns of the pattern in one row, Q13.
pub type RowGains = [u32; 4];

/// The gains of row `row`.
pub fn row_gains(row: usize, digital_q8: u16, coefficients_q5: &[u8; 4], select: u32) -> RowGains {
    core::array::from_fn(|column| {
        let coefficient = coefficients_q5[pattern_field(select, row, column)];
        u32::from(digital_q8) * u32::from(coefficient)
    })
}

/// Applies the gains to a line and hands each result to its place.
pub fn apply<'a>(
    input: &[u16],
    out: impl Iterator<Item = &'a mut u16>,
    [first, second, third, fourth]: &RowGains,
) {
    let mut places = out;
    let mut put = |pixel: u16, gain: u32| {
        if let Some(place) = places.next() {
            *place = ((u32::from(pixel) * gain + (1 << 12)) >> 13).min(1023) as u16;
        }
    };
    let groups = input.chunks_exact(4);
    let rest = groups.remainder();
    for group in groups {
        put(group[0], *first);
        put(group[1], *second);
        put(group[2], *third);
        put(group[3], *fourth);
    }
    rest.iter().zip([first, second, third]).for_each(|(pixel, gain)| put(*pixel, *gain));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_the_rounded_product_of_the_definition() {
        // Coefficients 0 and 1 alternate in even rows, 2 and 3 in odd rows.
        let select = 0xee44_ee44;
        let (digital, coefficients) = (281, [32, 52, 46, 255]);
        let input: Vec<u16> = (0..1023).collect();
        for row in 0..4 {
            let mut out = vec![0_u16; input.len()];
            apply(&input, out.iter_mut(), &row_gains(row, digital, &coefficients, select));
            for (column, (&got, &code)) in out.iter().zip(&input).enumerate() {
                let coefficient = coefficients[2 * (row % 2) + column % 2];
                let gain = f64::from(digital) / 256.0 * f64::from(coefficient) / 32.0;
                let exact = (f64::from(code) * gain).min(1023.0);
                assert!((f64::from(got) - exact).abs() <= 0.5, "{row} {column} {code}");
            }
        }
    }

    #[test]
    fn reset_values_change_nothing() {
        let input = [0, 1, 512, 1022, 1023];
        let mut out = [0_u16; 5];
        apply(&input, out.iter_mut(), &row_gains(0, 0x100, &[0x20; 4], 0));
        assert_eq!(out, input);
    }
}
