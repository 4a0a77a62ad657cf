//! Is the output folder up to date?
//!
//! As in make: size and time of the inputs, the text of the manifest, and the builder itself. A
//! hash of the inputs' contents would be more exact and read a hundred megabytes each time.

use crate::error::{ImageError, write};
use build_manifest::Image;
use build_manifest::layout::Layout;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

const NAME: &str = ".stamp";

/// The state of all inputs.
pub struct Stamp(String);

impl Stamp {
    /// Looks at the inputs.
    pub fn new(image: &Image, programs: &[PathBuf]) -> Self {
        let mut text = String::new();
        let builder = std::env::current_exe().unwrap_or_default();
        for path in programs.iter().chain([&builder]) {
            let metadata = std::fs::metadata(path).ok();
            let bytes = metadata.as_ref().map_or(0, std::fs::Metadata::len);
            let time = metadata.and_then(|metadata| metadata.modified().ok());
            let time = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let time_ns = time.map_or(0, |time| time.as_nanos());
            let _ = writeln!(text, "{} {bytes} {time_ns}", path.display());
        }
        for source in &image.sources {
            let _ = writeln!(text, "{}\n{}", source.path.display(), source.text);
        }
        Self(text)
    }

    /// The layout in `folder`, if it was made from the same inputs.
    pub fn matches(&self, folder: &Path) -> Option<Layout> {
        let old = std::fs::read_to_string(folder.join(NAME)).ok()?;
        let layout = std::fs::read_to_string(folder.join("layout.json")).ok()?;
        (old == self.0).then(|| Layout::from_json(&layout).ok())?
    }

    /// Notes the inputs in `folder`.
    pub fn write(&self, folder: &Path) -> Result<(), ImageError> {
        write(&folder.join(NAME), self.0.as_bytes())
    }
}
