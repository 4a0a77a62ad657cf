//! What to write for a pipeline: a checked pipeline in, register writes out.
//!
//! ```text
//!   raw:      sensor ─► CCDC ─────────────────────────► memory
//!   preview:  sensor ─► CCDC ─VP─► preview ───────────► memory
//!   resizer:  sensor ─► CCDC ─VP─► preview ─► resizer ► memory
//!   scaled:   sensor ─► CCDC ────────────► resizer ─► memory    (YCbCr)
//!   memory ─► preview ─► memory     memory ─► preview ─► resizer ─► memory     memory ─► resizer ─► memory
//!   serial:   sensor ─► CSI2a ────────────────────────► memory
//!   sensor ─► CSI2a ─► CCDC ─► ..., on any of the three ways of the parallel port's frames
//!   memory ─► CCP2 ─► CCDC ─► ..., on any of the three ways of the sensor's frames
//! ```
//!
//! Nothing here starts a block: the enable bits and the memory addresses are written frame by frame
//! ([`Path::enable`], [`Path::address`], [`MemoryPath::run`]), after everything else. All writes of a plan are made while the
//! blocks are idle, because most registers of preview and resizer silently drop writes while busy.

mod blocks;
mod ccdc;
mod ccp2;
mod check;
pub mod csi2a;
mod main_block;
mod memory_path;
mod path;
mod preview;
mod resizer;

pub use blocks::Blocks;
pub use ccdc::mosaic_bits;
pub use check::{Checked, check};
pub use main_block::configure_main;
pub use memory_path::MemoryPath;
pub use path::{Path, Route};
pub use preview::{white_balance, window as preview_window};

use idl::types::{BlockState, Input};
use main_block::{Bridge, Port};

use crate::registers::Writer;

/// All writes for a pipeline, in order.
pub fn configure(checked: &Checked, out: &mut Writer<'_>) {
    let pipeline = &checked.pipeline;
    let mut stride_bytes = None;
    let dropped_bits = check::dropped_bits(&pipeline.input).unwrap_or(0);
    match &pipeline.input {
        Input::Sensor { code, .. } => {
            main_block::select(Port::Parallel, Bridge::of(*code), dropped_bits, out);
        }
        Input::Ccp2 { format, .. } => {
            main_block::select(Port::CsiB, Bridge::Off, dropped_bits, out);
            ccp2::configure(format, out);
        }
        Input::Memory { format, .. } => stride_bytes = Some(format.stride_bytes),
        Input::Csi2a { sink, source, ccdc: Some(_) } => {
            main_block::select(Port::CsiA, Bridge::Off, dropped_bits, out);
            csi2a::configure_port((*sink, *source), out);
        }
        Input::Csi2a { sink, source, ccdc: None } => {
            csi2a::configure((*sink, *source), &pipeline.output, out);
        }
    }
    if let (Some(state), Some(path)) = (pipeline.input.ccdc(), checked.route.behind_ccdc()) {
        ccdc::configure(state, path, &pipeline.output, out);
    }
    if let Some(state) = &pipeline.preview {
        let to_resizer = pipeline.resizer.is_some();
        preview::configure(state, stride_bytes, (!to_resizer).then_some(&pipeline.output), out);
    }
    if let Some(state) = &pipeline.resizer {
        let own = stride_bytes.filter(|_| pipeline.preview.is_none());
        resizer::configure(state, own, &pipeline.output, out);
    }
}

/// The writes that another crop of the same picture needs. The block drops them while it is busy.
pub fn configure_crop(checked: &Checked, state: &BlockState, out: &mut Writer<'_>) {
    let from_memory = checked.route == Route::Memory(MemoryPath::Resizer);
    resizer::crop(state, from_memory, out);
}

#[cfg(test)]
pub(crate) mod tests;
