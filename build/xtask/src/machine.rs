//! The emulated machine as a child process: started with an image, read line by line, always
//! stopped again.
//!
//! # Why
//! Everything that boots an image (`run`, `test`, `inject`, `debug`) goes through here, so there
//! is one command line, one time limit and one way to end. The child is started through
//! `setpriv --pdeathsig`, which makes the operating system stop it when this process dies,
//! whatever the reason; that needs no `unsafe` here.

pub mod stopped;

use anyhow::Context;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// What is loaded into the machine besides the image.
#[derive(Clone, Debug)]
pub enum Load {
    /// An ELF file, at its load addresses.
    Elf(PathBuf),
    /// Raw bytes of a file at an address.
    Raw(PathBuf, u32),
}

/// How virtual time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Host time, one host thread per core.
    Host,
    /// Counted instructions: one is 2^shift ns. Bit-identical from run to run.
    Icount {
        /// The exponent.
        shift: u8,
    },
}

/// A machine to be started.
#[derive(Clone, Debug)]
pub struct Setup {
    /// First ELF: what the reset vector lies in.
    pub kernel: PathBuf,
    /// Everything else.
    pub loads: Vec<Load>,
    /// Virtual time.
    pub clock: Clock,
    /// Directory that semihosting file names are relative to.
    pub directory: PathBuf,
    /// Socket for a debugger, if wanted.
    pub gdb: Option<PathBuf>,
    /// Wall-clock limit of the whole run.
    pub limit: Duration,
}

/// A line of the machine, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// One line that the image or the bench wrote.
    Line(String),
    /// The machine ended.
    End(End),
}

/// How a machine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit status; 134 is a guest lock-up.
    Status(i32),
    /// By a signal from outside.
    Killed,
    /// At the wall-clock limit.
    TimeLimit,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(LOCKED_UP) => {
                write!(f, "the guest locked up (emulator status {LOCKED_UP})")
            }
            Self::Status(status) => write!(f, "the machine ended with status {status}"),
            Self::Killed => write!(f, "the emulator was killed"),
            Self::TimeLimit => write!(f, "the machine was stopped at the time limit"),
        }
    }
}

/// A running machine. Dropping it stops it.
pub struct Machine {
    child: Child,
    lines: Receiver<String>,
    deadline: Instant,
    ended: Option<End>,
}

impl Machine {
    /// Starts the machine.
    ///
    /// # Errors
    /// If the emulator cannot be started.
    pub fn start(setup: &Setup) -> anyhow::Result<Self> {
        Self::start_with(setup, &[])
    }

    /// Starts the machine with more arguments of the emulator.
    ///
    /// # Errors
    /// If the emulator cannot be started.
    pub fn start_with(setup: &Setup, more: &[String]) -> anyhow::Result<Self> {
        let mut command = command(setup);
        command.args(more);
        let mut child = command
            .spawn()
            .context("cannot start qemu-system-arm through setpriv; run `cargo xtask setup`")?;
        let (sender, lines) = channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stderr.take().context("no stderr pipe")?),
            Box::new(child.stdout.take().context("no stdout pipe")?),
        ];
        for stream in streams {
            let sender = sender.clone();
            std::thread::spawn(move || forward_lines(stream, &sender));
        }
        Ok(Self { child, lines, deadline: Instant::now() + setup.limit, ended: None })
    }

    /// Waits for the next line, at most `patience`; `None` = nothing came in that time.
    pub fn next(&mut self, patience: Duration) -> Option<Output> {
        if let Some(end) = self.ended {
            return Some(Output::End(end));
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.stop();
            return self.end(End::TimeLimit);
        }
        match self.lines.recv_timeout(patience.min(left)) {
            Ok(line) => Some(Output::Line(line)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                let end = match self.child.wait() {
                    Ok(status) => end_of(status),
                    Err(_) => End::Killed,
                };
                self.end(end)
            }
        }
    }

    /// Stops the machine now.
    pub fn stop(&mut self) {
        // An error means that it has ended by itself, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn end(&mut self, end: End) -> Option<Output> {
        self.ended = Some(end);
        Some(Output::End(end))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The emulator aborts itself when the guest locks up.
const SIGABRT: i32 = 6;
/// What a shell calls that: 128 and the signal.
const LOCKED_UP: i32 = 134;

fn end_of(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Status(code),
        (None, Some(SIGABRT)) => End::Status(LOCKED_UP),
        (None, _) => End::Killed,
    }
}

/// Sends the stream's lines on, without the emulator's own warnings.
fn forward_lines(stream: impl std::io::Read, sender: &std::sync::mpsc::Sender<String>) {
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_string();
        // `-nodefaults` leaves the board's network interface without a peer; that is intended.
        if line.contains("nic lan9118.0 has no peer") {
            continue;
        }
        if sender.send(line).is_err() {
            return;
        }
    }
}

/// The emulator's command line.
fn command(setup: &Setup) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "qemu-system-arm"]);
    command.args(["-M", "mps2-an521", "-display", "none", "-nodefaults"]);
    command.args(["-monitor", "none", "-no-reboot"]);
    command.args(["-semihosting-config", "enable=on,target=native,userspace=off"]);
    command.args(["-serial", "stdio"]);
    if let Clock::Icount { shift } = setup.clock {
        command.args(["-icount", &format!("shift={shift},sleep=off")]);
    }
    command.arg("-kernel").arg(&setup.kernel);
    for load in &setup.loads {
        command.arg("-device").arg(loader(load));
    }
    if let Some(socket) = &setup.gdb {
        let path = escape(socket);
        command.arg("-chardev").arg(format!("socket,path={path},server=on,wait=off,id=gdb"));
        command.args(["-gdb", "chardev:gdb"]);
    }
    command.current_dir(&setup.directory);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn loader(load: &Load) -> String {
    match load {
        Load::Elf(path) => format!("loader,file={}", escape(path)),
        Load::Raw(path, address) => {
            format!("loader,file={},addr={address:#x},force-raw=on", escape(path))
        }
    }
}

/// A comma in an option value is written twice.
fn escape(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(clock: Clock) -> Setup {
        Setup {
            kernel: PathBuf::from("bench.elf"),
            loads: vec![
                Load::Elf(PathBuf::from("a,b.elf")),
                Load::Raw(PathBuf::from("p.bin"), 0x8000_0000),
            ],
            clock,
            directory: PathBuf::from("."),
            gdb: None,
            limit: Duration::from_secs(1),
        }
    }

    fn arguments(setup: &Setup) -> String {
        let command = command(setup);
        command.get_args().map(|a| a.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn deterministic_runs_never_sleep() {
        assert!(
            arguments(&setup(Clock::Icount { shift: 6 })).contains("-icount shift=6,sleep=off")
        );
        assert!(!arguments(&setup(Clock::Host)).contains("-icount"));
    }

    #[test]
    fn a_lock_up_is_told_from_a_kill() {
        let check = |status, expect| assert_eq!(end_of(ExitStatus::from_raw(status)), expect);
        check(0, End::Status(0));
        check(98 << 8, End::Status(98));
        check(SIGABRT, End::Status(LOCKED_UP));
        check(9, End::Killed);
    }

    #[test]
    fn commas_in_paths_are_escaped() {
        assert!(arguments(&setup(Clock::Host)).contains("loader,file=a,,b.elf"));
    }

    #[test]
    fn raw_data_is_never_taken_for_an_elf() {
        assert!(
            arguments(&setup(Clock::Host))
                .contains("loader,file=p.bin,addr=0x80000000,force-raw=on")
        );
    }
}
