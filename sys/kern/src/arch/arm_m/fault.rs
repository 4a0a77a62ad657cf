//! What the processor refused, in the kernel's words.
//!
//! Bits: Arm DDI 0553, CFSR = MMFSR (7..0), BFSR (15..8), UFSR (31..16).

use super::registers::{BFAR, CFSR, HFSR, MMFAR, SHCSR};
use sys_abi::{FaultInfo, FaultSource};

const IACCVIOL: u32 = 1;
const MSTKERR: u32 = 1 << 4;
const MMARVALID: u32 = 1 << 7;
const MEM_MANAGE: u32 = 0xff;
const STKERR: u32 = 1 << 12;
const BFARVALID: u32 = 1 << 15;
const BUS_FAULT: u32 = 0xff00;
const UNDEFINSTR: u32 = 1 << 16;
const STKOF: u32 = 1 << 20;
const DIVBYZERO: u32 = 1 << 25;

/// A breakpoint leaves no mark here: HardFault came of DFSR.BKPT.
const BREAKPOINT: u32 = 0;

const SHCSR_SVCALLPENDED: u32 = 1 << 15;

/// Reads and clears the fault status; `psp` is the task's stack pointer.
#[inline(always)]
pub fn take(psp: u32) -> FaultInfo {
    let status = CFSR.read();
    // The addresses count only as long as the status says so.
    let fault = decode(status, psp);
    CFSR.write(status);
    fault
}

/// A trap whose own stacking failed is still pending behind its fault, and would be taken for a
/// system call of whoever runs next.
fn forget_trap() {
    SHCSR.write(SHCSR.read() & !SHCSR_SVCALLPENDED);
}

#[inline(always)]
fn decode(status: u32, psp: u32) -> FaultInfo {
    let source = FaultSource::User;
    if status & (STKOF | MSTKERR) != 0 {
        forget_trap();
        FaultInfo::StackOverflow { address: psp }
    } else if status & IACCVIOL != 0 {
        FaultInfo::IllegalText
    } else if status & MEM_MANAGE != 0 {
        let address = (status & MMARVALID != 0).then(|| MMFAR.read());
        FaultInfo::MemoryAccess { address, source }
    } else if status & BUS_FAULT != 0 {
        let address = (status & BFARVALID != 0).then(|| BFAR.read());
        if status & STKERR != 0 {
            forget_trap();
        }
        FaultInfo::BusError { address, source }
    } else if status & DIVBYZERO != 0 {
        FaultInfo::DivideByZero
    } else if status & UNDEFINSTR != 0 {
        FaultInfo::IllegalInstruction
    } else if status == BREAKPOINT {
        HFSR.write(HFSR.read());
        FaultInfo::IllegalInstruction
    } else {
        FaultInfo::InvalidOperation(status)
    }
}
