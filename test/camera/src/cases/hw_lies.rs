//! Hardware that lies or does not answer: reads that give garbage or old values, a presence pin that
//! says nothing, a control bus that fails, another part at the sensor's address.

use drv_isp_regs::{PRCM_IRQ, bench_control as control};
use idl::subdev;
use idl::types::{BufferIndex, Cause, Control, ControlId, Generation, Outlook};

use super::hw_frames::{Reference, Tally};
use super::removal::{self, Removal};
use crate::check::{Ended, Failure, Verdict, disconnected, equal, names, ok};
use crate::clock::now_us;
use crate::ensure;
use crate::stage::{FRAME_MS, OUTPUT_PX, QUIET_US, READY_US, SENSOR_PX, Stage};
use crate::text::Text;

/// Buffers of the streams.
const BUFFERS: u8 = 4;
/// Frames before anything goes wrong.
const BEFORE: u32 = 2;
/// What a driver may die of that read nonsense.
const CAUSES: [Cause; 3] = [Cause::Faulted, Cause::Panicked, Cause::Stalled];
/// Lies in a row: one, and enough for the life after it to meet some as well.
const LIES: [u32; 2] = [1, 6];
/// Failed transfers that the driver's retries outlast, and those that end a life and meet the next.
const FEW: u32 = 2;
const MANY: u32 = 6;
/// Chip version of another part.
const OTHER_PART: u32 = 0x1621;
/// How long a sensor of another make is not served, in microseconds.
const REFUSED_US: u64 = 100_000;
/// Until eight deaths in a row: the delays between them add up to 630 ms.
const GIVEN_UP_US: u64 = 2_000_000;
/// Longest time to an edge of the presence pin without its interrupt, in microseconds: a look of power
/// in 100 ms, and the debounce time.
const PIN_US: u64 = 130_000;
/// An exposure, in lines.
const EXPOSURE: i32 = 300;

/// Ends with the driver alive or in a next life; a wrong frame that is called good is one for which
/// the status register itself lied.
pub fn reads(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let lives = stage.lives();
    let (mut ended, mut wrong) = (0, 0);
    for kind in [control::READ_GARBAGE, control::READ_STALE] {
        for lies in LIES {
            let running = stage.stream(BUFFERS)?;
            stage.run_frames(&running, BEFORE)?;
            stage.bench.now(kind, lies, 0)?;
            let tally = Tally::watch(stage, &running, &reference)?;
            ensure!(tally.wrong <= lies, "{lies} lies, more wrong frames: {tally:?}");
            wrong += tally.wrong;
            match tally.ended {
                None => {
                    tally.recovered("after the lies")?;
                    ok("stream off", stage.video.stream_off(running.handle, removal::STOP_MS))?;
                }
                Some(record) => {
                    let peer = record.peer;
                    ensure!(peer == stage.isp || peer == stage.sensor, "who died: {record:?}");
                    let generation = record.generation;
                    names("the record", record, &Ended { peer, generation, causes: &CAUSES })?;
                    ended += 1;
                }
            }
            ok("close", stage.video.close(running.handle))?;
            stage.bench.now(kind, 0, 0)?;
            stage.wait_for("baseline", READY_US, |stage| Ok(stage.at_baseline().ok()))?;
            reference.compare(stage)?;
        }
    }
    stage.same_lives(&lives)?;
    Ok(Text::of(format_args!("{ended} lives ended, {wrong} wrong frames")))
}

/// Nobody is told that the module went: the driver finds it at its next access.
pub fn presence(stage: &mut Stage) -> Verdict {
    let running = stage.stream(BUFFERS)?;
    stage.run_frames(&running, BEFORE)?;
    let mut buffer = BufferIndex(0);
    for _ in 0..BUFFERS {
        buffer = ok("dequeue", stage.video.dequeue_buffer(running.handle, FRAME_MS))?.frame.buffer;
    }
    stage.bench.now(control::IRQ_LOST, 1, PRCM_IRQ)?;
    stage.bench.mark();
    Removal::Unplug.begin(stage)?;
    let record = disconnected("QBUF", stage.video.queue_buffer(running.handle, buffer))?;
    let ended = Ended { peer: stage.isp, generation: running.epoch, causes: &[Cause::Faulted] };
    names("QBUF", record, &ended)?;
    equal("accesses that faulted", stage.bench.seen().faulting, 1)?;
    removal::close_ended(stage, running.handle, record)?;
    // Power looks at the pin when it makes the hardware quiet.
    stage.wait_for("absent", QUIET_US, |stage| {
        Ok((ok("outlook", stage.supervisor.outlook(stage.isp))? == Outlook::Absent).then_some(()))
    })?;
    Removal::Unplug.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{record:?}")))
}

/// Nobody streams and touches the hardware; power finds a lost edge of the pin in either direction by
/// itself.
pub fn presence_at_rest(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let mut found_us = [0; 2];
    for (plugged, found_us) in [false, true].into_iter().zip(&mut found_us) {
        stage.bench.now(control::IRQ_LOST, 1, PRCM_IRQ)?;
        let begun_us = now_us();
        if plugged {
            stage.bench.replug()?;
        } else {
            Removal::Unplug.begin(stage)?;
        }
        stage.wait_for("the outlook", PIN_US, |stage| {
            let outlook = ok("outlook", stage.supervisor.outlook(stage.isp))?;
            Ok(((outlook == Outlook::Absent) != plugged).then_some(()))
        })?;
        *found_us = now_us() - begun_us;
    }
    stage.all_ready(Some(epoch))?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("seen after {} and {} us", found_us[0], found_us[1])))
}

fn set_exposure(stage: &Stage) -> Result<(), Failure> {
    let node = subdev::Client::to(stage.camera.sensor);
    let handle = ok("open the sensor", node.open())?;
    ok("exposure", node.set_control(handle, ControlId::EXPOSURE, EXPOSURE))?;
    ok("close the sensor", node.close(handle))
}

/// Few failures are made good by retries; many end the sensor's life, and the next one meets the rest.
pub fn bus(stage: &mut Stage) -> Verdict {
    let reference = Reference::take(stage)?;
    let sensor = stage.ready(stage.sensor, None)?;
    for kind in [control::SENSOR_NAK, control::BUS_ARBITRATION] {
        stage.bench.now(kind, FEW, 0)?;
        reference.compare(stage)?;
    }
    equal("life of the sensor", stage.ready(stage.sensor, None)?, sensor)?;
    let mut life = sensor;
    for kind in [control::SENSOR_NAK, control::BUS_ARBITRATION] {
        let running = stage.stream(BUFFERS)?;
        stage.run_frames(&running, BEFORE)?;
        stage.bench.now(kind, MANY, 0)?;
        set_exposure(stage)?;
        let record = stage.wait_for("the end of the stream", QUIET_US, |stage| {
            Ok(stage.record(running.handle).ok())
        })?;
        let ended = Ended { peer: stage.sensor, generation: life, causes: &[Cause::Panicked] };
        names("the record", record, &ended)?;
        ok("close", stage.video.close(running.handle))?;
        life = stage.ready(stage.sensor, Some(life))?;
        stage.wait_for("baseline", GIVEN_UP_US, |stage| Ok(stage.at_baseline().ok()))?;
        reference.compare(stage)?;
    }
    Ok(Text::of(format_args!("lives {} to {}", sensor.0, life.0)))
}

fn not_ready(stage: &Stage) -> Result<Outlook, Failure> {
    let outlook = ok("outlook", stage.supervisor.outlook(stage.sensor))?;
    ensure!(!matches!(outlook, Outlook::Ready { .. }), "the other part is served: {outlook:?}");
    Ok(outlook)
}

/// The wrong part is no sensor: whoever starts a stream is told; the right one is back by itself, or
/// after an operator's word when the supervisor has given up.
pub fn part(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let mut sensor: Generation = stage.ready(stage.sensor, None)?;
    for given_up in [false, true] {
        stage.bench.now(control::SENSOR_WRONG_ID, OTHER_PART, 0)?;
        stage.control(stage.sensor, Control::Restart)?;
        stage.sleep_us(REFUSED_US);
        not_ready(stage)?;
        let refused = stage.camera.processed(SENSOR_PX, OUTPUT_PX);
        ensure!(refused.is_err(), "a pipeline was set up without a sensor");
        if given_up {
            stage.wait_for("giving up", GIVEN_UP_US, |stage| {
                Ok(matches!(not_ready(stage)?, Outlook::Failed { .. }).then_some(()))
            })?;
        }
        stage.bench.now(control::SENSOR_WRONG_ID, 0, 0)?;
        if given_up {
            stage.control(stage.sensor, Control::Start)?;
        }
        sensor = stage.ready(stage.sensor, Some(sensor))?;
        equal("life of the ISP", removal::streams_again(stage, 2)?, epoch)?;
    }
    let outlook = ok("outlook", stage.supervisor.outlook(stage.sensor))?;
    Ok(Text::of(format_args!("{outlook:?}")))
}
