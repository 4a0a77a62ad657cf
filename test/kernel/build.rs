//! Registers the cases, and compiles the interface of the server that is tested.
use std::path::{Path, PathBuf};
use std::{env, process};

fn main() {
    build_cases::register("src/cases");
    println!("cargo::rerun-if-changed=idl");
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        println!("cargo::error=OUT_DIR is not set; run me by cargo");
        process::exit(1);
    };
    let types = [Path::new("src/idol_types.rs")];
    let imports = "use crate::idol_types::*;";
    if let Err(lines) = idol::build::compile_directory(Path::new("idl"), &out, imports, &types) {
        lines.iter().for_each(|line| println!("cargo::error={line}"));
        process::exit(1);
    }
}
