//! The MPU: loading a task's regions, four at a time through the alias registers.
//!
//! Most tasks have at most four regions, so the upper four are written only when this task or the
//! one before has something there; region 0 stays selected in between. The kernel itself runs on the background map (PRIVDEFENA).

use super::registers::{MPU_CTRL, MPU_MAIR0, MPU_RBAR, MPU_RNR};
use core::arch::asm;
use sys_abi::{MpuRegion, REGIONS_PER_TASK};

/// Attribute 0: normal, write-back, read and write allocate. Attribute 1: Device-nGnRE.
const ATTRIBUTES: u32 = 0x04FF;
const ENABLE_PRIVDEFENA: u32 = 0b101;

/// Regions that one burst through RBAR..RLAR_A3 writes.
const BURST: u32 = 4;

/// Sets the attributes and turns the MPU on, all regions empty.
pub fn start() {
    MPU_MAIR0.write(ATTRIBUTES);
    let empty = [MpuRegion { rbar: 0, rlar: 0 }; REGIONS_PER_TASK];
    MPU_RNR.write(0);
    upper(burst(empty.as_ptr()));
    if crate::negative::MPU {
        MPU_CTRL.write(ENABLE_PRIVDEFENA);
    }
    // SAFETY: barriers; the kernel's own memory stays accessible through the background map.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) };
}

/// Whether the upper four regions hold something.
pub struct Loaded {
    upper: bool,
}

impl Loaded {
    /// The MPU as [`start`] leaves it.
    pub const EMPTY: Self = Self { upper: false };

    /// Loads the regions, of which `upper_count` are used behind the fourth. The exception return
    /// that follows makes them effective.
    #[inline(always)]
    pub fn load(&mut self, regions: &[MpuRegion; REGIONS_PER_TASK], upper_count: u8) {
        let next = burst(regions.as_ptr());
        if upper_count | u8::from(self.upper) != 0 {
            self.upper = upper_count != 0;
            upper(next);
        }
    }
}

/// Writes the upper four regions. Whoever comes next finds region 0 selected again.
#[inline(never)]
fn upper(regions: *const MpuRegion) {
    MPU_RNR.write(BURST);
    burst(regions);
    MPU_RNR.write(0);
}

/// Writes four regions from the selected one on; gives what follows them.
#[inline(always)]
fn burst(mut next: *const MpuRegion) -> *const MpuRegion {
    // SAFETY: reads four regions, half of an array, and writes the eight region registers; no
    // region of a task covers kernel memory, and the kernel does not depend on any.
    unsafe {
        asm!(
            "ldmia {next}!, {{r4, r5, r8, r9}}",
            "stmia {bank}!, {{r4, r5, r8, r9}}",
            "ldmia {next}!, {{r4, r5, r8, r9}}",
            "stmia {bank}!, {{r4, r5, r8, r9}}",
            bank = inout(reg) MPU_RBAR => _,
            next = inout(reg) next,
            out("r4") _, out("r5") _, out("r8") _, out("r9") _,
            options(nostack, preserves_flags),
        );
    }
    next
}
