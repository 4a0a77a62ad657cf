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
use anyhow::ensure;
use std::ops::Range;
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
    let ranges = code.iter().map(|range| format!("{:#x}..{:#x}", range.start, range.end - 1));
    let filter = ranges.collect::<Vec<_>>().join(",");
    let more = ["-singlestep", "-d", "exec,nochain", "-dfilter", &filter];
    let mut machine = Machine::start_with(setup, &more.map(String::from))?;
    let (mut addresses, mut lines) = (Vec::new(), Vec::new());
    loop {
        match machine.next(Duration::from_secs(1)) {
            None => {}
            Some(Output::Line(line)) => match Entry::parse(&line) {
                Some(Entry::Executed { core: 0, address }) => addresses.push(address),
                Some(Entry::Executed { .. }) => {}
                Some(Entry::TakenBack { address }) => {
                    if addresses.last() == Some(&address) {
                        addresses.pop();
                    }
                }
                None => lines.push(line),
            },
            Some(Output::End(end)) => return Ok(Stream { addresses, lines, end }),
        }
        ensure!(addresses.len() <= MOST, "the image executes more than {MOST} instructions");
    }
}

/// A line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Executed { core: u32, address: u32 },
    TakenBack { address: u32 },
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
