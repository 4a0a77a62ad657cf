//! Reads what the compiler and the linker made.

use crate::error::{ImageError, read};
use object::elf::{PT_LOAD, SHF_ALLOC};
use object::read::elf::{ElfFile32, FileHeader, ProgramHeader};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Elf<'a> = ElfFile32<'a, object::LittleEndian>;

/// An ELF file in memory.
pub struct ElfBytes {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// A run of loadable bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Where it runs or is stored, before the load offset.
    pub base: u32,
    /// Contents.
    pub bytes: Vec<u8>,
}

/// A section that takes memory on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocated {
    /// Name.
    pub name: String,
    /// Address.
    pub address: u32,
    /// Length in bytes.
    pub bytes: u64,
    /// Alignment in bytes.
    pub align_bytes: u32,
}

impl ElfBytes {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        Ok(Self { path: path.into(), bytes: read(path)? })
    }

    fn parse(&self) -> Result<Elf<'_>, ImageError> {
        Elf::parse(self.bytes.as_slice()).map_err(|error| self.error(error.to_string()))
    }

    fn error(&self, reason: String) -> ImageError {
        ImageError::Elf { path: self.path.clone(), reason }
    }

    /// Names that a relocatable file refers to and does not define.
    ///
    /// # Errors
    /// Not an ELF file.
    pub fn undefined(&self) -> Result<BTreeSet<String>, ImageError> {
        let elf = self.parse()?;
        let symbols = elf.symbols().filter(object::ObjectSymbol::is_undefined);
        Ok(symbols.filter_map(|symbol| symbol.name().ok().map(String::from)).collect())
    }

    /// The value of a `u32` constant in a relocatable file.
    ///
    /// # Errors
    /// Not an ELF file.
    pub fn constant(&self, name: &str) -> Result<Option<u32>, ImageError> {
        let elf = self.parse()?;
        let value = || {
            let symbol = elf.symbols().find(|symbol| symbol.name() == Ok(name))?;
            let section = elf.section_by_index(symbol.section_index()?).ok()?;
            let data = section.data().ok()?;
            let start = usize::try_from(symbol.address()).ok()?;
            data.get(start..start + 4)?.try_into().ok().map(u32::from_le_bytes)
        };
        Ok(value())
    }

    /// The address of a symbol of a linked file.
    ///
    /// # Errors
    /// Not an ELF file.
    pub fn address(&self, name: &str) -> Result<Option<u32>, ImageError> {
        let elf = self.parse()?;
        let symbol =
            elf.symbols().find(|symbol| symbol.name() == Ok(name) && symbol.is_definition());
        let absolute = |name| elf.symbols().find(|symbol| symbol.name() == Ok(name));
        let symbol = symbol.or_else(|| absolute(name));
        Ok(symbol.and_then(|symbol| u32::try_from(symbol.address()).ok()))
    }

    /// A function of a linked file that only a panic calls.
    ///
    /// # Errors
    /// Not an ELF file.
    pub fn panic(&self) -> Result<Option<String>, ImageError> {
        let elf = self.parse()?;
        let mut names = elf.symbols().filter_map(|symbol| symbol.name().ok().map(String::from));
        Ok(names.find(|name| name.contains("panicking")))
    }

    /// Named data of a linked file.
    ///
    /// # Errors
    /// Not an ELF file.
    pub fn data_symbols(&self) -> Result<BTreeMap<String, u32>, ImageError> {
        let elf = self.parse()?;
        let data = elf
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Data && symbol.is_definition());
        Ok(data
            .filter_map(|symbol| {
                Some((symbol.name().ok()?.to_string(), u32::try_from(symbol.address()).ok()?))
            })
            .collect())
    }

    /// Sections that take memory, except empty ones.
    ///
    /// # Errors
    /// Not an ELF file.
    pub fn allocated(&self) -> Result<Vec<Allocated>, ImageError> {
        let elf = self.parse()?;
        let mut sections = Vec::new();
        for section in elf.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
            if !sh_flags.contains(SHF_ALLOC) || section.size() == 0 {
                continue;
            }
            sections.push(Allocated {
                name: section.name().unwrap_or("?").to_string(),
                address: u32::try_from(section.address()).unwrap_or(u32::MAX),
                bytes: section.size(),
                align_bytes: u32::try_from(section.align()).unwrap_or(1).max(1),
            });
        }
        Ok(sections)
    }

    /// Loadable bytes, one run from the lowest to the highest storage address; gaps are zero.
    ///
    /// # Errors
    /// Not an ELF file.
    pub fn blob(&self) -> Result<Blob, ImageError> {
        let elf = self.parse()?;
        let endian = object::LittleEndian;
        let header = elf.elf_header();
        let headers = header
            .program_headers(endian, self.bytes.as_slice())
            .map_err(|error| self.error(error.to_string()))?;
        let mut parts: Vec<(u32, &[u8])> = Vec::new();
        for segment in headers {
            let load = segment.p_type(endian) == PT_LOAD && segment.p_filesz(endian) > 0;
            if load {
                let data = segment.data(endian, self.bytes.as_slice());
                let data = data.map_err(|()| self.error("a segment lies outside of it".into()))?;
                parts.push((segment.p_paddr(endian), data));
            }
        }
        parts.sort_by_key(|(base, _)| *base);
        let base = parts.first().map_or(0, |(base, _)| *base);
        let mut bytes = Vec::new();
        for (at, data) in parts {
            bytes.resize((at - base) as usize, 0);
            bytes.extend_from_slice(data);
        }
        Ok(Blob { base, bytes })
    }
}
