//! `cargo xtask miri`: the host tests of the crates with `unsafe`, under an interpreter that finds
//! undefined behaviour.

use crate::nightly;
use crate::root::{project, target_dir};
use anyhow::{Context, bail};
use std::process::ExitCode;

/// Options of `cargo xtask miri`.
#[derive(clap::Args)]
#[command(after_help = "\
Needs a nightly toolchain with Miri; tests bound their cases by `cfg(miri)`.
Examples:
  $ cargo xtask miri                  all crates with unsafe code that have host tests
  $ cargo xtask miri -p sys-kern lives    the kernel's scripted lives")]
pub struct Args {
    /// Only this package; may be given more than once
    #[arg(short, long, value_name = "PACKAGE")]
    package: Vec<String>,
    /// Only tests whose name contains this
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Packages with `unsafe` whose tests run on the host, and those that hold the kernel up.
const PACKAGES: [&str; 5] = ["sys-abi", "sys-kern", "idol-runtime", "ringbuf", "task-client"];

/// Tests leak their images, and the tasks' memory is at addresses that are numbers.
const FLAGS: &str = "-Zmiri-ignore-leaks -Zmiri-permissive-provenance";

/// Runs the tests; the exit status is theirs.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !nightly::has(&["miri"]) {
        bail!("Miri is missing: {}", nightly::INSTALL);
    }
    let all = PACKAGES.map(String::from);
    let packages = if args.package.is_empty() { &all[..] } else { &args.package };
    let chosen = packages.iter().flat_map(|package| ["--package", package]);
    let status = nightly::cargo()
        .args(["miri", "test", "--lib"])
        .args(chosen)
        .arg("--target-dir")
        .arg(target_dir().join("miri"))
        .arg("--")
        .args(&args.name)
        .env("MIRIFLAGS", FLAGS)
        .current_dir(project())
        .status()
        .context("cannot start rustup")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
