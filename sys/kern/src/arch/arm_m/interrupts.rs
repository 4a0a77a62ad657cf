//! The interrupt controller: enable, pend and clear single lines.
//!
//! Arm DDI 0553: NVIC_ISER, ICER, ISPR, ICPR, one bit per line.

use super::registers::Register;

const ISER: Register = Register::interrupts(0xE000_E100);
const ICER: Register = Register::interrupts(0xE000_E180);
const ISPR: Register = Register::interrupts(0xE000_E200);
const ICPR: Register = Register::interrupts(0xE000_E280);

const fn place(bank: Register, irq: u16) -> (Register, u32) {
    (bank.bank(irq / 32), 1 << (irq % 32))
}

/// Lets the line interrupt.
pub fn enable(irq: u16) {
    let (register, bit) = place(ISER, irq);
    register.write(bit);
}

/// Keeps the line from interrupting.
pub fn disable(irq: u16) {
    let (register, bit) = place(ICER, irq);
    register.write(bit);
}

/// Makes the line pending.
pub fn pend(irq: u16) {
    let (register, bit) = place(ISPR, irq);
    register.write(bit);
}

/// Forgets that the line is pending.
pub fn clear_pending(irq: u16) {
    let (register, bit) = place(ICPR, irq);
    register.write(bit);
}

/// Whether the line may interrupt.
pub fn is_enabled(irq: u16) -> bool {
    let (register, bit) = place(ISER, irq);
    register.read() & bit != 0
}

/// Whether the line is pending.
pub fn is_pending(irq: u16) -> bool {
    let (register, bit) = place(ISPR, irq);
    register.read() & bit != 0
}
