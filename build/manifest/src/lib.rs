//! Reads `app.toml`: what is in an image and who may do what to whom.
//!
//! # Why two stages
//! The first stage (module `raw`) reads what they wrote: types fit, names are still names, every value
//! knows its line. The second (module `check`) turns names into indices, bits and addresses and refuses
//! whatever would break a promise of the architecture. Only a manifest without a defect becomes an
//! [`Image`]; whoever holds one checks nothing again. All defects are reported at once.
//!
//! # The language
//! ```toml
//! name = "obscura"            # output folder
//! chip = "mps2-an521"         # facts: crate sys-boot
//! kernel = "sys/kern"         # or { crate = "sys/kern", stack = 4096 }
//! bench = true                # the emulated hardware below it; or shim = "test-kernel-shim"
//! extends = "../app.toml"     # tables merge key by key, `false` removes what was inherited
//!
//! [tasks.video6]              # order in the file = task index; the supervisor is first
//! crate = "task/video"        # folder from the root; `bin = "name"` if it has several programs
//! priority = 6                # 0 = most important, the supervisor's alone
//! stack = 2048                # bytes (default)
//! start = true                # at boot (default)
//! grants = ["restart", "fault"]                  # kernel authority; the supervisor has both
//! slots = { graph = "graph", isp = "isp" }       # may send; names for `slot!`
//! notifications = ["isp-edge", "tick", "frame-done"]  # position = bit, at most 32
//! timer = ["tick"]                               # bits for the own timer: nobody may post them
//! watch = { isp = "isp-edge" }                   # all edges; or { bit = "...", edges = ["died"] }
//! clients = "client-edge"                        # watches whoever has a slot on this task
//! post = ["capture"]                             # every bit that is not the kernel's; or { capture = ["bit"] }
//! uses = ["isp"]                                 # register blocks, each of one task
//! shares = ["isp"]                               # another task's: programs under test/ only
//! interrupts = { "isp.irq" = "isp-irq" }
//! maps = { video6 = "read" }                     # or in the region: readers, writers
//! config = { entity = "OMAP3 ISP resizer output", pool = "video6", buffers = 4 }
//! restart = { first_ms = 0, factor = 2, max_ms = 1000, give_up = { deaths = 8, within_ms = 10000 } }  # or "never"
//! quiesce = "power"                              # who makes its hardware quiet; its word alone ends no caller
//! hang_ms = 50                                   # 0 = never checked
//!
//! [regions.video6]
//! kind = "frame"              # pool; or "memory", or "fixed" with `address`
//! readers = ["capture"]       # a writer beside a reader has no message buffers in it: the reader's
//!                             # region would stop the kernel's writing
//! bytes = "4 x 640x480 YUYV"  # or a number
//! ```
//!
//! # Why no report crate
//! `toml` gives every value with its place (its `serde_spanned`); serde itself stops at the first
//! error, so the tree is walked by hand and all defects are told at once. A defect is one line,
//! `file:line:column: thing, value, remedy`, which editors and logs understand; pictures of the
//! source (`miette`, `ariadne`) would be several.
//!
//! # What a program sees
//! The image builder gives each instance its slots, bits and configuration as linked constants.
//! A config value that names a region gives `region!` a name of its own (`pool` above); an array of
//! region names gives base and bytes of each, `{ tasks = ["a", ""] }` the index of each task
//! (255 for the empty name). For every task, and unless it does not ask, the
//! builder fills in arrays with one entry per task, from what the manifest says about it:
//! `task_hang_ms` (0 = never checked), `task_quiesce` (index of the helper, `u32::MAX` = none),
//! `task_priority`, `task_slots` (`sys_abi::SlotTable`), `task_restart_first_ms` (`u32::MAX` = never restarted), `task_restart_factor`,
//! `task_restart_max_ms`, `task_restart_deaths`, `task_restart_within_ms`; and `task_names`, the
//! names as one string with a line feed after each.
#![forbid(unsafe_code)]

mod bytes;
mod check;
mod error;
mod image;
pub mod layout;
mod load;
mod node;
mod raw;
mod reader;
mod source;

pub use error::{Defect, ManifestError};
pub use image::{
    Access, Below, Config, ConfigValue, Image, Kernel, Line, Mapping, Post, Program, Region,
    RegionKind, Restart, Slot, Task, Watch, Window,
};
pub use load::{load, load_text};
pub use source::{At, Source, Sources, Spanned};
