//! System registers that the kernel uses: address and access, nothing else.
//!
//! Addresses: Arm DDI 0553, D1.1 (system control space, own security state's view).
//!
//! # Why not `cortex-m`
//! The kernel needs a dozen registers, its own vector table and its own start-up; the crate's types
//! hand the peripherals out once, to a program that owns the processor, and its MPU is that of
//! Armv7-M. The switch also keeps one base address in a register, which a type per register hides.

/// A word-wide system register.
#[derive(Clone, Copy)]
pub struct Register(u32);

/// Start of the system control space: one base for the registers that a switch uses, so that the
/// compiler keeps one address.
pub const SYSTEM_CONTROL: u32 = 0xE000_E000;
/// SysTick Current Value Register, from [`SYSTEM_CONTROL`] on.
pub const SYST_CVR_OFFSET: u32 = 0x18;
/// Interrupt Control and State Register, from [`SYSTEM_CONTROL`] on.
pub const ICSR_OFFSET: u32 = 0xD04;
/// MPU Region Base Address Register, followed by RLAR and the three alias pairs.
pub const MPU_RBAR: u32 = 0xE000_ED9C;
/// MPU Region Number Register, from [`MPU_RBAR`] on: the word before.
pub const MPU_RNR_OFFSET: i32 = -4;

/// Interrupt Control and State Register.
pub const ICSR: Register = Register(0xE000_ED04);
/// Application Interrupt and Reset Control Register.
pub const AIRCR: Register = Register(0xE000_ED0C);
/// Configuration and Control Register.
pub const CCR: Register = Register(0xE000_ED14);
/// System Handler Control and State Register.
pub const SHCSR: Register = Register(0xE000_ED24);
/// Configurable Fault Status Register.
pub const CFSR: Register = Register(0xE000_ED28);
/// HardFault Status Register.
pub const HFSR: Register = Register(0xE000_ED2C);
/// MemManage Fault Address Register.
pub const MMFAR: Register = Register(0xE000_ED34);
/// BusFault Address Register.
pub const BFAR: Register = Register(0xE000_ED38);
/// SysTick Control and Status Register.
pub const SYST_CSR: Register = Register(0xE000_E010);
/// SysTick Reload Value Register.
pub const SYST_RVR: Register = Register(0xE000_E014);
/// SysTick Current Value Register.
pub const SYST_CVR: Register = Register(0xE000_E018);
/// Coprocessor Access Control Register.
pub const CPACR: Register = Register(0xE000_ED88);
/// Floating-Point Context Control Register.
pub const FPCCR: Register = Register(0xE000_EF34);
/// MPU Region Number Register.
pub const MPU_RNR: Register = Register(MPU_RBAR.wrapping_add_signed(MPU_RNR_OFFSET));
/// MPU Region Limit Address Register.
pub const MPU_RLAR: Register = Register(0xE000_EDA0);
/// MPU Control Register.
pub const MPU_CTRL: Register = Register(0xE000_ED94);
/// MPU Memory Attribute Indirection Register 0.
pub const MPU_MAIR0: Register = Register(0xE000_EDC0);

impl Register {
    /// One of a bank of registers, word `index` from this one on.
    pub const fn bank(self, index: u16) -> Self {
        Self(self.0.wrapping_add(4 * index as u32))
    }

    /// First register of a bank of the interrupt controller.
    pub const fn interrupts(address: u32) -> Self {
        Self(address)
    }

    /// Where it is.
    #[inline(always)]
    pub const fn address(self) -> *mut u32 {
        core::ptr::with_exposed_provenance_mut(self.0 as usize)
    }

    /// Reads it.
    #[inline(always)]
    pub fn read(self) -> u32 {
        // SAFETY: the constants of this file are word registers of the system control space,
        // readable by the kernel at any time; nothing in Rust's memory lies there.
        unsafe { self.address().read_volatile() }
    }

    /// Writes it.
    #[inline(always)]
    pub fn write(self, value: u32) {
        // SAFETY: as in `read`; what a value means for the machine is the caller's matter, but
        // no register of this file changes memory that Rust owns (the MPU never restricts the
        // kernel: PRIVDEFENA).
        unsafe { self.address().write_volatile(value) };
    }
}
