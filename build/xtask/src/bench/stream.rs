//! The stream of instructions that an image executes, in order.
//!
//! # How
//! The emulator logs each translated block that it enters (`-d exec`); with `-singlestep` a block is
//! one instruction, with `nochain` none is passed over, and `-dfilter` keeps it to the code that is
//! asked for. Nothing is added to the image, and under `-icount` the run is the one that is measured
//! without a log.
//!
//! Two lines take the line before back: a block that was left before its first instruction because
//! an interrupt came, and one that is made again because it reads a device.

use crate::machine::{End, Machine, Output, Setup};
use anyhow::Context;
use std::ops::{ControlFlow, Range};
use std::time::Duration;

/// What an image executed, and what it said.
pub struct Stream {
    /// Addresses of the instructions of core 0, in order.
    pub addresses: Vec<u32>,
    /// Lines of its serial port.
    pub lines: Vec<String>,
    /// How it ended.
    pub end: End,
}

/// Most instructions that are kept: 400 MB.
const MOST: usize = 100_000_000;

/// Runs a machine to its end.
///
/// # Errors
/// The machine does not start, or runs longer than the stream may be.
pub fn run(setup: &Setup, code: &[Range<u32>]) -> anyhow::Result<Stream> {
    let (mut addresses, mut lines) = (Vec::new(), Vec::new());
    let end = follow(setup, code, |step| {
        match step {
            Step::Entry(Entry::Executed { core: 0, address }) => addresses.push(address),
            Step::Entry(Entry::Executed { .. }) => {}
            Step::Entry(Entry::TakenBack { address }) => {
                if addresses.last() == Some(&address) {
                    addresses.pop();
                }
            }
            Step::Line(line) => lines.push(line),
        }
        if addresses.len() <= MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let end = end.with_context(|| format!("the image executes more than {MOST} instructions"))?;
    Ok(Stream { addresses, lines, end })
}

/// What a followed machine does next.
pub enum Step {
    /// One instruction.
    Entry(Entry),
    /// A line of its serial port.
    Line(String),
}

/// Runs a machine until `see` has seen enough, or to its end, which it then tells.
///
/// # Errors
/// The machine does not start.
pub fn follow(
    setup: &Setup,
    code: &[Range<u32>],
    mut see: impl FnMut(Step) -> ControlFlow<()>,
) -> anyhow::Result<Option<End>> {
    let ranges = code.iter().map(|range| format!("{:#x}..{:#x}", range.start, range.end - 1));
    let filter = ranges.collect::<Vec<_>>().join(",");
    let more = ["-singlestep", "-d", "exec,nochain", "-dfilter", &filter];
    let mut machine = Machine::start_with(setup, &more.map(String::from))?;
    loop {
        let step = match machine.next(Duration::from_secs(1)) {
            None => continue,
            Some(Output::Line(line)) => Entry::parse(&line).map_or(Step::Line(line), Step::Entry),
            Some(Output::End(end)) => return Ok(Some(end)),
        };
        if see(step).is_break() {
            return Ok(None);
        }
    }
}

/// A line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A core executes the instruction at an address.
    Executed {
        /// Which core.
        core: u32,
        /// Where.
        address: u32,
    },
    /// The line before, at this address, did not happen.
    TakenBack {
        /// Where.
        address: u32,
    },
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let hex = |text: &str| u32::from_str_radix(text.get(..8)?, 16).ok();
        if let Some(rest) = line.strip_prefix("Trace ") {
            let (core, rest) = rest.split_once(": ")?;
            let (_, rest) = rest.split_once('/')?;
            return Some(Self::Executed { core: core.parse().ok()?, address: hex(rest)? });
        }
        if let Some(rest) = line.strip_prefix("Stopped execution of TB chain before ") {
            return Some(Self::TakenBack { address: hex(rest.split_once('[')?.1)? });
        }
        let rest = line.strip_prefix("cpu_io_recompile: rewound execution of TB to ")?;
        Some(Self::TakenBack { address: hex(rest)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_the_emulator_is_read() {
        let check = |line: &str, expect| assert_eq!(Entry::parse(line), expect, "{line}");
        check(
            "Trace 0: 0x7f0cf4003fc0 [00800452/00101d80/00000150/ff020201] ",
            Some(Entry::Executed { core: 0, address: 0x0010_1d80 }),
        );
        check(
            "Trace 1: 0x7f0cf4003fc0 [00800452/10201d80/00000150/ff020201] main",
            Some(Entry::Executed { core: 1, address: 0x1020_1d80 }),
        );
        check(
            "Stopped execution of TB chain before 0x7f0cf400f800 [001002c0] ",
            Some(Entry::TakenBack { address: 0x0010_02c0 }),
        );
        check(
            "cpu_io_recompile: rewound execution of TB to 00101d80",
            Some(Entry::TakenBack { address: 0x0010_1d80 }),
        );
        check("{\"id\":\"sys.get_timer\",\"figure\":47,\"unit\":\"gi\"}", None);
        check("Trace of something else", None);
    }
}
