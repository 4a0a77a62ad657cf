//! MPU register words (Arm DDI 0553, PMSAv8).

use build_manifest::Window;
use sys_abi::MpuRegion;
use sys_boot::MemoryRange;

/// What a task may do in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Read and execute.
    Code,
    /// Read and write, never execute.
    Data,
    /// Read, never execute.
    ReadOnly,
    /// Registers: read and write, never execute, in order.
    Device,
}

impl Rights {
    /// The rights of a window of a task.
    #[must_use]
    pub fn of(window: &Window) -> Self {
        match (window.device, window.access) {
            (true, _) => Self::Device,
            (false, build_manifest::Access::Read) => Self::ReadOnly,
            (false, build_manifest::Access::Write) => Self::Data,
        }
    }

    /// Short form for tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "rx",
            Self::Data => "rw",
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

    /// What the hardware makes of the two words.
    fn decode(region: MpuRegion) -> (MemoryRange, bool, bool, bool) {
        let base = region.rbar & !0x1F;
        let last = region.rlar | 0x1F;
        let read_only = region.rbar >> 1 & 0b10 != 0;
        let never_execute = region.rbar & 1 != 0;
        let device = region.rlar >> 1 & 0b111 == 1;
        (MemoryRange::new(base, last - base + 1), read_only, never_execute, device)
    }

    proptest! {
        #[test]
        fn the_hardware_sees_the_range_and_the_rights(
            base in (0u32..0x0700_0000).prop_map(|n| n * 32),
            bytes in (1u32..0x0010_0000).prop_map(|n| n * 32),
            rights in prop_oneof![
                Just(Rights::Code), Just(Rights::Data), Just(Rights::ReadOnly), Just(Rights::Device)
            ],
        ) {
            let range = MemoryRange::new(base, bytes);
            let region = words(range, rights);
            let (seen, read_only, never_execute, device) = decode(region);
            prop_assert_eq!(seen, range);
            prop_assert_eq!(read_only, matches!(rights, Rights::Code | Rights::ReadOnly));
            prop_assert_eq!(never_execute, rights != Rights::Code);
            prop_assert_eq!(device, rights == Rights::Device);
            prop_assert_eq!(region.rlar & 1, 1);
        }
    }

    #[test]
    fn a_region_may_end_at_the_top_of_the_address_space() {
        let region = words(MemoryRange::new(0xFFFF_F000, 0x1000), Rights::Data);
        assert_eq!(region.rlar & !0x1F, 0xFFFF_FFE0);
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn an_unaligned_range_is_a_bug() {
        let _ = words(MemoryRange::new(0x10, 0x20), Rights::Code);
    }
}
