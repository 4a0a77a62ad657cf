//! The promises between tasks: one generated module per interface file of this directory.
//!
//! A file `frames.idol` becomes the module [`frames`] with a `Client` for those who call, a trait
//! `InOrderFramesImpl` with `dispatch` for the task that serves, the op codes, and the text of the
//! file. The types that travel are in [`types`]. Tasks meet only here: no task crate depends on
//! another.
//!
//! # Why
//! *Every op says how it ends.* The result of each call has a disconnect in its type, and each op
//! promises a bound on its answer (`within`) or has a time-out argument (`defers`), so that neither
//! death nor slowness of a server is a case that a client can forget.
//!
//! *One crate for all.* A crate per interface would let a task name exactly what it uses, but the
//! types of the media graph appear in most of them, and twenty crates of forty lines hide the map.
//!
//! ```no_run
//! use idl::types::{BufferIndex, PoolId, TaskIndex};
//! let frames = idl::frames::Client::to(TaskIndex(2));
//! match frames.owner(PoolId(0), BufferIndex(1)) {
//!     Ok(owner) => println!("{owner:?} owns it"),
//!     Err(idl::ipc::Error::Op(error)) => println!("refused: {error:?}"),
//!     Err(idl::ipc::Error::Disconnected(record)) => println!("{:?} died", record.peer),
//! }
//! ```
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

pub mod parameters;
pub mod types;

pub use idol_runtime::{self, CallInfo, Leased, RequestError, ipc};

include!(concat!(env!("OUT_DIR"), "/interfaces.rs"));
