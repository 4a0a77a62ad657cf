//! What can be wrong with a manifest: one variant per defect, each with its remedy.

use crate::source::{At, Sources};
use std::fmt;
use thiserror::Error;

/// A defect. The text names the thing, the value and the remedy, in one line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Defect {
    #[error("cannot read {path}: {reason}: check the path")]
    Unreadable { path: String, reason: String },
    #[error("not TOML: {message}")]
    Syntax { message: String },
    #[error("`extends` comes back to {path}: a manifest cannot extend itself, directly or not")]
    ExtendsCycle { path: String },
    #[error("{where_}: unknown key `{key}`{hint}", hint = did_you_mean(.nearest.as_deref(), .known))]
    UnknownKey { where_: String, key: String, nearest: Option<String>, known: Vec<String> },
    #[error("{where_}: `{key}` is missing: add {remedy}")]
    MissingKey { where_: String, key: &'static str, remedy: &'static str },
    #[error("{where_}: `{key}` is {found}, expected {expected}")]
    WrongType { where_: String, key: String, found: String, expected: &'static str },
    #[error("{where_}: `{key}` = {value} is out of range, {low}..={high} is possible")]
    OutOfRange { where_: String, key: String, value: i64, low: i64, high: i64 },
    #[error("{what} `{name}` is not a name: use a-z, 0-9, `-` and `_`, a letter first")]
    BadName { what: &'static str, name: String },
    #[error("{what} `{a}` and `{b}` would be the same symbol in a program: rename one")]
    SameSymbol { what: &'static str, a: String, b: String },
    #[error("{where_}: no {what} `{name}`{hint}", hint = did_you_mean(.nearest.as_deref(), .known))]
    Unknown {
        where_: String,
        what: &'static str,
        name: String,
        nearest: Option<String>,
        known: Vec<String>,
    },
    #[error(
        "{where_}: crate `{folder}` has no Cargo.toml with a package in it: check the path from the root"
    )]
    NoCrate { where_: String, folder: String },
    #[error("no tasks: add a [tasks.NAME] table, the supervisor first")]
    NoTasks,
    #[error("{count} tasks, at most {most} are possible: remove some")]
    TooManyTasks { count: usize, most: usize },
    #[error(
        "task 0 is `{name}`: the first task is the supervisor, so it has priority 0 and `notifications` begins with \"fault\""
    )]
    FirstTask { name: String },
    #[error("task {name}: `start` = false, but nobody starts the supervisor later: remove it")]
    SupervisorNotStarted { name: String },
    #[error("task {name}: priority 0 belongs to task 0, `{supervisor}`, alone: use 1 or more")]
    PriorityZero { name: String, supervisor: String },
    #[error(
        "task {task} (priority {own}): slot `{slot}` on {peer} (priority {theirs}): sends go only to a more important task; answer by notification, or give {peer} a priority below {own}"
    )]
    Downhill { task: String, own: u8, slot: String, peer: String, theirs: u8 },
    #[error(
        "no task is always ready to run, and the kernel resets the machine when nobody is: add [tasks.idle] with `crate = \"task/idle\"`, the largest priority number and `hang_ms = 0`"
    )]
    NoIdle,
    #[error(
        "task {idle} (priority {own}) never waits, so that task {task} (priority {theirs}) would never run: give {idle} a priority above {theirs}"
    )]
    IdleNotLast { idle: String, own: u8, task: String, theirs: u8 },
    #[error("task {idle}: `hang_ms` = {hang_ms}, but it never enters the kernel: set it to 0")]
    IdleWatched { idle: String, hang_ms: u32 },
    #[error("cycle of slots {path}: remove one, each task may send only to a more important one")]
    Cycle { path: String },
    #[error("task {task}: {count} notifications, at most 32 are possible: share bits")]
    TooManyNotifications { task: String, count: usize },
    #[error("task {task}: {what} `{name}` appears twice: remove one")]
    Twice { task: String, what: &'static str, name: String },
    #[error(
        "task {task}: notification `{bit}` is for {a} and for {b}: give each a bit of its own, or who gets it cannot tell"
    )]
    SharedBit { task: String, bit: String, a: &'static str, b: &'static str },
    #[error(
        "task {task} may not post `{bit}` of {target}: only the kernel posts it ({why}): post another bit"
    )]
    PostOfKernelBit { task: String, target: String, bit: String, why: &'static str },
    #[error(
        "task {task}: `post` to {target}, which has no notification that a task may post: declare one there"
    )]
    NothingToPost { task: String, target: String },
    #[error(
        "task {task} has a slot on {peer}, which posts to it, and no watch: add `watch = {{ {peer} = \"...\" }}`, or its death goes unseen"
    )]
    MissingWatch { task: String, peer: String },
    #[error(
        "task {task}: `{key}` names pool {pool}, which task {holder} maps: add `{holder}` to `watch`, or what it holds never comes back when it dies"
    )]
    UnwatchedHolder { task: String, key: String, pool: String, holder: String },
    #[error("task {task}: it cannot {what} itself: remove it")]
    Itself { task: String, what: &'static str },
    #[error("interrupt {irq} belongs to task {a} and to task {b}: a line wakes one task")]
    DuplicateInterrupt { irq: String, a: String, b: String },
    #[error(
        "register block {block} belongs to task {a} and to task {b}: keep one `uses`, and let the other ask its driver"
    )]
    TwoOwners { block: String, a: String, b: String },
    #[error("task {task}: `shares` = {block}, which no other task uses: write `uses`")]
    NothingShared { task: String, block: String },
    #[error(
        "task {task}: `shares` = {block}, but only a program under test/ may reach the registers of another task: let it ask {owner}"
    )]
    SharesInProduct { task: String, block: String, owner: String },
    #[error(
        "task {task}: {count} MPU regions (code, RAM{windows}), at most {most} are possible: map fewer, or make regions adjacent by giving them the same readers and writers"
    )]
    TooManyRegions { task: String, count: usize, most: usize, windows: String },
    #[error(
        "task {task}: `quiesce` = {helper}, but the supervisor may not post to it: add it to `post` of {supervisor}"
    )]
    QuiesceWithoutPost { task: String, helper: String, supervisor: String },
    #[error(
        "task {b}: `quiesce` = {theirs}, but task {a} has {ours}: the supervisor knows one helper, name the same"
    )]
    TwoHelpers { a: String, ours: String, b: String, theirs: String },
    #[error(
        "region {region}: {bytes} is not a size: write bytes (4096) or \"4 x 640x480 YUYV\" with one of {formats}"
    )]
    BadBytes { region: String, bytes: String, formats: String },
    #[error(
        "region {a} ({a_range}) and region {b} ({b_range}) overlap: move one, or leave `address` out"
    )]
    Overlap { a: String, a_range: String, b: String, b_range: String },
    #[error("region {region} ({range}) lies in no memory of {chip} for regions: use {possible}")]
    OutsideMemory { region: String, range: String, chip: &'static str, possible: String },
    #[error("region {region}: {what} {value:#x} is not a multiple of {align}: round it up")]
    Unaligned { region: String, what: &'static str, value: u32, align: u32 },
    #[error("region {region} ({bytes} bytes) does not fit: {free} bytes are left: make it smaller")]
    MemoryFull { region: String, bytes: u32, free: u32 },
    #[error("region {region}: a pool has at most one writer, found {writers}: keep one")]
    TwoWriters { region: String, writers: String },
    #[error("region {region}: `address` {remedy}")]
    Address { region: String, remedy: &'static str },
    #[error(
        "task {task}: config `{key}` names region {region}, and there is a region `{key}` too: rename the key"
    )]
    ConfigHidesRegion { task: String, key: String, region: String },
    #[error(
        "task {task}: config `{key}` is reserved for what the builder fills in: rename the key"
    )]
    ReservedConfig { task: String, key: String },
    #[error("`bench` and `shim` are both set: one thing stands below the product, remove one")]
    BenchAndShim,
}

fn did_you_mean(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(name) => format!(": did you mean `{name}`?"),
        None if known.is_empty() => ": remove it".into(),
        None => format!(": there is {}", known.join(", ")),
    }
}

/// The nearest of `known`, if it is near enough to be a slip of the finger: one edit, or one per
/// three letters.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let most = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(edits, _)| *edits <= most)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate.to_string())
}

/// All defects of a manifest, in the order of the text; each prints as one line.
#[derive(Clone, Debug, Default)]
pub struct ManifestError {
    lines: Vec<(Option<At>, String, Defect)>,
}

impl ManifestError {
    /// The defects without their places.
    pub fn defects(&self) -> impl Iterator<Item = &Defect> {
        self.lines.iter().map(|(_, _, defect)| defect)
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (_, place, defect)) in self.lines.iter().enumerate() {
            let separator = if position == 0 { "" } else { "\n" };
            write!(f, "{separator}{place}: {}", one_line(&defect.to_string()))?;
        }
        Ok(())
    }
}

/// A name may have been written with a line feed in it; a defect stays one line.
fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(shown).collect()
}

impl std::error::Error for ManifestError {}

/// Collects defects, so that one run shows all.
#[derive(Debug, Default)]
pub struct Defects(Vec<(Option<At>, Defect)>);

impl Defects {
    /// Notes a defect at a place.
    pub fn add(&mut self, at: At, defect: Defect) {
        self.0.push((Some(at), defect));
    }

    /// Notes a defect of the whole manifest.
    pub fn add_whole(&mut self, defect: Defect) {
        self.0.push((None, defect));
    }

    /// No defect so far?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The error, sorted by place; `name` stands for places that are not in a file.
    #[must_use]
    pub fn into_error(self, sources: &Sources, name: &str) -> ManifestError {
        let mut lines: Vec<_> = self
            .0
            .into_iter()
            .map(|(at, defect)| {
                let place = at.map_or_else(|| name.to_string(), |at| sources.describe(at));
                (at, place, defect)
            })
            .collect();
        lines.sort_by_key(|(at, _, _)| *at);
        lines.dedup_by(|a, b| a.1 == b.1 && a.2 == b.2);
        ManifestError { lines }
    }
}
