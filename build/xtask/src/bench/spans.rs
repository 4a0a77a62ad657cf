//! Cuts a stream of instructions into operations.
//!
//! | kind | from | to |
//! |---|---|---|
//! | operation | the call of `measure::operate` | its return; what an empty operation takes is taken off |
//! | death | the faulting instruction, which is not counted | the first instruction of the supervisor, or of the victim's next life, not counted either |

use crate::code::{Code, Function};
use std::ops::Range;

/// A stretch of a stream.
pub type Span = Range<usize>;

/// The spans of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// First instruction of what was called.
    pub callee: u32,
    /// Each time that it was called.
    pub spans: Vec<Span>,
}

/// The operations that `operate` was called with, in the order of their first call.
#[must_use]
pub fn operations(code: &Code, stream: &[u32], operate: &Function) -> Vec<Operation> {
    let mut found: Vec<Operation> = Vec::new();
    for start in (1..stream.len()).filter(|place| stream[*place] == operate.start) {
        let caller = stream[start - 1];
        let Some(call) = code.instruction(caller) else { continue };
        let behind = caller.wrapping_add(call.bytes);
        let rest = &stream[start..];
        let Some(length) = rest.iter().position(|address| *address == behind) else { continue };
        let outside = |address: &&u32| !(operate.start..operate.end).contains(*address);
        let Some(callee) = rest[..length].iter().find(outside) else { continue };
        let span = start..start + length;
        match found.iter_mut().find(|operation| operation.callee == *callee) {
            Some(operation) => operation.spans.push(span),
            None => found.push(Operation { callee: *callee, spans: vec![span] }),
        }
    }
    found
}

/// From each fault of a task in `victim` to the next instruction in `until`. The first one is left
/// out: what it needs is touched for the first time.
#[must_use]
pub fn deaths(stream: &[u32], trap: u32, victim: &Range<u32>, until: &Range<u32>) -> Vec<Span> {
    let starts = (1..stream.len())
        .filter(|place| stream[*place] == trap && victim.contains(&stream[*place - 1]));
    let spans = starts.filter_map(|start| {
        let length = stream[start..].iter().position(|address| until.contains(address))?;
        Some(start..start + length)
    });
    spans.skip(1).collect()
}

/// The shortest span that no tick came into.
#[must_use]
pub fn shortest(stream: &[u32], spans: &[Span], tick: u32) -> Option<Span> {
    let whole = spans.iter().filter(|span| !stream[(*span).clone()].contains(&tick));
    whole.min_by_key(|span| span.len()).cloned()
}
