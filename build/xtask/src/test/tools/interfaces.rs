//! An interface file with an error: `cargo xtask` says what, where and what to do about it, in one
//! line and not in the words of cargo.

use super::{path, text};
use crate::root;
use anyhow::{Context, ensure};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The interface that gets the errors.
const VICTIM: &str = "ctl.idol";

/// What is replaced by what, and what the line must contain: its place, what is wrong, the remedy.
const ERRORS: &[(&str, &str, [&str; 3])] = &[
    ("ops: {", "ops: [", ["ctl.idol:5:10:", "not an interface in RON", "see the format"]),
    ("doc: \"End the run.\",", "", ["ctl.idol:18:9:", "op `finish` has no `doc`", "add `doc"]),
    (
        "\"picture\": (\n",
        "\"line\": (\n",
        ["ctl.idol:12:9:", "op `line` is declared twice", "rename"],
    ),
    (
        "\"Picture\"",
        "\"Pictrue\"",
        ["ctl.idol:14:33:", "there is no type `Pictrue`", "correct the name"],
    ),
];

/// Each error alone is one line, and two in one file are two.
pub fn one_line_each(directory: &Path) -> anyhow::Result<()> {
    let tree = tree(&directory.join("tree"))?;
    let victim = tree.join("idl").join(VICTIM);
    let good = fs::read_to_string(root::project().join("idl").join(VICTIM))?;
    let mut all = good.clone();
    for (from, to, expect) in ERRORS {
        ensure!(good.matches(from).count() == 1, "{VICTIM} has not one {from:?}");
        fs::write(&victim, good.replace(from, to))?;
        let said = refusal(&tree)?;
        ensure!(said.lines().count() == 1, "{expect:?}: not one line: {said}");
        ensure!(said.starts_with("error: idl/"), "{said}");
        for part in expect {
            ensure!(said.contains(part), "{part:?} is not in {said}");
        }
        // A file that is no RON has no other errors.
        if *from != ERRORS[0].0 {
            all = all.replace(from, to);
        }
    }
    fs::write(&victim, all)?;
    let said = refusal(&tree)?;
    ensure!(said.lines().count() == ERRORS.len() - 1, "not a line for each error: {said}");
    Ok(())
}

/// The project's tree again, by links, but for the interface files.
fn tree(folder: &Path) -> anyhow::Result<PathBuf> {
    let project = root::project();
    let not_linked = ["idl", "target", "out", ".git"].map(OsString::from);
    link_all(&project, folder, &not_linked)?;
    link_all(&project.join("idl"), &folder.join("idl"), &[VICTIM.into()])?;
    Ok(folder.to_path_buf())
}

fn link_all(from: &Path, to: &Path, but: &[OsString]) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if !but.contains(&entry.file_name()) {
            symlink(entry.path(), to.join(entry.file_name())).context("cannot link a file")?;
        }
    }
    Ok(())
}

/// What `cargo xtask dist` says on stderr in this tree, which it must refuse.
fn refusal(tree: &Path) -> anyhow::Result<String> {
    // Not below the case's own folder, which each run begins with an empty one.
    let target = super::folder("interfaces");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["xtask", "dist"]).current_dir(tree).stdin(Stdio::null());
    command.env("CARGO_TARGET_DIR", path(&target)?);
    let Output { status, stdout, stderr } = command.output()?;
    ensure!(!status.success(), "a wrong interface was accepted");
    ensure!(stdout.is_empty(), "stdout: {}", text(&stdout));
    Ok(text(&stderr))
}
