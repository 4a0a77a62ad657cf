//! Everything that needs the machine: Arm special registers, semihosting, timers, start-up.
//!
//! `unsafe` is confined to this folder (and the pointer of the DMA). All Secure exceptions of core 0
//! have the same priority, so none of them interrupts another; [`exclusive::Exclusive`] relies on
//! that and checks it.

pub mod boot;
pub mod core1;
pub mod exclusive;
pub mod hook;
pub mod injector;
pub mod link;
pub mod machine;
pub mod pace;
pub mod report;
pub mod semihosting;
pub mod start;
pub mod trap;
