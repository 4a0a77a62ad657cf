//! The host bridge: lines, pictures, the end of the run, and the story of the supervisor.
//!
//! # Why
//! The product never uses semihosting and has no file system. What it has to say goes through one
//! doorbell: where the bytes are, how many, of what kind. This task is the only one that maps the
//! doorbell, so that others cannot mix their lines into each other's; the protocol is the same
//! over a serial line on a board.
//!
//! * [`HostLink`]: one transfer at a time, checked before the doorbell is rung; and what the host asks of
//!   the operator, for which this task stands: [`Request`].
//! * [`story`]: the supervisor's events as lines of JSON. Built with `serde-json-core`, because it
//!   serialises without a heap into a buffer of ours.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod host_link;
pub mod story;

pub use host_link::{Doorbell, HostLink, LINE_BYTES, REQUESTS, Request, Transfer};
