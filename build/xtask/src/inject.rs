//! `cargo xtask inject`: injects faults into the ISP driver and judges what became of it.
//!
//! ```text
//!  reference run (24 frames)      -> CRC of each frame
//!  clean run, every instruction logged -> trace: what the product executed, in order
//!  drawn or given site N          -> route through the trace -> stop before instruction N
//!  the bench does the fault to the task -> lines of client, witness, supervisor -> oracle
//! ```
//!
//! # How instructions are counted
//! N counts the instructions that the product (Non-secure, core 0) executed since the client's
//! STREAMON was answered; 0 is the first one. Runs count time in instructions, so each run is the
//! clean run until its fault, and a log of the clean run, one instruction per line, says what the
//! N-th instruction is. The machine is stopped before it by breakpoints of the debug stub. A
//! breakpoint's hit costs no virtual time and leaves the slices of the two cores as they were, but
//! to leave a breakpoint needs a single step, which does not. Therefore a site is reached over a
//! *route* of different addresses, each of which is next executed exactly where the route wants it
//! ([`route`]). Each campaign begins with a run that takes such a route and injects nothing: it must
//! be the clean run, line by line.
//!
//! Rejected: a Secure timer in the bench (50 ns are 12 instructions at this rate of counting, and its
//! handler shifts what follows), hit counts by stepping over a breakpoint (tried: times shift by
//! tens of microseconds), a plug-in of the emulator (needs a header that no package has).
//!
//! The fault itself is done by the bench, in Secure state ([`test_bench::injection`]), because the
//! stub's writes go through the MPU of the task. Code that was changed is mended when the next life
//! begins, as a loader would.

mod campaign;
mod class;
mod draw;
mod oracle;
mod record;
mod report;
mod route;
mod shot;
mod stage;
mod trace;

use campaign::Campaign;
use clap::{Args as ClapArgs, Subcommand};
use class::{Class, Shot};
use std::process::ExitCode;

/// Options of `cargo xtask inject`.
#[derive(ClapArgs)]
#[command(after_help = "\
Examples:
  $ cargo xtask inject --count 200 --seed 1      a campaign
  $ cargo xtask inject one --class hang --at 5000 --bit 0
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
    /// One JSON object on stdout, progress on stderr
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Inject one fault
    One(One),
}

/// Options of `cargo xtask inject one`.
#[derive(ClapArgs)]
struct One {
    /// Kind of fault
    #[arg(long, value_enum)]
    class: Class,
    /// Instructions of the product since streaming began (unplug: lines of the device); the fault
    /// hits at the driver's first instruction from there on
    #[arg(long, value_name = "N")]
    at: u32,
    /// Which bit, modulo what there is: of registers, of RAM in use, of the instruction
    #[arg(long, value_name = "N", default_value_t = 0)]
    bit: u32,
    /// Print every line of the machine
    #[arg(long)]
    lines: bool,
}

/// Most faults of one campaign.
const COUNT_MAX: u32 = 1_000_000;

/// Runs a campaign, or one injection.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !(1..=COUNT_MAX).contains(&args.count) {
        anyhow::bail!("--count {}: give a number from 1 to {COUNT_MAX}", args.count);
    }
    crate::setup::ensure()?;
    let campaign = Campaign::prepare(args.skip_quiesce, args.json)?;
    match &args.command {
        Some(Command::One(one)) => {
            let shot = Shot { class: one.class, at: one.at, bit: one.bit };
            campaign.one(shot, one.lines, args.json)
        }
        None => campaign.many(args.count, args.seed, args.json),
    }
}
