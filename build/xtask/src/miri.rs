//! `cargo xtask miri`: the host tests of the crates with `unsafe`, under an interpreter that finds
//! undefined behaviour.

use crate::nightly;
use crate::root::{project, target_dir};
use anyhow::{Context, bail};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::process::{Command, ExitCode, Stdio};

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
    if let Some(name) = &args.name {
        let listing = miri(packages, &["--list"])
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start rustup")?;
        if !listing.status.success() {
            return Ok(ExitCode::FAILURE);
        }
        known(name, packages, &String::from_utf8_lossy(&listing.stdout))
            .map_err(anyhow::Error::msg)?;
    }
    let status = miri(packages, args.name.as_slice()).status().context("cannot start rustup")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The tests of these packages under Miri, with these arguments.
fn miri(packages: &[String], arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = nightly::cargo();
    command
        .args(["miri", "test", "--lib"])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .arg("--target-dir")
        .arg(target_dir().join("miri"))
        .arg("--")
        .args(arguments)
        .env("MIRIFLAGS", FLAGS)
        .current_dir(project());
    command
}

/// Refuses a name that no test has: a run without tests would be a good one. `listing` is what the
/// test programs list.
fn known(name: &str, packages: &[String], listing: &str) -> Result<(), String> {
    let tests = || listing.lines().filter_map(|line| line.strip_suffix(": test"));
    if tests().any(|test| test.contains(name)) {
        return Ok(());
    }
    let modules: BTreeSet<&str> =
        tests().filter_map(|test| test.rsplit_once("::")).map(|(module, _)| module).collect();
    let modules: Vec<&str> = modules.into_iter().collect();
    let packages = packages.join(", ");
    Err(format!(
        "no test of {packages} has {name:?} in its name: take one of {}",
        modules.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "lives::a_death: test\nlives::a_birth: test\nspec::walk: test\n\n\
                           3 tests, 0 benchmarks\nframe::kept: test\n\n1 test, 0 benchmarks\n";

    #[test]
    fn a_name_that_no_test_has_is_refused_with_those_that_there_are() {
        let packages = ["sys-kern", "task-client"].map(String::from);
        for good in ["lives", "birth", "spec::walk", ""] {
            assert_eq!(known(good, &packages, LISTING), Ok(()), "{good}");
        }
        for bad in ["lifes", "tests, 0", ": test", "a\nb"] {
            let refusal = known(bad, &packages, LISTING).expect_err("no such test");
            let expect = format!(
                "no test of sys-kern, task-client has {bad:?} in its name: take one of frame, lives, spec"
            );
            assert_eq!(refusal, expect);
            assert_eq!(refusal.lines().count(), 1);
        }
    }
}
