//! The one register of the supervisor, the kill switch of the camera domain; and the memory that a
//! reset keeps.
//!
//! A task owns no hardware, with this documented exception: when power, who owns the domain, is
//! dead or silent, somebody must still be able to stop the DMA engines.

use drv_isp_regs::kill_switch;
use sys_abi::CrashRecord;

/// The kill switch.
pub struct KillSwitch {
    kill: *mut u32,
}

impl KillSwitch {
    /// The switch whose block is mapped at `base`.
    pub fn at(base: usize) -> Self {
        Self { kill: (base + kill_switch::KILL.offset()) as *mut u32 }
    }

    /// Cuts the camera domain: when this returns, its clocks are stopped and its DMA with them.
    pub fn throw(&mut self) {
        // SAFETY: `base` is the linked address of the block `kill_switch`, which the manifest maps
        // for this task alone; the offset is a 32-bit register of it by the register contract.
        unsafe { self.kill.write_volatile(kill_switch::MAGIC) }
    }
}

/// What the kernel of the boot before left at `base`, if it ended in a crash. It is told once: the
/// record is taken away, so that the boot after the next reset does not tell it again.
pub fn take_crash(base: usize) -> Option<CrashRecord> {
    let place = base as *mut CrashRecord;
    // SAFETY: `base` is the region `crash` of the manifest: it is mapped for this task alone, it is
    // larger than a record and aligned for it, any bytes are a record, and the kernel writes there
    // only when it is not coming back.
    let record = unsafe { place.read_volatile() };
    if record.magic != CrashRecord::MAGIC {
        return None;
    }
    // SAFETY: as above; the manifest lets this task write there.
    unsafe { (&raw mut (*place).magic).write_volatile(0) };
    Some(record)
}
