//! A directory of interface files, as a build script compiles it.

use idol::build::compile_directory;
use std::fs;
use std::path::{Path, PathBuf};

const GOOD: &str = "(name: \"A\", doc: \"d\", within: 1, \
                    ops: { \"op\": (doc: \"d\", reply: Simple(\"()\")) })";

/// A fresh directory for one test.
fn directory(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path).expect("removable");
    }
    fs::create_dir_all(&path).expect("writable");
    for (name, text) in files {
        fs::write(path.join(name), text).expect("writable");
    }
    path
}

#[test]
fn every_interface_file_becomes_a_module() {
    let files = [("second.idol", GOOD), ("first.idol", GOOD), ("notes.txt", "no interface")];
    let path = directory("good", &files);
    compile_directory(&path, &path, "", &[]).expect("no errors");
    let index = fs::read_to_string(path.join("interfaces.rs")).expect("an index");
    let first = index.find("pub mod first;").expect("the first module");
    assert!(first < index.find("pub mod second;").expect("the second module"), "sorted by name");
    assert!(index.contains("(\"first\", first::INTERFACE),"));
    assert!(path.join("first.rs").exists() && path.join("second.rs").exists());
}

#[test]
fn errors_of_all_files_are_reported_and_no_index_is_written() {
    let files = [("a.idol", "()"), ("b.idol", GOOD), ("c.idol", "("), ("two-words.idol", GOOD)];
    let path = directory("bad", &files);
    let lines = compile_directory(&path, &path, "", &[]).expect_err("errors");
    let place = |line: &'_ str| line.split(": ").next().map(|it| it.replace(r"\", "/"));
    let places: Vec<String> = lines.iter().filter_map(|line| place(line)).collect();
    let places: Vec<&str> = places.iter().filter_map(|it| it.rsplit('/').next()).collect();
    let expect = ["a.idol:1:1", "a.idol:1:1", "a.idol:1:1", "c.idol:1:2", "two-words.idol:1:1"];
    assert_eq!(places, expect, "{lines:#?}");
    assert!(!path.join("interfaces.rs").exists());
}

#[test]
fn a_directory_that_is_not_there_is_one_error() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nowhere");
    let lines = compile_directory(&path, &path, "", &[]).expect_err("an error");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("nowhere"), "{}", lines[0]);
}

#[test]
fn an_unchanged_interface_is_not_written_again() {
    let path = directory("same", &[("a.idol", GOOD)]);
    compile_directory(&path, &path, "", &[]).expect("no errors");
    let module = path.join("a.rs");
    let before = fs::metadata(&module).and_then(|data| data.modified()).expect("a time");
    compile_directory(&path, &path, "", &[]).expect("no errors");
    let after = fs::metadata(&module).and_then(|data| data.modified()).expect("a time");
    assert_eq!(before, after);
}

#[test]
fn a_type_that_nobody_declares_is_an_error_at_its_place() {
    let text = GOOD.replace("reply:", "args: { \"x\": (doc: \"d\", type: \"Fraem\") }, reply:");
    let path = directory("types", &[("a.idol", &text), ("types.rs", "pub struct Frame;")]);
    let types = path.join("types.rs");
    let lines = compile_directory(&path, &path, "", &[&types]).expect_err("an error");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("a.idol:1:") && lines[0].contains("no type `Fraem`"), "{lines:?}");
    fs::write(&types, "pub struct Fraem;").expect("writable");
    compile_directory(&path, &path, "", &[&types]).expect("it is declared now");
}
