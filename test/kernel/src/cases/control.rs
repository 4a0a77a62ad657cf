//! Cases that do not end well, for controls: the host must name them.

use super::harness::*;
use crate::misbehave::{Kind, perform};
use crate::protocol::runner;
use hubris_derive::test_case;
use userlib::kipc;

#[test_case(control)]
pub fn control_a_case_that_never_ends() {
    perform(Kind::Spin, 0);
}

#[test_case(control)]
pub fn control_a_case_that_panics() {
    panic!("as requested");
}

#[test_case(control)]
pub fn control_a_case_that_faults() {
    perform(Kind::Undefined, 0);
}

#[test_case(control)]
pub fn control_a_case_that_resets_the_machine() {
    kipc::reset();
}

#[test_case(control)]
pub fn control_an_image_that_hangs() {
    ask_runner(runner::HANG, []);
}

#[test_case(control)]
pub fn control_an_image_that_says_nonsense_for_ever() {
    ask_runner(runner::BABBLE, []);
}

/// A fault is the end of a kernel that is built to lock up at one.
#[test_case(control)]
pub fn control_a_fault_that_locks_the_processor_up() {
    misbehave(Kind::Undefined, 0);
}
