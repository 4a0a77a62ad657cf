//! The picture that the preview engine makes, configured as a client configures it.
//!
//! [`Engine`] takes what VIDIOC_OMAP3ISP_PRV_CFG gives the driver, in the same types (`idl`), and develops
//! a whole mosaic, bit for bit. It is written from the definitions of the functions (OMAP36xx TRM; what
//! TI keeps for itself is defined in the documentation of `test/bench/src/pixels`), picture by picture,
//! while the bench works line by line in registers' formats: neither code is in the other.
//!
//! ```text
//! codes, black taken off ─► mosaic: median, defects, noise, balance, interpolation
//!                        ─► colour: blending, gamma, conversion, luma, chroma, tone ─► YUYV
//! ```
//!
//! What needs a frame in memory (dark frame, shading), and a table of weights for the interpolation,
//! it does not have.

mod colour;
mod mosaic;

use crate::view::Rectangle;
use idl::types::{
    BlackAdjust, CfaThresholds, ChromaSuppression, ColorConversion, DefectCorrection,
    DefectThreshold, HorizontalMedian, NoiseFilter, PreviewFeatures, PreviewParameters,
    PreviewTable, RgbToRgb, WhiteBalance, YcLimits,
};

/// Entries of a gamma table.
const CODES: usize = 1024;

/// What the engine is told, function by function.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Functions that are on.
    pub on: PreviewFeatures,
    median: HorizontalMedian,
    cfa: CfaThresholds,
    suppression: ChromaSuppression,
    balance: WhiteBalance,
    black: BlackAdjust,
    blend: RgbToRgb,
    conversion: ColorConversion,
    limits: YcLimits,
    defects: DefectCorrection,
    noise: NoiseFilter,
    gamma: [Vec<u8>; 3],
    noise_table: Vec<u8>,
    luma_table: Vec<u8>,
}

impl Engine {
    /// As a life of the driver begins: colours and tone of the sensor module, and sRGB.
    pub fn of_the_module() -> Self {
        let on = [
            PreviewFeatures::CFA,
            PreviewFeatures::WB,
            PreviewFeatures::BLKADJ,
            PreviewFeatures::RGB2RGB,
            PreviewFeatures::COLOR_CONV,
            PreviewFeatures::YC_LIMIT,
            PreviewFeatures::GAMMA,
        ];
        let none = DefectThreshold { detect: 0, correct: 0 };
        Self {
            on: on.into_iter().fold(PreviewFeatures::NONE, PreviewFeatures::and),
            median: HorizontalMedian { threshold: 0, even_distance_px: 1, odd_distance_px: 1 },
            cfa: CfaThresholds { horizontal: 40, vertical: 40 },
            suppression: ChromaSuppression { gain_q8: 0, threshold: 0, high_pass: false },
            balance: WhiteBalance { digital_gain_q8: 281, gains_q5: [52, 32, 32, 46] },
            black: BlackAdjust([0; 3]),
            blend: RgbToRgb {
                matrix_q8: [[401, -136, -9], [-102, 405, -47], [14, -113, 355]],
                offset: [0; 3],
            },
            conversion: ColorConversion {
                matrix_q8: [[66, 129, 25], [-38, -74, 112], [112, -94, -18]],
                offset: [16, 0, 0],
            },
            limits: YcLimits { luma: (0, 255), chroma: (0, 255) },
            defects: DefectCorrection { couplets: false, thresholds: [none; 4] },
            noise: NoiseFilter { spread: 0 },
            gamma: std::array::from_fn(|_| srgb()),
            noise_table: vec![0; PreviewTable::NoiseFilter.bytes()],
            luma_table: vec![0; PreviewTable::LumaEnhancement.bytes()],
        }
    }

    /// Parameters of a function.
    pub fn give(&mut self, given: &PreviewParameters) {
        match *given {
            PreviewParameters::HorizontalMedian(median) => self.median = median,
            PreviewParameters::Cfa(cfa) => self.cfa = cfa,
            PreviewParameters::ChromaSuppression(suppression) => self.suppression = suppression,
            PreviewParameters::WhiteBalance(balance) => self.balance = balance,
            PreviewParameters::BlackAdjust(black) => self.black = black,
            PreviewParameters::RgbToRgb(blend) => self.blend = blend,
            PreviewParameters::ColorConversion(conversion) => self.conversion = conversion,
            PreviewParameters::YcLimits(limits) => self.limits = limits,
            PreviewParameters::DefectCorrection(defects) => self.defects = defects,
            PreviewParameters::NoiseFilter(noise) => self.noise = noise,
        }
    }

    /// A table.
    ///
    /// # Panics
    /// If it is not as long as the table is, or if it is that of the interpolation.
    pub fn give_table(&mut self, table: PreviewTable, bytes: &[u8]) {
        assert_eq!(bytes.len(), table.bytes(), "{table:?}");
        let place = match table {
            PreviewTable::RedGamma => &mut self.gamma[0],
            PreviewTable::GreenGamma => &mut self.gamma[1],
            PreviewTable::BlueGamma => &mut self.gamma[2],
            PreviewTable::NoiseFilter => &mut self.noise_table,
            PreviewTable::LumaEnhancement => &mut self.luma_table,
            PreviewTable::Cfa => panic!("the bench has weights of its own"),
        };
        *place = bytes.to_vec();
    }

    /// The part `crop` of a picture of `width` codes of ten bits a line, black taken off, as YUYV without
    /// gaps between lines: `[crop.height][2 * crop.width]`. The first code is green, its line red.
    pub fn develop(&self, codes: &[u16], width: usize, crop: Rectangle) -> Vec<u8> {
        let codes = self.filtered(codes, width);
        let balanced = self.balanced(&codes, width);
        let mut yuyv = Vec::new();
        for y in crop.top..crop.top + crop.height {
            let columns = crop.left - colour::LEAD..crop.left + crop.width;
            let line: Vec<_> = columns.map(|x| self.interpolated(&balanced, width, x, y)).collect();
            yuyv.extend(self.converted(&line));
        }
        yuyv
    }

    fn has(&self, feature: PreviewFeatures) -> bool {
        self.on.contains(feature)
    }
}

/// The transfer curve of sRGB (IEC 61966-2-1) over linear codes of ten bits.
fn srgb() -> Vec<u8> {
    let curve = |linear: f64| {
        if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
    };
    let last = (CODES - 1) as f64;
    (0..CODES).map(|code| (255.0 * curve(code as f64 / last)).round() as u8).collect()
}
