//! Types, as far as values in memory need them.

use super::{DwarfError, Reader, TypeAt, Unit, type_ref};
use gimli::{AttributeValue, DebuggingInformationEntry, UnitOffset};

/// Deepest nesting that is followed; a type that contains itself is behind a pointer, which ends
/// the descent.
const DEPTH_MAX: usize = 32;

/// A type with everything it contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Unsigned integer of this many bytes.
    Unsigned(u32),
    /// Signed integer of this many bytes.
    Signed(u32),
    /// `bool`.
    Bool,
    /// Structure, tuple or closure.
    Struct {
        /// Name without modules.
        name: String,
        /// Bytes.
        size: u32,
        /// Fields in order.
        members: Vec<Member>,
    },
    /// Enumeration with data.
    Enum {
        /// Name without modules.
        name: String,
        /// Bytes.
        size: u32,
        /// Offset and bytes of the tag, if there is one.
        tag: Option<(u32, u32)>,
        /// Variants.
        variants: Vec<Variant>,
    },
    /// Enumeration without data.
    Plain {
        /// Name without modules.
        name: String,
        /// Bytes.
        size: u32,
        /// Names and values.
        values: Vec<(String, i64)>,
    },
    /// Array.
    Array {
        /// Element.
        element: Box<Type>,
        /// Elements.
        count: u32,
        /// Bytes of one element.
        stride: u32,
    },
    /// Pointer or reference of this many bytes; not followed.
    Pointer(u32),
    /// Something that is not decoded, with its bytes.
    Opaque(u32),
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name; tuple fields are `__0`, `__1`.
    pub name: String,
    /// Offset in bytes.
    pub offset: u32,
    /// Its type.
    pub ty: Type,
}

/// A variant of an enumeration with data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Tag value; `None` for the variant that has all other values.
    pub tag: Option<u64>,
    /// Its name.
    pub name: String,
    /// Its data.
    pub ty: Type,
}

impl Type {
    /// Bytes in memory.
    #[must_use]
    pub fn size(&self) -> u32 {
        match self {
            Self::Unsigned(size) | Self::Signed(size) | Self::Pointer(size) => *size,
            Self::Opaque(size) => *size,
            Self::Bool => 1,
            Self::Struct { size, .. } | Self::Enum { size, .. } | Self::Plain { size, .. } => *size,
            Self::Array { count, stride, .. } => count * stride,
        }
    }

    /// The field `name` of a structure.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        match self {
            Self::Struct { members, .. } => members.iter().find(|member| member.name == name),
            _ => None,
        }
    }
}

/// Reads the type at `at`.
pub(super) fn read(
    dwarf: &gimli::Dwarf<Reader>,
    units: &[Unit],
    at: TypeAt,
) -> Result<Type, DwarfError> {
    TypeReader { dwarf, units, index: at.0 }.read(at.1, 0)
}

/// Name of an entry.
pub(super) fn name(
    dwarf: &gimli::Dwarf<Reader>,
    unit: &Unit,
    entry: &DebuggingInformationEntry<Reader>,
) -> Result<Option<String>, DwarfError> {
    use gimli::Reader as _;
    match entry.attr_value(gimli::DW_AT_name) {
        Some(value) => {
            let text = dwarf.attr_string(unit, value)?;
            Ok(Some(text.to_string_lossy()?.into_owned()))
        }
        None => Ok(None),
    }
}

struct TypeReader<'a> {
    dwarf: &'a gimli::Dwarf<Reader>,
    units: &'a [Unit],
    /// The unit that is being read.
    index: usize,
}

impl TypeReader<'_> {
    fn unit(&self) -> &Unit {
        &self.units[self.index]
    }

    /// The type that `entry` refers to, if it refers to one.
    fn referred(
        &self,
        entry: &DebuggingInformationEntry<Reader>,
        depth: usize,
    ) -> Result<Option<Type>, DwarfError> {
        match type_ref(self.units, self.index, entry) {
            Some((index, offset)) => {
                TypeReader { index, ..*self }.read(offset, depth + 1).map(Some)
            }
            None => Ok(None),
        }
    }

    fn read(&self, offset: UnitOffset, depth: usize) -> Result<Type, DwarfError> {
        let entry = self.unit().entry(offset)?;
        let size = number(&entry, gimli::DW_AT_byte_size).unwrap_or(0) as u32;
        if depth > DEPTH_MAX {
            return Ok(Type::Opaque(size));
        }
        match entry.tag() {
            gimli::DW_TAG_base_type => Ok(base(&entry, size)),
            gimli::DW_TAG_pointer_type | gimli::DW_TAG_subroutine_type => {
                Ok(Type::Pointer(if size == 0 { 4 } else { size }))
            }
            gimli::DW_TAG_array_type => self.array(offset, depth),
            gimli::DW_TAG_enumeration_type => self.plain(offset, size),
            gimli::DW_TAG_structure_type | gimli::DW_TAG_union_type => {
                self.structure(offset, size, depth)
            }
            gimli::DW_TAG_typedef | gimli::DW_TAG_const_type | gimli::DW_TAG_volatile_type => {
                Ok(self.referred(&entry, depth)?.unwrap_or(Type::Opaque(size)))
            }
            _ => Ok(Type::Opaque(size)),
        }
    }

    fn name(&self, entry: &DebuggingInformationEntry<Reader>) -> Result<String, DwarfError> {
        Ok(name(self.dwarf, self.unit(), entry)?.unwrap_or_default())
    }

    /// Offsets of the direct children of an entry.
    fn children(&self, offset: UnitOffset) -> Result<Vec<UnitOffset>, DwarfError> {
        let mut tree = self.unit().entries_tree(Some(offset))?;
        let root = tree.root()?;
        let mut children = root.children();
        let mut offsets = Vec::new();
        while let Some(child) = children.next()? {
            offsets.push(child.entry().offset());
        }
        Ok(offsets)
    }

    fn array(&self, offset: UnitOffset, depth: usize) -> Result<Type, DwarfError> {
        let entry = self.unit().entry(offset)?;
        let Some(element) = self.referred(&entry, depth)? else { return Ok(Type::Opaque(0)) };
        let element = Box::new(element);
        let mut count = 0;
        for child in self.children(offset)? {
            let child = self.unit().entry(child)?;
            let upper = number(&child, gimli::DW_AT_upper_bound).map(|last| last + 1);
            count = number(&child, gimli::DW_AT_count).or(upper).unwrap_or(0) as u32;
        }
        let stride = element.size();
        Ok(Type::Array { element, count, stride })
    }

    fn plain(&self, offset: UnitOffset, size: u32) -> Result<Type, DwarfError> {
        let mut values = Vec::new();
        for child in self.children(offset)? {
            let child = self.unit().entry(child)?;
            if child.tag() == gimli::DW_TAG_enumerator {
                let value = number(&child, gimli::DW_AT_const_value).unwrap_or(0) as i64;
                values.push((self.name(&child)?, value));
            }
        }
        Ok(Type::Plain { name: self.name(&self.unit().entry(offset)?)?, size, values })
    }

    fn structure(&self, offset: UnitOffset, size: u32, depth: usize) -> Result<Type, DwarfError> {
        let name = self.name(&self.unit().entry(offset)?)?;
        let mut members = Vec::new();
        for child_offset in self.children(offset)? {
            let child = self.unit().entry(child_offset)?;
            match child.tag() {
                gimli::DW_TAG_member => members.push(self.member(&child, depth)?),
                gimli::DW_TAG_variant_part => {
                    return self.variants(child_offset, name, size, depth);
                }
                _ => {}
            }
        }
        Ok(Type::Struct { name, size, members })
    }

    fn member(
        &self,
        entry: &DebuggingInformationEntry<Reader>,
        depth: usize,
    ) -> Result<Member, DwarfError> {
        let ty = self.referred(entry, depth)?.unwrap_or(Type::Opaque(0));
        let offset = number(entry, gimli::DW_AT_data_member_location).unwrap_or(0) as u32;
        Ok(Member { name: self.name(entry)?, offset, ty })
    }

    fn variants(
        &self,
        part: UnitOffset,
        name: String,
        size: u32,
        depth: usize,
    ) -> Result<Type, DwarfError> {
        let entry = self.unit().entry(part)?;
        let tag = match entry.attr_value(gimli::DW_AT_discr) {
            Some(AttributeValue::UnitRef(discr)) => {
                let member = self.member(&self.unit().entry(discr)?, depth)?;
                Some((member.offset, member.ty.size()))
            }
            _ => None,
        };
        let mut variants = Vec::new();
        for child_offset in self.children(part)? {
            let child = self.unit().entry(child_offset)?;
            if child.tag() != gimli::DW_TAG_variant {
                continue;
            }
            let value = number(&child, gimli::DW_AT_discr_value);
            for data in self.children(child_offset)? {
                let data = self.unit().entry(data)?;
                if data.tag() == gimli::DW_TAG_member {
                    let Member { name, ty, .. } = self.member(&data, depth)?;
                    variants.push(Variant { tag: value, name, ty });
                }
            }
        }
        Ok(Type::Enum { name, size, tag, variants })
    }
}

fn base(entry: &DebuggingInformationEntry<Reader>, size: u32) -> Type {
    match entry.attr_value(gimli::DW_AT_encoding) {
        Some(AttributeValue::Encoding(gimli::DW_ATE_boolean)) => Type::Bool,
        Some(AttributeValue::Encoding(gimli::DW_ATE_signed)) => Type::Signed(size),
        _ => Type::Unsigned(size),
    }
}

fn number(entry: &DebuggingInformationEntry<Reader>, at: gimli::DwAt) -> Option<u64> {
    let value = entry.attr_value(at)?;
    value.udata_value().or_else(|| value.sdata_value().map(|signed| signed as u64))
}
