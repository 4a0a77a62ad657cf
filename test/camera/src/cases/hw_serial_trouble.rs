//! Trouble on the serial line: damage, removal, a receiver that does not stop, interrupts and power.

use drv_isp_regs::{Block, ISP_IRQ, bench_control as control};
use idl::ipc;
use idl::types::{BufferIndex, Cause, FrameDone, FrameFlags, NodeError, PixFormat};

use super::hw_serial::{WHOLE, close, is_pattern, pixels, serial, set_up, streaming};
use super::memory::{self, BUFFERS, FIRST, Queue};
use super::removal::in_time_us;
use super::s37_developed::{first_frame, test_pattern};
use super::s53_gating;
use crate::check::{Ended, Failure, Verdict, at_most, disconnected, equal, names, ok};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{FRAME_MS, MappedPool, SENSOR_PX, Stage};
use crate::text::Text;

/// Frames of a stream that are looked at.
const WATCHED: u32 = 6;
/// Frames that are on their way before a damage is seen.
const BUFFERS_AND_DAMAGE: u32 = 4;
/// Line of a frame at which the module goes.
const MIDDLE_LINE: u32 = 60;
/// The driver waits so long for a receiver that does not stop, in microseconds.
const STOP_LIMIT_US: u64 = 1_000_000;
/// What a poll of the driver, a reset and the answers may take on top of that, in microseconds.
const SLACK_US: u64 = 50_000;

/// Frames that the sensor ends early, whose lines are lost on the way to memory, or that reach for memory
/// that is not theirs, are marked; those behind them are whole.
pub fn damaged(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    test_pattern(stage)?;
    let mut marked = [0; 3];
    let kinds = [
        (control::FRAME_TRUNCATED, 60, "truncated"),
        (control::FRAME_TORN, 30, "torn"),
        (control::DMA_STALE, 0, "stale"),
    ];
    for ((kind, line, what), marked) in kinds.into_iter().zip(&mut marked) {
        let queue = streaming(stage, WHOLE)?;
        let mut right_at_last = 0;
        for number in 0..WATCHED + BUFFERS_AND_DAMAGE {
            if number == 2 {
                stage.bench.now(kind, line, 1)?;
            }
            let info = ok("dequeue", serial(stage).dequeue_buffer(queue.handle, FRAME_MS))?;
            if info.frame.flags.contains(FrameFlags::ERROR) {
                *marked += 1;
                right_at_last = 0;
            } else {
                is_pattern(pixels(stage, &queue, info.frame.buffer)?, queue.format)?;
                right_at_last += 1;
            }
            queue.queue(stage, info.frame.buffer)?;
        }
        equal(what, *marked, 1)?;
        ensure!(right_at_last >= WATCHED / 2, "{what}: only {right_at_last} right at last");
        close(stage, &queue)?;
    }
    Ok(Text::of(format_args!("{marked:?} marked of {kinds:?}")))
}

/// The module goes in the middle of a frame of video1, while the client waits for it.
pub fn unplugged(stage: &mut Stage) -> Verdict {
    let pool = stage.nodes.serial.pool;
    cut(stage, serial, |stage| set_up(stage, WHOLE), pool)
}

/// The same behind the CCDC.
pub fn unplugged_at_the_ccdc(stage: &mut Stage) -> Verdict {
    let pool = stage.nodes.raw.pool;
    let through = |stage: &mut Stage| {
        let layout = ok("set up", stage.camera.serial_raw(stage.csi2a, SENSOR_PX, false))?;
        Ok(layout.output)
    };
    cut(stage, memory::raw, through, pool)
}

/// A waiting client is told in time that the module is gone, both buffers come back once, and the next life
/// receives the same first frame.
pub fn cut(
    stage: &mut Stage,
    node: memory::Pick,
    set_up: impl Fn(&mut Stage) -> Result<PixFormat, Failure>,
    pool: MappedPool,
) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let first_sum = |stage: &mut Stage| {
        let format = set_up(stage)?;
        let queue = first_frame(stage, node, format)?;
        let sum = queue.pixels(pool.pixels, stage, FIRST)?.checksum();
        queue.close(stage)?;
        Ok(sum)
    };
    let sum = first_sum(stage)?;
    let format = set_up(stage)?;
    let queue = Queue::open(stage, node, format)?;
    (0..BUFFERS).try_for_each(|index| queue.queue(stage, BufferIndex(index)))?;
    queue.start(stage)?;
    let (mut interval_us, mut taken_us) = (0, now_us());
    for _ in 0..3 {
        let FrameDone { timestamp_us, buffer, .. } = queue.take(stage)?.frame;
        interval_us = timestamp_us - core::mem::replace(&mut taken_us, timestamp_us);
        queue.queue(stage, buffer)?;
    }
    stage.forget_story()?;
    stage.bench.at(stage.bench.frame() + 2, MIDDLE_LINE, control::UNPLUG, 0, 0)?;
    let (ended, told_us) = loop {
        match node(stage).dequeue_buffer(queue.handle, FRAME_MS) {
            Ok(info) => queue.queue(stage, info.frame.buffer)?,
            Err(ipc::Error::Disconnected(record)) => break (record, now_us()),
            Err(error) => return ok("dequeue", Err(error)),
        }
    };
    let causes = &[Cause::Unplugged, Cause::Faulted];
    names("the blocked call", ended, &Ended { peer: stage.isp, generation: epoch, causes })?;
    let death = stage.death(stage.isp)?;
    let took_us = told_us.saturating_sub(death.time_us);
    at_most("told", took_us, in_time_us(interval_us))?;
    let again = node(stage).get_format(queue.handle);
    equal("the record", disconnected("a later call", again)?, ended)?;
    (0..BUFFERS).try_for_each(|index| queue.reclaim(stage, BufferIndex(index)))?;
    queue.close(stage)?;
    memory::at_rest(stage, pool.id)?;
    stage.bench.replug()?;
    stage.all_ready(Some(epoch))?;
    equal("frame 0 of the next life", first_sum(stage)?, sum)?;
    Ok(Text::of(format_args!("told {took_us} us after the death, {ended:?}")))
}

/// A receiver that is never done with its reset: the stop ends in bounded time, the mark keeps everybody
/// off the receiver until the reset that comes with the end of the last stream.
pub fn wedged(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    test_pattern(stage)?;
    let queue = streaming(stage, WHOLE)?;
    queue.take(stage)?;
    stage.bench.now(control::BUSY_STUCK, Block::Csi2a as u32, 0)?;
    let begun_us = now_us();
    queue.stop(stage)?;
    let took_us = now_us() - begun_us;
    ensure!(took_us >= STOP_LIMIT_US, "the receiver was given only {took_us} us");
    at_most("stream off", took_us, STOP_LIMIT_US + SLACK_US)?;
    queue.close(stage)?;
    memory::at_rest(stage, stage.nodes.serial.pool.id)?;
    let queue = streaming(stage, WHOLE)?;
    let info = queue.take(stage)?;
    is_pattern(pixels(stage, &queue, info.frame.buffer)?, queue.format)?;
    close(stage, &queue)?;
    Ok(Text::of(format_args!("stream off after {took_us} us")))
}

/// Interrupts of the ISP that are lost, late or doubled cost frames; none that is called good is torn.
pub fn interrupts(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    test_pattern(stage)?;
    let (mut right, mut missing) = (0, 0);
    let kinds = [
        (control::IRQ_LOST, 3, "lost"),
        (control::IRQ_LATE, 60, "late"),
        (control::IRQ_DOUBLED, 6, "doubled"),
    ];
    for (kind, amount, what) in kinds {
        let queue = streaming(stage, WHOLE)?;
        let mut right_at_last = 0;
        for number in 0..2 * WATCHED {
            if number == 2 {
                stage.bench.now(kind, amount, ISP_IRQ)?;
            }
            match serial(stage).dequeue_buffer(queue.handle, FRAME_MS) {
                Ok(info) => {
                    equal(what, info.frame.flags.0, 0)?;
                    is_pattern(pixels(stage, &queue, info.frame.buffer)?, queue.format)?;
                    queue.queue(stage, info.frame.buffer)?;
                    (right, right_at_last) = (right + 1, right_at_last + 1);
                }
                Err(ipc::Error::Op(NodeError::TimedOut | NodeError::NoFrames)) => {
                    (missing, right_at_last) = (missing + 1, 0);
                }
                Err(error) => return ok(what, Err(error)),
            }
        }
        ensure!(right_at_last >= WATCHED / 2, "{what}: only {right_at_last} right at last");
        close(stage, &queue)?;
    }
    Ok(Text::of(format_args!("{right} right, {missing} waits without a frame")))
}

/// A suspend in the middle of a frame finishes it; after the resume the stream goes on with the next number
/// and right frames, and nobody was disconnected.
pub fn suspended(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    test_pattern(stage)?;
    let queue = streaming(stage, WHOLE)?;
    let mut last = 0;
    for _ in 0..3 {
        let info = queue.take(stage)?;
        last = info.frame.sequence;
        queue.queue(stage, info.frame.buffer)?;
    }
    stage.in_mid_frame()?;
    let took_us = s53_gating::suspend(stage, s53_gating::REST_US)?;
    s53_gating::untouched(stage)?;
    s53_gating::resume(stage)?;
    for _ in 0..WATCHED {
        let info = queue.take(stage)?;
        equal("number", info.frame.sequence, last + 1)?;
        last = info.frame.sequence;
        is_pattern(pixels(stage, &queue, info.frame.buffer)?, queue.format)?;
        queue.queue(stage, info.frame.buffer)?;
    }
    equal("life of the ISP", stage.ready(stage.isp, None)?, epoch)?;
    close(stage, &queue)?;
    Ok(Text::of(format_args!("suspended after {took_us} us")))
}
