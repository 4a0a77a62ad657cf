//! S18: start a stream, kill the driver, restart, enumerate again, start a stream, compare a
//! frame's checksum: memory and handle counts stay at their baseline, and no stale handle works in
//! the new life.

use idl::types::{Control, Handle, Name, NodeError};

use super::removal::{Removal, reclaim_all};
use crate::check::{Ended, Failure, Verdict, equal, names, ok, refused};
use crate::ensure;
use crate::stage::{QUIET_US, READY_US, Stage};
use crate::text::Text;

/// Lives that end.
const ROUNDS: u32 = 100;
/// Every so often the module is pulled instead.
const UNPLUG_EVERY: u32 = 10;
/// Frames of each life. The picture of a frame depends on its number alone.
const FRAMES: u32 = 2;

pub fn hundred(stage: &mut Stage) -> Verdict {
    stage.all_ready(None)?;
    stage.at_baseline()?;
    let mut sums = [None; FRAMES as usize];
    let mut stale: Option<(Handle, idl::isp::Client)> = None;
    let mut entity = ok("find", stage.graph.find(Name::new(OUTPUT)))?;
    for round in 0..ROUNDS {
        let unplug = round % UNPLUG_EVERY == UNPLUG_EVERY - 1;
        let removal = if unplug { Removal::Unplug } else { Removal::Stop };
        let running = stage.stream(4)?;
        if let Some((handle, driver)) = stale.take() {
            refused("a stale handle", stage.video.get_format(handle), NodeError::BadHandle)?;
            let ping = driver.ping();
            ensure!(ping.is_err(), "round {round}: the id of an ended life reached {ping:?}");
        }
        for expected in &mut sums {
            let (sequence, _, sum) = stage.frame(&running)?;
            let first = *expected.get_or_insert((sequence, sum));
            ensure!(
                first == (sequence, sum),
                "round {round}: frame {sequence} has checksum {sum:08x}, expected {first:08x?}"
            );
        }
        let driver = idl::isp::Client::to(stage.isp);
        equal("life of the driver", driver.task_id().generation(), running.epoch)?;
        kill(stage, removal)?;
        stage.wait_for("the end of the handle", QUIET_US, |stage| {
            Ok(stage.record(running.handle).ok())
        })?;
        let record = stage.record(running.handle)?;
        let ended = Ended { peer: stage.isp, generation: running.epoch, causes: removal.causes() };
        names("the record", record, &ended)?;
        reclaim_all(stage, &running, |_| Ok(0))?;
        if unplug {
            stage.bench.replug()?;
        }
        next_life_is_another(stage, round, &driver)?;
        let next = stage.all_ready(Some(running.epoch))?;
        ensure!(next > running.epoch, "round {round}: life {next:?} follows {:?}", running.epoch);
        equal("the record in the new life", stage.record(running.handle)?, record)?;
        ok("close", stage.video.close(running.handle))?;
        stage.at_baseline()?;
        let renewed = ok("find", stage.graph.find(Name::new(OUTPUT)))?;
        ensure!(renewed != entity, "round {round}: entity id {entity:?} was used again");
        entity = renewed;
        stale = Some((running.handle, driver));
    }
    Ok(Text::of(format_args!("{ROUNDS} rounds, checksums {sums:08x?}")))
}

/// As soon as the driver answers again, the id of the life that ended must not reach it.
fn next_life_is_another(
    stage: &mut Stage,
    round: u32,
    ended: &idl::isp::Client,
) -> Result<(), Failure> {
    stage.wait_for("an answer of the next life", READY_US, |stage| {
        Ok(idl::isp::Client::to(stage.isp).ping().ok())
    })?;
    let ping = ended.ping();
    ensure!(ping.is_err(), "round {round}: the id of an ended life reached {ping:?}");
    Ok(())
}

/// The entity that is looked up again in each life.
const OUTPUT: &str = "OMAP3 ISP resizer output";

/// An operator's restart instead of a stop: the supervisor brings the driver back by itself.
fn kill(stage: &Stage, removal: Removal) -> Result<(), Failure> {
    match removal {
        Removal::Stop => stage.control(stage.isp, Control::Restart),
        Removal::Unplug => removal.begin(stage).map(|_| ()),
    }
}
