//! Register semantics: what each access does to the hardware.
//!
//! ```text
//!  trap --> Hardware::access --> verdict --> class::write --> effects   (writes)
//!                                      \---> reads                      (reads)
//!  trap --> Hardware::instead, foreign_access: reaches no register
//!  heartbeat, doorbell of core 1 --> Hardware::tick
//! ```
//! The contract (`drv_isp_regs`) says where registers are and how they are written; these modules
//! add what happens then. Everything here is pure with respect to the processor: time, doorbells
//! and interrupts go through [`Platform`], so all of it runs in host tests.

pub mod bus;
pub mod class;
mod domain;
mod effects;
pub mod firewall;
mod hardware;
mod inject;
pub mod memory_frames;
pub mod pixel_clock;
pub mod prcm;
mod reads;
mod receiver;
mod sensor;
mod unanswered;

#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod hardware_tests;
#[cfg(test)]
mod misbehaviour_tests;

pub use hardware::{Hardware, HostTransfer, Kind, Platform, Request};
pub use unanswered::Instead;
