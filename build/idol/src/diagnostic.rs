//! What is wrong with an interface file, where, and what to do about it.

use std::fmt;

/// One error, at one place of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, with the thing and its value.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}

/// All errors of one file, in the order of their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Name of the file, as the caller gave it.
    pub file: String,
    /// At least one.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Diagnostic { line, column, message, remedy } in &self.diagnostics {
            writeln!(out, "{}:{line}:{column}: {message}; {remedy}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
