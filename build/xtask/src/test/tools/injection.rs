//! One fault of each class at a named place: what changes in the machine, and what becomes of it.

use super::refuse;
use crate::inject::class::{Bits, Class, Shot};
use crate::inject::observe::{self, Changed};
use crate::inject::oracle::Manifested;
use crate::inject::{Campaign, Stage};
use crate::sizes::PAINT;
use anyhow::{Context, bail, ensure};
use std::path::Path;
use test_bench::decode::PC;
use test_bench::injection::{Injected, Place};

/// Where shots are tried, in instructions since streaming began: not each of them can be reached.
const TRIED: std::ops::Range<u32> = 20_000..21_000;
/// Permanently undefined. Arm DDI 0553B, UDF, encoding T1.
const UNDEFINED: u16 = 0xDE00;
/// A branch to itself. Arm DDI 0553B, B, encoding T2.
const LOOP: u32 = 0xE7FE;

/// What is known of a shot beforehand.
struct Case {
    what: &'static str,
    class: Class,
    bits: Bits,
    /// What is there before, if that is known.
    before: Option<u32>,
    /// How it must show; `None`: as it likes.
    shows: Option<Shows>,
}

/// How a fault must show.
enum Shows {
    /// Not at all.
    Masked,
    /// The driver dies of this, the client is told, and right frames follow.
    Death(&'static str),
}

/// Bits flip as they were asked to and nothing else does; what follows is what the mission says; a second
/// run gives the same words.
pub fn each_class(_: &Path) -> anyhow::Result<()> {
    let campaign = Campaign::prepare(Stage::new("isp", false, true)?, false)?;
    let (at, site) = reachable(&campaign)?;
    for case in cases(&campaign, site) {
        let shot = Shot { class: case.class, at, bits: case.bits };
        check(&campaign, site, shot, &case).with_context(|| case.what)?;
    }
    Ok(())
}

/// The first instruction of the driver that can be reached, and its address.
fn reachable(campaign: &Campaign) -> anyhow::Result<(u32, u32)> {
    for at in TRIED {
        let shot = Shot { class: Class::None, at, bits: Bits::Any(0) };
        if let Ok((_, run)) = campaign.aim(shot, "aim") {
            let injection = run.injection.context("a run without an injection")?;
            return Ok((at, injection.site()));
        }
    }
    bail!("none of the instructions {TRIED:?} can be reached")
}

fn cases(campaign: &Campaign, site: u32) -> Vec<Case> {
    let stage = campaign.stage();
    let code = u32::from(stage.half(site)) | u32::from(stage.half(site + 2)) << 16;
    let undefined = u32::from(stage.half(site) ^ UNDEFINED);
    let (deepest, last) = (stage.victim_stack().start, stage.victim_code().end - 4);
    let case = |what, class, bits, before, shows| Case { what, class, bits, before, shows };
    let of_register = |number, mask| Bits::OfRegister { number, mask };
    let of_word = |address, mask| Bits::OfWord { address, mask };
    let death = |cause| Some(Shows::Death(cause));
    let (code_bit, ram_bit, register_bit) = (Class::CodeBit, Class::RamBit, Class::RegisterBit);
    vec![
        case(
            "the program counter, into Secure memory",
            register_bit,
            of_register(PC as u8, 0x1000_0000),
            Some(site),
            death("faulted"),
        ),
        case("two bits of r4", register_bit, of_register(4, 0x30), None, None),
        case(
            "the deepest word of the stack, which nobody uses",
            ram_bit,
            of_word(deepest, 0x8000_0001),
            Some(PAINT),
            Some(Shows::Masked),
        ),
        case("a bit of memory in use", ram_bit, Bits::Any(3), None, None),
        case(
            "an instruction that becomes undefined",
            code_bit,
            Bits::OfInstruction { mask: undefined },
            Some(code),
            death("faulted"),
        ),
        case(
            "code that is not executed",
            code_bit,
            of_word(last, 0x0100_0010),
            None,
            Some(Shows::Masked),
        ),
        case("a loop", Class::Hang, Bits::Any(0), Some(code), death("stalled")),
        case("a panic", Class::Panic, Bits::Any(0), Some(site), death("panicked")),
    ]
}

fn check(campaign: &Campaign, site: u32, shot: Shot, case: &Case) -> anyhow::Result<()> {
    let (outcome, said) = campaign.outcome(shot, "first")?;
    let (_, again) = campaign.outcome(shot, "second")?;
    ensure!(said.lines == again.lines && said.end == again.end, "two runs differ: {outcome}");
    ensure!(outcome.judgement.objections.is_empty(), "{outcome}");
    let told = outcome.judgement.disconnected;
    match (&case.shows, &outcome.judgement.manifested) {
        (None, _) | (Some(Shows::Masked), None) => {}
        (Some(Shows::Death(cause)), Some(Manifested::Died(of))) if cause == of && told > 0 => {}
        _ => bail!("another end, {told} disconnects: {outcome}"),
    }
    let [change] = outcome.injected[..] else { bail!("not one change: {outcome}") };
    ensure!(case.before.is_none_or(|before| before == change.before), "before: {change}");
    ensure!(as_asked(shot, site, change), "asked for {}: {change}", shot.bits);
    let (_, run) = campaign.aim(shot, "observed")?;
    let changed = observe::memory(campaign.stage(), &run)?;
    ensure!(is_all(case.class, change, &changed), "{change}, and in memory {changed:08x?}");
    if let Bits::OfRegister { number, mask } = case.bits
        && usize::from(number) != PC
    {
        let [before, after] = observe::registers(campaign.stage(), &run)?;
        let mut expected = before;
        expected[usize::from(number)] ^= mask;
        ensure!(expected == after, "registers {before:08x?} became {after:08x?}");
        let values = [before, after].map(|registers| registers[usize::from(number)]);
        ensure!(values == [change.before, change.after], "{change}, in the log {values:08x?}");
    }
    Ok(())
}

/// Whether the change is the one that was asked for.
fn as_asked(shot: Shot, site: u32, change: Injected) -> bool {
    let Injected { place, before, after } = change;
    let flipped = before ^ after;
    match (shot.class, shot.bits) {
        (_, Bits::OfRegister { number, mask }) => {
            (place, flipped) == (Place::Register(number), mask)
        }
        (Class::CodeBit, Bits::OfWord { address, mask }) => {
            (place, flipped) == (Place::Code(address), mask)
        }
        (_, Bits::OfWord { address, mask }) => (place, flipped) == (Place::Word(address), mask),
        (_, Bits::OfInstruction { mask }) => (place, flipped) == (Place::Code(site), mask),
        (Class::Hang, _) => place == Place::Code(site) && after == before & !0xFFFF | LOOP,
        (Class::Panic, _) => place == Place::Register(PC as u8),
        (_, Bits::Any(_)) => flipped.is_power_of_two(),
    }
}

/// Whether that is all that changed in memory. Registers r0 to r3, r12, lr and pc of a task that stands
/// still are on its stack, r4 to r11 in the bench. A panic is a system call with arguments, so it is more.
fn is_all(class: Class, change: Injected, changed: &[Changed]) -> bool {
    let Injected { place, before, after } = change;
    match place {
        Place::Register(4..=11) => changed.is_empty(),
        Place::Register(_) if class == Class::Panic => {
            changed.iter().any(|(_, was, is)| (*was, *is) == (before, after))
        }
        Place::Register(_) => matches!(changed, [(_, was, is)] if (*was, *is) == (before, after)),
        Place::Word(address) => changed == [(address, before, after)],
        Place::Code(address) => {
            // Two halfwords, that may lie in two words.
            let flipped = u64::from(before ^ after) << (8 * (address % 4));
            let base = address & !3;
            let halves = [(base, flipped as u32), (base + 4, (flipped >> 32) as u32)];
            let expected = halves.into_iter().filter(|(_, flipped)| *flipped != 0);
            changed.iter().map(|(at, was, is)| (*at, was ^ is)).eq(expected)
        }
    }
}

/// What is no fault is one line that says so, with what there is instead.
pub fn bad_input(_: &Path) -> anyhow::Result<()> {
    let bad: [(&str, &[&str]); 9] = [
        ("--class panic --at 1 --task nobody", &["nobody", "no such task", "isp"]),
        ("--class panic --at 1 --task power", &["power", "isp", "sensor"]),
        ("--class ram-bit --at 1 --bits 1 --address 0", &["0x0", "RAM of isp", "0x28"]),
        ("--class code-bit --at 1 --bits 1 --address 0x28100000", &["0x28100000", "code of isp"]),
        ("--class ram-bit --at 1 --bits 0 --address 0", &["no bits", "0x1"]),
        ("--class ram-bit --at 1 --bits 1", &["--address"]),
        ("--class register-bit --at 1 --bits 1 --register sp", &["sp", "r0 to r12"]),
        ("--class hang --at -1", &["-1"]),
        (
            "--class hang --at 4294967295",
            &["4294967295", "executes nothing from there", "streamed"],
        ),
    ];
    for (words, expect) in bad {
        let words: Vec<&str> =
            ["inject", "one", "--json"].into_iter().chain(words.split(' ')).collect();
        refuse(&words, expect)?;
    }
    Ok(())
}
