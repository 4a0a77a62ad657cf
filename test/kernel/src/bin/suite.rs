//! The suite: asks the runner which case to run, and runs it. A panic ends the case and this life.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::cases;

userlib::entry!(main);

fn main() -> ! {
    loop {
        cases::run_next();
    }
}
