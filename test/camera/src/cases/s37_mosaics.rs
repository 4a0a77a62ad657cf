//! S37: the preview engine develops every raw format of its input: four orders of a mosaic, and grey.

use idl::types::{MbusCode, PixFormat, Rect, code};
use task_client::Subdev;

use super::memory::{self, FIRST, Pair};
use crate::check::{Failure, Verdict, equal, ok};
use crate::ensure;
use crate::mmio::Pixels;
use crate::stage::{SENSOR_PX, Stage};
use crate::text::Text;

/// As far from each edge of the input as from the one across, so that a mirrored input gives a mirrored picture.
const CROP: Rect =
    Rect { left_px: 10, top_px: 4, width_px: SENSOR_PX.0 - 20, height_px: SENSOR_PX.1 - 8 };

/// Codes of ten and of eight bits, and how the picture is turned of which the mosaic is this one when that of the
/// picture is GRBG: left for right, top for bottom.
const MOSAICS: [([MbusCode; 2], (bool, bool)); 4] = [
    ([MbusCode::SGRBG10, MbusCode::SGRBG8], (false, false)),
    // SRGGB, SBGGR, SGBRG.
    ([MbusCode(0x300f), MbusCode(0x3014)], (true, false)),
    ([MbusCode(0x3007), MbusCode(0x3001)], (false, true)),
    ([MbusCode(0x300e), MbusCode(0x3013)], (true, true)),
];
/// Y10 and Y8.
const GREYS: [MbusCode; 2] = [MbusCode(0x200a), MbusCode(0x2001)];

/// A strong red, of which there is a patch in the middle.
const RED: [u32; 3] = [225, 50, 5];

/// Red, green and blue of a picture with slopes and edges in all of them, in codes of eight bits.
fn scene(x: u32, y: u32) -> [u32; 3] {
    let (width, height) = (u32::from(SENSOR_PX.0), u32::from(SENSOR_PX.1));
    if x.abs_diff(width / 2) < 16 && y.abs_diff(height / 2) < 12 {
        return RED;
    }
    let edge = (x / 13 + y / 11) % 2 * 60;
    [20 + x + edge, 180 - y, 30 + edge + (x + 2 * y) / 4]
}

/// A sample of the mosaic GRBG of that picture.
fn sample(x: u32, y: u32) -> u32 {
    let colour = [[1, 0], [2, 1]][y as usize % 2][x as usize % 2];
    scene(x, y)[colour]
}

/// Develops one frame of these samples, of eight bits, in a code.
fn develop(
    stage: &mut Stage,
    code: MbusCode,
    sample: impl Fn(u32, u32) -> u32,
) -> Result<(Pair, Pixels), Failure> {
    stage.all_ready(None)?;
    let mut layout = ok("set up", stage.camera.developed_of(SENSOR_PX, code))?;
    let preview = ok("open the preview engine", Subdev::open(stage.camera.preview))?;
    layout.crop = ok("S_SELECTION", preview.set_crop(CROP))?.crop;
    equal("crop", layout.crop, CROP)?;
    ok("close", preview.close())?;
    (layout.output.width_px, layout.output.height_px) = (CROP.width_px, CROP.height_px);
    let pair = Pair::open(stage, (memory::preview_input, memory::preview_output), layout)?;
    equal("format", Some(pair.input.format.pixel_format), code::pixel_format(code))?;
    let bytes = code::encoding(code).map_or(0, code::pixel_bytes);
    let input = pair.input.pixels(stage.nodes.preview_input.pool.pixels, stage, FIRST)?;
    let PixFormat { width_px, height_px, stride_bytes, .. } = pair.input.format;
    // Ten bits in two bytes, or the upper eight in one.
    let (samples, bits, unit) = if bytes == 1 { (4, 8, 1) } else { (2, 16, 4) };
    for y in 0..u32::from(height_px) {
        for x in (0..u32::from(width_px)).step_by(samples as usize) {
            let word =
                (0..samples).fold(0, |word, n| word | (sample(x + n, y) * unit) << (bits * n));
            input.write((y * stride_bytes + x * bytes) as usize, word);
        }
    }
    pair.start(stage)?;
    let made = pair.run(stage, 1)?;
    let pool = stage.nodes.preview_output.pool.pixels;
    let picture = pair.output.pixels(pool, stage, made.frame.buffer)?;
    Ok((pair, picture))
}

/// The samples of a turned picture.
fn turned((mirrored, flipped): (bool, bool)) -> impl Fn(u32, u32) -> u32 {
    let (width, height) = (u32::from(SENSOR_PX.0), u32::from(SENSOR_PX.1));
    move |x, y| {
        let x = if mirrored { width - 1 - x } else { x };
        sample(x, if flipped { height - 1 - y } else { y })
    }
}

/// Pairs in which a picture is not the turned one, bit by bit.
fn differences(found: Pixels, kept: Pixels, format: PixFormat, turn: (bool, bool)) -> u32 {
    let (width, height) = (u32::from(format.width_px), u32::from(format.height_px));
    let (mirrored, flipped) = turn;
    let mut differ = 0;
    for y in 0..height {
        for x in (0..width).step_by(2) {
            let from = if mirrored { width - 2 - x } else { x };
            let line = if flipped { height - 1 - y } else { y };
            let pair = kept.read((line * format.stride_bytes + 2 * from) as usize);
            // Luma of the two pixels stands in the first and the third byte.
            let swapped = pair & 0xFF00_FF00 | pair >> 16 & 0xFF | (pair & 0xFF) << 16;
            let wanted = if mirrored { swapped } else { pair };
            differ += u32::from(found.read((y * format.stride_bytes + 2 * x) as usize) != wanted);
        }
    }
    differ
}

/// A picture and its three turned ones are the mosaics of all orders, and are developed to the same colours, bit
/// for bit, from eight and from ten bits. Taken for another order it is another picture.
pub fn every_order(stage: &mut Stage) -> Verdict {
    let mut kept = None;
    for (codes, turn) in MOSAICS {
        for code in codes {
            let (pair, picture) = develop(stage, code, turned(turn))?;
            let format = pair.output.format;
            let middle = u32::from(format.height_px / 2) * format.stride_bytes;
            let red = picture.read((middle + u32::from(format.width_px)) as usize).to_le_bytes();
            ensure!(red[1] < 118 && red[3] > 138, "{code:?}: the red patch is {red:?}");
            let first = *kept.get_or_insert_with(|| {
                let kept = stage.nodes.resizer_input.pool.pixels.part(0, picture.bytes());
                kept.fill_from(picture);
                kept
            });
            equal(
                "pairs that differ",
                (code, differences(picture, first, format, turn)),
                (code, 0),
            )?;
            pair.close(stage)?;
        }
    }
    let kept = kept.ok_or(crate::failure!("nothing was developed"))?;
    let mut confused = [0; MOSAICS.len()];
    for (([code, _], _), confused) in MOSAICS.into_iter().zip(&mut confused) {
        let (pair, picture) = develop(stage, code, sample)?;
        *confused = differences(picture, kept, pair.output.format, (false, false));
        pair.close(stage)?;
    }
    let pairs = u32::from(CROP.width_px / 2) * u32::from(CROP.height_px);
    let [right, others @ ..] = confused;
    ensure!(right == 0 && others.iter().all(|wrong| *wrong > pairs * 9 / 10), "{confused:?}");
    Ok(Text::of(format_args!("of {pairs} pairs, orders confused: {confused:?}")))
}

/// Luma of each code of eight bits, once it has been seen.
type Seen = [Option<u8>; 256];

/// Grey has no colour, each pixel is of its own sample alone, and more light is lighter; eight bits are the upper
/// ones of ten.
pub fn grey(stage: &mut Stage) -> Verdict {
    let mut seen: Seen = [None; 256];
    for code in GREYS {
        let (pair, picture) = develop(stage, code, sample)?;
        look(picture, pair.output.format, &mut seen)?;
        pair.close(stage)?;
    }
    let levels = seen.iter().flatten();
    ensure!(levels.clone().is_sorted(), "more light is darker");
    let (count, darkest, lightest) = (levels.clone().count(), levels.clone().min(), levels.max());
    let contrast = lightest.zip(darkest).map_or(0, |(light, dark)| light - dark);
    ensure!(count > 100 && contrast > 100, "{count} codes, {darkest:?} to {lightest:?}");
    Ok(Text::of(format_args!("{count} codes, luma {darkest:?} to {lightest:?}")))
}

fn look(picture: Pixels, format: PixFormat, seen: &mut Seen) -> Result<(), Failure> {
    for y in 0..u32::from(format.height_px) {
        for x in (0..u32::from(format.width_px)).step_by(2) {
            let word = picture.read((y * format.stride_bytes + 2 * x) as usize);
            let [first, cb, second, cr] = word.to_le_bytes();
            equal("colour", (x, y, cb, cr), (x, y, 128, 128))?;
            let (left, top) = (u32::from(CROP.left_px), u32::from(CROP.top_px));
            for (luma, x) in [(first, x), (second, x + 1)] {
                let place = &mut seen[sample(left + x, top + y) as usize];
                equal("luma", (x, y, luma), (x, y, *place.get_or_insert(luma)))?;
            }
        }
    }
    Ok(())
}
