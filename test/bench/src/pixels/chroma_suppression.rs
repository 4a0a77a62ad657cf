//! Chroma suppression: bright (or busy) places lose their colour.
//!
//! In the brightest places of a picture one colour is saturated and the others are not, which gives
//! white a tint. `C' = 128 + (C - 128) * (1 - GAIN / 256 * (Y - THRESHOLD))` where `Y` exceeds the
//! threshold, the factor not below zero. `Y` is the mean luma of the pair that shares the chroma, or
//! with HPYF what stands out of the luma around it. Registers of SWPU177N (PRV_CSUP); the formula is
//! ours, the public text stops at the purpose.

/// PRV_CSUP, decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suppression {
    /// Share of colour lost per step of luma, U8Q8.
    pub gain_q8: u8,
    /// Luma above which colour is lost.
    pub threshold: u8,
    /// The high-passed luma counts, not the luma itself.
    pub high_pass: bool,
}

impl Suppression {
    /// The factor for a luma, Q8.
    pub fn factor_q8(&self, luma: u32) -> i32 {
        let excess = luma.saturating_sub(u32::from(self.threshold)) as i32;
        (256 - i32::from(self.gain_q8) * excess).max(0)
    }
}

/// One chroma byte after suppression.
pub fn suppressed(chroma: u8, factor_q8: i32) -> u8 {
    let colour = (i32::from(chroma) - 128) * factor_q8;
    (128 + ((colour + 128) >> 8)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_luma_and_chroma_give_the_rounded_product_of_the_definition() {
        for (gain_q8, threshold) in [(0, 0), (4, 100), (40, 200), (255, 250)] {
            let suppression = Suppression { gain_q8, threshold, high_pass: false };
            for luma in 0..256_u32 {
                let excess = (f64::from(luma) - f64::from(threshold)).max(0.0);
                let factor = (1.0 - f64::from(gain_q8) / 256.0 * excess).max(0.0);
                for chroma in (0..=255_u8).step_by(5) {
                    let exact = 128.0 + (f64::from(chroma) - 128.0) * factor;
                    let got = f64::from(suppressed(chroma, suppression.factor_q8(luma)));
                    assert!((got - exact).abs() <= 0.5, "{gain_q8} {threshold} {luma} {chroma}");
                }
            }
        }
    }
}
