//! Preview engine: Bayer from the video port, or from memory, to YUV 4:2:2.
//!
//! What memory holds is developed as it is: the engine has nothing in front of white balance that takes
//! off a black level, so that is for who wrote the frame (the CCDC does it for a live picture).

use drv_isp_regs::preview as regs;
use idl::types::{BlockState, PixFormat, PreviewFeatures};

use super::ccdc::mosaic;
use crate::formats::code::{Encoding, encoding, pixel_bytes};
use crate::registers::Writer;

/// Pixels, or lines, that a function needs beyond a side of the crop.
const MARGIN: u32 = 2;

/// White balance coefficients by what they are for: positions in WBGAIN.
const COEFFICIENT_OF_RED: u32 = 1;
const COEFFICIENT_OF_GREEN_RED: u32 = 0;
const COEFFICIENT_OF_GREEN_BLUE: u32 = 3;
const COEFFICIENT_OF_BLUE: u32 = 2;

/// Byte orders in PCR.YCPOS, named from the highest byte down.
const YCPOS_UYVY: u32 = 0;
const YCPOS_YUYV: u32 = 3;

/// All writes for the preview engine, without its enable bit, its address, the controls, and what its
/// functions do ([`crate::config`]), with which its [`window`] changes.
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
    out.put(&regs::AVE, 0);
    out.put(&regs::WADD_OFFSET, output.map_or(0, |output| output.stride_bytes));
    let coefficients = [
        COEFFICIENT_OF_RED,
        COEFFICIENT_OF_GREEN_RED,
        COEFFICIENT_OF_GREEN_BLUE,
        COEFFICIENT_OF_BLUE,
    ];
    out.put(&regs::WBSEL, order.map_or(0, |order| mosaic(order, coefficients)));
}

fn control(state: &BlockState, to_memory: bool, is_mosaic: bool) -> u32 {
    let uyvy = encoding(state.source.code) == Some(Encoding::Yuv16 { chroma_first: true });
    regs::pcr::ONESHOT.of(1)
        | regs::pcr::CFAEN.of(is_mosaic.into())
        | regs::pcr::YCPOS.of(if uyvy { YCPOS_UYVY } else { YCPOS_YUYV })
        | regs::pcr::RSZPORT.of((!to_memory).into())
        | regs::pcr::SDRPORT.of(to_memory.into())
}

/// What is read is larger than the crop by what the functions that are `on` eat (TRM: interpolation, noise
/// filter and defect correction two pixels and lines a side, median two pixels a side, luma enhancement
/// and chroma suppression two pixels on the left).
pub fn window(state: &BlockState, on: PreviewFeatures, out: &mut Writer<'_>) {
    const PIXEL_FILTERS: PreviewFeatures = PreviewFeatures::NF.and(PreviewFeatures::DEFECT_COR);
    const YC_FILTERS: PreviewFeatures = PreviewFeatures::LUMAENH.and(PreviewFeatures::CHROMA_SUPP);
    let is_mosaic = matches!(encoding(state.sink.code), Some(Encoding::Bayer { .. }));
    let margin = |eats: bool| if eats { MARGIN } else { 0 };
    let any = |of: PreviewFeatures| margin(on.common(of) != PreviewFeatures::NONE);
    let lines = margin(is_mosaic) + any(PIXEL_FILTERS);
    let right = lines + any(PreviewFeatures::HRZ_MED);
    let left = right + any(YC_FILTERS);
    let span = |(first, count): (u16, u16), (before, after): (u32, u32)| {
        let first = u32::from(first);
        (first - before, first + u32::from(count) - 1 + after)
    };
    let crop = &state.crop;
    let (start, end) = span((crop.left_px, crop.width_px), (left, right));
    out.put(&regs::HORZ_INFO, regs::horz_info::SPH.of(start) | regs::horz_info::EPH.of(end));
    let (start, end) = span((crop.top_px, crop.height_px), (lines, lines));
    out.put(&regs::VERT_INFO, regs::vert_info::SLV.of(start) | regs::vert_info::ELV.of(end));
}

/// The word of WBGAIN for gains of red, green in red lines, green in blue lines, and blue, U8Q5.
#[must_use]
pub fn white_balance([red, green_red, green_blue, blue]: [u8; 4]) -> u32 {
    // By position: green in red lines, red, blue, green in blue lines.
    regs::wbgain::COEF0.of(green_red.into())
        | regs::wbgain::COEF1.of(red.into())
        | regs::wbgain::COEF2.of(blue.into())
        | regs::wbgain::COEF3.of(green_blue.into())
}
