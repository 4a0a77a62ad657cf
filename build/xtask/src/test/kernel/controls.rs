//! What the suite's own boot cannot show: that its cases notice a broken kernel, that the host names
//! the case that does not end, and what a kernel leaves behind when the image ends.
//!
//! A negative control is the suite with one promise broken; it passes if exactly the cases that
//! guard the promise fail. An ending is a case that hangs, locks up or runs away; it passes if that
//! case has failed by its name and for its reason, and the case after it has run. A crash case boots
//! an image whose supervisor faults, lets the reset happen, and reads the record that the next boot
//! finds.

use super::boot::{self, ICOUNT_SHIFT, Limits, SuiteImage};
use super::{Entry, IMAGES, KERNEL_CASES, SUITE};
use crate::machine::{Clock, Load, Machine, Output, Setup};
use crate::test::report::{Case, Outcome};
use crate::test::suite::Progress;
use crate::{dist, root};
use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use sys_abi::CrashKind;
use test_kernel::controls::{ENDINGS, Ending, NEGATIVES, Negative};

/// The hung image is waited for in vain: not as long as for a case that is expected to end. But the
/// case after it, which takes milliseconds, must pass on a busy host too.
const ENDING_LIMITS: Limits = Limits { case: Duration::from_secs(10), ..Limits::NORMAL };
/// A case that passes, whatever was before it.
const AFTER: &str = "send_returns_the_answer";
const CRASH_MANIFEST: &str = "test/kernel/crash.toml";
/// Two boots take a fraction of a second, or many on a busy host.
const CRASH_LIMIT: Duration = Duration::from_secs(120);
/// An image that comes up again after its reset.
const REBOOTS: [&str; 2] = ["-action", "reboot=reset"];

/// A crash: its case, what is broken on purpose, what the record must say.
const CRASHES: [(&str, Option<&str>, CrashKind); 2] = [
    ("the_end_of_the_supervisor_leaves_a_record", None, CrashKind::Supervisor),
    ("a_fault_of_the_kernel_leaves_a_record", Some("kernel-fault"), CrashKind::KernelFault),
];

/// Runs those whose name is wanted. One whose image cannot be built has failed.
pub fn run(wanted: &dyn Fn(&str) -> bool, progress: Progress<'_>) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut done = |name: &str, started: Instant, outcome: anyhow::Result<Outcome>| {
        let (suite, name, duration) = (SUITE.into(), name.into(), started.elapsed());
        let outcome = outcome.unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let case = Case { suite, name, outcome, duration };
        progress(&case);
        cases.push(case);
    };
    for negative in NEGATIVES.iter().filter(|negative| wanted(negative.name)) {
        let started = Instant::now();
        done(negative.name, started, control(negative));
    }
    for ending in ENDINGS.iter().filter(|ending| wanted(ending.name)) {
        let started = Instant::now();
        done(ending.name, started, end(ending));
    }
    for (name, broken, kind) in CRASHES.into_iter().filter(|(name, ..)| wanted(name)) {
        let started = Instant::now();
        done(name, started, crash(broken, kind));
    }
    cases
}

/// The image whose cases have this tag, broken or not.
fn image(tag: Option<&str>, broken: Option<&str>) -> anyhow::Result<SuiteImage> {
    let entry: &Entry = IMAGES.iter().find(|entry| entry.tag == tag).context("no such image")?;
    let options = dist::options(Path::new(entry.manifest), broken.map(String::from));
    SuiteImage::build(options, entry.cases)
}

fn control(negative: &Negative) -> anyhow::Result<Outcome> {
    let image = image(negative.tag, Some(negative.broken))?;
    let runs = |tag: Option<&str>| tag.is_none() || tag == negative.tag;
    let ids = boot::ids(KERNEL_CASES, |case| runs(case.tag));
    let run = boot::run(&image, &ids, Limits::NORMAL)?;
    if run.end != Outcome::Passed {
        return Ok(run.end);
    }
    let failed: BTreeSet<_> = run
        .cases
        .iter()
        .filter(|case| case.outcome != Outcome::Passed)
        .map(|case| case.name.as_str())
        .collect();
    Ok(compare(&failed, &negative.guards.iter().copied().collect()))
}

/// Runs the case that does not end, and one after it.
fn end(ending: &Ending) -> anyhow::Result<Outcome> {
    let image = image(None, ending.broken)?;
    let id = |name: &str| boot::ids(KERNEL_CASES, |case| case.name == name);
    let ids = [id(ending.case), id(AFTER)].concat();
    let run = boot::run(&image, &ids, ENDING_LIMITS)?;
    Ok(named(ending, &run.cases))
}

/// The case must have failed for its reason, and the one after it passed.
fn named(ending: &Ending, cases: &[Case]) -> Outcome {
    let outcome = |name| cases.iter().find(|case| case.name == name).map(|case| &case.outcome);
    match (outcome(ending.case), outcome(AFTER)) {
        (Some(Outcome::Failed(why)), Some(Outcome::Passed)) if why.contains(ending.because) => {
            Outcome::Passed
        }
        (Some(Outcome::Failed(_)), Some(Outcome::Failed(why))) => {
            Outcome::Failed(format!("{AFTER} did not run after it: {why}"))
        }
        (Some(Outcome::Failed(why)), _) => Outcome::Failed(format!(
            "{} failed, but not because of `{}`: {why}",
            ending.case, ending.because
        )),
        _ => Outcome::Failed(format!("{} passed", ending.case)),
    }
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
    let options = dist::options(Path::new(CRASH_MANIFEST), broken.map(String::from));
    let image = build_image::build(&options)?;
    let setup = Setup {
        kernel: image.file("shim").context("the image has no shim")?,
        loads: vec![Load::Elf(image.product())],
        clock: Clock::Icount { shift: ICOUNT_SHIFT },
        directory: root::project(),
        gdb: None,
        limit: CRASH_LIMIT,
    };
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
    fn guards_and_endings_are_cases_of_the_suite() {
        let names: BTreeSet<_> = KERNEL_CASES.iter().map(|case| case.name).collect();
        let guards = NEGATIVES.iter().flat_map(|negative| negative.guards).copied();
        for name in guards.chain(ENDINGS.iter().map(|ending| ending.case)).chain([AFTER]) {
            assert!(names.contains(name), "{name} is no case");
        }
    }

    #[test]
    fn an_ending_must_have_its_name_its_reason_and_a_case_after_it() {
        let ending = &ENDINGS[0];
        let case = |name: &str, outcome| Case {
            suite: SUITE.into(),
            name: name.into(),
            outcome,
            duration: Duration::ZERO,
        };
        let failed = |why: &str| Outcome::Failed(why.into());
        let check = |this, after| named(ending, &[case(ending.case, this), case(AFTER, after)]);
        assert_eq!(check(failed(ending.because), Outcome::Passed), Outcome::Passed);
        for (this, after) in [
            (Outcome::Passed, Outcome::Passed),
            (failed("another reason"), Outcome::Passed),
            (failed(ending.because), failed("never reported")),
        ] {
            assert_ne!(check(this, after), Outcome::Passed);
        }
        assert_ne!(named(ending, &[]), Outcome::Passed);
    }
}
