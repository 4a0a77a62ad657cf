//! Everything that a task must not do, on request; and raw system calls with any arguments.
//!
//! `unsafe` here is the point: each of these is what the MPU and the kernel are there to stop.

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Read the word at the argument.
    ReadWord,
    /// Write the word at the argument.
    WriteWord,
    /// Panic.
    Panic,
    /// Divide by zero.
    DivideByZero,
    /// Use more stack than there is.
    OverflowStack,
    /// Jump to the argument (with the Thumb bit).
    Jump,
    /// Jump into its own stack.
    ExecuteStack,
    /// Jump to an address without the Thumb bit.
    JumpToArm,
    /// Execute an undefined instruction.
    Undefined,
    /// Try to mask interrupts and to become privileged, then count down from the argument and
    /// panic: without privilege the first two do nothing.
    GrabPrivilege,
    /// Make a system call with the stack pointer outside of the stack.
    TrapWithoutStack,
    /// Spin for ever.
    Spin,
    /// Read the byte at the argument.
    ReadByte,
    /// Execute a breakpoint.
    Breakpoint,
}

impl Kind {
    const ALL: [Self; 14] = [
        Self::ReadWord,
        Self::WriteWord,
        Self::Panic,
        Self::DivideByZero,
        Self::OverflowStack,
        Self::Jump,
        Self::ExecuteStack,
        Self::JumpToArm,
        Self::Undefined,
        Self::GrabPrivilege,
        Self::TrapWithoutStack,
        Self::Spin,
        Self::ReadByte,
        Self::Breakpoint,
    ];

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.get(code as usize).copied()
    }
}

#[cfg(target_os = "none")]
mod target {
    use super::Kind;
    use core::arch::asm;

    /// Does it. Returns only if nothing stopped it.
    pub fn perform(kind: Kind, argument: u32) {
        // SAFETY: none of these is sound; the kernel ends this task at the first of them, and the
        // test fails if it does not.
        unsafe {
            match kind {
                Kind::ReadWord => asm!("ldr {0}, [{0}]", inout(reg) argument => _),
                Kind::WriteWord => asm!("str {0}, [{0}]", in(reg) argument),
                Kind::Panic => panic!("as requested"),
                Kind::DivideByZero => asm!("udiv {0}, {1}, {2}", out(reg) _, in(reg) 1, in(reg) 0),
                Kind::OverflowStack => asm!("1: push {{r0-r3}}", "b 1b", options(noreturn)),
                Kind::Jump => asm!("bx {}", in(reg) argument | 1, options(noreturn)),
                Kind::ExecuteStack => {
                    asm!("mov r0, sp", "orr r0, r0, #1", "bx r0", options(noreturn))
                }
                Kind::JumpToArm => {
                    asm!("adr r0, 1f", "bic r0, r0, #1", "bx r0", "1: nop", options(noreturn))
                }
                Kind::Undefined => asm!("udf #1"),
                Kind::GrabPrivilege => {
                    asm!(
                        "cpsid i",
                        "movs {0}, #0",
                        "msr control, {0}",
                        "isb",
                        out(reg) _,
                    );
                    asm!("ldr {0}, [{0}]", inout(reg) argument => _);
                }
                Kind::TrapWithoutStack => {
                    asm!(
                        "mov sp, {0}",
                        "mov r11, #9",
                        "svc #0",
                        "b .",
                        in(reg) argument,
                        options(noreturn)
                    );
                }
                Kind::Spin => asm!("b ."),
                // Not 0xab, which is a call of the emulator's host.
                Kind::Breakpoint => asm!("bkpt #0"),
                Kind::ReadByte => asm!("ldrb {0}, [{0}]", inout(reg) argument => _),
            }
        }
    }

    /// Makes a system call with these registers: r11 = `number`, r4..r10 = `args`; gives r4..r9.
    #[must_use]
    pub fn raw_call(number: u32, args: [u32; 7]) -> [u32; 6] {
        let mut block = [0; 8];
        block[..7].copy_from_slice(&args);
        block[7] = number;
        // SAFETY: loads r4..r11 from the block, stores the results there, and puts back the two
        // registers that the compiler keeps; what the kernel does with the arguments is the test's
        // matter.
        unsafe {
            asm!(
                "push {{r6, r7, r12, lr}}",
                "mov r12, r0",
                "ldmia r12, {{r4-r11}}",
                "svc #0",
                "stmia r12, {{r4-r9}}",
                "pop {{r6, r7, r12, lr}}",
                in("r0") block.as_mut_ptr(),
                out("r4") _, out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            );
        }
        [block[0], block[1], block[2], block[3], block[4], block[5]]
    }
}

#[cfg(target_os = "none")]
pub use target::{perform, raw_call};

/// Does nothing on the host.
#[cfg(not(target_os = "none"))]
pub fn perform(_kind: Kind, _argument: u32) {}

/// Does nothing on the host.
#[cfg(not(target_os = "none"))]
#[must_use]
pub fn raw_call(_number: u32, _args: [u32; 7]) -> [u32; 6] {
    [0; 6]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_position() {
        for (code, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!((kind as usize, Kind::from_code(code as u32)), (code, Some(kind)));
        }
        assert_eq!(Kind::from_code(Kind::ALL.len() as u32), None);
    }
}
