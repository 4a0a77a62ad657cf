#![cfg_attr(target_os = "none", no_std)]
//! The image sensor, an MT9P031-class part behind the control bus.
//!
//! [`Sensor::step`] decides, driven by power, clock, bus interrupt and timer; `main.rs` performs one
//! register write or read at a time. Formats ([`adjust`]) and controls are pure tables.
//!
//! # Why the bus is a queue and not a blocking call
//! A mode is some twenty registers at 120 us each. A driver that waits for them answers nobody
//! for milliseconds, and with a stuck bus for ever. So every call answers at once, the writes run
//! from the bus interrupt, and each transfer has a bound in time and in retries.
//!
//! # What it does on each edge of each peer
//! | peer | died | ready | other |
//! |---|---|---|---|
//! | power | (the supervisor ends this life too: DependencyLost) | | `power-edge`: on: asks for the clock; off: everything stops, no access any more |
//! | isp | the clock is gone: stream over, nothing is on the bus any more | asks for the clock, probes again | |
//! | supervisor | (the machine resets) | | |
//!
//! There is no line here about the removal of the sensor itself: power resets it and its bus, and
//! the next life begins with nine clocks on the bus, whatever the last transfer was.
//!
//! # Bounds
//! [`WRITES_MAX`] queued writes, [`RETRIES_MAX`] retries, [`TRANSFER_US`] per transfer.
#![forbid(unsafe_code)]

mod bus;
mod controls;
mod driver;
mod mode;
mod pixel_clock;
mod program;
#[cfg(test)]
mod tests;
mod timing;

pub use bus::{Look, RETRIES_MAX, TRANSFER_US, Transfer};
pub use controls::{Control, Controls};
pub use driver::{Action, CLOCK_HZ, CLOCK_RETRY_US, CLOCK_SETTLE_US, Event, LOCK_US, Sensor, Up};
pub use mode::{ARRAY, Mode, Part, SIZE_MIN_PX, adjust};
pub use pixel_clock::{PixelClock, Pll};
pub use program::{Program, WRITES_MAX, Write};
