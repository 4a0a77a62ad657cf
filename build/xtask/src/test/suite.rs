//! What the suites on target share: a boot from start to end, with its lines in a log.

use super::report::{Case, Outcome};
use crate::machine::{End, Machine, Output, Setup};
use crate::root;
use anyhow::Context;
use serde::Deserialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a boot is looked after while it says nothing.
const TICK: Duration = Duration::from_millis(200);

/// Tells of a case as soon as it has ended.
pub type Progress<'a> = &'a (dyn Fn(&Case) + Sync);

/// The folder of a suite's logs and parameter files.
pub fn folder(suite: &str) -> PathBuf {
    root::target_dir().join("test").join(suite)
}

/// What a boot did.
#[derive(Debug)]
pub struct Boot {
    /// Its lines.
    pub lines: Vec<String>,
    /// How it ended.
    pub end: End,
    /// Wall-clock time.
    pub duration: Duration,
    /// Where the lines are.
    pub log: PathBuf,
}

/// Boots a machine and takes its lines until it ends; all of them also go to the file `log`.
///
/// # Errors
/// If the machine cannot be started or the log cannot be written.
pub fn boot(setup: &Setup, log: &Path) -> anyhow::Result<Boot> {
    let note = || format!("cannot write {}", log.display());
    let mut file = std::fs::File::create(log).with_context(note)?;
    let started = Instant::now();
    let mut machine = Machine::start(setup)?;
    let mut lines = Vec::new();
    let end = loop {
        match machine.next(TICK) {
            None => {}
            Some(Output::Line(line)) => {
                writeln!(file, "{line}").with_context(note)?;
                lines.push(line);
            }
            Some(Output::End(end)) => break end,
        }
    };
    writeln!(file, "{end}").with_context(note)?;
    Ok(Boot { lines, end, duration: started.elapsed(), log: log.to_path_buf() })
}

/// What a case said about itself.
#[derive(Debug, Deserialize)]
pub struct Said {
    /// Its name.
    #[serde(alias = "case")]
    pub name: String,
    /// `ok` or `fail`.
    result: String,
    /// Why, or what is worth telling.
    pub detail: String,
}

impl Said {
    /// The result of a case in a line, if it holds one.
    pub fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// As an outcome.
    pub fn outcome(&self) -> Outcome {
        match self.result.as_str() {
            "ok" => Outcome::Passed,
            _ => Outcome::Failed(self.detail.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: Option<(&str, Outcome)>) {
        let said = Said::parse(line);
        let found = said.as_ref().map(|said| (said.name.as_str(), said.outcome()));
        assert_eq!(found, expect, "{line}");
    }

    #[test]
    fn results_of_both_suites_are_understood_and_other_lines_left() {
        let kernel = r#"{"case":"a","id":0,"result":"ok","detail":""}"#;
        check(kernel, Some(("a", Outcome::Passed)));
        let camera = r#"{"kind":"case","name":"b","result":"fail","detail":"no","time_us":1}"#;
        check(camera, Some(("b", Outcome::Failed("no".into()))));
        let strange = r#"{"case":"a","id":0,"result":"maybe","detail":"x"}"#;
        check(strange, Some(("a", Outcome::Failed("x".into()))));
        check(r#"{"suite":"kernel","cases":1,"ok":1,"failed":0}"#, None);
        check(r#"{"kind":"story","time_us":5,"task":3,"event":"died"}"#, None);
        check("bench: started", None);
    }
}
