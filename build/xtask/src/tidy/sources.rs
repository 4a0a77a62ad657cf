//! Rust sources: `unsafe`, forbidden words, camera words in `sys/`, lengths, documentation.

use super::text::{Line, has_word, split};
use super::{File, Finding};

/// A logic file past this wants a second room; tests at its end do not count.
const MOST_LINES: usize = 600;

/// Glue of a task.
const MOST_LINES_OF_MAIN: usize = 250;

/// How far above a use of `unsafe` its reason may begin.
const SAFETY_WITHIN_LINES: usize = 12;

/// Where `unsafe` may be (invariant 5): beginnings of paths, or `*/name` for a file in any driver
/// or task.
const UNSAFE_ALLOWED: [&str; 12] = [
    "sys/kern/src/umem.rs",
    "sys/kern/src/arch/",
    "sys/kern/src/main.rs",
    "sys/userlib/src/",
    "sys/idol-runtime/src/",
    "sys/boot/",
    "test/bench/",
    "test/kernel/src/",
    "test/camera/src/",
    "task/client/src/",
    "*/mmio.rs",
    "build/idol/",
];

/// Words of the camera; `sys/` would be the same in a toaster (invariant 2).
const CAMERA_WORDS: [&str; 14] = [
    "camera", "isp", "sensor", "ccdc", "resizer", "video", "media", "pixel", "pixels", "bayer",
    "v4l2", "subdev", "video6", "media0",
];

/// Words of a chip; the kernel names none.
const CHIP_WORDS: [&str; 5] = ["mps2", "an521", "an505", "cmsdk", "stm32"];

/// Checks all Rust sources.
pub fn check(files: &[File], findings: &mut Vec<Finding>) {
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let lines = split(&file.text);
        let source = Source { file, lines: &lines };
        source.unsafe_code(findings);
        source.words(findings);
        source.names(findings);
        source.length(findings);
        source.documentation(findings);
        source.conditions(findings);
    }
}

struct Source<'a> {
    file: &'a File,
    lines: &'a [Line],
}

impl Source<'_> {
    fn path(&self) -> &str {
        &self.file.path
    }

    fn find(&self, index: usize, what: impl Into<String>, findings: &mut Vec<Finding>) {
        findings.push(Finding::new(self.path(), index + 1, what));
    }

    fn in_room(&self, room: &str) -> bool {
        self.path().starts_with(room)
    }

    fn is_root(&self) -> bool {
        let name = self.path().rsplit('/').next();
        matches!(name, Some("lib.rs" | "main.rs")) || self.path().contains("/src/bin/")
    }

    fn may_be_unsafe(&self) -> bool {
        UNSAFE_ALLOWED.iter().any(|allowed| match allowed.strip_prefix('*') {
            Some(end) => self.path().ends_with(end),
            None => self.in_room(allowed),
        })
    }

    fn unsafe_code(&self, findings: &mut Vec<Finding>) {
        for (index, line) in self.lines.iter().enumerate() {
            if !has_word(&line.code, "unsafe") {
                continue;
            }
            if !self.may_be_unsafe() {
                let what = "`unsafe` outside of the places for it: use what arch/, mmio.rs, umem or the lease code offer";
                self.find(index, what, findings);
            }
            let block = line.code.contains("unsafe {") || line.code.contains("unsafe impl");
            let first = index.saturating_sub(SAFETY_WITHIN_LINES);
            let mut near = self.lines[first..=index].iter();
            if block && !near.any(|line| line.comment.contains("SAFETY:")) {
                self.find(
                    index,
                    "`unsafe` without a `// SAFETY:` that names the obligations",
                    findings,
                );
            }
        }
        let forbids = self.lines.iter().any(|line| line.code.contains("forbid(unsafe_code)"));
        let folder = self.path().rsplit_once("/src/").map_or("", |(folder, _)| folder);
        let package_allowed =
            UNSAFE_ALLOWED.iter().any(|allowed| !folder.is_empty() && allowed.starts_with(folder));
        let denies = self.lines.iter().any(|line| line.code.contains("deny(unsafe_code)"));
        let library = self.path().ends_with("/src/lib.rs");
        if library && !forbids && !denies && !package_allowed && !self.may_be_unsafe() {
            self.find(
                0,
                "a crate without unsafe code says so: add `#![forbid(unsafe_code)]`",
                findings,
            );
        }
    }

    /// Words that mean "not finished".
    fn words(&self, findings: &mut Vec<Finding>) {
        let code = [
            concat!("to", "do!"),
            concat!("unimpl", "emented!"),
            concat!("#[", "ignore"),
            concat!("db", "g!"),
        ];
        let comments =
            [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
        let places = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];
        for (index, line) in self.lines.iter().enumerate() {
            for word in code.iter().filter(|word| line.code.contains(**word)) {
                self.find(
                    index,
                    format!("`{word}` is not finished work: finish it or take it out"),
                    findings,
                );
            }
            for word in comments.iter().filter(|word| has_word(&line.comment, word)) {
                self.find(
                    index,
                    format!("`{word}`: do it, or write down what is known and why"),
                    findings,
                );
            }
            let text = self.file.text.lines().nth(index).unwrap_or_default();
            for place in places.iter().filter(|place| text.contains(**place)) {
                self.find(
                    index,
                    format!("`{place}` is a path of somebody's machine: take it out"),
                    findings,
                );
            }
            if line.code.contains("Result<") && line.code.contains(", ()>") {
                self.find(index, "an error without a type: name what can go wrong", findings);
            }
            if line.code.contains("Other(String)") {
                self.find(index, "`Other(String)` hides a cause: give it a variant", findings);
            }
        }
    }

    fn names(&self, findings: &mut Vec<Finding>) {
        let facts = self.in_room("sys/boot/");
        if !self.in_room("sys/") || facts {
            return;
        }
        for (index, text) in self.file.text.lines().enumerate() {
            let lower = text.to_lowercase();
            for word in CAMERA_WORDS.iter().filter(|word| has_word(&lower, word)) {
                self.find(index, format!("`{word}` in sys/, which would be the same in a toaster: use a neutral example"), findings);
            }
            if self.in_room("sys/kern/") {
                for word in CHIP_WORDS.iter().filter(|word| lower.contains(**word)) {
                    self.find(
                        index,
                        format!("`{word}` in the kernel, which names no chip: move it to sys/boot"),
                        findings,
                    );
                }
            }
        }
    }

    fn length(&self, findings: &mut Vec<Finding>) {
        let tests = self.path().contains("/tests") || self.path().ends_with("tests.rs");
        let logic = self
            .lines
            .iter()
            .position(|line| line.code.trim() == "#[cfg(test)]")
            .unwrap_or(self.lines.len());
        if logic > MOST_LINES && !tests {
            let what = format!("{logic} lines, at most {MOST_LINES}: split it by what it is about");
            self.find(0, what, findings);
        }
        let glue = (self.in_room("task/") || self.in_room("drv/"))
            && self.path().ends_with("/src/main.rs");
        if glue && logic > MOST_LINES_OF_MAIN {
            let what = format!(
                "{logic} lines of glue, at most {MOST_LINES_OF_MAIN}: what decides belongs in lib.rs"
            );
            self.find(0, what, findings);
        }
    }

    fn documentation(&self, findings: &mut Vec<Finding>) {
        let mut lines = self.file.text.lines();
        let first = lines.find(|line| !line.trim().is_empty() && !line.starts_with("#!"));
        let generated = self.path().contains("/fixtures/");
        if !generated && !first.is_some_and(|line| line.starts_with("//!")) {
            self.find(0, "does not begin with `//!`: say what it is and why", findings);
        }
    }

    /// Invariant 7: conditions stand in crate roots and in arch/, and are never features.
    fn conditions(&self, findings: &mut Vec<Finding>) {
        let target_room = ["sys/", "drv/", "task/", "idl/"].iter().any(|room| self.in_room(room));
        if !target_room {
            return;
        }
        for (index, line) in self.lines.iter().enumerate() {
            if line.code.contains("cfg(feature") || line.code.contains("cfg!(feature") {
                self.find(
                    index,
                    "a cargo feature on target: make it a config value or another task",
                    findings,
                );
            }
            let condition =
                line.code.contains("cfg(target_os") || line.code.contains("cfg(not(target_os");
            if condition && !self.is_root() && !self.path().contains("/arch/") {
                self.find(
                    index,
                    "a target condition outside of a crate root and arch/: move it there",
                    findings,
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_one(path: &str, text: &str, expect: &[&str]) {
        let mut findings = Vec::new();
        check(&[File { path: path.into(), text: text.into() }], &mut findings);
        let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn unsafe_needs_a_place_and_a_reason() {
        let good = "//! X.\n// SAFETY: the caller pays.\nunsafe { x() }\n";
        check_one("drv/isp/src/mmio.rs", good, &[]);
        check_one(
            "drv/isp/src/stream.rs",
            good,
            &[
                "drv/isp/src/stream.rs:3: `unsafe` outside of the places for it: use what arch/, mmio.rs, umem or the lease code offer",
            ],
        );
        check_one(
            "sys/kern/src/arch/x.rs",
            "//! X.\nunsafe { x() }\n",
            &[
                "sys/kern/src/arch/x.rs:2: `unsafe` without a `// SAFETY:` that names the obligations",
            ],
        );
        check_one(
            "task/video/src/a.rs",
            "//! No unsafe here.\n// unsafe\nlet x = \"unsafe\";\n",
            &[],
        );
    }

    #[test]
    fn a_library_forbids_what_it_does_not_use() {
        check_one(
            "task/video/src/lib.rs",
            "//! X.\n",
            &[
                "task/video/src/lib.rs:1: a crate without unsafe code says so: add `#![forbid(unsafe_code)]`",
            ],
        );
        check_one("task/video/src/lib.rs", "//! X.\n#![forbid(unsafe_code)]\n", &[]);
        check_one("task/client/src/lib.rs", "//! X.\n", &[]);
    }

    #[test]
    fn unfinished_work_is_found_in_code_and_comments_only() {
        let marker = concat!("TO", "DO");
        check_one(
            "task/video/src/a.rs",
            &format!("//! X.\n// {marker}: later\nlet x = \"{marker}\";\n"),
            &[&format!(
                "task/video/src/a.rs:2: `{marker}`: do it, or write down what is known and why"
            )],
        );
        let call = concat!("to", "do!");
        check_one(
            "task/video/src/a.rs",
            &format!("//! X.\n{call}()\n"),
            &[&format!(
                "task/video/src/a.rs:2: `{call}` is not finished work: finish it or take it out"
            )],
        );
    }

    #[test]
    fn the_system_names_no_camera_and_the_kernel_no_chip() {
        check_one(
            "sys/kern/src/a.rs",
            "//! The ISP of the mps2.\n",
            &[
                "sys/kern/src/a.rs:1: `isp` in sys/, which would be the same in a toaster: use a neutral example",
                "sys/kern/src/a.rs:1: `mps2` in the kernel, which names no chip: move it to sys/boot",
            ],
        );
        check_one("sys/boot/src/a.rs", "//! The ISP of the mps2.\n", &[]);
        check_one("sys/kern/src/a.rs", "//! A crisp dispatch.\n", &[]);
    }

    #[test]
    fn long_files_and_undocumented_ones_are_named() {
        let long = format!("//! X.\n{}", "x;\n".repeat(700));
        check_one(
            "task/video/src/a.rs",
            &long,
            &["task/video/src/a.rs:1: 702 lines, at most 600: split it by what it is about"],
        );
        let tested = format!("//! X.\n#[cfg(test)]\n{}", "x;\n".repeat(700));
        check_one("task/video/src/a.rs", &tested, &[]);
        check_one(
            "task/video/src/a.rs",
            "fn x() {}\n",
            &["task/video/src/a.rs:1: does not begin with `//!`: say what it is and why"],
        );
    }

    #[test]
    fn conditions_stand_in_roots() {
        let text = "//! X.\n#[cfg(target_os = \"none\")]\nfn x() {}\n";
        check_one("sys/kern/src/arch/mod.rs", text, &[]);
        check_one("drv/isp/src/main.rs", text, &[]);
        check_one(
            "drv/isp/src/stream.rs",
            text,
            &[
                "drv/isp/src/stream.rs:2: a target condition outside of a crate root and arch/: move it there",
            ],
        );
    }
}
