//! What only a nightly toolchain has: the fuzzer's instrumentation, Miri, coverage of branches.
//!
//! The project builds with the pinned stable toolchain; nightly is looked for, never installed.

use std::process::{Command, Stdio};

/// How to get the toolchain and the components that the verbs here use.
pub const INSTALL: &str = "`rustup toolchain install nightly --component miri,rust-src,llvm-tools`";

/// Whether the nightly toolchain runs `cargo ARGUMENTS --version`.
pub fn has(arguments: &[&str]) -> bool {
    let mut command = cargo();
    command.args(arguments).arg("--version").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether the component is installed.
pub fn has_component(name: &str) -> bool {
    let mut command = Command::new("rustup");
    command.args(["component", "list", "--installed", "--toolchain", "nightly"]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout);
        output.status.success() && text.lines().any(|line| line.starts_with(name))
    })
}

/// The nightly cargo. Through rustup, because `cargo xtask` itself runs the pinned one.
pub fn cargo() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]);
    command
}
