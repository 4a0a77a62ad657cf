//! `cargo xtask setup`: what a fresh machine with rustup lacks.
//!
//! Three things: the Rust targets, the emulator, and the GDB that a test loads a dump into. Each is
//! looked for first, so that the verb costs a fraction of a second when all is there, and every
//! other verb may call [`ensure`].

use anyhow::{Context, bail};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// The emulator and the Debian package that holds it.
pub const QEMU: &str = "qemu-system-arm";

/// A GDB that knows Arm, and the Debian package that holds it: the plain one of Debian knows its
/// host's processor only. Nothing but the test of dumps needs it.
pub const GDB: &str = "gdb-multiarch";

/// Oldest emulator that was tried: 7.2 (Debian 12). `-icount` and the two-core machine of older
/// ones were not.
const QEMU_OLDEST: (u32, u32) = (7, 2);

/// Options of `cargo xtask setup`.
#[derive(clap::Args)]
pub struct Args {}

/// Installs what is missing and says what there is.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    ensure()?;
    targets().into_iter().try_for_each(ensure_target)?;
    ensure_gdb()?;
    let (major, minor) = qemu_version()?.context("the emulator vanished again")?;
    println!("ready: Rust targets {}, {QEMU} {major}.{minor}, {GDB}", targets().join(", "));
    Ok(ExitCode::SUCCESS)
}

/// Installs what the product needs and is missing; silent and quick when nothing is. Images for
/// another chip need [`ensure_target`] too.
///
/// # Errors
/// One line: what is missing, why it could not be installed, and what to type.
pub fn ensure() -> anyhow::Result<()> {
    ensure_target(sys_boot::mps2_an521::CHIP.target)?;
    ensure_qemu()
}

/// Targets of the chips that there are images for, each once.
fn targets() -> Vec<&'static str> {
    let mut targets: Vec<_> = sys_boot::CHIPS.iter().map(|chip| chip.target).collect();
    targets.dedup();
    targets
}

/// Installs a Rust target if it is missing.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_target(target: &str) -> anyhow::Result<()> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))
        .context("`rustc` does not run: install Rust with rustup (https://rustup.rs)")?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(target).is_dir() {
        return Ok(());
    }
    eprintln!("installing the Rust target {target}");
    succeed(Command::new("rustup").args(["target", "add", target]))
        .with_context(|| format!("Rust target {target} is missing: `rustup target add {target}`"))
}

fn ensure_qemu() -> anyhow::Result<()> {
    if qemu_version()?.is_none() {
        install(QEMU)?;
    }
    match qemu_version()? {
        None => bail!("{QEMU} was installed and is still not found: is it in PATH?"),
        Some(found) if found < QEMU_OLDEST => bail!(
            "{QEMU} {}.{} is too old, {}.{} or newer is needed: install it (Debian 12 has it)",
            found.0,
            found.1,
            QEMU_OLDEST.0,
            QEMU_OLDEST.1
        ),
        Some(_) => Ok(()),
    }
}

/// Installs the debugger if it is missing.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_gdb() -> anyhow::Result<()> {
    if output(Command::new(GDB).arg("--version")).is_ok() {
        return Ok(());
    }
    install(GDB)
}

/// Installs a Debian package that has the name of its program.
fn install(package: &str) -> anyhow::Result<()> {
    let by_hand = format!("`apt-get install --no-install-recommends {package}` as root");
    if output(Command::new("id").arg("-u")).map(|id| id.trim() != "0").unwrap_or(true) {
        bail!("{package} is missing and installing it needs root: {by_hand}");
    }
    eprintln!("installing {package}");
    let install = || {
        succeed(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args([
            "install",
            "-y",
            "--no-install-recommends",
            package,
        ]))
    };
    if install().is_ok() {
        return Ok(());
    }
    // A fresh machine has no package lists, or stale ones.
    succeed(Command::new("apt-get").arg("update"))
        .and_then(|()| install())
        .with_context(|| format!("{package} is missing and could not be installed: {by_hand}"))
}

/// Version of the emulator, or `None` if there is none.
pub fn qemu_version() -> anyhow::Result<Option<(u32, u32)>> {
    let Ok(text) = output(Command::new(QEMU).arg("--version")) else { return Ok(None) };
    let version = parse_version(&text).with_context(|| {
        let said = text.lines().next().unwrap_or_default();
        format!("`{QEMU} --version` says {said:?}: that is no QEMU; put another first in PATH")
    })?;
    Ok(Some(version))
}

/// Major and minor number in the first line of `--version`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().skip_while(|word| *word != "version").nth(1)?;
    let mut parts = number.split('.').map_while(|part| part.parse().ok());
    Some((parts.next()?, parts.next()?))
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{} ended with {}", command.get_program().display(), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command whose output is only of interest when it fails.
fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    bail!("{}", text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_as_debian_and_upstream_print_it() {
        let debian = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright";
        assert_eq!(parse_version(debian), Some((7, 2)));
        assert_eq!(parse_version("QEMU emulator version 10.0.2\n"), Some((10, 0)));
        assert_eq!(parse_version("not an emulator"), None);
    }

    #[test]
    fn an_old_version_is_less_than_the_oldest() {
        for (version, old) in [((6, 2), true), ((7, 1), true), ((7, 2), false), ((10, 0), false)] {
            assert_eq!(version < QEMU_OLDEST, old, "{version:?}");
        }
    }
}
