//! Objects that the builder adds to a link: named numbers, constants and zeroed memory.

use crate::error::ImageError;
use crate::instance::{Definition, Value};
use object::elf::EF_ARM_EABI_VER5;
use object::write::{Object, SectionId, StandardSection, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, FileFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope,
};
use std::path::PathBuf;

/// Alignment of constants: the kernel reads one of them as a `u64`.
const ALIGN_BYTES: u64 = 8;

/// An object being filled.
pub struct ObjectFile {
    object: Object<'static>,
    constants: SectionId,
    zeroed: SectionId,
}

impl Default for ObjectFile {
    fn default() -> Self {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::Arm, Endianness::Little);
        object.flags = FileFlags::Elf {
            os_abi: object::elf::ELFOSABI_NONE,
            abi_version: 0,
            e_flags: EF_ARM_EABI_VER5,
        };
        let constants = object.section_id(StandardSection::ReadOnlyData);
        let zeroed = object.section_id(StandardSection::UninitializedData);
        Self { object, constants, zeroed }
    }
}

impl ObjectFile {
    /// A symbol whose address is `value`.
    pub fn absolute(&mut self, name: &str, value: u32) {
        self.symbol(name, value.into(), 0, SymbolSection::Absolute);
    }

    /// Read-only bytes.
    pub fn constant(&mut self, name: &str, bytes: &[u8]) {
        let offset = self.object.append_section_data(self.constants, bytes, ALIGN_BYTES);
        let section = SymbolSection::Section(self.constants);
        self.symbol(name, offset, bytes.len() as u64, section);
    }

    /// The id of the image, in a section of its own: the script puts it right behind the vector
    /// table, where a debugger finds it whatever else the image holds.
    pub fn image_id(&mut self, name: &str, image_id: u64) {
        let section =
            self.object.add_section(Vec::new(), b".image_id".to_vec(), SectionKind::ReadOnlyData);
        let bytes = image_id.to_le_bytes();
        let offset = self.object.append_section_data(section, &bytes, ALIGN_BYTES);
        self.symbol(name, offset, bytes.len() as u64, SymbolSection::Section(section));
    }

    /// Zeroed memory, 8-aligned.
    pub fn zeroed(&mut self, name: &str, bytes: u32) {
        let offset = self.object.append_section_bss(self.zeroed, bytes.into(), 8);
        let section = SymbolSection::Section(self.zeroed);
        self.symbol(name, offset, bytes.into(), section);
    }

    /// All constants of an instance.
    pub fn define(&mut self, definitions: &[Definition]) {
        for Definition { name, value } in definitions {
            match value {
                Value::Absolute(number) => self.absolute(name, *number),
                Value::Bytes(bytes) => self.constant(name, bytes),
            }
        }
    }

    /// The bytes of the object file.
    ///
    /// # Errors
    /// More than an ELF object can hold.
    pub fn finish(self) -> Result<Vec<u8>, ImageError> {
        self.object.write().map_err(|error| ImageError::Elf {
            path: PathBuf::from("(the builder's object)"),
            reason: error.to_string(),
        })
    }

    fn symbol(&mut self, name: &str, value: u64, size: u64, section: SymbolSection) {
        self.object.add_symbol(Symbol {
            name: name.as_bytes().to_vec(),
            value,
            size,
            kind: SymbolKind::Data,
            scope: SymbolScope::Linkage,
            weak: false,
            section,
            flags: SymbolFlags::None,
        });
    }
}
