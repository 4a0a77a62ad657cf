//! The kernel stage: each image of the suite is booted once and runs the cases that are wanted; then
//! the controls and the crashes.
//!
//! Which cases there are is known here from the same sources as on the target, so a case that does
//! not report has failed.

mod boot;
mod controls;

use super::report::{self, Case, Outcome};
use super::suite::{self, Progress};
use crate::dist;
use boot::{Limits, SuiteImage};
use std::path::Path;
use std::time::{Duration, Instant};
use test_kernel::suite::Case as TargetCase;

const SUITE: &str = "kernel";

/// An image and what runs on it.
struct Entry {
    manifest: &'static str,
    cases: &'static [TargetCase],
    /// It runs the cases with this tag,
    tag: Option<&'static str>,
    /// and, as one case of this name, those without a tag, which have names of their own elsewhere.
    others: Option<&'static str>,
    /// The machine ended as the runner ends it, when all cases had reported.
    ends: &'static str,
}

const KERNEL_CASES: &[TargetCase] = test_kernel::cases::CASES;

/// The suites. An image of test tasks is a line here.
const IMAGES: [Entry; 2] = [
    Entry {
        manifest: "test/kernel/app.toml",
        cases: KERNEL_CASES,
        tag: None,
        others: None,
        ends: "the_suite_ends_with_a_reset",
    },
    Entry {
        manifest: "test/kernel/fp.toml",
        cases: KERNEL_CASES,
        tag: Some("fp"),
        others: Some("fp_every_other_case_holds_with_fp_registers"),
        ends: "fp_the_suite_ends_with_a_reset",
    },
];

/// Runs the cases whose name contains `filter`. An image that cannot be built is a failure with the
/// name of its end, and the others run.
///
/// # Errors
/// If the folder of the logs cannot be made.
pub fn run(filter: Option<&str>, progress: Progress<'_>) -> anyhow::Result<Vec<Case>> {
    let wanted = |name: &str| filter.is_none_or(|part| name.contains(part));
    let started = Instant::now();
    std::fs::create_dir_all(suite::folder(SUITE))?;
    let mut cases = Vec::new();
    for entry in &IMAGES {
        cases.extend(run_image(entry, &wanted).unwrap_or_else(|error| {
            vec![ended(entry, Outcome::Failed(format!("{}: {error:#}", entry.manifest)))]
        }));
    }
    cases.iter().for_each(progress);
    cases.extend(controls::run(&wanted, progress));
    if !cases.is_empty() {
        let (passed, failed) = report::count(&cases);
        let seconds = started.elapsed().as_secs_f64();
        eprintln!("{SUITE}: {passed} passed, {failed} failed in {seconds:.1} s");
    }
    Ok(cases)
}

fn run_image(entry: &Entry, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<Vec<Case>> {
    let others = entry.others.filter(|name| wanted(name));
    let runs = |case: &TargetCase| {
        let own = case.tag == entry.tag && wanted(case.name);
        own || case.tag.is_none() && others.is_some()
    };
    let ids: Vec<_> = boot::ids(entry.cases, runs);
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let image = SuiteImage::build(dist::options(Path::new(entry.manifest), None), entry.cases)?;
    let run = boot::run(&image, &ids, Limits::NORMAL)?;
    let tag = |name: &str| entry.cases.iter().find(|case| case.name == name).map(|case| case.tag);
    let (mut cases, rest): (Vec<_>, Vec<_>) =
        run.cases.into_iter().partition(|case| tag(&case.name).is_none_or(|tag| tag == entry.tag));
    cases.extend(others.map(|name| together(name, &rest)));
    if wanted(entry.ends) || run.end != Outcome::Passed {
        cases.push(ended(entry, run.end));
    }
    Ok(cases)
}

/// The case that stands for the boot as a whole.
fn ended(entry: &Entry, outcome: Outcome) -> Case {
    Case { suite: SUITE.into(), name: entry.ends.into(), outcome, duration: Duration::ZERO }
}

/// One case that holds if all of these do.
fn together(name: &str, cases: &[Case]) -> Case {
    let failed: Vec<_> = cases
        .iter()
        .filter_map(|case| match &case.outcome {
            Outcome::Passed => None,
            Outcome::Failed(why) => Some(format!("{}: {why}", case.name)),
        })
        .collect();
    Case {
        suite: SUITE.into(),
        name: name.into(),
        outcome: match failed.is_empty() {
            true => Outcome::Passed,
            false => Outcome::Failed(failed.join("; ")),
        },
        duration: cases.iter().map(|case| case.duration).sum(),
    }
}
