//! S32: controls that a client sets by itself, from statistics: auto exposure and auto white balance
//! converge from a scene three stops off, and from coloured light, within ten frames.

use task_client::{AutoCamera, Step};

use super::removal;
use crate::check::{Failure, Verdict, at_most, ok};
use crate::stage::{FRAME_MS, Running, SENSOR_PX, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// Frames until the picture is good.
const FRAMES: u32 = 10;
/// Frames for which it must stay so.
const STEADY_FRAMES: u32 = 12;
/// Light on the scene, in 1/64 of the nominal light.
const NOMINAL: [u32; 3] = [64; 3];
const THREE_STOPS_DARK: [u32; 3] = [8; 3];
const THREE_STOPS_BRIGHT: [u32; 3] = [512; 3];
/// Tungsten, about: much red, little blue.
const TUNGSTEN: [u32; 3] = [108, 64, 29];
/// Both at once.
const DARK_TUNGSTEN: [u32; 3] = [14, 8, 4];
const BRIGHT_TUNGSTEN: [u32; 3] = [864, 512, 232];
/// Deviation from the target that counts as well exposed, in percent.
const EXPOSURE_PERCENT: u32 = 10;
/// Deviation of red and blue from green after white balance that counts as grey, in percent.
const GREY_PERCENT: u32 = 5;

/// By how many percent a number is off.
fn percent_off(found: u32, wanted: u32) -> u32 {
    found.abs_diff(wanted) * 100 / wanted.max(1)
}

fn is_good(step: &Step) -> bool {
    let [red, green, blue] = step.measured.colour_q4;
    let gained = |mean: u32, gain_q5: u8| mean * u32::from(gain_q5) / 32;
    percent_off(step.measured.luma_q4, 16 * task_client::LUMA_TARGET) <= EXPOSURE_PERCENT
        && percent_off(gained(red, step.settings.red_q5), green) <= GREY_PERCENT
        && percent_off(gained(blue, step.settings.blue_q5), green) <= GREY_PERCENT
}

/// Streams `frames` frames; gives the first frame from which on all measured ones were good, counted
/// from the first of the stream, measured or not, and the last step.
fn follow(
    stage: &mut Stage,
    running: &Running,
    auto: &mut AutoCamera,
    frames: u32,
) -> Result<(Option<u32>, Step), Failure> {
    let (mut good_since, mut last) = (None, None);
    for _ in 0..3 * frames {
        let info = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?;
        ok("queue", stage.video.queue_buffer(running.handle, info.frame.buffer))?;
        let Some(step) = ok("update", auto.update())? else { continue };
        let number = step.statistics.frame_number;
        let good = is_good(&step);
        ensure!(last.is_some() || !good, "frame {number} was good already: the light was not on");
        good_since = if good { good_since.or(Some(number)) } else { None };
        last = Some(step);
        if number >= frames {
            break;
        }
    }
    let last = last.ok_or(failure!("no measurement came"))?;
    Ok((good_since, last))
}

fn converges(stage: &mut Stage, light_q6: [u32; 3]) -> Verdict {
    stage.bench.light(light_q6);
    let running = stage.stream(4)?;
    let camera = stage.camera;
    let mut auto = ok("begin", AutoCamera::begin(&camera, stage.aewb(), SENSOR_PX))?;
    let (since, step) = follow(stage, &running, &mut auto, FRAMES + STEADY_FRAMES)?;
    let Some(since) = since else {
        return Err(failure!("never good: {step:?}"));
    };
    at_most("frames until the picture is good", since.into(), FRAMES.into())?;
    ensure!(step.statistics.frame_number > FRAMES, "the stream was too short: {step:?}");
    ok("close", auto.close())?;
    stage.bench.light(NOMINAL);
    ok("stream off", stage.video.stream_off(running.handle, removal::STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    let Step { measured, settings, .. } = step;
    Ok(Text::of(format_args!(
        "good after {since} frames: luma {}/16, {} lines, gain {}/8, red {}/32, blue {}/32",
        measured.luma_q4,
        settings.exposure_lines,
        settings.gain_eighths,
        settings.red_q5,
        settings.blue_q5
    )))
}

pub fn dark(stage: &mut Stage) -> Verdict {
    converges(stage, THREE_STOPS_DARK)
}

pub fn bright(stage: &mut Stage) -> Verdict {
    converges(stage, THREE_STOPS_BRIGHT)
}

pub fn tungsten(stage: &mut Stage) -> Verdict {
    converges(stage, TUNGSTEN)
}

pub fn dark_tungsten(stage: &mut Stage) -> Verdict {
    converges(stage, DARK_TUNGSTEN)
}

pub fn bright_tungsten(stage: &mut Stage) -> Verdict {
    converges(stage, BRIGHT_TUNGSTEN)
}
