//! The archive of an image: layout and ELFs, from a ZIP file or from the folder it was made of.
//!
//! Facts about an image come from here only, never from the checkout: a dump of last year's image
//! is read with last year's archive.

use crate::dwarf::{Dwarf, DwarfError};
use build_manifest::layout::Layout;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Name of the layout in an archive.
const LAYOUT: &str = "layout.json";
/// Largest file that is unpacked, in bytes; ours are a few MB.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Why an archive cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be read.
    #[error("archive {path}: {detail}; build it with `cargo xtask dist`")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What happened.
        detail: String,
    },
    /// A file is missing.
    #[error("archive {path} holds no {name}; it is not complete, build it again")]
    Missing {
        /// The archive.
        path: PathBuf,
        /// The file.
        name: String,
    },
    /// A file's debug information is damaged.
    #[error("archive {path} is damaged, build it again: {name}")]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// The file.
        name: String,
        /// What is wrong.
        source: DwarfError,
    },
}

/// An open archive.
pub struct Archive {
    path: PathBuf,
    layout: Layout,
    files: BTreeMap<String, Vec<u8>>,
    programs: BTreeMap<String, OnceCell<Dwarf>>,
}

impl Archive {
    /// Opens a ZIP file or a folder.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let unreadable = |detail: String| ArchiveError::Unreadable { path: path.into(), detail };
        let files = if path.is_dir() { read_folder(path) } else { read_zip(path) };
        let files = files.map_err(unreadable)?;
        let missing = || ArchiveError::Missing { path: path.into(), name: LAYOUT.to_string() };
        let text = files.get(LAYOUT).ok_or_else(missing)?;
        let layout = Layout::from_json(&String::from_utf8_lossy(text))
            .map_err(|error| unreadable(format!("{LAYOUT}: {error}")))?;
        let programs = layout.files.keys().map(|key| (key.clone(), OnceCell::new())).collect();
        Ok(Self { path: path.into(), layout, files, programs })
    }

    /// Where everything is.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// First eight bytes of the image id, as the kernel knows them.
    #[must_use]
    pub fn image_id(&self) -> u64 {
        let byte = |n: usize| {
            let text = self.layout.image_id.get(2 * n..2 * n + 2);
            text.and_then(|text| u8::from_str_radix(text, 16).ok()).unwrap_or(0)
        };
        u64::from_le_bytes(std::array::from_fn(byte))
    }

    /// Bytes of the file that is `what` (`kernel`, `task:NAME`, `bench`, ...).
    ///
    /// # Errors
    /// [`ArchiveError::Missing`].
    pub fn file(&self, what: &str) -> Result<&[u8], ArchiveError> {
        let name = self.layout.files.get(what);
        let found = name.and_then(|name| self.files.get(name)).map(Vec::as_slice);
        found.ok_or_else(|| ArchiveError::Missing { path: self.path.clone(), name: what.into() })
    }

    /// Debug information of the ELF that is `what`; read once.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn program(&self, what: &str) -> Result<&Dwarf, ArchiveError> {
        let missing = || ArchiveError::Missing { path: self.path.clone(), name: what.into() };
        let cell = self.programs.get(what).ok_or_else(missing)?;
        if let Some(dwarf) = cell.get() {
            return Ok(dwarf);
        }
        let dwarf = Dwarf::new(self.file(what)?).map_err(|source| ArchiveError::Damaged {
            path: self.path.clone(),
            name: what.into(),
            source,
        })?;
        Ok(cell.get_or_init(|| dwarf))
    }

    /// The kernel's debug information.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn kernel(&self) -> Result<&Dwarf, ArchiveError> {
        self.program("kernel")
    }

    /// A task's debug information.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn task(&self, index: usize) -> Result<&Dwarf, ArchiveError> {
        match self.layout.tasks.get(index) {
            Some(task) => self.program(&format!("task:{}", task.name)),
            None => Err(ArchiveError::Missing {
                path: self.path.clone(),
                name: format!("task {index}"),
            }),
        }
    }
}

fn read_folder(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(path).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let wanted = name == LAYOUT || name.ends_with(".elf");
        if wanted && entry.path().is_file() {
            files.insert(name, std::fs::read(entry.path()).map_err(|error| error.to_string())?);
        }
    }
    // ELFs of tasks lie in a folder of their own.
    for (folder, prefix) in [("tasks", "tasks/"), ("elf", "elf/")] {
        let folder = path.join(folder);
        if folder.is_dir() {
            for (name, bytes) in read_folder(&folder)? {
                files.insert(format!("{prefix}{name}"), bytes);
            }
        }
    }
    Ok(files)
}

fn read_zip(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut zip = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(|error| error.to_string())?;
        let name = entry.name().map_err(|error| error.to_string())?.into_owned();
        let mut bytes = Vec::new();
        entry
            .take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("{name}: {error}"))?;
        files.insert(name, bytes);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[test]
    fn each_error_of_a_chain_says_its_own_part_and_no_other() {
        let source = Dwarf::new(b"this is no ELF file").err().expect("it is refused");
        let (path, name) = ("old.zip".into(), "kernel".to_string());
        let error = ArchiveError::Damaged { path, name, source };
        let mut next: Option<&dyn Error> = Some(&error);
        let mut parts = Vec::new();
        while let Some(part) = next {
            parts.push(part.to_string());
            next = part.source();
        }
        assert_eq!(parts[0], "archive old.zip is damaged, build it again: kernel");
        assert_eq!(parts[1], "not a readable ELF file");
        assert_eq!(parts.len(), 3, "{parts:?}");
    }
}
