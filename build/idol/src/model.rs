//! What we use: an interface in which everything was checked.

use crate::raw::Encoding;
use syn::{Ident, Path, Type};

/// A whole interface.
pub struct Interface {
    pub name: Ident,
    pub doc: String,
    pub retry_on_death: bool,
    /// In wire order: the first has code 1.
    pub ops: Vec<Op>,
}

/// One operation.
pub struct Op {
    pub name: Ident,
    /// Its name in the enum of ops.
    pub variant: Ident,
    pub doc: String,
    pub args: Vec<Arg>,
    pub leases: Vec<Lease>,
    pub reply: Reply,
    pub encoding: Encoding,
    pub answers: Answers,
}

/// How long a caller may have to wait.
#[derive(Clone, Copy)]
pub enum Answers {
    WithinMs(u32),
    Deferred,
}

/// An argument.
pub struct Arg {
    pub name: Ident,
    pub doc: String,
    pub value: Value,
}

/// A type, and how it travels.
pub struct Value {
    pub ty: Type,
    pub wire: Wire,
}

/// How a value becomes bytes and comes back.
pub enum Wire {
    /// No bytes: the unit type.
    Unit,
    /// As the type itself.
    Itself,
    /// `bool` as one byte; non-zero is true.
    BoolAsByte,
    /// `usize` as `u32`.
    UsizeAsU32,
    /// A C-like enum as this primitive.
    Primitive(Ident),
    /// As this type, converted by `From`, or back by a function.
    Converted(Box<Type>, Option<Path>),
}

/// Lent memory.
pub struct Lease {
    pub name: Ident,
    pub doc: String,
    /// The type without the slice brackets.
    pub element: Type,
    pub is_slice: bool,
    pub access: Access,
    pub max_len: Option<u32>,
}

/// What the server may do with a lease.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
    ReadWrite,
}

/// What comes back.
pub struct Reply {
    pub value: Value,
    pub doc: String,
    pub failure: Failure,
}

/// How an operation fails, apart from disconnects.
pub enum Failure {
    Never,
    CLike(Type),
    Complex(Type),
}
