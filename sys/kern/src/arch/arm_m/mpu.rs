//! The MPU: loading a task's regions, four at a time through the alias registers.
//!
//! Most tasks have at most four regions, so the upper four are written only when this task or the
//! one before has something there; region 0 stays selected in between. The kernel itself runs on the background map (PRIVDEFENA).

use super::registers::{MPU_CTRL, MPU_MAIR0, MPU_RBAR, MPU_RLAR, MPU_RNR};
use core::arch::asm;
use sys_abi::{MpuRegion, REGIONS_PER_BURST, REGIONS_PER_TASK, TaskDesc, UpperRegions};

/// Attribute 0: normal, write-back, read and write allocate. Attribute 1: Device-nGnRE.
const ATTRIBUTES: u32 = 0x04FF;
const ENABLE_PRIVDEFENA: u32 = 0b101;

// SAFETY: the image builder links it with this type (`sys_abi`'s documentation).
unsafe extern "C" {
    static KERNEL_UPPER: UpperRegions;
}

/// Sets the attributes and turns the MPU on, all regions empty.
pub fn start() {
    MPU_MAIR0.write(ATTRIBUTES);
    clear(0);
    if crate::negative::MPU {
        MPU_CTRL.write(ENABLE_PRIVDEFENA);
    }
    // SAFETY: barriers; the kernel's own memory stays accessible through the background map.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) };
}

/// Empties the regions from this one on. Whoever comes next finds region 0 selected.
fn clear(first: u32) {
    let mut region = REGIONS_PER_TASK as u32;
    while region > first {
        region = region.wrapping_sub(1);
        MPU_RNR.write(region);
        MPU_RLAR.write(0);
    }
    MPU_RNR.write(0);
}

/// Whose upper four regions the MPU holds: as [`TaskDesc::upper`].
pub struct Loaded(u8);

impl Loaded {
    /// The MPU as [`start`] leaves it.
    pub const EMPTY: Self = Self(0);

    /// Loads the regions of a task. The exception return that follows makes them effective.
    #[inline(always)]
    pub fn load(&mut self, desc: &TaskDesc) {
        burst(desc.mpu.as_ptr());
        let stale = if crate::negative::CLEARS_REGIONS { self.0 } else { 0 };
        if desc.upper | stale != 0 {
            self.0 = desc.upper;
            upper(desc.upper);
        }
    }
}

/// Loads the upper four regions, or empties them.
#[inline(never)]
fn upper(place: u8) {
    let Some(place) = place.checked_sub(1) else { return clear(REGIONS_PER_BURST as u32) };
    MPU_RNR.write(REGIONS_PER_BURST as u32);
    // SAFETY: the builder counts the places of the table, which begins here.
    let regions = unsafe { (&raw const KERNEL_UPPER).add(usize::from(place)) };
    burst(regions.cast());
    MPU_RNR.write(0);
}

/// Writes four regions from the selected one on.
#[inline(always)]
fn burst(next: *const MpuRegion) {
    // SAFETY: reads the four regions of an array and writes the eight region registers; no
    // region of a task covers kernel memory, and the kernel does not depend on any.
    unsafe {
        asm!(
            "ldmia {next}!, {{r4, r5, r8, r9}}",
            "stmia {bank}!, {{r4, r5, r8, r9}}",
            "ldmia {next}!, {{r4, r5, r8, r9}}",
            "stmia {bank}!, {{r4, r5, r8, r9}}",
            bank = inout(reg) MPU_RBAR => _,
            next = inout(reg) next => _,
            out("r4") _, out("r5") _, out("r8") _, out("r9") _,
            options(nostack, preserves_flags),
        );
    }
}
