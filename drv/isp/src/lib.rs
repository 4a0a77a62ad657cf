#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]
//! The OMAP3 ISP: what the driver decides.
//!
//! * [`topology`]: entities, pads and links, as `media-ctl -p` prints them.
//! * [`formats`]: which formats the blocks can do; pure, the driver keeps no formats.
//! * [`statistics`]: the engines of H3A, and the histogram.
//! * [`Driver`]: from power on to serving: pipelines from the sensor, and from memory to memory.
//!
//! All of it runs on the host: registers, ledger and time are passed in ([`Registers`],
//! [`Ledger`], [`Outside`]).
//!
//! | edge | of power | of frames | of the sensor | of graph and nodes |
//! |---|---|---|---|---|
//! | removing, quiet, ready | nothing | nothing | nothing | nothing |
//! | died | nothing: this task ends with it | its buffers come back marked as they end; new ones go to its next life | its clock stops | nothing: the graph stops what its clients started |
//!
//! When power says that the domain is suspending, the stream stops at the end of its frame and the
//! driver says that it is at rest; when the domain is on again, it restores what the registers have
//! forgotten and goes on. Nobody is told of a disconnect ([`Driver`]).
//!
//! # Why
//! *No line about removal.* When the module goes, this task is ended from outside, wherever it
//! is; power makes the hardware quiet, the ledger takes the buffers back, and the next life starts
//! from a reset. So nothing here asks whether the hardware is still there.
//!
//! *No pixels and no waiting.* The driver moves addresses; each wait is a timer or an interrupt.
//!
//! What it leaves out so far: CSI2a inputs, and statistics of frames that come from memory.

mod ccdc_watch;
mod config;
mod controls;
mod corrections;
mod driver;
mod fifo;
pub mod formats;
mod frame_clock;
mod jobs;
mod outbox;
mod program;
mod rate;
mod reception;
mod registers;
mod run;
mod running;
mod scaling;
mod starts;
pub mod statistics;
mod stream;
pub mod topology;
mod tuning;
mod weights;
mod xclk;

pub use driver::{Driver, News};
pub use outbox::Nodes;
pub use rate::check_rate;
pub use registers::{Registers, Write};
pub use stream::{Held, Ledger, Outside};
