//! Regions: sizes, addresses, overlap; and who maps them.
//!
//! Pools with the same readers and writers are placed side by side, in the order of the manifest,
//! so that their clients need one MPU region for all of them.

use super::Context;
use crate::bytes::{self, Buffers};
use crate::error::Defect;
use crate::image::{Access, Mapping, Region, RegionKind};
use crate::raw::{Name, RawBytes, RawRegion};
use sys_boot::MemoryRange;

/// Names of the placed regions, and who maps them.
pub struct RegionIndices {
    entries: Vec<Entry>,
    /// Regions with a defect of their own, which have no place: whoever names one has none.
    refused: Vec<String>,
}

struct Entry {
    name: String,
    readers: Vec<String>,
    writers: Vec<String>,
}

impl RegionIndices {
    /// The region with that name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    /// Whether a region with that name was refused; its defect is told.
    pub fn is_refused(&self, name: &str) -> bool {
        self.refused.iter().any(|refused| refused == name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The tasks that the region's own list lets write.
    pub fn writers(&self, region: &str) -> impl Iterator<Item = &str> {
        let entry = self.entries.iter().find(|entry| entry.name == region);
        entry.into_iter().flat_map(|entry| entry.writers.iter().map(String::as_str))
    }

    /// What the regions' own lists give to that task.
    pub fn mapped_by(&self, task: &str) -> Vec<Mapping> {
        let mut maps = Vec::new();
        for (region, entry) in self.entries.iter().enumerate() {
            let listed = |names: &[String]| names.iter().any(|name| name == task);
            if listed(&entry.writers) {
                maps.push(Mapping { region, access: Access::Write });
            } else if listed(&entry.readers) {
                maps.push(Mapping { region, access: Access::Read });
            }
        }
        maps
    }
}

/// A region whose size is known.
struct Sized<'a> {
    raw: &'a RawRegion,
    kind: RegionKind,
    buffers: Buffers,
    /// Distance of two buffers.
    buffer_bytes: u32,
}

impl Sized<'_> {
    fn bytes(&self) -> u32 {
        // Checked where the size was read.
        self.buffers.count * self.buffer_bytes
    }

    fn at_address(&self, base: u32) -> Region {
        Region {
            name: self.raw.name.value.clone(),
            kind: self.kind,
            range: MemoryRange::new(base, self.bytes()),
            buffer_count: self.buffers.count,
            buffer_bytes: self.buffer_bytes,
        }
    }
}

/// Gives each region its address.
pub fn place(context: &mut Context<'_>) -> (Vec<Region>, RegionIndices) {
    let raw = context.raw;
    let names: Vec<&Name> = raw.regions.iter().map(|region| &region.name).collect();
    context.symbols("region", &names);
    let sized: Vec<_> = raw.regions.iter().filter_map(|region| size(context, region)).collect();
    let (fixed, mut moving): (Vec<_>, Vec<_>) =
        sized.into_iter().partition(|region| region.raw.address.is_some());
    let mut placed: Vec<(Region, &RawRegion)> = Vec::new();
    for region in &fixed {
        place_fixed(context, region, &mut placed);
    }
    moving.sort_by_key(|region| client(region.raw));
    let mut next = context.chip.pools.base;
    for region in &moving {
        place_moving(context, region, &mut next, &mut placed);
    }
    placed.sort_by_key(|(region, _)| region.range.base);
    let entries = placed.iter().map(|(region, raw)| Entry {
        name: region.name.clone(),
        readers: raw.readers.iter().map(|name| name.value.clone()).collect(),
        writers: raw.writers.iter().map(|name| name.value.clone()).collect(),
    });
    let entries: Vec<_> = entries.collect();
    let is_placed = |name: &&str| entries.iter().any(|entry| entry.name == *name);
    let all = raw.regions.iter().map(|region| region.name.value.as_str());
    let refused = all.filter(|name| !is_placed(name)).map(String::from).collect();
    let indices = RegionIndices { entries, refused };
    (placed.into_iter().map(|(region, _)| region).collect(), indices)
}

/// Regions of the same client sort together; the sort is stable.
fn client(raw: &RawRegion) -> (Vec<String>, Vec<String>) {
    let sorted = |names: &[Name]| {
        let mut names: Vec<_> = names.iter().map(|name| name.value.clone()).collect();
        names.sort_unstable();
        names
    };
    (sorted(&raw.readers), sorted(&raw.writers))
}

fn size<'a>(context: &mut Context<'_>, raw: &'a RawRegion) -> Option<Sized<'a>> {
    let align = context.chip.mpu_data_align_bytes;
    let where_ = format!("region {}", raw.name.value);
    for name in raw.readers.iter().chain(&raw.writers) {
        context.task_index(&where_, name);
    }
    let kind = raw.kind?;
    if kind == RegionKind::Frame && raw.writers.len() > 1 {
        let writers: Vec<_> = raw.writers.iter().map(|name| name.value.as_str()).collect();
        let defect =
            Defect::TwoWriters { region: raw.name.value.clone(), writers: writers.join(", ") };
        context.defects.add(raw.writers[1].at, defect);
    }
    address_fits_kind(context, raw, kind);
    let bytes = raw.bytes.as_ref()?;
    let buffers = match &bytes.value {
        RawBytes::Number(bytes) => Some(Buffers { count: 1, bytes: *bytes }),
        RawBytes::Text(text) => bytes::parse(text),
    };
    let sized = buffers.and_then(|buffers| {
        let buffer_bytes = buffers.bytes.checked_next_multiple_of(align)?;
        buffers.count.checked_mul(buffer_bytes)?;
        Some(Sized { raw, kind, buffers, buffer_bytes })
    });
    if sized.is_none() {
        let formats: Vec<_> = bytes::FORMATS.iter().map(|(name, _)| *name).collect();
        let defect = Defect::BadBytes {
            region: raw.name.value.clone(),
            bytes: match &bytes.value {
                RawBytes::Number(bytes) => bytes.to_string(),
                RawBytes::Text(text) => format!("{text:?}"),
            },
            formats: formats.join(", "),
        };
        context.defects.add(bytes.at, defect);
    }
    sized
}

fn address_fits_kind(context: &mut Context<'_>, raw: &RawRegion, kind: RegionKind) {
    let region = raw.name.value.clone();
    let (at, remedy) = match (kind, &raw.address) {
        (RegionKind::Fixed, None) => (raw.name.at, "is missing: kind \"fixed\" needs it"),
        (RegionKind::Frame, Some(address)) => {
            (address.at, "is not for kind \"frame\": leave it out, the builder places pools")
        }
        _ => return,
    };
    context.defects.add(at, Defect::Address { region, remedy });
}

fn place_fixed<'a>(
    context: &mut Context<'_>,
    region: &Sized<'a>,
    placed: &mut Vec<(Region, &'a RawRegion)>,
) {
    let Some(address) = &region.raw.address else { return };
    let (at, name) = (address.at, region.raw.name.value.clone());
    let align = context.chip.mpu_data_align_bytes;
    if address.value % align != 0 {
        let (what, value) = ("address", address.value);
        context.defects.add(at, Defect::Unaligned { region: name, what, value, align });
        return;
    }
    let memories = context.chip.fixed;
    let inside = address.value.checked_add(region.bytes()).is_some()
        && memories
            .iter()
            .any(|memory| memory.contains(MemoryRange::new(address.value, region.bytes())));
    if !inside {
        let last = u64::from(address.value) + u64::from(region.bytes()) - 1;
        let possible: Vec<_> = memories.iter().map(|memory| show(*memory)).collect();
        let defect = Defect::OutsideMemory {
            region: name,
            range: format!("{:#010x}..={last:#010x}", address.value),
            chip: context.chip.name,
            possible: possible.join(" or "),
        };
        context.defects.add(at, defect);
        return;
    }
    let new = region.at_address(address.value);
    if let Some((other, _)) = placed.iter().find(|(other, _)| other.range.overlaps(new.range)) {
        let defect = Defect::Overlap {
            a: other.name.clone(),
            a_range: show(other.range),
            b: name,
            b_range: show(new.range),
        };
        context.defects.add(at, defect);
    }
    placed.push((new, region.raw));
}

fn place_moving<'a>(
    context: &mut Context<'_>,
    region: &Sized<'a>,
    next: &mut u32,
    placed: &mut Vec<(Region, &'a RawRegion)>,
) {
    let end = context.chip.pools.end();
    let mut base = *next;
    loop {
        let free = end.saturating_sub(base);
        if free < region.bytes() {
            let (name, bytes) = (region.raw.name.value.clone(), region.bytes());
            let defect = Defect::MemoryFull { region: name, bytes, free };
            context.defects.add(region.raw.name.at, defect);
            return;
        }
        let range = MemoryRange::new(base, region.bytes());
        match placed.iter().find(|(other, _)| other.range.overlaps(range)) {
            Some((other, _)) => base = other.range.end(),
            None => break,
        }
    }
    *next = base + region.bytes();
    placed.push((region.at_address(base), region.raw));
}

fn show(range: MemoryRange) -> String {
    format!("{:#010x}..={:#010x}", range.base, range.end() - 1)
}
