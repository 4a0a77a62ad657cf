//! `ringbuf`: every ring buffer of every task, decoded by the type of its payload.

use crate::dwarf::{Static, Type, Value};
use crate::{Session, SessionError};
use serde::Serialize;
use std::fmt;

/// Name of the ring's type, by which the statics are found.
const RING_TYPE: &str = "Ringbuf<";

/// One entry.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Source line that recorded it.
    pub line: u32,
    /// How often in a row.
    pub count: u64,
    /// What happened.
    pub payload: String,
}

/// One ring.
#[derive(Clone, Debug, Serialize)]
pub struct Ring {
    /// Whose.
    pub task: String,
    /// Path of the static.
    pub name: String,
    /// Oldest first.
    pub entries: Vec<Entry>,
}

/// All rings.
#[derive(Clone, Debug, Serialize)]
pub struct Rings {
    /// By task.
    pub rings: Vec<Ring>,
}

/// Reads the rings of all tasks, or of one.
///
/// # Errors
/// [`SessionError`].
pub fn ringbuf(session: &mut Session, task: Option<&str>) -> Result<Rings, SessionError> {
    let indices = match task {
        Some(name) => vec![session.task_index(name)?],
        None => (0..session.archive.layout().tasks.len()).collect(),
    };
    let mut rings = Vec::new();
    for index in indices {
        let found = statics(session, index)?;
        for (variable, ty) in found {
            let bytes = session.target.bytes(variable.address, ty.size() as usize)?;
            let entries = ring(&Value::decode(&ty, &bytes)).unwrap_or_default();
            let task = session.task_name(index).to_string();
            rings.push(Ring { task, name: variable.path, entries });
        }
    }
    Ok(Rings { rings })
}

fn statics(session: &Session, index: usize) -> Result<Vec<(Static, Type)>, SessionError> {
    let dwarf = session.archive.task(index)?;
    let mut found = Vec::new();
    for variable in dwarf.statics() {
        let ty = dwarf.type_of(variable)?;
        if matches!(&ty, Type::Struct { name, .. } if name.starts_with(RING_TYPE)) {
            found.push((variable.clone(), ty));
        }
    }
    Ok(found)
}

/// The field called `name`, at any depth of nesting.
pub(crate) fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Struct(_, fields) = value else { return None };
    let direct = fields.iter().find(|(field, _)| field == name).map(|(_, value)| value);
    direct.or_else(|| fields.iter().find_map(|(_, inner)| find(inner, name)))
}

/// Entries from oldest to newest: those behind the latest come first.
fn ring(value: &Value) -> Option<Vec<Entry>> {
    let last = find(value, "last")?.field("__0")?.number()? as usize;
    let slots = find(value, "entries")?.elements()?;
    let split = (last + 1).min(slots.len());
    let ordered = slots[split..].iter().chain(&slots[..split]);
    Some(ordered.filter_map(entry).collect())
}

fn entry(slot: &Value) -> Option<Entry> {
    let count = slot.field("count")?.number()? as u64;
    let line = slot.field("line")?.number()? as u32;
    let payload = slot.field("payload")?.to_string();
    (count > 0).then_some(Entry { line, count, payload })
}

impl fmt::Display for Rings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Ring { task, name, entries } in &self.rings {
            let total: u64 = entries.iter().map(|entry| entry.count).sum();
            writeln!(f, "{task}: {name} ({total} events in {} entries)", entries.len())?;
            writeln!(f, "  {:>5} {:>7} PAYLOAD", "LINE", "COUNT")?;
            for Entry { line, count, payload } in entries {
                writeln!(f, "  {line:>5} {count:>7} {payload}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: i128) -> Value {
        Value::Number(n)
    }

    fn fields(name: &str, fields: &[(&str, Value)]) -> Value {
        let fields = fields.iter().map(|(n, v)| ((*n).to_string(), v.clone())).collect();
        Value::Struct(name.into(), fields)
    }

    fn slot(line: i128, count: i128) -> Value {
        fields(
            "RingbufEntry",
            &[("line", number(line)), ("count", number(count)), ("payload", number(line))],
        )
    }

    fn lines(last: i128, slots: Vec<Value>) -> Vec<u32> {
        let some = fields("Some", &[("__0", number(last))]);
        let inner = fields("Ring", &[("last", some), ("entries", Value::Array(slots))]);
        let outer = fields("Ringbuf<u32, 3>", &[("ring", fields("Cell", &[("v", inner)]))]);
        ring(&outer).expect("a ring").iter().map(|entry| entry.line).collect()
    }

    #[test]
    fn entries_come_oldest_first() {
        assert_eq!(lines(0, vec![slot(4, 1), slot(2, 1), slot(3, 1)]), [2, 3, 4]);
    }

    #[test]
    fn slots_that_were_never_written_are_left_out() {
        assert_eq!(lines(1, vec![slot(1, 1), slot(2, 5), slot(0, 0)]), [1, 2]);
    }
}
