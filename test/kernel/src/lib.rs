//! The kernel suite: test tasks that run on the target and report over UART 0.
//!
//! | task | prio | role |
//! |---|---|---|
//! | runner | 0 | supervisor: names the case to run, sees faults, judges, prints |
//! | assist | 1 | server that does what it is told, well or badly |
//! | suite | 2 | the cases; a panic of this task = the running case failed |
//! | client0, client1, client2 | 3, 4, 4 | clients that make any system call on request |
//! | absent | 1 | never started |
//!
//! Output is one JSON line per case, then one with the sums, then a reset (which ends the emulator
//! with status 0). A case that hangs is ended by the runner's timer and reported; if the whole image
//! hangs, the sums are missing, and the host sees that.
//!
//! # Writing a case
//! A function without arguments in a file of [`cases`], and one line in [`cases::CASES`]. It may
//! panic to fail. Before each case `assist` and the clients are made anew.
#![cfg_attr(target_os = "none", no_std)]

pub mod cases;
pub mod fault_meter;
pub mod measure;
pub mod misbehave;
pub mod protocol;
pub mod report;
pub mod uart;
