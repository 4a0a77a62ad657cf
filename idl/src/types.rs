//! The words that tasks exchange: formats, entities, buffers, handles, errors.
//!
//! Each type is declared once, next to the interfaces that carry it, with the field's own names
//! (V4L2, Media Controller). All travel in hubpack form, so each derives `SerializedSize`.

mod buffer;
mod ccdc;
pub mod code;
mod configuration;
pub mod enumeration;
mod error;
mod features;
mod format;
mod graph;
mod node;
mod statistics;
mod system;

pub use buffer::*;
pub use ccdc::*;
pub use configuration::*;
pub use error::*;
pub use format::*;
pub use graph::*;
pub use node::*;
pub use statistics::*;
pub use sys_abi::{Cause, CrashKind, Disconnect, Edge, Generation, TaskIndex};
pub use system::*;
