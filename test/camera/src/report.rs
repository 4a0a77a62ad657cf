//! The result line.

use core::fmt::{self, Write};

use crate::check::Verdict;

/// Longest line: `ctl.line` takes no more.
pub const LINE_BYTES: usize = 512;

/// A line of JSON.
pub struct Line {
    bytes: [u8; LINE_BYTES],
    length: usize,
}

impl Line {
    /// The line of a case that ended.
    #[must_use]
    pub fn case(name: &str, verdict: &Verdict, time_us: u64) -> Self {
        let mut line = Self { bytes: [0; LINE_BYTES], length: 0 };
        let (result, detail) = match verdict {
            Ok(detail) => ("ok", detail),
            Err(failure) => ("fail", failure),
        };
        // Name and detail are bounded far below the line's length, so nothing is cut.
        let _ = write!(line, "{{\"kind\":\"case\",\"name\":\"{name}\",\"result\":\"{result}\",");
        let _ = write!(line, "\"detail\":\"{}\",\"time_us\":{time_us}}}", Plain(detail.as_str()));
        line
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
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

/// Text between quotes of JSON: what would need an escape becomes an apostrophe.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '"' | '\\' | '\0'..='\x1F' => f.write_char('\''),
            plain => f.write_char(plain),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure;
    use crate::text::{TEXT_BYTES, Text};

    #[test]
    fn lines_are_json_whatever_the_detail_is() {
        let line = Line::case("s01_x", &Err(failure!("said {:?}\n", "no")), 5);
        let expect =
            r#"{"kind":"case","name":"s01_x","result":"fail","detail":"said 'no''","time_us":5}"#;
        assert_eq!(core::str::from_utf8(line.as_bytes()), Ok(expect));
    }

    #[test]
    fn the_longest_detail_fits() {
        let detail = Text::of(format_args!("{}", "x".repeat(2 * TEXT_BYTES)));
        let line = Line::case(&"n".repeat(120), &Ok(detail), u64::MAX);
        assert!(line.as_bytes().ends_with(b"}"));
    }
}
