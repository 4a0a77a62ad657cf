//! Results of cases, wherever they ran: counted once, printed, and written as JUnit.
//!
//! # Why
//! A suite declares the cases it has before it runs. Only a case that reported exactly once
//! counts as passed or failed by its own word; a missing, doubled or undeclared one is a failure
//! with its name, so that a suite cannot lose a test in silence.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How one case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It held.
    Passed,
    /// It did not; why.
    Failed(String),
}

/// One case with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Suite, e.g. `kernel`.
    pub suite: String,
    /// Name, unique in the suite.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Wall-clock time.
    pub duration: Duration,
}

/// What a suite's cases said, against what was declared.
#[derive(Debug)]
pub struct Expected {
    suite: String,
    reports: BTreeMap<String, Vec<(Outcome, Duration)>>,
    undeclared: Vec<String>,
}

impl Expected {
    /// A suite that declares these cases.
    pub fn new<'a>(suite: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let reports = names.into_iter().map(|name| (name.to_string(), Vec::new())).collect();
        Self { suite: suite.to_string(), reports, undeclared: Vec::new() }
    }

    /// A case reported.
    pub fn report(&mut self, name: &str, outcome: Outcome, duration: Duration) {
        match self.reports.get_mut(name) {
            Some(reports) => reports.push((outcome, duration)),
            None => self.undeclared.push(name.to_string()),
        }
    }

    /// Closes the suite; `end` says how the run ended, for the cases that never reported.
    #[must_use]
    pub fn close(self, end: &str) -> Vec<Case> {
        let Self { suite, reports, undeclared } = self;
        let missing = || (Outcome::Failed(format!("never reported: {end}")), Duration::ZERO);
        let declared = reports.into_iter().map(|(name, mut reports)| {
            let count = reports.len();
            let (outcome, duration) = match reports.pop() {
                None => missing(),
                Some(only) if count == 1 => only,
                Some((_, duration)) => {
                    (Outcome::Failed(format!("reported {count} times")), duration)
                }
            };
            Case { suite: suite.clone(), name, outcome, duration }
        });
        let strange = undeclared.into_iter().map(|name| Case {
            suite: suite.clone(),
            name,
            outcome: Outcome::Failed("reported, but the suite does not declare it".into()),
            duration: Duration::ZERO,
        });
        declared.chain(strange).collect()
    }
}

/// `(passed, failed)`.
#[must_use]
pub fn count(cases: &[Case]) -> (usize, usize) {
    let passed = cases.iter().filter(|case| case.outcome == Outcome::Passed).count();
    (passed, cases.len() - passed)
}

/// One line for a case.
#[must_use]
pub fn line(case: &Case) -> String {
    match &case.outcome {
        Outcome::Passed => format!("ok    {} {}", case.suite, case.name),
        Outcome::Failed(why) => format!("FAIL  {} {}: {why}", case.suite, case.name),
    }
}

/// Writes all cases as JUnit XML.
///
/// # Errors
/// If the file cannot be written.
pub fn write_junit(cases: &[Case], path: &Path) -> anyhow::Result<()> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for case in cases {
        let status = match &case.outcome {
            Outcome::Passed => TestCaseStatus::success(),
            Outcome::Failed(why) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(why.as_str());
                status
            }
        };
        let mut entry = TestCase::new(case.name.as_str(), status);
        entry.set_time(case.duration);
        suites
            .entry(case.suite.as_str())
            .or_insert_with(|| TestSuite::new(case.suite.as_str()))
            .add_test_case(entry);
    }
    let mut report = Report::new("obscura");
    report.add_test_suites(suites.into_values());
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    report.serialize(std::fs::File::create(path)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite() -> Expected {
        Expected::new("kernel", ["send", "recv"])
    }

    fn failed(cases: &[Case], name: &str) -> String {
        match cases.iter().find(|case| case.name == name).map(|case| &case.outcome) {
            Some(Outcome::Failed(why)) => why.clone(),
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn a_case_that_reports_once_counts_by_its_own_word() {
        let mut suite = suite();
        suite.report("send", Outcome::Passed, Duration::ZERO);
        suite.report("recv", Outcome::Failed("no".into()), Duration::ZERO);
        assert_eq!(count(&suite.close("")), (1, 1));
    }

    #[test]
    fn a_missing_case_fails_and_says_how_the_run_ended() {
        let mut suite = suite();
        suite.report("send", Outcome::Passed, Duration::ZERO);
        let cases = suite.close("the guest locked up");
        assert_eq!(failed(&cases, "recv"), "never reported: the guest locked up");
    }

    #[test]
    fn a_doubled_case_fails() {
        let mut suite = suite();
        for name in ["send", "send", "recv"] {
            suite.report(name, Outcome::Passed, Duration::ZERO);
        }
        let cases = suite.close("");
        assert_eq!(failed(&cases, "send"), "reported 2 times");
        assert_eq!(count(&cases), (1, 1));
    }

    #[test]
    fn an_undeclared_case_fails() {
        let mut suite = suite();
        for name in ["send", "recv", "stray"] {
            suite.report(name, Outcome::Passed, Duration::ZERO);
        }
        let cases = suite.close("");
        assert_eq!(count(&cases), (2, 1));
        assert!(failed(&cases, "stray").contains("does not declare"));
    }
}
