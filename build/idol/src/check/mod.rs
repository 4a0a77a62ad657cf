//! From what they wrote to what we use: every rule of the format, each broken one reported.

mod names;
mod op;
mod types;

use crate::diagnostic::{Diagnostic, Report};
use crate::model::Interface;
use crate::positions::{Positions, line_and_column};
use crate::raw;
use crate::vocabulary::Vocabulary;

/// Operations of an interface, at most: codes are 16 bits wide, and a table of this many is
/// already unreadable.
pub const OPS_MAX: usize = 255;

/// Leases of an operation, at most: `idol-runtime` builds the lease table on the stack.
pub const LEASES_MAX: usize = 4;

/// Reads and checks `text`; `file` is only for the report. Without a vocabulary any type name is
/// accepted.
pub fn check(file: &str, text: &str, vocabulary: Option<&Vocabulary>) -> Result<Interface, Report> {
    let raw: raw::Interface = ron::from_str(text).map_err(|error| syntax_report(file, &error))?;
    let positions = Positions::scan(text);
    let mut checker = Checker { text, positions, vocabulary, found: Vec::new() };
    let interface = checker.interface(raw);
    checker.found.sort();
    checker.found.dedup();
    match interface {
        Some(interface) if checker.found.is_empty() => Ok(interface),
        _ => Err(Report { file: file.to_owned(), diagnostics: checker.found }),
    }
}

fn syntax_report(file: &str, error: &ron::error::SpannedError) -> Report {
    let diagnostic = Diagnostic {
        line: error.position.line,
        column: error.position.col,
        message: format!("not an interface in RON: {}", error.code),
        remedy: "see the format in the docs of `build/idol`".to_owned(),
    };
    Report { file: file.to_owned(), diagnostics: vec![diagnostic] }
}

/// Collects what is wrong, with places.
pub struct Checker<'a> {
    text: &'a str,
    positions: Positions,
    vocabulary: Option<&'a Vocabulary>,
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// Notes an error at the key with this path, and gives `None` for the thing that has it.
    fn wrong<T>(&mut self, path: &[&str], message: String, remedy: &str) -> Option<T> {
        self.wrong_at(self.positions.find(path, 0), message, remedy)
    }

    fn wrong_at<T>(&mut self, offset: usize, message: String, remedy: &str) -> Option<T> {
        let (line, column) = line_and_column(self.text, offset);
        self.found.push(Diagnostic { line, column, message, remedy: remedy.to_owned() });
        None
    }

    fn interface(&mut self, raw: raw::Interface) -> Option<Interface> {
        self.known_keys();
        let name = match raw.name {
            Some(name) => self.interface_name(&name),
            None => self.wrong(&[], "the interface has no `name`".into(), "add `name: \"..\"`"),
        };
        let doc = self.documented(&[], "the interface", raw.doc);
        if raw.within == Some(0) {
            self.within_zero(&["within"]);
        }
        let defaults = op::Defaults { within: raw.within };
        let ops = match raw.ops {
            Some(ops) => self.ops(ops, &defaults),
            None => self.wrong(&[], "the interface has no `ops`".into(), "add `ops: { .. }`"),
        };
        Some(Interface { name: name?, doc: doc?, retry_on_death: raw.retry_on_death, ops: ops? })
    }

    fn ops(
        &mut self,
        raw: raw::Entries<raw::Operation>,
        defaults: &op::Defaults,
    ) -> Option<Vec<crate::model::Op>> {
        let count = raw.0.len();
        if count == 0 {
            let message = "the interface has no op".to_owned();
            return self.wrong(&["ops"], message, "declare what a client may ask for");
        }
        if count > OPS_MAX {
            let message = format!("{count} ops, at most {OPS_MAX} are possible");
            self.wrong::<()>(&["ops"], message, "split the interface");
        }
        self.distinct(&["ops"], "op", &raw.0);
        let ops: Vec<_> =
            raw.0.into_iter().map(|(name, op)| self.op(&name, op, defaults)).collect();
        let ops: Vec<_> = ops.into_iter().collect::<Option<_>>()?;
        self.distinct_variants(&ops);
        Some(ops)
    }

    /// A doc that says something.
    fn documented(&mut self, path: &[&str], what: &str, doc: Option<String>) -> Option<String> {
        let place: Vec<&str> = path.iter().copied().chain(["doc"]).collect();
        match doc {
            Some(doc) if !doc.trim().is_empty() => Some(doc),
            Some(_) => self.wrong(&place, format!("the `doc` of {what} is empty"), SAY_IT),
            None => self.wrong(&place, format!("{what} has no `doc`"), SAY_IT),
        }
    }

    fn within_zero(&mut self, path: &[&str]) {
        let message = "`within` is 0 ms: no server answers in no time".to_owned();
        self.wrong::<()>(path, message, "give the longest time that a caller may wait, in ms");
    }
}

const SAY_IT: &str = "add `doc: \"..\"` that says what a caller must know";
