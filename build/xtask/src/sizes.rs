//! `cargo xtask sizes [app.toml]`: compares each stack with its measured high water and with its
//! proven bound.
//!
//! | figure | from |
//! |---|---|
//! | given | the manifest |
//! | proven | the call graph of the linked program ([`proven`]); `>=` if a call has no bound |
//! | used | the deepest word that is not paint, after the image has worked for a while |
//!
//! Kernel and tasks find their stacks painted. A margin under a quarter, a stack that is used deeper
//! than was proven, or a kernel stack smaller than its bound end in a non-zero status: then either
//! the stack or the proof is wrong.

mod proven;

use crate::code::Code;
use crate::code::stack::Bound;
use crate::machine::{Machine, Output};
use crate::run::stage::{self, Work};
use crate::{dist, run, setup};
use anyhow::{Context, bail, ensure};
use build_debugger::archive::Archive;
use build_debugger::gdb::Gdb;
use build_debugger::target::Target;
use build_image::Dist;
use build_manifest::layout::Layout;
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
    /// Only print the deepest way through the functions of a task, or of `kernel`
    #[arg(long, value_name = "TASK")]
    way: Option<String>,
}

/// What the kernel fills unused stack with (`sys/kern/src/arch/arm_m/memory.rs`).
pub const PAINT: u32 = 0xBADD_CAFE;

/// Function of the bench at which the machine stops in Secure state.
const BREAKPOINT: &str = "heartbeat";

/// Least part of a bound that must stay unused, in percent.
const LEAST_MARGIN_PERCENT: u32 = 25;

/// One stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackUse {
    /// `kernel`, or the task's name.
    pub task: String,
    /// Bound of the manifest, in bytes.
    pub bound_bytes: u32,
    /// Proven bound.
    pub proven: Bound,
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

    /// What is wrong with it, if anything.
    #[must_use]
    pub fn complaint(&self) -> Option<&'static str> {
        let is_proven = self.proven.unbounded.is_empty();
        if is_proven && self.used_bytes > self.proven.bytes {
            return Some("used deeper than proven: the proof is wrong");
        }
        if is_proven && self.bound_bytes < self.proven.bytes {
            return Some("smaller than proven: raise `stack`");
        }
        let enough = self.margin_percent().is_some_and(|margin| margin >= LEAST_MARGIN_PERCENT);
        (!enough).then_some("too little: raise `stack`")
    }
}

/// Builds, boots, measures, proves.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    setup::ensure()?;
    let dist = build_image::build(&dist::options(&args.manifest, None))?;
    let code = Code::of_product(&dist)?;
    if let Some(name) = &args.way {
        return way(&bound(&code, name)?);
    }
    let ram = measure(&dist, Duration::from_secs(args.seconds))?;
    let uses = stack_uses(&dist.layout, &code, &ram)?;
    ensure!(
        uses.iter().any(|stack| stack.task != KERNEL && stack.used_bytes > 0),
        "no task has used its stack: the image did not boot, or --seconds is too small"
    );
    println!("{:<16} {:>8} {:>8} {:>8} {:>8}", "task", "given", "proven", "used", "margin");
    for stack in &uses {
        let margin = stack.margin_percent().map_or("none".into(), |margin| format!("{margin} %"));
        let complaint = stack.complaint().unwrap_or("");
        let StackUse { task, bound_bytes, proven, used_bytes } = stack;
        let at_least = if proven.unbounded.is_empty() { "" } else { ">=" };
        let proven = format!("{at_least}{}", proven.bytes);
        let line = format!(
            "{task:<16} {bound_bytes:>8} {proven:>8} {used_bytes:>8} {margin:>8}  {complaint}"
        );
        println!("{}", line.trim_end());
    }
    for stack in uses.iter().filter(|stack| !stack.proven.unbounded.is_empty()) {
        let calls = &stack.proven.unbounded;
        println!("{}: no bound for {}: {}", stack.task, calls.len(), calls[0]);
    }
    let kernel = uses.iter().find(|stack| stack.task == KERNEL);
    if let Some(reason) = kernel.and_then(|stack| stack.proven.unbounded.first()) {
        bail!("the kernel's stack has no bound: {reason}");
    }
    let bad: Vec<_> =
        uses.iter().filter_map(|stack| Some((&stack.task, stack.complaint()?))).collect();
    if let Some((task, complaint)) = bad.first() {
        bail!("{} of {} stacks are wrong, {task} first: {complaint}", bad.len(), uses.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// The kernel among the tasks.
const KERNEL: &str = "kernel";

fn bound(code: &Code, name: &str) -> anyhow::Result<Bound> {
    if name == KERNEL { proven::kernel(code) } else { proven::task(code, name) }
}

/// Prints the deepest way, and every call without a bound.
fn way(bound: &Bound) -> anyhow::Result<ExitCode> {
    println!("{} bytes; depth of each function before it calls the next:\n", bound.bytes);
    bound.way.iter().for_each(|(depth, function)| println!("{depth:>6} {function}"));
    bound.unbounded.iter().for_each(|reason| println!("no bound: {reason}"));
    Ok(ExitCode::SUCCESS)
}

/// Deepest use of each stack; `ram` is the product's RAM from its beginning.
///
/// # Errors
/// A stack lies outside of `ram`.
pub fn stack_uses(layout: &Layout, code: &Code, ram: &[u8]) -> anyhow::Result<Vec<StackUse>> {
    let kernel = (KERNEL, layout.kernel.stack, layout.kernel.stack.bytes);
    let tasks = layout.tasks.iter();
    let tasks = tasks.map(|task| (task.name.as_str(), task.stack, task.stack_bound_bytes));
    std::iter::once(kernel)
        .chain(tasks)
        .map(|(name, range, bound_bytes)| {
            let start = (range.base - layout.ram.base) as usize;
            let stack = ram.get(start..start + range.bytes as usize);
            let stack = stack.with_context(|| format!("the stack of {name} is not in RAM"))?;
            let (task, proven) = (name.to_string(), bound(code, name)?);
            Ok(StackUse { task, bound_bytes, proven, used_bytes: used_bytes(stack) })
        })
        .collect()
}

/// From the lowest word that is not paint upwards.
fn used_bytes(stack: &[u8]) -> u32 {
    let words = stack.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
    let unused = words.take_while(|word| *word == PAINT).count() * 4;
    // A stack without any paint belongs to a task that was never started.
    let started = unused > 0 || stack.iter().any(|byte| *byte != 0);
    let used = if started { stack.len() - unused } else { 0 };
    u32::try_from(used).unwrap_or(u32::MAX)
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
    use crate::code::stack::Unbounded;

    fn used(words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        used_bytes(&bytes)
    }

    #[test]
    fn the_lowest_word_that_is_not_paint_is_the_high_water() {
        assert_eq!(used(&[PAINT, PAINT, PAINT, 1]), 4);
        assert_eq!(used(&[PAINT, 7, PAINT, PAINT]), 12);
        assert_eq!(used(&[7, PAINT, PAINT, PAINT]), 16);
        assert_eq!(used(&[PAINT; 4]), 0);
        assert_eq!(used(&[0; 4]), 0);
    }

    fn stack(used_bytes: u32, proven_bytes: u32, calls_unknown: bool) -> StackUse {
        let unknown = Unbounded::Indirect { function: "f".into(), address: 0 };
        let unbounded = if calls_unknown { vec![unknown] } else { Vec::new() };
        let proven = Bound { bytes: proven_bytes, way: Vec::new(), unbounded };
        StackUse { task: "t".into(), bound_bytes: 1000, proven, used_bytes }
    }

    #[test]
    fn a_quarter_must_stay_free() {
        for (used_bytes, good) in [(0, true), (750, true), (760, false), (1001, false)] {
            let complaint = stack(used_bytes, 0, true).complaint();
            assert_eq!(complaint.is_none(), good, "{used_bytes}");
        }
    }

    #[test]
    fn a_proof_must_hold() {
        assert_eq!(stack(400, 400, false).complaint(), None);
        let complaint = stack(404, 400, false).complaint();
        assert_eq!(complaint, Some("used deeper than proven: the proof is wrong"));
        let complaint = stack(400, 1004, false).complaint();
        assert_eq!(complaint, Some("smaller than proven: raise `stack`"));
        // What leaves out a call proves nothing.
        assert_eq!(stack(404, 400, true).complaint(), None);
    }
}
