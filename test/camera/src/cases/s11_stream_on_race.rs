//! S11: STREAMON races removal: it loses (Disconnected, the hardware never started) or it wins and the
//! stream is ended; the hardware never runs after the removal.

use drv_isp_regs::{PRCM_IRQ, bench_control as control};
use idl::ipc;
use idl::types::{BufferIndex, NodeError};

use super::removal::{self, Removal};
use crate::check::{Failure, Verdict, equal, ok};
use crate::stage::{OUTPUT_PX, QUIET_US, SENSOR_PX, Stage};
use crate::text::Text;
use crate::{ensure, failure};

/// When the module goes.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Before the call, and the pin says so at once.
    Before,
    /// Before the call, and the pin is late: the driver finds out by itself.
    BeforeUnseen,
    /// At this line of the first frame.
    Line(u32),
}

/// Seeds of the race.
const MOMENTS: [Moment; 12] = [
    Moment::Before,
    Moment::BeforeUnseen,
    Moment::Line(0),
    Moment::Line(1),
    Moment::Line(2),
    Moment::Line(5),
    Moment::Line(13),
    Moment::Line(40),
    Moment::Line(77),
    Moment::Line(119),
    Moment::Line(121),
    Moment::Line(140),
];
/// Device lines by which a late pin is late.
const PIN_LATE_LINES: u32 = 200;
/// How long nothing may happen after the end, in microseconds.
const WATCH_US: u64 = 60_000;

fn race(stage: &mut Stage, moment: Moment) -> Result<bool, Failure> {
    let epoch = stage.all_ready(None)?;
    let layout = ok("set up the pipeline", stage.camera.processed(SENSOR_PX, OUTPUT_PX))?;
    let handle = stage.open_video()?;
    ok("set format", stage.video.set_format(handle, layout.output))?;
    ok("request buffers", stage.video.request_buffers(handle, 4))?;
    for buffer in (0..4).map(BufferIndex) {
        ok("queue", stage.video.queue_buffer(handle, buffer))?;
    }
    match moment {
        Moment::Before => stage.bench.unplug()?,
        Moment::BeforeUnseen => {
            stage.bench.now(control::IRQ_LATE, PIN_LATE_LINES, PRCM_IRQ)?;
            stage.bench.unplug()?;
        }
        Moment::Line(line) => {
            let frame = stage.bench.frame() + 1;
            stage.bench.at(frame, line, control::UNPLUG, 0, 0)?;
        }
    }
    let won = match stage.video.stream_on(handle) {
        Ok(()) => true,
        Err(ipc::Error::Disconnected(record)) => {
            equal("who died", record.peer, stage.isp)?;
            equal("which life", record.generation, epoch)?;
            false
        }
        // The handle has ended already, or the sensor was the first to be missed.
        Err(ipc::Error::Op(NodeError::NoDevice | NodeError::DriverRefused)) => false,
        other => return Err(failure!("{moment:?}: stream on: {other:?}")),
    };
    stage.wait_for("the end of the handle", QUIET_US, |stage| Ok(stage.record(handle).ok()))?;
    stage.wait_for("quiet", QUIET_US, |stage| {
        let absent = ok("outlook", stage.supervisor.outlook(stage.isp))?;
        Ok((absent == idl::types::Outlook::Absent).then_some(()))
    })?;
    stage.bench.mark();
    stage.sleep_us(WATCH_US);
    let seen = stage.bench.seen();
    ensure!(
        (seen.isp, seen.faulting, seen.dma_bytes) == (0, 0, 0),
        "{moment:?}: the hardware was used after the removal: {seen:?}"
    );
    ok("close", stage.video.close(handle))?;
    stage.at_baseline()?;
    Removal::Unplug.end(stage, epoch)?;
    Ok(won)
}

pub fn races(stage: &mut Stage) -> Verdict {
    let mut wins = 0;
    for moment in MOMENTS {
        let won = race(stage, moment).map_err(|why| failure!("{moment:?}: {why}"))?;
        wins += u32::from(won);
    }
    removal::streams_again(stage, 2)?;
    ensure!(wins > 0 && wins < MOMENTS.len() as u32, "{wins} wins: not a race");
    Ok(Text::of(format_args!("{} races, {wins} wins", MOMENTS.len())))
}
