//! `layout.json`: where everything of a built image is.
//!
//! The image builder writes it into the output folder and the archive; the debugger, the test
//! runner and the injector read it. Numbers are in bytes and addresses as the product sees them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A built image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Name of the image.
    pub name: String,
    /// Chip.
    pub chip: String,
    /// SHA-256 of all loadable bytes and the manifest, in hex. The kernel knows the first eight
    /// bytes, as a little-endian number.
    pub image_id: String,
    /// What is added to a flash address for loading.
    pub load_offset_bytes: u32,
    /// Code memory, whole and used.
    pub flash: Use,
    /// Data memory, whole and used.
    pub ram: Use,
    /// The kernel.
    pub kernel: Kernel,
    /// Tasks; position = task index.
    pub tasks: Vec<Task>,
    /// Regions by address.
    pub regions: Vec<Region>,
    /// Files of the folder by what they are: `product`, `binary`, `bench`, `core1`, `shim`,
    /// `kernel`, and `task:NAME`.
    pub files: BTreeMap<String, String>,
}

/// A memory and how much of it is used, from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Lowest address.
    pub base: u32,
    /// Whole length.
    pub bytes: u32,
    /// Used length.
    pub used_bytes: u32,
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Lowest address.
    pub base: u32,
    /// Length.
    pub bytes: u32,
}

/// The kernel's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// Package.
    pub package: String,
    /// Code and constants.
    pub flash: Range,
    /// Stack, data, task table.
    pub ram: Range,
    /// Main stack, at the bottom of the RAM.
    pub stack: Range,
    /// Addresses of the kernel's data symbols, by linker name.
    pub symbols: BTreeMap<String, u32>,
}

/// A task's place and rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Name.
    pub name: String,
    /// Task index.
    pub index: u8,
    /// Package; several tasks may share one.
    pub package: String,
    /// 0 = most important.
    pub priority: u8,
    /// Started at boot?
    pub start: bool,
    /// Code and constants.
    pub flash: Range,
    /// Stack, data.
    pub ram: Range,
    /// Stack: the declared bound, then what rounding added.
    pub stack: Range,
    /// Declared stack bound.
    pub stack_bound_bytes: u32,
    /// First instruction.
    pub entry: u32,
    /// MPU regions, as the kernel writes them.
    pub mpu: Vec<Mpu>,
    /// Names of notification bits; position = bit.
    pub notifications: Vec<String>,
    /// Task indices that it may send to.
    pub sends: Vec<u8>,
    /// Slot name -> task index.
    pub slots: BTreeMap<String, u8>,
    /// Watched peers.
    pub watches: Vec<Watch>,
    /// What it may post.
    pub posts: Vec<Post>,
    /// Interrupt lines.
    pub interrupts: Vec<Interrupt>,
    /// Register blocks.
    pub uses: Vec<String>,
    /// Configuration, as text.
    pub config: BTreeMap<String, String>,
    /// Who makes its hardware quiet.
    pub quiesce: Option<u8>,
    /// Hang bound in milliseconds.
    pub hang_ms: Option<u32>,
}

/// One MPU region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mpu {
    /// What it covers: `flash`, `ram`, or names of peripherals or regions.
    pub what: String,
    /// Lowest address.
    pub base: u32,
    /// Length.
    pub bytes: u32,
    /// `rx`, `rw`, `r`, `device`.
    pub rights: String,
}

/// A watched peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Task index.
    pub peer: u8,
    /// Edge bits.
    pub edges: u8,
    /// Notification bits.
    pub mask: u32,
}

/// Bits that may be posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Task index.
    pub target: u8,
    /// Bits of the target.
    pub mask: u32,
}

/// An interrupt line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupt {
    /// Name.
    pub name: String,
    /// Number.
    pub irq: u16,
    /// Notification bits.
    pub mask: u32,
}

/// A region of `app.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Name.
    pub name: String,
    /// `frame`, `memory`, `fixed`.
    pub kind: String,
    /// Lowest address.
    pub base: u32,
    /// Length.
    pub bytes: u32,
    /// Number of buffers.
    pub buffer_count: u32,
    /// Distance of two buffers.
    pub buffer_bytes: u32,
}

impl Layout {
    /// The task with that name.
    #[must_use]
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// The region with that name.
    #[must_use]
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|region| region.name == name)
    }

    /// Reads the text of `layout.json`.
    ///
    /// # Errors
    /// The text is not a layout.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}
