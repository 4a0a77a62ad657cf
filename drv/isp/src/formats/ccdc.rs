//! CCDC: pad 0 from the sensor, pad 1 the output formatter (memory path, cropped), pad 2 the video
//! port (to the preview engine and the statistics).

use idl::types::{BlockState, FormatChange, MbusCode, PadFormat, Rect};

use super::code::{self, Encoding, encoding};
use super::even;

/// Smallest width and height of anything, in pixels.
const SMALLEST_PX: u16 = 32;
/// Largest width and height of the input, in pixels.
const LARGEST_PX: u16 = 4096;
/// The formatter's lines are multiples of this long, in pixels.
const LINE_UNIT_PX: u16 = 16;
/// Bits per sample of the video port (TRM: 10-bit port).
const PORT_BITS: u8 = 10;

/// SGRBG10, 4096x4096, uncropped.
#[must_use]
pub fn default_state() -> BlockState {
    with_sink(PadFormat { width_px: 4096, height_px: 4096, code: MbusCode::SGRBG10 })
}

/// Applies a change.
#[must_use]
pub fn adjust(state: BlockState, change: FormatChange) -> BlockState {
    match change {
        FormatChange::Format { pad: 0, format } => with_sink(sink(format)),
        FormatChange::Format { pad: 1, format } => {
            BlockState { source: source(state.sink, state.crop, format.code), ..state }
        }
        FormatChange::Format { pad: 2, format } => {
            BlockState { video_port: video_port(state.sink, format), ..state }
        }
        FormatChange::Format { .. } => state,
        FormatChange::Crop(wanted) => {
            let crop = crop(state.sink, wanted);
            let source = source(state.sink, crop, state.source.code);
            let crop_bounds = bounds(state.sink, crop.left_px);
            BlockState { crop, source, crop_bounds, ..state }
        }
    }
}

/// What `wanted` becomes on the sink.
fn sink(wanted: PadFormat) -> PadFormat {
    let known = match encoding(wanted.code) {
        None | Some(Encoding::Yuv16 { .. } | Encoding::Compressed) => MbusCode::SGRBG10,
        Some(_) => wanted.code,
    };
    PadFormat {
        width_px: wanted.width_px.clamp(SMALLEST_PX, LARGEST_PX),
        height_px: wanted.height_px.clamp(SMALLEST_PX, LARGEST_PX),
        code: known,
    }
}

/// A new sink resets everything behind it.
fn with_sink(sink: PadFormat) -> BlockState {
    let PadFormat { width_px, height_px, .. } = sink;
    let crop = crop(sink, Rect { left_px: 0, top_px: 0, width_px, height_px });
    BlockState {
        sink,
        crop,
        crop_bounds: bounds(sink, 0),
        source: source(sink, crop, sink.code),
        video_port: video_port(sink, sink),
    }
}

/// The largest crop from column `left_px` on. It may reach beyond the sensor's line, to the next
/// whole unit, so that the last columns are not lost.
fn bounds(sink: PadFormat, left_px: u16) -> Rect {
    let width_px = (sink.width_px - left_px).next_multiple_of(LINE_UNIT_PX);
    Rect { left_px: 0, top_px: 0, width_px, height_px: sink.height_px }
}

fn crop(sink: PadFormat, wanted: Rect) -> Rect {
    let encoding = encoding(sink.code);
    let bayer = matches!(encoding, Some(Encoding::Bayer { .. }));
    // A mosaic must start with the same colour and end with a whole cell.
    let whole_cells = |value: u16| if bayer { even(value) } else { value };
    let left_px = wanted.left_px.min(sink.width_px - SMALLEST_PX);
    // So must two pixels that share their chroma: from the second one on, Cb would be taken for Cr.
    let paired = bayer || matches!(encoding, Some(Encoding::Yuv8 { .. }));
    let left_px = if paired { even(left_px) } else { left_px };
    let top_px = whole_cells(wanted.top_px.min(sink.height_px - SMALLEST_PX));
    let widest_px = (sink.width_px - left_px).next_multiple_of(LINE_UNIT_PX);
    let width_px = wanted.width_px.clamp(SMALLEST_PX, widest_px) / LINE_UNIT_PX * LINE_UNIT_PX;
    let height_px = whole_cells(wanted.height_px.clamp(SMALLEST_PX, sink.height_px - top_px));
    Rect { left_px, top_px, width_px, height_px }
}

/// The formatter passes raw pixels on, and can swap the bytes of YUV.
fn source(sink: PadFormat, crop: Rect, wanted: MbusCode) -> PadFormat {
    let code = match encoding(sink.code) {
        Some(Encoding::Yuv8 { chroma_first }) => match encoding(wanted) {
            Some(Encoding::Yuv16 { .. }) => wanted,
            _ if chroma_first => MbusCode::UYVY8_1X16,
            _ => MbusCode::YUYV8_1X16,
        },
        _ => sink.code,
    };
    PadFormat { width_px: crop.width_px, height_px: crop.height_px, code }
}

/// The port drops at least the last line, and all but 10 bits. YUV cannot pass: code 0.
fn video_port(sink: PadFormat, wanted: PadFormat) -> PadFormat {
    let narrowed = match encoding(sink.code) {
        Some(Encoding::Bayer { order, bits }) => {
            code::code(Encoding::Bayer { order, bits: bits.min(PORT_BITS) })
        }
        Some(Encoding::Grey { bits }) => code::code(Encoding::Grey { bits: bits.min(PORT_BITS) }),
        _ => None,
    };
    let tallest_px = sink.height_px - 1;
    PadFormat {
        width_px: wanted.width_px.clamp(SMALLEST_PX, sink.width_px),
        height_px: wanted.height_px.clamp(SMALLEST_PX.min(tallest_px), tallest_px),
        code: narrowed.unwrap_or(MbusCode(0)),
    }
}
