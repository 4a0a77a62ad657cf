//! `cargo xtask inject one`: the fault as its user names it, and what is right of that.
//!
//! | class | which bits |
//! |---|---|
//! | `code-bit` | `--bit N`, or `--bits MASK` of the instruction at the site, or of that at `--address` |
//! | `ram-bit` | `--bit N` from the stack pointer on, or `--bits MASK` of the word at `--address` |
//! | `register-bit` | `--bit N` through all registers, or `--bits MASK` of `--register` |
//! | others | none |

use super::class::{Bits, Class, REGISTERS, Shot};
use super::stage::Stage;
use anyhow::{Context, bail, ensure};
use test_bench::decode::PC;

/// Options of `cargo xtask inject one`.
#[derive(clap::Args)]
pub struct One {
    /// Kind of fault
    #[arg(long, value_enum)]
    class: Class,
    /// Instructions of the product since streaming began (unplug: lines of the device); the fault
    /// hits at the driver's first instruction from there on
    #[arg(long, value_name = "N")]
    at: u32,
    /// Which bit, modulo what there is: of registers, of RAM in use, of the instruction
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "bits")]
    bit: u32,
    /// Which bits, of --register, of the word at --address, or of the instruction, e.g. 0x101
    #[arg(long, value_name = "MASK", value_parser = number)]
    bits: Option<u32>,
    /// Register whose bits flip (register-bit): r0 to r12, lr, pc
    #[arg(long, requires = "bits", conflicts_with = "address")]
    register: Option<String>,
    /// Address of the word whose bits flip: of the task's RAM (ram-bit) or code (code-bit)
    #[arg(long, requires = "bits", value_parser = number)]
    address: Option<u32>,
    /// Print every line of the machine
    #[arg(long)]
    pub lines: bool,
}

/// A number, in C's notation.
fn number(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|error| format!("{error}; give a number of 32 bits, as 12 or 0xc"))
}

impl One {
    /// The fault, if it is one.
    ///
    /// # Errors
    /// One line: what is wrong, and the remedy.
    pub fn shot(&self) -> anyhow::Result<Shot> {
        let Self { class, at, bit, bits, register, address, .. } = self;
        let bits = match bits {
            // The parser asks for --bits beside a place, but not if --bit is there too.
            None if register.is_some() || address.is_some() => {
                bail!("--bit {bit} is drawn from all that there is; give --bits for a named place")
            }
            None => Bits::Any(*bit),
            Some(mask) => named(*class, *mask, register.as_deref(), *address)?,
        };
        Ok(Shot { class: *class, at: *at, bits })
    }
}

fn named(
    class: Class,
    mask: u32,
    register: Option<&str>,
    address: Option<u32>,
) -> anyhow::Result<Bits> {
    ensure!(mask != 0, "--bits 0 flips no bits; give at least one, as 0x1");
    match (class, register, address) {
        (Class::RegisterBit, Some(name), _) => {
            let number = register_number(name)?;
            ensure!(
                usize::from(number) != PC || mask & 1 == 0,
                "--bits {mask:#x}: bit 0 of pc is always 0; give others"
            );
            Ok(Bits::OfRegister { number, mask })
        }
        (Class::RegisterBit, None, _) => bail!("register-bit with --bits needs a --register"),
        (Class::RamBit, None, None) => bail!("ram-bit with --bits needs an --address"),
        (Class::RamBit | Class::CodeBit, None, Some(address)) => Ok(Bits::OfWord { address, mask }),
        (Class::CodeBit, None, None) => Ok(Bits::OfInstruction { mask }),
        (Class::RamBit | Class::CodeBit, Some(name), _) => {
            bail!("--register {name}: {} flips no register; give --address", class.name())
        }
        _ => bail!("--bits {mask:#x}: {} flips no bits that could be named", class.name()),
    }
}

fn register_number(name: &str) -> anyhow::Result<u8> {
    let number = match name {
        "lr" => Some(14),
        "pc" => Some(15),
        _ => (0..=u8::MAX).find(|number| name == format!("r{number}")),
    };
    number.filter(|number| REGISTERS.contains(number)).with_context(|| {
        format!("--register {name}: give r0 to r12, lr or pc; sp cannot be changed from outside")
    })
}

/// Refuses a word that is not the victim's.
///
/// # Errors
/// One line: the address, and what there is.
pub fn check_place(shot: Shot, stage: &Stage) -> anyhow::Result<()> {
    let Bits::OfWord { address, .. } = shot.bits else { return Ok(()) };
    let (what, range, align) = match shot.class {
        Class::CodeBit => ("code", stage.victim_code(), 2),
        _ => ("RAM", stage.victim_ram(), 4),
    };
    ensure!(
        address >= range.start && address < range.end && range.end - address >= 4,
        "--address {address:#x} is not in the {what} of {}: {:#010x} to {:#010x}",
        stage.victim(),
        range.start,
        range.end - 4
    );
    ensure!(
        address.is_multiple_of(align),
        "--address {address:#x} is not a multiple of {align}; the one below is {:#x}",
        address - address % align
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        one: One,
    }

    fn shot(words: &str) -> Result<Shot, String> {
        let words = format!("one --at 7 --class {words}");
        let one = Cli::try_parse_from(words.split(' ')).map_err(|error| error.to_string())?.one;
        one.shot().map_err(|error| error.to_string())
    }

    #[test]
    fn a_place_has_a_name_or_is_drawn() {
        for (words, bits) in [
            ("ram-bit", Bits::Any(0)),
            ("code-bit --bit 5", Bits::Any(5)),
            ("code-bit --bits 3", Bits::OfInstruction { mask: 3 }),
            ("code-bit --bits 3 --address 0x10", Bits::OfWord { address: 16, mask: 3 }),
            ("ram-bit --bits 0x80000000 --address 16", Bits::OfWord { address: 16, mask: 1 << 31 }),
            ("register-bit --bits 3 --register lr", Bits::OfRegister { number: 14, mask: 3 }),
            ("register-bit --bits 3 --register r12", Bits::OfRegister { number: 12, mask: 3 }),
            ("register-bit --bits 6 --register pc", Bits::OfRegister { number: 15, mask: 6 }),
        ] {
            assert_eq!(shot(words).map(|shot| (shot.at, shot.bits)), Ok((7, bits)), "{words}");
        }
    }

    #[test]
    fn what_is_no_place_is_told_with_a_remedy() {
        for (words, expect) in [
            ("ram-bit --bits 0 --address 16", "flips no bits"),
            ("ram-bit --bits 0x100000000 --address 16", "32 bits"),
            ("ram-bit --bits many --address 16", "32 bits"),
            ("ram-bit --bits 1", "needs an --address"),
            ("ram-bit --address 16", "--bits"),
            ("ram-bit --bits 1 --bit 1", "cannot be used with"),
            ("ram-bit --bits 1 --register r1", "give --address"),
            ("register-bit --bits 1", "needs a --register"),
            ("register-bit --bits 1 --address 16", "needs a --register"),
            ("register-bit --bits 1 --register r13", "sp cannot be changed"),
            ("register-bit --bits 1 --register sp", "give r0 to r12"),
            ("register-bit --bits 1 --register r16", "give r0 to r12"),
            ("register-bit --bits 1 --register x", "give r0 to r12"),
            ("register-bit --bits 3 --register pc", "bit 0 of pc"),
            ("register-bit --bits 3 --register r01", "give r0 to r12"),
            ("register-bit --bits 3 --register r+1", "give r0 to r12"),
            ("register-bit --bit 3 --register r1", "give --bits"),
            ("ram-bit --bit 3 --address 16", "give --bits"),
            ("panic --bits 1", "panic flips no bits"),
            ("unplug --bits 1", "unplug flips no bits"),
        ] {
            let error = shot(words).expect_err(words);
            assert!(error.contains(expect), "{words}: {error}");
        }
    }
}
