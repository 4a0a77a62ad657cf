//! `map`: where the memory went, task by task.

use crate::{Session, archive::Archive};
use serde::Serialize;
use std::fmt;

/// A used range.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Lowest address.
    pub base: u32,
    /// Length.
    pub bytes: u32,
    /// Whose.
    pub owner: String,
    /// What for.
    pub what: String,
    /// Rights of the owner.
    pub rights: String,
}

/// The memory of an image by address.
#[derive(Clone, Debug, Serialize)]
pub struct Map {
    /// Sorted by address.
    pub entries: Vec<Entry>,
}

/// The map of the session's image.
#[must_use]
pub fn map(session: &Session) -> Map {
    of_archive(&session.archive)
}

/// The map of an image.
#[must_use]
pub fn of_archive(archive: &Archive) -> Map {
    let layout = archive.layout();
    let entry = |base, bytes, owner: &str, what: &str, rights: &str| Entry {
        base,
        bytes,
        owner: owner.into(),
        what: what.into(),
        rights: rights.into(),
    };
    let kernel = &layout.kernel;
    let mut entries = vec![
        entry(kernel.flash.base, kernel.flash.bytes, "kernel", "flash", "rx"),
        entry(kernel.ram.base, kernel.ram.bytes, "kernel", "ram", "rw"),
    ];
    for task in &layout.tasks {
        for mpu in &task.mpu {
            entries.push(entry(mpu.base, mpu.bytes, &task.name, &mpu.what, &mpu.rights));
        }
    }
    entries.sort_by(|a, b| (a.base, &a.owner).cmp(&(b.base, &b.owner)));
    Map { entries }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.entries.iter().map(|e| e.owner.len()).max().unwrap_or(5).max(5);
        writeln!(f, "{:<10} {:>9} {:<width$} {:<6} WHAT", "BASE", "BYTES", "OWNER", "RIGHTS")?;
        for Entry { base, bytes, owner, what, rights } in &self.entries {
            writeln!(f, "{base:#010x} {bytes:>9} {owner:<width$} {rights:<6} {what}")?;
        }
        Ok(())
    }
}
