//! The files that were read, and places in them.

use std::path::{Path, PathBuf};

/// A place in one of the files of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// Position of the file in [`Sources`].
    pub file: u16,
    /// Byte offset in its text.
    pub offset_bytes: u32,
}

/// A value and the place where it was written.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub at: At,
}

/// One file: its path as the user would type it, and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path as given, or relative to the file that names it.
    pub path: PathBuf,
    /// Whole text.
    pub text: String,
}

/// All files of a manifest: the one that was asked for first, then what it extends.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a file and returns its number.
    pub fn add(&mut self, path: &Path, text: String) -> u16 {
        self.0.push(Source { path: path.to_path_buf(), text });
        u16::try_from(self.0.len() - 1).expect("the chain of `extends` is bounded")
    }

    /// All files, in the order in which they were read.
    #[must_use]
    pub fn files(&self) -> &[Source] {
        &self.0
    }

    /// `file:line:column` of a place, both counted from 1; the column counts characters.
    #[must_use]
    pub fn describe(&self, at: At) -> String {
        let source = &self.0[usize::from(at.file)];
        let end = (at.offset_bytes as usize).min(source.text.len());
        let before = source.text.get(..end).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", source.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_by_line_and_column_counted_from_one() {
        let mut sources = Sources::default();
        let file = sources.add(Path::new("app.toml"), "a = 1\nä = \"é\" # x\n".into());
        let check = |offset_bytes, expect: &str| {
            assert_eq!(sources.describe(At { file, offset_bytes }), format!("app.toml:{expect}"));
        };
        check(0, "1:1");
        check(4, "1:5");
        check(6, "2:1");
        check(8, "2:2");
        check(9999, "3:1");
    }
}
