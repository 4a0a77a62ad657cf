//! `cargo xtask test`: every test, on the host, of the kernel on target, of the camera on target.
//!
//! ```text
//!   host    cargo test --workspace
//!   kernel  one boot per image, all cases, all-Secure, no bench; then the controls
//!   camera  one boot per case, on the emulated hardware; then the negative controls
//!   tools   the commands of this tool, as a user types them
//! ```
//! Progress goes to stderr as it comes; the last line on stdout is `N passed, N failed`. Each stage
//! knows its cases beforehand, so a case that is missing or that reports twice has failed.

pub mod camera;
mod host;
mod kernel;
mod report;
mod suite;
mod tools;

use crate::{root, setup};
use clap::ValueEnum;
use report::Case;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  $ cargo xtask test                       everything
  $ cargo xtask test --suite camera s03    the camera cases of scenario S3
  $ cargo xtask test --suite kernel NAME   only these kernel cases run on the target
Text goes to stdout and stderr, JUnit XML to target/test/junit.xml, each boot's log to target/test/SUITE.")]
pub struct Args {
    /// Only cases whose name contains this
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Only this stage; may be given more than once
    #[arg(long, value_enum, value_name = "SUITE")]
    suite: Vec<Suite>,
    /// Where the results go as JUnit XML [default: target/test/junit.xml]
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// Unit tests on this machine
    Host,
    /// The kernel on the emulated processor
    Kernel,
    /// The whole image on the emulated hardware
    Camera,
    /// The commands of this tool, as a user types them
    Tools,
}

impl Suite {
    const ALL: [Self; 4] = [Self::Host, Self::Kernel, Self::Camera, Self::Tools];
}

/// Runs what is asked for; the exit status says whether all of it passed.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let chosen = if args.suite.is_empty() { &Suite::ALL[..] } else { &args.suite };
    if chosen.iter().any(|suite| *suite != Suite::Host) {
        setup::ensure()?;
    }
    let filter = args.name.as_deref();
    let mut cases = Vec::new();
    for suite in Suite::ALL.into_iter().filter(|suite| chosen.contains(suite)) {
        let progress = |case: &Case| eprintln!("{}", report::line(case));
        cases.extend(match suite {
            Suite::Host => host::run(&root::project(), filter, &mut { progress })?,
            Suite::Kernel => kernel::run(filter, &progress)?,
            Suite::Camera => camera::run(filter, &progress)?,
            Suite::Tools => tools::run(filter, &progress)?,
        });
    }
    let default = suite::folder("").join("junit.xml");
    report::write_junit(&cases, args.junit.as_ref().unwrap_or(&default))?;
    summary(&cases, filter)
}

fn summary(cases: &[Case], filter: Option<&str>) -> anyhow::Result<ExitCode> {
    let (passed, failed) = report::count(cases);
    if cases.is_empty() {
        let name = filter.unwrap_or_default();
        anyhow::bail!("no case has `{name}` in its name; without NAME all of them run");
    }
    for case in cases.iter().filter(|case| case.outcome != report::Outcome::Passed) {
        println!("{}", report::line(case));
    }
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
