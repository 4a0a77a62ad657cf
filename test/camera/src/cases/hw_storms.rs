//! Storms on the lines of the other drivers while a camera streams, and edges of the firewall's line that
//! are lost, late or doubled. A storm takes the processor from all that is less important than the line's
//! owner, this client included, until the supervisor ends the owner or the storm ends; then everything is
//! as it was.

use drv_isp_regs::{
    FIREWALL_IRQ, HOST_LINK_IRQ, PRCM_IRQ, SENSOR_BUS_IRQ, bench_control as control,
};
use idl::types::{Cause, TaskIndex};

use super::hw_frames::{Reference, Tally, stop};
use super::removal::streams_again;
use crate::check::{Failure, Verdict, at_most, equal, ok};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{QUIET_US, READY_US, Running, Stage};
use crate::text::Text;

/// Buffers of the streams.
const BUFFERS: u8 = 4;
/// Frames before anything goes wrong.
const BEFORE: u32 = 2;
/// Interrupts of a storm: hundreds of milliseconds of them.
const STORM: u32 = 100_000;
/// Most time until a storm is over.
const OVER_US: u64 = 20_000_000;
/// Deaths of an owner in one storm: far fewer than make the supervisor give it up.
const DEATHS_MAX: u32 = 6;
/// Most time until the buffers are back: the CCDC, in the middle of a frame whose sensor is gone, has two
/// seconds to stop.
const STOPPED_US: u64 = 2_000_000 + READY_US;
/// Edges that are lost or doubled, and lines by which one is late.
const EDGES: u32 = 3;
const LATE_LINES: u32 = 400;
/// Stray frames, and how far they go astray, in bytes: out of every pool.
const STRAY_FRAMES: u32 = 2;
const STRAY_BYTES: u32 = 4 << 20;

/// What a storm did.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// Lives of the owner that it ended.
    deaths: u32,
    /// Time to the first of them, in microseconds.
    first_us: Option<u64>,
    /// How long it was, in microseconds.
    storm_us: u64,
    /// Bytes that the engines wrote meanwhile.
    dma_bytes: u32,
}

impl Told {
    fn text(self) -> Text {
        let Self { deaths, first_us, storm_us, dma_bytes } = self;
        Text::of(format_args!(
            "{deaths} deaths in {storm_us} us of storm, the first after {first_us:?} us; engines wrote \
             {dma_bytes} bytes"
        ))
    }
}

/// A stream, a storm on this line, and its end.
fn storm(stage: &mut Stage, owner: TaskIndex, irq: u32) -> Result<(Running, Told), Failure> {
    let running = stage.stream(BUFFERS)?;
    stage.run_frames(&running, BEFORE)?;
    stage.forget_story()?;
    stage.bench.mark();
    let begun_us = now_us();
    stage.bench.now(control::IRQ_STORM, STORM, irq)?;
    stage.wait_for("the end of the storm", OVER_US, |stage| {
        Ok((stage.bench.irqs(irq) >= STORM).then_some(()))
    })?;
    let storm_us = now_us() - begun_us;
    let dma_bytes = stage.bench.seen().dma_bytes;
    let mut told = Told { deaths: 0, first_us: None, storm_us, dma_bytes };
    while let Ok(death) = stage.death(owner) {
        ensure!(death.cause == Cause::Stalled, "the owner died of {:?}", death.cause);
        told.deaths += 1;
        told.first_us.get_or_insert(death.time_us - begun_us);
    }
    at_most("deaths of the owner", told.deaths.into(), DEATHS_MAX.into())?;
    Ok((running, told))
}

/// After a storm that may have ended lives of the owner, and with it the stream.
fn recovers(stage: &mut Stage, owner: TaskIndex, irq: u32) -> Verdict {
    let lives = stage.lives();
    let (running, told) = storm(stage, owner, irq)?;
    if told.deaths == 0 {
        stage.run_frames(&running, BEFORE)?;
        stop(stage, &running)?;
    } else {
        stage.wait_for("the end of the stream", QUIET_US, |stage| {
            Ok(stage.record(running.handle).ok())
        })?;
        ok("close", stage.video.close(running.handle))?;
    }
    stage.ready(owner, None)?;
    stage.rebind();
    stage.wait_for("baseline", STOPPED_US, |stage| Ok(stage.at_baseline().ok()))?;
    stage.all_ready(None)?;
    streams_again(stage, BEFORE)?;
    stage.same_lives_but(&lives, &[owner])?;
    Ok(told.text())
}

/// The line of the power domain.
pub fn power(stage: &mut Stage) -> Verdict {
    recovers(stage, stage.power, PRCM_IRQ)
}

/// The line of the control bus.
pub fn bus(stage: &mut Stage) -> Verdict {
    recovers(stage, stage.sensor, SENSOR_BUS_IRQ)
}

/// The line of the DMA firewall.
pub fn ledger(stage: &mut Stage) -> Verdict {
    let frames = stage.frames.task_id().index();
    recovers(stage, frames, FIREWALL_IRQ)
}

/// The line of the host link. Its owner is less important than all drivers and nodes: they go on.
pub fn host(stage: &mut Stage) -> Verdict {
    let lives = stage.lives();
    let (running, told) = storm(stage, stage.ctl, HOST_LINK_IRQ)?;
    ensure!(told.dma_bytes > 0, "the camera stood still: {told:?}");
    let life = running.epoch;
    stop(stage, &running)?;
    equal("life of the ISP", streams_again(stage, BEFORE)?, life)?;
    stage.same_lives_but(&lives, &[stage.ctl])?;
    Ok(told.text())
}

/// The firewall refuses all the same, whether its driver is told in time, late, twice or not at all.
pub fn edges(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let lives = stage.lives();
    for (kind, amount) in
        [(control::IRQ_LOST, EDGES), (control::IRQ_LATE, LATE_LINES), (control::IRQ_DOUBLED, EDGES)]
    {
        let running = stage.stream(BUFFERS)?;
        stage.run_frames(&running, BEFORE)?;
        stage.bench.mark();
        stage.bench.now(kind, amount, FIREWALL_IRQ)?;
        stage.bench.now(control::DMA_STRAY, STRAY_BYTES, STRAY_FRAMES)?;
        let tally = Tally::watch(stage, &running, &reference)?;
        tally.recovered("after the stray frames")?;
        ensure!(stage.bench.seen().dma_refused > 0, "nothing was refused");
        stage.bench.now(kind, 0, FIREWALL_IRQ)?;
        stop(stage, &running)?;
    }
    stage.same_lives(&lives)?;
    reference.compare(stage)?;
    Ok(Text::of(format_args!("refused, and right frames, after each of three")))
}
