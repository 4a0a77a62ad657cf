//! `cargo xtask bench --profile ROW`: which instructions a row consists of, and where.
//!
//! One line per function of the span that counts, largest first; functions that the compiler has put
//! into others count as those. Then the course of it: who runs when.

use crate::code::{Code, cycles};
use std::collections::BTreeMap;
use std::fmt::Write;

/// One function's part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    instructions: u32,
    cycles: u32,
    visits: u32,
}

/// The parts of a span, largest first.
fn parts(code: &Code, span: &[u32]) -> Vec<(String, Part)> {
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    let mut rest = span;
    while let Some(first) = rest.first() {
        let function = code.function_at(*first);
        let inside = |address: &&u32| {
            function.is_some_and(|function| (function.start..function.end).contains(*address))
        };
        let length = rest.iter().take_while(inside).count().max(1);
        let (visit, behind) = rest.split_at(length);
        let name = function.map_or_else(
            || "?".into(),
            |function| format!("{:<12} {}", code.programs[function.program], function.name),
        );
        let part = parts.entry(name).or_default();
        part.instructions += u32::try_from(visit.len()).unwrap_or(u32::MAX);
        // With the first instruction behind it, so that the way out is priced.
        let priced = &rest[..(length + 1).min(rest.len())];
        part.cycles += cycles::of(code, priced) - cycles::of(code, &priced[length..]);
        part.visits += 1;
        rest = behind;
    }
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_by_key(|(_, part)| std::cmp::Reverse(part.instructions));
    parts
}

/// The table of a span.
#[must_use]
pub fn table(code: &Code, span: &[u32]) -> String {
    let mut text = String::from("    gi  share cycles visits program      function\n");
    let whole = span.len().max(1);
    for (name, Part { instructions, cycles, visits }) in parts(code, span) {
        let share = 100.0 * f64::from(instructions) / whole as f64;
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{instructions:>6} {share:>5.1}% {cycles:>6} {visits:>6} {name}");
    }
    text
}

/// Which program runs when: one line for each stretch, with the functions that it goes through.
#[must_use]
pub fn course(code: &Code, span: &[u32]) -> String {
    let mut text = String::from("\n    gi program      functions\n");
    for (program, stretch) in stretches(code, span) {
        let mut names: Vec<(&str, u32)> = Vec::new();
        for address in stretch {
            let name = code.function_at(*address).map_or("?", |found| found.name.as_str());
            match names.last_mut() {
                Some((last, length)) if *last == name => *length += 1,
                _ => names.push((name, 1)),
            }
        }
        let last_part = |name: &str| name.rsplit("::").next().map(ToOwned::to_owned);
        let part = |(name, length): &(&str, u32)| Some(format!("{} {length}", last_part(name)?));
        let names: Vec<_> = names.iter().filter_map(part).collect();
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{:>6} {program:<12} {}", stretch.len(), names.join(", "));
    }
    text
}

/// What each program has of a span, largest first: `kernel 2198, isp 1457`.
#[must_use]
pub fn shares(code: &Code, span: &[u32]) -> String {
    let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
    for (program, stretch) in stretches(code, span) {
        *shares.entry(program).or_default() += stretch.len();
    }
    let mut shares: Vec<_> = shares.into_iter().collect();
    shares.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    let shares: Vec<_> = shares.iter().map(|(name, length)| format!("{name} {length}")).collect();
    shares.join(", ")
}

/// The span, cut where another program goes on.
fn stretches<'a>(code: &'a Code, span: &'a [u32]) -> Vec<(&'a str, &'a [u32])> {
    let program = |address: &u32| {
        code.function_at(*address).map_or("?", |function| &code.programs[function.program])
    };
    let same = |one: &u32, next: &u32| program(one) == program(next);
    span.chunk_by(same).map(|stretch| (program(&stretch[0]), stretch)).collect()
}

/// Parts that [`largest`] names.
const NAMED_PARTS: usize = 6;

/// The first of some parts, in one line: the last word of each name, and how much it is.
#[must_use]
pub fn largest(parts: Vec<(String, u32)>) -> String {
    let first = parts.into_iter().take(NAMED_PARTS).map(|(name, amount)| {
        let function = name.rsplit([':', ' ']).next().unwrap_or(&name);
        format!("{function} {amount}")
    });
    first.collect::<Vec<_>>().join(", ")
}

/// Where most of a span is, in one line.
#[must_use]
pub fn summary(code: &Code, span: &[u32]) -> String {
    largest(parts(code, span).into_iter().map(|(name, part)| (name, part.instructions)).collect())
}
