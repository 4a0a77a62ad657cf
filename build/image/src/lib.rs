//! Builds an image from `app.toml`: compiles, measures, places, links, packs.
//!
//! # Why this way
//! A task crate compiles once, however many instances the image has: cargo makes *relocatable*
//! programs, and everything that differs between instances (addresses, slots, bits, configuration)
//! is a symbol that is resolved here, at the final link. So sizes are measured instead of written
//! by hand, a change of `app.toml` compiles nothing, and a change of one task compiles one crate.
//! Rejected: a cargo invocation per instance with environment variables (seven compilations of one
//! crate), and fixed slots per task in flash (sizes by hand).
//!
//! ```text
//! app.toml -> manifest -> cargo (-r) -> trial links -> sizes -> placement -> final links of tasks
//!                                                                  |              |
//!                                     kernel tables (MPU words, sends, posts, watches, entries)
//!                                                                  |
//!                    final link of the kernel, image id, combined ELF, binary, archive
//! ```
#![forbid(unsafe_code)]

mod archive;
mod below;
mod cargo;
mod describe;
mod error;
mod input;
mod instance;
mod link;
mod mpu;
mod negative;
mod object_file;
mod parallel;
mod place;
mod product;
mod programs;
mod report;
mod script;
mod stamp;
mod tables;

pub use cargo::PROFILE;
pub use error::{ImageError, SymbolError, SymbolErrors};
pub use report::report;

use build_manifest::layout::Layout;
use build_manifest::{Below, Image, Program};
use cargo::{Compile, Toolchain};
use sha2::{Digest, Sha256};
use stamp::Stamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What to build and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The project's root, which `crate = "..."` starts from.
    pub root: PathBuf,
    /// The manifest.
    pub manifest: PathBuf,
    /// The target directory; output goes to `dist/NAME` in it.
    pub target_dir: PathBuf,
    /// A promise to break on purpose: `--cfg negative="..."` for all target programs.
    pub negative: Option<String>,
    /// Do not print cargo's progress.
    pub quiet: bool,
}

/// A built image.
#[derive(Clone, Debug)]
pub struct Dist {
    /// Output folder.
    pub folder: PathBuf,
    /// Where everything is.
    pub layout: Layout,
    /// The checked manifest.
    pub image: Image,
}

impl Dist {
    /// Kernel and tasks in one ELF, to be loaded by physical addresses.
    #[must_use]
    pub fn product(&self) -> PathBuf {
        self.folder.join("product.elf")
    }

    /// The archive for the debugger.
    #[must_use]
    pub fn archive(&self) -> PathBuf {
        self.folder.join(format!("{}.zip", self.layout.name))
    }

    /// Another file of [`Layout::files`]: `bench`, `core1`, `shim`, `kernel`, `task:NAME`.
    #[must_use]
    pub fn file(&self, what: &str) -> Option<PathBuf> {
        self.layout.files.get(what).map(|name| self.folder.join(name))
    }

    /// The table of flash, RAM and MPU regions per program.
    #[must_use]
    pub fn report(&self) -> String {
        report(&self.layout)
    }
}

/// Builds the image; quick if nothing changed.
///
/// # Errors
/// Whatever is wrong with manifest, programs, sizes or files, in one line each.
pub fn build(options: &Options) -> Result<Dist, ImageError> {
    let image = build_manifest::load(&options.root, &options.manifest)?;
    if let Some(name) = &options.negative {
        negative::check(&options.root, name)?;
    }
    let toolchain = Toolchain::find(&options.root)?;
    let subfolder =
        options.negative.as_ref().map_or("image".into(), |name| format!("negative-{name}"));
    let programs_dir = options.target_dir.join(subfolder);
    let compile = Compile {
        root: &options.root,
        target_dir: &programs_dir,
        target: image.chip.target,
        negative: options.negative.as_deref(),
        quiet: options.quiet,
    };
    let programs = all_programs(&image);
    compile.run(&toolchain, &programs.iter().collect())?;

    let name = match &options.negative {
        Some(negative) => format!("{}-{negative}", image.name),
        None => image.name.clone(),
    };
    let folder = options.target_dir.join("dist").join(&name);
    let inputs: Vec<_> = programs.iter().map(|program| compile.binary(program)).collect();
    let stamp = Stamp::new(&image, &inputs);
    if let Some(layout) = stamp.matches(&folder) {
        return Ok(Dist { folder, layout, image });
    }
    let build = Build { image: &image, compile: &compile, toolchain: &toolchain, name, options };
    let layout = build.make(&folder, &stamp)?;
    Ok(Dist { folder, layout, image })
}

/// Kernel, tasks, and what stands below them; each program once.
fn all_programs(image: &Image) -> BTreeSet<Program> {
    let mut programs: BTreeSet<_> = image.tasks.iter().map(|task| task.program.clone()).collect();
    programs.insert(image.kernel.program.clone());
    match &image.below {
        Below::Nothing => {}
        Below::Bench => programs.extend(below::bench_programs()),
        Below::Shim(shim) => drop(programs.insert(shim.clone())),
    }
    programs
}

/// One build that found something to do.
struct Build<'a> {
    image: &'a Image,
    compile: &'a Compile<'a>,
    toolchain: &'a Toolchain,
    name: String,
    options: &'a Options,
}

impl Build<'_> {
    /// Fills a folder beside `folder`, then swaps: nothing half-written stays behind.
    fn make(&self, folder: &Path, stamp: &Stamp) -> Result<Layout, ImageError> {
        let partial = folder.with_file_name(format!(".{}.partial", self.name));
        let note =
            |verb| move |reason| ImageError::File { verb, path: folder.to_path_buf(), reason };
        remove(&partial).map_err(note("clear"))?;
        std::fs::create_dir_all(partial.join("tasks")).map_err(note("make"))?;
        let layout = self.fill(&partial)?;
        stamp.write(&partial)?;
        remove(folder).map_err(note("replace"))?;
        std::fs::rename(&partial, folder).map_err(note("replace"))?;
        Ok(layout)
    }

    fn fill(&self, folder: &Path) -> Result<Layout, ImageError> {
        let work = self.options.target_dir.join("dist").join(format!(".{}.work", self.name));
        let linked = programs::link(self.image, self.compile, self.toolchain, &work, folder)?;
        let mut layout = describe::layout(self.image, &self.name, &linked)?;
        let blobs: Vec<_> = linked.blobs();
        let entry = linked.reset_vector();
        let product = product::elf(&blobs, self.image.chip.load_offset_bytes, entry);
        error::write(&folder.join("product.elf"), &product)?;
        error::write(&folder.join("product.bin"), &product::binary(&blobs))?;
        let below = below::link(self.image, self.compile, self.toolchain, &work, folder)?;
        layout.files.extend(below);
        let json = serde_json::to_string_pretty(&layout).expect("a layout is plain data");
        error::write(&folder.join("layout.json"), json.as_bytes())?;
        self.pack(folder, &layout)?;
        Ok(layout)
    }

    fn pack(&self, folder: &Path, layout: &Layout) -> Result<(), ImageError> {
        let mut entries = BTreeMap::new();
        for name in layout.files.values().map(String::as_str).chain(["layout.json"]) {
            entries.insert(name.to_string(), error::read(&folder.join(name))?);
        }
        for source in &self.image.sources {
            let path = absolute(&source.path);
            // A manifest from outside of the tree goes by its bare name.
            let bare = || path.file_name().map_or(path.as_path(), Path::new);
            let name = path.strip_prefix(absolute(&self.options.root)).unwrap_or_else(|_| bare());
            let name = format!("manifest/{}", name.display());
            entries.insert(name, source.text.clone().into_bytes());
        }
        for (name, bytes) in interfaces(&self.options.root)? {
            entries.insert(name, bytes);
        }
        let path = folder.join(format!("{}.zip", self.name));
        let bytes = archive::pack(&path, &entries)?;
        error::write(&path, &bytes)
    }
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn remove(folder: &Path) -> std::io::Result<()> {
    if folder.exists() { std::fs::remove_dir_all(folder) } else { Ok(()) }
}

/// The interface files of the project.
fn interfaces(root: &Path) -> Result<Vec<(String, Vec<u8>)>, ImageError> {
    let folder = root.join("idl");
    let Ok(listing) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for path in listing.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.extension().is_some_and(|extension| extension == "idol") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push((format!("idl/{name}"), error::read(&path)?));
        }
    }
    Ok(found)
}

/// SHA-256 of all loadable bytes and of the manifest.
fn image_id(image: &Image, blobs: &[input::Blob]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for blob in blobs {
        part(&blob.base.to_le_bytes());
        part(&blob.bytes);
    }
    for source in &image.sources {
        part(source.text.as_bytes());
    }
    hash.finalize().into()
}
