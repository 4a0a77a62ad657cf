//! The FP registers, loaded and read by hand, for images on a processor that has them.
//!
//! In other images these functions do nothing, and the cases that need them are not asked for.

/// s0 to s31.
pub const COUNT: usize = 32;

/// What a task puts into its registers: different in each, and different for each seed.
#[must_use]
pub fn pattern(seed: u32) -> [u32; COUNT] {
    core::array::from_fn(|index| seed.wrapping_mul(0x0100_0193) ^ (index as u32 + 1) << 8)
}

/// Loads all registers, counts down, and gives the number of registers that have changed.
#[must_use]
pub fn spin(turns: u32, pattern: &[u32; COUNT]) -> u32 {
    let mut registers = *pattern;
    target::count_down(turns, &mut registers);
    changed(pattern, &registers)
}

/// How many registers differ.
#[must_use]
pub fn changed(before: &[u32; COUNT], after: &[u32; COUNT]) -> u32 {
    before.iter().zip(after).map(|(before, after)| u32::from(before != after)).sum()
}

#[cfg(target_abi = "eabihf")]
mod target {
    use super::COUNT;
    use core::arch::asm;

    /// All registers, as they are.
    #[inline(always)]
    #[must_use]
    pub fn registers() -> [u32; COUNT] {
        let mut block = [0; COUNT];
        // SAFETY: stores 32 words into the block.
        unsafe {
            asm!("vstmia {0}, {{s0-s31}}", in(reg) block.as_mut_ptr(), options(nostack, preserves_flags));
        }
        block
    }

    /// Loads all registers.
    pub fn load(block: &[u32; COUNT]) {
        // SAFETY: loads 32 words from the block; the compiler is told that all registers change.
        unsafe {
            asm!(
                "vldmia {0}, {{s0-s31}}",
                in(reg) block.as_ptr(),
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                out("d12") _, out("d13") _, out("d14") _, out("d15") _,
                options(nostack, preserves_flags, readonly),
            );
        }
    }

    /// Loads all registers and executes an undefined instruction.
    pub fn load_and_die(block: &[u32; COUNT]) {
        // SAFETY: the kernel ends this task at the second instruction.
        unsafe {
            asm!("vldmia {0}, {{s0-s31}}", "udf #1", in(reg) block.as_ptr(), options(noreturn));
        }
    }

    /// Makes a system call with FP registers in use and 64 bytes of stack: enough for the frame of
    /// 32 bytes, not for that of 104.
    pub fn trap_without_room() {
        // SAFETY: the kernel ends this task at the trap.
        unsafe {
            asm!(
                "vmov.f32 s0, #1.0",
                "movw r0, #:lower16:__stack_limit",
                "movt r0, #:upper16:__stack_limit",
                "add r0, r0, #64",
                "mov sp, r0",
                "mov r11, #9",
                "svc #0",
                "b .",
                options(noreturn)
            );
        }
    }

    /// FPSCR.
    #[must_use]
    pub fn status() -> u32 {
        let status;
        // SAFETY: reads a register.
        unsafe {
            asm!("vmrs {0}, fpscr", out(reg) status, options(nomem, nostack, preserves_flags))
        };
        status
    }

    /// Writes FPSCR.
    pub fn set_status(status: u32) {
        // SAFETY: the compiler's own code does not depend on rounding mode and flags here: the
        // caller does not calculate before it has put them back.
        unsafe {
            asm!("vmsr fpscr, {0}", in(reg) status, options(nomem, nostack, preserves_flags))
        };
    }

    /// Loads all registers, counts down, and stores them again.
    pub fn count_down(turns: u32, block: &mut [u32; COUNT]) {
        // SAFETY: loads and stores 32 words of the block; the compiler is told what changes.
        unsafe {
            asm!(
                "vldmia {block}, {{s0-s31}}",
                "1: subs {turns}, {turns}, #1",
                "bne 1b",
                "vstmia {block}, {{s0-s31}}",
                block = in(reg) block.as_mut_ptr(),
                turns = inout(reg) turns.max(1) => _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                out("d12") _, out("d13") _, out("d14") _, out("d15") _,
                options(nostack),
            );
        }
    }

    /// As [`crate::misbehave::raw_call`], with these FP registers during the call; they become what
    /// the call leaves.
    #[must_use]
    pub fn call(number: u32, args: [u32; 7], registers: &mut [u32; COUNT]) -> [u32; 6] {
        let mut block = [0; 8];
        block[..7].copy_from_slice(&args);
        block[7] = number;
        // SAFETY: as in `raw_call`; the kernel keeps r0 to r3, so that r1 still points at the FP
        // registers after the call.
        unsafe {
            asm!(
                "push {{r6, r7, r12, lr}}",
                "mov r12, r0",
                "vldmia r1, {{s0-s31}}",
                "ldmia r12, {{r4-r11}}",
                "svc #0",
                "stmia r12, {{r4-r9}}",
                "vstmia r1, {{s0-s31}}",
                "pop {{r6, r7, r12, lr}}",
                in("r0") block.as_mut_ptr(),
                in("r1") registers.as_mut_ptr(),
                out("r4") _, out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            );
        }
        [block[0], block[1], block[2], block[3], block[4], block[5]]
    }
}

#[cfg(not(target_abi = "eabihf"))]
mod target {
    use super::COUNT;

    /// There are none.
    #[must_use]
    pub fn registers() -> [u32; COUNT] {
        [0; COUNT]
    }

    /// There are none.
    pub fn load(_block: &[u32; COUNT]) {}

    /// There are none.
    pub fn load_and_die(_block: &[u32; COUNT]) {}

    /// There are none.
    pub fn trap_without_room() {}

    /// There is none.
    #[must_use]
    pub fn status() -> u32 {
        0
    }

    /// There is none.
    pub fn set_status(_status: u32) {}

    /// There are none to keep.
    pub fn count_down(_turns: u32, _block: &mut [u32; COUNT]) {}

    /// There are none to keep.
    #[must_use]
    pub fn call(number: u32, args: [u32; 7], _registers: &mut [u32; COUNT]) -> [u32; 6] {
        crate::misbehave::raw_call(number, args)
    }
}

pub use target::{call, load, load_and_die, registers, set_status, status, trap_without_room};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_differ_in_each_register_and_for_each_seed() {
        let (one, two) = (pattern(1), pattern(2));
        assert_eq!(changed(&one, &two), COUNT as u32);
        assert!(one.iter().all(|register| *register != 0));
        for (place, register) in one.iter().enumerate() {
            assert!(!one[..place].contains(register));
        }
        assert_eq!(changed(&one, &one), 0);
    }
}
