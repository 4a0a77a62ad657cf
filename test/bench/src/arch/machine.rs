//! Registers of the machine (Arm DAI 0521, Arm DDI 0553B) and the few special instructions.

use core::arch::asm;
use core::ptr::{read_volatile, write_volatile};

/// A memory-mapped register of the processor or the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reg(pub usize);

impl Reg {
    /// Reads it.
    #[must_use]
    pub fn get(self) -> u32 {
        // SAFETY: the constants of this module are registers that exist in the AN521 and may be
        // read by privileged Secure code without side effects on memory that Rust owns.
        unsafe { read_volatile(self.0 as *const u32) }
    }

    /// Writes it.
    pub fn set(self, value: u32) {
        // SAFETY: as `get`; none of these registers makes the processor write memory.
        unsafe { write_volatile(self.0 as *mut u32, value) }
    }

    /// Sets these bits.
    pub fn set_bits(self, bits: u32) {
        self.set(self.get() | bits);
    }

    /// The register `words` further on.
    #[must_use]
    pub const fn word(self, words: usize) -> Self {
        Self(self.0 + 4 * words)
    }
}

/// Interrupt set-enable (Secure view).
pub const NVIC_ISER: Reg = Reg(0xE000_E100);
/// Interrupt set-pending.
pub const NVIC_ISPR: Reg = Reg(0xE000_E200);
/// Interrupt clear-pending.
pub const NVIC_ICPR: Reg = Reg(0xE000_E280);
/// Interrupt target: a set bit gives the interrupt to the Non-secure state.
pub const NVIC_ITNS: Reg = Reg(0xE000_E380);
/// Application interrupt and reset control.
pub const AIRCR: Reg = Reg(0xE000_ED0C);
/// System handler control, Secure.
pub const SHCSR: Reg = Reg(0xE000_ED24);
/// Configurable fault status, Secure.
pub const CFSR: Reg = Reg(0xE000_ED28);
/// HardFault status.
pub const HFSR: Reg = Reg(0xE000_ED2C);
/// Bus fault address.
pub const BFAR: Reg = Reg(0xE000_ED38);
/// Coprocessor access control.
pub const CPACR: Reg = Reg(0xE000_ED88);
/// Non-secure access control.
pub const NSACR: Reg = Reg(0xE000_ED8C);
/// SAU control.
pub const SAU_CTRL: Reg = Reg(0xE000_EDD0);
/// SAU region number.
pub const SAU_RNR: Reg = Reg(0xE000_EDD8);
/// SAU region base.
pub const SAU_RBAR: Reg = Reg(0xE000_EDDC);
/// SAU region limit.
pub const SAU_RLAR: Reg = Reg(0xE000_EDE0);
/// SecureFault status.
pub const SFSR: Reg = Reg(0xE000_EDE4);
/// Vector table, Non-secure.
pub const VTOR_NS: Reg = Reg(0xE002_ED08);
/// System handler control, Non-secure.
pub const SHCSR_NS: Reg = Reg(0xE002_ED24);
/// Configurable fault status, Non-secure.
pub const CFSR_NS: Reg = Reg(0xE002_ED28);
/// MemManage fault address, Non-secure.
pub const MMFAR_NS: Reg = Reg(0xE002_ED34);
/// Bus fault address, Non-secure view.
pub const BFAR_NS: Reg = Reg(0xE002_ED38);

/// CMSDK timer 0: heartbeat of core 0.
pub const TIMER0: Reg = Reg(0x5000_0000);
/// CMSDK timer 1: pacing of core 1.
pub const TIMER1: Reg = Reg(0x5000_1000);
/// Dual timer: free-running time.
pub const DUAL_TIMER: Reg = Reg(0x5000_2000);
/// Message handling unit 0.
pub const MHU0: Reg = Reg(0x5000_3000);

/// Interrupt of timer 0.
pub const TIMER0_IRQ: u32 = 3;
/// Interrupt of timer 1.
pub const TIMER1_IRQ: u32 = 4;
/// Interrupt of message handling unit 0.
pub const MHU0_IRQ: u32 = 6;

/// System clock.
pub const CYCLES_PER_US: u32 = sys_boot::mps2_an521::CYCLES_PER_US;

/// Sets up SAU region `number` for `bytes` bytes from `base` as Non-secure; 0 bytes close it.
pub fn sau_region(number: u32, base: u32, bytes: u32) {
    SAU_RNR.set(number);
    if bytes == 0 {
        SAU_RLAR.set(0);
    } else {
        SAU_RBAR.set(base);
        // The limit register holds the last 32-byte granule; bit 0 enables the region.
        SAU_RLAR.set((base + (bytes - 1)) & !0x1F | 1);
    }
    barrier();
}

/// Completes all accesses and refetches.
pub fn barrier() {
    // SAFETY: barriers change no state that Rust knows.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) }
}

/// Lets the other core run (in the deterministic mode of the emulator nothing else does).
pub fn yield_now() {
    // SAFETY: a hint.
    unsafe { asm!("yield", options(nomem, nostack, preserves_flags)) }
}

/// Executes 512 instructions and a few: 2 us of virtual time at 4 ns each. Out of line, because
/// they are too many for the constants of a function to lie behind them.
#[inline(never)]
pub fn pass_time() {
    // SAFETY: they do nothing.
    unsafe { asm!(".rept 512", "nop", ".endr", options(nomem, nostack, preserves_flags)) }
}

/// Sleeps until an enabled interrupt is pending; interrupts may be masked.
pub fn wait_for_interrupt() {
    // SAFETY: waiting changes no state that Rust knows.
    unsafe { asm!("dsb", "wfi", options(nostack, preserves_flags)) }
}

/// Masks interrupts for good; [`wait_for_interrupt`] still wakes up.
pub fn mask_interrupts() {
    // SAFETY: masking only keeps handlers from running.
    unsafe { asm!("cpsid i", options(nomem, nostack, preserves_flags)) }
}

/// Starts the free-running time: 32 bits, down, 20 MHz (CMSDK dual timer: enable, 32 bits).
pub fn start_time() {
    DUAL_TIMER.set(u32::MAX);
    DUAL_TIMER.word(2).set(0x82);
}

/// Free-running time in cycles, modulo 2^32.
#[must_use]
pub fn cycles() -> u32 {
    !DUAL_TIMER.word(1).get()
}

/// Rings core 0.
pub fn ring_core0() {
    MHU0.word(1).set(1);
}

/// Takes back the doorbell of core 0.
pub fn clear_core0_doorbell() {
    MHU0.word(2).set(0xF);
}

/// Rings core 1.
pub fn ring_core1() {
    MHU0.word(5).set(1);
}

/// Takes back the doorbell of core 1.
pub fn clear_core1_doorbell() {
    MHU0.word(6).set(0xF);
}

/// Starts this core from the vector table at this address, as a reset does: nothing of what ran
/// before goes on.
pub fn start_from(table: u32) -> ! {
    let vectors = Reg(table as usize);
    let (stack, entry) = (vectors.get(), vectors.word(1).get());
    // SAFETY: the table is one of the bench's own; its reset handler initialises all memory of this
    // core before it is used, and no frame of the old stack is returned to.
    unsafe {
        asm!("msr msp, {}", "bx {}", in(reg) stack, in(reg) entry, options(noreturn));
    }
}

macro_rules! special_register {
    ($(#[doc = $doc:literal] $name:ident = $register:literal;)+) => {
        $(
            #[doc = $doc]
            #[must_use]
            pub fn $name() -> u32 {
                let value: u32;
                // SAFETY: reading a special register has no side effect.
                unsafe {
                    asm!(concat!("mrs {}, ", $register), out(reg) value,
                        options(nomem, nostack, preserves_flags));
                }
                value
            }
        )+
    };
}
special_register! {
    #[doc = "Non-secure process stack pointer."] psp_ns = "psp_ns";
    #[doc = "Non-secure main stack pointer."] msp_ns = "msp_ns";
    #[doc = "Non-secure CONTROL: bit 0 unprivileged, bit 1 process stack."] control_ns = "control_ns";
    #[doc = "Exception number."] ipsr = "ipsr";
}

/// May the Non-secure state access this address? `unprivileged` or privileged, for a write or not.
#[must_use]
pub fn non_secure_may(address: u32, unprivileged: bool, write: bool) -> bool {
    let answer: u32;
    // SAFETY: test target changes nothing and accesses no memory.
    unsafe {
        if unprivileged {
            asm!("ttat {}, {}", out(reg) answer, in(reg) address,
                options(nomem, nostack, preserves_flags));
        } else {
            asm!("tta {}, {}", out(reg) answer, in(reg) address,
                options(nomem, nostack, preserves_flags));
        }
    }
    // Arm DDI 0553B, TT_RESP: R bit 18, RW bit 19.
    answer & if write { 1 << 19 } else { 1 << 18 } != 0
}
