//! What the suite's own boot cannot show: that its cases notice a broken kernel, and what a kernel
//! leaves behind when the image ends.
//!
//! A negative control is the suite with one promise broken; it passes if exactly the cases that
//! guard the promise fail. A crash case boots an image whose supervisor faults, lets the reset
//! happen, and reads the record that the next boot finds.

use super::{ICOUNT_SHIFT, LIMIT, MANIFEST, SUITE};
use crate::machine::{Clock, Load, Machine, Output, Setup};
use crate::test::report::{Case, Outcome};
use crate::test::suite::{self, Progress, Said};
use crate::{dist, root};
use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use sys_abi::CrashKind;
use test_kernel::cases::{NEGATIVES, Negative};

const CRASH_MANIFEST: &str = "test/kernel/crash.toml";
/// Two boots take a fraction of a second.
const CRASH_LIMIT: Duration = Duration::from_secs(20);
/// An image that comes up again after its reset.
const REBOOTS: [&str; 2] = ["-action", "reboot=reset"];

/// A crash: its case, what is broken on purpose, what the record must say.
const CRASHES: [(&str, Option<&str>, CrashKind); 2] = [
    ("the_end_of_the_supervisor_leaves_a_record", None, CrashKind::Supervisor),
    ("a_fault_of_the_kernel_leaves_a_record", Some("kernel-fault"), CrashKind::KernelFault),
];

/// Runs those whose name contains `filter`.
///
/// # Errors
/// If an image cannot be built or a machine not started.
pub fn run(filter: Option<&str>, progress: Progress<'_>) -> anyhow::Result<Vec<Case>> {
    let wanted = |name: &str| filter.is_none_or(|part| name.contains(part));
    let mut cases = Vec::new();
    let mut done = |name: &str, started: Instant, outcome| {
        let (suite, name, duration) = (SUITE.into(), name.into(), started.elapsed());
        let case = Case { suite, name, outcome, duration };
        progress(&case);
        cases.push(case);
    };
    for negative in NEGATIVES.iter().filter(|negative| wanted(negative.name)) {
        let started = Instant::now();
        done(negative.name, started, control(negative)?);
    }
    for (name, broken, kind) in CRASHES.into_iter().filter(|(name, ..)| wanted(name)) {
        let started = Instant::now();
        done(name, started, crash(broken, kind)?);
    }
    Ok(cases)
}

fn setup(manifest: &str, broken: Option<&str>, limit: Duration) -> anyhow::Result<Setup> {
    let options = dist::options(Path::new(manifest), broken.map(String::from));
    let image = build_image::build(&options)?;
    Ok(Setup {
        kernel: image.file("shim").context("the image has no shim")?,
        loads: vec![Load::Elf(image.product())],
        clock: Clock::Icount { shift: ICOUNT_SHIFT },
        directory: root::project(),
        gdb: None,
        limit,
    })
}

fn control(negative: &Negative) -> anyhow::Result<Outcome> {
    let folder = suite::folder(SUITE);
    std::fs::create_dir_all(&folder)?;
    let setup = setup(MANIFEST, Some(negative.broken), LIMIT)?;
    let boot = suite::boot(&setup, &folder.join(format!("{}.log", negative.name)))?;
    let said: Vec<_> = boot.lines.iter().filter_map(|line| Said::parse(line)).collect();
    if said.len() != test_kernel::cases::CASES.len() {
        return Ok(Outcome::Failed(format!("{} cases reported; {}", said.len(), boot.end)));
    }
    let failed: BTreeSet<_> = said
        .iter()
        .filter(|said| said.outcome() != Outcome::Passed)
        .map(|said| said.name.as_str())
        .collect();
    Ok(compare(&failed, &negative.guards.iter().copied().collect()))
}

/// Exactly the guards must have failed.
fn compare(failed: &BTreeSet<&str>, guards: &BTreeSet<&str>) -> Outcome {
    let list = |names: Vec<&&str>| names.into_iter().copied().collect::<Vec<_>>().join(", ");
    let slept = list(guards.difference(failed).collect());
    let strangers = list(failed.difference(guards).collect());
    match (slept.as_str(), strangers.as_str()) {
        ("", "") => Outcome::Passed,
        ("", strangers) => Outcome::Failed(format!("failed without guarding it: {strangers}")),
        (slept, _) => Outcome::Failed(format!("did not notice: {slept}")),
    }
}

/// What `test-kernel-crash` prints.
#[derive(Deserialize)]
struct Left {
    crash: u32,
    pc: u32,
}

fn crash(broken: Option<&str>, kind: CrashKind) -> anyhow::Result<Outcome> {
    let setup = setup(CRASH_MANIFEST, broken, CRASH_LIMIT)?;
    let mut machine = Machine::start_with(&setup, &REBOOTS.map(String::from))?;
    loop {
        match machine.next(CRASH_LIMIT) {
            None => {}
            Some(Output::Line(line)) => {
                if let Ok(left) = serde_json::from_str::<Left>(&line) {
                    return Ok(judge(&left, kind));
                }
            }
            Some(Output::End(end)) => return Ok(Outcome::Failed(format!("no record; {end}"))),
        }
    }
}

fn judge(left: &Left, kind: CrashKind) -> Outcome {
    if left.crash != kind as u32 {
        return Outcome::Failed(format!("a record of kind {}, not {}", left.crash, kind as u32));
    }
    if left.pc == 0 {
        return Outcome::Failed("the record does not say where".into());
    }
    Outcome::Passed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_that_sleeps_and_a_case_that_fails_for_nothing_are_both_wrong() {
        let set = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
        let wrong = |text: &str| Outcome::Failed(text.into());
        assert_eq!(compare(&set(&["a", "b"]), &set(&["a", "b"])), Outcome::Passed);
        assert_eq!(compare(&set(&["a"]), &set(&["a", "b"])), wrong("did not notice: b"));
        let strangers = wrong("failed without guarding it: c");
        assert_eq!(compare(&set(&["a", "c"]), &set(&["a"])), strangers);
    }

    #[test]
    fn guards_are_cases_of_the_suite() {
        let names: BTreeSet<_> = test_kernel::cases::CASES.iter().map(|case| case.name).collect();
        for guard in NEGATIVES.iter().flat_map(|negative| negative.guards) {
            assert!(names.contains(guard), "{guard} is no case");
        }
    }
}
