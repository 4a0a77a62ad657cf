//! MPU register words (Arm DDI 0553, PMSAv8).

use build_manifest::{Access, Task, Window};
use sys_abi::MpuRegion;
use sys_boot::MemoryRange;

/// What a task may do in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Read and execute.
    Code,
    /// Read and write, never execute.
    Data,
    /// As [`Rights::Data`], and another task maps it read-only, so that the kernel cannot write there
    /// when that task has called it: no buffer for messages, no lease to be written.
    Shown,
    /// Read, never execute.
    ReadOnly,
    /// Registers: read and write, never execute, in order.
    Device,
}

impl Rights {
    /// The rights of a window of a task, one of these.
    #[must_use]
    pub fn of(window: &Window, tasks: &[Task]) -> Self {
        let shown = |other: &Window| {
            !other.device && other.access == Access::Read && other.range.overlaps(window.range)
        };
        match (window.device, window.access) {
            (true, _) => Self::Device,
            (false, Access::Read) => Self::ReadOnly,
            (false, Access::Write) if tasks.iter().flat_map(|task| &task.windows).any(shown) => {
                Self::Shown
            }
            (false, Access::Write) => Self::Data,
        }
    }

    /// Short form for tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "rx",
            Self::Data => "rw",
            Self::Shown => "rw shown",
            Self::ReadOnly => "r",
            Self::Device => "device",
        }
    }
}

/// Granularity of base and limit in bytes.
pub const GRANULE_BYTES: u32 = 32;

const XN: u32 = 1;
/// AP = 0b01: read and write by any privilege.
const AP_READ_WRITE: u32 = 0b01 << 1;
/// AP = 0b11: read only by any privilege.
const AP_READ_ONLY: u32 = 0b11 << 1;
const ENABLE: u32 = 1;
const ATTRIBUTE_NORMAL: u32 = 0 << 1;
const ATTRIBUTE_DEVICE: u32 = 1 << 1;
/// Normal memory that the kernel does not write to (`sys_kern::umem`).
const ATTRIBUTE_SHOWN: u32 = 2 << 1;

/// The two words for a range whose base and length are multiples of [`GRANULE_BYTES`].
///
/// # Panics
/// The range is empty or not aligned: the placement is wrong.
#[must_use]
pub fn words(range: MemoryRange, rights: Rights) -> MpuRegion {
    assert!(range.bytes > 0 && (range.base | range.bytes).is_multiple_of(GRANULE_BYTES));
    let (access, attribute) = match rights {
        Rights::Code => (AP_READ_ONLY, ATTRIBUTE_NORMAL),
        Rights::Data => (AP_READ_WRITE | XN, ATTRIBUTE_NORMAL),
        Rights::Shown => (AP_READ_WRITE | XN, ATTRIBUTE_SHOWN),
        Rights::ReadOnly => (AP_READ_ONLY | XN, ATTRIBUTE_NORMAL),
        Rights::Device => (AP_READ_WRITE | XN, ATTRIBUTE_DEVICE),
    };
    // The limit is the address of the last granule: bits 31..5 of the last byte's address.
    let limit = (range.base + (range.bytes - 1)) & !(GRANULE_BYTES - 1);
    MpuRegion { rbar: range.base | access, rlar: limit | attribute | ENABLE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sys_abi::{NO_UPPER, OwnMemory, REGIONS_PER_BURST, REGIONS_PER_TASK, TaskDesc, TaskIndex};
    use sys_kern::{tables::Tables, umem};

    const RIGHTS: [Rights; 5] =
        [Rights::Code, Rights::Data, Rights::Shown, Rights::ReadOnly, Rights::Device];
    const GRANULES: u32 = (1 << 27) - 1;
    const SPACE: u64 = 1 << 32;

    /// What the hardware makes of the two words: first and last address, rights (Arm DDI 0553,
    /// MPU_RBAR and MPU_RLAR).
    fn decode(region: MpuRegion) -> (u32, u32, Rights) {
        assert_eq!(region.rlar & 1, 1, "enabled");
        assert_eq!(region.rbar >> 3 & 0b11, 0, "not shareable");
        assert_eq!(region.rlar >> 4 & 1, 0, "no privileged-execute-never");
        let (access, never_execute) = (region.rbar >> 1 & 0b11, region.rbar & 1 != 0);
        let rights = match (access, never_execute, region.rlar >> 1 & 0b111) {
            (0b11, false, 0) => Rights::Code,
            (0b11, true, 0) => Rights::ReadOnly,
            (0b01, true, 0) => Rights::Data,
            (0b01, true, 1) => Rights::Device,
            (0b01, true, 2) => Rights::Shown,
            other => panic!("no rights of a task: {other:?}"),
        };
        (region.rbar & !0x1F, region.rlar | 0x1F, rights)
    }

    /// Any aligned range of the address space, up to its last byte.
    fn range() -> impl Strategy<Value = MemoryRange> {
        let granule = prop_oneof![0..GRANULES, 0..4u32, (GRANULES - 3)..=GRANULES];
        let count = prop_oneof![1..GRANULES, 1..5u32];
        (granule, count).prop_map(|(first, count)| {
            let count = count.min(GRANULES - first + 1).min(GRANULES);
            MemoryRange::new(first * GRANULE_BYTES, count * GRANULE_BYTES)
        })
    }

    proptest! {
        #[test]
        fn the_hardware_sees_the_range_and_the_rights(range in range(), rights in 0..RIGHTS.len()) {
            let (first, last, seen) = decode(words(range, RIGHTS[rights]));
            prop_assert_eq!((first, seen), (range.base, RIGHTS[rights]));
            prop_assert_eq!(u64::from(last) + 1, u64::from(range.base) + u64::from(range.bytes));
        }
    }

    /// Every base and length near both ends of the address space and its middle.
    #[test]
    fn small_ranges_are_encoded_at_every_edge() {
        for middle in [0, 1 << 26, GRANULES] {
            for first in middle.saturating_sub(4)..=middle.saturating_add(4).min(GRANULES) {
                for count in 1..=(GRANULES - first + 1).min(8) {
                    let range = MemoryRange::new(first * GRANULE_BYTES, count * GRANULE_BYTES);
                    for rights in RIGHTS {
                        let last = range.base + (range.bytes - 1);
                        let expect = (range.base, last, rights);
                        assert_eq!(decode(words(range, rights)), expect, "{range:x?}");
                    }
                }
            }
        }
    }

    /// A task with these regions, and what the kernel lets it hand over.
    fn desc(mpu: [MpuRegion; REGIONS_PER_BURST], upper: u8) -> TaskDesc {
        let nothing = OwnMemory { base: 0, bytes: 0 };
        TaskDesc {
            mpu,
            entry: 1,
            initial_sp: 0,
            sends: [0; 2],
            ram: nothing,
            code: nothing,
            priority: 1,
            flags: 0,
            upper,
            first_post: 0,
        }
    }

    /// Up to eight regions, often adjacent, the last perhaps up to the last address.
    fn table() -> impl Strategy<Value = Vec<(MemoryRange, Rights)>> {
        let region = (0..3u32, 1..4u32, 0..RIGHTS.len());
        (prop::collection::vec(region, 1..=REGIONS_PER_TASK), any::<bool>()).prop_map(
            |(drawn, at_the_top)| {
                let mut first = if at_the_top { GRANULES - 40 } else { 0x0100_0000 };
                let mut regions = Vec::new();
                for (gap, count, rights) in drawn {
                    first += gap;
                    let base = first * GRANULE_BYTES;
                    regions.push((MemoryRange::new(base, count * GRANULE_BYTES), RIGHTS[rights]));
                    first += count;
                }
                regions
            },
        )
    }

    proptest! {
        /// What the builder encodes and what the kernel proves is the same memory: a slice is good
        /// if its bytes lie in one region with the right, not wrapping and not in registers.
        #[test]
        fn the_kernel_proves_what_the_builder_encodes(
            regions in table(),
            slices in prop::collection::vec((0..8usize, -70..70i64, 0..300u32), 1..64),
        ) {
            let (mpu, upper) = crate::tables::mpu(&regions);
            let tables = Tables {
                tasks: &[desc(mpu, upper.is_some().into())],
                upper: &[NO_UPPER, upper.unwrap_or(NO_UPPER)],
                posts: &[],
                watches: &[],
                interrupts: &[],
            };
            let member = tables.member(TaskIndex(0)).expect("one task");
            for (near, offset, len) in slices {
                let (range, _) = regions[near % regions.len()];
                let base = (i64::from(range.base) + offset).rem_euclid(SPACE as i64) as u32;
                let end = u64::from(base) + u64::from(len);
                let inside = |possible: &[Rights]| {
                    len == 0 || regions.iter().any(|(range, rights)| {
                        let range_end = u64::from(range.base) + u64::from(range.bytes);
                        possible.contains(rights) && range.base <= base && end <= range_end
                    })
                };
                let may_read = inside(&[Rights::Code, Rights::Data, Rights::Shown, Rights::ReadOnly]);
                let may_write = inside(&[Rights::Data]);
                prop_assert_eq!(umem::readable(&tables, member, base, len).is_ok(), may_read);
                prop_assert_eq!(umem::writable(&tables, member, base, len).is_ok(), may_write);
            }
        }
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn an_unaligned_range_is_a_bug() {
        let _ = words(MemoryRange::new(0x10, 0x20), Rights::Code);
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn an_unaligned_length_is_a_bug() {
        let _ = words(MemoryRange::new(0x20, 0x30), Rights::Code);
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn an_empty_range_is_a_bug() {
        let _ = words(MemoryRange::new(0x20, 0), Rights::Code);
    }
}
