//! S35: an engine goes on writing after its stream was stopped in good order. The window of its buffer
//! is shut with the buffer's return, so the firewall refuses the rest, and no byte changes that a
//! client owns.

use drv_isp_regs::bench_control as control;
use idl::types::{BufferIndex, PixFormat};

use super::memory::{self, BUFFERS, Pick, Queue};
use super::removal::streams_again;
use crate::check::{Failure, Verdict, at_most, equal, ok};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{MappedPool, OUTPUT_PX, SENSOR_PX, Stage};
use crate::text::Text;

/// Lines that the engine writes too many: half a picture.
const LINES: u32 = 60;
/// How long it is watched, in microseconds: longer than those lines take.
const WATCH_US: u64 = 60_000;
/// A stop waits for the frame in progress, and no longer, in microseconds.
const STOP_US: u64 = 100_000;

/// Stops a stream in mid-frame whose engine does not stop; gives what the firewall refused, and how long
/// the stop took.
fn stopped(
    stage: &mut Stage,
    node: Pick,
    format: PixFormat,
    pool: MappedPool,
) -> Result<(u32, u64), Failure> {
    let queue = Queue::open(stage, node, format)?;
    (0..BUFFERS).try_for_each(|index| queue.queue(stage, BufferIndex(index)))?;
    queue.start(stage)?;
    let info = queue.take(stage)?;
    queue.queue(stage, info.frame.buffer)?;
    stage.in_mid_frame()?;
    stage.bench.now(control::DMA_AFTER_STOP, LINES, 0)?;
    let begun_us = now_us();
    stage.bench.mark();
    queue.stop(stage)?;
    let took_us = now_us() - begun_us;
    at_most("stream off", took_us, STOP_US)?;
    // From here on every buffer is the client's.
    let written = stage.bench.seen().dma_bytes;
    let before = pool.pixels.checksum();
    stage.sleep_us(WATCH_US);
    let seen = stage.bench.seen();
    ensure!(seen.dma_refused > 0, "the firewall refused nothing of the {LINES} lines: {seen:?}");
    equal("bytes written after the stop", seen.dma_bytes, written)?;
    equal("pixels after the stop", pool.pixels.checksum(), before)?;
    queue.close(stage)?;
    memory::at_rest(stage, pool.id)?;
    Ok((seen.dma_refused, took_us))
}

/// The CCDC, then the resizer.
pub fn engines(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let lives = stage.lives();
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let raw = stopped(stage, memory::raw, layout.output, stage.nodes.raw.pool)?;
    let layout = ok("set up", stage.camera.processed(SENSOR_PX, OUTPUT_PX))?;
    let scaled = stopped(stage, memory::resizer_output, layout.output, stage.pool)?;
    equal("life of the ISP", streams_again(stage, 2)?, epoch)?;
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("refused writes, us to stop: raw {raw:?}, scaled {scaled:?}")))
}
