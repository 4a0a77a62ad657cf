//! `cargo xtask VERB`: everything that a person or the CI does with this project.
//!
//! One module per verb, each with its `Args` and a `run`. Whatever is wrong with the input ends in
//! one line on stderr and a non-zero status; nothing here prints a usage page at an error.

mod bench;
mod code;
mod coverage;
mod debug;
mod dist;
mod fault;
mod fuzz;
mod inject;
mod machine;
mod miri;
mod nightly;
mod root;
mod run;
mod setup;
mod sizes;
mod test;
mod tidy;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};
use std::ffi::OsStr;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs, tests and inspects the camera image")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what is missing: Rust targets, emulator
    Setup(setup::Args),
    /// Build an image: ELFs, binaries, archive
    Dist(dist::Args),
    /// Build, boot, stream, unplug, recover, write pictures
    Run(run::Args),
    /// Run every test: host, kernel on target, camera on target
    Test(test::Args),
    /// Measure
    Bench(bench::Args),
    /// Inspect a running image or a dump
    Debug(debug::Args),
    /// Inject faults and judge the outcome
    Inject(inject::Args),
    /// Check the invariants of the source tree
    Tidy(tidy::Args),
    /// Compare stack bounds with measured use
    Sizes(sizes::Args),
    /// Count which lines and branches of the kernel its host tests reach
    Coverage(coverage::Args),
    /// Let the fuzzer look for walks where the kernel differs from its specification
    Fuzz(fuzz::Args),
    /// Run the host tests of unsafe code under Miri
    Miri(miri::Args),
}

fn main() -> ExitCode {
    if let Some(refusal) = std::env::args_os().find_map(|argument| refused(&argument)) {
        eprintln!("error: {refusal}");
        return ExitCode::from(2);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let result = match &cli.verb {
        Verb::Setup(args) => setup::run(args),
        Verb::Dist(args) => dist::run(args),
        Verb::Run(args) => run::run(args),
        Verb::Test(args) => test::run(args),
        Verb::Bench(args) => bench::run(args),
        Verb::Debug(args) => debug::run(args),
        Verb::Inject(args) => inject::run(args),
        Verb::Tidy(args) => tidy::run(args),
        Verb::Sizes(args) => sizes::run(args),
        Verb::Coverage(args) => coverage::run(args),
        Verb::Fuzz(args) => fuzz::run(args),
        Verb::Miri(args) => miri::run(args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// An argument that would break what quotes it, such as an error of one line, or a manifest.
fn refused(argument: &OsStr) -> Option<String> {
    let text = argument.to_str();
    if text.is_some_and(|text| !text.contains(char::is_control)) {
        return None;
    }
    let why = if text.is_some() { "has a control character in it" } else { "is not UTF-8" };
    Some(format!("argument {argument:?} {why}: give another name"))
}

/// Lines of a usage error that are worth joining into one.
const LINES_MAX: usize = 4;

/// Help goes out as it is; an error becomes one line: what, and the nearest remedy.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // A closed stdout is the reader's choice, not an error.
        let _ = error.print();
        return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    // Missing arguments are named one a line below the first.
    let first = lines.by_ref().take(LINES_MAX).collect::<Vec<_>>().join(" ");
    let suggestion = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand]
        .into_iter()
        .find_map(|kind| match error.get(kind)? {
            ContextValue::String(name) => Some(name.clone()),
            ContextValue::Strings(names) => names.first().cloned(),
            _ => None,
        });
    match suggestion {
        Some(name) => eprintln!("{first}; did you mean `{name}`?"),
        None => eprintln!("{first}; `cargo xtask VERB --help` lists what there is"),
    }
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn an_argument_that_would_break_a_line_is_refused_in_one() {
        for good in ["run", "--scene", "photo of \u{e4} \"dog\".jpg", "", "-1"] {
            assert_eq!(refused(OsStr::new(good)), None, "{good}");
        }
        let bytes: [&[u8]; 5] = [b"a\nb.png", b"\r", b"\x1b[2J", b"\x7f", b"\xff.png"];
        for bad in bytes.map(OsStr::from_bytes) {
            let refusal = refused(bad).expect("it is refused");
            assert_eq!(refusal.lines().count(), 1, "{refusal:?}");
            assert!(!refusal.contains(char::is_control), "{refusal:?}");
            assert!(refusal.contains(&format!("{bad:?}")) && refusal.contains("give another"));
        }
    }
}
