//! Resizer: YUV 4:2:2 from the preview engine, or from memory, to memory.

use drv_isp_regs::{Register, resizer as regs};
use idl::types::{BlockState, PixFormat};

use crate::formats::code::{Encoding, encoding};
use crate::formats::resizer::axes;
use crate::registers::Writer;
use crate::scaling::{START_PHASE, UNITY};
use crate::tuning;

/// Pixels in a burst of 32 bytes, where reading begins (TRM: SDR_INADD).
const BURST_PX: u16 = 16;
/// Bytes of a pixel in memory.
const PIXEL_BYTES: u32 = 2;

/// All writes for the resizer, without its enable bit and addresses. `input_stride_bytes`: it reads
/// from memory.
pub fn configure(
    state: &BlockState,
    input_stride_bytes: Option<u32>,
    output: &PixFormat,
    out: &mut Writer<'_>,
) {
    out.put(&regs::PCR, regs::pcr::ONESHOT.of(1));
    out.put(&regs::SDR_INADD, 0);
    out.put(&regs::SDR_INOFF, input_stride_bytes.unwrap_or(0));
    out.put(&regs::SDR_OUTOFF, output.stride_bytes);
    out.put(&regs::YENH, 0);
    crop(state, input_stride_bytes.is_some(), out);
}

/// How far behind the first byte of a picture in memory its crop begins: at the burst with the first
/// pixel. The pixels before that one in the burst are skipped by IN_START.
#[must_use]
pub fn memory_start(state: &BlockState, stride_bytes: u32) -> u32 {
    let burst = u32::from(state.crop.left_px / BURST_PX * BURST_PX);
    u32::from(state.crop.top_px) * stride_bytes + burst * PIXEL_BYTES
}

/// The writes that another crop of the same picture needs.
pub fn crop(state: &BlockState, from_memory: bool, out: &mut Writer<'_>) {
    let (horizontal, vertical) = axes(state);
    let yuyv = encoding(state.sink.code) == Some(Encoding::Yuv16 { chroma_first: false });
    let count = regs::cnt::HRSZ.of(horizontal.ratio - 1)
        | regs::cnt::VRSZ.of(vertical.ratio - 1)
        | regs::cnt::HSTPH.of(START_PHASE)
        | regs::cnt::VSTPH.of(START_PHASE)
        | regs::cnt::YCPOS.of(yuyv.into())
        | regs::cnt::INPSRC.of(from_memory.into())
        // A sharp filter would ring in enlarged chroma.
        | regs::cnt::CBILIN.of((horizontal.ratio < UNITY).into());
    out.put(&regs::CNT, count);
    let size = regs::out_size::HORZ.of(horizontal.out) | regs::out_size::VERT.of(vertical.out);
    out.put(&regs::OUT_SIZE, size);
    let (left, top) = if from_memory {
        (u32::from(state.crop.left_px % BURST_PX), 0)
    } else {
        // Live input counts bytes.
        (PIXEL_BYTES * u32::from(state.crop.left_px), u32::from(state.crop.top_px))
    };
    let start = regs::in_start::HORZ_ST.of(left) | regs::in_start::VERT_ST.of(top);
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
