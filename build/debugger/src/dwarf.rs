//! What the debug information of an ELF knows: types, static variables, source lines.
//!
//! # Why
//! The debugger shows values with the names that the source gives them, and keeps no table of
//! its own that could go stale. Types are read on demand into one small model ([`Type`]), and
//! bytes are decoded by it into a [`Value`] that prints like Rust's `Debug`.

mod types;
mod value;

pub use types::{Member, Type, Variant};
pub use value::Value;

use addr2line::Context;
use gimli::{AttributeValue, DwTag, EndianArcSlice, Operation, RunTimeEndian, UnitOffset};
use object::{Object, ObjectSection, ObjectSymbol};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) type Reader = EndianArcSlice<RunTimeEndian>;
pub(crate) type Unit = gimli::Unit<Reader>;

/// Why debug information cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DwarfError {
    /// Not an ELF file.
    #[error("not a readable ELF file")]
    Elf(#[from] object::Error),
    /// The debug sections are damaged.
    #[error("damaged debug information")]
    Dwarf(#[from] gimli::Error),
}

/// A static variable.
#[derive(Clone, Debug)]
pub struct Static {
    /// Name with its modules, e.g. `drv_isp::RING`.
    pub path: String,
    /// Where it lies.
    pub address: u32,
    ty: TypeAt,
}

/// Where a type is described: in which unit, at which offset.
pub(crate) type TypeAt = (usize, UnitOffset);

/// The type that an entry of unit `unit` refers to. After link-time optimisation it is often
/// described in another unit.
pub(crate) fn type_ref(
    units: &[Unit],
    unit: usize,
    entry: &gimli::DebuggingInformationEntry<Reader>,
) -> Option<TypeAt> {
    match entry.attr_value(gimli::DW_AT_type)? {
        AttributeValue::UnitRef(offset) => Some((unit, offset)),
        AttributeValue::DebugInfoRef(offset) => units
            .iter()
            .enumerate()
            .find_map(|(index, unit)| Some((index, offset.to_unit_offset(&unit.header)?))),
        _ => None,
    }
}

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Function, as the source names it.
    pub function: String,
    /// File and line, if known.
    pub line: Option<(String, u32)>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.line {
            Some((file, line)) => write!(f, "{} at {file}:{line}", self.function),
            None => write!(f, "{}", self.function),
        }
    }
}

/// The debug information and symbols of one ELF.
pub struct Dwarf {
    units: Vec<Unit>,
    dwarf: Arc<gimli::Dwarf<Reader>>,
    lines: Context<Reader>,
    symbols: HashMap<String, u32>,
    statics: Vec<Static>,
}

impl Dwarf {
    /// Reads the debug information of `elf`.
    ///
    /// # Errors
    /// [`DwarfError`] if the file or its debug sections are damaged.
    pub fn new(elf: &[u8]) -> Result<Self, DwarfError> {
        let file = object::File::parse(elf)?;
        let load = |id: gimli::SectionId| -> Result<Reader, DwarfError> {
            let data = match file.section_by_name(id.name()) {
                Some(section) => section.uncompressed_data()?.into_owned(),
                None => Vec::new(),
            };
            Ok(EndianArcSlice::new(data.into(), RunTimeEndian::Little))
        };
        let dwarf = Arc::new(gimli::Dwarf::load(load)?);
        let mut units = Vec::new();
        let mut headers = dwarf.units();
        while let Some(header) = headers.next()? {
            units.push(dwarf.unit(header)?);
        }
        let lines = Context::from_arc_dwarf(Arc::clone(&dwarf))?;
        let symbols = file
            .symbols()
            .filter_map(|symbol| Some((symbol.name().ok()?.to_string(), symbol.address() as u32)))
            .collect();
        let mut this = Self { units, dwarf, lines, symbols, statics: Vec::new() };
        this.statics = this.find_statics()?;
        Ok(this)
    }

    /// Value of a symbol.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<u32> {
        self.symbols.get(name).copied()
    }

    /// Address of the function with this path, or with a path that ends in it.
    #[must_use]
    pub fn function(&self, path: &str) -> Option<u32> {
        self.symbols.iter().find_map(|(name, address)| {
            let full = format!("{:#}", rustc_demangle::demangle(name));
            let fits = full == path || full.ends_with(&format!("::{path}"));
            fits.then_some(*address)
        })
    }

    /// All static variables that have a place in memory.
    #[must_use]
    pub fn statics(&self) -> &[Static] {
        &self.statics
    }

    /// The type of a static variable.
    ///
    /// # Errors
    /// If the debug information is damaged.
    pub fn type_of(&self, variable: &Static) -> Result<Type, DwarfError> {
        types::read(&self.dwarf, &self.units, variable.ty)
    }

    /// The type with this path, e.g. `sys_kern::task::Task`.
    ///
    /// # Errors
    /// If the debug information is damaged.
    pub fn type_named(&self, path: &str) -> Result<Option<Type>, DwarfError> {
        for (index, unit) in self.units.iter().enumerate() {
            let mut found = None;
            walk(&self.dwarf, unit, &mut |entry, here| {
                let is_type = matches!(
                    entry.tag(),
                    gimli::DW_TAG_structure_type | gimli::DW_TAG_enumeration_type
                );
                if is_type && here == path && found.is_none() {
                    found = Some(entry.offset());
                }
            })?;
            if let Some(offset) = found {
                return types::read(&self.dwarf, &self.units, (index, offset)).map(Some);
            }
        }
        Ok(None)
    }

    /// The functions at a code address, innermost first (inlined ones included).
    #[must_use]
    pub fn places(&self, address: u32) -> Vec<Place> {
        let Ok(mut frames) = self.lines.find_frames(u64::from(address)).skip_all_loads() else {
            return Vec::new();
        };
        let mut places = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let function = frame
                .function
                .as_ref()
                .and_then(|name| name.demangle().map(std::borrow::Cow::into_owned).ok());
            let line =
                frame.location.and_then(|place| Some((place.file?.to_string(), place.line?)));
            places.push(Place { function: function.unwrap_or_else(|| "?".into()), line });
        }
        places
    }

    fn find_statics(&self) -> Result<Vec<Static>, DwarfError> {
        let mut found = Vec::new();
        for (index, unit) in self.units.iter().enumerate() {
            walk(&self.dwarf, unit, &mut |entry, path| {
                if entry.tag() != gimli::DW_TAG_variable {
                    return;
                }
                let ty = type_ref(&self.units, index, entry);
                if let (Some(ty), Some(address)) = (ty, fixed_address(unit, entry)) {
                    found.push(Static { path: path.to_string(), address, ty });
                }
            })?;
        }
        Ok(found)
    }
}

/// Address of a variable whose location is one fixed address.
fn fixed_address(unit: &Unit, entry: &gimli::DebuggingInformationEntry<Reader>) -> Option<u32> {
    let AttributeValue::Exprloc(expression) = entry.attr_value(gimli::DW_AT_location)? else {
        return None;
    };
    match expression.operations(unit.encoding()).next() {
        Ok(Some(Operation::Address { address })) => Some(address as u32),
        _ => None,
    }
}

/// Calls `visit` for each entry of a unit with its path (`module::name`).
fn walk(
    dwarf: &gimli::Dwarf<Reader>,
    unit: &Unit,
    visit: &mut dyn FnMut(&gimli::DebuggingInformationEntry<Reader>, &str),
) -> Result<(), DwarfError> {
    let mut entries = unit.entries();
    let mut path: Vec<String> = Vec::new();
    while let Some(entry) = entries.next_dfs()? {
        let depth = entry.depth().max(0) as usize;
        path.truncate(depth.saturating_sub(1));
        let name = if in_path(entry.tag()) { types::name(dwarf, unit, entry)? } else { None };
        path.resize(depth.saturating_sub(1), String::new());
        path.push(name.unwrap_or_default());
        let full = path.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>();
        visit(entry, &full.join("::"));
    }
    Ok(())
}

/// Entries whose name is part of a path.
fn in_path(tag: DwTag) -> bool {
    matches!(
        tag,
        gimli::DW_TAG_namespace
            | gimli::DW_TAG_structure_type
            | gimli::DW_TAG_enumeration_type
            | gimli::DW_TAG_subprogram
            | gimli::DW_TAG_variable
    )
}
