//! The code of a linked image: its functions, and the instruction at an address.
//!
//! What is executed is counted by function (`bench --profile`), priced by instruction (`bench`), and
//! followed from call to call (`sizes`). All three read the linked ELF files and nothing else.

pub mod cycles;
pub mod stack;
pub mod thumb;

use anyhow::Context;
use build_image::Dist;
use object::elf::EF_ARM_ABI_FLOAT_HARD;
use object::{
    FileFlags, Object, ObjectSection, ObjectSegment, ObjectSymbol, SectionKind, SymbolKind,
};
use std::ops::Range;
use std::path::Path;
use thumb::{Instruction, decode};

/// A function of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Position in [`Code::programs`].
    pub program: usize,
    /// First instruction.
    pub start: u32,
    /// First address behind it.
    pub end: u32,
    /// Its path, without type arguments' hashes.
    pub name: String,
}

/// Bytes of a code section.
struct Section {
    start: u32,
    bytes: Vec<u8>,
}

/// Mapping symbols of the ABI (Arm IHI 0044, 5.5.5): from here on code, or data.
#[derive(Clone, Copy)]
struct Mark {
    at: u32,
    data: bool,
}

/// All code of some programs, which lie at different addresses.
#[derive(Default)]
pub struct Code {
    /// Names of the programs.
    pub programs: Vec<String>,
    /// Is any of them built for a processor with FP registers?
    pub hard_float: bool,
    functions: Vec<Function>,
    sections: Vec<Section>,
    marks: Vec<Mark>,
}

/// The calling convention that the file says it has (Arm IHI 0044, 5.2.2).
const fn is_hard_float(flags: FileFlags) -> bool {
    matches!(flags, FileFlags::Elf { e_flags, .. } if e_flags.0 & EF_ARM_ABI_FLOAT_HARD != 0)
}

/// Bytes of a linked file that are loaded: code, constants, and the image of the initialised data.
///
/// # Errors
/// Not an ELF file.
pub fn loaded_bytes(file: &Path) -> anyhow::Result<u32> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let elf = object::File::parse(bytes.as_slice())
        .with_context(|| format!("{} is no ELF file", file.display()))?;
    let sizes = elf.segments().map(|segment| segment.file_range().1);
    Ok(u32::try_from(sizes.sum::<u64>())?)
}

/// Named code and constants of a linked file in a range of addresses, with their bytes.
///
/// # Errors
/// Not an ELF file.
pub fn symbols(file: &Path, range: Range<u32>) -> anyhow::Result<Vec<(String, u32)>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let elf = object::File::parse(bytes.as_slice())
        .with_context(|| format!("{} is no ELF file", file.display()))?;
    let mut found: Vec<_> = elf
        .symbols()
        .filter_map(|symbol| {
            let (start, bytes) = (u32::try_from(symbol.address()).ok()?, symbol.size() as u32);
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name().ok()?));
            (bytes > 0 && range.contains(&start)).then_some((start & !1, name, bytes))
        })
        .collect();
    // Two names of one thing count once.
    found.sort_by_key(|(start, ..)| *start);
    found.dedup_by_key(|(start, ..)| *start);
    Ok(found.into_iter().map(|(_, name, bytes)| (name, bytes)).collect())
}

impl Code {
    /// Kernel and tasks of an image. The kernel is program 0.
    ///
    /// # Errors
    /// A file that is missing or no ELF file.
    pub fn of_product(dist: &Dist) -> anyhow::Result<Self> {
        let mut code = Self::default();
        let tasks = dist.layout.tasks.iter().map(|task| format!("task:{}", task.name));
        for key in std::iter::once("kernel".to_string()).chain(tasks) {
            let file = dist.file(&key).with_context(|| format!("the image has no {key}"))?;
            code.add(key.strip_prefix("task:").unwrap_or(&key), &file)?;
        }
        Ok(code)
    }

    /// Adds a linked program.
    ///
    /// # Errors
    /// Not an ELF file.
    pub fn add(&mut self, program: &str, file: &Path) -> anyhow::Result<()> {
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let elf = object::File::parse(bytes.as_slice())
            .with_context(|| format!("{} is no ELF file", file.display()))?;
        self.hard_float |= is_hard_float(elf.flags());
        let program_index = self.programs.len();
        self.programs.push(program.to_string());
        for section in elf.sections().filter(|section| section.kind() == SectionKind::Text) {
            let start = u32::try_from(section.address())?;
            self.sections.push(Section { start, bytes: section.data()?.to_vec() });
        }
        for symbol in elf.symbols() {
            let (Ok(name), Ok(address)) = (symbol.name(), u32::try_from(symbol.address())) else {
                continue;
            };
            match name.get(..2) {
                Some("$t") => self.marks.push(Mark { at: address, data: false }),
                Some("$d") => self.marks.push(Mark { at: address, data: true }),
                _ if symbol.kind() == SymbolKind::Text && symbol.is_definition() => {
                    let start = address & !1;
                    let end = start.saturating_add(u32::try_from(symbol.size())?);
                    let name = format!("{:#}", rustc_demangle::demangle(name));
                    self.functions.push(Function { program: program_index, start, end, name });
                }
                _ => {}
            }
        }
        self.sections.sort_by_key(|section| section.start);
        self.marks.sort_by_key(|mark| mark.at);
        // Of two names for one place, the longer extent is the function.
        self.functions.sort_by_key(|function| (function.start, u32::MAX - function.end));
        self.functions.dedup_by_key(|function| function.start);
        self.close_gaps();
        Ok(())
    }

    /// A symbol without a size (assembly) goes up to the next one.
    fn close_gaps(&mut self) {
        for place in 0..self.functions.len() {
            let next = self.functions.get(place + 1).map(|next| next.start);
            let function = &mut self.functions[place];
            if function.end == function.start {
                function.end = next.unwrap_or(function.start + 4);
            }
        }
    }

    /// The function that an address lies in.
    #[must_use]
    pub fn function_at(&self, address: u32) -> Option<&Function> {
        let behind = self.functions.partition_point(|function| function.start <= address);
        self.functions[..behind].last().filter(|function| address < function.end)
    }

    /// From the first to the last instruction of a program.
    #[must_use]
    pub fn extent(&self, program: &str) -> Option<Range<u32>> {
        let ours = || self.functions.iter().filter(|f| self.programs[f.program] == program);
        Some(ours().map(|f| f.start).min()?..ours().map(|f| f.end).max()?)
    }

    /// The function of a program whose path ends in `path`.
    #[must_use]
    pub fn named(&self, program: &str, path: &str) -> Option<&Function> {
        self.functions.iter().find(|function| {
            let before = function.name.strip_suffix(path);
            let fits = before.is_some_and(|before| before.is_empty() || before.ends_with("::"));
            fits && self.programs[function.program] == program
        })
    }

    /// The instruction at an address; `None` if there is no code.
    #[must_use]
    pub fn instruction(&self, address: u32) -> Option<Instruction> {
        self.raw(address).map(|(instruction, _)| instruction)
    }

    /// The same with its halfwords.
    fn raw(&self, address: u32) -> Option<(Instruction, (u16, u16))> {
        if self.is_data(address) {
            return None;
        }
        let first = self.halfword(address)?;
        let second = self.halfword(address.wrapping_add(2)).unwrap_or(0);
        Some((decode(address, first, second), (first, second)))
    }

    fn halfword(&self, address: u32) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte(address)?, self.byte(address.wrapping_add(1))?]))
    }

    fn byte(&self, address: u32) -> Option<u8> {
        let behind = self.sections.partition_point(|section| section.start <= address);
        let section = self.sections[..behind].last()?;
        section.bytes.get((address - section.start) as usize).copied()
    }

    fn is_data(&self, address: u32) -> bool {
        let behind = self.marks.partition_point(|mark| mark.at <= address);
        self.marks[..behind].last().is_some_and(|mark| mark.data)
    }
}
