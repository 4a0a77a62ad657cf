//! Preview engine: Bayer from the video port, or from memory, to YUV 4:2:2.
//!
//! What memory holds is developed as it is: the engine has nothing in front of white balance that takes
//! off a black level, so that is for who wrote the frame (the CCDC does it for a live picture).
//!
//! The interpolation table is left alone: its contents are not public (TRM), and the hardware that
//! this runs on uses its own.

use drv_isp_regs::preview as regs;
use idl::types::{BlockState, PixFormat, Rect};

use super::ccdc::mosaic;
use crate::formats::code::{Encoding, encoding, pixel_bytes};
use crate::registers::{Write, Writer};
use crate::tuning;

/// Pixels and lines that the interpolation of a mosaic needs beyond each side of the crop.
const MOSAIC_MARGIN: u32 = 2;

/// White balance coefficients by what they are for: positions in WBGAIN.
const COEFFICIENT_OF_RED: u32 = 1;
const COEFFICIENT_OF_GREEN_RED: u32 = 0;
const COEFFICIENT_OF_GREEN_BLUE: u32 = 3;
const COEFFICIENT_OF_BLUE: u32 = 2;

/// A white balance gain of 1.0.
const UNITY_Q5: u32 = 32;

/// Byte orders in PCR.YCPOS, named from the highest byte down.
const YCPOS_UYVY: u32 = 0;
const YCPOS_YUYV: u32 = 3;

/// Limits of luma and chroma: none.
const CLIP_NOTHING: u32 = 0xFF00_FF00;

/// Tables of gamma, and where they start in the table space.
const GAMMA_TABLES: [u32; 3] =
    [regs::TABLE_RED_GAMMA, regs::TABLE_GREEN_GAMMA, regs::TABLE_BLUE_GAMMA];

/// Writes that load all tables: the address and the entries of each.
pub const TABLE_WRITES: usize = GAMMA_TABLES.len() * (1 + tuning::GAMMA_ENTRIES);

/// Write number `index` of [`TABLE_WRITES`].
#[must_use]
pub fn table_write(index: usize) -> Write {
    let (table, position) =
        (index / (1 + tuning::GAMMA_ENTRIES), index % (1 + tuning::GAMMA_ENTRIES));
    match position.checked_sub(1) {
        None => Write { offset: regs::SET_TBL_ADDR.offset(), value: GAMMA_TABLES[table] },
        Some(entry) => {
            let value = tuning::GAMMA[entry].into();
            Write { offset: regs::SET_TBL_DATA.offset(), value }
        }
    }
}

/// All writes for the preview engine, without its enable bit, its address, and the controls.
/// `input_stride_bytes`: it reads from memory; `output`: it writes to memory, not to the resizer.
pub fn configure(
    state: &BlockState,
    input_stride_bytes: Option<u32>,
    output: Option<&PixFormat>,
    out: &mut Writer<'_>,
) {
    let order = match encoding(state.sink.code) {
        Some(Encoding::Bayer { order, .. }) => Some(order),
        _ => None,
    };
    let bytes_in_memory = input_stride_bytes.and_then(|_| encoding(state.sink.code));
    let eight_bits = bytes_in_memory.is_some_and(|encoding| pixel_bytes(encoding) == 1);
    let control = control(state, output.is_some(), order.is_some());
    out.put(&regs::PCR, control | regs::pcr::WIDTH.of(eight_bits.into()));
    out.put(&regs::RADR_OFFSET, input_stride_bytes.unwrap_or(0));
    window(&state.crop, order.is_some(), out);
    out.put(&regs::AVE, 0);
    out.put(&regs::WADD_OFFSET, output.map_or(0, |output| output.stride_bytes));
    let coefficients = [
        COEFFICIENT_OF_RED,
        COEFFICIENT_OF_GREEN_RED,
        COEFFICIENT_OF_GREEN_BLUE,
        COEFFICIENT_OF_BLUE,
    ];
    out.put(&regs::WBSEL, order.map_or(0, |order| mosaic(order, coefficients)));
    colours(out);
}

fn control(state: &BlockState, to_memory: bool, is_mosaic: bool) -> u32 {
    let uyvy = encoding(state.source.code) == Some(Encoding::Yuv16 { chroma_first: true });
    regs::pcr::ONESHOT.of(1)
        | regs::pcr::CFAEN.of(is_mosaic.into())
        | regs::pcr::YCPOS.of(if uyvy { YCPOS_UYVY } else { YCPOS_YUYV })
        | regs::pcr::RSZPORT.of((!to_memory).into())
        | regs::pcr::SDRPORT.of(to_memory.into())
}

/// What is read is larger than the crop by what the filters eat.
fn window(crop: &Rect, is_mosaic: bool, out: &mut Writer<'_>) {
    let margin = if is_mosaic { MOSAIC_MARGIN } else { 0 };
    let span = |first: u16, count: u16| {
        let first = u32::from(first);
        (first - margin, first + u32::from(count) - 1 + margin)
    };
    let (start, end) = span(crop.left_px, crop.width_px);
    out.put(&regs::HORZ_INFO, regs::horz_info::SPH.of(start) | regs::horz_info::EPH.of(end));
    let (start, end) = span(crop.top_px, crop.height_px);
    out.put(&regs::VERT_INFO, regs::vert_info::SLV.of(start) | regs::vert_info::ELV.of(end));
}

fn colours(out: &mut Writer<'_>) {
    out.put(&regs::WB_DGAIN, regs::wb_dgain::DGAIN.of(tuning::DIGITAL_GAIN_Q8));
    let threshold = tuning::CFA_THRESHOLD;
    let thresholds = regs::cfa::GRADTH_HOR.of(threshold) | regs::cfa::GRADTH_VER.of(threshold);
    out.put(&regs::CFA, thresholds);
    out.put(&regs::BLKADJOFF, 0);
    blending(out);
    conversion(out);
    out.put(&regs::SETUP_YC, CLIP_NOTHING);
}

/// The word of WBGAIN for gains of red and blue, U8Q5; both greens have 1.0.
#[must_use]
pub fn white_balance(red_q5: u8, blue_q5: u8) -> u32 {
    // By position: green in red lines, red, blue, green in blue lines.
    regs::wbgain::COEF0.of(UNITY_Q5)
        | regs::wbgain::COEF1.of(red_q5.into())
        | regs::wbgain::COEF2.of(blue_q5.into())
        | regs::wbgain::COEF3.of(UNITY_Q5)
}

fn blending(out: &mut Writer<'_>) {
    let flat = tuning::RGB_TO_RGB_Q8.as_flattened();
    for (index, pair) in flat.chunks(2).enumerate() {
        let low = regs::rgb_mat::LOW.of(signed(pair[0]));
        let high = pair.get(1).map_or(0, |value| regs::rgb_mat::HIGH.of(signed(*value)));
        out.put_element(&regs::RGB_MAT, index, low | high);
    }
    out.put(&regs::RGB_OFF1, 0);
    out.put(&regs::RGB_OFF2, 0);
}

fn conversion(out: &mut Writer<'_>) {
    for (index, [red, green, blue]) in tuning::RGB_TO_YCBCR_Q8.into_iter().enumerate() {
        let row = regs::csc::R.of(signed(red))
            | regs::csc::G.of(signed(green))
            | regs::csc::B.of(signed(blue));
        out.put_element(&regs::CSC, index, row);
    }
    let [luma, cb, cr] = tuning::YCBCR_OFFSET.map(|offset| signed(offset.into()));
    let offsets =
        regs::csc_offset::Y.of(luma) | regs::csc_offset::CB.of(cb) | regs::csc_offset::CR.of(cr);
    out.put(&regs::CSC_OFFSET, offsets);
}

/// Two's complement; the field cuts it to its width.
fn signed(value: i16) -> u32 {
    i32::from(value) as u32
}
