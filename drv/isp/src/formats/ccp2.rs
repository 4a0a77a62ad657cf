//! CCP2: pad 0 raw or compressed, from memory, pad 1 raw.

use idl::types::{BlockState, FormatChange, MbusCode, PadFormat, Rect};

/// Smallest and largest width of what the memory channel reads, in pixels (Linux omap3isp).
const WIDTH_PX: (u16, u16) = (16, 8191);
/// Smallest and largest height, in lines.
const HEIGHT_PX: (u16, u16) = (1, 8191);

/// SGRBG10, 4096x4096.
#[must_use]
pub fn default_state() -> BlockState {
    with_sink(PadFormat { width_px: 4096, height_px: 4096, code: MbusCode::SGRBG10 })
}

/// The sink takes SGRBG10, also compressed; the source is always decompressed.
#[must_use]
pub fn adjust(state: BlockState, change: FormatChange) -> BlockState {
    match change {
        FormatChange::Format { pad: 0, format } => {
            let compressed = format.code == MbusCode::SGRBG10_DPCM8;
            with_sink(PadFormat {
                width_px: format.width_px.clamp(WIDTH_PX.0, WIDTH_PX.1),
                height_px: format.height_px.clamp(HEIGHT_PX.0, HEIGHT_PX.1),
                code: if compressed { format.code } else { MbusCode::SGRBG10 },
            })
        }
        _ => state,
    }
}

fn with_sink(sink: PadFormat) -> BlockState {
    let PadFormat { width_px, height_px, .. } = sink;
    let whole = Rect { left_px: 0, top_px: 0, width_px, height_px };
    let source = PadFormat { code: MbusCode::SGRBG10, ..sink };
    BlockState { sink, crop: whole, crop_bounds: whole, source, video_port: source }
}
