//! The types that the interface of the tested server carries.

use hubpack::SerializedSize;
use hubris_derive::IdolError;
use serde::{Deserialize, Serialize};

/// Why an op fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
pub enum IdolTestError {
    /// As asked for; ask for something else.
    Busy = 1,
    /// As asked for; ask for something else.
    Empty = 0x1234,
}

/// A struct of different sizes and alignments.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, SerializedSize)]
pub struct Reading {
    /// Times it was taken.
    pub count: u32,
    /// Whether it means something.
    pub valid: bool,
    /// What was read, without unit.
    pub level: f32,
}

/// An enum without contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Colour {
    /// The first.
    Red,
    /// The second.
    Green,
    /// The third.
    Blue,
}

/// An enum with contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Shape {
    /// Nothing.
    Empty,
    /// As wide as high.
    Square(u16),
    /// Any other.
    Rectangle {
        /// Width in units.
        width: u16,
        /// Height in units.
        height: u32,
    },
}

/// A struct with both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Plot {
    /// Its outline.
    pub shape: Shape,
    /// Its paint.
    pub colour: Colour,
    /// In square units; what the server fills in.
    pub area: u64,
}
