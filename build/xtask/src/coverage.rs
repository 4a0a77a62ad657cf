//! `cargo xtask coverage`: which lines and branches of the kernel its host tests reach.
//!
//! Counted is what runs on the target too and can run on the host: `sys/kern/src` without tests,
//! specification and `arch`. Functions with lines that no test reaches stand in
//! `sys/kern/uncovered.toml` with a reason; one that is not there fails the verb, and so does an
//! entry that is no longer needed.
//!
//! `cargo llvm-cov` runs the tests (kept by its author since 2021, used by rust-lang projects; the
//! alternative is the same five steps of `llvm-profdata` and `llvm-cov` by hand). Branches need
//! nightly (`-Z coverage-options=branch`); without it, regions are printed.

mod lines;

use crate::nightly;
use crate::root::{project, target_dir};
use anyhow::{Context, bail, ensure};
use lines::{Count, Report};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Options of `cargo xtask coverage`.
#[derive(clap::Args)]
#[command(after_help = "\
Installs what it needs of the pinned toolchain: llvm-tools and cargo-llvm-cov.
Branches are counted if there is a nightly toolchain with llvm-tools.")]
pub struct Args {}

/// Least share of lines, in percent.
const LINES_LEAST: f64 = 95.0;

/// What is counted.
const COUNTED: &str = "sys/kern/src/";
/// What is not: tests, and the hardware.
const NOT_COUNTED: [&str; 4] = ["tests/", "spec/", "arch/", "main.rs"];

/// The functions with lines that no test reaches, and why.
const EXCUSES: &str = "sys/kern/uncovered.toml";

/// Function by file, with its reason.
type Excuses = BTreeMap<String, BTreeMap<String, String>>;

/// Measures, prints a line per file, judges.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    install()?;
    let root = project();
    let stable = measure(&mut Command::new("cargo"), &[])?;
    let branches = if nightly::has(&["llvm-cov"]) && nightly::has_component("llvm-tools") {
        Some(measure(&mut nightly::cargo(), &["--branch"])?)
    } else {
        println!("branches are not counted: {}", nightly::INSTALL);
        None
    };
    print(&stable, branches.as_ref());
    let text = std::fs::read_to_string(root.join(EXCUSES))
        .with_context(|| format!("cannot read {EXCUSES}"))?;
    let excuses: Excuses = toml::from_str(&text).with_context(|| format!("in {EXCUSES}"))?;
    let findings = judge(&stable, &excuses);
    findings.iter().for_each(|finding| println!("{finding}"));
    let share = stable.files.values().map(|file| file.lines).sum::<Count>().percent();
    ensure!(findings.is_empty(), "{} functions disagree with {EXCUSES}", findings.len());
    ensure!(share >= LINES_LEAST, "{share:.2} % of the lines are covered, not {LINES_LEAST}");
    Ok(ExitCode::SUCCESS)
}

/// Installs what is missing; silent and quick when nothing is.
fn install() -> anyhow::Result<()> {
    let there = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let status = Command::new("rustup").args(["component", "add", "llvm-tools"]).output();
    if !status.is_ok_and(|output| output.status.success()) {
        bail!("llvm-tools are missing: `rustup component add llvm-tools`");
    }
    if !there(&["llvm-cov", "--version"]) {
        eprintln!("installing cargo-llvm-cov");
        if !there(&["install", "--locked", "cargo-llvm-cov"]) {
            bail!("cargo-llvm-cov is missing: `cargo install --locked cargo-llvm-cov`");
        }
    }
    Ok(())
}

/// Runs the kernel's host tests with counters.
fn measure(cargo: &mut Command, more: &[&str]) -> anyhow::Result<Report> {
    let output = target_dir().join("coverage.json");
    let status = cargo
        .args(["llvm-cov", "--package", "sys-kern", "--lib", "--json", "--output-path"])
        .arg(&output)
        .args(more)
        .env("CARGO_LLVM_COV_TARGET_DIR", target_dir().join("coverage"))
        .current_dir(project())
        .stdout(Stdio::null())
        .status()
        .context("cannot start cargo llvm-cov")?;
    ensure!(status.success(), "the tests fail when they are counted: `cargo test -p sys-kern`");
    read(&output)
}

fn read(path: &Path) -> anyhow::Result<Report> {
    let text = std::fs::read_to_string(path)?;
    Report::from_json(&text, counted).with_context(|| format!("in {}", path.display()))
}

/// The path inside of the counted folder.
fn counted(path: &str) -> Option<&str> {
    let (_, inside) = path.split_once(COUNTED)?;
    (!NOT_COUNTED.iter().any(|not| inside.starts_with(not))).then_some(inside)
}

fn print(stable: &Report, nightly: Option<&Report>) {
    let second = if nightly.is_some() { "branches" } else { "regions" };
    println!("{:<12} {:>14} {:>8}   {second:>14} {:>8}", "file", "lines", "%", "%");
    let row = |name: &str, lines: Count, other: Count| {
        println!(
            "{name:<12} {:>14} {:>8.2}   {:>14} {:>8.2}",
            lines.to_string(),
            lines.percent(),
            other.to_string(),
            other.percent()
        );
    };
    let mut totals = (Count::default(), Count::default());
    for (name, file) in &stable.files {
        let other = match nightly {
            Some(report) => report.files.get(name).map(|file| file.branches).unwrap_or_default(),
            None => file.regions,
        };
        totals = (totals.0 + file.lines, totals.1 + other);
        row(name, file.lines, other);
    }
    row("all", totals.0, totals.1);
}

/// One line per function that is not covered and not excused, and per excuse without need.
fn judge(report: &Report, excuses: &Excuses) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, file) in &report.files {
        for (function, lines) in &file.uncovered {
            let excuse = excuses.get(name).and_then(|excuses| excuses.get(function));
            if excuse.is_none_or(|reason| reason.trim().is_empty()) {
                findings.push(format!(
                    "{COUNTED}{name}:{lines:?}: no test reaches these lines of `{function}`: test them, or give a reason in {EXCUSES}"
                ));
            }
        }
    }
    for (name, functions) in excuses {
        let uncovered = report.files.get(name).map(|file| &file.uncovered);
        for function in functions.keys() {
            if !uncovered.is_some_and(|uncovered| uncovered.contains_key(function)) {
                findings.push(format!(
                    "{EXCUSES}: `{function}` of {name} needs no reason any more: take it out"
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(function: &str) -> Report {
        let mut file = lines::File::default();
        file.uncovered.insert(function.into(), vec![7]);
        Report { files: BTreeMap::from([("a.rs".into(), file)]) }
    }

    fn excuses(text: &str) -> Excuses {
        toml::from_str(text).expect("a table of tables")
    }

    #[test]
    fn a_gap_needs_a_reason_and_a_reason_needs_a_gap() {
        let check = |text: &str, expect: &[&str]| {
            let findings = judge(&report("f"), &excuses(text));
            assert_eq!(findings.len(), expect.len(), "{findings:?}");
            for (finding, expect) in findings.iter().zip(expect) {
                assert!(finding.contains(expect), "{finding}");
            }
        };
        check("", &["a.rs:[7]: no test reaches these lines of `f`"]);
        check("[\"a.rs\"]\nf = \"  \"\n", &["of `f`"]);
        check("[\"a.rs\"]\nf = \"the reset never returns\"\n", &[]);
        check("[\"a.rs\"]\nf = \"x\"\ng = \"y\"\n", &["`g` of a.rs needs no reason"]);
        check("[\"a.rs\"]\nf = \"x\"\n[\"b.rs\"]\nf = \"y\"\n", &["`f` of b.rs"]);
    }

    #[test]
    fn only_what_runs_on_both_sides_is_counted() {
        for (path, inside) in [
            ("/x/sys/kern/src/ipc.rs", Some("ipc.rs")),
            ("/x/sys/kern/src/tests/lives.rs", None),
            ("/x/sys/kern/src/spec/mod.rs", None),
            ("/x/sys/kern/src/arch/host.rs", None),
            ("/x/sys/abi/src/lib.rs", None),
        ] {
            assert_eq!(counted(path), inside, "{path}");
        }
    }
}
