//! Inspection of running and dead images, as with Humility: what the tasks are doing, what their
//! ring buffers hold, what the media graph looks like, where the memory went.
//!
//! # Why
//! A target is anything that can read memory: a live machine over the GDB remote protocol, or a
//! dump file. Commands work on that trait and on the archive of the image alone, so the same
//! command gives the same text on a live target and on its dump.
//!
//! ```text
//!   archive (ELFs, layout) ──┐
//!                            ├─> Session ─> tasks | ringbuf | graph | map | dump ─> text, JSON
//!   target (GDB, dump file) ─┘
//! ```
#![forbid(unsafe_code)]

pub mod archive;
pub mod core_file;
pub mod dump;
pub mod dwarf;
pub mod gdb;
pub mod graph;
pub mod hw;
pub mod map;
pub mod ringbuf;
mod session;
pub mod target;
pub mod tasks;

pub use session::{Session, SessionError};
