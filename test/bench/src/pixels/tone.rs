//! Contrast, brightness and limits: the last step before memory, as tables.
//!
//! Luma: `limit(in * CONTRAST (U8Q4) + BRIGHTNESS (U8))`; chroma: `limit(in)` (PRV_CNT_BRT,
//! PRV_SETUP_YC). Eight bits in, eight bits out, so a table for each setting replaces the arithmetic per
//! pixel and gives the same numbers.

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone {
    /// CNT_BRT 15:8, U8Q4.
    pub contrast_q4: u8,
    /// CNT_BRT 7:0.
    pub brightness: u8,
    /// SETUP_YC: lowest and highest luma.
    pub luma_limits: (u8, u8),
    /// SETUP_YC: lowest and highest chroma.
    pub chroma_limits: (u8, u8),
}

impl Tone {
    /// Nothing.
    pub const NEUTRAL: Self =
        Self { contrast_q4: 16, brightness: 0, luma_limits: (0, 255), chroma_limits: (0, 255) };
}

/// Luma and chroma tables of a line.
pub struct ToneTables {
    /// Output luma of each luma.
    pub luma: [u8; 256],
    /// Output chroma of each chroma.
    pub chroma: [u8; 256],
}

impl ToneTables {
    /// Tables that change nothing.
    pub const fn identity() -> Self {
        let mut table = [0; 256];
        let mut code = 0;
        while code < 256 {
            table[code] = code as u8;
            code += 1;
        }
        Self { luma: table, chroma: table }
    }

    /// Computes the tables. Limits are (lowest, highest); a lowest above the highest gives the
    /// highest.
    pub fn fill(&mut self, tone: &Tone) {
        for code in 0..256_u32 {
            let luma = (code * u32::from(tone.contrast_q4) + 8) / 16 + u32::from(tone.brightness);
            self.luma[code as usize] = limit(luma, tone.luma_limits);
            self.chroma[code as usize] = limit(code, tone.chroma_limits);
        }
    }
}

fn limit(value: u32, (lowest, highest): (u8, u8)) -> u8 {
    value.max(u32::from(lowest)).min(u32::from(highest)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutral_settings_are_the_identity() {
        let (mut tables, identity) = (ToneTables::identity(), ToneTables::identity());
        tables.fill(&Tone::NEUTRAL);
        assert_eq!((tables.luma, tables.chroma), (identity.luma, identity.chroma));
    }

    #[test]
    fn luma_is_the_rounded_limited_line_of_the_definition() {
        for (contrast_q4, brightness, luma_limits) in
            [(16, 10, (0, 255)), (24, 0, (16, 235)), (3, 200, (0, 255)), (255, 255, (1, 254))]
        {
            let mut tables = ToneTables::identity();
            tables.fill(&Tone { contrast_q4, brightness, luma_limits, chroma_limits: (16, 240) });
            for code in 0..256 {
                let exact = code as f64 * f64::from(contrast_q4) / 16.0 + f64::from(brightness);
                let exact = exact.clamp(f64::from(luma_limits.0), f64::from(luma_limits.1));
                assert!((f64::from(tables.luma[code]) - exact).abs() <= 0.5);
            }
            for (code, got) in tables.chroma.into_iter().enumerate() {
                assert_eq!(f64::from(got), (code as f64).clamp(16.0, 240.0), "{code}");
            }
        }
    }
}
