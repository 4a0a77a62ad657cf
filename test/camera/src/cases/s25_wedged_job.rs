//! S25: a job from memory is wedged beside a stream of the sensor: it is stopped in bounded time, its
//! block is marked and refused, the stream goes on, and the reset comes with its end.

use drv_isp_regs::{Block, bench_control as control};
use idl::types::{BufferIndex, NodeError, OwnerCounts};

use super::memory::{self, FIRST, HALF_PX, LARGE_PX, Pair, Queue, STOP_MS};
use crate::check::{Verdict, at_most, equal, ok, refused};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{SENSOR_PX, Stage};
use crate::text::Text;

/// The driver waits so long for an idle block, in microseconds.
const STOP_LIMIT_US: u64 = 1_000_000;
/// What a poll of the driver and the answers may take on top of that, in microseconds.
const SLACK_US: u64 = 50_000;

/// The resizer is wedged in a job, beside a raw stream.
pub fn wedged(stage: &mut Stage) -> Verdict {
    let pair = Pair::scaled(stage, LARGE_PX, HALF_PX)?;
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let raw = Queue::open(stage, memory::raw, layout.output)?;
    (0..memory::BUFFERS).try_for_each(|index| raw.queue(stage, BufferIndex(index)))?;
    raw.start(stage)?;
    pair.start(stage)?;
    stage.bench.now(control::BUSY_STUCK, Block::Resizer as u32, 0)?;
    pair.output.queue(stage, FIRST)?;
    pair.input.queue_at(stage, FIRST, 5)?;
    memory::in_hardware(stage, [stage.pool.id, stage.nodes.resizer_input.pool.id])?;
    let begun_us = now_us();
    ok("stream off", stage.video.stream_off(pair.output.handle, STOP_MS))?;
    let took_us = now_us() - begun_us;
    ensure!(took_us >= STOP_LIMIT_US, "the block was given only {took_us} us");
    at_most("stream off", took_us, STOP_LIMIT_US + SLACK_US)?;
    let free = OwnerCounts { hardware: 0, ..stage.counts()? };
    equal("owners", stage.counts()?, free)?;
    // The pipeline is locked by its first node, and refused by the driver at its second.
    let again = pair.start(stage);
    ensure!(again.is_err(), "a pipeline with the wedged block started");
    let refusal = stage.video.stream_on(pair.output.handle);
    refused("the wedged block", refusal, NodeError::DriverRefused)?;
    for _ in 0..2 {
        let info = raw.take(stage)?;
        raw.queue(stage, info.frame.buffer)?;
    }
    pair.input.stop(stage)?;
    raw.stop(stage)?;
    // The last user has left: the reset has cleared the mark.
    pair.start(stage)?;
    pair.run(stage, 6)?;
    pair.output.stop(stage)?;
    raw.close(stage)?;
    pair.close(stage)?;
    Ok(Text::of(format_args!("stream off after {took_us} us, the raw stream went on")))
}
