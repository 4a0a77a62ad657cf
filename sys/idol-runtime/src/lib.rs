//! The run time under the generated clients and servers of `idl/*.idol`.
//!
//! The compiler (`build/idol`) writes code that marshals and nothing else. Whatever has a decision
//! in it is here, as ordinary tested Rust: how an answer is sorted ([`client`]), in which order a
//! message is checked and who is to blame ([`server`]), what may be done with lent memory
//! ([`lease`]), how a disconnect travels through a relay ([`RequestError`]).
//!
//! # Why
//! *A disconnect is part of every result.* [`ipc::Error`] has two variants, and `?` inside of a
//! relay forwards the one and translates the other, so a node that serves clients of a driver has
//! no code of its own for the driver's death. Hubris's way, a code range and a stub that silently
//! refreshes its task id, was rejected: the new life is at its defaults, and a client that is not
//! told goes on with settings that are gone.
//!
//! *The same stubs run on the host.* There, messages go to closures instead of the kernel (the
//! module `host`), so servers and relays are tested with the code that ships.
//!
//! ```text
//!   client stub ── Request ──► arch::send ─ ─ ─ ─► arch::receive ── dispatch ──► server stub
//!        ▲                     (kernel | host)                                     │ admit, decode,
//!        └──── Answer ◄──────────────────────────── arch::reply ◄── settle ◄───────┘ operation
//! ```
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod arch;
pub mod client;
mod codec;
pub mod ipc;
pub mod lease;
mod request_error;
pub mod server;

#[cfg(not(target_os = "none"))]
pub use arch::host;
pub use client::current_life;
pub use codec::{BadContents, Decoder, Encoder, decode, hubpack_bytes, largest, usize_to_wire};
pub use lease::{Leased, Lend, R, RW, W};
pub use request_error::{CallerGone, OpError, RequestError};
pub use server::{Answers, CallInfo, OpInfo, Outcome, Server};
pub use sys_abi::{Disconnect, FORWARD_BYTES, ReplyFaultReason, TaskId, TaskIndex};

/// Used by generated code.
pub use {hubpack, num_traits};
