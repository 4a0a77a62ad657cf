//! S15: the sensor leaves alone: its entity and links vanish, the topology version changes, the ISP's
//! entities stay, a stream through it ends Disconnected. S16: it joins again: a new entity id; a client
//! that kept the old one gets NoSuchEntity.

use idl::ipc;
use idl::types::{Control, GraphError, Name};

use super::removal;
use crate::check::{Ended, Verdict, equal, names, ok};
use crate::ensure;
use crate::stage::{QUIET_US, READY_US, Stage};
use crate::text::Text;

/// Lives of the sensor.
const LIVES: usize = 4;

const SENSOR: &str = "mt9p031 1-0048";
const CCDC: &str = "OMAP3 ISP CCDC";

pub fn alone(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 2)?;
    let life = stage.ready(stage.sensor, None)?;
    ok("find", stage.graph.find(Name::new(SENSOR)))?;
    let ccdc = ok("find", stage.graph.find(Name::new(CCDC)))?;
    let version = ok("version", stage.graph.topology_version())?;
    stage.control(stage.sensor, Control::Stop)?;
    let record = stage.wait_for("the end of the stream", QUIET_US, |stage| {
        Ok(stage.record(running.handle).ok())
    })?;
    let causes = &[idl::types::Cause::Stopped];
    names("the record", record, &Ended { peer: stage.sensor, generation: life, causes })?;
    let gone = Err(ipc::Error::Op(GraphError::NoSuchEntity));
    equal("the sensor's entity", stage.graph.find(Name::new(SENSOR)), gone)?;
    equal("the CCDC's entity", stage.graph.find(Name::new(CCDC)), Ok(ccdc))?;
    let without = ok("version", stage.graph.topology_version())?;
    ensure!(without > version, "version {without} follows {version}");
    equal("life of the ISP", stage.ready(stage.isp, None)?, running.epoch)?;
    ok("close", stage.video.close(running.handle))?;
    stage.control(stage.sensor, Control::Start)?;
    let epoch = removal::streams_again(stage, 2)?;
    equal("life of the ISP", epoch, running.epoch)?;
    Ok(Text::of(format_args!("{record:?}; version {version}, then {without}")))
}

pub fn rejoins(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let ccdc = ok("find", stage.graph.find(Name::new(CCDC)))?;
    let mut known = [ok("find", stage.graph.find(Name::new(SENSOR)))?; LIVES];
    for index in 1..LIVES {
        let life = stage.ready(stage.sensor, None)?;
        stage.control(stage.sensor, Control::Restart)?;
        stage.ready(stage.sensor, Some(life))?;
        known[index] = stage.wait_for("the sensor in the topology", READY_US, |stage| {
            Ok(stage.graph.find(Name::new(SENSOR)).ok())
        })?;
        for old in &known[..index] {
            ensure!(known[index] != *old, "entity id {old:?} was used again");
            let stale = stage.graph.state(*old);
            equal("an old id", stale, Err(ipc::Error::Op(GraphError::NoSuchEntity)))?;
        }
        equal("the CCDC's entity", stage.graph.find(Name::new(CCDC)), Ok(ccdc))?;
    }
    equal("life of the ISP", removal::streams_again(stage, 2)?, epoch)?;
    Ok(Text::of(format_args!("ids {known:?}")))
}
