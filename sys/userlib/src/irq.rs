//! Interrupts as notifications. `mask` is the notification mask that the manifest mapped the lines
//! to; a mask without a line faults the caller (`NoIrq`).

use crate::arch;
use sys_abi::Sysnum;

const ENABLE: u32 = 1;
const CLEAR_PENDING: u32 = 2;

/// Enables or disables the lines behind `mask`. The kernel disables a line whenever it posts its
/// notification; the task enables it again when it has dealt with the device.
#[inline]
pub fn sys_irq_control(mask: u32, enable: bool) {
    control(mask, if enable { ENABLE } else { 0 });
}

/// Enables the lines behind `mask` and forgets what was pending.
#[inline]
pub fn sys_irq_control_clear_pending(mask: u32) {
    control(mask, ENABLE | CLEAR_PENDING);
}

/// The state of the lines behind `mask`, as bits of [`sys_abi::IrqStatus`].
#[inline]
#[must_use]
pub fn sys_irq_status(mask: u32) -> u32 {
    // SAFETY: no memory is involved.
    let [bits, ..] = unsafe { arch::svc(Sysnum::IrqStatus, [mask, 0, 0, 0, 0]) };
    bits
}

fn control(mask: u32, bits: u32) {
    // SAFETY: no memory is involved.
    unsafe { arch::svc(Sysnum::IrqControl, [mask, bits, 0, 0, 0]) };
}
