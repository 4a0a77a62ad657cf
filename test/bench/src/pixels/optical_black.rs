//! Optical black clamp: what dark pixels give is what no light means.
//!
//! The mean of a window of 1..16 x 1..16 pixels, times a gain (U5Q4), is taken from the lines that
//! follow. The window lies at a column of the driver's choice, starts at line 0 and repeats as often
//! as it is high; so 2^N lines are measured while the value of the 2^N lines before is used, and the
//! first 2^N lines lose nothing (SWPU177N, CCDC optical black clamping).

/// CCDC_CLAMP, decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clamp {
    /// First pixel of the window.
    pub start: usize,
    /// log2 of its width, 0..=4.
    pub pixels_log2: u32,
    /// log2 of its height, 0..=4.
    pub lines_log2: u32,
    /// OBGAIN, U5Q4.
    pub gain_q4: u32,
}

/// The measurement in the middle of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpticalBlack {
    sum: u32,
    lines: u32,
    level: u16,
}

impl OpticalBlack {
    /// A measurement that has seen nothing.
    pub const fn new() -> Self {
        Self { sum: 0, lines: 0, level: 0 }
    }

    /// Measures a line, whose pixels are still to be shifted right by `lane_shift`, and says what is
    /// to be subtracted from it then.
    pub fn line(&mut self, clamp: &Clamp, pixels: &[u16], lane_shift: u32) -> u16 {
        let level = self.level;
        let window = pixels.iter().skip(clamp.start).take(1 << clamp.pixels_log2);
        self.sum += window.map(|pixel| u32::from(*pixel >> lane_shift)).sum::<u32>();
        self.lines += 1;
        if self.lines == 1 << clamp.lines_log2 {
            // At most 256 pixels of 16 bits, so the sum times the gain fits.
            let shift = clamp.pixels_log2 + clamp.lines_log2 + 4;
            self.level = ((self.sum * clamp.gain_q4 + (1 << (shift - 1))) >> shift) as u16;
            (self.sum, self.lines) = (0, 0);
        }
        level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_of_lines_loses_the_mean_of_the_group_before() {
        let code = |x: usize, y: usize| ((x * 37 + y * 101) % 90) as u16;
        // The last one with a bus that is shifted by two bits first.
        for (pixels_log2, lines_log2, gain_q4, shift) in
            [(0, 0, 16, 0), (3, 2, 16, 0), (4, 4, 31, 0), (2, 1, 7, 0), (3, 1, 21, 2)]
        {
            let clamp = Clamp { start: 5, pixels_log2, lines_log2, gain_q4 };
            let mut black = OpticalBlack::default();
            for y in 0..64 {
                let line: Vec<u16> = (0..40).map(|x| code(x, y)).collect();
                let got = f64::from(black.line(&clamp, &line, shift));
                let height = 1 << lines_log2;
                let Some(before) = (y / height).checked_sub(1) else {
                    assert_eq!(got, 0.0, "the first {height} lines");
                    continue;
                };
                let (mut sum, mut count) = (0.0, 0.0);
                for y in before * height..(before + 1) * height {
                    for x in 5..5 + (1 << pixels_log2) {
                        (sum, count) = (sum + f64::from(code(x, y) >> shift), count + 1.0);
                    }
                }
                let exact = sum / count * f64::from(gain_q4) / 16.0;
                assert!((got - exact).abs() <= 0.5, "{clamp:?} {y}: {got} {exact}");
            }
        }
    }

    #[test]
    fn the_largest_window_of_white_does_not_overflow() {
        let clamp = Clamp { start: 0, pixels_log2: 4, lines_log2: 4, gain_q4: 31 };
        let mut black = OpticalBlack::default();
        let levels: Vec<u16> = (0..17).map(|_| black.line(&clamp, &[2047; 16], 0)).collect();
        assert_eq!((levels[15], levels[16]), (0, 3966));
    }
}
