//! Misbehaviour of the hardware in words: the fault script of `run --fault`, and `debug hw misbehave`.
//!
//! ```text
//!   # Frames are counted from the first frame of the sensor, lines from the first line of a frame.
//!   5:60   irq-lost 2 isp          at line 60 of frame 5 lose two interrupts of the ISP
//!   9      frame-torn 100 3        three frames from frame 9 on lose their lines from line 100 on
//!   15:243 unplug
//!   18     replug 0x4f420002       another module
//! ```
//! Kinds and arguments are those of `test_bench::misbehaviour`; `cargo xtask debug hw kinds` lists them.

use drv_isp_regs::Block;
use serde::Serialize;
use std::fmt;
use test_bench::misbehaviour::{ALL, Argument, INTERRUPTS, Misbehaviour, named};
use test_bench::script::{CAPACITY, Entry};

/// Reads a script.
///
/// # Errors
/// One line: where, what, the remedy.
pub fn script(text: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let entry = script_line(line).map_err(|error| format!("line {}: {error}", index + 1))?;
        if entries.len() == CAPACITY {
            return Err(format!("line {}: a script has at most {CAPACITY} entries", index + 1));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn script_line(line: &str) -> Result<Entry, String> {
    let mut words = line.split_whitespace();
    let when = words.next().unwrap_or("");
    let moment = moment(when)?;
    let words: Vec<_> = words.collect();
    entry(moment, &words)
}

/// `FRAME` or `FRAME:LINE`.
///
/// # Errors
/// If it is neither.
pub fn moment(text: &str) -> Result<(u32, u32), String> {
    let (frame, line) = text.split_once(':').unwrap_or((text, "0"));
    match (frame.parse(), line.parse()) {
        (Ok(frame), Ok(line)) => Ok((frame, line)),
        _ => Err(format!("{text:?} is no moment; write FRAME or FRAME:LINE, e.g. 15:243")),
    }
}

/// A kind with its arguments.
///
/// # Errors
/// One line: the word, and what it should be.
pub fn entry((frame, line): (u32, u32), words: &[&str]) -> Result<Entry, String> {
    let Some((name, arguments)) = words.split_first() else {
        return Err(
            "a kind is missing, e.g. unplug; `cargo xtask debug hw kinds` lists them".into()
        );
    };
    let Some(kind) = named(name) else {
        return Err(format!(
            "{name:?} is no misbehaviour; `cargo xtask debug hw kinds` lists them{}",
            similar(name)
        ));
    };
    let wanted: Vec<_> =
        [kind.a, kind.b].into_iter().filter(|argument| *argument != Argument::None).collect();
    if wanted.len() != arguments.len() {
        return Err(format!("{} takes {} argument(s): {}", kind.name, wanted.len(), usage(kind)));
    }
    let mut values = arguments.iter();
    let mut take = |argument| match argument {
        Argument::None => Ok(0),
        argument => value(argument, values.next().copied().unwrap_or("")),
    };
    let (a, b) = (take(kind.a)?, take(kind.b)?);
    Ok(Entry { frame, line, kind: kind.code, a, b })
}

/// The kind that was perhaps meant.
fn similar(name: &str) -> String {
    let alike = |kind: &&Misbehaviour| {
        let length = kind.name.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        length >= 3
    };
    ALL.iter().find(alike).map_or(String::new(), |kind| format!("; did you mean {}?", kind.name))
}

fn value(argument: Argument, text: &str) -> Result<u32, String> {
    let wrong = |expected: &str| Err(format!("{}: {text:?} is not {expected}", argument.name()));
    match argument {
        Argument::Interrupt => match INTERRUPTS.iter().find(|(name, _)| *name == text) {
            Some((_, number)) => Ok(*number),
            None => wrong(&format!("one of {}", INTERRUPTS.map(|(name, _)| name).join(", "))),
        },
        Argument::Block => {
            let named = |block: &Block| block_name(block) == text.to_lowercase();
            match Block::WINDOW.iter().position(named) {
                Some(code) => Ok(code as u32),
                None => wrong("a block, e.g. ccdc, preview, resizer"),
            }
        }
        Argument::Switch => match text {
            "on" => Ok(1),
            "off" => Ok(0),
            _ => wrong("on or off"),
        },
        Argument::Bytes => match text.parse::<i32>() {
            Ok(bytes) => Ok(bytes as u32),
            Err(_) => wrong("a distance in bytes, e.g. -40000"),
        },
        _ => {
            let hex = text.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16));
            match hex.unwrap_or_else(|| text.parse()) {
                Ok(number) => Ok(number),
                Err(_) => wrong("a number"),
            }
        }
    }
}

fn usage(kind: &Misbehaviour) -> String {
    Usage::of(kind).to_string()
}

/// A kind, and the names of its arguments.
#[derive(Serialize)]
struct Usage {
    kind: &'static str,
    arguments: Vec<&'static str>,
}

impl Usage {
    fn of(kind: &Misbehaviour) -> Self {
        let given = [kind.a, kind.b].into_iter().filter(|argument| *argument != Argument::None);
        Self { kind: kind.name, arguments: given.map(Argument::name).collect() }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        self.arguments.iter().try_for_each(|name| write!(f, " {}", name.to_uppercase()))
    }
}

/// All kinds, a line each, and what the words among their arguments can be.
#[derive(Serialize)]
pub struct Kinds {
    kinds: Vec<Usage>,
    interrupts: Vec<&'static str>,
    blocks: Vec<String>,
    switches: [&'static str; 2],
}

/// What `entry` takes.
#[must_use]
pub fn kinds() -> Kinds {
    Kinds {
        kinds: ALL.iter().map(Usage::of).collect(),
        interrupts: INTERRUPTS.iter().map(|(name, _)| *name).collect(),
        blocks: Block::WINDOW.iter().map(block_name).collect(),
        switches: ["on", "off"],
    }
}

fn block_name(block: &Block) -> String {
    format!("{block:?}").to_lowercase()
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kinds.iter().try_for_each(|kind| writeln!(f, "{kind}"))?;
        let (interrupts, blocks) = (self.interrupts.join(", "), self.blocks.join(", "));
        let switches = self.switches.join(", ");
        write!(f, "INTERRUPT: {interrupts}. BLOCK: {blocks}. SWITCH: {switches}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drv_isp_regs::bench_control as control;

    #[test]
    fn a_script_is_read_line_by_line() {
        let text = "# nothing\n\n5:60 irq-lost 2 isp # lost\n9 frame-torn 100 3\n  15:243 unplug\n\
                    18 replug 0x4f420002\n20 dma-stray -40000 2\n21 busy-stuck resizer\n\
                    22 clock-lost on\n";
        let entry = |frame, line, kind, a, b| Entry { frame, line, kind, a, b };
        let expected = [
            entry(5, 60, control::IRQ_LOST, 2, 100),
            entry(9, 0, control::FRAME_TORN, 100, 3),
            entry(15, 243, control::UNPLUG, 0, 0),
            entry(18, 0, control::REPLUG, 0x4f42_0002, 0),
            entry(20, 0, control::DMA_STRAY, -40_000_i32 as u32, 2),
            entry(21, 0, control::BUSY_STUCK, Block::Resizer as u32, 0),
            entry(22, 0, control::CLOCK_LOST, 1, 0),
        ];
        assert_eq!(script(text).as_deref(), Ok(&expected[..]));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_one_line_that_says_where() {
        for (text, expect) in [
            ("1 unplug\nx:1 unplug", "line 2: \"x:1\" is no moment"),
            ("1", "line 1: a kind is missing"),
            ("1 unplugged", "\"unplugged\" is no misbehaviour"),
            ("1 unplugged", "did you mean unplug?"),
            ("1 irq-lost 2", "takes 2 argument(s): irq-lost COUNT INTERRUPT"),
            ("1 unplug 7", "takes 0 argument(s)"),
            ("1 irq-lost two isp", "count: \"two\" is not a number"),
            ("1 irq-lost 2 usb", "interrupt: \"usb\" is not one of isp"),
            ("1 busy-stuck gpu", "block: \"gpu\" is not a block"),
            ("1 clock-lost maybe", "switch: \"maybe\" is not on or off"),
            ("1 dma-stray far 1", "bytes: \"far\" is not a distance"),
            ("-1 unplug", "is no moment"),
            ("99999999999 unplug", "is no moment"),
        ] {
            let error = script(text).expect_err(text);
            assert!(error.contains(expect) && error.lines().count() == 1, "{text}: {error}");
        }
        let long = "1 unplug\n".repeat(CAPACITY + 1);
        assert!(script(&long).is_err_and(|error| error.contains("at most 64")));
    }

    #[test]
    fn every_kind_is_listed_as_text_and_as_json() {
        let text = kinds().to_string();
        let json = serde_json::to_string(&kinds()).expect("plain data");
        let object: serde_json::Value = serde_json::from_str(&json).expect("one object");
        for (kind, listed) in ALL.iter().zip(object["kinds"].as_array().expect("a list")) {
            assert!(text.lines().any(|line| line == usage(kind)), "{}", kind.name);
            assert_eq!(listed["kind"], kind.name);
            let count = usage(kind).split(' ').count() - 1;
            assert_eq!(listed["arguments"].as_array().map(Vec::len), Some(count));
        }
        // Each word that is listed is taken.
        for (kind, words) in [("busy-stuck", "blocks"), ("clock-lost", "switches")] {
            for word in object[words].as_array().expect("a list") {
                let word = word.as_str().expect("a word");
                assert!(entry((0, 0), &[kind, word]).is_ok(), "{kind} {word}");
            }
        }
    }
}
