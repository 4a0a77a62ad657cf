//! S25: a block hangs while its pipeline streams. The CCDC: the driver finds it, gives all buffers back with
//! ERROR and takes none until STREAMOFF; others run on, and the reset when the last user lets go brings the
//! same pictures back (omap3isp: `crashed`). Preview engine and resizer: no frame comes, and the stop finds
//! them.

use drv_isp_regs::{Block, bench_control as control};
use idl::types::{BufferIndex, FrameFlags, Handle, NodeError};
use idl::video;

use super::hw_frames::Reference;
use super::memory::{self, FIRST, HALF_PX, LARGE_PX, Pair, Queue};
use crate::check::{Failure, Verdict, at_most, equal, ok, refused};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{FRAME_MS, Running, SENSOR_PX, Stage};
use crate::text::Text;

/// The driver waits so long for idle blocks (omap3isp: 1,000 ms per block), in microseconds. It is also what
/// the sensor has to stop before a reset takes its clock.
const STOP_LIMIT_US: u64 = 1_000_000;
/// And so long for the CCDC (omap3isp: 2,000 ms).
const CCDC_STOP_LIMIT_US: u64 = 2_000_000;
/// What the reset and the tables after it may take, in microseconds.
const RESET_US: u64 = 100_000;
/// Longest wait of a client, in milliseconds.
const PATIENCE_MS: u32 = 3_000;
/// Longest wait for a frame that does not come, in milliseconds: ten frame intervals.
const NO_FRAME_MS: u32 = 150;
/// Buffers of the processed stream.
const BUFFERS: u8 = 4;
/// Frame intervals from the command to the last buffer: the frame in progress, and the next frame start.
const FOUND_FRAMES: u64 = 3;

/// Takes all buffers of a stream whose CCDC hangs: good ones, then those with ERROR. How many were good.
fn all_back(node: &video::Client, handle: Handle, buffers: u8) -> Result<u8, Failure> {
    let mut good = 0;
    for taken in 0..buffers {
        let info = ok("dequeue", node.dequeue_buffer(handle, FRAME_MS))?;
        if info.frame.flags == FrameFlags::default() {
            equal("good frames behind damaged ones", taken, good)?;
            good += 1;
        } else {
            equal("flags", info.frame.flags, FrameFlags::ERROR)?;
        }
    }
    ensure!(good < buffers, "all {buffers} buffers were called good");
    Ok(good)
}

/// Stops within bounds, and finds everything where it was, in the same life. How long that took.
fn stops(stage: &mut Stage, running: &Running, limit_us: u64) -> Result<u64, Failure> {
    let begun_us = now_us();
    ok("stream off", stage.video.stream_off(running.handle, PATIENCE_MS))?;
    let took_us = now_us() - begun_us;
    ensure!(took_us >= limit_us, "it was given only {took_us} us");
    at_most("stream off", took_us, limit_us + RESET_US)?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    equal("life of the ISP", stage.ready(stage.isp, None)?, running.epoch)?;
    Ok(took_us)
}

/// The CCDC hangs in the middle of a stream to the resizer's output.
pub fn streaming(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let lives = stage.lives();
    let running = stage.stream(BUFFERS)?;
    let interval_us = stage.run_frames(&running, 3)?;
    stage.in_mid_frame()?;
    let begun_us = now_us();
    stage.bench.now(control::BUSY_STUCK, Block::Ccdc as u32, 0)?;
    let good = all_back(&stage.video, running.handle, BUFFERS)?;
    let found_us = now_us() - begun_us;
    at_most("from the command to the last buffer", found_us, FOUND_FRAMES * interval_us)?;
    // Whoever waits is told that nothing comes.
    let waited = stage.video.dequeue_buffer(running.handle, PATIENCE_MS).map(|_| ());
    refused("a long wait", waited, NodeError::NoFrames)?;
    // However often: they stay the client's.
    for buffer in (0..BUFFERS).chain(0..BUFFERS).map(BufferIndex) {
        let queued = stage.video.queue_buffer(running.handle, buffer);
        refused("queue", queued, NodeError::DriverRefused)?;
    }
    let waited = stage.video.dequeue_buffer(running.handle, PATIENCE_MS).map(|_| ());
    refused("a long wait after it", waited, NodeError::NoFrames)?;
    let took_us = stops(stage, &running, STOP_LIMIT_US)?;
    reference.compare(stage)?;
    equal("refused by the firewall", stage.bench.seen().dma_refused, 0)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("found after {found_us} us, {good} good; off after {took_us} us")))
}

/// The CCDC hangs in a raw stream, beside jobs of the resizer.
pub fn beside(stage: &mut Stage) -> Verdict {
    let pair = Pair::scaled(stage, LARGE_PX, HALF_PX)?;
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let raw = Queue::open(stage, memory::raw, layout.output)?;
    let queue_all = |stage: &Stage| {
        (0..memory::BUFFERS).try_for_each(|index| raw.queue(stage, BufferIndex(index)))
    };
    queue_all(stage)?;
    raw.start(stage)?;
    pair.start(stage)?;
    pair.run(stage, 1)?;
    for _ in 0..3 {
        let info = raw.take(stage)?;
        raw.queue(stage, info.frame.buffer)?;
    }
    stage.bench.now(control::BUSY_STUCK, Block::Ccdc as u32, 0)?;
    let node = (raw.node)(stage);
    let good = all_back(node, raw.handle, memory::BUFFERS)?;
    let queued = node.queue_buffer(raw.handle, BufferIndex(0));
    refused("queue", queued, NodeError::DriverRefused)?;
    pair.run(stage, 2)?;
    let begun_us = now_us();
    raw.stop(stage)?;
    let took_us = now_us() - begun_us;
    at_most("stream off, with nothing to wait for", took_us, RESET_US)?;
    let again = (raw.node)(stage).stream_on(raw.handle);
    refused("the CCDC that hangs", again, NodeError::DriverRefused)?;
    pair.run(stage, 3)?;
    // The last user lets go.
    pair.input.stop(stage)?;
    pair.output.stop(stage)?;
    queue_all(stage)?;
    raw.start(stage)?;
    for _ in 0..2 {
        let info = raw.take(stage)?;
        raw.queue(stage, info.frame.buffer)?;
    }
    raw.stop(stage)?;
    raw.close(stage)?;
    pair.close(stage)?;
    stage.at_baseline()?;
    Ok(Text::of(format_args!("{good} good, off after {took_us} us, the jobs went on")))
}

/// The CCDC does not end the frame in which the stream is stopped.
pub fn stopping(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let lives = stage.lives();
    let running = stage.stream(BUFFERS)?;
    stage.run_frames(&running, 3)?;
    stage.in_mid_frame()?;
    stage.bench.now(control::BUSY_STUCK, Block::Ccdc as u32, 0)?;
    let took_us = stops(stage, &running, CCDC_STOP_LIMIT_US)?;
    reference.compare(stage)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("off after {took_us} us")))
}

/// The CCDC hangs after a job that came through the receiver CCP2.
pub fn job(stage: &mut Stage) -> Verdict {
    let pair = Pair::received(stage, SENSOR_PX, false)?;
    pair.start(stage)?;
    pair.run(stage, 1)?;
    let pixels = pair.output.pixels(stage.bystander.pixels, stage, FIRST)?;
    let sum = pixels.checksum();
    stage.bench.now(control::BUSY_STUCK, Block::Ccdc as u32, 0)?;
    pair.output.queue(stage, FIRST)?;
    pair.input.queue_at(stage, FIRST, 2)?;
    for queue in [pair.output, pair.input] {
        let info = ok("dequeue", (queue.node)(stage).dequeue_buffer(queue.handle, FRAME_MS))?;
        equal("flags", info.frame.flags, FrameFlags::ERROR)?;
    }
    let queued = (pair.output.node)(stage).queue_buffer(pair.output.handle, FIRST);
    refused("queue", queued, NodeError::DriverRefused)?;
    let begun_us = now_us();
    pair.output.stop(stage)?;
    let took_us = now_us() - begun_us;
    at_most("stream off", took_us, STOP_LIMIT_US + RESET_US)?;
    pair.input.stop(stage)?;
    pair.start(stage)?;
    pair.run(stage, 3)?;
    equal("checksum of the same frame", pixels.checksum(), sum)?;
    pair.output.stop(stage)?;
    pair.input.stop(stage)?;
    pair.close(stage)?;
    Ok(Text::of(format_args!("off after {took_us} us")))
}

/// A block behind the CCDC hangs in the middle of the stream.
pub fn behind(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let lives = stage.lives();
    let mut took_us = [0; 2];
    for (block, took_us) in [Block::Preview, Block::Resizer].into_iter().zip(&mut took_us) {
        let running = stage.stream(BUFFERS)?;
        stage.run_frames(&running, 3)?;
        stage.in_mid_frame()?;
        stage.bench.now(control::BUSY_STUCK, block as u32, 0)?;
        let mut finished = 0;
        while let Ok(info) = stage.video.dequeue_buffer(running.handle, NO_FRAME_MS) {
            equal("flags", info.frame.flags.0, 0)?;
            finished += 1;
            at_most("frames of a block that hangs", finished, BUFFERS.into())?;
            ok("queue", stage.video.queue_buffer(running.handle, info.frame.buffer))?;
        }
        // The sensor goes on, so nobody says that it is silent.
        let waited = stage.video.dequeue_buffer(running.handle, NO_FRAME_MS).map(|_| ());
        refused("a wait", waited, NodeError::TimedOut)?;
        *took_us = stops(stage, &running, STOP_LIMIT_US)?;
        reference.compare(stage)?;
    }
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("off after {took_us:?} us")))
}
