//! The generated code of the fixtures, compared with what was reviewed. `UPDATE=1` rewrites it;
//! `round_trip.rs` compiles and runs the very same files.

use std::{env, fs};

fn check(name: &str) {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let text = fs::read_to_string(format!("{directory}/{name}.idol")).expect("fixture");
    let generated = idol::compile(&format!("{name}.idol"), &text, "use crate::types::*;")
        .unwrap_or_else(|report| panic!("{report}"));
    let reviewed = format!("{directory}/{name}.rs");
    if env::var_os("UPDATE").is_some() {
        fs::write(&reviewed, &generated).expect("writable fixture");
    }
    let expect = fs::read_to_string(&reviewed).unwrap_or_default();
    let line = generated.lines().zip(expect.lines()).position(|(left, right)| left != right);
    assert!(generated == expect, "{reviewed}: differs from line {line:?}; review, then UPDATE=1");
}

#[test]
fn sample_is_generated_as_reviewed() {
    check("sample");
}

#[test]
fn stateless_is_generated_as_reviewed() {
    check("stateless");
}
