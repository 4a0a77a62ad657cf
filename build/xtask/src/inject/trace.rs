//! What the product executed in a clean run, in order, and where it entered the Secure state: the
//! emulator's log, read.
//!
//! The log has a line per translation block, and the emulator was told to make blocks of one
//! instruction. A block that was begun and not executed (a device access is done in a block of its
//! own, a slice was over) is taken back by the line that follows:
//!
//! ```text
//! Trace 0: 0x7f97c426d940 [00800402/00100244/00000110/ff020201]
//! cpu_io_recompile: rewound execution of TB to 00100244
//! Stopped execution of TB chain before 0x7f97c426d940 [00100244]
//! ```

use anyhow::Context;
use std::io::BufRead;

/// An instruction that was not executed before.
const NEVER: u32 = u32::MAX;

/// The instructions since streaming began; number 0 is the first one.
#[derive(Clone, Debug)]
pub struct Trace {
    pcs: Vec<u32>,
    /// Number of the latest earlier execution of the same address.
    before: Vec<u32>,
    /// Entries into the Secure state before streaming began.
    entries_before: u32,
    /// For each later entry, the number of the instruction that comes after it.
    entries: Vec<usize>,
}

impl Trace {
    /// Reads a log; numbers start at the first execution of `began`. An execution of `entered`
    /// is an entry into the Secure state.
    ///
    /// # Errors
    /// If it cannot be read, or the address was never executed.
    pub fn read(log: impl BufRead, began: u32, entered: u32) -> anyhow::Result<Self> {
        let all = executed(log)?;
        let start = all.iter().position(|pc| *pc == began & !1);
        let start = start.context("the clean run never began to stream")?;
        let is_entry = |pc: &&u32| **pc == entered & !1;
        let entries_before = all[..start].iter().filter(is_entry).count();
        Ok(Self::of(&all[start..], entered & !1, u32::try_from(entries_before)?))
    }

    /// These instructions, among them entries.
    #[must_use]
    pub fn of(executed: &[u32], entered: u32, entries_before: u32) -> Self {
        let mut latest = std::collections::HashMap::new();
        let mut this =
            Self { pcs: Vec::new(), before: Vec::new(), entries_before, entries: Vec::new() };
        for pc in executed {
            let number = this.pcs.len();
            if *pc == entered {
                this.entries.push(number);
            } else {
                let number = u32::try_from(number).expect("a trace is shorter than 2^32");
                this.before.push(latest.insert(*pc, number).unwrap_or(NEVER));
                this.pcs.push(*pc);
            }
        }
        this
    }

    /// The latest entry into the Secure state before instruction `number`: its number since boot,
    /// counted from 1, and the number of the instruction that comes after it.
    #[must_use]
    pub fn entry_before(&self, number: usize) -> Option<(u32, usize)> {
        let count = self.entries.partition_point(|after| *after <= number);
        let after = *self.entries.get(count.checked_sub(1)?)?;
        Some((self.entries_before + u32::try_from(count).ok()?, after))
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pcs.len()
    }

    /// Their addresses.
    #[must_use]
    pub fn pcs(&self) -> &[u32] {
        &self.pcs
    }

    /// Number of the latest execution of the same address before instruction `number`.
    #[must_use]
    pub fn before(&self, number: usize) -> Option<usize> {
        let before = self.before[number];
        (before != NEVER).then_some(before as usize)
    }

    /// The first instruction from `number` on whose address is in `range`.
    #[must_use]
    pub fn first_in(&self, range: &std::ops::Range<u32>, number: usize) -> Option<usize> {
        let rest = self.pcs.get(number..)?;
        rest.iter().position(|pc| range.contains(pc)).map(|found| number + found)
    }

    /// The `n`-th execution (1, 2, ...) of an address.
    #[must_use]
    pub fn nth(&self, pc: u32, n: usize) -> Option<usize> {
        let all = self.pcs.iter().enumerate().filter(|(_, other)| **other == pc & !1);
        all.map(|(number, _)| number).nth(n.checked_sub(1)?)
    }
}

fn executed(mut log: impl BufRead) -> anyhow::Result<Vec<u32>> {
    let mut pcs = Vec::new();
    let mut text = Vec::new();
    while log.read_until(b'\n', &mut text).context("cannot read the log")? != 0 {
        match Line::read(&text)? {
            Line::Begun(pc) => pcs.push(pc),
            Line::TakenBack(pc) => drop(pcs.pop_if(|last| *last == pc)),
            Line::Registers(_) | Line::Other => {}
        }
        text.clear();
    }
    Ok(pcs)
}

/// A line of the log.
pub enum Line<'a> {
    /// The block of the instruction at this address is begun.
    Begun(u32),
    /// The block that was begun there is not executed.
    TakenBack(u32),
    /// Registers before the block that was begun: number and value.
    Registers(Box<dyn Iterator<Item = (usize, u32)> + 'a>),
    /// Anything else.
    Other,
}

impl<'a> Line<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// If the address of a block is missing.
    pub fn read(line: &'a [u8]) -> anyhow::Result<Self> {
        let with_address = || {
            address(line).with_context(|| {
                format!("a log line without an address: {}", String::from_utf8_lossy(line))
            })
        };
        Ok(match line {
            [b'T', b'r', b'a', b'c', b'e', b' ', b'0', b':', ..] => Self::Begun(with_address()?),
            [b'R', b'0' | b'1', ..] => Self::Registers(Box::new(registers(line))),
            _ if line.starts_with(b"cpu_io_recompile") || line.starts_with(b"Stopped") => {
                Self::TakenBack(with_address()?)
            }
            _ => Self::Other,
        })
    }
}

/// `R00=00000000 R01=...`: numbers are decimal, values hexadecimal.
fn registers(line: &[u8]) -> impl Iterator<Item = (usize, u32)> {
    let words = std::str::from_utf8(line).unwrap_or_default().split_ascii_whitespace();
    words.filter_map(|word| {
        let (number, value) = word.strip_prefix('R')?.split_once('=')?;
        let number = number.parse().ok().filter(|number| *number < 16)?;
        Some((number, u32::from_str_radix(value, 16).ok()?))
    })
}

/// In brackets, the second of several; without brackets, the last word.
fn address(line: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    let digits = match text.split_once('[') {
        Some((_, rest)) => {
            let inner = rest.split(']').next()?;
            inner.split('/').nth(1).unwrap_or(inner)
        }
        None => text.rsplit(' ').next()?,
    };
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_were_not_executed_do_not_count() {
        let log = "Trace 0: 0x7f97 [00800402/00100240/00000110/ff020201] kernel\n\
            Trace 0: 0x7f97 [00800402/00100244/00000110/ff020201] \n\
            cpu_io_recompile: rewound execution of TB to 00100244\n\n\
            Trace 0: 0x7f98 [00800402/00100244/00000110/ff020202] \n\
            Trace 0: 0x7f99 [00800402/00100246/00000110/ff020201] \n\
            Stopped execution of TB chain before 0x7f99 [00100246] \n\
            Trace 0: 0x7f99 [00800402/00100246/00000110/ff020201] \n";
        let trace = Trace::read(log.as_bytes(), 0x0010_0241, 0).expect("a log");
        assert_eq!(trace.pcs(), [0x0010_0240, 0x0010_0244, 0x0010_0246]);
        let later = Trace::read(log.as_bytes(), 0x0010_0244, 0).expect("a log");
        assert_eq!(later.len(), 2);
        assert!(Trace::read(log.as_bytes(), 0x0020_0000, 0).is_err());
    }

    #[test]
    fn executions_of_an_address_are_found() {
        let trace = Trace::of(&[2, 4, 6, 4, 8, 4], 0, 0);
        assert_eq!((trace.before(5), trace.before(3), trace.before(1)), (Some(3), Some(1), None));
        assert_eq!((trace.nth(4, 3), trace.nth(4, 4), trace.nth(4, 0)), (Some(5), None, None));
        assert_eq!(trace.first_in(&(8..10), 1), Some(4));
        assert_eq!(trace.first_in(&(8..10), 5), None);
        assert_eq!(trace.first_in(&(8..10), 50), None);
    }

    #[test]
    fn entries_into_the_secure_state_are_counted_since_boot() {
        let trace = Trace::of(&[2, 4, 99, 6, 8, 99, 99, 10], 99, 7);
        assert_eq!(trace.pcs(), [2, 4, 6, 8, 10]);
        let found: Vec<_> = (0..5).map(|number| trace.entry_before(number)).collect();
        assert_eq!(found, [None, None, Some((8, 2)), Some((8, 2)), Some((10, 4))]);
    }
}
