//! `cargo xtask dist [app.toml]`: builds an image and prints what it takes.

use crate::root::{project, target_dir};
use build_image::{Options, build};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `cargo xtask dist`.
#[derive(clap::Args)]
pub struct Args {
    /// The manifest of the image
    #[arg(default_value = "app.toml")]
    manifest: PathBuf,
    /// Break one promise on purpose: a negative control for the tests
    #[arg(long, value_name = "NAME")]
    negative: Option<String>,
}

/// Builds the image and prints its table.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let options = options(&args.manifest, args.negative.clone());
    // A bad manifest is the builder's to explain.
    if let Ok(image) = build_manifest::load(&options.root, &options.manifest) {
        crate::setup::ensure_target(image.chip.target)?;
    }
    let dist = build(&options)?;
    println!("{}\n{}", dist.report(), dist.folder.display());
    Ok(ExitCode::SUCCESS)
}

/// Options for building the image of a manifest; a relative path starts from the working directory
/// if there is such a file, else from the root.
pub fn options(manifest: &Path, negative: Option<String>) -> Options {
    let root = project();
    let in_root = root.join(manifest);
    let manifest = match manifest.exists() || !in_root.exists() {
        true => manifest.to_path_buf(),
        false => in_root,
    };
    Options { root, manifest, target_dir: target_dir(), negative, quiet: false }
}
