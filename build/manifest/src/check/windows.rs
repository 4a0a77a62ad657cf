//! What a task's MPU regions cover, besides its code and RAM.
//!
//! Adjacent regions of memory with the same rights become one, because the MPU has few. Registers
//! stay apart: each block is granted by its name.

use crate::image::{Access, Mapping, Region, Window};
use sys_boot::Peripheral;

/// One window per run of adjacent ranges with the same rights.
pub fn windows(uses: &[&'static Peripheral], maps: &[Mapping], regions: &[Region]) -> Vec<Window> {
    let device = uses.iter().map(|peripheral| Window {
        range: peripheral.range,
        access: Access::Write,
        device: true,
    });
    let memory = maps.iter().map(|mapping| Window {
        range: regions[mapping.region].range,
        access: mapping.access,
        device: false,
    });
    let mut windows: Vec<Window> = device.chain(memory).collect();
    windows.sort_by_key(|window| window.range.base);
    windows.dedup_by(|next, last| {
        let adjacent = last.range.end() == next.range.base
            && last.access == next.access
            && last.device == next.device
            && !last.device;
        if adjacent {
            last.range.bytes += next.range.bytes;
        }
        adjacent
    });
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::RegionKind;
    use proptest::prelude::*;
    use sys_boot::MemoryRange;

    const GRANULE_BYTES: u32 = 32;
    /// Granules of the memory and of the registers in these tests.
    const GRANULES: u32 = 48;
    const REGISTERS: u32 = 0x4000_0000;

    /// Regions with gaps of none to two granules between them, and how each is mapped, if it is.
    fn regions() -> impl Strategy<Value = (Vec<Region>, Vec<Mapping>)> {
        let access = prop_oneof![Just(None), Just(Some(Access::Read)), Just(Some(Access::Write))];
        prop::collection::vec((0..3u32, 1..4u32, access), 0..9).prop_map(|drawn| {
            let (mut next, mut regions, mut maps) = (0, Vec::new(), Vec::new());
            for (region, (gap, granules, access)) in drawn.into_iter().enumerate() {
                let base = next + gap * GRANULE_BYTES;
                let range = MemoryRange::new(base, granules * GRANULE_BYTES);
                next = range.end();
                let (kind, buffer_bytes) = (RegionKind::Memory, range.bytes);
                let name = format!("region{region}");
                regions.push(Region { name, kind, range, buffer_count: 1, buffer_bytes });
                maps.extend(access.map(|access| Mapping { region, access }));
            }
            (regions, maps)
        })
    }

    /// What a task may do at an address: nothing, or as a window says.
    fn rights(windows: &[Window], address: u32) -> Vec<(Access, bool)> {
        let around = windows.iter().filter(|window| window.range.contains_address(address));
        around.map(|window| (window.access, window.device)).collect()
    }

    static BLOCKS: [Peripheral; 3] = [
        Peripheral { name: "a", range: MemoryRange::new(REGISTERS, 64) },
        Peripheral { name: "b", range: MemoryRange::new(REGISTERS + 64, 32) },
        Peripheral { name: "c", range: MemoryRange::new(REGISTERS + 128, 32) },
    ];

    proptest! {
        /// Merging changes neither what is covered nor how, and leaves nothing to merge.
        #[test]
        fn windows_cover_what_is_mapped_and_nothing_else(
            (regions, maps) in regions(),
            used in 0..8u8,
        ) {
            let uses = BLOCKS.iter().enumerate().filter(|(place, _)| used >> place & 1 != 0);
            let uses: Vec<&'static Peripheral> = uses.map(|(_, block)| block).collect();
            let windows = windows(&uses, &maps, &regions);
            for granule in 0..GRANULES {
                let address = granule * GRANULE_BYTES;
                let mapped = maps.iter().filter(|map| {
                    regions[map.region].range.contains_address(address)
                });
                let mapped: Vec<_> = mapped.map(|map| (map.access, false)).collect();
                prop_assert_eq!(rights(&windows, address), mapped, "at {:#x}", address);
                let block = uses.iter().filter(|block| {
                    block.range.contains_address(REGISTERS + address)
                });
                let block: Vec<_> = block.map(|_| (Access::Write, true)).collect();
                prop_assert_eq!(rights(&windows, REGISTERS + address), block);
            }
            for pair in windows.windows(2) {
                let [a, b] = pair else { continue };
                prop_assert!(a.range.end() <= b.range.base, "sorted and apart");
                let same = a.access == b.access && !a.device && !b.device;
                prop_assert!(!same || a.range.end() != b.range.base, "adjacent ones are merged");
            }
            prop_assert_eq!(windows.iter().filter(|window| window.device).count(), uses.len());
        }
    }
}
