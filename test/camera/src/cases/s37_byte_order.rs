//! S37: the bytes of a developed picture stand in the order of its format's name.

use idl::subdev;
use idl::types::{FormatChange, MbusCode, PadFormat, PixFormat, PixelFormat, Which};

use super::memory::{self, FIRST, Pair};
use crate::check::{Verdict, equal, ok};
use crate::ensure;
use crate::stage::{SENSOR_PX, Stage};
use crate::text::Text;

/// Samples of ten bits of a strong red: luma is not the middle, Cr is above it and Cb below.
const RED: u32 = 900;
const GREEN: u32 = 200;
const BLUE: u32 = 20;

/// The code of the pad, its pixel format, and where luma, Cb and Cr are in the bytes of a pair.
const FORMATS: [(MbusCode, PixelFormat, [usize; 3]); 2] = [
    (MbusCode::YUYV8_1X16, PixelFormat::YUYV, [0, 1, 3]),
    (MbusCode::UYVY8_1X16, PixelFormat::UYVY, [1, 0, 2]),
];

/// A red picture, developed in both formats, has its three values where the format says.
pub fn preview(stage: &mut Stage) -> Verdict {
    let mut seen = [[0; 3]; FORMATS.len()];
    for ((code, pixel_format, places), seen) in FORMATS.into_iter().zip(&mut seen) {
        stage.all_ready(None)?;
        let mut layout = ok("set up", stage.camera.developed(SENSOR_PX, false))?;
        let PixFormat { width_px, height_px, .. } = layout.output;
        let node = subdev::Client::to(stage.camera.preview);
        let handle = ok("open the preview", node.open())?;
        let format = PadFormat { width_px, height_px, code };
        let change = FormatChange::Format { pad: 1, format };
        let state = ok("set the format", node.adjust(handle, Which::Active, change))?;
        equal("code of the source", state.source.code, code)?;
        ok("close the preview", node.close(handle))?;
        layout.output.pixel_format = pixel_format;

        let pair = Pair::open(stage, (memory::preview_input, memory::preview_output), layout)?;
        let input = pair.input.pixels(stage.nodes.preview_input.pool.pixels, stage, FIRST)?;
        let PixFormat { stride_bytes, height_px, .. } = pair.input.format;
        for y in 0..u32::from(height_px) {
            // Green and red, then blue and green.
            let word = if y % 2 == 0 { RED << 16 | GREEN } else { GREEN << 16 | BLUE };
            for offset in (y * stride_bytes..(y + 1) * stride_bytes).step_by(4) {
                input.write(offset as usize, word);
            }
        }
        pair.start(stage)?;
        let made = pair.run(stage, 1)?;
        let pool = stage.nodes.preview_output.pool.pixels;
        let picture = pair.output.pixels(pool, stage, made.frame.buffer)?;
        let middle = u32::from(height_px) / 2 * pair.output.format.stride_bytes + 256;
        let bytes = picture.read(middle as usize).to_le_bytes();
        *seen = places.map(|place| bytes[place]);
        let [luma, cb, cr] = *seen;
        ensure!(cb < 118 && cr > 138, "{pixel_format:?}: {bytes:?}");
        equal("luma of both pixels", bytes[places[0] + 2], luma)?;
        pair.close(stage)?;
    }
    equal("luma, Cb and Cr in both orders", seen[0], seen[1])?;
    let [luma, cb, cr] = seen[0];
    Ok(Text::of(format_args!("Y {luma}, Cb {cb}, Cr {cr} in both orders")))
}
