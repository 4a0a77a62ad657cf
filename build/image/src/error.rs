//! What can go wrong while an image is built: one line each, with the thing and the remedy.

use build_manifest::ManifestError;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A build that failed. Each message is whole: no variant has a source that would repeat it.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum ImageError {
    #[error("{0}")]
    Manifest(ManifestError),
    #[error("cannot start {program}: {reason}: is it in PATH?")]
    Start { program: String, reason: std::io::Error },
    #[error("the target programs do not compile: see the compiler's messages above")]
    Compile,
    #[error("cannot {verb} {path}: {reason}")]
    File { verb: &'static str, path: PathBuf, reason: std::io::Error },
    #[error("{path} is not an ELF file that the builder understands: {reason}")]
    Elf { path: PathBuf, reason: String },
    #[error("{0}")]
    Symbols(SymbolErrors),
    #[error("{program} does not link: {message}")]
    Link { program: String, message: String },
    #[error(
        "{program}: section {section} ({bytes} bytes) has no place: use .text, .rodata, .data, .bss or .uninit"
    )]
    Section { program: String, section: String, bytes: u64 },
    #[error(
        "{program} grew from {measured} to {linked} bytes of {what} when it was placed: report this, the builder measures wrongly"
    )]
    Grew { program: String, what: &'static str, measured: u32, linked: u32 },
    #[error(
        "{memory} is full: {program} needs {bytes} bytes, {free} are left: make something smaller"
    )]
    Full { memory: &'static str, program: String, bytes: u32, free: u32 },
    #[error(
        "the kernel can panic ({function} is linked): a panic there ends the image, so say what an overflow or a bad index means"
    )]
    KernelPanics { function: String },
    #[error(
        "the kernel has no `{symbol}` in .kernel_sizes: sys-abi's module `tables` says what it must hold"
    )]
    KernelSizes { symbol: &'static str },
    #[error(
        "the host toolchain has no rust-lld at {path}: `rustup component add llvm-tools` or a full toolchain"
    )]
    NoLinker { path: PathBuf },
    #[error("no program knows negative `{name}`: there is {known}")]
    UnknownNegative { name: String, known: String },
    #[error("archive {path}: {reason}")]
    Archive { path: PathBuf, reason: String },
}

impl From<ManifestError> for ImageError {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error)
    }
}

/// Mismatches between what programs refer to and what the manifest gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SymbolErrors(pub Vec<SymbolError>);

impl std::fmt::Display for SymbolErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

/// One mismatch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum SymbolError {
    #[error(
        "task {task}: its program asks for {what} `{key}` and [tasks.{task}] has none: add {remedy}"
    )]
    Missing { task: String, what: &'static str, key: String, remedy: String },
    #[error("task {task}: config `{key}` is set and its program never asks for it: remove it")]
    UnusedConfig { task: String, key: String },
    #[error("task {task}: config `{key}` is {found}, and its program asks for {asked}: change one")]
    ConfigType { task: String, key: String, found: &'static str, asked: &'static str },
    #[error(
        "task {task} posts `{key}` to {a} and to {b}, where it is not the same bit: give it the same position in both lists of notifications"
    )]
    PostBit { task: String, key: String, a: String, b: String },
}

/// Reads a file, naming it on failure.
pub fn read(path: &Path) -> Result<Vec<u8>, ImageError> {
    let note = |reason| ImageError::File { verb: "read", path: path.into(), reason };
    std::fs::read(path).map_err(note)
}

/// Writes a file unless it already has these bytes, naming it on failure.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), ImageError> {
    let note = |reason| ImageError::File { verb: "write", path: path.into(), reason };
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(note)?;
    }
    std::fs::write(path, bytes).map_err(note)
}
