//! Text without an allocator: what a case says about itself.

use core::fmt;

/// Longest text in bytes; the rest is cut off.
pub const TEXT_BYTES: usize = 200;

/// A short text.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; TEXT_BYTES],
    length: usize,
}

impl Text {
    /// No text.
    pub const EMPTY: Self = Self { bytes: [0; TEXT_BYTES], length: 0 };

    /// The formatted text, for `Text::of(format_args!(...))`.
    #[must_use]
    pub fn of(arguments: fmt::Arguments<'_>) -> Self {
        let mut text = Self::EMPTY;
        // Writing to a text never fails, it cuts; a formatter that fails leaves what it wrote.
        let _ = fmt::write(&mut text, arguments);
        text
    }

    /// What was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or("")
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let mut encoded = [0; 4];
            let encoded = character.encode_utf8(&mut encoded).as_bytes();
            let Some(room) = self.bytes.get_mut(self.length..self.length + encoded.len()) else {
                break;
            };
            room.copy_from_slice(encoded);
            self.length += encoded.len();
        }
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let text = Text::of(format_args!("{}{}", "x".repeat(TEXT_BYTES - 1), "ää"));
        assert_eq!(text.as_str().len(), TEXT_BYTES - 1);
        assert_eq!(Text::of(format_args!("{} of {}", 3, 4)).as_str(), "3 of 4");
    }
}
