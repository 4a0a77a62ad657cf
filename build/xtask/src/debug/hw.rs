//! `cargo xtask debug hw`: the access log, misbehaviour of a running bench, and suspend and resume of the
//! camera domain.

use super::{Args, open, print};
use crate::fault;
use anyhow::Context;
use build_debugger::hw;
use clap::Subcommand;
use drv_isp_regs::host_link::status;
use std::time::Duration;
use test_bench::misbehaviour::host_command;
use test_bench::script::Entry;

/// How often the bench is asked whether it took a command, and how far apart. It looks at each
/// heartbeat, which is tens of microseconds.
const LOOKS_MAX: u32 = 20;
const LOOK: Duration = Duration::from_millis(10);

/// Subcommands of `debug hw`.
#[derive(Subcommand)]
#[command(after_help = "\
A session, while `cargo xtask run --serve` streams:
  $ cargo xtask debug hw log --last 20 --task isp
  $ cargo xtask debug hw unplug
  $ cargo xtask debug hw plug
  $ cargo xtask debug hw suspend
  $ cargo xtask debug hw resume
  $ cargo xtask debug hw misbehave irq-lost 3 isp
  $ cargo xtask debug hw misbehave frame-torn 100 2 --at 500:0
  $ cargo xtask debug --dump out/now.core hw log")]
pub enum Command {
    /// Accesses to registers, decoded: time, task, register, value, what became of it
    Log {
        /// Most accesses to show
        #[arg(long, value_name = "N", default_value_t = 40)]
        last: usize,
        /// Only this task's
        #[arg(long)]
        task: Option<String>,
    },
    /// The kinds of misbehaviour and their arguments
    Kinds,
    /// Pull the camera module
    Unplug,
    /// Plug a camera module: the former one, or one with another identity
    Plug {
        /// Identity of the module, e.g. 0x4f420002
        module: Option<String>,
    },
    /// Let the camera domain rest: streams pause at a frame's end, and no life ends
    Suspend,
    /// Let it go on
    Resume,
    /// Make the hardware misbehave
    Misbehave {
        /// Kind and arguments, as in a fault script
        #[arg(required = true, allow_negative_numbers = true)]
        words: Vec<String>,
        /// Frame and line at which it happens [default: at once]
        #[arg(long, value_name = "FRAME[:LINE]")]
        at: Option<String>,
    },
}

/// Runs one and gives its text.
///
/// # Errors
/// One line: what is wrong, and the remedy.
pub fn run(args: &Args, command: &Command) -> anyhow::Result<String> {
    let now = (0, 0);
    match command {
        Command::Log { last, task } => {
            let mut session = open(args)?;
            print(args.json, &hw::log(&mut session, task.as_deref(), *last)?)
        }
        Command::Kinds => print(args.json, &fault::kinds()),
        Command::Unplug => command_bench(args, now, &["unplug"]),
        Command::Plug { module } => {
            command_bench(args, now, &["replug", module.as_deref().unwrap_or("0")])
        }
        Command::Suspend => ask_operator(args, status::SUSPEND.mask(), "suspend"),
        Command::Resume => ask_operator(args, status::RESUME.mask(), "resume"),
        Command::Misbehave { words, at } => {
            let at = at.as_deref().map_or(Ok(now), fault::moment).map_err(anyhow::Error::msg)?;
            command_bench(args, at, &words.iter().map(String::as_str).collect::<Vec<_>>())
        }
    }
}

/// Writes the words of the command, and waits until the bench has taken them.
fn command_bench(args: &Args, at: (u32, u32), words: &[&str]) -> anyhow::Result<String> {
    let Entry { frame, line, kind, a, b } = fault::entry(at, words).map_err(anyhow::Error::msg)?;
    let taken = give(args, host_command::ASKED, [kind, a, b, frame, line])
        .with_context(|| words.join(" "))?;
    anyhow::ensure!(taken, "the bench refused {}: its script is full", words.join(" "));
    Ok(said(args.json, at, words))
}

/// Asks the host bridge of the product, which stands for the operator.
fn ask_operator(args: &Args, request: u32, word: &str) -> anyhow::Result<String> {
    let taken = give(args, host_command::ASKED_OPERATOR, [request, 0, 0, 0, 0])
        .with_context(|| word.to_string())?;
    anyhow::ensure!(
        taken,
        "{word}: the host bridge has not taken the request before; does ctl run?"
    );
    Ok(said(args.json, (0, 0), &[word]))
}

/// Writes the words of a command, and waits for the bench's answer: whether it takes it.
fn give(args: &Args, state: u32, words: [u32; 5]) -> anyhow::Result<bool> {
    // Each session stops the machine at one heartbeat and lets it go on when it ends.
    let mut session = open(args)?;
    let address = hw::command_address(&session)?;
    let mut write =
        |index: u32, word: u32| session.target.write(address + 4 * index, &word.to_le_bytes());
    for (index, word) in words.into_iter().enumerate() {
        write(index as u32 + 1, word)?;
    }
    write(0, state)?;
    drop(session);
    for _ in 0..LOOKS_MAX {
        std::thread::sleep(LOOK);
        match open(args)?.target.word(address)? {
            host_command::ACCEPTED => return Ok(true),
            host_command::REFUSED => return Ok(false),
            _ => {}
        }
    }
    anyhow::bail!("the bench did not take the command; is it running?")
}

fn said(json: bool, (frame, line): (u32, u32), words: &[&str]) -> String {
    let what = words.join(" ");
    match (json, frame) {
        (true, _) => {
            serde_json::json!({ "accepted": what, "frame": frame, "line": line }).to_string()
        }
        (false, 0) => format!("{what}: done"),
        (false, _) => format!("{what}: at frame {frame}, line {line}"),
    }
}
