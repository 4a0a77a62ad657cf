//! Reads a manifest file and those that it extends, and checks the result.

use crate::check::check;
use crate::error::{Defect, Defects, ManifestError};
use crate::image::Image;
use crate::node::{Table, Value, from_toml};
use crate::raw;
use crate::source::{At, Sources};
use std::path::{Component, Path, PathBuf};
use toml::de::DeTable;

/// Longest chain of `extends`.
const MOST_FILES: usize = 8;

/// Reads and checks the manifest at `path`; `root` is the folder that `crate = "..."` starts from.
///
/// # Errors
/// All defects, each in one line with file, line and column.
pub fn load(root: &Path, path: &Path) -> Result<Image, ManifestError> {
    let mut loader = Loader::default();
    let table = loader.file(path, None);
    loader.finish(root, path, table)
}

/// Checks a manifest that is not in a file; `path` is its name in messages and the place that
/// `extends` starts from.
///
/// # Errors
/// As [`load`].
pub fn load_text(root: &Path, path: &Path, text: &str) -> Result<Image, ManifestError> {
    let mut loader = Loader::default();
    let table = loader.text(path, text.to_string());
    loader.finish(root, path, Some(table))
}

#[derive(Default)]
struct Loader {
    sources: Sources,
    defects: Defects,
}

impl Loader {
    fn file(&mut self, path: &Path, from: Option<At>) -> Option<Table> {
        let note = |defect| match from {
            Some(at) => (Some(at), defect),
            None => (None, defect),
        };
        let known = self.sources.files().iter().any(|source| source.path == path);
        let (at, defect) = if known || self.sources.files().len() >= MOST_FILES {
            note(Defect::ExtendsCycle { path: path.display().to_string() })
        } else {
            match std::fs::read_to_string(path) {
                Ok(text) => return Some(self.text(path, text)),
                Err(error) => note(Defect::Unreadable {
                    path: path.display().to_string(),
                    reason: error.to_string(),
                }),
            }
        };
        match at {
            Some(at) => self.defects.add(at, defect),
            None => self.defects.add_whole(defect),
        }
        None
    }

    fn text(&mut self, path: &Path, text: String) -> Table {
        let file = self.sources.add(path, text.clone());
        let (parsed, errors) = DeTable::parse_recoverable(&text);
        for error in errors {
            let offset = error.span().map_or(0, |span| span.start);
            let at = At { file, offset_bytes: u32::try_from(offset).unwrap_or(u32::MAX) };
            let message = error.message().replace('\n', ", ");
            self.defects.add(at, Defect::Syntax { message });
        }
        let table = from_toml(parsed.get_ref(), file);
        self.extended(path, table)
    }

    /// Lays the table over what it extends.
    fn extended(&mut self, path: &Path, mut table: Table) -> Table {
        let Some((key, node)) = table.take("extends") else { return table };
        let Value::Text(name) = &node.value else {
            self.defects.add(
                key.at,
                Defect::WrongType {
                    where_: "the image".into(),
                    key: "extends".into(),
                    found: crate::reader::describe(&node.value),
                    expected: "the path of another manifest",
                },
            );
            return table;
        };
        let below = normal(&path.parent().unwrap_or(Path::new("")).join(name));
        let Some(mut merged) = self.file(&below, Some(key.at)) else { return table };
        merged.extend_with(table);
        merged
    }

    fn finish(
        mut self,
        root: &Path,
        path: &Path,
        table: Option<Table>,
    ) -> Result<Image, ManifestError> {
        let start = At { file: 0, offset_bytes: 0 };
        // After a syntax error the rest of the text is a guess: complaints about it would be noise.
        let raw = table
            .filter(|_| self.defects.is_empty())
            .and_then(|table| raw::read(table, start, &mut self.defects));
        let image = raw
            .and_then(|raw| check(root, &raw, self.sources.files(), &mut self.defects))
            .filter(|_| self.defects.is_empty());
        image.ok_or_else(|| self.defects.into_error(&self.sources, &path.display().to_string()))
    }
}

/// Takes `x/..` out of a path, so that one file has one name.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for component in path.components() {
        let removable = matches!(parts.components().next_back(), Some(Component::Normal(_)));
        match component {
            Component::ParentDir if removable => {
                parts.pop();
            }
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_name() {
        let check =
            |path: &str, expect: &str| assert_eq!(normal(Path::new(path)), Path::new(expect));
        check("test/kernel/../../app.toml", "app.toml");
        check("./app.toml", "app.toml");
        check("../app.toml", "../app.toml");
        check("a/../../app.toml", "../app.toml");
        check("/a/./b/../c", "/a/c");
    }
}
