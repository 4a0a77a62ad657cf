//! Where `cargo xtask` starts: checks the interface files, then starts the tool itself.
//!
//! # Why
//! The tool depends on `idl`, whose build script compiles the interface files. So an error in one
//! of them is found while the tool is being built, and cargo reports it as the failure of a build
//! script: our line between a dozen of its own. This program depends on the compiler of interfaces
//! and on nothing that it compiles, so it can say the one line alone. Rejected: a build script that
//! passes errors on in what it generates (then rustc reports them, in more lines), and a tool
//! without `idl` (it decodes what the image says with the types of that crate).
#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Where the types of the interfaces are declared, as in `idl/build.rs`.
const TYPES: [&str; 2] = ["idl/src/types.rs", "idl/src/types"];

fn main() -> ExitCode {
    let root = root();
    if let Err(lines) = check(&root) {
        for line in lines {
            eprintln!("error: {line}");
        }
        return ExitCode::FAILURE;
    }
    let error = start_tool(&root);
    eprintln!("error: cannot start cargo: {error}; is it in PATH?");
    ExitCode::FAILURE
}

/// Two levels above this package; cargo names its folder at run time.
fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}

/// One line for each thing that is wrong; files are named from the root of the project.
fn check(root: &Path) -> Result<(), Vec<String>> {
    let types = TYPES.map(|path| root.join(path));
    let types = types.each_ref().map(PathBuf::as_path);
    let from_root = |line: String| line.replace(&format!("{}/", root.display()), "");
    idol::build::check_directory(&root.join("idl"), &types)
        .map_err(|lines| lines.into_iter().map(from_root).collect())
}

/// Becomes the tool, with the arguments of this program. Comes back only if that fails.
fn start_tool(root: &Path) -> io::Error {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    Command::new(cargo)
        .args(["run", "--quiet", "--package", "xtask", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .arg("--")
        .args(env::args_os().skip(1))
        .exec()
}
