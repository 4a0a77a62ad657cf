//! One fault to inject into a task: what the host tells the bench before the machine starts.
//!
//! ```text
//!  Secure entry number `arm_at`: the first stop's instruction becomes a branch to REQUEST_ADDRESS
//!  the branch is taken: the bench puts the instruction back, and patches the next stop
//!  ... at the last stop, the site: does the fault to the task, patches the task's entry
//!  the next life begins: the bench puts back what it changed
//! ```
//! The branch goes to Secure memory, so it faults into the bench whatever the task may do, between
//! two instructions and without a trace in the product. Everything happens in the machine, because a
//! stop from outside is not reproducible: the emulator lets time pass, or the other core run, until
//! all of it stands still. Which stops lead to which instruction is for the host to find out.
//!
//! Little-endian words at [`BLOCK`]:
//!
//! | word | meaning |
//! |---|---|
//! | 0 | magic |
//! | 1 | kind: 0 nothing, 1 register, 2 RAM in use, 3 code, 4 panic, 5 hang, 6 a word of RAM |
//! | 2 | `arm_at`: number of the Secure entry, counted from 1 |
//! | 3 | entry of the task: where its next life begins |
//! | 4, 5 | arguments a and b of the kind |
//! | 6 | number of stops |
//! | 7.. | addresses of the stops; the last one is the site |
//!
//! What it changed the bench tells in a line ([`Injected`]).

mod injected;

pub use injected::{Injected, Place};

use sys_boot::MemoryRange;
use sys_boot::mps2_an521::BENCH_PARAMETERS;

/// Where the block lies: behind the parameter block of the bench.
pub const BLOCK: MemoryRange = MemoryRange::new(BENCH_PARAMETERS.base + 0x2000, BYTES as u32);
/// First word of a block that somebody wrote.
pub const MAGIC: u32 = 0x314A_4E49;
/// Index of the word `arm_at`.
pub const ARM_AT_WORD: usize = 2;
/// Most stops.
pub const STOPS_MAX: usize = 24;
/// Words of the block.
pub const WORDS: usize = STOPS_WORD + STOPS_MAX;
/// Bytes of the block.
pub const BYTES: usize = 4 * WORDS;
/// Where a patched instruction branches to: Secure memory within reach of the product's code
/// (`arch::boot` ends the Non-secure part there).
pub const REQUEST_ADDRESS: u32 = 0x00E0_0000;

const STOPS_WORD: usize = 7;

/// What happens to the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the way to the site is tried.
    Nothing,
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
    /// Bits of the code at an address change, until the task's next life.
    Code {
        /// Where: the site's, or any other instruction's.
        address: u32,
        /// First halfword, and second halfword in the upper half.
        mask: u32,
    },
    /// Bits of a word of the task's RAM change.
    Word {
        /// Where; a multiple of 4.
        address: u32,
        /// The bits.
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
    /// Number of the Secure entry at which the first stop is patched.
    pub arm_at: u32,
    /// First instruction of the task's lives.
    pub entry: u32,
    stops: [u32; STOPS_MAX],
    stop_count: usize,
}

impl Injection {
    /// This fault at the last of these stops. `None` if there is no stop, or too many.
    #[must_use]
    pub fn new(fault: Fault, arm_at: u32, entry: u32, stops: &[u32]) -> Option<Self> {
        let mut all = [0; STOPS_MAX];
        all.get_mut(..stops.len())?.copy_from_slice(stops);
        let this = Self { fault, arm_at, entry, stops: all, stop_count: stops.len() };
        (!stops.is_empty()).then_some(this)
    }

    /// Addresses of the stops.
    #[must_use]
    pub fn stops(&self) -> &[u32] {
        &self.stops[..self.stop_count]
    }

    /// The instruction before which the fault happens.
    #[must_use]
    pub fn site(&self) -> u32 {
        self.stops[self.stop_count - 1]
    }

    /// The block as words.
    #[must_use]
    pub fn encode(&self) -> [u32; WORDS] {
        let (kind, a, b) = match self.fault {
            Fault::Nothing => (0, 0, 0),
            Fault::Register { number, mask } => (1, u32::from(number), mask),
            Fault::Ram { bit, end } => (2, bit, end),
            Fault::Code { address, mask } => (3, address, mask),
            Fault::Panic { call, number } => (4, call, number),
            Fault::Hang => (5, 0, 0),
            Fault::Word { address, mask } => (6, address, mask),
        };
        let mut words = [0; WORDS];
        let head = [MAGIC, kind, self.arm_at, self.entry, a, b, self.stop_count as u32];
        words[..STOPS_WORD].copy_from_slice(&head);
        words[STOPS_WORD..].copy_from_slice(&self.stops);
        words
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
    pub fn decode(words: &[u32; WORDS]) -> Option<Self> {
        let [magic, kind, arm_at, entry, a, b, count, ref stops @ ..] = *words;
        if magic != MAGIC {
            return None;
        }
        let fault = match kind {
            0 => Fault::Nothing,
            1 => Fault::Register { number: (a & 15) as u8, mask: b },
            2 => Fault::Ram { bit: a, end: b },
            3 => Fault::Code { address: a, mask: b },
            4 => Fault::Panic { call: a, number: b },
            5 => Fault::Hang,
            6 => Fault::Word { address: a & !3, mask: b },
            _ => return None,
        };
        Self::new(fault, arm_at, entry, stops.get(..count as usize)?)
    }
}

/// The instruction at `site` that branches to `target`, as two halfwords, the first one lower.
/// `None` if it is out of reach. Arm DDI 0553B, C2.4.23, encoding T4.
#[must_use]
pub fn branch(site: u32, target: u32) -> Option<u32> {
    const REACH: i32 = 1 << 24;
    let offset = target.wrapping_sub(site.wrapping_add(4)) as i32;
    if !(-REACH..REACH).contains(&offset) || offset & 1 != 0 {
        return None;
    }
    let bit = |number: u32| offset as u32 >> number & 1;
    let sign = bit(24);
    let (j1, j2) = (1 ^ bit(23) ^ sign, 1 ^ bit(22) ^ sign);
    let first = 0xF000 | sign << 10 | offset as u32 >> 12 & 0x3FF;
    let second = 0x9000 | j1 << 13 | j2 << 11 | offset as u32 >> 1 & 0x7FF;
    Some(first | second << 16)
}

/// `svc #0`. Arm DDI 0553B, SVC, encoding T1.
const SUPERVISOR_CALL: u16 = 0xDF00;
/// How far from an instruction the next system call of its task may be, in halfwords.
const CALL_WITHIN: u32 = 0x4000;

/// The system call next to an instruction: that of the same task, whose code lies together. `code`
/// gives the halfwords where there are any.
#[must_use]
pub fn nearest_call(pc: u32, code: impl Fn(u32) -> Option<u16>) -> Option<u32> {
    let both = |n: u32| [pc.wrapping_add(2 * n), pc.wrapping_sub(2 * n)];
    (0..CALL_WITHIN).flat_map(both).find(|address| code(*address) == Some(SUPERVISOR_CALL))
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
            Fault::Nothing,
            Fault::Register { number: 12, mask: 1 << 31 },
            Fault::Ram { bit: 77, end: 0x2810_8000 },
            Fault::Code { address: 0x0011_2002, mask: 0x0001_0000 },
            Fault::Word { address: 0x2810_0010, mask: 0x8000_0001 },
            Fault::Panic { call: 0x0011_0000, number: 9 },
            Fault::Hang,
        ] {
            let stops = [0x0011_1234, 0x0011_2000];
            let injection = Injection::new(fault, 5, 0x0011_0E60, &stops).expect("two stops");
            assert_eq!(Injection::decode(&injection.encode()), Some(injection));
            assert_eq!((injection.stops(), injection.site()), (&stops[..], stops[1]));
            assert_eq!(injection.encode()[ARM_AT_WORD], 5);
        }
        assert_eq!(Injection::decode(&[0; WORDS]), None);
    }

    #[test]
    fn there_is_at_least_one_stop_and_not_too_many() {
        let with = |count| Injection::new(Fault::Hang, 1, 0, &vec![2; count]);
        assert!(with(0).is_none() && with(STOPS_MAX + 1).is_none());
        assert!(with(STOPS_MAX).is_some());
        let mut words = with(1).expect("one stop").encode();
        words[STOPS_WORD - 1] = u32::MAX;
        assert_eq!(Injection::decode(&words), None);
    }

    #[test]
    fn branches_are_encoded_as_the_assembler_does() {
        // `b.w` forth and back, as an assembler encodes them.
        assert_eq!(branch(0x1000, 0x1004), Some(0xB800_F000));
        assert_eq!(branch(0x1000, 0x1000), Some(0xBFFE_F7FF));
        assert_eq!(branch(0x1000, 0x0020_1004), Some(0xB800_F200));
        assert_eq!(branch(0, REQUEST_ADDRESS + (4 << 20)), None);
        assert_eq!(branch(0, 5), None);
    }

    #[test]
    fn all_of_the_products_code_reaches_the_request_address() {
        let flash = sys_boot::mps2_an521::PRODUCT_FLASH;
        for site in [flash.base, flash.end() - 4] {
            assert!(branch(site, REQUEST_ADDRESS).is_some());
        }
    }

    #[test]
    fn a_task_falls_silent_at_the_system_call_next_to_it() {
        let calls = [0x100, 0x180];
        let code = |address| {
            (0x100..0x200)
                .contains(&address)
                .then(|| if calls.contains(&address) { SUPERVISOR_CALL } else { 0x4770 })
        };
        for (pc, call) in [(0x100, 0x100), (0x120, 0x100), (0x150, 0x180), (0x1F0, 0x180)] {
            assert_eq!(nearest_call(pc, code), Some(call), "{pc:#x}");
        }
        assert_eq!(nearest_call(0x120, |_| Some(0x4770)), None);
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
