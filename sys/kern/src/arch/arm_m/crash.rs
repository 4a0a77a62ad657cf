//! The end: a record in memory that a reset keeps, and the reset.

use super::registers::{AIRCR, BFAR, CFSR, HFSR, MPU_CTRL};
use core::arch::asm;
use core::sync::atomic::{Ordering, compiler_fence};
use sys_abi::{CrashKind, CrashRecord};

/// VECTKEY and SYSRESETREQ.
const RESET: u32 = 0x05FA_0004;

// SAFETY: the image builder defines the symbol, aligned and large enough for a record; only the
// crash path of this file writes there.
unsafe extern "C" {
    static mut __crash_record: CrashRecord;
}

/// Resets the machine.
pub fn reset() -> ! {
    // SAFETY: barrier, so that what was written before the reset is in memory.
    unsafe { asm!("dsb", options(nostack, preserves_flags)) };
    AIRCR.write(RESET);
    loop {
        core::hint::spin_loop();
    }
}

/// Leaves `record` and resets. The magic is written last.
pub fn leave(record: CrashRecord) -> ! {
    let place = &raw mut __crash_record;
    // A task may map the record, to read what the previous boot left: read-only, for the kernel too.
    MPU_CTRL.write(0);
    // SAFETY: barriers; and the builder reserves this memory for the record alone, which no task
    // reads while the kernel runs.
    unsafe {
        asm!("dsb", "isb", options(nostack, preserves_flags));
        (&raw mut (*place).magic).write_volatile(0);
        compiler_fence(Ordering::SeqCst);
        place.write(CrashRecord { magic: 0, ..record });
        compiler_fence(Ordering::SeqCst);
        (&raw mut (*place).magic).write_volatile(record.magic);
    }
    reset()
}

/// A record of the kernel's own end.
fn own(kind: CrashKind, detail: u32, pc: u32, sp: u32) -> CrashRecord {
    let image_id = super::start::image_id();
    CrashRecord {
        magic: CrashRecord::MAGIC,
        kind: kind as u32,
        task: u32::MAX,
        detail,
        status: CFSR.read(),
        address: BFAR.read(),
        pc,
        sp,
        time_us_lo: 0,
        time_us_hi: 0,
        fault: [0; 16],
        image_id_lo: image_id as u32,
        image_id_hi: (image_id >> 32) as u32,
    }
}

/// HardFault, NMI, SecureFault, or an exception that nobody asked for: the kernel is wrong.
#[unsafe(no_mangle)]
extern "C" fn kernel_hard_fault(frame: *const u32) -> ! {
    if !crate::negative::LEAVES_A_RECORD {
        // SAFETY: an undefined instruction in this handler: the processor can only lock up.
        unsafe { asm!("udf #0", options(noreturn)) };
    }
    // The frame may itself be unreadable; then this handler faults again and the processor locks
    // up, which the watchdog or the emulator reports.
    // SAFETY: the hardware has just stored eight words there; pc is the seventh.
    let pc = unsafe { frame.add(6).read_volatile() };
    leave(own(CrashKind::KernelFault, HFSR.read(), pc, frame.expose_provenance() as u32))
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let line = info.location().map_or(0, core::panic::Location::line);
    leave(own(CrashKind::KernelPanic, line, 0, 0))
}
