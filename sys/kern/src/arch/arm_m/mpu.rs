//! The MPU: attributes, and turning it on. A task's regions are loaded on the way to it ([`super::leave`]).
//! The kernel itself runs on the background map (PRIVDEFENA), but where a region of the task that it
//! came from lies: a read-only one is so for the kernel, too. What it writes to is in no such region
//! (`umem::Writable`).

use super::registers::{MPU_CTRL, MPU_MAIR0, MPU_RLAR, MPU_RNR};
use core::arch::asm;
use sys_abi::REGIONS_PER_TASK;

/// Attribute 0: normal, write-back, read and write allocate. Attribute 1: Device-nGnRE. Attribute 2: as
/// 0; the kernel does not write there.
const ATTRIBUTES: u32 = 0x00FF_04FF;
const ENABLE_PRIVDEFENA: u32 = 0b101;

/// Sets the attributes and turns the MPU on, all regions empty and region 0 selected.
pub fn start() {
    MPU_MAIR0.write(ATTRIBUTES);
    for region in (0..REGIONS_PER_TASK as u32).rev() {
        MPU_RNR.write(region);
        MPU_RLAR.write(0);
    }
    if crate::negative::MPU {
        MPU_CTRL.write(ENABLE_PRIVDEFENA);
    }
    // SAFETY: barriers; the kernel's own memory stays accessible through the background map.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) };
}
