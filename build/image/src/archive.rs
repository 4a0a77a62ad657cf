//! The archive: everything that the debugger needs, in one file.
//!
//! Entries are sorted and have no time, so that two builds of one commit are the same bytes.

use crate::error::ImageError;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Packs named contents.
///
/// # Errors
/// An entry is too large for a ZIP file.
pub fn pack(path: &Path, entries: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, ImageError> {
    let note = |reason: String| ImageError::Archive { path: path.into(), reason };
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(COMPRESSION_LEVEL))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(name.as_str(), options).map_err(|error| note(error.to_string()))?;
        writer.write_all(bytes).map_err(|error| note(error.to_string()))?;
    }
    let cursor = writer.finish().map_err(|error| note(error.to_string()))?;
    Ok(cursor.into_inner())
}

/// Fast: most of the archive is debug information that is read on the same machine.
const COMPRESSION_LEVEL: i64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_archives_of_the_same_contents_are_the_same_bytes() {
        let entries = BTreeMap::from([
            ("b/two".to_string(), vec![2; 1000]),
            ("a".to_string(), b"one".to_vec()),
        ]);
        let path = Path::new("x.zip");
        let first = pack(path, &entries).expect("packs");
        let second = pack(path, &entries).expect("packs");
        assert_eq!(first, second);
        let mut archive = zip::ZipArchive::new(Cursor::new(first)).expect("a ZIP file");
        let names: Vec<_> =
            archive.file_names().map(|name| name.expect("UTF-8").into_owned()).collect();
        assert_eq!(names, ["a", "b/two"]);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name("a").expect("there"), &mut text)
            .expect("reads");
        assert_eq!(text, "one");
    }
}
