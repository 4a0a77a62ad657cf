//! The MPU: loading a task's regions, four at a time through the alias registers.
//!
//! Most tasks have at most four regions, so the upper four are written only when this task or the
//! one before has something there. The kernel itself runs on the background map (PRIVDEFENA).

use super::registers::{MPU_CTRL, MPU_MAIR0, MPU_RBAR, MPU_RNR};
use core::arch::asm;
use sys_abi::{MpuRegion, REGIONS_PER_TASK};

/// Attribute 0: normal, write-back, read and write allocate. Attribute 1: Device-nGnRE.
const ATTRIBUTES: u32 = 0x04FF;
const ENABLE_PRIVDEFENA: u32 = 0b101;

/// Regions that one burst through RBAR..RLAR_A3 writes.
const BURST: u8 = 4;

/// Sets the attributes and turns the MPU on, all regions empty.
pub fn start() {
    MPU_MAIR0.write(ATTRIBUTES);
    let empty = [MpuRegion { rbar: 0, rlar: 0 }; REGIONS_PER_TASK];
    load(&empty, REGIONS_PER_TASK as u8, true);
    if crate::negative::MPU {
        MPU_CTRL.write(ENABLE_PRIVDEFENA);
    }
    // SAFETY: barriers; the kernel's own memory stays accessible through the background map.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) };
}

/// Loads the regions; gives whether the upper four are in use now. The exception return that
/// follows makes them effective.
#[inline(always)]
pub fn load(regions: &[MpuRegion; REGIONS_PER_TASK], count: u8, upper_regions: bool) -> bool {
    let upper = count > BURST;
    MPU_RNR.write(0);
    let mut next = regions.as_ptr();
    // SAFETY: reads 32 bytes, half of the array, and writes the eight region registers behind
    // MPU_RBAR; no region of a task covers kernel memory, and the kernel does not depend on any.
    unsafe {
        asm!(
            "ldmia {next}!, {{r4, r5, r8, r9}}",
            "stmia {bank}!, {{r4, r5, r8, r9}}",
            "ldmia {next}!, {{r4, r5, r8, r9}}",
            "stmia {bank}!, {{r4, r5, r8, r9}}",
            next = inout(reg) next,
            bank = inout(reg) MPU_RBAR.address() => _,
            out("r4") _, out("r5") _, out("r8") _, out("r9") _,
            options(nostack, preserves_flags),
        );
    }
    if upper || upper_regions {
        MPU_RNR.write(BURST.into());
        // SAFETY: as above, for the second half of the array.
        unsafe {
            asm!(
                "ldmia {next}!, {{r4, r5, r8, r9}}",
                "stmia {bank}!, {{r4, r5, r8, r9}}",
                "ldmia {next}!, {{r4, r5, r8, r9}}",
                "stmia {bank}!, {{r4, r5, r8, r9}}",
                next = inout(reg) next => _,
                bank = inout(reg) MPU_RBAR.address() => _,
                out("r4") _, out("r5") _, out("r8") _, out("r9") _,
                options(nostack, preserves_flags),
            );
        }
    }
    upper
}
