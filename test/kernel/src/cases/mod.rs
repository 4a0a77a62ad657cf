//! The cases: every function with `#[test_case]` in a file of this folder.

mod harness;

mod borrow;
mod control;
mod disconnect;
mod faults;
mod fp;
mod idol;
mod interrupts;
mod ipc;
mod kernel_ipc;
mod misuse;
mod notifications;
mod order;
mod restart;
mod time;
mod watches;

use crate::suite::Case;

include!(concat!(env!("OUT_DIR"), "/cases.rs"));

/// Makes the peers anew, so that no case sees what another one left.
pub fn fresh() {
    harness::fresh();
}
