//! Resizer: YUV 4:2:2 in and out, cropped on pad 0.
//!
//! Behaves as if KEEP_CONFIG were set: a new crop keeps the output size if the ratios allow, and
//! is enlarged or shrunk if not. What the hardware reads is a little less than what was asked for,
//! because the input must satisfy the equations exactly; it is centred in the crop as asked for.
//! The state's `crop` is what the hardware reads. The size that was asked for is kept in the field
//! that means nothing here, `video_port`: else the crop would shrink with each new output size.

use idl::types::{BlockState, FormatChange, MbusCode, PadFormat, Rect};

use super::{code, even};
use crate::scaling::{self, Axis};

/// Smallest and largest input width and height, in pixels.
const INPUT_PX: (u16, u16) = (32, 4095);

/// YUYV, as large as it gets, 1:1.
#[must_use]
pub fn default_state() -> BlockState {
    with_sink(sink(PadFormat { width_px: 4096, height_px: 4096, code: MbusCode::YUYV8_1X16 }))
}

/// Applies a change.
#[must_use]
pub fn adjust(state: BlockState, change: FormatChange) -> BlockState {
    match change {
        FormatChange::Format { pad: 0, format } => with_sink(sink(format)),
        FormatChange::Format { pad: 1, format } => {
            resize(state.sink, asked(&state), (format.width_px, format.height_px))
        }
        FormatChange::Format { .. } => state,
        FormatChange::Crop(wanted) => {
            let out = (state.source.width_px, state.source.height_px);
            resize(state.sink, crop(state.sink, out, wanted), out)
        }
    }
}

/// The ratios and exact input of a state, for the registers: horizontal, vertical.
#[must_use]
pub fn axes(state: &BlockState) -> (Axis, Axis) {
    let available = (u32::from(state.crop.width_px), u32::from(state.crop.height_px));
    let out = (u32::from(state.source.width_px), u32::from(state.source.height_px));
    scaling::solve(available, out)
}

fn sink(wanted: PadFormat) -> PadFormat {
    PadFormat {
        width_px: even(wanted.width_px.clamp(INPUT_PX.0, INPUT_PX.1)),
        height_px: wanted.height_px.clamp(INPUT_PX.0, INPUT_PX.1),
        code: code::yuv16_or_default(wanted.code),
    }
}

fn with_sink(sink: PadFormat) -> BlockState {
    resize(sink, whole(sink), (sink.width_px, sink.height_px))
}

fn whole(sink: PadFormat) -> Rect {
    let PadFormat { width_px, height_px, .. } = sink;
    Rect { left_px: 0, top_px: 0, width_px, height_px }
}

/// The crop as it was asked for, from the exact one in its middle.
fn asked(state: &BlockState) -> Rect {
    let PadFormat { width_px, height_px, .. } = state.video_port;
    let back = |exact: u16, asked: u16| asked.saturating_sub(exact) / 2;
    let Rect { left_px, top_px, width_px: exact_width, height_px: exact_height } = state.crop;
    Rect {
        left_px: left_px.saturating_sub(even(back(exact_width, width_px))),
        top_px: top_px.saturating_sub(back(exact_height, height_px)),
        width_px,
        height_px,
    }
}

/// The crop nearest to `wanted` from which `out` can be made, inside of the sink.
fn crop(sink: PadFormat, out: (u16, u16), wanted: Rect) -> Rect {
    let (width, height) = scaling::input_range((out.0.into(), out.1.into()));
    // Ranges end far below 65536: 4 x 4095 + 7.
    let limit = |value: u16, range: (u32, u32)| value.clamp(range.0 as u16, range.1 as u16);
    let left_px = even(wanted.left_px.min(sink.width_px - INPUT_PX.0));
    let top_px = wanted.top_px.min(sink.height_px - INPUT_PX.0);
    Rect {
        left_px,
        top_px,
        width_px: limit(wanted.width_px, width).clamp(INPUT_PX.0, sink.width_px - left_px),
        height_px: limit(wanted.height_px, height).clamp(INPUT_PX.0, sink.height_px - top_px),
    }
}

fn resize(sink: PadFormat, asked: Rect, out: (u16, u16)) -> BlockState {
    let Rect { left_px, top_px, width_px, height_px } = asked;
    let available = (u32::from(width_px), u32::from(height_px));
    let (horizontal, vertical) = scaling::solve(available, (out.0.into(), out.1.into()));
    let (exact_width, exact_height) = (horizontal.input as u16, vertical.input as u16);
    let crop = Rect {
        // Pairs of pixels: the input begins with a blue-difference sample.
        left_px: left_px + even((width_px - exact_width) / 2),
        top_px: top_px + (height_px - exact_height) / 2,
        width_px: exact_width,
        height_px: exact_height,
    };
    BlockState {
        sink,
        crop,
        crop_bounds: whole(sink),
        source: PadFormat {
            width_px: horizontal.out as u16,
            height_px: vertical.out as u16,
            code: sink.code,
        },
        video_port: PadFormat { width_px, height_px, code: sink.code },
    }
}
