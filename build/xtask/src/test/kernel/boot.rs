//! Boots an image of test tasks for some of its cases, and finds out which case is to blame when the
//! machine does not end as it should.
//!
//! # Why
//! All cases share one boot, which takes a fraction of a second. A case that hangs or panics is the
//! runner's matter, on the target. If the whole machine hangs, locks up, resets or says nonsense, the
//! case that had begun and not ended has failed, by name; the rest is run in another boot.

use super::SUITE;
use crate::machine::{Clock, End, Load, Machine, Output, Setup};
use crate::test::report::{Case, Expected, Outcome};
use crate::test::suite::{self, Said};
use crate::{root, setup};
use anyhow::Context;
use build_image::{Dist, Options};
use serde::Deserialize;
use std::io::Write;
use std::time::{Duration, Instant};
use sys_boot::mps2_an521::PRODUCT_PARAMETERS;
use test_kernel::protocol::wanted;
use test_kernel::suite::Case as TargetCase;

/// One instruction is 2^6 ns of virtual time: the suite's time limits are in milliseconds, and the
/// kernel is to be slow compared with its tick.
pub const ICOUNT_SHIFT: u8 = 6;
/// Wall-clock limit of a boot, whatever its cases do; they have limits of their own.
const BOOT_LIMIT: Duration = Duration::from_secs(600);
/// How often the machine is looked after while it says nothing.
const TICK: Duration = Duration::from_millis(100);

/// When the host stops waiting for a case.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wall-clock time of a case, which takes milliseconds of it.
    pub case: Duration,
    /// Lines from one result to the next; a case says at most two.
    pub lines: usize,
}

impl Limits {
    /// For cases that are expected to end.
    pub const NORMAL: Self = Self { case: BETWEEN_LIMIT, lines: 1000 };
}

/// Wall-clock time in which a case must begin or the machine end, when none runs: the start of the
/// emulator on a busy host is the longest part of a boot.
const BETWEEN_LIMIT: Duration = Duration::from_secs(30);

/// An image and the machine that it is for.
pub struct SuiteImage {
    dist: Dist,
    name: String,
    cases: &'static [TargetCase],
}

impl SuiteImage {
    /// Builds it.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn build(options: Options, cases: &'static [TargetCase]) -> anyhow::Result<Self> {
        let chip = build_manifest::load(&options.root, &options.manifest)?.chip;
        setup::ensure_target(chip.target)?;
        let dist = build_image::build(&options)?;
        let name = dist.layout.name.clone();
        Ok(Self { dist, name, cases })
    }

    /// The machine, with these cases in its parameter block.
    fn machine(&self, ids: &[u32]) -> anyhow::Result<Machine> {
        let parameters = suite::folder(SUITE).join(format!("{}.cases", self.name));
        std::fs::write(&parameters, wanted::block(ids))
            .with_context(|| format!("cannot write {}", parameters.display()))?;
        let setup = Setup {
            kernel: self.dist.file("shim").context("the suite's image has no shim")?,
            loads: vec![
                Load::Elf(self.dist.product()),
                Load::Raw(parameters, PRODUCT_PARAMETERS.base),
            ],
            clock: Clock::Icount { shift: ICOUNT_SHIFT },
            directory: root::project(),
            gdb: None,
            limit: BOOT_LIMIT,
        };
        let options = self.dist.image.chip.emulator_options.iter().copied().map(String::from);
        Machine::start_with(&setup, &options.collect::<Vec<_>>())
    }
}

/// Ids of the cases that are to run: their positions in the table.
pub fn ids(cases: &[TargetCase], runs: impl Fn(&TargetCase) -> bool) -> Vec<u32> {
    (0..).zip(cases).filter(|(_, case)| runs(case)).map(|(id, _)| id).collect()
}

/// All boots of an image.
pub struct Run {
    /// What became of each case.
    pub cases: Vec<Case>,
    /// Whether the last boot ended as the runner ends it.
    pub end: Outcome,
}

/// Runs these cases, in as many boots as it takes: each boot ends at least one.
///
/// # Errors
/// If a machine cannot be started or a file not be written.
pub fn run(image: &SuiteImage, ids: &[u32], limits: Limits) -> anyhow::Result<Run> {
    let name = |id: &u32| image.cases[*id as usize].name;
    let mut expected = Expected::new(SUITE, ids.iter().map(name));
    let mut left = ids.to_vec();
    let log = suite::folder(SUITE).join(format!("{}.log", image.name));
    let mut file =
        std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    loop {
        let (course, end) = boot(image.machine(&left)?, limits, &mut file)?;
        let before = left.len();
        let stopped = course.stopped(&end);
        for report in course.reports.iter().chain(&stopped) {
            left.retain(|id| name(id) != report.name);
            expected.report(&report.name, report.outcome.clone(), report.duration);
        }
        let why = format!("{end}; see {}", log.display());
        // Cases that are left although none was running never get a second chance.
        if left.is_empty() || stopped.is_none() || left.len() == before {
            let clean = stopped.is_none() && end == Stop::Ended(End::Status(0)) && course.summed;
            let end = if clean { Outcome::Passed } else { Outcome::Failed(why.clone()) };
            return Ok(Run { cases: expected.close(&why), end });
        }
    }
}

/// Lines of a boot until it ends or passes a limit.
fn boot(
    mut machine: Machine,
    limits: Limits,
    log: &mut std::fs::File,
) -> anyhow::Result<(Course, Stop)> {
    let mut course = Course::new(Instant::now());
    loop {
        let stop = match machine.next(TICK) {
            None => course.overdue(Instant::now(), limits),
            Some(Output::Line(line)) => {
                writeln!(log, "{line}")?;
                course.take(&line, Instant::now());
                course.overdue(Instant::now(), limits)
            }
            Some(Output::End(end)) => Some(Stop::Ended(end)),
        };
        if let Some(stop) = stop {
            writeln!(log, "{stop}")?;
            return Ok((course, stop));
        }
    }
}

/// Why a boot is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The machine ended.
    Ended(End),
    /// Nothing came for too long.
    Silent(Duration),
    /// Too much came.
    Babbling(usize),
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ended(end) => write!(f, "{end}"),
            Self::Silent(limit) => write!(f, "it was still running after {} s", limit.as_secs()),
            Self::Babbling(lines) => write!(f, "it said {lines} lines without a result"),
        }
    }
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Report {
    name: String,
    outcome: Outcome,
    duration: Duration,
}

/// What a boot has said so far.
#[derive(Debug)]
struct Course {
    reports: Vec<Report>,
    /// The case that has begun and not ended.
    running: Option<(String, Instant)>,
    /// When the last result or beginning came.
    since: Instant,
    /// Lines since the last result.
    lines: usize,
    /// The line with the sums has come.
    summed: bool,
}

/// The runner's line at the beginning of a case.
#[derive(Deserialize)]
struct Begun {
    begin: String,
}

/// The runner's last line.
#[derive(Deserialize)]
struct Sums {
    #[serde(rename = "ok")]
    _ok: u32,
}

impl Course {
    fn new(now: Instant) -> Self {
        Self { reports: Vec::new(), running: None, since: now, lines: 0, summed: false }
    }

    fn take(&mut self, line: &str, now: Instant) {
        self.lines += 1;
        if let Some(said) = Said::parse(line) {
            let begun = self.running.take().map_or(now, |(_, begun)| begun);
            let (outcome, duration) = (said.outcome(), now.duration_since(begun));
            self.reports.push(Report { name: said.name, outcome, duration });
            (self.lines, self.since) = (0, now);
        } else if let Ok(begun) = serde_json::from_str::<Begun>(line) {
            // A second beginning without an end is nonsense: the first one is to blame.
            if self.running.is_none() {
                (self.running, self.since) = (Some((begun.begin, now)), now);
            }
        } else if serde_json::from_str::<Sums>(line).is_ok() {
            self.summed = true;
        }
    }

    fn overdue(&self, now: Instant, limits: Limits) -> Option<Stop> {
        if self.lines > limits.lines {
            return Some(Stop::Babbling(limits.lines));
        }
        let limit = if self.running.is_some() { limits.case } else { BETWEEN_LIMIT };
        (now.duration_since(self.since) > limit).then_some(Stop::Silent(limit))
    }

    /// The case that the end is blamed on.
    fn stopped(&self, stop: &Stop) -> Option<Report> {
        let (name, begun) = self.running.clone()?;
        let outcome = Outcome::Failed(format!("{stop} while this case ran"));
        Some(Report { name, outcome, duration: self.since.duration_since(begun) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { case: Duration::from_secs(2), lines: 3 };

    fn course(lines: &[&str]) -> (Course, Instant) {
        let now = Instant::now();
        let mut course = Course::new(now);
        lines.iter().for_each(|line| course.take(line, now));
        (course, now)
    }

    const BEGIN: &str = r#"{"begin":"a_case","id":0}"#;
    const OK: &str = r#"{"case":"a_case","id":0,"result":"ok","detail":""}"#;
    const SUMS: &str = r#"{"suite":"kernel","cases":1,"ok":1,"failed":0}"#;

    #[test]
    fn a_case_that_has_ended_is_not_blamed() {
        let (course, _) = course(&[BEGIN, OK, SUMS]);
        assert_eq!(course.reports.len(), 1);
        assert!(course.summed);
        assert_eq!(course.stopped(&Stop::Ended(End::Status(134))), None);
    }

    #[test]
    fn the_case_that_runs_is_blamed_with_the_reason() {
        let (course, _) = course(&[BEGIN]);
        for (stop, words) in [
            (Stop::Ended(End::Status(134)), "the guest locked up"),
            (Stop::Ended(End::Status(0)), "ended with status 0"),
            (Stop::Silent(LIMITS.case), "still running after 2 s"),
            (Stop::Babbling(3), "3 lines without a result"),
        ] {
            let report = course.stopped(&stop).expect("somebody is to blame");
            assert_eq!(report.name, "a_case");
            let Outcome::Failed(why) = report.outcome else { panic!("{stop}") };
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn silence_and_nonsense_have_limits() {
        let (quiet, now) = course(&[BEGIN]);
        assert_eq!(quiet.overdue(now + LIMITS.case, LIMITS), None);
        let late = now + LIMITS.case + Duration::from_millis(1);
        assert_eq!(quiet.overdue(late, LIMITS), Some(Stop::Silent(LIMITS.case)));
        let (between, now) = course(&[BEGIN, OK]);
        assert_eq!(between.overdue(now + BETWEEN_LIMIT, LIMITS), None);
        let (loud, now) = course(&[BEGIN, "x", BEGIN, BEGIN]);
        assert_eq!(loud.overdue(now, LIMITS), Some(Stop::Babbling(3)));
        let (busy, now) = course(&[BEGIN, OK, BEGIN, OK, BEGIN, OK]);
        assert_eq!(busy.overdue(now, LIMITS), None);
    }
}
