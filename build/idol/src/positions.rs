//! Where each key of a RON document stands.
//!
//! `ron` gives positions for the errors that it finds itself, but its values carry none. So that
//! the checks can point too, this scanner walks the text once more and notes the offset of each
//! key under its path (`ops`, `read`, `args`, `address`, `doc`). It is tolerant on purpose: it
//! runs only on text that `ron` accepted, understands just enough of it (strings, comments,
//! brackets, `key:`), and when in doubt points at the nearest enclosing key.

/// A key and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The keys around it, outermost first, then itself.
    pub path: Vec<String>,
    /// Byte offset of its first character.
    pub offset: usize,
}

/// The keys of a document, in the order of the text.
#[derive(Debug, Default)]
pub struct Positions {
    keys: Vec<Key>,
}

impl Positions {
    /// Scans `text`.
    pub fn scan(text: &str) -> Self {
        let mut scanner = Scanner { rest: text, length: text.len() };
        let mut positions = Self::default();
        let mut path: Vec<String> = Vec::new();
        let mut depths = Vec::new();
        let mut word: Option<(String, usize)> = None;
        let mut key: Option<String> = None;
        while let Some((token, offset)) = scanner.next_token() {
            match token {
                Token::Word(text) => {
                    word = Some((text, offset));
                    continue;
                }
                Token::Mark(':') => {
                    if let Some((name, offset)) = word.take() {
                        let path = path.iter().cloned().chain([name.clone()]).collect();
                        positions.keys.push(Key { path, offset });
                        key = Some(name);
                    }
                }
                Token::Mark('(' | '{' | '[') => {
                    depths.push(path.len());
                    path.extend(key.take());
                }
                Token::Mark(')' | '}' | ']') => path.truncate(depths.pop().unwrap_or(0)),
                Token::Mark(',') => key = None,
                Token::Mark(_) => {}
            }
            word = None;
        }
        positions
    }

    /// All keys, in the order of the text.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Offset of the `nth` (from 0) key with this path; of the nearest enclosing one if there is
    /// none; 0 for the document itself.
    pub fn find(&self, path: &[&str], nth: usize) -> usize {
        let equal = |key: &&Key| key.path.iter().map(String::as_str).eq(path.iter().copied());
        match (self.keys.iter().filter(equal).nth(nth), path) {
            (Some(key), _) => key.offset,
            (None, []) => 0,
            (None, [outer @ .., _]) => self.find(outer, 0),
        }
    }
}

/// Line and column (both from 1, columns in characters) of a byte offset.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

enum Token {
    /// An identifier, a number, or the contents of a string.
    Word(String),
    /// Anything else, one character.
    Mark(char),
}

struct Scanner<'a> {
    rest: &'a str,
    length: usize,
}

impl Scanner<'_> {
    fn next_token(&mut self) -> Option<(Token, usize)> {
        self.skip_blanks_and_comments();
        let offset = self.length - self.rest.len();
        let first = self.rest.chars().next()?;
        let token = if let Some((opening, closing)) = self.raw_string_quotes() {
            self.skip(opening);
            Token::Word(self.take_until(&closing))
        } else if first == '"' {
            self.skip(1);
            Token::Word(self.take_string())
        } else if is_word(first) {
            let end = self.rest.find(|other| !is_word(other)).unwrap_or(self.rest.len());
            Token::Word(self.skip(end))
        } else {
            self.skip(first.len_utf8());
            Token::Mark(first)
        };
        Some((token, offset))
    }

    fn skip(&mut self, bytes: usize) -> String {
        let (skipped, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        skipped.to_owned()
    }

    fn take_until(&mut self, end: &str) -> String {
        let at = self.rest.find(end).unwrap_or(self.rest.len());
        let taken = self.skip(at);
        self.skip(end.len());
        taken
    }

    /// The rest of a string whose opening quote is gone; escapes are kept as they are written.
    fn take_string(&mut self) -> String {
        let mut escaped = false;
        let end = self.rest.find(|character| {
            let closes = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            closes
        });
        let taken = self.skip(end.unwrap_or(self.rest.len()));
        self.skip(1);
        taken
    }

    /// Length of the opening and text of the closing quotes of a raw string, if one starts here.
    fn raw_string_quotes(&self) -> Option<(usize, String)> {
        let after = self.rest.strip_prefix('r')?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        after[hashes..].starts_with('"').then(|| (hashes + 2, format!("\"{}", "#".repeat(hashes))))
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("//") {
                self.take_until("\n");
            } else if self.rest.starts_with("/*") {
                self.skip_block_comment();
            } else {
                return;
            }
        }
    }

    /// RON's block comments nest.
    fn skip_block_comment(&mut self) {
        let mut depth = 0usize;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.skip(2);
                if depth == 0 {
                    return;
                }
            } else {
                let width = self.rest.chars().next().map_or(0, char::len_utf8);
                self.skip(width);
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '+' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_under_their_paths() {
        let text = r##"Interface( // name: "no"
    name: "A:b", /* x: /* nested */ y: */
    ops: { "read": (reply: Result(ok: r#"a"b: c"#, err: CLike("E")), doc: "esc \" : ") },
)"##;
        let positions = Positions::scan(text);
        let paths: Vec<String> = positions.keys().iter().map(|key| key.path.join("/")).collect();
        let expect = [
            "name",
            "ops",
            "ops/read",
            "ops/read/reply",
            "ops/read/reply/ok",
            "ops/read/reply/err",
            "ops/read/doc",
        ];
        assert_eq!(paths, expect);
        assert_eq!(line_and_column(text, positions.find(&["ops", "read", "doc"], 0)), (3, 70));
    }

    #[test]
    fn a_missing_key_is_placed_at_its_nearest_owner() {
        let text = "(ops: {\n \"a\": (),\n \"a\": ()})";
        let positions = Positions::scan(text);
        assert_eq!(line_and_column(text, positions.find(&["ops", "a", "doc"], 0)), (2, 2));
        assert_eq!(line_and_column(text, positions.find(&["ops", "a"], 1)), (3, 2));
        assert_eq!(line_and_column(text, positions.find(&["name"], 0)), (1, 1));
    }
}
