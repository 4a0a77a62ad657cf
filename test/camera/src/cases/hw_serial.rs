//! The serial line of the sensor through the receiver CSI2a, to memory (video1) or to the CCDC: each bit of
//! a frame against what the sensor sends.

use idl::types::{BufferIndex, NodeError, PixFormat, PixelFormat};

use super::memory::{self, BUFFERS, FIRST, Queue, STOP_MS};
use super::s37_developed::{first_frame, same, test_pattern};
use crate::check::{Failure, Verdict, equal, ok, refused};
use crate::ensure;
use crate::mmio::Pixels;
use crate::reference::{Decoder, Gradient};
use crate::stage::{SENSOR_PX, Stage};
use crate::text::Text;

/// What the sensor sends of the test pattern.
const SENT: Gradient = Gradient { width_px: SENSOR_PX.0 as u32, height_px: SENSOR_PX.1 as u32 };
/// Samples as they are, or as their sensor compresses them.
pub(super) const WHOLE: (PixelFormat, bool) = (PixelFormat::SGRBG10, false);
/// Frames of a stream that are looked at.
const WATCHED: u32 = 6;

/// Node and pool.
pub(super) fn serial(stage: &Stage) -> &idl::video::Client {
    &stage.nodes.serial.video
}

/// The pipeline for frames that lie so in memory.
pub(super) fn set_up(stage: &mut Stage, wanted: (PixelFormat, bool)) -> Result<PixFormat, Failure> {
    let layout = ok("set up", stage.camera.serial(stage.csi2a, SENSOR_PX, wanted))?;
    Ok(layout.output)
}

/// A stream of such frames, with all its buffers queued.
pub(super) fn streaming(stage: &mut Stage, wanted: (PixelFormat, bool)) -> Result<Queue, Failure> {
    let format = set_up(stage, wanted)?;
    let queue = Queue::open(stage, serial, format)?;
    (0..BUFFERS).try_for_each(|index| queue.queue(stage, BufferIndex(index)))?;
    queue.start(stage)?;
    Ok(queue)
}

pub(super) fn pixels(stage: &Stage, queue: &Queue, buffer: BufferIndex) -> Result<Pixels, Failure> {
    queue.pixels(stage.nodes.serial.pool.pixels, stage, buffer)
}

pub(super) fn close(stage: &mut Stage, queue: &Queue) -> Result<(), Failure> {
    queue.stop(stage)?;
    queue.close(stage)?;
    memory::at_rest(stage, stage.nodes.serial.pool.id)
}

/// Byte at an offset of a buffer.
pub(super) fn byte(found: Pixels, offset: u32) -> u32 {
    found.read(offset as usize & !3) >> (8 * (offset & 3)) & 0xFF
}

/// Whether each sample of ten bits in two bytes is the one of the test pattern.
pub(super) fn is_pattern(found: Pixels, format: PixFormat) -> Result<(), Failure> {
    check_samples("pattern", |x, y| pair(found, format, x, y), |x, y| SENT.sample(x, y))
}

/// Two bytes of a column and line.
pub(super) fn pair(found: Pixels, format: PixFormat, x: u32, y: u32) -> u32 {
    let offset = y * format.stride_bytes + 2 * x;
    byte(found, offset) | byte(found, offset + 1) << 8
}

/// The scene, with its noise, is what the CCDC writes of the same frame from the parallel port; the test
/// pattern is what its definition says, in each frame; and no frame is missing.
pub fn frames(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let raw = first_frame(stage, memory::raw, layout.output)?;
    let taken = raw.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?;
    let format = set_up(stage, WHOLE)?;
    let scene = first_frame(stage, serial, format)?;
    let found = pixels(stage, &scene, FIRST)?;
    same(found, taken, scene.format)?;
    let sum = found.checksum();
    scene.close(stage)?;
    raw.close(stage)?;
    test_pattern(stage)?;
    let queue = streaming(stage, WHOLE)?;
    let begun = stage.bench.frame();
    for number in 0..WATCHED {
        let info = queue.take(stage)?;
        equal("number", info.frame.sequence, number)?;
        equal("bytes", info.frame.bytes_used, queue.format.size_bytes)?;
        is_pattern(pixels(stage, &queue, info.frame.buffer)?, queue.format)?;
        queue.queue(stage, info.frame.buffer)?;
    }
    let passed = stage.bench.frame() - begun;
    close(stage, &queue)?;
    Ok(Text::of(format_args!(
        "scene {sum:#010x}; {WATCHED} frames of the pattern while {passed} passed"
    )))
}

/// Samples as they are packed on the line, their upper eight bits, the codes of a sensor that compresses,
/// and what those stand for: each byte by its definition.
pub fn formats(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    test_pattern(stage)?;
    let mut strides = [0; 4];
    let kinds: [((PixelFormat, bool), Check); 4] = [
        ((PixelFormat::SGRBG10P, false), is_packed),
        ((PixelFormat::SGRBG8, false), is_upper),
        ((PixelFormat::SGRBG10_DPCM8, false), are_codes),
        ((PixelFormat::SGRBG10, true), is_decompressed),
    ];
    for ((wanted, check), stride) in kinds.into_iter().zip(&mut strides) {
        let queue = streaming(stage, wanted)?;
        for _ in 0..3 {
            let info = queue.take(stage)?;
            equal("bytes", info.frame.bytes_used, queue.format.size_bytes)?;
            check(pixels(stage, &queue, info.frame.buffer)?, queue.format)?;
            queue.queue(stage, info.frame.buffer)?;
        }
        *stride = queue.format.stride_bytes;
        close(stage, &queue)?;
    }
    // Ten bits in two bytes again: the sensor is told each time.
    let queue = streaming(stage, WHOLE)?;
    let info = queue.take(stage)?;
    is_pattern(pixels(stage, &queue, info.frame.buffer)?, queue.format)?;
    close(stage, &queue)?;
    Ok(Text::of(format_args!("lines of {strides:?} bytes")))
}

/// Checks a frame of the test pattern.
type Check = fn(Pixels, PixFormat) -> Result<(), Failure>;

/// Checks each sample of ten bits that `read` finds.
fn check_samples(
    what: &str,
    read: impl Fn(u32, u32) -> u32,
    expect: impl Fn(u32, u32) -> u32,
) -> Result<(), Failure> {
    for y in 0..SENT.height_px {
        for x in 0..SENT.width_px {
            let (found, expected) = (read(x, y), expect(x, y));
            ensure!(found == expected, "{what}: ({x}, {y}) is {found:#x}, not {expected:#x}");
        }
    }
    Ok(())
}

fn is_packed(found: Pixels, format: PixFormat) -> Result<(), Failure> {
    let read = |x: u32, y: u32| {
        let packet = y * format.stride_bytes + x / 4 * 5;
        let low = byte(found, packet + 4) >> (2 * (x % 4)) & 3;
        byte(found, packet + x % 4) << 2 | low
    };
    check_samples("packed", read, |x, y| SENT.sample(x, y))
}

fn is_upper(found: Pixels, format: PixFormat) -> Result<(), Failure> {
    let read = |x, y| byte(found, y * format.stride_bytes + x);
    check_samples("eight bits", read, |x, y| SENT.sample(x, y) >> 2)
}

/// The pattern rises slowly, so that all codes but the first two of a line are exact.
fn are_codes(found: Pixels, format: PixFormat) -> Result<(), Failure> {
    for y in 0..SENT.height_px {
        let mut decoder = Decoder::default();
        for x in 0..SENT.width_px {
            let decoded = decoder.next(byte(found, y * format.stride_bytes + x));
            let expected = expected_decoded(x, y);
            ensure!(decoded == expected, "codes: ({x}, {y}) is {decoded:#x}, not {expected:#x}");
        }
    }
    Ok(())
}

fn is_decompressed(found: Pixels, format: PixFormat) -> Result<(), Failure> {
    check_samples("decompressed", |x, y| pair(found, format, x, y), expected_decoded)
}

/// What the codes of the pattern stand for: of the first two samples of a line the upper eight bits are
/// sent, never as zero (MIPI CSI-2, annex E); after them the differences are small enough to be exact.
fn expected_decoded(x: u32, y: u32) -> u32 {
    let sample = SENT.sample(x, y);
    if x < 2 { 4 * (sample >> 2).max(1) + 2 } else { sample }
}

/// The CCDC makes of the serial frames what it makes of the parallel ones: the scene with its noise, raw and
/// developed; and it gets the samples that codes stand for.
pub fn through_the_ccdc(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let raw = first_frame(stage, memory::raw, layout.output)?;
    let taken = raw.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?;
    // The serial frame will take the same buffer.
    let kept = stage.nodes.resizer_input.pool.pixels.part(0, taken.bytes());
    kept.fill_from(taken);
    raw.close(stage)?;
    let layout = ok("set up", stage.camera.serial_raw(stage.csi2a, SENSOR_PX, false))?;
    let raw = first_frame(stage, memory::raw, layout.output)?;
    let taken = raw.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?;
    same(taken, kept, raw.format)?;
    let raw_sum = taken.checksum();
    raw.close(stage)?;
    let layout = ok("set up", stage.camera.previewed(SENSOR_PX))?;
    let parallel = developed_sum(stage, layout.output)?;
    let layout = ok("set up", stage.camera.serial_previewed(stage.csi2a, SENSOR_PX))?;
    equal("the developed picture", developed_sum(stage, layout.output)?, parallel)?;
    test_pattern(stage)?;
    let layout = ok("set up", stage.camera.serial_raw(stage.csi2a, SENSOR_PX, true))?;
    let raw = first_frame(stage, memory::raw, layout.output)?;
    is_decompressed(raw.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?, raw.format)?;
    raw.close(stage)?;
    // The next stream has the parallel port again.
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let raw = first_frame(stage, memory::raw, layout.output)?;
    is_pattern(raw.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?, raw.format)?;
    raw.close(stage)?;
    Ok(Text::of(format_args!("raw {raw_sum:#010x}, developed {parallel:#010x}")))
}

/// Checksum of the first picture behind the preview engine.
pub(super) fn developed_sum(stage: &mut Stage, format: PixFormat) -> Result<u32, Failure> {
    let queue = first_frame(stage, memory::preview_output, format)?;
    let pool = stage.nodes.preview_output.pool.pixels;
    let sum = queue.pixels(pool, stage, FIRST)?.checksum();
    queue.stop(stage)?;
    queue.close(stage)?;
    Ok(sum)
}

/// The sensor has one stream at a time, whichever way its frames take.
pub fn exclusive(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let raw = Queue::open(stage, memory::raw, layout.output)?;
    let format = set_up(stage, WHOLE)?;
    let queue = Queue::open(stage, serial, format)?;
    for (first, second) in [(&raw, &queue), (&queue, &raw)] {
        first.queue(stage, FIRST)?;
        first.start(stage)?;
        second.queue(stage, FIRST)?;
        let second_start = (second.node)(stage).stream_on(second.handle);
        refused("the second stream", second_start, NodeError::Busy)?;
        first.take(stage)?;
        ok("stream off", (second.node)(stage).stream_off(second.handle, STOP_MS))?;
        first.stop(stage)?;
    }
    raw.close(stage)?;
    queue.close(stage)?;
    Ok(Text::of(format_args!("busy both ways")))
}
