//! The host stage: `cargo test --workspace`, its results taken case by case.

use super::report::{Case, Outcome};
use anyhow::Context;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs all host tests whose name contains `filter`; calls `progress` with each case as it ends.
///
/// # Errors
/// If cargo cannot be started.
pub fn run(
    root: &Path,
    filter: Option<&str>,
    progress: &mut dyn FnMut(&Case),
) -> anyhow::Result<Vec<Case>> {
    let mut child = Command::new(env!("CARGO"))
        .args(["test", "--workspace", "--no-fail-fast", "--color", "never", "--"])
        .args(filter)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let errors = child.stderr.take().context("no stderr pipe")?;
    let build = std::thread::spawn(move || {
        BufReader::new(errors).lines().map_while(Result::ok).collect::<Vec<_>>()
    });
    let mut cases = Vec::new();
    let output = child.stdout.take().context("no stdout pipe")?;
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if let Some(case) = parse(&line) {
            progress(&case);
            cases.push(case);
        }
    }
    let status = child.wait()?;
    let build = build.join().unwrap_or_default();
    let (_, failed) = super::report::count(&cases);
    if !status.success() && failed == 0 {
        let why = build.iter().find(|line| line.starts_with("error")).cloned();
        let why = why.unwrap_or_else(|| format!("cargo test ended with {status}"));
        cases.push(case("cargo test", Outcome::Failed(why)));
    }
    Ok(cases)
}

fn case(name: &str, outcome: Outcome) -> Case {
    Case { suite: "host".into(), name: name.into(), outcome, duration: Duration::ZERO }
}

/// A line `test NAME ... ok` of the test harness.
fn parse(line: &str) -> Option<Case> {
    let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let outcome = match result.split_whitespace().next()? {
        "ok" => Outcome::Passed,
        "ignored," | "ignored" => Outcome::Failed("switched off with #[ignore]".into()),
        _ => Outcome::Failed("see `cargo test`".into()),
    };
    Some(case(name, outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: Option<(&str, bool)>) {
        let found = parse(line);
        let found = found.as_ref().map(|c| (c.name.as_str(), c.outcome == Outcome::Passed));
        assert_eq!(found, expect, "{line}");
    }

    #[test]
    fn result_lines_are_taken_and_others_left() {
        check("test a::b ... ok", Some(("a::b", true)));
        check("test a::b - should panic ... ok", Some(("a::b - should panic", true)));
        check("test src/lib.rs - x (line 3) ... ok", Some(("src/lib.rs - x (line 3)", true)));
        check("test a ... FAILED", Some(("a", false)));
        check("test a ... ignored, slow", Some(("a", false)));
        check("test result: ok. 3 passed; 0 failed", None);
        check("running 3 tests", None);
    }
}
