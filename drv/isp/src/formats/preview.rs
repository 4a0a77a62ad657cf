//! Preview engine: pad 0 Bayer or grey from the video port, pad 1 YUV 4:2:2.
//!
//! The filters eat a margin on each side, so the crop is smaller than the input; the source has
//! the size of the crop.

use idl::types::{BlockState, Feed, FormatChange, MbusCode, PadFormat, Rect};

use super::code::{self, Encoding, encoding};
use super::even;

/// Smallest and largest input width, in pixels (line memory of revision 15.0).
const WIDTH_PX: (u16, u16) = (64, 4096);
/// Smallest and largest input height, in lines.
const HEIGHT_PX: (u16, u16) = (16, 16384);
/// Smallest crop, in pixels: what the resizer can take at least.
const SMALLEST_CROP_PX: (u16, u16) = (32, 2);

/// What the filters eat on each side, in pixels and lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Margins {
    left: u16,
    right: u16,
    top: u16,
    bottom: u16,
}

/// The margins: 6, 4, 2, 2, two columns more on both sides if the CCDC feeds it, and two more all around
/// for the interpolation of a mosaic.
fn margins(code: MbusCode, feed: Feed) -> Margins {
    let columns = match feed {
        Feed::Live => 2,
        Feed::Memory => 0,
    };
    let mosaic = match encoding(code) {
        Some(Encoding::Grey { .. }) => 0,
        _ => 2,
    };
    let (left, right) = (6 + columns + mosaic, 4 + columns + mosaic);
    Margins { left, right, top: 2 + mosaic, bottom: 2 + mosaic }
}

/// SGRBG10, 4096x4096 in, YUYV out, as large a crop as possible.
#[must_use]
pub fn default_state() -> BlockState {
    let sink = PadFormat { width_px: 4096, height_px: 4096, code: MbusCode::SGRBG10 };
    with_sink(sink, Feed::Live, MbusCode::YUYV8_1X16)
}

/// Applies a change. A link that is switched afterwards moves no crop (Linux, omap3isp): what does not fit the
/// new feed is refused when the pipeline starts.
#[must_use]
pub fn adjust(state: BlockState, feed: Feed, change: FormatChange) -> BlockState {
    match change {
        FormatChange::Format { pad: 0, format } => with_sink(sink(format), feed, state.source.code),
        FormatChange::Format { pad: 1, format } => {
            BlockState { source: source(state.crop, format.code), ..state }.with_port()
        }
        FormatChange::Format { .. } => state,
        FormatChange::Crop(wanted) => {
            let crop = crop(state.sink, feed, wanted);
            BlockState { crop, source: source(crop, state.source.code), ..state }.with_port()
        }
    }
}

fn sink(wanted: PadFormat) -> PadFormat {
    let usable = match encoding(wanted.code) {
        Some(Encoding::Bayer { bits: 8 | 10, .. } | Encoding::Grey { bits: 8 | 10 }) => wanted.code,
        _ => MbusCode::SGRBG10,
    };
    PadFormat {
        width_px: wanted.width_px.clamp(WIDTH_PX.0, WIDTH_PX.1),
        height_px: wanted.height_px.clamp(HEIGHT_PX.0, HEIGHT_PX.1),
        code: usable,
    }
}

fn with_sink(sink: PadFormat, feed: Feed, source_code: MbusCode) -> BlockState {
    let PadFormat { width_px, height_px, .. } = sink;
    let crop_bounds = crop(sink, feed, Rect { left_px: 0, top_px: 0, width_px, height_px });
    let source = source(crop_bounds, source_code);
    BlockState { sink, crop: crop_bounds, crop_bounds, source, video_port: source }
}

fn crop(sink: PadFormat, feed: Feed, wanted: Rect) -> Rect {
    let margins = margins(sink.code, feed);
    let (right_px, bottom_px) = (sink.width_px - margins.right, sink.height_px - margins.bottom);
    let left_px = even(wanted.left_px).clamp(margins.left, right_px - SMALLEST_CROP_PX.0);
    let top_px = even(wanted.top_px).clamp(margins.top, bottom_px - SMALLEST_CROP_PX.1);
    // 4:2:2 has pairs of pixels.
    let width_px = even(wanted.width_px.clamp(SMALLEST_CROP_PX.0, right_px - left_px));
    let height_px = wanted.height_px.clamp(SMALLEST_CROP_PX.1, bottom_px - top_px);
    Rect { left_px: even(left_px), top_px: even(top_px), width_px, height_px }
}

fn source(crop: Rect, wanted: MbusCode) -> PadFormat {
    let Rect { width_px, height_px, .. } = crop;
    PadFormat { width_px, height_px, code: code::yuv16_or_default(wanted) }
}

/// The field that means nothing here repeats the source.
trait WithPort {
    fn with_port(self) -> Self;
}

impl WithPort for BlockState {
    fn with_port(self) -> Self {
        Self { video_port: self.source, ..self }
    }
}
