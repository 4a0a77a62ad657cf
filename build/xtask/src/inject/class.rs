//! Kinds of faults, and one fault as the command line names it.

use super::route::is_long;
use test_bench::injection::Fault;

/// Kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Class {
    /// A bit of the instruction flips, until the task's next life
    CodeBit,
    /// A bit of the task's stack or data flips
    RamBit,
    /// A bit of a register flips
    RegisterBit,
    /// The task panics
    Panic,
    /// The task spins
    Hang,
    /// The module is unplugged, and plugged in again two frames later
    Unplug,
    /// Nothing happens: the way to the site must not change the run
    None,
}

impl Class {
    /// The classes that a campaign draws from.
    pub const DRAWN: [Self; 6] =
        [Self::CodeBit, Self::RamBit, Self::RegisterBit, Self::Panic, Self::Hang, Self::Unplug];

    /// The class of the negative control: each fault ends a life while the engine has a buffer.
    pub const CONTROL: [Self; 1] = [Self::Panic];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CodeBit => "code-bit",
            Self::RamBit => "ram-bit",
            Self::RegisterBit => "register-bit",
            Self::Panic => "panic",
            Self::Hang => "hang",
            Self::Unplug => "unplug",
            Self::None => "none",
        }
    }
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot {
    /// Its kind.
    pub class: Class,
    /// Product instructions since streaming began; for `unplug` device lines.
    pub at: u32,
    /// Which bit.
    pub bit: u32,
}

impl Shot {
    /// The command that does the same again.
    #[must_use]
    pub fn replay(&self, skip_quiesce: bool) -> String {
        let Self { class, at, bit } = self;
        let control = if skip_quiesce { " --skip-quiesce" } else { "" };
        format!("cargo xtask inject one --class {} --at {at} --bit {bit}{control}", class.name())
    }
}

/// The registers whose bits flip; the stack pointer is left to the task.
const REGISTERS: [u8; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15];
/// Number of the system call that ends a life.
const PANIC: u32 = sys_abi::Sysnum::Panic as u32;

/// What the bench needs to know of the task.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// End of its RAM.
    pub ram_end: u32,
    /// Address of one of its system calls.
    pub call: u32,
    /// The instruction at the site: two halfwords, the first one lower.
    pub code: u32,
}

/// What the bench is to do; `None` if that is for its fault script.
#[must_use]
pub fn fault(shot: Shot, target: &Target) -> Option<Fault> {
    let bit = shot.bit;
    Some(match shot.class {
        Class::Unplug => return None,
        Class::None => Fault::Nothing,
        Class::CodeBit => {
            Fault::Code { mask: 1 << (bit % if is_long(target.code as u16) { 32 } else { 16 }) }
        }
        Class::RamBit => Fault::Ram { bit, end: target.ram_end },
        Class::RegisterBit => Fault::Register {
            number: REGISTERS[(bit / 32) as usize % REGISTERS.len()],
            mask: 1 << (bit % 32),
        },
        Class::Panic => Fault::Panic { call: target.call, number: PANIC },
        Class::Hang => Fault::Hang,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    const TARGET: Target = Target { ram_end: 0x2811_0000, call: 0x0011_0010, code: 0xF8D0_4604 };

    fn shot(class: Class, bit: u32) -> Shot {
        Shot { class, at: 9, bit }
    }

    #[test]
    fn every_bit_number_is_some_bit() {
        for bit in (0..2000).chain([u32::MAX]) {
            match fault(shot(Class::RegisterBit, bit), &TARGET) {
                Some(Fault::Register { number, mask }) => {
                    assert!(number != 13 && number < 16 && mask.is_power_of_two());
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn only_bits_of_the_instruction_flip() {
        let mask = |code, bit| fault(shot(Class::CodeBit, bit), &Target { code, ..TARGET });
        assert_eq!(mask(0xBF00_4604, 17), Some(Fault::Code { mask: 2 }));
        assert_eq!(mask(0x0000_F8D0, 17), Some(Fault::Code { mask: 1 << 17 }));
    }

    #[test]
    fn a_replay_line_is_read_back_as_the_same_fault() {
        use clap::Parser;
        #[derive(Parser)]
        struct Cli {
            #[command(flatten)]
            args: super::super::Args,
        }
        for class in Class::DRAWN {
            let shot = Shot { class, at: 123_456, bit: 77 };
            for skip in [false, true] {
                let line = shot.replay(skip);
                let words = line.split(' ').skip(2);
                let args =
                    Cli::try_parse_from(words).unwrap_or_else(|e| panic!("{line}: {e}")).args;
                let Some(super::super::Command::One(one)) = args.command else { panic!("{line}") };
                assert_eq!(Shot { class: one.class, at: one.at, bit: one.bit }, shot);
                assert_eq!(args.skip_quiesce, skip);
            }
        }
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for class in Class::DRAWN {
            let value = class.to_possible_value().expect("not hidden");
            assert_eq!(value.get_name(), class.name());
        }
    }
}
