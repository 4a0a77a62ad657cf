//! CSI2a: it passes on what it receives, decompressed if that is wanted.

use idl::types::{BlockState, FormatChange, MbusCode, PadFormat, Rect};

use super::code::{Encoding, encoding};

/// Largest width and height, in pixels: 13-bit counters.
const LARGEST_PX: u16 = 8191;

/// SGRBG10, 4096x4096.
#[must_use]
pub fn default_state() -> BlockState {
    with_sink(PadFormat { width_px: 4096, height_px: 4096, code: MbusCode::SGRBG10 })
}

/// The sink takes raw Bayer, also compressed; the source repeats it, or has what the codes stand for
/// (Linux omap3isp: the code of the source pad says which).
#[must_use]
pub fn adjust(state: BlockState, change: FormatChange) -> BlockState {
    match change {
        FormatChange::Format { pad: 0, format } => {
            let raw = matches!(
                encoding(format.code),
                Some(Encoding::Bayer { .. } | Encoding::Compressed)
            );
            with_sink(PadFormat {
                width_px: format.width_px.clamp(1, LARGEST_PX),
                height_px: format.height_px.clamp(1, LARGEST_PX),
                code: if raw { format.code } else { MbusCode::SGRBG10 },
            })
        }
        FormatChange::Format { pad: 1, format } => {
            let compressed = state.sink.code == MbusCode::SGRBG10_DPCM8;
            let decompressed = compressed && format.code == MbusCode::SGRBG10;
            let code = if decompressed { format.code } else { state.sink.code };
            let source = PadFormat { code, ..state.sink };
            BlockState { source, video_port: source, ..state }
        }
        _ => state,
    }
}

fn with_sink(sink: PadFormat) -> BlockState {
    let PadFormat { width_px, height_px, .. } = sink;
    let whole = Rect { left_px: 0, top_px: 0, width_px, height_px };
    BlockState { sink, crop: whole, crop_bounds: whole, source: sink, video_port: sink }
}
