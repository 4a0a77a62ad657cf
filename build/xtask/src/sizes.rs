//! `cargo xtask sizes [app.toml]`: compares each task's stack bound with its measured high water.
//!
//! The kernel paints a stack at each start of its task, so the lowest word that is not paint is
//! the deepest the task has been in its present life. The verb boots the image, lets it work for a
//! while, stops the machine and reads the product's RAM. A margin under a quarter of the bound, or
//! a stack deeper than its bound, ends in a non-zero status.

use crate::machine::{Machine, Output};
use crate::run::stage::{self, Work};
use crate::{dist, run, setup};
use anyhow::{Context, bail, ensure};
use build_debugger::archive::Archive;
use build_debugger::gdb::Gdb;
use build_debugger::target::Target;
use build_image::Dist;
use build_manifest::layout::{Layout, Task};
use clap::Parser;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Options of `cargo xtask sizes`.
#[derive(clap::Args)]
pub struct Args {
    /// The manifest of the image
    #[arg(default_value = "app.toml")]
    manifest: PathBuf,
    /// How long the image works before it is measured, in seconds of this machine
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

/// What the kernel fills unused stack with (`sys/kern/src/arch/arm_m/memory.rs`).
const PAINT: u32 = 0xBADD_CAFE;

/// Function of the bench at which the machine stops in Secure state.
const BREAKPOINT: &str = "heartbeat";

/// Least part of a bound that must stay unused, in percent.
const LEAST_MARGIN_PERCENT: u32 = 25;

/// One task's stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackUse {
    /// Task name.
    pub task: String,
    /// Bound of the manifest, in bytes.
    pub bound_bytes: u32,
    /// Deepest use in the present life, in bytes; 0 = not started.
    pub used_bytes: u32,
}

impl StackUse {
    /// Unused part of the bound in percent; `None` = deeper than the bound.
    #[must_use]
    pub fn margin_percent(&self) -> Option<u32> {
        let left = self.bound_bytes.checked_sub(self.used_bytes)?;
        Some(left * 100 / self.bound_bytes)
    }

    /// Enough left?
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.margin_percent().is_some_and(|margin| margin >= LEAST_MARGIN_PERCENT)
    }
}

/// Builds, boots, measures.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    setup::ensure()?;
    let dist = build_image::build(&dist::options(&args.manifest, None))?;
    let ram = measure(&dist, Duration::from_secs(args.seconds))?;
    let uses = stack_uses(&dist.layout, &ram)?;
    ensure!(
        uses.iter().any(|stack| stack.used_bytes > 0),
        "no task has used its stack: the image did not boot, or --seconds is too small"
    );
    println!("{:<16} {:>8} {:>8} {:>8}", "task", "bound", "used", "margin");
    for stack in &uses {
        let margin = stack.margin_percent().map_or("none".into(), |margin| format!("{margin} %"));
        let verdict = if stack.is_good() { "" } else { "  too little: raise `stack`" };
        let StackUse { task, bound_bytes, used_bytes } = stack;
        println!("{task:<16} {bound_bytes:>8} {used_bytes:>8} {margin:>8}{verdict}");
    }
    let bad: Vec<_> = uses.iter().filter(|stack| !stack.is_good()).collect();
    if let Some(first) = bad.first() {
        bail!(
            "{} of {} stacks have a margin under {LEAST_MARGIN_PERCENT} %, {} first: raise `stack` in app.toml",
            bad.len(),
            uses.len(),
            first.task
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Deepest use of each stack; `ram` is the product's RAM from its beginning.
///
/// # Errors
/// A stack lies outside of `ram`.
pub fn stack_uses(layout: &Layout, ram: &[u8]) -> anyhow::Result<Vec<StackUse>> {
    layout
        .tasks
        .iter()
        .map(|task| {
            let start = (task.stack.base - layout.ram.base) as usize;
            let stack = ram.get(start..start + task.stack.bytes as usize);
            let stack =
                stack.with_context(|| format!("the stack of {} is not in RAM", task.name))?;
            Ok(stack_use(task, stack))
        })
        .collect()
}

fn stack_use(task: &Task, stack: &[u8]) -> StackUse {
    let words = stack.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
    let unused = words.take_while(|word| *word == PAINT).count() * 4;
    // A stack without any paint belongs to a task that was never started.
    let started = unused > 0 || stack.iter().any(|byte| *byte != 0);
    let used = if started { stack.len() - unused } else { 0 };
    StackUse {
        task: task.name.clone(),
        bound_bytes: task.stack_bound_bytes,
        used_bytes: u32::try_from(used).unwrap_or(u32::MAX),
    }
}

/// Boots the image, lets it work, and gives the used part of the product's RAM.
fn measure(dist: &Dist, time: Duration) -> anyhow::Result<Vec<u8>> {
    match dist.file("shim") {
        Some(shim) => measure_with_monitor(dist, &shim, time),
        None => measure_with_debugger(dist, time),
    }
}

/// The options of a run that streams, is unplugged once, and does not end by itself.
#[derive(Parser)]
struct LongRun {
    #[command(flatten)]
    args: run::Args,
}

const LONG_RUN: [&str; 5] = ["run", "--frames", "10000", "--unplug-at", "4"];

/// How long the machine may take beyond its work, for starting and reading.
const PATIENCE: Duration = Duration::from_secs(60);

/// An image with a bench works as in `cargo xtask run`; its memory is seen from a Secure
/// breakpoint only.
fn measure_with_debugger(dist: &Dist, time: Duration) -> anyhow::Result<Vec<u8>> {
    let LongRun { args } = LongRun::try_parse_from(LONG_RUN)?;
    let work = Work::new()?;
    let socket = work.path().join("sizes.sock");
    let mut setup = stage::machine(&args, dist, &stage::scene(&args)?, &work)?;
    setup.gdb = Some(socket.clone());
    setup.limit = time + PATIENCE;
    let mut machine = Machine::start(&setup)?;
    let started = Instant::now();
    while let Some(left) = time.checked_sub(started.elapsed()) {
        if let Some(Output::End(end)) = machine.next(left) {
            bail!("{end} before it was measured: give it fewer --seconds");
        }
    }
    let archive = Archive::open(&dist.archive())?;
    let breakpoint = archive.program("bench")?.function(BREAKPOINT);
    let breakpoint = breakpoint.with_context(|| format!("the bench has no `{BREAKPOINT}`"))?;
    let ram = dist.layout.ram;
    let bytes = Gdb::attach(&socket, breakpoint)?.bytes(ram.base, ram.used_bytes as usize)?;
    machine.stop();
    Ok(bytes)
}

/// An image with a shim works by itself; its memory is read by the emulator's monitor.
fn measure_with_monitor(dist: &Dist, shim: &Path, time: Duration) -> anyhow::Result<Vec<u8>> {
    let file = dist.folder.join("ram.measured");
    let mut child = command(dist, shim)
        .spawn()
        .with_context(|| format!("cannot start {}: `cargo xtask setup`", setup::QEMU))?;
    std::thread::sleep(time);
    let ram = dist.layout.ram;
    let path = monitor_path(&file)?;
    let script = format!("stop\npmemsave {:#x} {:#x} {path}\nquit\n", ram.base, ram.used_bytes);
    let mut monitor = child.stdin.take().context("the emulator has no monitor")?;
    // If the machine has ended by itself, nothing was saved, and that is said below.
    let _ = monitor.write_all(script.as_bytes());
    drop(monitor);
    child.wait()?;
    let bytes = std::fs::read(&file).with_context(|| {
        format!("the machine ended within {} s: measure for a shorter time", time.as_secs())
    })?;
    std::fs::remove_file(&file)?;
    Ok(bytes)
}

/// A path as the monitor's command line takes it.
fn monitor_path(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().context("the output folder's path is not UTF-8")?;
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn command(dist: &Dist, shim: &Path) -> Command {
    let mut command = Command::new(setup::QEMU);
    command.args(["-M", "mps2-an521", "-display", "none", "-nodefaults"]);
    // A reset at the end of the work stops the machine and keeps its memory.
    command.args(["-no-reboot", "-no-shutdown"]);
    command.args(["-monitor", "stdio", "-serial", "null", "-icount", "shift=6,sleep=off"]);
    command.arg("-kernel").arg(shim);
    command.arg("-device").arg(format!("loader,file={}", dist.product().display()));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let task: Task = serde_json::from_value(serde_json::json!({
            "name": "t", "index": 0, "package": "p", "priority": 1, "start": true,
            "flash": {"base": 0, "bytes": 0}, "ram": {"base": 0, "bytes": 0},
            "stack": {"base": 0, "bytes": 16}, "stack_bound_bytes": 16, "entry": 0, "mpu": [],
            "notifications": [], "sends": [], "slots": {}, "watches": [], "posts": [],
            "interrupts": [], "uses": [], "config": {}, "quiesce": null, "hang_ms": null
        }))
        .expect("a task");
        stack_use(&task, &bytes).used_bytes
    }

    #[test]
    fn the_lowest_word_that_is_not_paint_is_the_high_water() {
        assert_eq!(used(&[PAINT, PAINT, PAINT, 1]), 4);
        assert_eq!(used(&[PAINT, 7, PAINT, PAINT]), 12);
        assert_eq!(used(&[7, PAINT, PAINT, PAINT]), 16);
        assert_eq!(used(&[PAINT; 4]), 0);
        assert_eq!(used(&[0; 4]), 0);
    }

    #[test]
    fn a_quarter_must_stay_free() {
        let check = |used_bytes, good| {
            let stack = StackUse { task: "t".into(), bound_bytes: 1000, used_bytes };
            assert_eq!(stack.is_good(), good, "{used_bytes}");
        };
        check(0, true);
        check(750, true);
        check(760, false);
        check(1001, false);
    }
}
