//! S32: the frame interval of the sensor: what the driver says is what the frames' time stamps say, in lines
//! and in microseconds, whatever the window, the blanking, and while it streams.

use idl::types::{BufferIndex, ControlId, FrameInterval, NodeError, PixFormat};

use task_client::Subdev;

use super::memory::{self, Queue};
use crate::check::{Failure, Verdict, equal, ok, refused};
use crate::ensure;
use crate::stage::Stage;
use crate::text::Text;

/// Buffers of the stream.
const BUFFERS: u8 = 4;
/// Frames until the sensor has taken what was written: the one in progress, and one to spare.
const TAKEN: u32 = 3;
/// How often the line is read while whole frames pass.
const READS_MAX: u32 = 60_000;
/// How many times as long frames are made.
const TIMES: u32 = 3;

/// Device lines of a frame: the largest number of a line while a whole frame passes.
fn frame_lines(stage: &Stage) -> Result<u32, Failure> {
    let begun = stage.bench.frame();
    let mut largest = 0;
    for _ in 0..READS_MAX {
        match stage.bench.frame().wrapping_sub(begun) {
            // A frame of which the beginning, or more, was not seen.
            0 => {}
            1 => largest = largest.max(stage.bench.line()),
            _ => return Ok(largest + 1),
        }
    }
    Err(crate::failure!("no frame passed"))
}

pub fn stretched(stage: &mut Stage) -> Verdict {
    let running = stage.stream(BUFFERS)?;
    stage.run_frames(&running, TAKEN)?;
    let sensor = ok("open the sensor", Subdev::open(stage.camera.sensor))?;
    let shortest = ok("G_FRAME_INTERVAL", sensor.frame_interval())?;
    let short_lines = frame_lines(stage)?;
    let longer = FrameInterval { numerator: TIMES * shortest.numerator, ..shortest };
    equal("taken", ok("S_FRAME_INTERVAL", sensor.set_frame_interval(longer))?, longer)?;
    equal("kept", ok("G_FRAME_INTERVAL", sensor.frame_interval())?, longer)?;
    stage.run_frames(&running, TAKEN)?;
    let long_lines = frame_lines(stage)?;
    // The last line may pass between two reads.
    let near = |lines: u32, expected: u32| lines <= expected && lines + 3 >= expected;
    ensure!(near(long_lines, TIMES * (short_lines + 1)), "{short_lines} lines became {long_lines}");
    let fast = FrameInterval { numerator: 1, denominator: 100_000 };
    equal("too fast", ok("S_FRAME_INTERVAL", sensor.set_frame_interval(fast))?, shortest)?;
    stage.run_frames(&running, TAKEN)?;
    let again = frame_lines(stage)?;
    ensure!(again.abs_diff(short_lines) <= 1, "{short_lines} lines before, {again} afterwards");
    ok("close", sensor.close())?;
    let preview = ok("open the preview engine", Subdev::open(stage.camera.preview))?;
    refused("its interval", preview.frame_interval(), NodeError::NoFrameInterval)?;
    refused("to set it", preview.set_frame_interval(longer), NodeError::NoFrameInterval)?;
    ok("close", preview.close())?;
    ok("close", stage.video.close(running.handle))?;
    Ok(Text::of(format_args!("{short_lines} lines, {long_lines}, and {again}")))
}

/// Frames over which an interval is measured.
const MEASURED: u32 = 12;
/// How far what is measured may be from what is said, in 1/100.
const PERCENT_OFF: u64 = 1;

/// Sizes of the sensor's pictures, and how many times the shortest interval is asked for.
const MEASUREMENTS: [((u16, u16), u32); 5] =
    [((128, 120), 1), ((128, 120), 2), ((64, 192), 1), ((96, 160), 1), ((96, 160), 3)];

/// Narrow raw frames, because a line of those is computed in the time that the sensor takes for it. When it is
/// not, the bench is late: a wider picture takes longer in the emulator than its sensor says.
pub fn measured(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let mut seen = [0; MEASUREMENTS.len()];
    let sensor = ok("open the sensor", Subdev::open(stage.camera.sensor))?;
    for (place, (size, times)) in seen.iter_mut().zip(MEASUREMENTS) {
        let layout = ok("set up", stage.camera.raw(size, size))?;
        let shortest = ok("the shortest", sensor.set_frame_interval(FrameInterval::NONE))?;
        let wanted = FrameInterval { numerator: times * shortest.numerator, ..shortest };
        let said_us = u64::from(ok("S_FRAME_INTERVAL", sensor.set_frame_interval(wanted))?.as_us());
        let queue = started(stage, layout.output)?;
        *place = near(stage, &queue, said_us, MEASURED)?;
        stop(stage, &queue)?;
    }
    ok("close", sensor.close())?;
    Ok(Text::of(format_args!("{seen:?} us")))
}

/// A picture that is short, so that exposures make it longer.
const EXPOSED_PX: (u16, u16) = (64, 48);
/// Lines: one that the frame has room for, one that makes it three times as long, and one of nearly a second;
/// and frames over which the interval is measured.
const EXPOSURES: [(i32, u32); 3] = [(60, MEASURED), (230, MEASURED), (8000, 1)];

/// An exposure that is longer than the frame makes it as long as the driver says, while the ISP's driver
/// waits: nobody is told of a stall. A short interval that is asked for meanwhile comes back after it.
pub fn exposed(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    let sensor = ok("open the sensor", Subdev::open(stage.camera.sensor))?;
    let layout = ok("set up", stage.camera.raw(EXPOSED_PX, EXPOSED_PX))?;
    ok("shortest", sensor.set_frame_interval(FrameInterval::NONE))?;
    let queue = started(stage, layout.output)?;
    let mut seen = [0; EXPOSURES.len()];
    for (place, (exposure, frames)) in seen.iter_mut().zip(EXPOSURES) {
        equal(
            "exposure",
            ok("S_CTRL", sensor.set_control(ControlId::EXPOSURE, exposure))?,
            exposure,
        )?;
        let said_us = u64::from(ok("G_FRAME_INTERVAL", sensor.frame_interval())?.as_us());
        let asked = ok("S_FRAME_INTERVAL", sensor.set_frame_interval(FrameInterval::NONE))?;
        equal("the exposure stays", u64::from(asked.as_us()), said_us)?;
        *place = near(stage, &queue, said_us, frames)?;
    }
    let [short_us, _, long_us] = seen;
    ensure!(long_us > 800_000 && short_us < 10_000, "{seen:?} us");
    ok("S_CTRL", sensor.set_control(ControlId::EXPOSURE, EXPOSURES[0].0))?;
    near(stage, &queue, short_us, MEASURED)?;
    stop(stage, &queue)?;
    ok("close", sensor.close())?;
    Ok(Text::of(format_args!("{seen:?} us")))
}

/// A stream of raw frames.
fn started(stage: &mut Stage, output: PixFormat) -> Result<Queue, Failure> {
    let queue = Queue::open(stage, memory::raw, output)?;
    for buffer in 0..memory::BUFFERS {
        queue.queue(stage, BufferIndex(buffer))?;
    }
    queue.start(stage)?;
    Ok(queue)
}

fn stop(stage: &Stage, queue: &Queue) -> Result<(), Failure> {
    queue.stop(stage)?;
    queue.close(stage)
}

/// The interval that `frames` time stamps make, once the sensor has taken what was written: what is said.
fn near(stage: &Stage, queue: &Queue, said_us: u64, frames: u32) -> Result<u64, Failure> {
    let next = || {
        let frame = queue.take(stage)?.frame;
        queue.queue(stage, frame.buffer)?;
        Ok::<_, Failure>((frame.sequence, frame.timestamp_us))
    };
    for _ in 0..TAKEN {
        next()?;
    }
    let (first, begun_us) = next()?;
    for _ in 1..frames {
        next()?;
    }
    let (last, ended_us) = next()?;
    let taken_us = (ended_us - begun_us) / u64::from(last - first);
    ensure!(
        taken_us.abs_diff(said_us) * 100 <= PERCENT_OFF * said_us,
        "{taken_us} us, and the driver says {said_us}"
    );
    Ok(taken_us)
}
