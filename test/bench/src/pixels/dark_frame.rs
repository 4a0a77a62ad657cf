//! Dark frame: a stored picture without light is taken away, or stored gains are multiplied in.
//!
//! One byte of the stored picture for each pixel. Subtraction: `p - d`, not below zero (SWPU177N,
//! preview dark frame: the byte has the weight of the pixel's low eight bits). Shading:
//! `p * d >> shift`, saturated to ten bits.

/// What is done with the stored byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DarkFrame {
    /// PCR.DRKFEN alone: it is subtracted.
    Subtract,
    /// PCR.SCOMP_EN too: it is a gain with this many fraction bits (SCOMP_SFT).
    Shading {
        /// 0..=7.
        shift: u32,
    },
}

/// Works on a line in place; pixels without a stored byte stay as they are.
pub fn apply(settings: &DarkFrame, line: &mut [u16], stored: &[u8]) {
    for (pixel, &byte) in line.iter_mut().zip(stored) {
        *pixel = match settings {
            DarkFrame::Subtract => pixel.saturating_sub(byte.into()),
            DarkFrame::Shading { shift } => {
                ((u32::from(*pixel) * u32::from(byte)) >> shift).min(1023) as u16
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_and_byte_give_what_the_definition_says() {
        let stored: Vec<u8> = (0..=255).collect();
        for code in (0..1024).step_by(31) {
            let mut line = [code; 256];
            apply(&DarkFrame::Subtract, &mut line, &stored);
            for (byte, got) in line.iter().enumerate() {
                assert_eq!(f64::from(*got), (f64::from(code) - byte as f64).max(0.0));
            }
            for shift in 0..8 {
                let mut line = [code; 256];
                apply(&DarkFrame::Shading { shift }, &mut line, &stored);
                for (byte, got) in line.iter().enumerate() {
                    let gain = byte as f64 / f64::from(1 << shift);
                    let exact = (f64::from(code) * gain).floor().min(1023.0);
                    assert_eq!(f64::from(*got), exact, "{code} {byte} {shift}");
                }
            }
        }
    }

    #[test]
    fn pixels_without_a_byte_stay() {
        let mut line = [100, 100];
        apply(&DarkFrame::Subtract, &mut line, &[40]);
        assert_eq!(line, [60, 100]);
    }
}
