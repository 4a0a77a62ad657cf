//! What `llvm-cov export` says, by file and function.
//!
//! The format ("llvm.coverage.json.export") lists per file *segments*: from (line, column) on, the
//! code was entered so many times. A line counts as `llvm-cov` counts it: by the segment that it
//! begins in, or the largest that begins in it (LLVM, `LineCoverageStats`). Lines of test modules
//! inside a counted file are not counted.

use anyhow::Context;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How much of how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    covered: u32,
    all: u32,
}

impl Count {
    fn add(&mut self, covered: bool) {
        self.all += 1;
        self.covered += u32::from(covered);
    }

    /// Nothing of nothing is all of it.
    pub fn percent(self) -> f64 {
        if self.all == 0 { 100.0 } else { 100.0 * f64::from(self.covered) / f64::from(self.all) }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.covered, self.all)
    }
}

impl std::ops::Add for Count {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { covered: self.covered + other.covered, all: self.all + other.all }
    }
}

impl std::iter::Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, count| sum + count)
    }
}

/// One source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Lines with code.
    pub lines: Count,
    /// Pieces of code that are entered as a whole.
    pub regions: Count,
    /// Outcomes of conditions.
    pub branches: Count,
    /// Lines that no test reaches, by function.
    pub uncovered: BTreeMap<String, Vec<u64>>,
}

/// All counted files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By name inside of the counted folder.
    pub files: BTreeMap<String, File>,
}

/// A function's place.
struct Function {
    name: String,
    first: u64,
    last: u64,
    is_test: bool,
}

/// From a place on: how often entered, whether counted, whether it begins a region.
struct Segment {
    line: u64,
    count: u64,
    has_count: bool,
    is_entry: bool,
}

impl Segment {
    fn read(value: &Value) -> Option<Self> {
        let gap = value.get(5).and_then(Value::as_bool).unwrap_or(false);
        Some(Self {
            line: value.get(0)?.as_u64()?,
            count: value.get(2)?.as_u64()?,
            has_count: value.get(3)?.as_bool()?,
            is_entry: value.get(4)?.as_bool()? && !gap,
        })
    }

    const fn starts_region(&self) -> bool {
        self.is_entry && self.has_count
    }
}

impl Report {
    /// Reads the text; `counted` gives the name of a file that counts.
    ///
    /// # Errors
    /// It is something else.
    pub fn from_json(text: &str, counted: impl Fn(&str) -> Option<&str>) -> anyhow::Result<Self> {
        let json: Value = serde_json::from_str(text)?;
        let data = json.pointer("/data/0").context("no coverage data")?;
        let list = |key: &str| data.get(key).and_then(Value::as_array).context("no list");
        let (files, functions) = (list("files")?, list("functions")?);
        let mut report = Self::default();
        for file in files {
            let path = file.get("filename").and_then(Value::as_str).context("no file name")?;
            if let Some(name) = counted(path) {
                let functions = functions_of(functions, path);
                report.files.insert(name.into(), read_file(file, &functions));
            }
        }
        anyhow::ensure!(!report.files.is_empty(), "none of the files counts");
        Ok(report)
    }
}

fn functions_of(functions: &[Value], path: &str) -> Vec<Function> {
    let read = |function: &Value| {
        if function.pointer("/filenames/0")?.as_str()? != path {
            return None;
        }
        // The first region is the head alone; macros are regions of other files.
        let regions = function.get("regions")?.as_array()?;
        let own = regions.iter().filter(|region| region.get(5).and_then(Value::as_u64) == Some(0));
        let line = |place: usize| move |region: &&Value| region.get(place).and_then(Value::as_u64);
        let (first, last) = (
            own.clone().filter_map(|region| line(0)(&region)).min()?,
            own.filter_map(|region| line(2)(&region)).max()?,
        );
        let mangled = function.get("name")?.as_str()?;
        let name = format!("{:#}", rustc_demangle::demangle(mangled));
        let is_test = name.contains("::tests::");
        Some(Function { name: short(&name), first, last, is_test })
    };
    functions.iter().filter_map(read).collect()
}

/// The last part of a path that is a name: closures belong to their function.
fn short(name: &str) -> String {
    let parts = name.split("::").filter(|part| !part.is_empty() && !part.starts_with(['{', '<']));
    let last = parts.last().unwrap_or(name);
    last.split('<').next().unwrap_or(last).into()
}

fn read_file(file: &Value, functions: &[Function]) -> File {
    let segments = file.get("segments").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let segments: Vec<Segment> = segments.iter().filter_map(Segment::read).collect();
    let in_test =
        |line: u64| functions.iter().any(|f| f.is_test && (f.first..=f.last).contains(&line));
    let mut counts = File::default();
    for segment in segments.iter().filter(|segment| segment.starts_region()) {
        if !in_test(segment.line) {
            counts.regions.add(segment.count > 0);
        }
    }
    for (line, count) in line_counts(&segments) {
        if in_test(line) {
            continue;
        }
        counts.lines.add(count > 0);
        if count == 0 {
            let around = functions.iter().filter(|f| (f.first..=f.last).contains(&line));
            // The outermost: a closure lies in its function.
            let name = around.max_by_key(|f| f.last - f.first).map_or("?", |f| f.name.as_str());
            counts.uncovered.entry(name.into()).or_default().push(line);
        }
    }
    counts.branches = branches(file, in_test);
    counts
}

/// Each line with code, and how often it was entered.
fn line_counts(segments: &[Segment]) -> Vec<(u64, u64)> {
    let first = segments.first().map_or(0, |segment| segment.line);
    let last = segments.last().map_or(0, |segment| segment.line);
    let mut counts = Vec::new();
    let mut wrapped: Option<&Segment> = None;
    for line in first..=last {
        let here: Vec<&Segment> = segments.iter().filter(|segment| segment.line == line).collect();
        let skipped = here.first().is_some_and(|segment| !segment.has_count && segment.is_entry);
        let entered = here.iter().filter(|segment| segment.starts_region());
        let inside = wrapped.filter(|segment| segment.has_count);
        let largest = entered.map(|segment| segment.count).max();
        if !skipped && let Some(count) = largest.max(inside.map(|segment| segment.count)) {
            counts.push((line, count));
        }
        wrapped = here.last().copied().or(wrapped);
    }
    counts
}

/// Both outcomes of each condition; instances of a generic function count together.
fn branches(file: &Value, in_test: impl Fn(u64) -> bool) -> Count {
    let branches = file.get("branches").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut all = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for branch in branches {
        let at = |place: usize| branch.get(place).and_then(Value::as_u64).unwrap_or(0);
        if in_test(at(0)) {
            continue;
        }
        for (outcome, count) in [(true, at(4)), (false, at(5))] {
            let key = (at(0), at(1), at(2), at(3), outcome);
            all.insert(key);
            if count > 0 {
                taken.insert(key);
            }
        }
    }
    Count { covered: taken.len() as u32, all: all.len() as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f` (lines 1 to 4) is entered, its `if` (line 2, 3) is not; the test module (6) is not ours.
    const EXPORT: &str = r#"{"data":[{
        "files":[{"filename":"/x/a.rs","branches":[[2,8,2,12,0,5,0,0,4],[2,8,2,12,1,0,0,0,4]],
            "segments":[[1,1,5,true,true,false],[2,12,0,true,true,false],[3,6,5,true,false,false],
                        [4,2,0,false,false,false],[6,1,0,true,true,false],[7,2,0,false,false,false]]}],
        "functions":[
            {"name":"_RNvCs1_1a1f","filenames":["/x/a.rs"],"regions":[[1,1,1,9,5,0,0,0],[2,5,4,2,5,0,0,0],[90,1,95,1,5,1,0,0]]},
            {"name":"_ZN1a5tests1gE","filenames":["/x/a.rs"],"regions":[[6,1,7,2,0,0,0,0]]}]}]}"#;

    #[test]
    fn lines_regions_and_branches_are_counted_as_llvm_does() {
        let report = Report::from_json(EXPORT, |path| path.strip_prefix("/x/")).expect("an export");
        let file = &report.files["a.rs"];
        assert_eq!(file.lines, Count { covered: 3, all: 4 });
        assert_eq!(file.regions, Count { covered: 1, all: 2 });
        assert_eq!(file.branches, Count { covered: 2, all: 2 });
        assert_eq!(file.uncovered, BTreeMap::from([("f".into(), vec![3])]));
    }

    #[test]
    fn a_closure_belongs_to_its_function() {
        for (name, expect) in [
            ("sys_kern::kernel::Kernel<_>::choose", "choose"),
            ("<sys_kern::kernel::Kernel<_>>::choose::{closure#0}", "choose"),
            ("sys_kern::ready::after::<u8>", "after"),
        ] {
            assert_eq!(short(name), expect, "{name}");
        }
    }

    #[test]
    fn nothing_to_count_is_an_error() {
        assert!(Report::from_json("{}", |_| None).is_err());
        assert!(Report::from_json(EXPORT, |_| None).is_err());
    }
}
