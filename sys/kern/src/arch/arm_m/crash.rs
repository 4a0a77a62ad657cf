//! The end: a record in memory that a reset keeps, and the reset.

use super::registers::{AIRCR, BFAR, CFSR, HFSR, MPU_CTRL};
use core::arch::asm;
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

/// Leaves `record` with the image's id, and resets. The magic is written last.
pub fn leave(record: &mut CrashRecord) -> ! {
    let image_id = super::start::image_id();
    (record.image_id_lo, record.image_id_hi) = (image_id as u32, (image_id >> 32) as u32);
    let [magic, rest @ ..]: &[u32; size_of::<CrashRecord>() / 4] = zerocopy::transmute_ref!(record);
    let first = (&raw mut __crash_record).cast::<u32>();
    // A task may map the record, to read what the previous boot left: read-only, for the kernel too.
    MPU_CTRL.write(0);
    // SAFETY: barriers; and the builder reserves this memory for the record alone, which no task
    // reads while the kernel runs. The magic is its first word.
    unsafe {
        asm!("dsb", "isb", options(nostack, preserves_flags));
        first.write_volatile(0);
        let mut place = first;
        for word in rest {
            place = place.add(1);
            place.write_volatile(*word);
        }
        first.write_volatile(*magic);
    }
    reset()
}

/// Leaves a record of the kernel's own end.
fn leave_own(kind: CrashKind, detail: u32, pc: u32, sp: u32) -> ! {
    leave(&mut CrashRecord {
        task: u32::MAX,
        detail,
        status: CFSR.read(),
        address: BFAR.read(),
        pc,
        sp,
        ..CrashRecord::of_kind(kind)
    })
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
    leave_own(CrashKind::KernelFault, HFSR.read(), pc, frame.expose_provenance() as u32)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let line = info.location().map_or(0, core::panic::Location::line);
    leave_own(CrashKind::KernelPanic, line, 0, 0)
}
