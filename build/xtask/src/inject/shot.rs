//! One run of the machine, from its start to its end.

use super::stage::{Run, Stage, clean_up};
use crate::machine::{End, Machine, Output};
use std::path::Path;
use std::time::Duration;

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

/// A run.
///
/// # Errors
/// If the machine cannot be started.
pub fn perform(stage: &Stage, run: &Run<'_>) -> anyhow::Result<Said> {
    let setup = stage.machine(run)?;
    let mut machine = Machine::start(&setup)?;
    let said = listen(&mut machine);
    clean_up(&setup);
    Ok(said)
}

/// What is logged of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Every instruction of the product, and every entry into the Secure state.
    Instructions,
    /// The first instruction of streaming, and every instruction of the victim, with the registers
    /// before each.
    Registers,
}

/// The same run with a log; `read` gets it.
///
/// # Errors
/// If the machine cannot be started, or what `read` says.
pub fn logged<T>(
    stage: &Stage,
    run: &Run<'_>,
    log: Log,
    read: impl FnOnce(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<(Said, T)> {
    let setup = stage.machine(run)?;
    let file = setup.directory.join("log");
    let mut more = match crate::setup::qemu_version()? {
        // The option was renamed in 8.1.
        Some(version) if version >= (8, 1) => {
            vec!["-accel".into(), "tcg,one-insn-per-tb=on".into()]
        }
        _ => vec!["-singlestep".to_string()],
    };
    let (code, also, items) = match log {
        Log::Instructions => (stage.product_code(), stage.entered, "exec,nochain"),
        Log::Registers => (stage.victim_code(), stage.began, "exec,cpu,nochain"),
    };
    let filter = format!("{:#x}+{:#x},{also:#x}+2", code.start, code.end - code.start);
    more.extend(["-d", items, "-dfilter"].map(String::from));
    more.extend([filter, "-D".into(), file.display().to_string()]);
    let mut machine = Machine::start_with(&setup, &more)?;
    let said = listen(&mut machine);
    let result = read(&file);
    clean_up(&setup);
    Ok((said, result?))
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
