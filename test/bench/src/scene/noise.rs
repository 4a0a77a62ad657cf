//! Sensor noise that is random to the eye and a pure function to the checker.
//!
//! Each row has its own generator, seeded by (seed, sequence, row), so that any row can be
//! computed alone and again. A triangular distribution stands in for the Gaussian: it costs three
//! instructions, and with the right variance a picture does not show the difference.

/// A xorshift32 generator (Marsaglia 2003, "Xorshift RNGs", triple 13, 17, 5).
#[derive(Clone, Copy, Debug)]
pub struct RowNoise(u32);

impl RowNoise {
    /// The generator of one row of one frame.
    pub fn new(seed: u32, sequence: u32, row: usize) -> Self {
        let state = mix(mix(mix(seed) ^ sequence) ^ row as u32);
        // Zero is the one state that xorshift never leaves.
        Self(if state == 0 { 1 } else { state })
    }

    /// The next deviate: symmetric triangular in -65535..=65535, standard deviation
    /// [`DEVIATION`].
    #[inline(always)]
    pub fn triangular(&mut self) -> i32 {
        let mut x = self.0;
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.0 = x;
        (x & 0xffff) as i32 - (x >> 16) as i32
    }
}

/// Standard deviation of [`RowNoise::triangular`]: `65536 / sqrt(6)`.
pub const DEVIATION: u64 = 26_755;

/// The finaliser of MurmurHash3: every input bit reaches every output bit.
fn mix(mut value: u32) -> u32 {
    value = value.wrapping_add(0x9e37_79b9);
    value = (value ^ (value >> 16)).wrapping_mul(0x85eb_ca6b);
    value = (value ^ (value >> 13)).wrapping_mul(0xc2b2_ae35);
    value ^ (value >> 16)
}

/// Photo-electrons per 10-bit code at gain 1, as `1 / 0.15`: a small pixel with a full well of
/// about 6,500 electrons.
const CODES_PER_ELECTRON_Q8: u64 = 38;

/// Read noise at gain 1: one code, as Q8 of its variance.
const READ_VARIANCE_Q8: u64 = 256;

/// Number of signal classes that the noise amplitude is tabulated for.
pub const CLASSES: usize = 64;

/// Amplitude table: entry `s` is for a signal of about `16 * s` codes of ten bits. Multiplied by
/// [`RowNoise::triangular`] and shifted right by 16 it gives the noise in 1/16 codes of ten bits.
///
/// Shot noise has a variance proportional to the signal, and gain amplifies both kinds.
pub fn amplitudes(gain_eighths: u32) -> [u16; CLASSES] {
    let mut table = [0; CLASSES];
    for (class, amplitude) in table.iter_mut().enumerate() {
        let signal = 16 * class as u64 + 8;
        let gain = u64::from(gain_eighths);
        let variance_q8 =
            signal * CODES_PER_ELECTRON_Q8 * gain / 8 + READ_VARIANCE_Q8 * gain * gain / 64;
        // sqrt(variance * 2^16) is the deviation in 1/256 codes; 16/256 of it is wanted.
        let deviation_q8 = (variance_q8 << 8).isqrt();
        *amplitude = (deviation_q8 * 65536 / 16 / DEVIATION).min(16_383) as u16;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_repeats_and_rows_frames_and_seeds_differ() {
        let first = |seed, sequence, row| RowNoise::new(seed, sequence, row).triangular();
        assert_eq!(first(1, 2, 3), first(1, 2, 3));
        assert_ne!(first(1, 2, 3), first(2, 2, 3));
        assert_ne!(first(1, 2, 3), first(1, 3, 3));
        assert_ne!(first(1, 2, 3), first(1, 2, 4));
    }

    #[test]
    fn deviates_have_mean_zero_and_the_stated_deviation() {
        let mut noise = RowNoise::new(7, 0, 0);
        let values: Vec<f64> = (0..200_000).map(|_| f64::from(noise.triangular())).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 300.0, "mean {mean}");
        assert!((variance.sqrt() - DEVIATION as f64).abs() < 200.0, "{}", variance.sqrt());
    }

    #[test]
    fn amplitude_grows_with_the_root_of_the_signal() {
        let table = amplitudes(8);
        for class in [1_usize, 16, 60] {
            let signal = 16.0 * class as f64 + 8.0;
            let deviation = (signal * 38.0 / 256.0 + 1.0).sqrt();
            let got = f64::from(table[class]) * DEVIATION as f64 / 65536.0 / 16.0;
            assert!((got - deviation).abs() < 0.03 * deviation, "{class}: {got} {deviation}");
        }
    }
}
