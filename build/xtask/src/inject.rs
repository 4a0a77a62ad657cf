//! `cargo xtask inject`: not built yet.

use std::process::ExitCode;

/// Options of `cargo xtask inject`.
#[derive(clap::Args)]
pub struct Args {}

/// Ends with an error: this verb is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`cargo xtask inject` is not built yet")
}
