//! Resizer: YUV 4:2:2 from the preview engine to memory.

use drv_isp_regs::{Register, resizer as regs};
use idl::types::{BlockState, PixFormat};

use crate::formats::code::{Encoding, encoding};
use crate::formats::resizer::axes;
use crate::registers::Writer;
use crate::scaling::{START_PHASE, UNITY};
use crate::tuning;

/// All writes for the resizer, without its enable bit and address.
pub fn configure(state: &BlockState, output: &PixFormat, out: &mut Writer<'_>) {
    out.put(&regs::PCR, regs::pcr::ONESHOT.of(1));
    out.put(&regs::SDR_INADD, 0);
    out.put(&regs::SDR_INOFF, 0);
    out.put(&regs::SDR_OUTOFF, output.stride_bytes);
    out.put(&regs::YENH, 0);
    crop(state, out);
}

/// The writes that another crop of the same picture needs. The block drops them while it is busy.
pub fn crop(state: &BlockState, out: &mut Writer<'_>) {
    let (horizontal, vertical) = axes(state);
    let yuyv = encoding(state.sink.code) == Some(Encoding::Yuv16 { chroma_first: false });
    let count = regs::cnt::HRSZ.of(horizontal.ratio - 1)
        | regs::cnt::VRSZ.of(vertical.ratio - 1)
        | regs::cnt::HSTPH.of(START_PHASE)
        | regs::cnt::VSTPH.of(START_PHASE)
        | regs::cnt::YCPOS.of(yuyv.into())
        // A sharp filter would ring in enlarged chroma.
        | regs::cnt::CBILIN.of((horizontal.ratio < UNITY).into());
    out.put(&regs::CNT, count);
    let size = regs::out_size::HORZ.of(horizontal.out) | regs::out_size::VERT.of(vertical.out);
    out.put(&regs::OUT_SIZE, size);
    let (left, top) = (u32::from(state.crop.left_px), u32::from(state.crop.top_px));
    // Live input counts bytes: two per pixel.
    let start = regs::in_start::HORZ_ST.of(2 * left) | regs::in_start::VERT_ST.of(top);
    out.put(&regs::IN_START, start);
    let size = regs::in_size::HORZ.of(horizontal.input) | regs::in_size::VERT.of(vertical.input);
    out.put(&regs::IN_SIZE, size);
    filter(&regs::HFILT, tuning::filter(horizontal.ratio), out);
    filter(&regs::VFILT, tuning::filter(vertical.ratio), out);
}

fn filter(register: &Register, coefficients: &tuning::Filter, out: &mut Writer<'_>) {
    for (index, pair) in coefficients.chunks_exact(2).enumerate() {
        let [low, high] = [pair[0], pair[1]].map(|value| i32::from(value) as u32);
        let word = regs::hfilt::LOW.of(low) | regs::hfilt::HIGH.of(high);
        out.put_element(register, index, word);
    }
}
