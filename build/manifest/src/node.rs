//! The tree of a manifest, each value with its place, and how one manifest extends another.
//!
//! Why a tree of our own and not serde's derive: serde stops at the first error, and a person who
//! edits `app.toml` wants all of them at once. `toml` gives the values with their spans; [`Node`]
//! adds the file, so that a merged tree still knows where each line came from.

use crate::source::{At, Spanned};
use toml::de::{DeTable, DeValue};

/// A value of any type, with its place.
pub type Node = Spanned<Value>;

/// What TOML can say. Dates are kept as text: no key takes one.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A boolean.
    Bool(bool),
    /// A float or a date: nothing takes one; the text is for the message.
    Untaken(String),
    /// An array.
    Array(Vec<Node>),
    /// A table in the order of the file.
    Table(Table),
}

/// Key, place of the key, value; in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Table(pub Vec<(Spanned<String>, Node)>);

impl Table {
    /// Takes the value of `key` out.
    pub fn take(&mut self, key: &str) -> Option<(Spanned<String>, Node)> {
        let position = self.0.iter().position(|(name, _)| name.value == key)?;
        Some(self.0.remove(position))
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0.iter_mut().find(|(name, _)| name.value == key).map(|(_, node)| node)
    }

    /// Lays `over` on this table: tables merge key by key, anything else replaces, and `false`
    /// removes what was inherited unless that is a boolean itself.
    pub fn extend_with(&mut self, over: Self) {
        for (key, node) in over.0 {
            let Some(inherited) = self.get_mut(&key.value) else {
                self.0.push((key, node));
                continue;
            };
            match (&mut inherited.value, node.value) {
                (Value::Bool(_), Value::Bool(value)) => {
                    *inherited = Node { value: Value::Bool(value), at: node.at };
                }
                (_, Value::Bool(false)) => {
                    self.take(&key.value);
                }
                (Value::Table(below), Value::Table(above)) => below.extend_with(above),
                (_, value) => *inherited = Node { value, at: node.at },
            }
        }
    }
}

/// Turns parsed TOML into a tree that knows its file.
pub fn from_toml(table: &DeTable<'_>, file: u16) -> Table {
    let place = |range: std::ops::Range<usize>| At {
        file,
        offset_bytes: u32::try_from(range.start).unwrap_or(u32::MAX),
    };
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| {
            let name = Spanned { value: key.get_ref().to_string(), at: place(key.span()) };
            let node = Node { value: convert(value.get_ref(), file), at: place(value.span()) };
            (name, node)
        })
        .collect();
    entries.sort_by_key(|(name, _)| name.at);
    Table(entries)
}

fn convert(value: &DeValue<'_>, file: u16) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Untaken(number.to_string()), Value::Integer),
        DeValue::Float(number) => Value::Untaken(number.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(date) => Value::Untaken(date.to_string()),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| Node {
                    value: convert(item.get_ref(), file),
                    at: At { file, offset_bytes: u32::try_from(item.span().start).unwrap_or(0) },
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(from_toml(table, file)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Table {
        from_toml(DeTable::parse(text).expect("valid TOML").get_ref(), 0)
    }

    fn show(table: &Table) -> String {
        let mut parts = Vec::new();
        for (key, node) in &table.0 {
            let value = match &node.value {
                Value::Text(text) => format!("{text:?}"),
                Value::Integer(number) => number.to_string(),
                Value::Bool(value) => value.to_string(),
                Value::Untaken(text) => text.clone(),
                Value::Array(items) => format!("[{}]", items.len()),
                Value::Table(table) => format!("{{{}}}", show(table)),
            };
            parts.push(format!("{}={value}", key.value));
        }
        parts.join(" ")
    }

    #[test]
    fn tasks_keep_the_order_of_the_file() {
        let table = parse("[tasks.z]\npriority = 0\n[tasks.a]\npriority = 1\n[tasks.m]\n");
        assert_eq!(show(&table), "tasks={z={priority=0} a={priority=1} m={}}");
    }

    #[test]
    fn an_extension_merges_replaces_and_removes() {
        let check = |base: &str, over: &str, expect: &str| {
            let mut table = parse(base);
            table.extend_with(parse(over));
            assert_eq!(show(&table), expect, "{base} + {over}");
        };
        check("a = 1", "b = 2", "a=1 b=2");
        check("a = 1", "a = 2", "a=2");
        check("a = [1, 2]", "a = [3]", "a=[1]");
        check("t = { x = 1, y = 2 }", "t = { y = 3, z = 4 }", "t={x=1 y=3 z=4}");
        check("t = { x = 1 }", "t = false", "");
        check("a = 1\nb = 2", "a = false", "b=2");
        check("a = true", "a = false", "a=false");
        check("b = 1", "a = false", "b=1 a=false");
    }

    #[test]
    fn numbers_of_each_radix_are_read() {
        assert_eq!(show(&parse("a = 0x10\nb = 0b11\nc = 1_000")), "a=16 b=3 c=1000");
        assert_eq!(show(&parse("a = 1.5")), "a=1.5");
    }
}
