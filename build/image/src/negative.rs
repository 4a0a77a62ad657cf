//! Negative controls: which promises can be broken on purpose.
//!
//! A program that can break a promise says so with `cfg(negative = "NAME")`. A name that no program
//! knows would build a normal image, and a test that expects it to fail would be the last to
//! notice; so the name is looked up in the sources first.

use crate::error::ImageError;
use std::collections::BTreeSet;
use std::path::Path;

/// Rooms whose programs run on the target.
const ROOMS: [&str; 4] = ["sys", "drv", "task", "test"];

const MARK: &str = "(negative = \"";

/// Refuses a name that no program of the tree knows.
///
/// # Errors
/// The name, and those that there are.
pub fn check(root: &Path, name: &str) -> Result<(), ImageError> {
    let mut known = BTreeSet::new();
    ROOMS.iter().for_each(|room| collect(&root.join(room), &mut known));
    if known.contains(name) {
        return Ok(());
    }
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    Err(ImageError::UnknownNegative { name: name.into(), known })
}

fn collect(folder: &Path, known: &mut BTreeSet<String>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
    {
        if path.is_dir() {
            collect(&path, known);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            known.extend(names(&text));
        }
    }
}

/// Names in a source text.
fn names(text: &str) -> impl Iterator<Item = String> {
    text.match_indices(MARK)
        .filter_map(|(at, _)| text[at + MARK.len()..].split_once('"'))
        .map(|(name, _)| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_attributes_and_expressions() {
        let text =
            "#[cfg(negative = \"a\")] fn x() { cfg!(negative = \"b-c\"); not(negative = \"d\") }";
        assert_eq!(names(text).collect::<Vec<_>>(), ["a", "b-c", "d"]);
        assert_eq!(names("// `negative=\"e\"`").count(), 0);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two deep");
        let error = check(root, "no-such-promise").expect_err("nobody knows it");
        assert!(error.to_string().starts_with("no program knows negative `no-such-promise`: "));
        check(root, "generations").expect("the kernel knows it");
    }
}
