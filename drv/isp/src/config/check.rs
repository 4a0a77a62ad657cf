//! Whether parameters fit the fields of their registers.

use drv_isp_regs::Field;
use drv_isp_regs::preview::{SET_TBL_DATA, cdc_thr, csc, nf, rgb_mat, rgb_off1, wb_dgain};
use idl::types::{IspError, PreviewParameters, PreviewTable, YcLimits};

/// Distances that the median knows, in pixels.
const DISTANCES_PX: core::ops::RangeInclusive<u8> = 1..=2;

/// Whether the registers can hold them.
///
/// # Errors
/// `InvalidConfiguration`.
pub fn parameters(given: &PreviewParameters) -> Result<(), IspError> {
    let fit = match given {
        PreviewParameters::HorizontalMedian(median) => {
            let distances = [median.even_distance_px, median.odd_distance_px];
            distances.iter().all(|distance| DISTANCES_PX.contains(distance))
        }
        PreviewParameters::WhiteBalance(balance) => {
            unsigned(wb_dgain::DGAIN, balance.digital_gain_q8)
        }
        PreviewParameters::RgbToRgb(blend) => {
            let matrix = blend.matrix_q8.as_flattened();
            let offsets = blend.offset;
            matrix.iter().all(|value| signed(rgb_mat::LOW, *value))
                && offsets.iter().all(|value| signed(rgb_off1::R, *value))
        }
        PreviewParameters::ColorConversion(conversion) => {
            conversion.matrix_q8.as_flattened().iter().all(|value| signed(csc::R, *value))
        }
        PreviewParameters::YcLimits(YcLimits { luma, chroma }) => {
            luma.0 <= luma.1 && chroma.0 <= chroma.1
        }
        PreviewParameters::DefectCorrection(correction) => {
            correction.thresholds.iter().all(|threshold| {
                unsigned(cdc_thr::DETECT, threshold.detect)
                    && unsigned(cdc_thr::CORRECT, threshold.correct)
            })
        }
        PreviewParameters::NoiseFilter(filter) => unsigned(nf::SPREAD, filter.spread.into()),
        // A byte in a field of eight bits.
        PreviewParameters::Cfa(_)
        | PreviewParameters::ChromaSuppression(_)
        | PreviewParameters::BlackAdjust(_) => true,
    };
    if fit { Ok(()) } else { Err(IspError::InvalidConfiguration) }
}

/// Whether it is the whole table, and its entries fit.
///
/// # Errors
/// `InvalidConfiguration`.
pub fn table(table: PreviewTable, bytes: &[u8]) -> Result<(), IspError> {
    let fits = |word: &[u8]| super::tables::word(word) & !SET_TBL_DATA.writable == 0;
    let fit = bytes.len() == table.bytes()
        && (table != PreviewTable::LumaEnhancement || bytes.chunks(size_of::<u32>()).all(fits));
    if fit { Ok(()) } else { Err(IspError::InvalidConfiguration) }
}

fn unsigned(field: Field, value: u16) -> bool {
    u32::from(value) <= field.max()
}

/// In two's complement of the field's width.
fn signed(field: Field, value: i16) -> bool {
    let half = (field.max() / 2) as i32;
    (-half - 1..=half).contains(&value.into())
}
