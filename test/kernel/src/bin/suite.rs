//! The suite of the kernel's cases. A panic ends the case and this life.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::{cases, suite};

userlib::entry!(main);

fn main() -> ! {
    suite::run(cases::CASES, cases::fresh)
}
