//! The camera hardware, emulated: Secure on core 0 and on core 1 of the machine.
//!
//! ```text
//!  core 0, Non-secure          core 0, Secure                        core 1, Secure
//!  driver: ldr / str ---trap--> decode -> Hardware::access           sensor -> CCDC -> preview -> resizer
//!           ^                       |  ^        |                        |          line by line
//!           '---- irq 100..104 -----'  |        '-- shared registers ----+--- DMA ---> PSRAM
//!                                      '---------- doorbells ------------'   (firewall windows only)
//! ```
//! The register window is mapped nowhere, so every access of a driver traps. The trap decodes the
//! instruction, does what the hardware would do, logs it, and resumes the driver; or lets the access
//! have its genuine bus fault. Device time is counted in sensor lines by core 1.
//!
//! # Why this way
//! A model linked into a driver could be cheated, and a register window of plain memory has no
//! write-one-to-clear. Here the driver is ordinary MMIO code, in another security state, and shares
//! nothing with the model but the register contract `drv-isp-regs`.
//!
//! # Where things are
//! Decisions are in plain modules that run in host tests: [`decode`], [`regs`], [`irq`], [`log`],
//! [`script`], [`misbehaviour`], [`params`], [`core1`], [`pixels`], [`scene`]. `arch` holds everything that needs the
//! machine: boot, trap entry, the hook that hands faults back, semihosting.
#![cfg_attr(target_os = "none", no_std)]

#[cfg(target_os = "none")]
pub mod arch;
pub mod core1;
pub mod decode;
pub mod exit;
pub mod injection;
pub mod irq;
pub mod log;
pub mod misbehaviour;
pub mod pace;
pub mod params;
pub mod pixels;
pub mod regs;
pub mod scene;
pub mod scene_file;
pub mod script;
pub mod shared;

#[cfg(test)]
mod any_driver_tests;
