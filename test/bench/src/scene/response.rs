//! How the sensor sees colour: linear sRGB light to the three Bayer colours.
//!
//! The dyes of a real mosaic overlap, and red and blue are weaker than green; without that, white
//! balance and colour matrix of the preview engine would have nothing to do and a driver that
//! leaves them at reset would pass. Each row of the dye matrix sums to one, so that the channel
//! sensitivity alone decides the white point, and the sensitivities are the reciprocals of gains
//! that the U8Q5 white-balance registers hold exactly.

/// Share of linear red, green, blue light that passes the red, green and blue dye, in 1/100.
pub const DYES_PERCENT: [[u32; 3]; 3] = [[70, 25, 5], [18, 72, 10], [3, 22, 75]];

/// White-balance gains that undo the sensitivities of red, green, blue: U8Q5.
pub const NEUTRAL_GAIN_Q5: [u32; 3] = [52, 32, 46];

/// Codes above black that white light gives on a green pixel at the nominal exposure: nine tenths
/// of the ten bits, so that white is not clipped.
pub const WHITE_CODES: u32 = 932;

/// Exposure of the nominal picture, in lines: short enough for frames of 120 lines at their shortest. The
/// part's own at power on, 1943, is meant for its whole array, and would make small frames longer. Light is
/// counted in lines, whatever time a line takes.
pub const NOMINAL_EXPOSURE_LINES: u32 = 144;

/// The nominal light on the scene, in 1/64.
pub const NOMINAL_LIGHT_Q6: u32 = 64;

/// Gain of the nominal picture, in eighths: 1.0.
pub const NOMINAL_GAIN_EIGHTHS: u32 = 8;

/// Dye of each place of the mosaic: green in red lines, red, blue, green in blue lines.
pub const PLACE_DYES: [usize; 4] = [1, 0, 2, 1];

/// Signal in 1/16 codes of ten bits that each sRGB code of each light gives at each place of the mosaic:
/// `[place][light][code]`. A pixel is the sum of three entries.
pub type ResponseTable = [[[u16; 256]; 3]; 4];

/// Fills `table` for an exposure, a gain per place and the light of each primary; all scale
/// linearly.
pub fn fill(
    table: &mut ResponseTable,
    exposure_lines: u32,
    gains_eighths: &[u32; 4],
    light_q6: &[u32; 3],
) {
    for (place, lights) in table.iter_mut().enumerate() {
        let (colour, gain_eighths) = (PLACE_DYES[place], gains_eighths[place]);
        for (light, codes) in lights.iter_mut().enumerate() {
            let share = u64::from(DYES_PERCENT[colour][light] * 32 * WHITE_CODES * 16)
                * u64::from(exposure_lines)
                * u64::from(gain_eighths);
            let whole = 100
                * 65535
                * u64::from(NEUTRAL_GAIN_Q5[colour])
                * u64::from(NOMINAL_EXPOSURE_LINES * NOMINAL_GAIN_EIGHTHS);
            // 24 fraction bits keep the product below inside 64 bits for any control value.
            let share = u128::from(share) * u128::from(light_q6[light]);
            let scale_q24 = scaled(share, u128::from(whole) * u128::from(NOMINAL_LIGHT_Q6));
            for (entry, &linear) in codes.iter_mut().zip(&super::srgb::LINEAR_U16) {
                let signal = (u128::from(linear) * u128::from(scale_q24) + (1 << 23)) >> 24;
                *entry = signal.min(u128::from(u16::MAX)) as u16;
            }
        }
    }
}

/// `numerator / denominator` with 24 fraction bits.
fn scaled(numerator: u128, denominator: u128) -> u64 {
    ((numerator << 24) / denominator) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIGHT: [u32; 3] = [NOMINAL_LIGHT_Q6; 3];

    fn nominal() -> Box<ResponseTable> {
        let mut table = Box::new([[[0; 256]; 3]; 4]);
        fill(&mut table, NOMINAL_EXPOSURE_LINES, &[NOMINAL_GAIN_EIGHTHS; 4], &LIGHT);
        table
    }

    #[test]
    fn dye_shares_add_up() {
        for row in DYES_PERCENT {
            assert_eq!(row.iter().sum::<u32>(), 100);
        }
    }

    #[test]
    fn white_gives_the_stated_codes_divided_by_the_neutral_gain() {
        let table = nominal();
        for (lights, dye) in table.iter().zip(PLACE_DYES) {
            let gain = NEUTRAL_GAIN_Q5[dye];
            let codes: f64 = lights.iter().map(|light| f64::from(light[255])).sum::<f64>() / 16.0;
            let expected = f64::from(WHITE_CODES) * 32.0 / f64::from(gain);
            assert!((codes - expected).abs() < 0.2, "{codes} {expected}");
        }
    }

    #[test]
    fn exposure_and_gain_scale_the_signal_and_saturate() {
        let mut table = nominal();
        let dim = table[0][1][200];
        fill(&mut table, NOMINAL_EXPOSURE_LINES / 2, &[NOMINAL_GAIN_EIGHTHS * 2; 4], &LIGHT);
        assert!(table[0][1][200].abs_diff(dim) <= 8);
        fill(&mut table, 1_048_575, &[1024; 4], &[1023; 3]);
        assert_eq!(table[3][1][255], u16::MAX);
        assert_eq!(table[3][1][0], 0);
    }

    #[test]
    fn light_scales_its_own_primary_only() {
        let nominal = nominal();
        let mut table = nominal.clone();
        let gains = [NOMINAL_GAIN_EIGHTHS; 4];
        fill(&mut table, NOMINAL_EXPOSURE_LINES, &gains, &[128, 64, 16]);
        for place in 0..4 {
            let [red, green, blue] = [0, 1, 2].map(|light| table[place][light][128]);
            assert!(red.abs_diff(2 * nominal[place][0][128]) <= 1);
            assert_eq!(green, nominal[place][1][128]);
            assert!(blue.abs_diff(nominal[place][2][128] / 4) <= 1);
        }
    }
}
