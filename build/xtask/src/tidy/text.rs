//! Splits Rust text into code and comments, line by line.
//!
//! A small lexer and not a parser: it must work on files that do not compile yet, and a check that
//! asks "is this word in the code" needs no more than to know what is code.

/// One line of a file, split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Code, with the contents of strings and characters taken out.
    pub code: String,
    /// Text of comments.
    pub comment: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

/// Splits a file.
#[must_use]
pub fn split(text: &str) -> Vec<Line> {
    let chars: Vec<char> = text.chars().collect();
    let mut lines = vec![Line::default()];
    let mut state = State::Code;
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        if rest[0] == '\n' {
            lines.push(Line::default());
            if state == State::LineComment {
                state = State::Code;
            }
            at += 1;
            continue;
        }
        let line = lines.last_mut().expect("there is always a line");
        let (next, length) = step(state, rest, line);
        state = next;
        at += length;
    }
    lines
}

/// Takes one token; gives the state behind it and its length.
fn step(state: State, rest: &[char], line: &mut Line) -> (State, usize) {
    match state {
        State::Code => code(rest, line),
        State::LineComment => {
            line.comment.push(rest[0]);
            (state, 1)
        }
        State::BlockComment(depth) if starts(rest, "*/") => {
            (if depth == 1 { State::Code } else { State::BlockComment(depth - 1) }, 2)
        }
        State::BlockComment(depth) if starts(rest, "/*") => (State::BlockComment(depth + 1), 2),
        State::BlockComment(_) => {
            line.comment.push(rest[0]);
            (state, 1)
        }
        // A line feed behind a backslash is still a new line.
        State::Text if rest[0] == '\\' && rest.get(1) != Some(&'\n') => (state, 2),
        State::Text if rest[0] == '"' => (end_text(line), 1),
        State::RawText(hashes) if closes_raw(rest, hashes) => (end_text(line), 1 + hashes),
        State::Text | State::RawText(_) => (state, 1),
    }
}

fn end_text(line: &mut Line) -> State {
    line.code.push('"');
    State::Code
}

fn code(rest: &[char], line: &mut Line) -> (State, usize) {
    if starts(rest, "//") {
        return (State::LineComment, 2);
    }
    if starts(rest, "/*") {
        return (State::BlockComment(1), 2);
    }
    if let Some(hashes) = opens_raw(rest, line) {
        line.code.push('"');
        return (State::RawText(hashes), 2 + hashes);
    }
    if rest[0] == '"' {
        line.code.push('"');
        return (State::Text, 1);
    }
    if let Some(length) = character(rest) {
        line.code.push_str("' '");
        return (State::Code, length);
    }
    line.code.push(rest[0]);
    (State::Code, 1)
}

fn starts(rest: &[char], text: &str) -> bool {
    text.chars().enumerate().all(|(n, c)| rest.get(n) == Some(&c))
}

/// `r"` or `r#"`, not at the end of a name such as `bar"`.
fn opens_raw(rest: &[char], line: &Line) -> Option<usize> {
    let inside_name = line.code.chars().last().is_some_and(|c| c.is_alphanumeric() && c != 'b');
    if rest[0] != 'r' || inside_name {
        return None;
    }
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    (rest.get(1 + hashes) == Some(&'"')).then_some(hashes)
}

fn closes_raw(rest: &[char], hashes: usize) -> bool {
    rest[0] == '"' && rest[1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
}

/// Length of a character literal; a lifetime is none.
fn character(rest: &[char]) -> Option<usize> {
    const LONGEST: usize = 12;
    if rest[0] != '\'' {
        return None;
    }
    match rest.get(1)? {
        '\\' => {
            let end = rest.iter().take(LONGEST).skip(3).position(|c| *c == '\'')?;
            Some(end + 4)
        }
        _ if rest.get(2) == Some(&'\'') => Some(3),
        _ => None,
    }
}

/// Is `word` in `text`, with no letter, digit or underscore beside it?
#[must_use]
pub fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(part);
        let after = text[at + word.len()..].chars().next().is_some_and(part);
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &[&str], comments: &[&str]) {
        let lines = split(text);
        let found: Vec<_> = lines.iter().map(|line| line.code.as_str()).collect();
        assert_eq!(found, code, "code of {text:?}");
        let found: Vec<_> = lines.iter().map(|line| line.comment.as_str()).collect();
        assert_eq!(found, comments, "comments of {text:?}");
    }

    #[test]
    fn code_comments_and_strings_are_told_apart() {
        check("a // b\nc", &["a ", "c"], &[" b", ""]);
        check("a /* b\n c */ d", &["a ", " d"], &[" b", " c "]);
        check("/* a /* b */ c */ d", &[" d"], &[" a  b  c "]);
        check("x(\"a // b\", y)", &["x(\"\", y)"], &[""]);
        check("x(\"a\\\"b\") // c", &["x(\"\") "], &[" c"]);
        check("x(\"a\\\n  b\") y", &["x(\"", "\") y"], &["", ""]);
        check("r#\"a \" // b\"# c", &["\"\" c"], &[""]);
        check("br\"a\" c", &["b\"\" c"], &[""]);
        check("'\"' + '\\'' + '\\u{1F}' // x", &["' ' + ' ' + ' ' "], &[" x"]);
        check("fn f<'a>(x: &'a str) {}", &["fn f<'a>(x: &'a str) {}"], &[""]);
    }

    #[test]
    fn a_word_is_not_a_part_of_a_name() {
        assert!(
            has_word("an isp here", "isp") && has_word("isp", "isp") && has_word("isp.x", "isp")
        );
        assert!(!has_word("crisp isp_x", "isp") && !has_word("isps", "isp"));
    }
}
