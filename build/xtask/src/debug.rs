//! `cargo xtask debug`: inspect the image that `run --serve` started, or a dump of one.

mod hw;

use crate::root;
use anyhow::Context;
use build_debugger::{Session, archive::Archive, core_file::Core, gdb::Gdb, target::Target};
use build_debugger::{dump, graph, map, ringbuf, tasks};
use clap::{Args as ClapArgs, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Function of the bench at which live reads stop the machine: there all memory is readable.
const BREAKPOINT: &str = "target::heartbeat";

/// Where `run --serve` says what is running.
#[must_use]
pub fn current_file() -> PathBuf {
    root::target_dir().join("run/current.json")
}

/// Options of `cargo xtask debug`.
#[derive(ClapArgs)]
#[command(after_help = "\
A session:
  $ cargo xtask run --serve &              stream until stopped
  $ cargo xtask debug tasks                what every task is doing
  $ cargo xtask debug hw log               who touched which register
  $ cargo xtask debug hw unplug            pull the camera; also plug, misbehave, kinds
  $ cargo xtask debug dump out/now.core    take a dump; GDB loads it too
  $ cargo xtask debug --dump out/now.core tasks")]
pub struct Args {
    /// Read this dump instead of the running image
    #[arg(long, global = true, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// Archive (or folder) of the image [default: that of the running image, or of the last run]
    #[arg(long, global = true, value_name = "PATH")]
    archive: Option<PathBuf>,
    /// One JSON object on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Read the target even if it runs another image than the archive's
    #[arg(long, global = true)]
    force: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// State of every task; where a faulted one stopped
    Tasks {
        /// Show registers and stacks of all tasks
        #[arg(short, long)]
        registers: bool,
    },
    /// Ring buffers, decoded
    Ringbuf {
        /// Only this task's
        task: Option<String>,
    },
    /// The live media graph, as media-ctl prints it
    Graph,
    /// Memory by task
    Map,
    /// The emulated hardware: its access log, plug and unplug, misbehaviour
    #[command(subcommand)]
    Hw(hw::Command),
    /// Write a core of kernel and tasks
    Dump {
        /// Where to
        file: PathBuf,
    },
}

/// What is running.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Current {
    /// Socket of the debug stub.
    pub gdb: PathBuf,
    /// Archive of the image.
    pub archive: PathBuf,
    /// Process id of the one that runs it.
    pub process: u32,
}

/// Runs a command and prints its text or JSON.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let text = match &args.command {
        Command::Tasks { registers } => {
            print(args.json, &tasks::tasks(&mut open(args)?, *registers)?)?
        }
        Command::Ringbuf { task } => {
            print(args.json, &ringbuf::ringbuf(&mut open(args)?, task.as_deref())?)?
        }
        Command::Graph => print(args.json, &graph::graph(&mut open(args)?)?)?,
        Command::Map => print(args.json, &map::map(&open(args)?))?,
        Command::Hw(command) => hw::run(args, command)?,
        Command::Dump { file } => print(args.json, &write_dump(&mut open(args)?, file)?)?,
    };
    println!("{}", text.trim_end());
    Ok(ExitCode::SUCCESS)
}

fn print<T: Serialize + std::fmt::Display>(json: bool, report: &T) -> anyhow::Result<String> {
    Ok(if json { serde_json::to_string(report)? } else { report.to_string() })
}

/// A dump that has been written.
#[derive(Serialize)]
struct Written {
    file: PathBuf,
    bytes: usize,
    tasks: usize,
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} bytes, {} tasks", self.file.display(), self.bytes, self.tasks)
    }
}

fn write_dump(session: &mut Session, file: &Path) -> anyhow::Result<Written> {
    let core = dump::dump(session)?;
    let bytes = core.to_bytes();
    write_whole(file, &bytes)?;
    Ok(Written { file: file.into(), bytes: bytes.len(), tasks: core.threads.len() })
}

/// Writes a file that is complete or not there at all.
fn write_whole(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let partial = file.with_file_name(name);
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, file))
        .inspect_err(|_| {
            // It may never have been made.
            let _ = std::fs::remove_file(&partial);
        })
        .with_context(|| format!("cannot write {}: give the path of a file", file.display()))
}

const NOTHING_RUNS: &str =
    "nothing is running: start an image with `cargo xtask run --serve`, or give --dump FILE";

fn open(args: &Args) -> anyhow::Result<Session> {
    let current = read_current(&current_file());
    let core = args.dump.as_ref().map(|dump| Core::read(dump)).transpose()?;
    if core.is_none() && current.is_none() {
        anyhow::bail!(NOTHING_RUNS);
    }
    let archive = match (&args.archive, &current) {
        (Some(archive), _) => archive.clone(),
        (None, Some(current)) => current.archive.clone(),
        (None, None) => root::target_dir().join("dist/obscura"),
    };
    let archive = Archive::open(&archive)?;
    let target: Box<dyn Target> = match core {
        Some(core) => Box::new(core),
        None => {
            let current = current.context(NOTHING_RUNS)?;
            let breakpoint = archive
                .program("bench")?
                .function(BREAKPOINT)
                .with_context(|| format!("the bench has no function {BREAKPOINT}"))?;
            Box::new(Gdb::attach(&current.gdb, breakpoint)?)
        }
    };
    Ok(Session::new(archive, target, args.force)?)
}

/// What is running, if its process still lives.
fn read_current(path: &Path) -> Option<Current> {
    let current: Current = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    Path::new("/proc").join(current.process.to_string()).is_dir().then_some(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_behind() {
        let folder = std::env::temp_dir().join(format!("dump-{}", std::process::id()));
        let taken = folder.join("a.core");
        std::fs::create_dir_all(&taken).expect("a folder");
        let error = write_whole(&taken, b"dump").expect_err("a folder is no file").to_string();
        assert!(error.contains("a.core: give the path of a file"), "{error}");
        write_whole(&folder.join("b.core"), b"dump").expect("a new file");
        let names = std::fs::read_dir(&folder).expect("a listing");
        let names = names.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        std::fs::remove_dir_all(&folder).expect("it is there");
        assert_eq!(names, ["a.core", "b.core"]);
    }
}
