//! A checked manifest: what the image builder, the debugger and the tests use.
//!
//! Names are resolved to indices, notification names to bits, region expressions to addresses.
//! Whoever holds an [`Image`] need not check anything again.

use crate::source::Source;
use std::path::PathBuf;
use sys_boot::{Chip, Interrupt, MemoryRange, Peripheral};

/// A whole image.
#[derive(Clone, Debug)]
pub struct Image {
    /// Name of the image; its output goes to a folder of that name.
    pub name: String,
    /// Chip facts.
    pub chip: &'static Chip,
    /// The kernel.
    pub kernel: Kernel,
    /// What stands below the product.
    pub below: Below,
    /// Tasks; position = task index.
    pub tasks: Vec<Task>,
    /// Regions in the order of their addresses.
    pub regions: Vec<Region>,
    /// The files that it was read from: the manifest, then what it extends.
    pub sources: Vec<Source>,
}

/// The kernel's package and its main stack.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The program.
    pub program: Program,
    /// Main stack in bytes.
    pub stack_bytes: u32,
}

/// A program: a binary of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Program {
    /// Folder of the package, relative to the root.
    pub folder: String,
    /// Name of the package.
    pub package: String,
    /// Name of the binary.
    pub binary: String,
}

/// What is loaded besides the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Below {
    /// Nothing: a board with its own loader.
    Nothing,
    /// The emulated hardware, on both cores, in Secure state.
    Bench,
    /// A small Secure program that starts the product all-Secure.
    Shim(Program),
}

/// One task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Name.
    pub name: String,
    /// The program; several tasks may share one.
    pub program: Program,
    /// 0 = most important.
    pub priority: u8,
    /// Start at boot?
    pub start: bool,
    /// May restart, kill, reset, publish edges.
    pub may_restart: bool,
    /// May inject faults and software interrupts.
    pub may_fault: bool,
    /// Declared stack bound in bytes, a multiple of 8.
    pub stack_bytes: u32,
    /// Named send targets.
    pub slots: Vec<Slot>,
    /// Names of the notification bits; position = bit.
    pub notifications: Vec<String>,
    /// Bits of this task that only the kernel posts: fault, watch, interrupt, timer.
    pub kernel_bits: u32,
    /// Bits of the timer.
    pub timer_bits: u32,
    /// Watched peers.
    pub watches: Vec<Watch>,
    /// What it may post, one entry per target.
    pub posts: Vec<Post>,
    /// Register blocks that it owns.
    pub uses: Vec<&'static Peripheral>,
    /// Interrupt lines that wake it.
    pub interrupts: Vec<Line>,
    /// Regions that it maps.
    pub maps: Vec<Mapping>,
    /// MPU regions for `uses` and `maps`, adjacent ones merged, sorted by base.
    pub windows: Vec<Window>,
    /// Own configuration.
    pub config: Vec<Config>,
    /// Restart policy; `None` = never restarted.
    pub restart: Option<Restart>,
    /// Who makes its hardware quiet after its death: a task index.
    pub quiesce: Option<usize>,
    /// Longest time without a kernel entry while runnable, in milliseconds; `None` = not watched.
    pub hang_ms: Option<u32>,
}

/// A named send target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Name in the program.
    pub name: String,
    /// Task index.
    pub peer: usize,
}

/// A watched peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Task index.
    pub peer: usize,
    /// Set of [`sys_abi::Edge::bit`].
    pub edges: u8,
    /// Notification bits of the watcher.
    pub mask: u32,
}

/// Bits that a task may post to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Task index.
    pub target: usize,
    /// Bits of the target.
    pub mask: u32,
}

/// An interrupt line of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Chip fact.
    pub interrupt: &'static Interrupt,
    /// Notification bits.
    pub mask: u32,
}

/// How a region is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Read only.
    Read,
    /// Read and write.
    Write,
}

/// A region that a task maps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Position in [`Image::regions`].
    pub region: usize,
    /// How.
    pub access: Access,
}

/// What one MPU region of a task covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Addresses.
    pub range: MemoryRange,
    /// Read-only or read-write.
    pub access: Access,
    /// Device memory (registers) or normal memory.
    pub device: bool,
}

/// A configuration value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Key.
    pub key: String,
    /// Value.
    pub value: ConfigValue,
}

/// The types of configuration values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigValue {
    /// An integer (negative ones in two's complement) or a boolean (0, 1).
    Word(u32),
    /// A string.
    Text(String),
    /// The name of a region: text, and an address for `region!`.
    Region {
        /// Position in [`Image::regions`].
        region: usize,
        /// Its name.
        name: String,
    },
    /// An array of integers; region names in an array give base and length each.
    Words(Vec<u32>),
}

/// Restart policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// Delay before the first restart, in milliseconds.
    pub first_ms: u32,
    /// Each further delay is the last one times this.
    pub factor: u32,
    /// Longest delay, in milliseconds.
    pub max_ms: u32,
    /// Failed after so many deaths ...
    pub deaths: u32,
    /// ... within this time, in milliseconds.
    pub within_ms: u32,
}

impl Restart {
    /// Restart at once, then 10 ms x 2 up to 1 s; 8 deaths in 10 s are final.
    pub const DEFAULT: Self =
        Self { first_ms: 0, factor: 2, max_ms: 1000, deaths: 8, within_ms: 10_000 };
}

/// What a region is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionKind {
    /// A pool of buffers of one client.
    Frame,
    /// Memory shared by tasks.
    Memory,
    /// Memory at an address that something outside of the image knows.
    Fixed,
}

impl RegionKind {
    /// The word in `app.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Memory => "memory",
            Self::Fixed => "fixed",
        }
    }
}

/// A named piece of memory.
#[derive(Clone, Debug)]
pub struct Region {
    /// Name.
    pub name: String,
    /// What for.
    pub kind: RegionKind,
    /// Where.
    pub range: MemoryRange,
    /// Number of buffers, 1 unless written as `N x WxH FORMAT`.
    pub buffer_count: u32,
    /// Distance of two buffers in bytes.
    pub buffer_bytes: u32,
}

impl Image {
    /// The task with that name.
    #[must_use]
    pub fn task(&self, name: &str) -> Option<(usize, &Task)> {
        self.tasks.iter().enumerate().find(|(_, task)| task.name == name)
    }

    /// The folder of the manifest's first file, for messages.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.sources.first().map(|source| source.path.clone()).unwrap_or_default()
    }

    /// May `source` send to `target`? Along slots, and everybody to task 0.
    #[must_use]
    pub fn may_send(&self, source: usize, target: usize) -> bool {
        source != target
            && (target == 0 || self.tasks[source].slots.iter().any(|slot| slot.peer == target))
    }
}
