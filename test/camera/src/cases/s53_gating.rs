//! S53: power gating without removal (suspend and resume by an operator, or nobody streams) is no
//! disconnect: the same lives, handles and entities go on, nothing is touched meanwhile, and the
//! drivers restore what the registers have forgotten.

use drv_isp_regs::{Block, ISP_IRQ, SENSOR_BUS_IRQ, bench_control as control};
use idl::types::{BufferIndex, Cause, Control, ControlId, Generation, Name, NodeError, PowerState};
use idl::{ipc, power, subdev};

use super::hw_frames::{Reference, Tally};
use super::removal::{self, Removal, STOP_MS};
use crate::check::{Ended, Failure, Verdict, at_most, equal, names, ok};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{Lives, QUIET_US, Running, Stage};
use crate::text::Text;

/// Buffers of the streams.
const BUFFERS: u8 = 4;
/// Frames before a suspend.
const BEFORE: u32 = 2;
/// The bound of a suspend, in microseconds: that of power, and the fall of the domain.
const SUSPEND_US: u64 = 1_600_000;
/// A running stream comes to rest within a frame or two, in microseconds.
pub(super) const REST_US: u64 = 100_000;
/// From a resume to the domain on, in microseconds (power gives up after 20 ms).
const RISE_US: u64 = 30_000;
/// How long nothing may be touched, in microseconds, and spurious interrupts meanwhile.
const WATCH_US: u64 = 50_000;
const SPURIOUS: u64 = 5;
/// Longest wait for a frame that does not come, in milliseconds.
const NO_FRAME_MS: u32 = 60;
/// `idle_ms` of `variants/idle.toml`, in microseconds.
const IDLE_US: u64 = 40_000;
/// Streams with an idle time before each.
const ROUNDS: u32 = 3;
/// A brightness that is set while the preview has no power.
const BRIGHTNESS: i32 = 25;

/// The lives of all tasks, those of the module too.
struct Same {
    others: Lives,
    isp: Generation,
    sensor: Generation,
    ccdc: idl::types::EntityId,
    version: u32,
}

impl Same {
    fn of(stage: &mut Stage) -> Result<Self, Failure> {
        Ok(Self {
            others: stage.lives(),
            isp: stage.all_ready(None)?,
            sensor: stage.ready(stage.sensor, None)?,
            ccdc: ok("find", stage.graph.find(Name::new("OMAP3 ISP CCDC")))?,
            version: ok("version", stage.graph.topology_version())?,
        })
    }

    fn still(&self, stage: &mut Stage) -> Result<(), Failure> {
        stage.same_lives(&self.others)?;
        equal("life of the ISP", stage.ready(stage.isp, None)?, self.isp)?;
        equal("life of the sensor", stage.ready(stage.sensor, None)?, self.sensor)?;
        let ccdc = ok("find", stage.graph.find(Name::new("OMAP3 ISP CCDC")))?;
        equal("entity of the CCDC", ccdc, self.ccdc)?;
        equal("topology", ok("version", stage.graph.topology_version())?, self.version)
    }
}

fn state(stage: &Stage) -> Result<PowerState, Failure> {
    ok("power", power::Client::to(stage.power).state())
}

fn reach(stage: &mut Stage, wanted: PowerState, within_us: u64) -> Result<u64, Failure> {
    let begun_us = now_us();
    stage.wait_for("the state of power", within_us, |stage| {
        Ok((state(stage)? == wanted).then_some(()))
    })?;
    Ok(now_us() - begun_us)
}

pub(super) fn suspend(stage: &mut Stage, within_us: u64) -> Result<u64, Failure> {
    ok("suspend", power::Client::to(stage.power).suspend(true))?;
    reach(stage, PowerState::Suspended, within_us)
}

pub(super) fn resume(stage: &mut Stage) -> Result<(), Failure> {
    ok("resume", power::Client::to(stage.power).suspend(false))?;
    reach(stage, PowerState::On, RISE_US).map(drop)
}

/// Nobody touches a register, no engine a byte, whatever the interrupt lines do.
pub(super) fn untouched(stage: &Stage) -> Result<(), Failure> {
    stage.bench.mark();
    for _ in 0..SPURIOUS {
        stage.bench.now(control::IRQ_SPURIOUS, 0, ISP_IRQ)?;
        stage.bench.now(control::IRQ_SPURIOUS, 0, SENSOR_BUS_IRQ)?;
        stage.sleep_us(WATCH_US / SPURIOUS);
    }
    let seen = stage.bench.seen();
    let touched = (seen.isp, seen.sensor_bus, seen.faulting, seen.dma_bytes);
    equal("accesses to ISP and bus, faults, bytes", touched, (0, 0, 0, 0))
}

fn no_frame(stage: &Stage, running: &Running) -> Result<(), Failure> {
    match stage.video.dequeue_buffer(running.handle, NO_FRAME_MS) {
        Err(ipc::Error::Op(NodeError::TimedOut)) => Ok(()),
        other => Err(crate::failure!("dequeue without power: expected TimedOut, found {other:?}")),
    }
}

fn stop(stage: &mut Stage, running: &Running) -> Result<(), Failure> {
    ok("stream off", stage.video.stream_off(running.handle, STOP_MS))?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()
}

pub fn idle_handles(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let same = Same::of(stage)?;
    let handle = stage.open_video()?;
    let format = ok("format", stage.video.get_format(handle))?;
    let preview = subdev::Client::to(stage.camera.preview);
    let opened = ok("open", preview.open())?;

    let took_us = suspend(stage, REST_US)?;
    ok("brightness", preview.set_control(opened, ControlId::BRIGHTNESS, BRIGHTNESS))?;
    equal("format", ok("format", stage.video.get_format(handle))?, format)?;
    untouched(stage)?;
    ok("brightness", preview.set_control(opened, ControlId::BRIGHTNESS, 0))?;
    same.still(stage)?;
    resume(stage)?;

    equal("format", ok("format", stage.video.get_format(handle))?, format)?;
    ok("close", preview.close(opened))?;
    ok("close", stage.video.close(handle))?;
    reference.compare(stage)?;
    same.still(stage)?;
    Ok(Text::of(format_args!("suspended after {took_us} us")))
}

pub fn running_stream(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let same = Same::of(stage)?;
    let running = stage.stream(BUFFERS)?;
    stage.run_frames(&running, BEFORE)?;
    stage.in_mid_frame()?;
    let took_us = suspend(stage, REST_US)?;
    // The frame that was under way was finished.
    let mut last = None;
    let mut spare = BufferIndex(0);
    while let Ok(info) = stage.video.dequeue_buffer(running.handle, 0) {
        equal("flags of a finished frame", info.frame.flags.0, 0)?;
        (last, spare) = (Some(info.frame.sequence), info.frame.buffer);
    }
    ensure!(last.is_some(), "the frame that was under way was lost");
    no_frame(stage, &running)?;
    untouched(stage)?;
    // Queueing goes on as if nothing had happened.
    ok("queue", stage.video.queue_buffer(running.handle, spare))?;
    stage.counts()?;
    same.still(stage)?;
    resume(stage)?;

    let (sequence, ..) = stage.frame(&running)?;
    ensure!(Some(sequence) > last, "frame {sequence} follows {last:?}");
    let tally = Tally::watch(stage, &running, &reference)?;
    tally.recovered("after the resume")?;
    equal("wrong and marked frames", (tally.wrong, tally.marked), (0, 0))?;
    stop(stage, &running)?;
    reference.compare(stage)?;
    same.still(stage)?;
    Ok(Text::of(format_args!("suspended after {took_us} us, {tally:?}")))
}

pub fn while_suspended(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let same = Same::of(stage)?;
    suspend(stage, REST_US)?;
    let running = stage.stream(BUFFERS)?;
    no_frame(stage, &running)?;
    untouched(stage)?;
    resume(stage)?;
    let tally = Tally::watch(stage, &running, &reference)?;
    tally.recovered("a stream that was started without power")?;
    equal("wrong and marked frames", (tally.wrong, tally.marked), (0, 0))?;
    suspend(stage, REST_US)?;
    stage.bench.mark();
    stop(stage, &running)?;
    let seen = stage.bench.seen();
    equal("accesses of a stop without power", (seen.isp, seen.faulting), (0, 0))?;
    resume(stage)?;
    reference.compare(stage)?;
    same.still(stage)?;
    Ok(Text::of(format_args!("{tally:?}")))
}

pub fn removal(stage: &mut Stage) -> Verdict {
    let mut epoch = stage.all_ready(None)?;
    for unplug in [true, false] {
        let running = stage.stream(BUFFERS)?;
        stage.run_frames(&running, BEFORE)?;
        suspend(stage, REST_US)?;
        let (cause, peer) =
            if unplug { (Cause::Unplugged, stage.isp) } else { (Cause::Stopped, stage.isp) };
        if unplug {
            Removal::Unplug.begin(stage)?;
        } else {
            stage.control(stage.isp, Control::Restart)?;
        }
        let record = stage.wait_for("the end of the stream", QUIET_US, |stage| {
            Ok(stage.record(running.handle).ok())
        })?;
        names("the record", record, &Ended { peer, generation: epoch, causes: &[cause] })?;
        removal::close_ended(stage, running.handle, record)?;
        stage.wait_for("baseline", QUIET_US, |stage| Ok(stage.at_baseline().ok()))?;
        if unplug {
            stage.bench.replug()?;
        }
        // Debounce and restart take less than this; without power nobody serves.
        stage.sleep_us(REST_US);
        equal("state", state(stage)?, PowerState::Suspended)?;
        untouched(stage)?;
        resume(stage)?;
        epoch = stage.all_ready(Some(epoch))?;
        removal::streams_again(stage, 2)?;
    }
    Ok(Text::of(format_args!("life {}", epoch.0)))
}

/// A sensor whose life ends while the domain has no power serves again after it: the ISP is in its reset
/// when the new life asks for its clock.
pub fn sensor_dies(stage: &mut Stage) -> Verdict {
    let isp = stage.all_ready(None)?;
    let sensor = stage.ready(stage.sensor, None)?;
    suspend(stage, REST_US)?;
    stage.control(stage.sensor, Control::Restart)?;
    stage.sleep_us(REST_US);
    equal("state", state(stage)?, PowerState::Suspended)?;
    untouched(stage)?;
    resume(stage)?;
    let next = stage.ready(stage.sensor, Some(sensor))?;
    equal("life of the ISP", stage.ready(stage.isp, None)?, isp)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("life {}", next.0)))
}

/// A block that will not come to rest is switched off with the others, and is well afterwards.
pub fn wedged(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let same = Same::of(stage)?;
    let running = stage.stream(BUFFERS)?;
    stage.run_frames(&running, BEFORE)?;
    stage.bench.now(control::BUSY_STUCK, Block::Resizer as u32, 0)?;
    stage.in_mid_frame()?;
    let took_us = suspend(stage, SUSPEND_US)?;
    stage.bench.now(control::BUSY_RELEASE, Block::Resizer as u32, 0)?;
    untouched(stage)?;
    resume(stage)?;
    let tally = Tally::watch(stage, &running, &reference)?;
    tally.recovered("after the resume")?;
    equal("wrong frames", tally.wrong, 0)?;
    ensure!(tally.marked > 0, "the frame of the wedged block is not marked: {tally:?}");
    stop(stage, &running)?;
    reference.compare(stage)?;
    same.still(stage)?;
    at_most("suspend", took_us, SUSPEND_US)?;
    Ok(Text::of(format_args!("suspended after {took_us} us, {tally:?}")))
}

/// For the image `variants/idle.toml`, whose domain is switched off while nobody streams.
pub fn gated(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let same = Same::of(stage)?;
    let handle = stage.open_video()?;
    let mut woken_us = 0;
    for _ in 0..ROUNDS {
        reach(stage, PowerState::Off, 2 * IDLE_US + RISE_US)?;
        untouched(stage)?;
        let begun_us = now_us();
        let running = stage.stream(BUFFERS)?;
        stage.frame(&running)?;
        woken_us = now_us() - begun_us;
        let tally = Tally::watch(stage, &running, &reference)?;
        tally.recovered("after the gate")?;
        equal("wrong and marked frames", (tally.wrong, tally.marked), (0, 0))?;
        ok("stream off", stage.video.stream_off(running.handle, STOP_MS))?;
        ok("close", stage.video.close(running.handle))?;
    }
    ok("close", stage.video.close(handle))?;
    stage.at_baseline()?;
    same.still(stage)?;
    Ok(Text::of(format_args!("first frame {woken_us} us after the start")))
}
