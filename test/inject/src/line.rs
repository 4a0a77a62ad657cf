//! A line of JSON for the host. Only names and numbers go into it, so nothing needs an escape.

use core::fmt::{self, Write};

/// Longest line: `ctl.line` takes no more.
pub const LINE_BYTES: usize = 512;

/// A line that is built.
pub struct Line {
    bytes: [u8; LINE_BYTES],
    length: usize,
}

impl Line {
    /// `{"kind":"KIND"}`, open for more fields.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        let mut line = Self { bytes: [0; LINE_BYTES], length: 0 };
        line.push(format_args!("{{\"kind\":\"{kind}\"}}"));
        line
    }

    /// The same with a field whose value is a number.
    #[must_use]
    pub fn number(mut self, name: &str, value: u64) -> Self {
        self.push(format_args!(",\"{name}\":{value}}}"));
        self
    }

    /// The same with a field whose value is a name.
    #[must_use]
    pub fn name(mut self, name: &str, value: &str) -> Self {
        self.push(format_args!(",\"{name}\":\"{value}\"}}"));
        self
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Over the closing brace, which each field brings along. What does not fit is left out whole.
    fn push(&mut self, text: fmt::Arguments<'_>) {
        let length = self.length;
        self.length = length.saturating_sub(1);
        if self.write_fmt(text).is_err() {
            self.length = length;
            self.bytes[length - 1] = b'}';
        }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_json_at_every_step() {
        let line = Line::of("books").number("requests", 3).name("over", "streamed");
        let expect = r#"{"kind":"books","requests":3,"over":"streamed"}"#;
        assert_eq!(core::str::from_utf8(line.as_bytes()), Ok(expect));
    }

    #[test]
    fn a_field_that_does_not_fit_is_left_out() {
        let long = "x".repeat(LINE_BYTES);
        let line = Line::of("a").name("b", &long);
        assert_eq!(line.as_bytes(), br#"{"kind":"a"}"#);
    }
}
