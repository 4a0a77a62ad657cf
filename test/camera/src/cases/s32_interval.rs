//! S32: the frame interval of the sensor, set while it streams. Device time is counted in the sensor's lines:
//! what one of them costs the emulator says nothing, how many a frame has does.

use idl::types::{FrameInterval, NodeError};
use task_client::Subdev;

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
