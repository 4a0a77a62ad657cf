//! One run of the machine: to the site, the fault, to the end.

use super::stage::{Run, Stage, clean_up};
use crate::machine::{End, Machine, Output};
use anyhow::Context;
use build_debugger::gdb::{Gdb, Stop};
use std::path::Path;
use std::time::Duration;
use test_bench::injection::REQUEST_ADDRESS;

/// How often a run is looked after while it says nothing.
const TICK: Duration = Duration::from_millis(200);

/// What a run said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its lines.
    pub lines: Vec<String>,
    /// How it ended.
    pub end: End,
}

/// A run that nobody steers.
///
/// # Errors
/// If the machine cannot be started.
pub fn undisturbed(stage: &Stage, run: &Run<'_>) -> anyhow::Result<Said> {
    let setup = stage.machine(run)?;
    let mut machine = Machine::start(&setup)?;
    let said = listen(&mut machine);
    clean_up(&setup);
    Ok(said)
}

/// The same run with every instruction of the product logged; `read` gets the log.
///
/// # Errors
/// If the machine cannot be started, or what `read` says.
pub fn logged<T>(
    stage: &Stage,
    run: &Run<'_>,
    read: impl FnOnce(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<(Said, T)> {
    let setup = stage.machine(run)?;
    let log = setup.directory.join("log");
    let code = stage.product_code();
    let mut more = match crate::setup::qemu_version()? {
        // The option was renamed in 8.1.
        Some(version) if version >= (8, 1) => {
            vec!["-accel".into(), "tcg,one-insn-per-tb=on".into()]
        }
        _ => vec!["-singlestep".to_string()],
    };
    let filter = format!("{:#x}+{:#x}", code.start, code.end - code.start);
    more.extend(["-d", "exec,nochain", "-dfilter"].map(String::from));
    more.extend([filter, "-D".into(), log.display().to_string()]);
    let mut machine = Machine::start_with(&setup, &more)?;
    let said = listen(&mut machine);
    let result = read(&log);
    clean_up(&setup);
    Ok((said, result?))
}

/// A run that is led along `route` from the beginning of the stream, and on which `faulty` says
/// whether the bench is then asked for its fault.
///
/// # Errors
/// If the machine cannot be started, or does not follow the route.
pub fn steered(stage: &Stage, run: &Run<'_>, route: &[u32], faulty: bool) -> anyhow::Result<Said> {
    let setup = stage.machine(run)?;
    let mut machine = Machine::start_with(&setup, &["-S".to_string()])?;
    let socket = setup.gdb.as_deref().context("a steered machine has a debug socket")?;
    let led = lead(stage, socket, route, faulty);
    if led.is_err() {
        machine.stop();
    }
    let said = listen(&mut machine);
    clean_up(&setup);
    led.map(|()| said)
}

fn lead(stage: &Stage, socket: &Path, route: &[u32], faulty: bool) -> anyhow::Result<()> {
    let mut gdb = Gdb::connect(socket)?;
    for (number, stop) in std::iter::once(&stage.began).chain(route).enumerate() {
        if gdb.run_to(*stop)? == Stop::Ended {
            anyhow::bail!("the machine ended before stop {number} of its route");
        }
    }
    if faulty {
        gdb.set_pc(REQUEST_ADDRESS)?;
        // Where the next life begins, changed code is mended.
        if gdb.run_to(stage.victim_entry())? == Stop::Ended {
            return Ok(());
        }
        gdb.set_pc(REQUEST_ADDRESS)?;
    }
    Ok(gdb.run_to_end()?)
}

fn listen(machine: &mut Machine) -> Said {
    let mut lines = Vec::new();
    loop {
        match machine.next(TICK) {
            None => {}
            Some(Output::Line(line)) => lines.push(line),
            Some(Output::End(end)) => return Said { lines, end },
        }
    }
}
