//! `cargo xtask bench`: not built yet.

use std::process::ExitCode;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {}

/// Ends with an error: this verb is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`cargo xtask bench` is not built yet")
}
