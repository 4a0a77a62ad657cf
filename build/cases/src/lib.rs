//! Registers the cases of a test image: every function with `#[test_case]` in a folder.
//!
//! A build script calls [`register`]; the crate then has `include!(concat!(env!("OUT_DIR"),
//! "/cases.rs"))` in its module `cases`, which gives it the table `CASES` (of
//! `test_kernel::suite::Case`), in the order of the files' names and of the text.
//!
//! # Why
//! The same sources are compiled for the target, where the cases run, and for the host, which
//! therefore knows what must report, whatever the image says: a case that is missing has failed.
//! A table by hand was forgotten too easily. Collecting by the linker was rejected: all programs of
//! a test package link one library, and would get all cases with all that these refer to.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, process};
use syn::{Attribute, Ident, Item, Meta};

/// The attribute (`hubris_derive::test_case`).
const ATTRIBUTE: &str = "test_case";
/// A name is a sentence.
const WORDS_MIN: usize = 3;

/// A function that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    module: String,
    name: String,
    tag: Option<String>,
}

/// For a build script: collects the cases of `folder` and writes the table; on a mistake the build
/// ends with one line for each.
pub fn register(folder: &str) {
    println!("cargo::rerun-if-changed={folder}");
    let table = read_folder(Path::new(folder)).and_then(|files| table(&files)).and_then(|text| {
        let out = env::var_os("OUT_DIR").map(PathBuf::from);
        let out = out.ok_or_else(|| vec!["OUT_DIR is not set; run me by cargo".to_string()])?;
        fs::write(out.join("cases.rs"), text).map_err(|error| vec![error.to_string()])
    });
    if let Err(mistakes) = table {
        mistakes.iter().for_each(|mistake| println!("cargo::error={mistake}"));
        process::exit(1);
    }
}

/// Path and text of each Rust source, by name.
fn read_folder(folder: &Path) -> Result<Vec<(PathBuf, String)>, Vec<String>> {
    let read = || {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)?;
                files.push((path, text));
            }
        }
        files.sort();
        Ok(files)
    };
    read().map_err(|error: std::io::Error| vec![format!("{}: {error}", folder.display())])
}

/// The text of the generated file.
///
/// # Errors
/// One line for each thing that is wrong.
fn table(files: &[(PathBuf, String)]) -> Result<String, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut cases: Vec<Found> = Vec::new();
    let mut places: BTreeMap<String, &Path> = BTreeMap::new();
    for (path, text) in files {
        let found = find(path, text).unwrap_or_else(|mistake| {
            mistakes.push(format!("{}: {mistake}", path.display()));
            Vec::new()
        });
        for case in found {
            let (name, shown) = (&case.name, path.display());
            if name.split('_').filter(|word| !word.is_empty()).count() < WORDS_MIN {
                mistakes
                    .push(format!("{shown}: case `{name}` should say in a sentence what holds"));
            }
            if let Some(other) = places.insert(name.clone(), path) {
                mistakes.push(format!(
                    "{shown}: case `{name}` exists in {} too: rename one",
                    other.display()
                ));
            }
            cases.push(case);
        }
    }
    if mistakes.is_empty() { Ok(print(&cases)) } else { Err(mistakes) }
}

/// The cases of one file.
fn find(path: &Path, text: &str) -> Result<Vec<Found>, String> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let module = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = Vec::new();
    for item in file.items {
        let Item::Fn(function) = item else { continue };
        let attribute = function.attrs.iter().find(|attribute| is_registration(attribute));
        if let Some(attribute) = attribute {
            let name = function.sig.ident.to_string();
            let tag = tag(attribute).map_err(|error| format!("case `{name}`: {error}"))?;
            found.push(Found { module: module.clone(), name, tag });
        }
    }
    Ok(found)
}

fn is_registration(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == ATTRIBUTE)
}

/// What stands in parentheses behind the attribute.
fn tag(attribute: &Attribute) -> Result<Option<String>, String> {
    match &attribute.meta {
        Meta::Path(_) => Ok(None),
        Meta::List(list) => {
            let tag = list.parse_args::<Ident>();
            tag.map(|tag| Some(tag.to_string())).map_err(|_| "its tag is not one name".into())
        }
        Meta::NameValue(_) => Err("write `#[test_case]` or `#[test_case(tag)]`".into()),
    }
}

fn print(cases: &[Found]) -> String {
    let entries: String = cases
        .iter()
        .map(|Found { module, name, tag }| {
            let tag = tag.as_ref().map_or("None".into(), |tag| format!("Some({tag:?})"));
            format!("    Case {{ name: {name:?}, tag: {tag}, run: {module}::{name} }},\n")
        })
        .collect();
    let marks: String =
        cases.iter().map(|case| format!("    pub const {}: () = ();\n", case.name)).collect();
    format!(
        "/// All cases, in the order of the files' names and of the text; the position is the id.\n\
         pub const CASES: &[Case] = &[\n{entries}];\n\n\
         /// What `#[test_case]` looks for: a function with it that is not in the table does not compile.\n\
         #[allow(missing_docs, non_upper_case_globals)]\n\
         pub mod registered {{\n{marks}}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let files: Vec<_> =
            files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_string())).collect();
        table(&files)
    }

    #[test]
    fn cases_are_listed_by_file_and_text_with_their_tags() {
        let table = check(&[
            ("a.rs", "#[test_case]\npub fn z_comes_first() {}\nfn helper() {}"),
            ("b.rs", "#[x::test_case(fp)]\npub fn a_comes_last() {}"),
        ])
        .expect("good cases");
        let first = "Case { name: \"z_comes_first\", tag: None, run: a::z_comes_first }";
        let last = "Case { name: \"a_comes_last\", tag: Some(\"fp\"), run: b::a_comes_last }";
        let place = |text| table.find(text).expect("listed");
        assert!(place(first) < place(last), "{table}");
        assert!(table.contains("pub const a_comes_last: () = ();"), "{table}");
        assert!(!table.contains("helper"), "{table}");
    }

    #[test]
    fn every_mistake_is_told_with_its_file() {
        let mistakes = check(&[
            ("a.rs", "#[test_case] fn the_same_name() {}\n#[test_case] fn short() {}"),
            ("b.rs", "#[test_case] fn the_same_name() {}"),
            ("c.rs", "#[test_case(a, b)] fn a_bad_tag() {}"),
            ("d.rs", "fn ("),
        ])
        .expect_err("bad cases");
        let starts = [
            "a.rs: case `short` should say",
            "b.rs: case `the_same_name` exists in a.rs too",
            "c.rs: case `a_bad_tag`: its tag is not one name",
            "d.rs: ",
        ];
        assert_eq!(mistakes.len(), starts.len(), "{mistakes:?}");
        for (mistake, start) in mistakes.iter().zip(starts) {
            assert!(mistake.starts_with(start), "{mistake}");
        }
    }
}
