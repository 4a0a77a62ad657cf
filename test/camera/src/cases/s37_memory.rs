//! S37: a job from memory to memory is running and either node or the ISP dies: it settles as a unit,
//! the other node's client gets one answer. S15: the sensor leaves, a pipeline from memory goes on. And
//! the picture of the resizer.

use drv_isp_regs::bench_control as control;
use idl::ipc;
use idl::types::{BufferIndex, Cause, Control, FrameFlags, FrameInterval, NodeError, PixFormat};
use task_client::{OutputStream, Stream};

use super::memory::{self, BLACK, FIRST, HALF_PX, LARGE_PX, Pair, Queue};
use super::removal;
use crate::check::{Ended, Failure, Verdict, disconnected, equal, names, ok, refused};
use crate::clock::now_us;
use crate::mmio::checksum;
use crate::protocol::{Job, Outcome};
use crate::stage::{FRAME_MS, Library, QUIET_US, SENSOR_PX, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// What the rest of a job may take, in microseconds.
const SETTLED_US: u64 = 1_000_000;
/// The picture of a resizer 96x64 to 64x48: every luma is within one code of the ramp at the place that
/// the pixel stands for.
pub fn resized(stage: &mut Stage) -> Verdict {
    const INPUT_PX: (u16, u16) = (96, 64);
    const OUTPUT_PX: (u16, u16) = (64, 48);
    let pair = Pair::scaled(stage, INPUT_PX, OUTPUT_PX)?;
    let pool = stage.nodes.resizer_input.pool.pixels;
    memory::ramp(pair.input.pixels(pool, stage, FIRST)?, pair.input.format);
    pair.start(stage)?;
    let made = pair.run(stage, 1_234)?;
    let pixels = pair.output.pixels(stage.pool.pixels, stage, made.frame.buffer)?;
    // The equations of the resizer (TRM): 7 columns and 4 lines more than the steps, phase 1 of 8.
    let ratio =
        |input: u32, reach: u32, output: u32| ((input - reach) * 256 + 255 - 48) / (output - 1);
    let across = ratio(96, 7, 64);
    let down = ratio(64, 4, 48);
    let crop = pair.layout.crop;
    let mut worst_q8 = 0_u32;
    for y in 0..u32::from(OUTPUT_PX.1) {
        for x in 0..u32::from(OUTPUT_PX.0) {
            let offset = (y * pair.output.format.stride_bytes + 2 * x) as usize;
            let word = pixels.read(offset & !3);
            let luma = word >> (8 * (offset & 2)) & 0xFF;
            // To the next eighth of a pixel; the first filter's middle is pixel 3, or line 1.
            let eighths = |step: u32, ratio: u32| (48 + step * ratio) & !31;
            let column_q8 = 256 * (u32::from(crop.left_px) + 3) + eighths(x, across);
            let line_q8 = 256 * (u32::from(crop.top_px) + 1) + eighths(y, down);
            let expected_q8 = 256 * BLACK + column_q8 + line_q8;
            worst_q8 = worst_q8.max((256 * luma).abs_diff(expected_q8));
        }
    }
    ensure!(worst_q8 <= 256, "luma is off by {worst_q8}/256");
    pair.close(stage)?;
    Ok(Text::of(format_args!("worst luma is {worst_q8}/256 off")))
}

/// A program that uses the client library gets, with two pictures under way, what a client gets by hand.
pub fn library(stage: &mut Stage) -> Verdict {
    const TIMES_US: [u64; 2] = [77, 78];
    stage.all_ready(None)?;
    let Some(Library { input, output }) = stage.library.take() else {
        return Err(failure!("another case has taken the library's pools"));
    };
    let ((input, mut pool), (output, shown)) = (input, output);
    let layout = ok("set up", stage.camera.scaled(LARGE_PX, HALF_PX))?;
    let mut input = ok("open the input", OutputStream::open(input, &mut pool))?;
    let mut output = ok("open the output", Stream::open(output, shown))?;
    let format = ok("format of the input", input.set_format(layout.input))?;
    let made = ok("format of the output", output.set_format(layout.output))?;
    equal("buffers of the input", ok("request", input.request_buffers(memory::BUFFERS))?, 2)?;
    ok("buffers of the output", output.request_buffers(memory::BUFFERS))?;
    ok("queue the output", output.queue_all())?;
    ok("start the input", input.start())?;
    ok("start the output", output.start())?;
    for time_us in TIMES_US {
        let Some(mut draft) = input.draft() else { return Err(failure!("no buffer is free")) };
        let pixels = draft.pixels();
        memory::draw_ramp(format, |offset, word| {
            pixels[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
        });
        ok("queue the picture", draft.queue(time_us))?;
    }
    ensure!(input.draft().is_none(), "a queued buffer can be written");
    let mut sums = [0; 2];
    for (time_us, sum) in TIMES_US.into_iter().zip(&mut sums) {
        let frame = ok("the scaled picture", output.dequeue(FRAME_MS))?;
        equal("its time", frame.timestamp_us(), time_us)?;
        equal("its length", frame.pixels().len(), made.size_bytes as usize)?;
        *sum = checksum(frame.pixels());
        let read = ok("the picture was read", input.dequeue(FRAME_MS))?;
        equal("time of what was read", read.frame.timestamp_us, time_us)?;
        ensure!(input.draft().is_some(), "what was read is not free");
    }
    equal("the second picture", sums[1], sums[0])?;
    ok("stop the output", output.stop(memory::STOP_MS))?;
    ok("stop the input", input.stop(memory::STOP_MS))?;
    ok("close the output", output.close())?;
    ok("close the input", input.close())?;
    // The same by hand: its pixels are read after the library has let go of them.
    let pair = Pair::scaled(stage, LARGE_PX, HALF_PX)?;
    let pool = stage.nodes.resizer_input.pool.pixels;
    memory::ramp(pair.input.pixels(pool, stage, FIRST)?, pair.input.format);
    pair.start(stage)?;
    let by_hand = pair.run(stage, 9)?;
    let pixels = pair.output.pixels(stage.pool.pixels, stage, by_hand.frame.buffer)?;
    equal("by hand", pixels.part(0, made.size_bytes as usize).checksum(), sums[0])?;
    pair.output.stop(stage)?;
    pair.close(stage)?;
    Ok(Text::of(format_args!("two pictures, checksum {:#010x}", sums[0])))
}

/// A pipeline with a job in the hardware, and a witness that waits for its frame.
fn in_a_job(stage: &mut Stage) -> Result<Pair, Failure> {
    let pair = Pair::scaled(stage, LARGE_PX, HALF_PX)?;
    let pool = stage.nodes.resizer_input.pool.pixels;
    memory::ramp(pair.input.pixels(pool, stage, FIRST)?, pair.input.format);
    pair.start(stage)?;
    stage.delegate(0, pair.output.handle)?;
    stage.witnesses.start(0, Job::Dequeue { timeout_ms: FRAME_MS })?;
    ensure!(stage.witnesses.is_working(0), "the witness does not wait");
    pair.output.queue(stage, FIRST)?;
    pair.input.queue_at(stage, FIRST, 5)?;
    memory::in_hardware(stage, [stage.pool.id, stage.nodes.resizer_input.pool.id])?;
    Ok(pair)
}

fn witness_closes(stage: &mut Stage) -> Result<(), Failure> {
    stage.take_delegate(0);
    let closed = stage.witnesses.ask(0, Job::Close, QUIET_US)?;
    equal("the witness closes", closed, Outcome::Done)
}

/// Afterwards a job of the same kind gives a picture.
fn works_again(stage: &mut Stage) -> Result<u32, Failure> {
    let pair = Pair::scaled(stage, LARGE_PX, HALF_PX)?;
    let pool = stage.nodes.resizer_input.pool.pixels;
    memory::ramp(pair.input.pixels(pool, stage, FIRST)?, pair.input.format);
    pair.start(stage)?;
    let made = pair.run(stage, 9)?;
    let sum = pair.output.pixels(stage.pool.pixels, stage, made.frame.buffer)?.checksum();
    pair.output.stop(stage)?;
    pair.close(stage)?;
    memory::at_rest(stage, stage.pool.id)?;
    memory::at_rest(stage, stage.nodes.resizer_input.pool.id)?;
    Ok(sum)
}

pub fn isp_dies(stage: &mut Stage) -> Verdict {
    let sum = works_again(stage)?;
    let pair = in_a_job(stage)?;
    let life = stage.ready(stage.isp, None)?;
    stage.control(stage.isp, Control::Restart)?;
    let report = stage.witnesses.report(0, QUIET_US)?;
    let causes = &[Cause::Stopped];
    let ended = Ended { peer: stage.isp, generation: life, causes };
    let Outcome::Disconnected(record) = report.outcome else {
        return Err(failure!("the witness: {:?}", report.outcome));
    };
    names("the capture node's client", record, &ended)?;
    let input = memory::resizer_input(stage).get_format(pair.input.handle);
    equal("the two records", disconnected("the output node's client", input)?, record)?;
    pair.input.reclaim(stage, FIRST)?;
    pair.output.reclaim(stage, FIRST)?;
    pair.close(stage)?;
    witness_closes(stage)?;
    memory::at_rest(stage, stage.pool.id)?;
    memory::at_rest(stage, stage.nodes.resizer_input.pool.id)?;
    stage.all_ready(Some(life))?;
    equal("picture of the next life", works_again(stage)?, sum)?;
    Ok(Text::of(format_args!("{record:?}, both buffers cancelled")))
}

pub fn input_node_dies(stage: &mut Stage) -> Verdict {
    let sum = works_again(stage)?;
    let lives = stage.lives();
    let pair = in_a_job(stage)?;
    let node = memory::resizer_input(stage).task_id().index();
    stage.control(node, Control::Restart)?;
    let begun_us = now_us();
    let report = stage.witnesses.report(0, SETTLED_US)?;
    let not_streaming = Outcome::Refused(NodeError::NotStreaming as u32);
    equal("the one answer of the capture node", report.outcome, not_streaming)?;
    let record = disconnected("its own client", pair.input_format(stage))?;
    equal("who died", (record.peer, record.hops), (node, 0))?;
    memory::at_rest(stage, stage.pool.id)?;
    memory::at_rest(stage, stage.nodes.resizer_input.pool.id)?;
    stage.same_lives_but(&lives, &[node])?;
    let took_us = report.returned_us.saturating_sub(begun_us);
    pair.output.close(stage)?;
    witness_closes(stage)?;
    stage.ready(node, Some(record.generation))?;
    stage.rebind();
    equal("picture afterwards", works_again(stage)?, sum)?;
    Ok(Text::of(format_args!("told NotStreaming after {took_us} us")))
}

pub fn output_node_dies(stage: &mut Stage) -> Verdict {
    let sum = works_again(stage)?;
    let lives = stage.lives();
    let pair = in_a_job(stage)?;
    let node = stage.video.task_id().index();
    stage.control(node, Control::Restart)?;
    let waited = memory::resizer_input(stage).dequeue_buffer(pair.input.handle, FRAME_MS);
    refused("the one answer of the output node", waited, NodeError::NotStreaming)?;
    let report = stage.witnesses.report(0, SETTLED_US)?;
    ensure!(
        matches!(report.outcome, Outcome::Disconnected(record) if record.peer == node),
        "the witness: {:?}",
        report.outcome
    );
    stage.take_delegate(0);
    memory::at_rest(stage, stage.pool.id)?;
    memory::at_rest(stage, stage.nodes.resizer_input.pool.id)?;
    stage.same_lives_but(&lives, &[node])?;
    pair.input.close(stage)?;
    stage.ready(node, None)?;
    stage.rebind();
    equal("picture afterwards", works_again(stage)?, sum)?;
    Ok(Text::of(format_args!("told NotStreaming, checksum {sum:#010x} before and after")))
}

/// What the firewall refuses is missing in the picture: both buffers of the job say so, and those of the
/// next job do not.
pub fn astray(stage: &mut Stage) -> Verdict {
    const FAR_BYTES: u32 = 1 << 20;
    let sum = works_again(stage)?;
    let pair = Pair::scaled(stage, LARGE_PX, HALF_PX)?;
    let pool = stage.nodes.resizer_input.pool.pixels;
    memory::ramp(pair.input.pixels(pool, stage, FIRST)?, pair.input.format);
    pair.start(stage)?;
    stage.bench.mark();
    stage.bench.now(control::DMA_STRAY, FAR_BYTES, 1)?;
    pair.output.queue(stage, FIRST)?;
    pair.input.queue_at(stage, FIRST, 5)?;
    for queue in [&pair.output, &pair.input] {
        let info = ok("dequeue", (queue.node)(stage).dequeue_buffer(queue.handle, FRAME_MS))?;
        equal("flags", info.frame.flags, FrameFlags::ERROR)?;
    }
    let refused = stage.bench.seen().dma_refused;
    ensure!(refused > 0, "the firewall refused nothing");
    let made = pair.run(stage, 6)?;
    let found = pair.output.pixels(stage.pool.pixels, stage, made.frame.buffer)?.checksum();
    equal("the next job", found, sum)?;
    pair.output.stop(stage)?;
    pair.close(stage)?;
    Ok(Text::of(format_args!("{refused} requests refused, both buffers marked")))
}

/// V4L2: S_PARM of the output node limits how often a frame is read. Without it jobs follow one another.
pub fn paced(stage: &mut Stage) -> Verdict {
    const INTERVAL: FrameInterval = FrameInterval { numerator: 1, denominator: 20 };
    const JOBS: u8 = 4;
    let pair = Pair::scaled(stage, (96, 64), (64, 48))?;
    pair.start(stage)?;
    let unlimited_us = jobs_us(stage, &pair, JOBS)?;
    let node = memory::resizer_input(stage);
    equal("interval", ok("G_PARM", node.get_parm(pair.input.handle))?, FrameInterval::NONE)?;
    equal("taken", ok("S_PARM", node.set_parm(pair.input.handle, INTERVAL))?, INTERVAL)?;
    let refused_parm = memory::resizer_output(stage).set_parm(pair.output.handle, INTERVAL);
    refused("S_PARM of a capture node", refused_parm, NodeError::InvalidFormat)?;
    let paced_us = jobs_us(stage, &pair, JOBS)?;
    // The first of them waits for the last one before, the others for one another.
    let least_us = u64::from(JOBS - 1) * u64::from(INTERVAL.as_us());
    let most_us = u64::from(JOBS + 1) * u64::from(INTERVAL.as_us());
    ensure!(unlimited_us < least_us, "{JOBS} jobs took {unlimited_us} us without a limit");
    ensure!(
        (least_us..most_us).contains(&paced_us),
        "{JOBS} jobs took {paced_us} us at 20 a second"
    );
    pair.output.stop(stage)?;
    pair.close(stage)?;
    Ok(Text::of(format_args!(
        "{unlimited_us} us without, {paced_us} us with a limit of 20 a second"
    )))
}

/// How long jobs take, one queued behind the other.
fn jobs_us(stage: &Stage, pair: &Pair, jobs: u8) -> Result<u64, Failure> {
    let begun_us = now_us();
    for job in 0..jobs {
        pair.run(stage, job.into())?;
    }
    Ok(now_us() - begun_us)
}

/// S15: raw frames of the sensor and jobs at the same time; then the sensor leaves.
pub fn sensor_leaves(stage: &mut Stage) -> Verdict {
    let pair = Pair::scaled(stage, LARGE_PX, HALF_PX)?;
    let layout = ok("set up", stage.camera.raw(SENSOR_PX, SENSOR_PX))?;
    let raw = Queue::open(stage, memory::raw, layout.output)?;
    (0..memory::BUFFERS).try_for_each(|index| raw.queue(stage, BufferIndex(index)))?;
    raw.start(stage)?;
    pair.start(stage)?;
    let mut frames = 0;
    for job in 0..3 {
        pair.run(stage, job)?;
        let info = raw.take(stage)?;
        raw.queue(stage, info.frame.buffer)?;
        frames += 1;
    }
    let life = stage.ready(stage.sensor, None)?;
    stage.control(stage.sensor, Control::Stop)?;
    let record = stage.wait_for("the end of the raw stream", QUIET_US, |stage| {
        Ok(disconnected("raw", memory::raw(stage).get_format(raw.handle)).ok())
    })?;
    let causes = &[Cause::Stopped];
    names("the raw stream", record, &Ended { peer: stage.sensor, generation: life, causes })?;
    for job in 3..6 {
        pair.run(stage, job)?;
    }
    raw.close(stage)?;
    pair.output.stop(stage)?;
    pair.close(stage)?;
    memory::at_rest(stage, stage.nodes.raw.pool.id)?;
    stage.control(stage.sensor, Control::Start)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{frames} raw frames beside 3 jobs, then 3 jobs without a sensor")))
}

impl Pair {
    fn input_format(&self, stage: &Stage) -> Result<PixFormat, ipc::Error<NodeError>> {
        memory::resizer_input(stage).get_format(self.input.handle)
    }
}
