//! Registers of the functions of the preview engine.

use drv_isp_regs::preview as regs;
use idl::types::{
    BlackAdjust, BlockState, CfaThresholds, ChromaSuppression, ColorConversion, DefectCorrection,
    DefectThreshold, HorizontalMedian, NoiseFilter, PreviewFeatures, PreviewParameters, RgbToRgb,
    YcLimits,
};

use crate::program;
use crate::registers::Writer;
use crate::tuning;

/// Blending that changes nothing.
const IDENTITY: RgbToRgb =
    RgbToRgb { matrix_q8: [[256, 0, 0], [0, 256, 0], [0, 0, 256]], offset: [0; 3] };

/// Limits that cut off nothing.
const NO_LIMITS: YcLimits = YcLimits { luma: (0, u8::MAX), chroma: (0, u8::MAX) };

/// Bits of the control word that switch functions.
pub const SWITCHES: u32 = regs::pcr::INVALAW.mask()
    | regs::pcr::HMEDEN.mask()
    | regs::pcr::NFEN.mask()
    | regs::pcr::YNENHEN.mask()
    | regs::pcr::SUPEN.mask()
    | regs::pcr::GAMMA_BYPASS.mask()
    | regs::pcr::DCOREN.mask()
    | regs::pcr::DCCOUP.mask();

/// What the functions do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    median: HorizontalMedian,
    cfa: CfaThresholds,
    suppression: ChromaSuppression,
    black: BlackAdjust,
    blend: RgbToRgb,
    conversion: ColorConversion,
    limits: YcLimits,
    defects: DefectCorrection,
    noise: NoiseFilter,
}

impl Words {
    /// What a new life begins with.
    pub const DEFAULT: Self = Self {
        median: HorizontalMedian { threshold: 0, even_distance_px: 1, odd_distance_px: 1 },
        cfa: CfaThresholds { horizontal: tuning::CFA_THRESHOLD, vertical: tuning::CFA_THRESHOLD },
        suppression: ChromaSuppression { gain_q8: 0, threshold: 0, high_pass: false },
        black: BlackAdjust([0; 3]),
        blend: RgbToRgb { matrix_q8: tuning::RGB_TO_RGB_Q8, offset: [0; 3] },
        conversion: ColorConversion {
            matrix_q8: tuning::RGB_TO_YCBCR_Q8,
            offset: tuning::YCBCR_OFFSET,
        },
        limits: NO_LIMITS,
        defects: DefectCorrection {
            couplets: false,
            thresholds: [DefectThreshold { detect: 0, correct: 0 }; 4],
        },
        noise: NoiseFilter { spread: 0 },
    };

    /// Keeps parameters. White balance is not among them.
    pub fn store(&mut self, given: &PreviewParameters) {
        match *given {
            PreviewParameters::HorizontalMedian(median) => self.median = median,
            PreviewParameters::Cfa(cfa) => self.cfa = cfa,
            PreviewParameters::ChromaSuppression(suppression) => self.suppression = suppression,
            PreviewParameters::WhiteBalance(_) => {}
            PreviewParameters::BlackAdjust(black) => self.black = black,
            PreviewParameters::RgbToRgb(blend) => self.blend = blend,
            PreviewParameters::ColorConversion(conversion) => self.conversion = conversion,
            PreviewParameters::YcLimits(limits) => self.limits = limits,
            PreviewParameters::DefectCorrection(defects) => self.defects = defects,
            PreviewParameters::NoiseFilter(noise) => self.noise = noise,
        }
    }

    /// Takes the parameters of some functions of another set.
    pub fn copy(&mut self, features: PreviewFeatures, from: &Self) {
        let all = [
            PreviewParameters::HorizontalMedian(from.median),
            PreviewParameters::Cfa(from.cfa),
            PreviewParameters::ChromaSuppression(from.suppression),
            PreviewParameters::BlackAdjust(from.black),
            PreviewParameters::RgbToRgb(from.blend),
            PreviewParameters::ColorConversion(from.conversion),
            PreviewParameters::YcLimits(from.limits),
            PreviewParameters::DefectCorrection(from.defects),
            PreviewParameters::NoiseFilter(from.noise),
        ];
        all.iter()
            .filter(|parameters| features.contains(parameters.feature()))
            .for_each(|parameters| self.store(parameters));
    }

    /// All words but the control word.
    pub fn write(&self, on: PreviewFeatures, state: &BlockState, out: &mut Writer<'_>) {
        program::preview_window(state, on, out);
        self.filters(out);
        let black = if on.contains(PreviewFeatures::BLKADJ) { self.black.0 } else { [0; 3] };
        let [red, green, blue] = black.map(|value| signed(value.into()));
        let black =
            regs::blkadjoff::R.of(red) | regs::blkadjoff::G.of(green) | regs::blkadjoff::B.of(blue);
        out.put(&regs::BLKADJOFF, black);
        blending(if on.contains(PreviewFeatures::RGB2RGB) { &self.blend } else { &IDENTITY }, out);
        conversion(&self.conversion, out);
        let YcLimits { luma, chroma } =
            if on.contains(PreviewFeatures::YC_LIMIT) { self.limits } else { NO_LIMITS };
        let limits = regs::setup_yc::MINY.of(luma.0.into())
            | regs::setup_yc::MAXY.of(luma.1.into())
            | regs::setup_yc::MINC.of(chroma.0.into())
            | regs::setup_yc::MAXC.of(chroma.1.into());
        out.put(&regs::SETUP_YC, limits);
    }

    fn filters(&self, out: &mut Writer<'_>) {
        let Self { median, cfa, suppression, defects, noise, .. } = self;
        let median = regs::hmed::THRESHOLD.of(median.threshold.into())
            | regs::hmed::EVEN_DISTANCE.of((median.even_distance_px - 1).into())
            | regs::hmed::ODD_DISTANCE.of((median.odd_distance_px - 1).into());
        out.put(&regs::HMED, median);
        out.put(&regs::NF, regs::nf::SPREAD.of(noise.spread.into()));
        for (index, threshold) in defects.thresholds.iter().enumerate() {
            let word = regs::cdc_thr::DETECT.of(threshold.detect.into())
                | regs::cdc_thr::CORRECT.of(threshold.correct.into());
            out.put_element(&regs::CDC_THR, index, word);
        }
        let thresholds = regs::cfa::GRADTH_HOR.of(cfa.horizontal.into())
            | regs::cfa::GRADTH_VER.of(cfa.vertical.into());
        out.put(&regs::CFA, thresholds);
        let suppression = regs::csup::GAIN.of(suppression.gain_q8.into())
            | regs::csup::THRESHOLD.of(suppression.threshold.into())
            | regs::csup::HPYF.of(suppression.high_pass.into());
        out.put(&regs::CSUP, suppression);
    }
}

/// The bits of the control word that are set.
pub fn switches(on: PreviewFeatures, words: &Words) -> u32 {
    let bit = |feature| u32::from(on.contains(feature));
    let defects = bit(PreviewFeatures::DEFECT_COR);
    regs::pcr::INVALAW.of(bit(PreviewFeatures::INVALAW))
        | regs::pcr::HMEDEN.of(bit(PreviewFeatures::HRZ_MED))
        | regs::pcr::NFEN.of(bit(PreviewFeatures::NF))
        | regs::pcr::YNENHEN.of(bit(PreviewFeatures::LUMAENH))
        | regs::pcr::SUPEN.of(bit(PreviewFeatures::CHROMA_SUPP))
        | regs::pcr::GAMMA_BYPASS.of(1 - bit(PreviewFeatures::GAMMA))
        | regs::pcr::DCOREN.of(defects)
        | regs::pcr::DCCOUP.of(defects & u32::from(words.defects.couplets))
}

fn blending(blend: &RgbToRgb, out: &mut Writer<'_>) {
    for (index, pair) in blend.matrix_q8.as_flattened().chunks(2).enumerate() {
        let low = regs::rgb_mat::LOW.of(signed(pair[0]));
        let high = pair.get(1).map_or(0, |value| regs::rgb_mat::HIGH.of(signed(*value)));
        out.put_element(&regs::RGB_MAT, index, low | high);
    }
    let [red, green, blue] = blend.offset.map(signed);
    out.put(&regs::RGB_OFF1, regs::rgb_off1::R.of(red) | regs::rgb_off1::G.of(green));
    out.put(&regs::RGB_OFF2, regs::rgb_off2::B.of(blue));
}

fn conversion(conversion: &ColorConversion, out: &mut Writer<'_>) {
    for (index, [red, green, blue]) in conversion.matrix_q8.into_iter().enumerate() {
        let row = regs::csc::R.of(signed(red))
            | regs::csc::G.of(signed(green))
            | regs::csc::B.of(signed(blue));
        out.put_element(&regs::CSC, index, row);
    }
    let [luma, cb, cr] = conversion.offset.map(|offset| signed(offset.into()));
    let offsets =
        regs::csc_offset::Y.of(luma) | regs::csc_offset::CB.of(cb) | regs::csc_offset::CR.of(cr);
    out.put(&regs::CSC_OFFSET, offsets);
}

/// Two's complement; the field cuts it to its width.
fn signed(value: i16) -> u32 {
    i32::from(value) as u32
}
