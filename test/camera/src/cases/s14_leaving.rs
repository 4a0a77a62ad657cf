//! S14: the members of the graph leave in any order: each takes its own entities and links, the graph
//! is empty exactly at the last leave, and full again when both are back.

use idl::types::{Control, TaskIndex};

use super::removal;
use crate::check::{Failure, Verdict, equal, ok};
use crate::ensure;
use crate::stage::{QUIET_US, Stage};
use crate::text::Text;

/// Entities of the ISP (15) and of the sensor, and links: 15 inside of the ISP, two between them.
const ISP_ENTITIES: u8 = 15;
const SENSOR_ENTITIES: u8 = 1;
const ISP_LINKS: u8 = 15;
const SENSOR_LINKS: u8 = 2;

fn links(stage: &Stage) -> Result<u8, Failure> {
    let version = ok("version", stage.graph.topology_version())?;
    let known = (0..u8::MAX).take_while(|index| stage.graph.link(version, *index).is_ok());
    Ok(known.count() as u8)
}

/// Stops a member and waits for what must be left.
fn leave(stage: &mut Stage, member: TaskIndex, left: (u8, u8)) -> Result<(), Failure> {
    stage.control(member, Control::Stop)?;
    stage.wait_for("what is left", QUIET_US, |stage| {
        Ok(((stage.entities()?, links(stage)?) == left).then_some(()))
    })
}

pub fn any_order(stage: &mut Stage) -> Verdict {
    let (isp, sensor) = (stage.isp, stage.sensor);
    let mut versions = [0; 2];
    let without_sensor = (ISP_ENTITIES, ISP_LINKS);
    let without_isp = (SENSOR_ENTITIES, 0);
    for (round, (members, first)) in
        [([isp, sensor], without_isp), ([sensor, isp], without_sensor)].into_iter().enumerate()
    {
        let epoch = stage.all_ready(None)?;
        let all = (ISP_ENTITIES + SENSOR_ENTITIES, ISP_LINKS + SENSOR_LINKS);
        equal("entities and links", (stage.entities()?, links(stage)?), all)?;
        leave(stage, members[0], first)?;
        leave(stage, members[1], (0, 0))?;
        for member in members {
            stage.control(member, Control::Start)?;
        }
        let next = stage.all_ready(Some(epoch))?;
        ensure!(next > epoch, "life {next:?} follows {epoch:?}");
        equal("entities and links again", (stage.entities()?, links(stage)?), all)?;
        versions[round] = ok("version", stage.graph.topology_version())?;
    }
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("both orders; versions {versions:?}")))
}
