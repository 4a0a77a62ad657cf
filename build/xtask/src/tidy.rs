//! `cargo xtask tidy`: the invariants of the source tree, mostly about what is absent.
//!
//! Each finding is one line, `file:line: what, remedy`. The numbers in the checks are those of the
//! list of invariants in the README. What the compiler, clippy or the manifest already refuses is
//! not repeated here.

mod packages;
mod references;
mod rooms;
mod sources;
mod text;

use crate::root::project;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `cargo xtask tidy`.
#[derive(clap::Args)]
pub struct Args {
    /// Print the packages that run on target, and check nothing
    #[arg(long)]
    target_packages: bool,
}

/// A file of the project.
pub struct File {
    /// Path from the root, with `/`.
    pub path: String,
    /// Whole text.
    pub text: String,
}

/// Something that should not be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    /// A finding in a line, counted from 1.
    pub fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Folders that no check looks into.
const SKIPPED: [&str; 3] = ["target", "out", ".git"];

/// Checks the tree and prints what it finds.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let root = project();
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    if args.target_packages {
        packages::on_target(&files).iter().for_each(|name| println!("{name}"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut findings = Vec::new();
    rooms::check(&root, &files, &mut findings);
    packages::check(&files, &mut findings);
    sources::check(&files, &mut findings);
    references::check(&files, &mut findings);
    manifests(&root, &files, &mut findings);
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files, nothing to say", files.len());
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::bail!("tidy: {} findings in {} files", findings.len(), files.len())
}

/// Every image of the tree must be one that the builder accepts.
fn manifests(root: &Path, files: &[File], findings: &mut Vec<Finding>) {
    let manifests = files.iter().filter(|file| file.path.rsplit('/').next() == Some("app.toml"));
    for file in manifests {
        if let Err(error) = build_manifest::load(root, &root.join(&file.path)) {
            let lines = error.to_string();
            findings.extend(lines.lines().map(|line| Finding::new(&file.path, 1, line)));
        }
    }
}

/// All text files below `folder`.
fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) -> anyhow::Result<()> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            let top = folder == root;
            if !(top && SKIPPED.contains(&name.as_ref())) {
                collect(root, &path, files)?;
            }
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let path = relative.to_string_lossy().replace('\\', "/");
            files.push(File { path, text });
        }
    }
    Ok(())
}
