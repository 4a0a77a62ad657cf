//! The media device node: what /dev/media0 is to a Linux client.
//!
//! # Why
//! The node keeps no copy of the graph: a client reads a snapshot of the graph's own, by version,
//! and a change in the middle of reading answers `Stale` instead of a mixture. What the node adds
//! is handles that end with the hardware, and waiting for a change.
//!
//! A poll reports a priority event when the topology is not the one whose version the handle has
//! read last.
//!
//! # Each edge of each peer
//! | edge | isp | graph | sensor | client |
//! |---|---|---|---|---|
//! | `removing` | opens and operations answer `NoDevice` | as isp | nothing | nothing |
//! | `died` | all waiters and handles: the record | as isp | nothing: the graph posts `topology` | its handles are closed |
//! | `quiet` | nothing | nothing | nothing | nothing |
//! | `ready` | opens are served when both are back | as isp | nothing: the graph posts `topology` | nothing |
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod node;

pub use node::{Config, GraphResult, Node, Upstream};
