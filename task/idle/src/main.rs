#![cfg_attr(target_os = "none", no_std, no_main)]
//! What runs when nothing else wants to: sleep until the next interrupt.
//!
//! The kernel has no idle path of its own; a task that is always runnable, at the least important
//! priority, keeps its scheduler free of that case.

userlib::entry!(main);

fn main() -> ! {
    loop {
        userlib::wait_for_interrupt();
    }
}
