//! Two builds of one tree are the same bytes, wherever the tree lies; and nothing is built twice.
//!
//! The test copies the tree to two folders with names of different length and builds the smallest
//! image there is, the kernel with two instances of the idle task, in each.

use build_image::{Dist, Options, build};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const MANIFEST: &str = r#"
name = "smallest"
chip = "mps2-an521"
kernel = "sys/kern"
[tasks.first]
crate = "task/idle"
priority = 0
notifications = ["fault"]
[tasks.second]
crate = "task/idle"
priority = 1
stack = 512
hang_ms = 0
"#;

/// What is not a part of the tree, at its top.
const SKIPPED: [&str; 3] = ["target", "out", ".git"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("build/image is two deep")
}

fn copy(from: &Path, to: &Path, top: bool) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a listing").map(|entry| entry.expect("an entry")) {
        let name = entry.file_name();
        if top && SKIPPED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &to.join(&name), false),
            false => drop(std::fs::copy(entry.path(), to.join(&name)).expect("copies")),
        }
    }
}

/// Copies the tree and builds the image in the copy.
fn checkout(folder: &Path) -> (Options, Dist) {
    copy(root(), folder, true);
    let manifest = folder.join("smallest.toml");
    std::fs::write(&manifest, MANIFEST).expect("writes");
    let options = Options {
        root: folder.into(),
        manifest,
        target_dir: folder.join("target"),
        negative: None,
        quiet: true,
    };
    let dist = build(&options).unwrap_or_else(|error| panic!("{error}"));
    (options, dist)
}

/// All files that are handed out, by name.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a listing") {
            let path = entry.expect("an entry").path();
            let hidden =
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if path.is_dir() {
                folders.push(path);
            } else if !hidden {
                let name = path.strip_prefix(folder).expect("inside").to_path_buf();
                found.insert(name, std::fs::read(&path).expect("reads"));
            }
        }
    }
    found
}

fn changed(dist: &Dist) -> SystemTime {
    dist.product().metadata().and_then(|metadata| metadata.modified()).expect("a time")
}

#[test]
fn two_checkouts_give_the_same_bytes_and_nothing_is_built_twice() {
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("two-{}", std::process::id()));
    let (options, one) = checkout(&work.join("one"));
    let (_, two) = checkout(&work.join("another/deeper"));
    let (first, second) = (contents(&one.folder), contents(&two.folder));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in &first {
        assert!(*bytes == second[name], "{} differs", name.display());
    }
    assert!(first.contains_key(Path::new("smallest.zip")));

    let built = changed(&one);
    let again = build(&options).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(changed(&again), built, "nothing changed, and it was built again");
    assert_eq!(again.layout, one.layout);

    // The manifest is a part of the image: another stack, another id.
    let text = MANIFEST.replace("stack = 512", "stack = 1024");
    std::fs::write(&options.manifest, text).expect("writes");
    let other = build(&options).unwrap_or_else(|error| panic!("{error}"));
    assert_ne!(other.layout.image_id, one.layout.image_id);
    assert_eq!(other.layout.tasks[1].stack_bound_bytes, 1024);
    std::fs::remove_dir_all(&work).expect("cleans up");
}
