//! Corrections of the CCDC that cases configure, and the frames that belong to them.
//!
//! As [`crate::looks`]: each step is a change on top of all before it, and `corrected.in` has the checksums
//! that the golden model (`test_golden::ccdc`) leaves with the same steps.
//! `UPDATE=1 cargo test -p test-camera corrected` writes them anew.

use idl::types::{
    BlackClamp, BlackCompensation, CcdcFeatures, CcdcParameters, CcdcTable, Culling, LensShading,
};
use task_client::Subdev;

/// Frames of each step that are known, from the first of a stream on.
pub const KNOWN: usize = 16;

/// A change of the corrections.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Parameters that are given.
    pub parameters: &'static [CcdcParameters],
    /// Tables that are given: see [`entries`].
    pub tables: &'static [CcdcTable],
    /// Functions that are on afterwards.
    pub on: CcdcFeatures,
    /// Functions that are off afterwards.
    pub off: CcdcFeatures,
    /// Pixels of a line in memory, and lines: what low pass and culling leave.
    pub size: (u32, u32),
}

impl Step {
    /// The functions that it switches.
    #[must_use]
    pub const fn update(&self) -> CcdcFeatures {
        self.on.and(self.off)
    }
}

/// A map of points every 16 pixels and 8 lines, which begins beside the picture.
const SHADING: LensShading = LensShading {
    stride_bytes: 64,
    gain_format: 5,
    width_log2: 4,
    height_log2: 3,
    initial_x: 5,
    initial_y: 3,
};

/// Rows of points of that map: 123 lines at 8 each, and one behind.
const MAP_ROWS: usize = 17;

/// The walk. Frame set 0 is that of a new life, set `n` follows step `n - 1`.
pub const STEPS: [Step; 4] = [
    Step {
        parameters: &[
            CcdcParameters::BlackCompensation(BlackCompensation([-9, 4, -3, 11])),
            CcdcParameters::LensShading(SHADING),
        ],
        tables: &CcdcTable::ALL,
        on: CcdcFeatures::BCOMP.and(CcdcFeatures::FPC).and(CcdcFeatures::LSC),
        off: CcdcFeatures::NONE,
        size: (160, 120),
    },
    Step {
        parameters: &[CcdcParameters::BlackClamp(BlackClamp {
            gain_q4: 5,
            start_px: 8,
            pixels_log2: 3,
            lines_log2: 2,
            subtract: 30,
        })],
        tables: &[],
        on: CcdcFeatures::BLCLAMP.and(CcdcFeatures::LPF).and(CcdcFeatures::ALAW),
        off: CcdcFeatures::FPC,
        size: (156, 120),
    },
    Step {
        parameters: &[CcdcParameters::Culling(Culling { lines: 0x77, even: 0x33, odd: 0x33 })],
        tables: &[],
        on: CcdcFeatures::CULL,
        off: CcdcFeatures::LPF.and(CcdcFeatures::LSC),
        size: (80, 90),
    },
    // The number takes the place of the clamp.
    Step {
        parameters: &[],
        tables: &[],
        on: CcdcFeatures::NONE,
        off: CcdcFeatures::SUPPORTED,
        size: (160, 120),
    },
];

/// Sets of frames, the first one included.
pub const SETS: usize = STEPS.len() + 1;

/// Checksums of raw frames, set by set and number by number; behind them those of pictures that the preview
/// engine makes of set 1, and those of set 1 without its tables.
pub const SUMS: [[u32; KNOWN]; SETS + 2] = include!("corrected.in");

/// Fault pixels of the table, (line, column, operation).
const FAULTS: [(u32, u32, u32); 8] = [
    (0, 0, 1),
    (0, 1, 2),
    (7, 50, 1),
    (7, 52, 3),
    (59, 81, 3),
    (60, 158, 2),
    (60, 159, 3),
    (119, 100, 2),
];

/// Room for a table of [`entries`].
pub const ENTRIES_MAX: usize = SHADING.stride_bytes as usize * MAP_ROWS;

/// The entries of a table that a step gives, at the start of the array; and how many bytes they are.
#[must_use]
pub fn entries(table: CcdcTable) -> ([u8; ENTRIES_MAX], usize) {
    let mut bytes = [0; ENTRIES_MAX];
    match table {
        CcdcTable::FaultPixels => {
            for (entry, (line, column, operation)) in bytes.chunks_mut(4).zip(FAULTS) {
                entry.copy_from_slice(&(line << 19 | column << 5 | operation).to_le_bytes());
            }
            (bytes, 4 * FAULTS.len())
        }
        // Gains that no two neighbours share.
        CcdcTable::LensShading => {
            for (at, gain) in bytes.iter_mut().enumerate() {
                *gain = (at * 37 % 64 + at / 64) as u8;
            }
            (bytes, ENTRIES_MAX)
        }
    }
}

/// Gives what a step has, and switches.
///
/// # Errors
/// What the node refuses; a disconnect.
pub fn take(node: &Subdev, step: &Step) -> Result<(), task_client::Failure> {
    step.parameters.iter().try_for_each(|given| node.give_ccdc(*given))?;
    step.tables.iter().try_for_each(|table| {
        let (bytes, count) = entries(*table);
        node.give_ccdc_table(*table, &bytes[..count])
    })?;
    node.correct(step.update(), step.on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::looks::CROP;
    use crate::looks::tests::{BLACK, assert_current, mosaic};
    use crate::mmio::checksum;
    use test_golden::Rectangle;
    use test_golden::ccdc::Ccdc;
    use test_golden::preview::Engine;

    /// The model after `steps` of the walk.
    fn ccdc(steps: usize) -> Ccdc {
        let mut ccdc = Ccdc::default();
        for step in &STEPS[..steps] {
            step.parameters.iter().for_each(|given| ccdc.give(given));
            for table in step.tables {
                let (bytes, count) = entries(*table);
                ccdc.give_table(*table, &bytes[..count]);
            }
            ccdc.switch(step.update(), step.on);
        }
        ccdc
    }

    fn bytes(lines: &[Vec<u16>]) -> Vec<u8> {
        lines.iter().flatten().flat_map(|code| code.to_le_bytes()).collect()
    }

    fn sums() -> [[u32; KNOWN]; SETS + 2] {
        let mut sums = [[0; KNOWN]; SETS + 2];
        for number in 0..KNOWN {
            let codes = mosaic(number as u32);
            for (set, sums) in sums[..SETS].iter_mut().enumerate() {
                let lines = ccdc(set).in_memory(&codes, 160);
                let expected = set.checked_sub(1).map_or((160, 120), |step| STEPS[step].size);
                assert_eq!((lines[0].len() as u32, lines.len() as u32), expected, "set {set}");
                assert!(lines.iter().all(|line| line.len() == lines[0].len()));
                sums[number] = checksum(&bytes(&lines));
            }
            let mut viewed = ccdc(1);
            viewed.subtract = BLACK;
            let codes = viewed.correct(&codes, 160);
            let [left, top, width, height] =
                [CROP.left_px, CROP.top_px, CROP.width_px, CROP.height_px].map(usize::from);
            let crop = Rectangle { left, top, width, height };
            // The video port gives a line less.
            let picture = Engine::of_the_module().develop(&codes[..160 * 119], 160, crop);
            sums[SETS][number] = checksum(&picture);
            let mut levels = ccdc(1);
            levels.on = CcdcFeatures::BCOMP;
            sums[SETS + 1][number] =
                checksum(&bytes(&levels.in_memory(&mosaic(number as u32), 160)));
        }
        sums
    }

    #[test]
    fn the_corrected_sums_are_those_of_the_golden_model() {
        assert_current("corrected.in", &SUMS, &sums());
    }

    /// A case that takes one for another could not fail.
    #[test]
    fn no_two_corrected_frames_look_alike() {
        let mut all: Vec<_> = SUMS.as_flattened().to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), (SETS + 2) * KNOWN);
    }

    /// Each function of a step is seen, and each fault pixel.
    #[test]
    fn every_corrected_function_shows() {
        let codes = mosaic(0);
        for (number, step) in STEPS.iter().enumerate() {
            let whole = ccdc(number + 1).in_memory(&codes, 160);
            for bit in (0..9).filter(|bit| *bit != 7) {
                let feature = CcdcFeatures(1 << bit);
                let feature =
                    if feature == CcdcFeatures::TBL_LSC { CcdcFeatures::LSC } else { feature };
                let switched = ccdc(number).on != ccdc(number + 1).on;
                let changes = ccdc(number).on.contains(feature) != step.on.contains(feature);
                if !switched || !changes || !step.update().contains(feature) {
                    continue;
                }
                let mut without = ccdc(number + 1);
                without.on = if step.on.contains(feature) {
                    without.on.without(feature)
                } else {
                    without.on.and(feature)
                };
                assert!(without.in_memory(&codes, 160) != whole, "step {number}, bit {bit}");
            }
        }
        let (entries, count) = entries(CcdcTable::FaultPixels);
        let whole = ccdc(1).correct(&codes, 160);
        for skipped in (0..count).step_by(4) {
            let mut without = ccdc(1);
            let others = [&entries[..skipped], &entries[skipped + 4..count]].concat();
            without.give_table(CcdcTable::FaultPixels, &others);
            assert!(without.correct(&codes, 160) != whole, "fault {}", skipped / 4);
        }
    }
}
