//! What the data path costs on the host, in nanoseconds per sensor pixel.
//!
//! The program is `test/bench/examples/data_path.rs`, built with the release profile: an optimised
//! build without overflow checks is what the reference is, too.

use super::rows::{Figure, ROWS, Reported, reported};
use crate::root;
use anyhow::{Context, ensure};
use std::process::{Command, Stdio};

/// Measures the path from raw samples to luma and chroma, and the statistics.
///
/// # Errors
/// The program does not build, or does not end well.
pub fn measure() -> anyhow::Result<Vec<Figure>> {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--release", "--package", "test-bench"]);
    command.args(["--example", "data_path", "--target-dir"]).arg(root::target_dir());
    let output = command
        .current_dir(root::project())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "test/bench/examples/data_path.rs: {}", output.status);
    Ok(figures(&String::from_utf8_lossy(&output.stdout)))
}

/// The figures in what the program printed, in hundredths.
fn figures(text: &str) -> Vec<Figure> {
    let lines: Vec<Reported> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let rounded = |picoseconds: u32| (f64::from(picoseconds) / 10.0).round() / 100.0;
    let found = ROWS.iter().filter_map(|row| Some((row.id, reported(&lines, row.id)?)));
    found.map(|(id, picoseconds)| Figure::new(id, rounded(picoseconds))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picoseconds_are_shown_as_nanoseconds() {
        let text =
            "{\"id\":\"host.ccdc\",\"figure\":1236}\nwords\n{\"id\":\"host.no\",\"figure\":1}\n";
        assert_eq!(figures(text), [Figure::new("host.ccdc", 1.24)]);
    }
}
