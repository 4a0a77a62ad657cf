//! S7: a client is killed while it holds stale handles: cleaning up makes no second fault. S49: stale
//! handles fill a node's table: a typed answer, and the client's death frees them.

use idl::types::{NodeError, NodeUsage};

use super::removal::{self, Removal};
use crate::check::{Verdict, equal, ok, refused};
use crate::ensure;
use crate::protocol::{Job, NodeKind, Outcome};
use crate::stage::{QUIET_US, Stage};
use crate::text::Text;

/// Handles that a node has room for (app.toml).
const HANDLES_MAX: u16 = 128;

pub fn killed(stage: &mut Stage) -> Verdict {
    let running = stage.stream(4)?;
    stage.run_frames(&running, 2)?;
    stage.delegate(0, running.handle)?;
    let opened = stage.witnesses.ask(1, Job::Open(NodeKind::Media), QUIET_US)?;
    ensure!(matches!(opened, Outcome::Opened(_)), "open media0: {opened:?}");
    let opened = stage.witnesses.ask(2, Job::Open(NodeKind::Subdev), QUIET_US)?;
    ensure!(matches!(opened, Outcome::Opened(_)), "open subdev2: {opened:?}");
    let lives = stage.lives();
    Removal::Stop.begin(stage)?;
    let victims = [0, 1, 2].map(|witness| stage.witnesses.task(witness));
    for witness in 0..3 {
        stage.kill_witness(witness)?;
    }
    ok("close", stage.video.close(running.handle))?;
    stage.wait_for("the sweep", QUIET_US, |stage| {
        Ok((stage.usage()? == NodeUsage::default()).then_some(()))
    })?;
    equal("usage of subdev2", ok("usage", stage.subdev.usage())?, NodeUsage::default())?;
    stage.same_lives_but(&lives, &victims)?;
    Removal::Stop.end(stage, running.epoch)?;
    removal::streams_again(stage, 2)?;
    stage.same_lives_but(&lives, &victims)?;
    Ok(Text::of(format_args!("three clients with stale handles left nothing behind")))
}

pub fn full(stage: &mut Stage) -> Verdict {
    let epoch = stage.all_ready(None)?;
    let all = Job::OpenMany(NodeKind::Video, HANDLES_MAX);
    let opened = stage.witnesses.ask(0, all, QUIET_US)?;
    equal("handles of the witness", opened, Outcome::Count(HANDLES_MAX))?;
    refused("one more", stage.video.open(), NodeError::TableFull)?;
    Removal::Stop.begin(stage)?;
    refused("while the driver is away", stage.video.open(), NodeError::NoDevice)?;
    Removal::Stop.end(stage, epoch)?;
    equal("stale handles", stage.usage()?.handles, HANDLES_MAX)?;
    refused("in the new life", stage.video.open(), NodeError::TableFull)?;
    stage.kill_witness(0)?;
    stage.wait_for("the sweep", QUIET_US, |stage| {
        Ok((stage.usage()? == NodeUsage::default()).then_some(()))
    })?;
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{HANDLES_MAX} stale handles were freed by the client's death")))
}
