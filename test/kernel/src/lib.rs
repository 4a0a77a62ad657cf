//! The kernel suite: test tasks that run on the target and report over UART 0.
//!
//! | task | prio | role |
//! |---|---|---|
//! | runner | 0 | supervisor: names the case to run, sees faults, judges, prints |
//! | assist | 1 | server that does what it is told, well or badly |
//! | suite | 2 | the cases; a panic of this task = the running case failed |
//! | client0, client1, client2 | 3, 4, 4 | clients that make any system call on request |
//! | idol | 1 | a server with a generated stub |
//! | absent | 1 | never started |
//!
//! Output is a JSON line when a case begins and one when it ends, then one with the sums, then a
//! reset (which ends the emulator with status 0). A case that hangs is ended by the runner's timer
//! and reported; if the whole image hangs, locks up or talks nonsense, the host stops it and blames
//! the case that had begun. Then it boots again for the cases that are left.
//!
//! # Writing a case
//! A function in a file of `src/cases`, which may panic to fail:
//!
//! ```text
//! #[test_case]
//! pub fn a_message_of_four_bytes_arrives() {
//!     assert!(ask(assist::JUST_REPLY, [1]).word(0) == !1, "the complement");
//! }
//! ```
//! `cargo xtask test --suite kernel a_message_of_four` boots the image for this case alone. A new file
//! needs its `mod` line in `src/cases/mod.rs`, and begins with `use super::harness::*` and `use hubris_derive::test_case`. Before each
//! case `assist`, `idol` and the clients are made anew. `#[test_case(fp)]` is for the image with FP
//! registers (`fp.toml`) only.
//!
//! # Writing a test task for an image of your own
//! A test task is a task like any other; what makes it a suite is its main loop and its table.
//!
//! 1. A package `test/NAME` with the cases in `src/cases/*.rs` (`pub fn`s with
//!    `#[hubris_derive::test_case]`), a `build.rs` that calls `build_cases::register("src/cases")`, and
//!    a `src/cases/mod.rs` with a `mod` line for each file and
//!    `include!(concat!(env!("OUT_DIR"), "/cases.rs"))` below `use test_kernel::suite::Case`.
//! 2. A program whose `main` is `test_kernel::suite::run(cases::CASES, fresh)`; `fresh` makes the peers
//!    of a case anew ([`userlib::kipc::reinit_task`]), or does nothing.
//! 3. An `app.toml`: task 0 is `test-kernel-runner` of this package, as in `app.toml` here (it needs
//!    `uart0`, the region `parameters` and the index of the suite); the suite's task has a slot on
//!    it and grants for what its cases do; then the tasks under test, as in the product.
//! 4. A line in the table of images in `build/xtask/src/test/kernel.rs`, which tells the host where
//!    the manifest and the cases are.
#![cfg_attr(target_os = "none", no_std)]

pub mod cases;
pub mod controls;
pub mod fault_meter;
pub mod fp;
pub mod idol_server;
pub mod idol_types;
pub mod measure;
pub mod misbehave;
pub mod protocol;
pub mod report;
pub mod suite;
pub mod uart;

/// Generated from the interface files in `idl`.
pub mod idl {
    include!(concat!(env!("OUT_DIR"), "/interfaces.rs"));
}
