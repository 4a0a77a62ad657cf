//! Kinds of faults, and one fault as the command line names it.

use super::route::is_long;
use anyhow::ensure;
use std::fmt;
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
    /// Which bits.
    pub bits: Bits,
}

/// Which bits of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bits {
    /// One, counted through all that the class can flip, modulo their number.
    Any(u32),
    /// These of a register.
    OfRegister {
        /// Its number.
        number: u8,
        /// The bits.
        mask: u32,
    },
    /// These of the word at an address.
    OfWord {
        /// Where: in the task's RAM or code.
        address: u32,
        /// The bits; of code, the first halfword is the lower one.
        mask: u32,
    },
    /// These of the instruction at the site.
    OfInstruction {
        /// The bits; the first halfword is the lower one.
        mask: u32,
    },
}

impl Shot {
    /// The command that does the same again.
    #[must_use]
    pub fn replay(&self, skip_quiesce: bool) -> String {
        let Self { class, at, bits } = self;
        let control = if skip_quiesce { " --skip-quiesce" } else { "" };
        format!("cargo xtask inject one --class {} --at {at} {bits}{control}", class.name())
    }
}

/// As the options of the command line.
impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(bit) => write!(f, "--bit {bit}"),
            Self::OfRegister { number, mask } => write!(f, "--register r{number} --bits {mask:#x}"),
            Self::OfWord { address, mask } => write!(f, "--address {address:#x} --bits {mask:#x}"),
            Self::OfInstruction { mask } => write!(f, "--bits {mask:#x}"),
        }
    }
}

/// The registers whose bits flip; the stack pointer is left to the task.
pub const REGISTERS: [u8; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15];
/// Number of the system call that ends a life.
const PANIC: u32 = sys_abi::Sysnum::Panic as u32;

/// What the bench needs to know of the task.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// End of its RAM.
    pub ram_end: u32,
    /// Address of one of its system calls.
    pub call: u32,
    /// Address of the instruction at which the fault happens.
    pub site: u32,
    /// That instruction: two halfwords, the first one lower.
    pub code: u32,
}

/// What the bench is to do; `None` if that is for its fault script.
///
/// # Errors
/// Bits that the instruction does not have.
pub fn fault(shot: Shot, target: &Target) -> anyhow::Result<Option<Fault>> {
    let of_code = |mask| instruction(target, mask);
    Ok(Some(match (shot.class, shot.bits) {
        (Class::Unplug, _) => return Ok(None),
        (Class::None, _) => Fault::Nothing,
        (Class::Panic, _) => Fault::Panic { call: target.call, number: PANIC },
        (Class::Hang, _) => Fault::Hang,
        (_, Bits::OfRegister { number, mask }) => Fault::Register { number, mask },
        (Class::CodeBit, Bits::OfWord { address, mask }) => Fault::Code { address, mask },
        (_, Bits::OfWord { address, mask }) => Fault::Word { address, mask },
        (_, Bits::OfInstruction { mask }) => of_code(mask)?,
        (Class::CodeBit, Bits::Any(bit)) => of_code(1 << (bit % code_bits(target.code)))?,
        (Class::RamBit, Bits::Any(bit)) => Fault::Ram { bit, end: target.ram_end },
        (Class::RegisterBit, Bits::Any(bit)) => Fault::Register {
            number: REGISTERS[(bit / 32) as usize % REGISTERS.len()],
            mask: 1 << (bit % 32),
        },
    }))
}

/// Bits of an instruction.
const fn code_bits(code: u32) -> u32 {
    if is_long(code as u16) { 32 } else { 16 }
}

fn instruction(target: &Target, mask: u32) -> anyhow::Result<Fault> {
    let Target { site, code, .. } = *target;
    ensure!(
        u64::from(mask) < 1 << code_bits(code),
        "--bits {mask:#x}: the instruction at {site:#010x} has 16 bits; give bits below 0x10000, or \
         an --address"
    );
    Ok(Fault::Code { address: site, mask })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    const SITE: u32 = 0x0011_0020;
    const TARGET: Target =
        Target { ram_end: 0x2811_0000, call: 0x0011_0010, site: SITE, code: 0xF8D0_4604 };

    fn shot(class: Class, bits: Bits) -> Shot {
        Shot { class, at: 9, bits }
    }

    #[test]
    fn every_bit_number_is_some_bit() {
        for bit in (0..2000).chain([u32::MAX]) {
            match fault(shot(Class::RegisterBit, Bits::Any(bit)), &TARGET) {
                Ok(Some(Fault::Register { number, mask })) => {
                    assert!(number != 13 && number < 16 && mask.is_power_of_two());
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn only_bits_of_the_instruction_flip() {
        let fault = |code, bits| fault(shot(Class::CodeBit, bits), &Target { code, ..TARGET });
        let flips = |mask| Some(Fault::Code { address: SITE, mask });
        assert_eq!(fault(0xBF00_4604, Bits::Any(17)).expect("one bit"), flips(2));
        assert_eq!(fault(0x0000_F8D0, Bits::Any(17)).expect("one bit"), flips(1 << 17));
        let high = Bits::OfInstruction { mask: 0x1_0000 };
        assert_eq!(fault(0x0000_F8D0, high).expect("a long one"), flips(0x1_0000));
        let error = fault(0xBF00_4604, high).expect_err("a short one").to_string();
        assert!(error.contains("0x00110020 has 16 bits"), "{error}");
    }

    #[test]
    fn named_bits_of_a_named_place_flip() {
        let check = |class, bits, expect| {
            assert_eq!(fault(shot(class, bits), &TARGET).expect("a fault"), Some(expect));
        };
        let (address, mask) = (0x2810_0010, 0x81);
        let register = Bits::OfRegister { number: 14, mask };
        check(Class::RegisterBit, register, Fault::Register { number: 14, mask });
        let word = Bits::OfWord { address, mask };
        check(Class::RamBit, word, Fault::Word { address, mask });
        check(Class::CodeBit, word, Fault::Code { address, mask });
    }

    #[test]
    fn a_replay_line_is_read_back_as_the_same_fault() {
        use clap::Parser;
        #[derive(Parser)]
        struct Cli {
            #[command(flatten)]
            args: super::super::Args,
        }
        let any = Class::DRAWN.map(|class| (class, Bits::Any(77)));
        let named = [
            (Class::RegisterBit, Bits::OfRegister { number: 15, mask: 0x8000_0000 }),
            (Class::RamBit, Bits::OfWord { address: 0x2811_0010, mask: 3 }),
            (Class::CodeBit, Bits::OfWord { address: 0x0011_0012, mask: 3 }),
            (Class::CodeBit, Bits::OfInstruction { mask: 0x100 }),
        ];
        for (class, bits) in any.into_iter().chain(named) {
            let shot = Shot { class, at: 123_456, bits };
            for skip in [false, true] {
                let line = shot.replay(skip);
                let words = line.split(' ').skip(2);
                let args =
                    Cli::try_parse_from(words).unwrap_or_else(|e| panic!("{line}: {e}")).args;
                let Some(super::super::Command::One(one)) = args.command else { panic!("{line}") };
                assert_eq!(one.shot().expect("a shot"), shot);
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
