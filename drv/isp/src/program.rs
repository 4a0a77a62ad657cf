//! What to write for a pipeline: a checked pipeline in, register writes out.
//!
//! ```text
//!   raw:      sensor ─► CCDC ─────────────────────────► memory
//!   preview:  sensor ─► CCDC ─VP─► preview ───────────► memory
//!   resizer:  sensor ─► CCDC ─VP─► preview ─► resizer ► memory
//! ```
//!
//! Nothing here starts a block: the enable bits and the memory address are written frame by frame
//! ([`Path::enable`] and [`Path::address`]), after everything else. All writes of a plan are made while the
//! blocks are idle, because most registers of preview and resizer silently drop writes while busy.

mod ccdc;
mod check;
mod main_block;
mod path;
mod preview;
mod resizer;

pub use check::{Checked, check};
pub use main_block::configure_main;
pub use path::Path;
pub use preview::{TABLE_WRITES, table_write};
pub use resizer::crop as configure_crop;

use crate::registers::Writer;

/// All writes for a pipeline, in order.
pub fn configure(checked: &Checked, out: &mut Writer<'_>) {
    let pipeline = &checked.pipeline;
    ccdc::configure(pipeline, checked.path, out);
    if let Some(state) = &pipeline.preview {
        preview::configure(state, checked.path, &pipeline.output, out);
    }
    if let Some(state) = &pipeline.resizer {
        resizer::configure(state, &pipeline.output, out);
    }
}

#[cfg(test)]
pub(crate) mod tests;
