//! S37: raw frames from memory through the receiver CCP2 and the CCDC. What comes out is what went in, or
//! what its codes stand for, or the picture that the live path makes of it; and it ends as any job.

use idl::types::{Cause, Control, PixFormat};

use super::memory::{self, FIRST, LARGE_PX, Pair};
use super::s37_developed::{Live, first_frame, same, test_pattern};
use crate::check::{Ended, Failure, Verdict, disconnected, equal, names, ok};
use crate::ensure;
use crate::mmio::Pixels;
use crate::reference::Decoder;
use crate::stage::{SENSOR_PX, Stage};
use crate::text::Text;

/// Samples of a word in memory.
const SAMPLE: u32 = 0x3FF;

/// Fills a buffer with words of a linear congruential generator (Numerical Recipes, 7.1).
fn noise(pixels: Pixels, mut state: u32) {
    for offset in (0..pixels.bytes()).step_by(4) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        pixels.write(offset, state ^ state >> 15);
    }
}

/// Checks each sample that the CCDC wrote.
fn check_samples(
    found: Pixels,
    format: PixFormat,
    mut expect: impl FnMut(u32, u32) -> u32,
) -> Result<(), Failure> {
    for y in 0..u32::from(format.height_px) {
        for x in 0..u32::from(format.width_px) {
            let offset = (y * format.stride_bytes + 2 * x) as usize;
            let sample = found.read(offset & !3) >> (8 * (offset & 2)) & 0xFFFF;
            let expected = expect(x, y);
            ensure!(sample == expected, "({x}, {y}) is {sample:#x}, not {expected:#x}");
        }
    }
    Ok(())
}

/// Sample `x` of line `y` of raw memory.
fn sample(pixels: Pixels, format: PixFormat, x: u32, y: u32) -> u32 {
    let offset = (y * format.stride_bytes + 2 * x) as usize;
    pixels.read(offset & !3) >> (8 * (offset & 2)) & SAMPLE
}

/// Frames of noise, every bit of them; the sensor's frames before and after are the sensor's.
pub fn raw(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    test_pattern(stage)?;
    let before = sensor_sum(stage)?;
    let pair = Pair::received(stage, SENSOR_PX, false)?;
    let (pool, raw_pool) = (stage.nodes.ccp2_input.pool, stage.nodes.raw.pool);
    pair.start(stage)?;
    for job in 0..3 {
        let input = pair.input.pixels(pool.pixels, stage, FIRST)?;
        // What is above the ten bits does not count.
        noise(input, job);
        let made = pair.run(stage, u64::from(job))?;
        let found = pair.output.pixels(raw_pool.pixels, stage, made.frame.buffer)?;
        let format = pair.input.format;
        check_samples(found, pair.output.format, |x, y| sample(input, format, x, y))?;
    }
    pair.output.stop(stage)?;
    pair.close(stage)?;
    memory::at_rest(stage, pool.id)?;
    memory::at_rest(stage, raw_pool.id)?;
    equal("the sensor's frame afterwards", sensor_sum(stage)?, before)?;
    Ok(Text::of(format_args!("3 frames of noise, sensor frame {before:#010x} before and after")))
}

/// Checksum of a raw frame of the sensor.
fn sensor_sum(stage: &mut Stage) -> Result<u32, Failure> {
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let queue = first_frame(stage, memory::raw, layout.output)?;
    let sum = queue.pixels(stage.nodes.raw.pool.pixels, stage, FIRST)?.checksum();
    queue.close(stage)?;
    Ok(sum)
}

/// Codes of noise, which jump as far as codes can, against a decoder of the test's own.
pub fn compressed(stage: &mut Stage) -> Verdict {
    let pair = Pair::received(stage, SENSOR_PX, true)?;
    let stride_bytes = pair.input.format.stride_bytes;
    equal("line distance", stride_bytes, u32::from(SENSOR_PX.0))?;
    let pool = stage.nodes.ccp2_input.pool.pixels;
    let input = pair.input.pixels(pool, stage, FIRST)?;
    noise(input, 7);
    pair.start(stage)?;
    let made = pair.run(stage, 1)?;
    let found = pair.output.pixels(stage.nodes.raw.pool.pixels, stage, made.frame.buffer)?;
    let mut decoder = Decoder::default();
    check_samples(found, pair.output.format, |x, y| {
        if x == 0 {
            decoder = Decoder::default();
        }
        let offset = (y * stride_bytes + x) as usize;
        decoder.next(input.read(offset & !3) >> (8 * (offset & 3)) & 0xFF)
    })?;
    let sum = found.checksum();
    pair.close(stage)?;
    Ok(Text::of(format_args!("160x120 codes, checksum {sum:#010x}")))
}

/// A raw frame of the sensor, sent through the receiver as it is, becomes bit for bit the live picture:
/// the CCDC takes off the black level of both. The sensor sends a test pattern, which has no noise.
pub fn developed(stage: &mut Stage) -> Verdict {
    let Live { raw, taken, kept } = Live::take(stage)?;
    let pair = Pair::received_and_developed(stage, SENSOR_PX)?;
    equal("line distance", raw.format.stride_bytes, pair.input.format.stride_bytes)?;
    pair.input.pixels(stage.nodes.ccp2_input.pool.pixels, stage, FIRST)?.fill_from(taken);
    pair.start(stage)?;
    let made = pair.run(stage, 1)?;
    let pool = stage.nodes.preview_output.pool.pixels;
    let found = pair.output.pixels(pool, stage, made.frame.buffer)?;
    same(found, kept, pair.output.format)?;
    let sum = found.checksum();
    raw.close(stage)?;
    pair.close(stage)?;
    Ok(Text::of(format_args!("checksum {sum:#010x}")))
}

/// The driver is restarted in the middle of a job: both clients get the same record, both buffers come
/// back once, and the next life does the same job.
pub fn isp_dies(stage: &mut Stage) -> Verdict {
    let sum = one_job(stage)?;
    let pair = Pair::received(stage, LARGE_PX, false)?;
    let pools = [stage.nodes.ccp2_input.pool, stage.nodes.raw.pool];
    pair.start(stage)?;
    pair.output.queue(stage, FIRST)?;
    pair.input.queue_at(stage, FIRST, 5)?;
    memory::in_hardware(stage, pools.map(|pool| pool.id))?;
    let life = stage.ready(stage.isp, None)?;
    stage.control(stage.isp, Control::Restart)?;
    let ended = Ended { peer: stage.isp, generation: life, causes: &[Cause::Stopped] };
    let told = (pair.output.node)(stage).get_format(pair.output.handle);
    let record = disconnected("the capture node's client", told)?;
    names("the capture node's client", record, &ended)?;
    let told = (pair.input.node)(stage).get_format(pair.input.handle);
    equal("the two records", disconnected("the output node's client", told)?, record)?;
    pair.input.reclaim(stage, FIRST)?;
    pair.output.reclaim(stage, FIRST)?;
    pair.close(stage)?;
    for pool in pools {
        memory::at_rest(stage, pool.id)?;
    }
    stage.all_ready(Some(life))?;
    equal("the same job in the next life", one_job(stage)?, sum)?;
    Ok(Text::of(format_args!("{record:?}, both buffers cancelled")))
}

/// Checksum of what a job made of noise.
fn one_job(stage: &mut Stage) -> Result<u32, Failure> {
    let pair = Pair::received(stage, LARGE_PX, false)?;
    noise(pair.input.pixels(stage.nodes.ccp2_input.pool.pixels, stage, FIRST)?, 3);
    pair.start(stage)?;
    let made = pair.run(stage, 9)?;
    let pool = stage.nodes.raw.pool.pixels;
    let sum = pair.output.pixels(pool, stage, made.frame.buffer)?.checksum();
    pair.output.stop(stage)?;
    pair.close(stage)?;
    Ok(sum)
}
