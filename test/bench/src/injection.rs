//! One fault to inject into a task: what the host tells the bench before the machine starts.
//!
//! The host stops the machine at the instruction where the fault is due and sends the processor to
//! [`REQUEST_ADDRESS`], which is Secure: the bench takes the fault of that branch, does what this
//! block says to the interrupted task, and lets it go on at the instruction. So the fault hits
//! between two instructions, whatever the MPU of the task allows, and costs no instruction of the
//! product. Little-endian words at [`BLOCK`]:
//!
//! | word | meaning |
//! |---|---|
//! | 0 | magic |
//! | 1 | kind: 1 register, 2 RAM, 3 code, 4 panic, 5 hang |
//! | 2 | address of the instruction before which it happens |
//! | 3 | entry of the task: a request there mends the code |
//! | 4, 5 | arguments a and b of the kind |
//!
//! A flipped bit of code stays until the next life begins, as in a cell that a loader writes again;
//! so does the loop of a hang.

use sys_boot::MemoryRange;
use sys_boot::mps2_an521::BENCH_PARAMETERS;

/// Where the block lies: behind the parameter block of the bench.
pub const BLOCK: MemoryRange = MemoryRange::new(BENCH_PARAMETERS.base + 0x2000, BYTES as u32);
/// First word of a block that somebody wrote.
pub const MAGIC: u32 = 0x314A_4E49;
/// Words of the block.
pub const WORDS: usize = 6;
/// Bytes of the block.
pub const BYTES: usize = 4 * WORDS;
/// Where the host sends the processor: Secure memory that holds no code.
pub const REQUEST_ADDRESS: u32 = 0x3000_0100;

/// What happens to the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Bits of a register change: r0 to r12, r14, or r15 (where it goes on).
    Register {
        /// Its number.
        number: u8,
        /// The bits.
        mask: u32,
    },
    /// A bit of memory in use changes: from the stack pointer to the end of the task's RAM.
    Ram {
        /// Counts the bits from the stack pointer on, modulo what there is.
        bit: u32,
        /// End of the task's RAM.
        end: u32,
    },
    /// Bits of the instruction change.
    Code {
        /// First halfword, and second halfword in the upper half.
        mask: u32,
    },
    /// The task panics by itself.
    Panic {
        /// Address of one of its supervisor calls.
        call: u32,
        /// Number of the system call.
        number: u32,
    },
    /// The instruction becomes a loop around itself.
    Hang,
}

/// The block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection {
    /// What happens.
    pub fault: Fault,
    /// Before which instruction.
    pub site: u32,
    /// First instruction of the task's lives.
    pub entry: u32,
}

impl Injection {
    /// The block as words.
    #[must_use]
    pub const fn encode(&self) -> [u32; WORDS] {
        let (kind, a, b) = match self.fault {
            Fault::Register { number, mask } => (1, number as u32, mask),
            Fault::Ram { bit, end } => (2, bit, end),
            Fault::Code { mask } => (3, mask, 0),
            Fault::Panic { call, number } => (4, call, number),
            Fault::Hang => (5, 0, 0),
        };
        [MAGIC, kind, self.site, self.entry, a, b]
    }

    /// The encoded block as bytes.
    #[must_use]
    pub fn encode_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(self.encode()) {
            *chunk = word.to_le_bytes();
        }
        bytes
    }

    /// The block in `words`, if somebody wrote one.
    #[must_use]
    pub const fn decode(words: &[u32; WORDS]) -> Option<Self> {
        let [magic, kind, site, entry, a, b] = *words;
        if magic != MAGIC {
            return None;
        }
        let fault = match kind {
            1 => Fault::Register { number: (a & 15) as u8, mask: b },
            2 => Fault::Ram { bit: a, end: b },
            3 => Fault::Code { mask: a },
            4 => Fault::Panic { call: a, number: b },
            5 => Fault::Hang,
            _ => return None,
        };
        Some(Self { fault, site, entry })
    }
}

/// Which word of memory, and which of its bits: bit `bit` of the memory from `start` to `end`,
/// modulo its size; `None` if there is none.
#[must_use]
pub const fn place(bit: u32, start: u32, end: u32) -> Option<(u32, u32)> {
    let start = start & !3;
    match end.saturating_sub(start) / 4 {
        0 => None,
        words => Some((start + 4 * ((bit / 32) % words), 1 << (bit % 32))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_writes_is_what_the_bench_reads() {
        for fault in [
            Fault::Register { number: 12, mask: 1 << 31 },
            Fault::Ram { bit: 77, end: 0x2810_8000 },
            Fault::Code { mask: 0x0001_0000 },
            Fault::Panic { call: 0x0011_0000, number: 9 },
            Fault::Hang,
        ] {
            let injection = Injection { fault, site: 0x0011_1234, entry: 0x0011_0E60 };
            assert_eq!(Injection::decode(&injection.encode()), Some(injection));
        }
        assert_eq!(Injection::decode(&[0; WORDS]), None);
    }

    #[test]
    fn bits_of_ram_are_counted_from_the_stack_pointer() {
        assert_eq!(place(0, 0x100, 0x110), Some((0x100, 1)));
        assert_eq!(place(33, 0x100, 0x110), Some((0x104, 2)));
        assert_eq!(place(4 * 32 + 5, 0x102, 0x110), Some((0x100, 1 << 5)));
        assert_eq!(place(0, 0x110, 0x110), None);
        assert_eq!(place(0, 0x120, 0x110), None);
    }

    #[test]
    fn the_block_lies_in_the_benchs_parameters_behind_those_of_the_run() {
        assert!(BENCH_PARAMETERS.contains(BLOCK));
        assert!(BLOCK.base as usize >= BENCH_PARAMETERS.base as usize + crate::params::BYTES);
    }
}
