//! Which bytes of the driver's memory are alive at an instruction: those that the clean run reads
//! later, before it writes them.
//!
//! # Why
//! Most of a task's memory is never looked at again: what a call left on the stack, tables of other
//! pipelines. A bit that flips there shows nothing and proves nothing, as code that nobody executes
//! does. So bits of memory are drawn as instructions are: from what the clean run uses.
//!
//! A log of the clean run with the registers before each instruction of the driver tells the address
//! of each load and store. What the kernel reads and writes for the driver (messages, leases) is not
//! in it; neither are conditional instructions, of which the log does not say whether they did
//! anything.

use super::route::{Halfwords, in_it_block, is_long};
use super::trace::{Line, Trace};
use anyhow::{Context, ensure};
use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;
use std::ops::Range;
use test_bench::decode::{self, Direction, Registers, SP};

/// What the clean run does with the driver's memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// For each byte, the instructions that read (`true`) or write it, in order.
    uses: BTreeMap<u32, Vec<(usize, bool)>>,
    /// The stack pointer before each instruction of the driver, by number.
    stack: HashMap<usize, u32>,
}

impl Memory {
    /// Reads a log of the same run as `trace`, with the registers before each instruction in `code`.
    ///
    /// # Errors
    /// If it cannot be read, or is another run's.
    pub fn read(
        log: impl BufRead,
        trace: &Trace,
        code: &Range<u32>,
        ram: &Range<u32>,
        half: Halfwords<'_>,
    ) -> anyhow::Result<Self> {
        let executed = executed(log, trace.pcs()[0])?;
        let numbers = trace.pcs().iter().enumerate().filter(|(_, pc)| code.contains(pc));
        let mut this = Self::default();
        let mut before = Vec::new();
        let mut count = 0;
        for ((number, pc), (logged, registers)) in numbers.zip(&executed) {
            ensure!(pc == logged, "two clean runs differ: {pc:#x} and {logged:#x} at {number}");
            this.stack.insert(number, registers[SP]);
            if !in_it_block(&before, half) {
                this.note(number, ram, half(*pc), half(*pc + 2), registers);
            }
            before.push(*pc);
            count += 1;
        }
        ensure!(count == executed.len(), "two clean runs differ: one has more instructions");
        Ok(this)
    }

    fn note(
        &mut self,
        number: usize,
        ram: &Range<u32>,
        first: u16,
        second: u16,
        registers: &Registers,
    ) {
        let Some(access) = access(first, second, registers) else { return };
        let bytes = access.address..access.address.saturating_add(access.bytes);
        for byte in bytes.filter(|byte| ram.contains(byte)) {
            self.uses.entry(byte).or_default().push((number, access.is_read));
        }
    }

    /// The bits that are alive before instruction `number`, as numbers that the bench counts from
    /// the stack pointer on ([`test_bench::injection::place`]): the first one of each byte.
    #[must_use]
    pub fn alive(&self, number: usize) -> Vec<u32> {
        let Some(stack) = self.stack.get(&number) else { return Vec::new() };
        let stack = stack & !3;
        let is_alive = |uses: &Vec<(usize, bool)>| {
            let next = uses.partition_point(|(user, _)| *user < number);
            uses.get(next).is_some_and(|(_, is_read)| *is_read)
        };
        let alive = self.uses.range(stack..).filter(|(_, uses)| is_alive(uses));
        alive.map(|(byte, _)| 8 * (byte - stack)).collect()
    }
}

#[cfg(test)]
impl Memory {
    /// A stack at 0, and one byte that the last of `count` instructions reads.
    pub fn all_alive(count: usize, byte: u32) -> Self {
        let stack = (0..count).map(|number| (number, 0)).collect();
        Self { uses: BTreeMap::from([(byte, vec![(count, true)])]), stack }
    }
}

/// Each instruction from the first execution of `began` on, with the registers before it, but that
/// one itself.
///
/// # Errors
/// If the log cannot be read.
pub fn executed(mut log: impl BufRead, began: u32) -> anyhow::Result<Vec<(u32, Registers)>> {
    let mut executed: Vec<(u32, Registers)> = Vec::new();
    let mut has_begun = false;
    let mut text = Vec::new();
    while log.read_until(b'\n', &mut text).context("cannot read the log")? != 0 {
        match Line::read(&text)? {
            Line::Begun(pc) if pc == began => has_begun = true,
            Line::Begun(pc) if has_begun => executed.push((pc, [0; 16])),
            Line::TakenBack(pc) => drop(executed.pop_if(|(last, _)| *last == pc)),
            Line::Registers(values) => {
                if let Some((_, registers)) = executed.last_mut() {
                    values.for_each(|(number, value)| registers[number] = value);
                }
            }
            _ => {}
        }
        text.clear();
    }
    Ok(executed)
}

/// A range of memory that an instruction reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Access {
    address: u32,
    bytes: u32,
    is_read: bool,
}

fn access(first: u16, second: u16, registers: &Registers) -> Option<Access> {
    if let Ok(transfer) = decode::decode(first, second, registers) {
        let count = if transfer.second.is_some() { 2 } else { 1 };
        let bytes = count * u32::from(transfer.bytes);
        let is_read = transfer.direction != Direction::Store;
        return Some(Access { address: transfer.address, bytes, is_read });
    }
    multiple(u32::from(first), u32::from(second), registers)
}

/// PUSH, POP, LDM, STM. Arm DDI 0553B, C2.3: load/store multiple, 16-bit and 32-bit encodings.
fn multiple(first: u32, second: u32, registers: &Registers) -> Option<Access> {
    let words = |list: u32| 4 * list.count_ones();
    let up =
        |base: u32, list: u32, is_read| Some(Access { address: base, bytes: words(list), is_read });
    let down = |base: u32, list: u32, is_read| {
        let bytes = words(list);
        Some(Access { address: base.wrapping_sub(bytes), bytes, is_read })
    };
    let base = registers[(first >> 8 & 7) as usize];
    match first >> 9 {
        _ if is_long(first as u16) => {
            let (base, is_read) = (registers[(first & 15) as usize], first & 0x10 != 0);
            match first >> 6 {
                0b11_1010_0010 => up(base, second, is_read),
                0b11_1010_0100 => down(base, second, is_read),
                _ => None,
            }
        }
        0b101_1010 => down(registers[SP], first & 0x1FF, false),
        0b101_1110 => up(registers[SP], first & 0x1FF, true),
        0b110_0000..=0b110_0011 => up(base, first & 0xFF, false),
        0b110_0100..=0b110_0111 => up(base, first & 0xFF, true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registers(r1: u32, sp: u32) -> Registers {
        let mut registers = [0; 16];
        (registers[1], registers[SP]) = (r1, sp);
        registers
    }

    fn check(code: [u16; 2], expect: Option<(u32, u32, bool)>) {
        let expect = expect.map(|(address, bytes, is_read)| Access { address, bytes, is_read });
        assert_eq!(access(code[0], code[1], &registers(0x100, 0x200)), expect, "{code:04x?}");
    }

    #[test]
    fn loads_and_stores_are_found_with_their_ranges() {
        check([0x6848, 0], Some((0x104, 4, true))); // ldr r0, [r1, #4]
        check([0x7008, 0], Some((0x100, 1, false))); // strb r0, [r1]
        check([0xE9D1, 0x2304], Some((0x110, 8, true))); // ldrd r2, r3, [r1, #16]
        check([0xB5F0, 0], Some((0x1EC, 20, false))); // push {r4-r7, lr}
        check([0xBDF0, 0], Some((0x200, 20, true))); // pop {r4-r7, pc}
        check([0xC90C, 0], Some((0x100, 8, true))); // ldmia r1!, {r2, r3}
        check([0xC10C, 0], Some((0x100, 8, false))); // stmia r1!, {r2, r3}
        check([0xE92D, 0x4FF0], Some((0x1DC, 36, false))); // push.w {r4-r11, lr}
        check([0xE8BD, 0x8FF0], Some((0x200, 36, true))); // pop.w {r4-r11, pc}
        check([0xE881, 0x000C], Some((0x100, 8, false))); // stmia.w r1, {r2, r3}
        check([0x4608, 0], None); // mov r0, r1
        check([0xF000, 0xF800], None); // bl
    }

    /// `str`, then twice `ldr`, of `[r1]`.
    const LOG: &str = "\
        Trace 0: 0x7f97 [00800402/00000050/00000110/ff020201] \n\
        Trace 0: 0x7f97 [00800402/00000010/00000110/ff020201] \n\
        R00=00000000 R01=00000100 R02=00000000 R03=00000000\n\
        R12=00000000 R13=000000f4 R14=00000000 R15=00000010\n\
        Trace 0: 0x7f97 [00800402/00000012/00000110/ff020201] \n\
        R00=00000000 R01=00000100 R02=00000000 R03=00000000\n\
        R12=00000000 R13=000000f4 R14=00000000 R15=00000012\n\
        Trace 0: 0x7f97 [00800402/00000014/00000110/ff020201] \n\
        Stopped execution of TB chain before 0x7f99 [00000014] \n\
        Trace 0: 0x7f97 [00800402/00000014/00000110/ff020201] \n\
        R00=00000000 R01=00000100 R02=00000000 R03=00000000\n\
        R12=00000000 R13=000000f4 R14=00000000 R15=00000014\n";

    fn half(pc: u32) -> u16 {
        if pc == 0x10 { 0x6008 } else { 0x6808 }
    }

    fn read(executed: &[u32]) -> anyhow::Result<Memory> {
        let trace = Trace::of(executed, 1, 0);
        Memory::read(LOG.as_bytes(), &trace, &(0x10..0x20), &(0x80..0x180), &half)
    }

    #[test]
    fn bytes_are_alive_before_they_are_read_and_dead_before_they_are_written() {
        let memory = read(&[0x50, 0x10, 0x90, 0x12, 0x14, 0x92]).expect("the same run");
        let first_bits = vec![96, 104, 112, 120];
        let alive: Vec<_> = (0..6).map(|number| memory.alive(number)).collect();
        assert_eq!(alive, [vec![], vec![], vec![], first_bits.clone(), first_bits, vec![]]);
    }

    #[test]
    fn a_log_of_another_run_is_refused() {
        assert!(read(&[0x50, 0x10, 0x14]).is_err());
        assert!(read(&[0x50, 0x10, 0x12]).is_err());
    }
}
