//! Gamma: three tables of 1024 entries, from 10 linear bits to 8 coded bits.
//!
//! The tables belong to the driver, which loads them through the table port; the hardware only
//! looks up. With the bypass bit the upper eight of the ten bits are taken.

/// Number of entries of a table.
pub const ENTRIES: usize = 1024;

/// The three tables of the preview engine.
#[derive(Clone)]
pub struct GammaTables {
    /// Table address 0x0000.
    pub red: [u8; ENTRIES],
    /// Table address 0x0400.
    pub green: [u8; ENTRIES],
    /// Table address 0x0800.
    pub blue: [u8; ENTRIES],
}

impl GammaTables {
    /// Tables that do what the bypass does.
    pub const fn linear() -> Self {
        let mut table = [0; ENTRIES];
        let mut code = 0;
        while code < ENTRIES {
            table[code] = (code >> 2) as u8;
            code += 1;
        }
        Self { red: table, green: table, blue: table }
    }
}

/// Tables of the bypass.
pub static BYPASS: GammaTables = GammaTables::linear();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::preview::{Features, Preview, PreviewConfig};
    use crate::pixels::{Window, yuv::YuvLine};

    /// What each linear code of channel `channel` (red, green, blue) becomes on its way through the
    /// preview when nothing else changes it.
    fn coded(tables: &GammaTables, channel: usize, gamma_bypass: bool) -> Vec<u8> {
        let mut csc_q8 = [[0; 3]; 3];
        csc_q8[0][channel] = 256;
        let config = PreviewConfig {
            window: Window { left: 0, top: 0, width: ENTRIES, height: 1 },
            features: Features { gamma_bypass, ..Features::default() },
            csc_q8,
            ..PreviewConfig::NEUTRAL
        };
        let (mut preview, mut out) = (Box::new(Preview::new()), Box::new(YuvLine::new()));
        preview.begin_frame(&config);
        let codes: Vec<u16> = (0..ENTRIES as u16).collect();
        assert!(preview.line(tables, &codes, &mut out));
        out.luma[..out.width].to_vec()
    }

    /// The tables hold eight bits, so a curve comes out as it is, rounded: half a code.
    #[test]
    fn every_code_of_every_channel_is_on_the_curve_that_was_loaded() {
        let exponents = [1.0 / 2.2, 1.0, 2.4];
        let exact = |channel: usize, code: usize| {
            255.0 * (code as f64 / (ENTRIES - 1) as f64).powf(exponents[channel])
        };
        let table = |channel| core::array::from_fn(|code| exact(channel, code).round() as u8);
        let tables = GammaTables { red: table(0), green: table(1), blue: table(2) };
        for channel in 0..3 {
            for (code, got) in coded(&tables, channel, false).into_iter().enumerate() {
                let exact = exact(channel, code);
                assert!((f64::from(got) - exact).abs() <= 0.5, "{channel} {code}: {got} {exact}");
            }
            // The bypass cuts the lower two bits off: less than a code.
            for (code, got) in coded(&tables, channel, true).into_iter().enumerate() {
                let cut = code as f64 / 4.0 - f64::from(got);
                assert!((0.0..1.0).contains(&cut), "{channel} {code}: {got}");
            }
        }
    }

    #[test]
    fn linear_tables_take_the_upper_eight_bits() {
        let tables = GammaTables::linear();
        for code in 0..ENTRIES {
            assert_eq!(usize::from(tables.green[code]), code / 4);
        }
        assert_eq!(tables.red, tables.blue);
    }
}
