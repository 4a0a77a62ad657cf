//! Which formats the blocks can do: adjust, never refuse, and propagate inside of a block.
//!
//! A state goes in and a state comes out; the driver keeps nothing, so a try state and the active
//! state obey the same code. One file per block. Numbers are those of the OMAP36xx (revision
//! 15.0).
//!
//! The rules are those of live input also for the preview engine that reads from memory. There it could
//! use two columns more on each side; but a raw frame gives the same picture either way.

pub mod ccdc;
pub mod ccp2;
pub mod csi2a;
pub mod preview;
pub mod resizer;

pub use idl::types::code;
use idl::types::{BlockState, Choice, Feed, FormatChange, IspError, Offer, PadFormat, enumeration};

use crate::topology::position;

/// A block that has formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Ccp2,
    Csi2a,
    Ccdc,
    Preview,
    Resizer,
}

fn block(entity: u8) -> Result<Block, IspError> {
    match entity {
        position::CCP2 => Ok(Block::Ccp2),
        position::CSI2A => Ok(Block::Csi2a),
        position::CCDC => Ok(Block::Ccdc),
        position::PREVIEW => Ok(Block::Preview),
        position::RESIZER => Ok(Block::Resizer),
        _ => Err(IspError::NoSuchEntity),
    }
}

/// The formats that a block has before anybody sets one.
///
/// # Errors
/// `NoSuchEntity` if there is none at that position, or it has no formats (video nodes,
/// statistics).
pub fn default_state(entity: u8) -> Result<BlockState, IspError> {
    Ok(match block(entity)? {
        Block::Ccp2 => ccp2::default_state(),
        Block::Csi2a => csi2a::default_state(),
        Block::Ccdc => ccdc::default_state(),
        Block::Preview => preview::default_state(),
        Block::Resizer => resizer::default_state(),
    })
}

/// Applies `change` to `state` by the rules of the block, whose sink pad is fed from there.
///
/// A format for a pad that the block does not have, and a crop for a block that cannot, change
/// nothing.
///
/// # Errors
/// `NoSuchEntity` as in [`default_state`].
pub fn adjust(
    entity: u8,
    state: BlockState,
    feed: Feed,
    change: FormatChange,
) -> Result<BlockState, IspError> {
    Ok(match block(entity)? {
        Block::Ccp2 => ccp2::adjust(state, change),
        Block::Csi2a => csi2a::adjust(state, change),
        Block::Ccdc => ccdc::adjust(state, change),
        Block::Preview => preview::adjust(state, feed, change),
        Block::Resizer => resizer::adjust(state, change),
    })
}

/// A code that a pad of a block can have, and its sizes, while the other pads are as in `state`.
///
/// # Errors
/// `NoSuchEntity` as in [`default_state`]; `NoSuchFormat` after the last code, for one that the pad cannot
/// have, and if there is no such pad.
pub fn enumerate(
    entity: u8,
    state: BlockState,
    feed: Feed,
    (pad, choice): (u8, Choice),
) -> Result<Offer, IspError> {
    let block = block(entity)?;
    let at = match (pad, block) {
        (0, _) => |state: BlockState| state.sink,
        (1, _) => |state: BlockState| state.source,
        (2, Block::Ccdc) => |state: BlockState| state.video_port,
        _ => return Err(IspError::NoSuchFormat),
    };
    let becomes = |format: PadFormat| {
        let change = FormatChange::Format { pad, format };
        adjust(entity, state, feed, change).map_or(at(state), at)
    };
    enumeration::offered(choice, middle_height_px(&state), becomes).ok_or(IspError::NoSuchFormat)
}

/// Lines of a picture that the resizer makes a little smaller than its input: then a line can be longest,
/// because more lines than in the input make its length a multiple of 8, and fewer than half of them fill the
/// line memory twice.
const fn middle_height_px(state: &BlockState) -> u16 {
    state.crop.height_px / 3 * 2
}

/// `value` rounded down to an even number.
const fn even(value: u16) -> u16 {
    value & !1
}

#[cfg(test)]
mod tests;
