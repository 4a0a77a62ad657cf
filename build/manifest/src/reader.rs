//! Takes typed values out of a table and notes what does not fit.

use crate::error::{Defect, Defects, nearest};
use crate::node::{Node, Table, Value};
use crate::source::{At, Spanned};

/// One table that is being read. Every getter notes the key as known; [`Reader::finish`]
/// complains about what nobody took.
pub struct Reader<'a> {
    where_: String,
    at: At,
    table: Table,
    known: Vec<&'static str>,
    defects: &'a mut Defects,
}

/// What a value is, for messages.
#[must_use]
pub fn describe(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("the string {text:?}"),
        Value::Integer(number) => format!("the integer {number}"),
        Value::Bool(value) => format!("{value}"),
        Value::Untaken(text) => text.clone(),
        Value::Array(_) => "an array".into(),
        Value::Table(_) => "a table".into(),
    }
}

impl<'a> Reader<'a> {
    /// Reads `table`, which is called `where_` in messages and begins at `at`.
    pub fn new(where_: String, at: At, table: Table, defects: &'a mut Defects) -> Self {
        Self { where_, at, table, known: Vec::new(), defects }
    }

    /// Notes a defect.
    pub fn defect(&mut self, at: At, defect: Defect) {
        self.defects.add(at, defect);
    }

    /// The name of the table in messages.
    #[must_use]
    pub fn name(&self) -> String {
        self.where_.clone()
    }

    /// The value of `key`, of any type.
    pub fn any(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        self.table.take(key).map(|(name, node)| Node { value: node.value, at: name.at })
    }

    /// Notes that `key` has a value of the wrong type.
    pub fn wrong(&mut self, key: &str, node: &Node, expected: &'static str) {
        let defect = Defect::WrongType {
            where_: self.where_.clone(),
            key: key.into(),
            found: describe(&node.value),
            expected,
        };
        self.defects.add(node.at, defect);
    }

    /// A string.
    pub fn text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        let node = self.any(key)?;
        if let Value::Text(value) = node.value {
            return Some(Spanned { value, at: node.at });
        }
        self.wrong(key, &node, "a string");
        None
    }

    /// A string that must be there.
    pub fn required_text(
        &mut self,
        key: &'static str,
        remedy: &'static str,
    ) -> Option<Spanned<String>> {
        if !self.table.0.iter().any(|(name, _)| name.value == key) {
            self.known.push(key);
            self.missing(key, remedy);
            return None;
        }
        self.text(key)
    }

    /// Notes that `key` is missing.
    pub fn missing(&mut self, key: &'static str, remedy: &'static str) {
        self.defects.add(self.at, Defect::MissingKey { where_: self.where_.clone(), key, remedy });
    }

    /// A boolean.
    pub fn boolean(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        let node = self.any(key)?;
        if let Value::Bool(value) = node.value {
            return Some(Spanned { value, at: node.at });
        }
        self.wrong(key, &node, "true or false");
        None
    }

    /// An integer within `low..=high`.
    pub fn integer(&mut self, key: &'static str, low: u32, high: u32) -> Option<Spanned<u32>> {
        let node = self.any(key)?;
        let Value::Integer(number) = node.value else {
            self.wrong(key, &node, "an integer");
            return None;
        };
        match u32::try_from(number) {
            Ok(value) if (low..=high).contains(&value) => Some(Spanned { value, at: node.at }),
            _ => {
                let defect = Defect::OutOfRange {
                    where_: self.where_.clone(),
                    key: key.into(),
                    value: number,
                    low: low.into(),
                    high: high.into(),
                };
                self.defects.add(node.at, defect);
                None
            }
        }
    }

    /// A string or an array of strings.
    pub fn texts(&mut self, key: &'static str) -> Vec<Spanned<String>> {
        let Some(node) = self.any(key) else { return Vec::new() };
        self.node_texts(key, node)
    }

    /// A node that is a string or an array of strings.
    pub fn node_texts(&mut self, key: &str, node: Node) -> Vec<Spanned<String>> {
        match node.value {
            Value::Text(value) => vec![Spanned { value, at: node.at }],
            Value::Array(items) => {
                items.into_iter().filter_map(|item| self.node_text(key, item)).collect()
            }
            _ => {
                self.wrong(key, &node, "a string or an array of strings");
                Vec::new()
            }
        }
    }

    /// A node that is a string.
    pub fn node_text(&mut self, key: &str, node: Node) -> Option<Spanned<String>> {
        if let Value::Text(value) = node.value {
            return Some(Spanned { value, at: node.at });
        }
        self.wrong(key, &node, "a string");
        None
    }

    /// A table, read entry by entry; empty if absent.
    pub fn entries(&mut self, key: &'static str) -> Vec<(Spanned<String>, Node)> {
        let Some(node) = self.any(key) else { return Vec::new() };
        if let Value::Table(table) = node.value {
            return table.0;
        }
        self.wrong(key, &node, "a table");
        Vec::new()
    }

    /// Reads a table inside of this one.
    pub fn nested(
        &mut self,
        where_: String,
        at: At,
        table: Table,
        read: impl FnOnce(&mut Reader<'_>),
    ) {
        let mut inner = Reader::new(where_, at, table, self.defects);
        read(&mut inner);
        inner.finish();
    }

    /// Complains about keys that nobody took.
    pub fn finish(self) {
        for (key, _) in self.table.0 {
            let defect = Defect::UnknownKey {
                where_: self.where_.clone(),
                nearest: nearest(&key.value, self.known.iter().copied()),
                known: self.known.iter().map(ToString::to_string).collect(),
                key: key.value,
            };
            self.defects.add(key.at, defect);
        }
    }
}
