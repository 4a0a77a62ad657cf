//! The only module with `unsafe`: system call instructions, start-up, linked symbols.
//!
//! `arm_m.rs` and `host.rs` export the same names; the rest of the crate does not know which of
//! them it runs on.

#[cfg(target_os = "none")]
mod arm_m;
#[cfg(target_os = "none")]
pub use arm_m::*;

#[cfg(not(target_os = "none"))]
mod host;
#[cfg(not(target_os = "none"))]
pub use host::*;
