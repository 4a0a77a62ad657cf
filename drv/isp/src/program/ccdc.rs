//! CCDC: frames to memory, or lines to the video port or, of YCbCr, to the resizer.
//!
//! YCbCr comes in words, two bytes of the parallel port each ([`super::main_block::Bridge`]); so the windows count
//! pixels, as those of raw samples do (Linux omap3isp).

use drv_isp_regs::{ccdc as regs, sbl};
use idl::types::{BlockState, PixFormat};

use super::Path;
use crate::formats::code::{BayerOrder, Encoding, encoding};
use crate::registers::{Registers, Writer};
use crate::tuning;

/// Colours in COLPTN.
const RED: u32 = 0;
const GREEN_IN_RED_LINE: u32 = 1;
const GREEN_IN_BLUE_LINE: u32 = 2;
const BLUE: u32 = 3;

/// SYN_MODE.INPMOD: a mosaic.
const INPUT_RAW: u32 = 0;
/// SYN_MODE.INPMOD: YCbCr in words of 16 bits.
const INPUT_YCBCR_16: u32 = 1;

/// Keep all lines and pixels.
const CULL_NOTHING: u32 = 0xFFFF_00FF;
/// A-law off, in its reset position.
const ALAW_OFF: u32 = 4;
/// Lens shading off, with the paxel size of reset.
const SHADING_OFF: u32 = 0x6600;

/// 16 places of a 4x4 mosaic, 2 bits each, first line in the low byte. `values` belong to red,
/// green in red lines, green in blue lines, and blue.
#[must_use]
pub fn mosaic(order: BayerOrder, values: [u32; 4]) -> u32 {
    let [red, green_red, green_blue, blue] = values;
    let cell = match order {
        BayerOrder::Rggb => [red, green_red, green_blue, blue],
        BayerOrder::Grbg => [green_red, red, blue, green_blue],
        BayerOrder::Gbrg => [green_blue, blue, red, green_red],
        BayerOrder::Bggr => [blue, green_blue, green_red, red],
    };
    let line = |first: u32, second: u32| (first | second << 2) * 0b1_0001;
    (line(cell[0], cell[1]) | line(cell[2], cell[3]) << 8) * 0x1_0001
}

/// All writes for the CCDC, without its enable bit and address.
pub fn configure(state: &BlockState, path: Path, output: &PixFormat, out: &mut Writer<'_>) {
    let encoding = encoding(state.sink.code);
    // First: the rows below take effect at frame start only if this is set.
    out.put(&regs::CFG, regs::cfg::VDLC.of(1) | regs::cfg::BSWD.of(swaps(state).into()));
    out.put(&regs::SYN_MODE, syn_mode(encoding, path));
    let colours = [RED, GREEN_IN_RED_LINE, GREEN_IN_BLUE_LINE, BLUE];
    let pattern = match encoding {
        Some(Encoding::Bayer { order, .. }) => mosaic(order, colours),
        _ => 0,
    };
    out.put(&regs::COLPTN, pattern);
    correction(bits(encoding), path, out);
    events(state, out);
    memory_window(state, output, out);
    video_port(state, encoding, path, out);
}

/// Whether the bytes of a pixel must change places: YCbCr leaves the CCDC chroma first.
fn swaps(state: &BlockState) -> bool {
    encoding(state.source.code) == Some(Encoding::Yuv16 { chroma_first: false })
}

/// Bits of a code, if the CCDC gets a mosaic: other input it does not correct (TRM).
pub fn mosaic_bits(state: &BlockState) -> Option<u8> {
    match encoding(state.sink.code) {
        Some(Encoding::Bayer { bits, .. }) => Some(bits),
        _ => None,
    }
}

fn bits(encoding: Option<Encoding>) -> u8 {
    match encoding {
        Some(Encoding::Bayer { bits, .. } | Encoding::Grey { bits }) => bits,
        _ => 8,
    }
}

fn syn_mode(encoding: Option<Encoding>, path: Path) -> u32 {
    let data_size = match bits(encoding) {
        8 => 7,
        10 => 6,
        _ => 4,
    };
    let (input, packs) = match encoding {
        Some(Encoding::Yuv8 { .. }) => (INPUT_YCBCR_16, false),
        _ => (INPUT_RAW, bits(encoding) == 8),
    };
    regs::syn_mode::VDHDEN.of(1)
        | regs::syn_mode::DATSIZ.of(data_size)
        | regs::syn_mode::INPMOD.of(input)
        | regs::syn_mode::PACK8.of(packs.into())
        | regs::syn_mode::WEN.of((path == Path::Raw).into())
        | regs::syn_mode::SDR2RSZ.of((path == Path::Scaled).into())
}

/// What does not go to the preview engine is what the sensor sent; a picture starts from true black.
fn correction(bits: u8, path: Path, out: &mut Writer<'_>) {
    out.put(&regs::CLAMP, 0);
    let dropped = tuning::BLACK_LEVEL_BITS.saturating_sub(bits);
    let level = if path.is_developed() { tuning::BLACK_LEVEL >> dropped } else { 0 };
    out.put(&regs::DCSUB, level);
    out.put(&regs::BLKCMP, 0);
    out.put(&regs::FPC, 0);
    out.put(&regs::CULLING, CULL_NOTHING);
    out.put(&regs::ALAW, ALAW_OFF);
    out.put(&regs::REC656IF, 0);
    out.put(&regs::LSC_CONFIG, SHADING_OFF);
}

/// VD0 two lines before the end, VD1 after two thirds.
fn events(state: &BlockState, out: &mut Writer<'_>) {
    let lines = u32::from(state.sink.height_px);
    let vdint = regs::vdint::VDINT0.of(lines - 2) | regs::vdint::VDINT1.of(lines * 2 / 3);
    out.put(&regs::VDINT, vdint);
}

fn memory_window(state: &BlockState, output: &PixFormat, out: &mut Writer<'_>) {
    let crop = state.crop;
    let (left, top) = (u32::from(crop.left_px), u32::from(crop.top_px));
    let (width, height) = (u32::from(crop.width_px), u32::from(crop.height_px));
    let horizontal = regs::horz_info::SPH.of(left) | regs::horz_info::NPH.of(width - 1);
    out.put(&regs::HORZ_INFO, horizontal);
    let start = regs::vert_start::SLV0.of(top) | regs::vert_start::SLV1.of(top);
    out.put(&regs::VERT_START, start);
    out.put(&regs::VERT_LINES, regs::vert_lines::NLV.of(height - 1));
    out.put(&regs::HSIZE_OFF, output.stride_bytes);
    out.put(&regs::SDOFST, 0);
}

fn video_port(state: &BlockState, encoding: Option<Encoding>, path: Path, out: &mut Writer<'_>) {
    if !path.is_developed() {
        out.put(&regs::FMTCFG, 0);
        return;
    }
    // Which ten bits of the input: the upper ones of 12, all of 10 and 8.
    let selection = if bits(encoding) == 12 { 4 } else { 6 };
    let (width, height) = (u32::from(state.video_port.width_px), state.video_port.height_px.into());
    out.put(&regs::FMT_HORZ, regs::fmt_horz::FMTLNH.of(width));
    // The formatter's window is a line taller than the port's output (TRM: VERT_NUM < FMTLNV).
    out.put(&regs::FMT_VERT, regs::fmt_vert::FMTLNV.of(height + 1));
    let output = regs::vp_out::HORZ_NUM.of(width) | regs::vp_out::VERT_NUM.of(height);
    out.put(&regs::VP_OUT, output);
    out.put(&regs::FMTCFG, regs::fmtcfg::VPEN.of(1) | regs::fmtcfg::VPIN.of(selection));
}

/// Whether data of the CCDC waits to be written to memory.
pub fn writes_pending(registers: &mut impl Registers) -> bool {
    (0..usize::from(sbl::CCDC_WR.count)).any(|index| {
        sbl::ccdc_wr::DATA_READY.is_set(registers.read_at(sbl::CCDC_WR.offset_at(index)))
    })
}
