//! The one register of the supervisor: the kill switch of the camera domain.
//!
//! A task owns no hardware, with this documented exception: when power, who owns the domain, is
//! dead or silent, somebody must still be able to stop the DMA engines.

use drv_isp_regs::kill_switch;

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
