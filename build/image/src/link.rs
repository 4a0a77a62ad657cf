//! Runs the linker.

use crate::error::{ImageError, write};
use crate::input::{Allocated, ElfBytes};
use crate::script::Script;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use sys_boot::MemoryRange;

/// One link: a relocatable program, what the builder adds to it, and where it goes.
pub struct Link<'a> {
    /// Path of `rust-lld`.
    pub linker: &'a Path,
    /// Name for messages.
    pub name: &'a str,
    /// The relocatable program.
    pub program: &'a Path,
    /// A second object: constants of the instance, or the kernel's tables.
    pub object: Option<&'a [u8]>,
    /// Script.
    pub script: Script,
    /// Folder for the script and the second object.
    pub work: &'a Path,
    /// The linked ELF.
    pub output: PathBuf,
    /// Keep debug information? A trial link does not need it.
    pub debug: bool,
}

/// Sections that the script places.
const PLACED: [&str; 7] = [".vectors", ".text", ".rodata", ".data", ".bss", ".uninit", ".shared"];

impl Link<'_> {
    /// Links, and checks that every section of the program found its place.
    ///
    /// # Errors
    /// The linker's complaints; a section without a place.
    pub fn run(&self) -> Result<ElfBytes, ImageError> {
        let script = self.work.join(format!("{}.ld", self.name));
        write(&script, self.script.text().as_bytes())?;
        let mut command = Command::new(self.linker);
        command.args(["-flavor", "gnu", "-m", "armelf", "--gc-sections", "--nmagic", "-static"]);
        command.args(["--build-id=none", "--no-color-diagnostics"]);
        command.args([OsStr::new("-T"), script.as_os_str()]);
        if self.script.entry.is_none() {
            command.arg("--entry=0");
        }
        if !self.debug {
            command.arg("--strip-debug");
        }
        command.arg(self.program);
        if let Some(object) = self.object {
            let path = self.work.join(format!("{}.o", self.name));
            write(&path, object)?;
            command.arg(path);
        }
        command.arg("-o").arg(&self.output);
        let output = command.stdin(Stdio::null()).output().map_err(|reason| ImageError::Start {
            program: self.linker.display().to_string(),
            reason,
        })?;
        if !output.status.success() {
            let message = summary(&String::from_utf8_lossy(&output.stderr));
            return Err(ImageError::Link { program: self.name.into(), message });
        }
        let elf = ElfBytes::read(&self.output)?;
        self.check_sections(&elf.allocated()?)?;
        Ok(elf)
    }

    fn check_sections(&self, sections: &[Allocated]) -> Result<(), ImageError> {
        match sections.iter().find(|section| !PLACED.contains(&section.name.as_str())) {
            None => Ok(()),
            Some(section) => Err(ImageError::Section {
                program: self.name.into(),
                section: section.name.clone(),
                bytes: section.bytes,
            }),
        }
    }
}

/// The errors of the linker in one line.
fn summary(text: &str) -> String {
    let errors: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once("error: ").map(|(_, message)| message.trim()))
        .collect();
    if errors.is_empty() { text.replace('\n', " ") } else { errors.join("; ") }
}

/// What a trial link says about sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Code, constants, image of the initialised data.
    pub flash_bytes: u32,
    /// Initialised, zeroed and uninitialised data.
    pub data_bytes: u32,
    /// Largest alignment of the data sections.
    pub data_align_bytes: u32,
}

/// Sizes of a linked program; `flash` and `data` are where it was linked to.
///
/// # Errors
/// Not a file that the script made.
pub fn measure(
    elf: &ElfBytes,
    script: &Script,
    memory: MemoryRange,
) -> Result<Measured, ImageError> {
    let end = |name| elf.address(name).map(|address| address.unwrap_or(0));
    let sections = elf.allocated()?;
    let data = sections.iter().filter(|section| memory.contains_address(section.address));
    Ok(Measured {
        flash_bytes: end("__flash_end")?.saturating_sub(script.flash_base),
        data_bytes: end("__data_end")?.saturating_sub(script.data_base),
        data_align_bytes: data.map(|section| section.align_bytes).max().unwrap_or(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_become_one_line() {
        let text = "rust-lld: error: undefined symbol: foo\n>>> referenced by x\n>>>\n\nrust-lld: error: undefined symbol: bar\n";
        assert_eq!(summary(text), "undefined symbol: foo; undefined symbol: bar");
        assert_eq!(summary("boom\nbang"), "boom bang");
    }
}
