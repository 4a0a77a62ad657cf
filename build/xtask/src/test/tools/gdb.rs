//! The dump in GDB: one thread a task, and a task's own program gives its frames names.

use super::{Served, path, succeed, text};
use crate::{root, setup};
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::{Command, Stdio};

/// Loads a dump without and with the program of a task.
pub fn loads(directory: &Path) -> anyhow::Result<()> {
    setup::ensure_gdb()?;
    let mut served = Served::start(directory, &[])?;
    served.wait_for(&["ringbuf", "isp"], |text| text.contains("Wake(Nodes("))?;
    let dump = directory.join("now.core");
    let dump = path(&dump)?;
    succeed(&["debug", "dump", dump])?;
    drop(served);
    let tasks: serde_json::Value =
        serde_json::from_str(&succeed(&["debug", "--dump", dump, "tasks", "--json"])?)?;
    let tasks = tasks["tasks"].as_array().context("no tasks")?;
    let threads = gdb(&["--core", dump], &["info threads"])?;
    let listed = threads.lines().filter(|line| line.contains("LWP") && line.contains(" 0x"));
    // The current one is shown once more, without its LWP.
    ensure!(listed.count() == tasks.len(), "{} tasks, and {threads}", tasks.len());
    let isp = tasks.iter().position(|task| task["name"] == "isp").context("no isp")?;
    judge(dump, isp, &tasks[isp])
}

/// GDB and this debugger read one stack in the same way, each with its own unwinder.
fn judge(dump: &str, index: usize, task: &serde_json::Value) -> anyhow::Result<()> {
    let program = root::target_dir().join("dist/obscura/tasks/isp.elf");
    let thread = format!("thread {}", index + 1);
    let frames = gdb(&[path(&program)?, "--core", dump], &[&thread, "backtrace"])?;
    let stack: Vec<&str> =
        task["stack"].as_array().into_iter().flatten().filter_map(|frame| frame.as_str()).collect();
    ensure!(stack.len() > 2, "a short stack of ours: {stack:?}");
    for frame in stack {
        let (function, place) = frame.split_once(" at ").context("a frame without a place")?;
        let file = place.rsplit('/').next().unwrap_or(place);
        let same = |line: &str| line.contains(function) && line.ends_with(file);
        ensure!(frames.lines().any(same), "{frame} is not in GDB's {frames}");
    }
    Ok(())
}

/// What GDB says to these commands; an error of one of them is an error here.
fn gdb(files: &[&str], commands: &[&str]) -> anyhow::Result<String> {
    let mut gdb = Command::new(setup::GDB);
    gdb.args(["--nx", "--batch", "-ex", "set width 0"]).args(files).stdin(Stdio::null());
    for command in commands {
        gdb.args(["-ex", command]);
    }
    let output = gdb.output().with_context(|| format!("{} does not start", setup::GDB))?;
    ensure!(output.status.success(), "GDB: {}", text(&output.stderr));
    Ok(text(&output.stdout))
}
