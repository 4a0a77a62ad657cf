#![cfg_attr(target_os = "none", no_std)]
//! Camera power: clocks, resets, the power domain, the presence pin, and the quiet after a death.
//!
//! Everything is decided by [`Power::step`], which is driven by looking at the registers; `main.rs`
//! reads them, writes what it is told, and arms a timer. Nothing spins: a wait is a state.
//!
//! # Why the quiet is made here
//! Killing a driver does not stop a DMA engine, and the driver itself must not be trusted with its
//! own removal. Power can stop the engines from outside (bus requests, reset, domain), is not
//! reached by what kills drivers, and is watched in turn: if it dies or does not answer, the
//! supervisor throws the kill switch.
//!
//! # What it does on each edge of each peer
//! | peer | died | other |
//! |---|---|---|
//! | supervisor | (the machine resets) | `quiesce`: pulls `pending_quiesce` and makes that hardware quiet |
//! | isp | its wish is dropped; at `quiesce`: bus denied, DMA idle or reset, ISP left in reset state | nobody wants power: domain off |
//! | sensor | its wish is dropped; at `quiesce`: sensor and control bus are reset, the ISP goes on | as isp |
//! | frames | nothing: windows that it cannot shut it will find shut hardware behind | |
//! | module (the pin) | lost: told to the supervisor at once, then domain off | back: believed after [`DEBOUNCE_US`] |
//!
//! # Bounds
//! [`WISHES_MAX`] clients; [`RISE_US`], [`FALL_US`], [`IDLE_US`], [`RESET_US`],
//! [`SUSPEND_US`] per wait; [`PRESENCE_US`] until an edge of the pin is noticed whose interrupt was lost;
//! [`LOOKS_MAX`] looks in a row.
#![forbid(unsafe_code)]

mod domain;
mod presence;
#[cfg(test)]
mod tests;
mod wishes;

pub use domain::{
    Action, CLOCKS, Event, FALL_US, IDLE_US, ISP_RESET, LOOKS_MAX, Look, POLL_US, PRESENCE_US,
    Power, RESET_US, RESETS, RETRY_US, RISE_US, SENSOR_RESET, SUSPEND_US,
};
pub use presence::{DEBOUNCE_US, Pin, Presence, Report};
pub use wishes::{WISHES_MAX, Wishes};
