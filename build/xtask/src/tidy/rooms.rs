//! Rooms: what lies at the top, and what no folder may be called.

use super::{File, Finding};
use std::path::Path;

/// What may lie in the root. Dot files are tools' configuration.
const TOP: [&str; 16] = [
    "README.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Cargo.toml",
    "Cargo.lock",
    "app.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "idl",
    "sys",
    "drv",
    "task",
    "build",
    "test",
    "target",
    "out",
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 5] = ["util", "utils", "common", "misc", "helpers"];

/// Checks names of rooms, folders and files.
pub fn check(root: &Path, files: &[File], findings: &mut Vec<Finding>) {
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !TOP.contains(&name.as_str()) {
            findings.push(Finding::new(&name, 1, "is no room of this project: move it into one"));
        }
    }
    for file in files {
        let parts = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        for part in parts.filter(|part| EMPTY_NAMES.contains(part)) {
            let what = format!("`{part}` says nothing: name it after what is inside");
            findings.push(Finding::new(&file.path, 1, what));
        }
    }
}
