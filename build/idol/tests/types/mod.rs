//! The types that the fixtures carry.

use hubpack::SerializedSize;
use hubris_derive::IdolError;
use idol_runtime::OpError;
use idol_runtime::num_traits::FromPrimitive;
use serde::{Deserialize, Serialize};

/// A C-like enum that travels as `u8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    Fast = 0,
    Slow = 1,
}

impl FromPrimitive for Mode {
    fn from_i64(code: i64) -> Option<Self> {
        [Self::Fast, Self::Slow].into_iter().find(|mode| *mode as i64 == code)
    }

    fn from_u64(code: u64) -> Option<Self> {
        Self::from_i64(i64::try_from(code).ok()?)
    }
}

/// Travels as `u16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(pub u16);

impl From<u16> for Level {
    fn from(level: u16) -> Self {
        Self(level)
    }
}

impl From<Level> for u16 {
    fn from(level: Level) -> Self {
        level.0
    }
}

/// Travels as `u8`, and comes back by a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded(pub u32);

impl From<Folded> for u8 {
    fn from(folded: Folded) -> Self {
        folded.0 as Self
    }
}

pub fn unfold(byte: u8) -> Folded {
    Folded(u32::from(byte))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub enum Shape {
    Point,
    Rectangle { width_px: u16, height_px: u16 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Description {
    pub area_px: u32,
    pub limit: u16,
    pub count: u64,
    pub flag: bool,
}

/// An error with contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, SerializedSize)]
pub struct Explanation {
    pub code: u16,
    pub depth: u8,
}

impl OpError for Explanation {}

/// An error that is a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError)]
pub enum SampleError {
    /// Nothing there; wait.
    Empty = 1,
    /// Not allowed; ask for less.
    Refused = 2,
}
