//! Configurations of the preview engine that cases walk through, and the pictures that belong to them.
//!
//! Each [`Step`] is a change, on top of all before it. The checksums of the pictures are in `looks.in`, next
//! to this file: computed on the host by the golden model (`test_golden::preview`), configured with the
//! same steps. `UPDATE=1 cargo test -p test-camera looks` writes them anew.

use idl::types::{
    BlackAdjust, CfaThresholds, ChromaSuppression, ColorConversion, DefectCorrection,
    DefectThreshold, HorizontalMedian, NoiseFilter, PREVIEW_TABLE_BYTES_MAX, PreviewFeatures,
    PreviewParameters, PreviewTable, Rect, RgbToRgb, WhiteBalance, YcLimits,
};
use task_client::Subdev;

/// Part of the pixel array that is read out, every eighth pixel of it.
pub const SENSOR: Rect = Rect { left_px: 656, top_px: 492, width_px: 1280, height_px: 960 };
/// Crop of the preview engine in the small picture of the sensor, for which the sums are.
pub const CROP: Rect = Rect { left_px: 10, top_px: 4, width_px: 142, height_px: 111 };
/// Pictures of each look that are known, from the first of a stream on.
pub const KNOWN: usize = 40;

/// A change of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Parameters that are given.
    pub parameters: &'static [PreviewParameters],
    /// Tables that are given: see [`entries`].
    pub tables: &'static [PreviewTable],
    /// Functions that are on afterwards.
    pub on: PreviewFeatures,
    /// Functions that are off afterwards.
    pub off: PreviewFeatures,
}

impl Step {
    /// The functions that it switches.
    #[must_use]
    pub const fn update(&self) -> PreviewFeatures {
        self.on.and(self.off)
    }
}

/// Colours and tone, as numbers.
const TINTED: Step = Step {
    parameters: &[
        PreviewParameters::WhiteBalance(WhiteBalance {
            digital_gain_q8: 300,
            gains_q5: [40, 33, 34, 60],
        }),
        PreviewParameters::BlackAdjust(BlackAdjust([-12, 5, 30])),
        PreviewParameters::RgbToRgb(RgbToRgb {
            matrix_q8: [[300, -20, -24], [-70, 380, -54], [31, -201, 426]],
            offset: [7, -9, 12],
        }),
        PreviewParameters::YcLimits(YcLimits { luma: (50, 190), chroma: (95, 160) }),
        PreviewParameters::ChromaSuppression(ChromaSuppression {
            gain_q8: 3,
            threshold: 120,
            high_pass: false,
        }),
    ],
    tables: &[],
    on: PreviewFeatures::WB
        .and(PreviewFeatures::BLKADJ)
        .and(PreviewFeatures::RGB2RGB)
        .and(PreviewFeatures::YC_LIMIT)
        .and(PreviewFeatures::CHROMA_SUPP),
    off: PreviewFeatures::NONE,
};

/// Everything that has a table.
const FILTERED: Step = Step {
    parameters: &[PreviewParameters::NoiseFilter(NoiseFilter { spread: 1 })],
    tables: &[
        PreviewTable::RedGamma,
        PreviewTable::GreenGamma,
        PreviewTable::BlueGamma,
        PreviewTable::NoiseFilter,
        PreviewTable::LumaEnhancement,
    ],
    on: PreviewFeatures::GAMMA.and(PreviewFeatures::NF).and(PreviewFeatures::LUMAENH),
    off: PreviewFeatures::NONE,
};

/// Other filters, without a table: the engine's window changes.
const CLEANED: Step = Step {
    parameters: &[
        PreviewParameters::HorizontalMedian(HorizontalMedian {
            threshold: 6,
            even_distance_px: 2,
            odd_distance_px: 2,
        }),
        PreviewParameters::DefectCorrection(DefectCorrection {
            couplets: true,
            thresholds: [
                DefectThreshold { detect: 3, correct: 1 },
                DefectThreshold { detect: 5, correct: 0 },
                DefectThreshold { detect: 0, correct: 2 },
                DefectThreshold { detect: 7, correct: 3 },
            ],
        }),
        PreviewParameters::Cfa(CfaThresholds { horizontal: 3, vertical: 200 }),
        PreviewParameters::ColorConversion(ColorConversion {
            matrix_q8: [[77, 150, 29], [-44, -87, 131], [131, -110, -21]],
            offset: [0, 3, -4],
        }),
    ],
    tables: &[],
    on: PreviewFeatures::HRZ_MED
        .and(PreviewFeatures::DEFECT_COR)
        .and(PreviewFeatures::CFA)
        .and(PreviewFeatures::COLOR_CONV),
    off: PreviewFeatures::NF,
};

/// All off that can be.
const BARE: Step = Step {
    parameters: &[],
    tables: &[],
    on: PreviewFeatures::NONE,
    off: PreviewFeatures::SUPPORTED
        .without(PreviewFeatures::CFA)
        .without(PreviewFeatures::COLOR_CONV)
        .without(PreviewFeatures::INVALAW),
};

/// The walk. Look 0 is that of a new life, look `n` follows step `n - 1`.
pub const STEPS: [Step; 4] = [TINTED, FILTERED, CLEANED, BARE];

/// Looks, the first one included.
pub const LOOKS: usize = STEPS.len() + 1;

/// Checksums of the pictures: look by look, number by number.
pub const SUMS: [[u32; KNOWN]; LOOKS] = include!("looks.in");

/// The entries of a table that a step gives, at the start of the array; and how many bytes they are.
#[must_use]
pub fn entries(table: PreviewTable) -> ([u8; PREVIEW_TABLE_BYTES_MAX], usize) {
    let mut bytes = [0; PREVIEW_TABLE_BYTES_MAX];
    let count = table.bytes();
    for (at, byte) in bytes[..count].iter_mut().enumerate() {
        let code = at as u32;
        *byte = match table {
            // Three curves that no two channels share.
            PreviewTable::RedGamma => (code * 64).isqrt().min(255) as u8,
            PreviewTable::GreenGamma => (code / 4) as u8 ^ (code / 64) as u8,
            PreviewTable::BlueGamma => 255 - (code / 4) as u8,
            PreviewTable::NoiseFilter => 3 + at as u8 / 4,
            PreviewTable::LumaEnhancement => sharpening(at / 4).to_le_bytes()[at % 4],
            PreviewTable::Cfa => 0,
        };
    }
    (bytes, count)
}

/// Gives what a step has, without switching anything.
///
/// # Errors
/// What the node refuses; a disconnect.
pub fn give(node: &Subdev, step: &Step) -> Result<(), task_client::Failure> {
    step.parameters.iter().try_for_each(|given| node.give(*given))?;
    step.tables.iter().try_for_each(|table| {
        let (bytes, count) = entries(*table);
        node.give_table(*table, &bytes[..count])
    })
}

/// Half of what stands out is added: an entry of the luma table, offset above slope.
const fn sharpening(index: usize) -> u32 {
    let (offset, slope) = (2 * (index as i32 - 64), 2);
    (offset as u32 & 0x3FF) << 10 | slope
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::mmio::checksum;
    use test_bench::scene::sensor::SensorConfig;
    use test_bench::scene::{SceneSize, bars};
    use test_golden::preview::Engine;
    use test_golden::{Rectangle, Scene, raw};

    /// What the CCDC takes off, in codes of ten bits (MT9P031: 168 of twelve).
    pub(crate) const BLACK: u16 = 42;

    /// What the sensor does in the suite.
    pub(crate) const SMALL: SensorConfig = SensorConfig {
        column_start: SENSOR.left_px as u32,
        row_start: SENSOR.top_px as u32,
        step: 8,
        width_px: 160,
        height_px: 120,
        ..SensorConfig::FULL_4X
    };

    /// What the suite looks at: no case gives the bench a picture.
    pub(crate) fn scene() -> Scene {
        let SceneSize { width_px, height_px } = bars::SIZE;
        let mut rgb = vec![0; 3 * width_px * height_px];
        let rows = rgb.chunks_exact_mut(3 * width_px).enumerate();
        rows.for_each(|(y, row)| bars::line(y, row));
        Scene::picture(width_px, height_px, rgb).expect("the bench's own")
    }

    /// A frame of the sensor.
    pub(crate) fn mosaic(number: u32) -> Vec<u16> {
        raw::mosaic(&scene(), &SMALL, number)
    }

    /// The model after `steps` of the walk.
    fn engine(steps: usize) -> Engine {
        let mut engine = Engine::of_the_module();
        for step in &STEPS[..steps] {
            step.parameters.iter().for_each(|given| engine.give(given));
            for table in step.tables {
                let (bytes, count) = entries(*table);
                engine.give_table(*table, &bytes[..count]);
            }
            engine.on = engine.on.without(step.off).and(step.on);
        }
        engine
    }

    fn sums() -> [[u32; KNOWN]; LOOKS] {
        let [left, top, width, height] =
            [CROP.left_px, CROP.top_px, CROP.width_px, CROP.height_px].map(usize::from);
        let crop = Rectangle { left, top, width, height };
        let config = SMALL;
        let mut sums = [[0; KNOWN]; LOOKS];
        for number in 0..KNOWN {
            let mut codes = mosaic(number as u32);
            // The video port gives a line less than the sensor.
            codes.truncate(config.width_px * (config.height_px - 1));
            codes.iter_mut().for_each(|code| *code = code.saturating_sub(BLACK));
            for (look, sums) in sums.iter_mut().enumerate() {
                sums[number] = checksum(&engine(look).develop(&codes, config.width_px, crop));
            }
        }
        sums
    }

    /// The sums of the file next to this one are those that were found.
    pub(crate) fn assert_current<const COUNT: usize>(
        file: &str,
        known: &[[u32; COUNT]],
        found: &[[u32; COUNT]],
    ) {
        if std::env::var("UPDATE").is_ok() {
            let path = format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, text(found)).expect("written");
            return;
        }
        assert_eq!(text(known), text(found), "UPDATE=1 writes them anew");
    }

    /// Rows of sums, as the file has them.
    fn text<const COUNT: usize>(sums: &[[u32; COUNT]]) -> String {
        let row = |sums: &[u32; COUNT]| {
            let lines = sums.chunks(8).map(|sums| {
                let words: Vec<_> = sums.iter().map(|sum| format!("{sum:#010x},")).collect();
                format!("        {}\n", words.join(" "))
            });
            format!("    [\n{}    ],\n", lines.collect::<String>())
        };
        format!("[\n{}]\n", sums.iter().map(row).collect::<String>())
    }

    #[test]
    fn the_sums_are_those_of_the_golden_model() {
        assert_current("looks.in", &SUMS, &sums());
    }

    /// A case that takes one for another could not fail.
    #[test]
    fn no_two_pictures_look_alike() {
        let mut all: Vec<_> = SUMS.as_flattened().to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), LOOKS * KNOWN);
    }

    /// Each number and each table of a step is seen: without it the picture is another one.
    #[test]
    fn every_parameter_of_a_step_shows() {
        let codes = mosaic(0);
        let crop = Rectangle { left: 10, top: 4, width: 142, height: 111 };
        let develop = |engine: &Engine| engine.develop(&codes, 160, crop);
        for (number, step) in STEPS.iter().enumerate() {
            let (before, whole) = (engine(number), develop(&engine(number + 1)));
            let missing = |skipped: Option<usize>, table: Option<usize>| {
                let mut engine = before.clone();
                for (at, given) in step.parameters.iter().enumerate() {
                    if skipped != Some(at) {
                        engine.give(given);
                    }
                }
                for (at, kind) in step.tables.iter().enumerate() {
                    let (bytes, count) = entries(*kind);
                    if table != Some(at) {
                        engine.give_table(*kind, &bytes[..count]);
                    }
                }
                engine.on = engine.on.without(step.off).and(step.on);
                develop(&engine)
            };
            assert!(missing(None, None) == whole, "step {number}");
            for at in 0..step.parameters.len() {
                assert!(missing(Some(at), None) != whole, "{:?}", step.parameters[at]);
            }
            for at in 0..step.tables.len() {
                assert!(missing(None, Some(at)) != whole, "{:?}", step.tables[at]);
            }
        }
    }
}
