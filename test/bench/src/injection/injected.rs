//! What an injection changed, as the bench tells it in a line and the host reads it again.

use core::fmt;

/// Where something was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The register with this number.
    Register(u8),
    /// The word of RAM at this address.
    Word(u32),
    /// The two halfwords of code at this address, the first one lower.
    Code(u32),
}

/// The bench's line begins with this.
const BEGIN: &str = "injected ";

/// A change: both values were read where the task has them, the second one after the change.
///
/// ```
/// use test_bench::injection::{Injected, Place};
/// let change = Injected { place: Place::Register(4), before: 1, after: 3 };
/// assert_eq!(change.to_string(), "injected register 4: 00000001 -> 00000003");
/// assert_eq!(Injected::read(&change.to_string()), Some(change));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injected {
    /// Where.
    pub place: Place,
    /// What was there.
    pub before: u32,
    /// What is there now.
    pub after: u32,
}

impl Injected {
    /// The change in a line, if it tells of one.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let (place, values) = line.strip_prefix(BEGIN)?.split_once(": ")?;
        let (before, after) = values.split_once(" -> ")?;
        let hex = |text| u32::from_str_radix(text, 16).ok();
        let place = match place.split_once(' ')? {
            ("register", number) => Place::Register(number.parse().ok().filter(|n| *n < 16)?),
            ("word", address) => Place::Word(hex(address)?),
            ("code", address) => Place::Code(hex(address)?),
            _ => return None,
        };
        Some(Self { place, before: hex(before)?, after: hex(after)? })
    }
}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BEGIN}{}: {:08x} -> {:08x}", self.place, self.before, self.after)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(number) => write!(f, "register {number}"),
            Self::Word(address) => write!(f, "word {address:08x}"),
            Self::Code(address) => write!(f, "code {address:08x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_bench_tells_is_what_the_host_reads() {
        for place in [Place::Register(15), Place::Word(0x2810_0010), Place::Code(0x0011_2002)] {
            let change = Injected { place, before: 0xFFFF_FFFF, after: 0x7FFF_FFFE };
            assert_eq!(Injected::read(&change.to_string()), Some(change));
        }
    }

    #[test]
    fn other_lines_tell_of_no_change() {
        for line in [
            "",
            "bench: started",
            "injected register 16: 00000001 -> 00000003",
            "injected register 4: 00000001",
            "injected disk 4: 00000001 -> 00000003",
            "injected word zz: 00000001 -> 00000003",
            "injected word 28100010: 1 -> -3",
        ] {
            assert_eq!(Injected::read(line), None, "{line}");
        }
    }
}
