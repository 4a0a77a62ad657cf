//! Where the project is and where its output goes.

use std::path::PathBuf;

/// The project's root: two levels above this package.
///
/// Cargo names the package's folder at run time; a program that is started by hand falls back to
/// the folder that it was built in.
pub fn project() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
        .ancestors()
        .nth(2)
        .expect("build/xtask lies two levels below the root")
        .to_path_buf()
}

/// The target directory: `CARGO_TARGET_DIR`, or `target` in the root.
pub fn target_dir() -> PathBuf {
    let root = project();
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}
