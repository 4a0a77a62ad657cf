//! Compiles every interface file of this directory to a module of the crate.
use std::path::{Path, PathBuf};
use std::{env, process};

fn main() {
    println!("cargo::rerun-if-changed=.");
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        println!("cargo::error=OUT_DIR is not set; run me by cargo");
        process::exit(1);
    };
    let types = [Path::new("src/types.rs"), Path::new("src/types")];
    let imports = "use crate::types::*;";
    if let Err(lines) = idol::build::compile_directory(Path::new("."), &out, imports, &types) {
        for line in lines {
            println!("cargo::error=idl/{line}");
        }
        process::exit(1);
    }
}
