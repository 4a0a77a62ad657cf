//! S37: the preview engine makes of a raw frame in memory what it makes of the same frame live.

use idl::subdev;
use idl::types::{ControlId, PixFormat, PixelFormat, Rect};
use task_client::Subdev;

use super::memory::{self, FIRST, Pair, Queue};
use crate::check::{Failure, Verdict, equal, ok};
use crate::ensure;
use crate::mmio::Pixels;
use crate::reference::DIAGONAL;
use crate::stage::{SENSOR_PX, Stage};
use crate::text::Text;

/// Black level of the sensor in codes of ten bits (MT9P031: 168 of twelve), which the CCDC takes off in
/// front of the preview engine.
const SENSOR_BLACK: u32 = 42;
/// A raw frame of the sensor, black taken off as the CCDC does it, developed from memory, is bit for bit
/// the picture of the live path. The sensor sends a test pattern, which has no noise.
pub fn live_and_from_memory(stage: &mut Stage) -> Verdict {
    let Live { raw, taken, kept } = Live::take(stage)?;
    let pair = as_live(stage)?;
    let pool = stage.nodes.preview_input.pool.pixels;
    let input = pair.input.pixels(pool, stage, FIRST)?;
    equal("line distance", raw.format.stride_bytes, pair.input.format.stride_bytes)?;
    for offset in (0..input.bytes()).step_by(4) {
        input.write(offset, without_black(taken.read(offset)));
    }
    pair.start(stage)?;
    let made = pair.run(stage, 1)?;
    let pool = stage.nodes.preview_output.pool.pixels;
    let found = pair.output.pixels(pool, stage, made.frame.buffer)?;
    let PixFormat { width_px, height_px, .. } = pair.output.format;
    same(found, kept, pair.output.format)?;
    let sum = found.checksum();
    raw.close(stage)?;
    pair.close(stage)?;
    Ok(Text::of(format_args!("{width_px}x{height_px} pixels, checksum {sum:#010x}")))
}

/// A pipeline from memory that makes what the live one makes of it: the video port gives a line less than the
/// sensor, and the CCDC takes two columns on each side, which memory does not.
fn as_live(stage: &mut Stage) -> Result<Pair, Failure> {
    let mut layout = ok("set up", stage.camera.developed((SENSOR_PX.0, SENSOR_PX.1 - 1), false))?;
    let Rect { left_px, width_px, .. } = layout.crop;
    let live = Rect { left_px: left_px + 2, width_px: width_px - 4, ..layout.crop };
    let preview = ok("open the preview engine", Subdev::open(stage.camera.preview))?;
    layout.crop = ok("S_SELECTION", preview.set_crop(live))?.crop;
    equal("crop", layout.crop, live)?;
    ok("close", preview.close())?;
    layout.output.width_px = live.width_px;
    Pair::open(stage, (memory::preview_input, memory::preview_output), layout)
}

/// A raw frame of the sensor's test pattern, and the picture that the live path makes of the same frame.
pub struct Live {
    /// The queue that the raw frame came through; still open.
    pub raw: Queue,
    /// The raw frame.
    pub taken: Pixels,
    /// The picture.
    pub kept: Pixels,
}

impl Live {
    /// Takes both.
    pub fn take(stage: &mut Stage) -> Result<Self, Failure> {
        stage.all_ready(None)?;
        test_pattern(stage)?;
        let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
        let raw = first_frame(stage, memory::raw, layout.output)?;
        let taken = raw.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?;
        let layout = ok("set up", stage.camera.previewed(SENSOR_PX))?;
        let live = first_frame(stage, memory::preview_output, layout.output)?;
        // A developed picture will take the buffer of the live one, so it is kept in a pool that nobody
        // uses.
        let shown = live.pixels(stage.nodes.preview_output.pool.pixels, stage, FIRST)?;
        let kept = stage.nodes.resizer_input.pool.pixels.part(0, shown.bytes());
        kept.fill_from(shown);
        live.stop(stage)?;
        live.close(stage)?;
        Ok(Self { raw, taken, kept })
    }
}

/// Samples of eight bits are the upper ones of ten: both give the same picture.
pub fn eight_bits(stage: &mut Stage) -> Verdict {
    let (ten, picture) = develop(stage, false)?;
    let flat =
        (0..picture.bytes()).step_by(4).all(|offset| picture.read(offset) == picture.read(0));
    ensure!(!flat, "nothing was developed");
    let kept = stage.nodes.resizer_input.pool.pixels.part(0, picture.bytes());
    kept.fill_from(picture);
    ten.close(stage)?;
    let (eight, picture) = develop(stage, true)?;
    equal("format", eight.input.format.pixel_format, PixelFormat::SGRBG8)?;
    same(picture, kept, eight.output.format)?;
    let sum = picture.checksum();
    eight.close(stage)?;
    Ok(Text::of(format_args!("checksum {sum:#010x}")))
}

/// Develops [`sample`]s of eight or of ten bits.
fn develop(stage: &mut Stage, eight_bits: bool) -> Result<(Pair, Pixels), Failure> {
    let pair = Pair::developed(stage, SENSOR_PX, eight_bits)?;
    let input = pair.input.pixels(stage.nodes.preview_input.pool.pixels, stage, FIRST)?;
    let PixFormat { width_px, height_px, stride_bytes, .. } = pair.input.format;
    let (samples, bits, unit) = if eight_bits { (4, 8, 1) } else { (2, 16, 4) };
    for y in 0..u32::from(height_px) {
        for x in (0..u32::from(width_px)).step_by(samples as usize) {
            let word =
                (0..samples).fold(0, |word, n| word | (sample(x + n, y) * unit) << (bits * n));
            input.write((y * stride_bytes + x * 4 / samples) as usize, word);
        }
    }
    pair.start(stage)?;
    let made = pair.run(stage, 1)?;
    let pool = stage.nodes.preview_output.pool.pixels;
    let picture = pair.output.pixels(pool, stage, made.frame.buffer)?;
    Ok((pair, picture))
}

/// A sample of eight bits: slopes that repeat, with all values.
const fn sample(x: u32, y: u32) -> u32 {
    (7 * x + 13 * y) & 0xFF
}

/// Whether two pictures are the same, bit by bit.
pub fn same(developed: Pixels, live: Pixels, format: PixFormat) -> Result<(), Failure> {
    let (mut differ, mut first) = (0, None);
    for y in 0..u32::from(format.height_px) {
        for x in (0..u32::from(format.width_px)).step_by(2) {
            let offset = (y * format.stride_bytes + 2 * x) as usize;
            let words = (developed.read(offset), live.read(offset));
            if words.0 != words.1 {
                differ += 1;
                first.get_or_insert((x, y, words));
            }
        }
    }
    ensure!(differ == 0, "{differ} pairs differ, first {first:x?} (x, y, (developed, live))");
    Ok(())
}

/// The sensor's diagonal gradient.
pub fn test_pattern(stage: &Stage) -> Result<(), Failure> {
    let sensor = subdev::Client::to(stage.camera.sensor);
    let handle = ok("open the sensor", sensor.open())?;
    let set = sensor.set_control(handle, ControlId::TEST_PATTERN, DIAGONAL);
    equal("test pattern", ok("set control", set)?, DIAGONAL)?;
    ok("close the sensor", sensor.close(handle))
}

/// Two samples of a raw line.
fn without_black(word: u32) -> u32 {
    let sample = |sample: u32| (sample & 0x3FF).saturating_sub(SENSOR_BLACK);
    sample(word) | sample(word >> 16) << 16
}

/// A queue whose first buffer has frame 0 of the sensor; it is streaming.
pub fn first_frame(
    stage: &mut Stage,
    node: memory::Pick,
    format: PixFormat,
) -> Result<Queue, Failure> {
    let queue = Queue::open(stage, node, format)?;
    queue.queue(stage, FIRST)?;
    queue.start(stage)?;
    let info = queue.take(stage)?;
    equal("number of the first frame", info.frame.sequence, 0)?;
    let raw = [PixelFormat::SGRBG12, PixelFormat::SGRBG10, PixelFormat::SGRBG8];
    if raw.contains(&format.pixel_format) {
        queue.stop(stage)?;
    }
    Ok(queue)
}
