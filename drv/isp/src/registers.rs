//! How the driver reaches its registers, without knowing where they are.

use drv_isp_regs::Register;

/// A write to a register of the ISP: offset in the peripheral and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Offset in bytes.
    pub offset: usize,
    /// Value.
    pub value: u32,
}

/// The registers of the ISP. On the target these are volatile accesses; in tests a model.
pub trait Registers {
    /// Reads the word at `offset` bytes.
    fn read_at(&mut self, offset: usize) -> u32;
    /// Writes a word.
    fn write_at(&mut self, write: Write);

    /// Reads a register.
    fn read(&mut self, register: &Register) -> u32 {
        self.read_at(register.offset())
    }

    /// Writes a register.
    fn write(&mut self, register: &Register, value: u32) {
        self.write_at(Write { offset: register.offset(), value });
    }
}

/// Collects the writes of a part of the plan.
pub struct Writer<'a>(pub &'a mut dyn FnMut(Write));

impl Writer<'_> {
    /// A register and its value.
    pub fn put(&mut self, register: &Register, value: u32) {
        self.0(Write { offset: register.offset(), value });
    }

    /// Element `index` of an array of registers and its value.
    pub fn put_element(&mut self, register: &Register, index: usize, value: u32) {
        self.0(Write { offset: register.offset_at(index), value });
    }
}
