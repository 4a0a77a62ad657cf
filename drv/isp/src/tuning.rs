//! Facts of the sensor module that this driver is tuned for, and filters for any module.
//!
//! All numbers of taste and of measurement are in this file. The module has an MT9P031 behind
//! red, green and blue filters; black is 168 codes of 12 bits, white reaches 932 codes of 10 above black at
//! the sensor's power-on exposure.

/// Black level, in codes of [`BLACK_LEVEL_BITS`].
pub const BLACK_LEVEL: u32 = 168;

/// Bits of the sensor's converter.
pub const BLACK_LEVEL_BITS: u8 = 12;

/// Digital gain, U10Q8: brings 932 codes above black to full scale.
pub const DIGITAL_GAIN_Q8: u16 = 281;

/// White balance gain of red of a new life, U8Q5; that of green is 1.0.
pub const RED_BALANCE_Q5: u8 = 52;

/// White balance gain of blue of a new life, U8Q5.
pub const BLUE_BALANCE_Q5: u8 = 46;

/// Sensor colours to sRGB primaries, rows R, G, B, S12Q8: the inverse of what the filters let
/// through. Each row sums to 256, so that white stays white.
pub const RGB_TO_RGB_Q8: [[i16; 3]; 3] = [[401, -136, -9], [-102, 405, -47], [14, -113, 355]];

/// RGB to Y, Cb, Cr, S10Q8: ITU-R BT.601, limited range.
pub const RGB_TO_YCBCR_Q8: [[i16; 3]; 3] = [[66, 129, 25], [-38, -74, 112], [112, -94, -18]];

/// Offsets of Y, Cb and Cr; the 128 of chroma is the hardware's.
pub const YCBCR_OFFSET: [i8; 3] = [16, 0, 0];

/// Contrast of a new life, U8Q4: 1.0.
pub const CONTRAST_Q4: u8 = 16;

/// Gradient thresholds of the colour interpolation, in codes (TI's default).
pub const CFA_THRESHOLD: u8 = 0x28;

/// Entries of a gamma table: one per 10-bit code.
pub const GAMMA_ENTRIES: usize = 1024;

/// The transfer curve of sRGB (IEC 61966-2-1), for all three colours.
pub const GAMMA: [u8; GAMMA_ENTRIES] = gamma();

const fn gamma() -> [u8; GAMMA_ENTRIES] {
    let mut table = [0; GAMMA_ENTRIES];
    let mut code = 0;
    while code < GAMMA_ENTRIES {
        table[code] = (255.0 * srgb(code as f64 / (GAMMA_ENTRIES - 1) as f64) + 0.5) as u8;
        code += 1;
    }
    table
}

const fn srgb(linear: f64) -> f64 {
    if linear <= 0.003_130_8 {
        return 12.92 * linear;
    }
    // linear^(1/2.4) is the fifth power of the twelfth root.
    let root = twelfth_root(linear);
    let square = root * root;
    1.055 * square * square * root - 0.055
}

/// Newton's method; `value` in 0.003..=1, where it converges from above.
const fn twelfth_root(value: f64) -> f64 {
    const STEPS: u32 = 40;
    let mut root = 1.0;
    let mut step = 0;
    while step < STEPS {
        let square = root * root;
        let fourth = square * square;
        let eleventh = fourth * fourth * square * root;
        root = (11.0 * root + value / eleventh) / 12.0;
        step += 1;
    }
    root
}

/// Coefficients of a resizer filter, S10Q8: 8 phases of 4 taps, or 4 phases of 7 taps and a zero.
pub type Filter = [i16; 32];

/// Up to this ratio a sharp filter is best: there is little to average.
const SHARP_RATIO_MAX: u32 = 320;

/// Catmull-Rom, 4 taps, 8 phases.
const SHARP: Filter = [
    0, 256, 0, 0, -12, 247, 23, -2, -18, 222, 58, -6, -19, 186, 100, -11, -16, 144, 144, -16, -11,
    100, 186, -19, -6, 58, 222, -18, -2, 23, 247, -12,
];

/// Cubic B-spline, 4 taps, 8 phases.
const SOFT: Filter = [
    43, 170, 43, 0, 29, 167, 60, 0, 18, 156, 81, 1, 10, 142, 102, 2, 5, 123, 123, 5, 2, 102, 142,
    10, 1, 81, 156, 18, 0, 60, 167, 29,
];

/// Windowed low pass, 7 taps, 4 phases.
const WIDE: Filter = [
    -2, 14, 66, 100, 66, 14, -2, 0, -2, 6, 52, 97, 79, 25, -1, 0, -1, 1, 37, 91, 90, 37, 1, 0, 0,
    -1, 25, 79, 96, 51, 6, 0,
];

/// The filter for a ratio (256 x input / output).
#[must_use]
pub const fn filter(ratio: u32) -> &'static Filter {
    if ratio <= SHARP_RATIO_MAX {
        &SHARP
    } else if ratio <= crate::scaling::RATIO_FOUR_TAP_MAX {
        &SOFT
    } else {
        &WIDE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gamma_table_is_srgb_rounded() {
        for (code, &got) in GAMMA.iter().enumerate() {
            let linear = code as f64 / 1023.0;
            let exact = if linear <= 0.003_130_8 {
                12.92 * linear
            } else {
                1.055 * linear.powf(1.0 / 2.4) - 0.055
            };
            assert!((f64::from(got) - 255.0 * exact).abs() <= 0.5 + 1e-6, "{code}");
        }
    }

    #[test]
    fn each_phase_of_each_filter_keeps_brightness() {
        for (filter, taps) in [(SHARP, 4), (SOFT, 4), (WIDE, 8)] {
            for phase in filter.chunks(taps) {
                assert_eq!(phase.iter().sum::<i16>(), 256, "{phase:?}");
            }
        }
        assert!(WIDE.chunks(8).all(|phase| phase[7] == 0), "there is no eighth tap");
    }

    #[test]
    fn each_filter_serves_the_ratios_of_its_shape() {
        assert_eq!(filter(64), &SHARP);
        assert_eq!(filter(320), &SHARP);
        assert_eq!(filter(321), &SOFT);
        assert_eq!(filter(512), &SOFT);
        assert_eq!(filter(513), &WIDE);
        assert_eq!(filter(1024), &WIDE);
    }

    #[test]
    fn white_stays_white() {
        for row in RGB_TO_RGB_Q8 {
            assert_eq!(row.iter().sum::<i16>(), 256);
        }
        let [_, cb, cr] = RGB_TO_YCBCR_Q8.map(|row| row.iter().sum::<i16>());
        assert_eq!((cb, cr), (0, 0));
    }
}
