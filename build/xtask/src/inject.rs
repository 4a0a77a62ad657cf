//! `cargo xtask inject`: injects faults into a driver of the camera module and judges what became of it.
//!
//! ```text
//!  reference run (24 frames)      -> CRC of each frame
//!  clean run, every instruction logged -> trace: what the product executed, in order
//!  again, with the driver's registers  -> memory: which bytes are read later ([`memory`])
//!  drawn or given site N          -> way to the N-th instruction -> the bench goes there and does it
//!  lines of client, witness, supervisor -> oracle
//! ```
//!
//! # How instructions are counted
//! N counts the instructions that the product (Non-secure, core 0) executed since the client's
//! STREAMON was answered; 0 is the first one. Runs count time in instructions, so each run is the
//! clean run until the bench does something else, and a log of the clean run, one instruction per
//! line, says what the N-th instruction is and which entry into the Secure state (a register access,
//! a heartbeat, a doorbell) is the last one before it. At that entry the bench turns an instruction
//! of the driver into a branch to itself; from there it is one stop, or a few where the same
//! instruction runs several times in between ([`route`]). Until that entry the run is the clean
//! run bit by bit; behind it, it is late by the bench's own instructions, less than a microsecond per
//! stop. Each campaign begins with a run that goes to a site and injects nothing: it must say what the
//! clean run said.
//!
//! Rejected, after trying: breakpoints of the debug stub (between the stop of one core and that of the
//! whole machine the emulator lets time pass or the other core run, as the host's load wants it: 3 of 8
//! equal runs differed). Rejected: a Secure timer in the bench (50 ns are 12 instructions at this rate of
//! counting), a plug-in of the emulator (needs a header that no package has).
//!
//! The fault itself is done by the bench, in Secure state ([`test_bench::injection`]), whatever the
//! MPU of the task allows; the bench tells what was there before and after. Code that was changed is
//! mended when the next life begins, as a loader would.

mod campaign;
pub mod class;
mod draw;
mod memory;
pub mod observe;
mod one;
pub mod oracle;
mod record;
pub mod report;
mod route;
mod shot;
mod stage;
mod trace;

pub use campaign::Campaign;
use clap::{Args as ClapArgs, Subcommand};
use one::One;
pub use stage::Stage;
use std::process::ExitCode;

/// Options of `cargo xtask inject`.
#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  $ cargo xtask inject --count 200 --seed 1      a campaign
  $ cargo xtask inject one --class hang --at 5000
  $ cargo xtask inject one --class register-bit --at 5000 --register r4 --bits 0x30
  $ cargo xtask inject --count 8 --skip-quiesce  negative control: the oracle must object")]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Faults to inject
    #[arg(long, value_name = "N", default_value_t = 200)]
    count: u32,
    /// Seed that the sites are drawn with
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Negative control: call hardware quiet without making it so; succeeds if the oracle objects
    #[arg(long, global = true)]
    skip_quiesce: bool,
    /// Task that the faults hit: a driver of the camera module
    #[arg(long, global = true, value_name = "TASK", default_value = "isp")]
    task: String,
    /// One JSON object on stdout, progress on stderr
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Inject one fault
    One(One),
}

/// Most faults of one campaign.
const COUNT_MAX: u32 = 1_000_000;

/// Runs a campaign, or one injection.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !(1..=COUNT_MAX).contains(&args.count) {
        anyhow::bail!("--count {}: give a number from 1 to {COUNT_MAX}", args.count);
    }
    let shot = match &args.command {
        Some(Command::One(one)) => Some((one.shot()?, one.lines)),
        None => None,
    };
    crate::setup::ensure()?;
    let stage = Stage::new(&args.task, args.skip_quiesce, args.json)?;
    if let Some((shot, _)) = shot {
        one::check_place(shot, &stage)?;
    }
    let campaign = Campaign::prepare(stage, args.skip_quiesce)?;
    match shot {
        Some((shot, lines)) => campaign.one(shot, lines, args.json),
        None => campaign.many(args.count, args.seed, args.json),
    }
}
