//! The access log as a user sees it, of accesses that gave no true answer or reached no register.

use super::{path, succeed};
use crate::machine::stopped::Stopped;
use crate::test::camera;
use anyhow::{Context, ensure};
use build_debugger::Session;
use build_debugger::archive::Archive;
use build_debugger::dump::dump;
use std::path::Path;

/// The case of the camera suite that makes such accesses. Its image has the tasks of the product.
const CASE: &str = "hw_each_access_that_reached_no_register_is_in_the_log";
/// Where each run comes first, and where the machine ends.
const FIRST: &str = "target::heartbeat";
const END: &str = "semihosting::exit";
/// Who, which way, to which register, with which verdict: what the latest accesses tell.
const EXPECTED: [(&str, &str, &str, &str); 3] = [
    ("isp", "read", "Main.", "Stuck"),
    ("witness0", "read", "Ccdc.PCR", "Foreign"),
    ("isp", "read", "Main.", "Muted"),
];

/// The end of that case as a dump; `debug hw log` tells of the accesses, as text and as JSON.
pub fn unanswered(directory: &Path) -> anyhow::Result<()> {
    let (dist, setup) = camera::machine(CASE)?;
    let archive = Archive::open(&dist.archive())?;
    let function = |name: &str| {
        let found = archive.program("bench")?.function(name);
        found.with_context(|| format!("the bench has no function {name}"))
    };
    let (first, end) = (function(FIRST)?, function(END)?);
    let mut machine = Stopped::at(&setup, first)?;
    machine.gdb.run_to(end, setup.limit)?;
    let mut session = Session::new(archive, Box::new(machine.gdb), false)?;
    let core = directory.join("end.core");
    std::fs::write(&core, dump(&mut session)?.to_bytes())?;
    drop(session);
    let archive = dist.archive();
    let from = ["debug", "--dump", path(&core)?, "--archive", path(&archive)?];
    let log = ["hw", "log", "--last", "8192"];
    shown(&succeed(&[&from[..], &log].concat())?)?;
    told(&succeed(&[&from[..], &log, &["--json"]].concat())?)
}

/// A line of the text for each.
fn shown(text: &str) -> anyhow::Result<()> {
    for (task, way, register, verdict) in EXPECTED {
        let lines = text.lines().map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>());
        let found = lines.filter(|words| {
            matches!(words[..], [who, how, what, _, end, ..]
                if (who, how, end) == (task, way, verdict) && what.starts_with(register))
        });
        ensure!(found.count() == 1, "not one {verdict} access of {task} in {text}");
    }
    Ok(())
}

/// An object for each, in the order in which they were made.
fn told(json: &str) -> anyhow::Result<()> {
    let object: serde_json::Value = serde_json::from_str(json)?;
    let accesses = object["accesses"].as_array().context("no list of accesses")?;
    let mut last_us = 0;
    for (task, _, register, verdict) in EXPECTED {
        let mut found = accesses.iter().filter(|access| access["verdict"] == verdict);
        let access = found.next().with_context(|| format!("no {verdict} access"))?;
        ensure!(found.next().is_none(), "more than one {verdict} access");
        let name = access["register"].as_str().unwrap_or_default();
        ensure!(access["task"] == task && name.starts_with(register), "{access}");
        ensure!(access["write"] == false && access["value"] == 0, "{access}");
        ensure!(access["time_us"].as_u64() > Some(last_us), "{access} came before {last_us} us");
        last_us = access["time_us"].as_u64().unwrap_or_default();
    }
    Ok(())
}
