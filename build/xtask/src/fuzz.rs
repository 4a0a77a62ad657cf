//! `cargo xtask fuzz`: the kernel beside its specification, on bytes that libFuzzer chooses.
//!
//! `cargo fuzz` (rust-fuzz, kept by the project that keeps libfuzzer-sys) builds the target with the
//! right instrumentation. Without nightly, `cargo test -p sys-kern duels` walks the corpus and fixed
//! seeds through the same function.

use crate::nightly;
use crate::root::{project, target_dir};
use anyhow::{Context, bail};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
#[command(after_help = "\
Needs a nightly toolchain and cargo-fuzz. New inputs are kept in target/fuzz/corpus; a finding is
written to target/fuzz/finding-*: copied into test/fuzz/corpus/kernel, it is a test from then on.
Examples:
  $ cargo xtask fuzz                          a minute
  $ cargo xtask fuzz --seconds 3600           an hour
  $ cargo xtask fuzz --replay target/fuzz/finding-crash-0123    one input, with its trace")]
pub struct Args {
    /// How long to look, in seconds
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// Run this input alone
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
}

/// Longest input: the image and three hundred steps.
const INPUT_BYTES_MAX: &str = "-max_len=4816";

/// Fuzzes; the exit status says whether nothing was found.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !nightly::has(&[]) {
        bail!("the nightly toolchain is missing: {}", nightly::INSTALL);
    }
    if !nightly::has(&["fuzz"]) {
        bail!("cargo-fuzz is missing: `cargo install --locked cargo-fuzz`");
    }
    let (root, output) = (project(), target_dir().join("fuzz"));
    let corpus = output.join("corpus");
    std::fs::create_dir_all(&corpus)
        .with_context(|| format!("cannot make {}", corpus.display()))?;
    let mut command = nightly::cargo();
    command.args(["fuzz", "run", "--fuzz-dir"]).arg(root.join("test/fuzz"));
    // Without a sanitizer, many times as fast: on the host the kernel has no unsafe code.
    command.args(["--sanitizer", "none", "--target-dir"]).arg(output.join("build")).arg("kernel");
    if let Some(input) = &args.replay {
        let input = std::path::absolute(input)?;
        if !input.is_file() {
            bail!("{} is no file", input.display());
        }
        command.arg(input);
    } else {
        command.arg(&corpus).arg(root.join("test/fuzz/corpus/kernel"));
        command.args(["--", INPUT_BYTES_MAX]).arg(format!("-max_total_time={}", args.seconds));
        command.arg(format!("-artifact_prefix={}/finding-", output.display()));
    }
    let status = command.current_dir(root).status().context("cannot start rustup")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
