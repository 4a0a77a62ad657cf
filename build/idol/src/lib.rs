//! The compiler of interface files: `idl/*.idol` in, a Rust client and server out.
//!
//! # The format
//! A file is one RON value in the Idol format, so the existing Idol tools can read it:
//!
//! ```text
//! Interface(
//!     name: "Frames",                       // CamelCase; names the generated trait
//!     doc: "The ledger of every buffer.",   // mandatory here and on ops, args, leases, replies
//!     within: 20,                           // ms that a caller may wait, unless the op says else
//!     ops: {                                // the first op has code 1
//!         "owner": (
//!             doc: "Who owns a buffer.",
//!             args: { "buffer": (type: "BufferIndex", doc: "The buffer.") },
//!             leases: { "name": (type: "[u8]", read: true, max_len: Some(32), doc: "..") },
//!             reply: Result(ok: (type: "Owner", doc: "Its owner."), err: CLike("FramesError")),
//!             encoding: Hubpack,            // or Zerocopy, the default
//!         ),
//!     },
//! )
//! ```
//!
//! | key | on | meaning |
//! |---|---|---|
//! | `doc` | everything | what a caller must know; a reply of type `()` needs none |
//! | `within` | interface, op | bound on the answer in ms; the supervisor faults a slower server |
//! | `defers: true` | op | the answer may come later; needs an argument `timeout_..` |
//! | `retry_on_death: true` | interface | stateless server: stubs send again after a death |
//! | `encoding` | op | `Hubpack` (serde) or `Zerocopy` (the bytes of the type, packed) |
//! | `recv` | arg, reply, Zerocopy only | `FromPrimitive("u8")`, `From("u32", None)` |
//! | `read`, `write`, `max_len` | lease | what the server may do; elements of a slice at most |
//! | `idempotent` | op | read by the original tool; no effect here |
//!
//! # Why
//! *The format is Idol's, the code is ours.* A Hubris programmer and the existing tools read the
//! files as they are; our keys are extra fields, which the original reader skips. What we generate
//! differs where Hubris repeats calls silently and lets a client ignore the death of a server
//! (see `idol-runtime`).
//!
//! *All errors at once.* [`compile`] reads leniently into `raw`, then checks everything, and each
//! error says place, value and remedy. A compiler that stops at the first missing `doc` makes
//! documentation a chore. A key that the format does not have is an error too: a misspelt `defers`
//! would silently change a promise.
//!
//! *Generated code only marshals.* It has no branch that is not a table look-up; decisions live in
//! `idol-runtime`, where they have tests. Rejected: a struct per message (the encodings are
//! concatenations, so an encoder with a cursor does), and templates of text (no syntax check).
//!
//! ```text
//!   text ──ron──► raw ──check──► model ──generate──► Rust ──prettyplease──► module
//!                  ▲ positions ────┘ every broken rule, with line and column
//! ```
#![forbid(unsafe_code)]

pub mod build;
mod check;
mod diagnostic;
mod generate;
mod model;
mod positions;
mod raw;
mod vocabulary;

pub use diagnostic::{Diagnostic, Report};
pub use vocabulary::Vocabulary;

/// Compiles the text of an interface file to a Rust module. `file` names it in the report.
///
/// The module names its argument types as the file does, so `imports` (Rust items, usually
/// `use crate::types::*;`) must bring them into scope.
///
/// # Errors
/// Every error of the file, each with its place and a remedy.
pub fn compile(file: &str, text: &str, imports: &str) -> Result<String, Report> {
    let interface = check::check(file, text, None)?;
    Ok(generate::module(&interface, text, imports))
}

/// As [`compile()`], and every type must be in the vocabulary.
///
/// # Errors
/// As [`compile()`].
pub fn compile_with(
    file: &str,
    text: &str,
    imports: &str,
    vocabulary: &Vocabulary,
) -> Result<String, Report> {
    let interface = check::check(file, text, Some(vocabulary))?;
    Ok(generate::module(&interface, text, imports))
}
