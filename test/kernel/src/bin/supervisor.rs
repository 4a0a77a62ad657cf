//! The smallest supervisor: restarts whoever faults, at once.
#![cfg_attr(target_os = "none", no_std, no_main)]

use userlib::{TaskIndex, kipc, notification, sys_recv_notification};

userlib::entry!(main);

fn main() -> ! {
    loop {
        sys_recv_notification(notification!("fault"));
        let mut first = TaskIndex(1);
        while let Some(task) = kipc::find_faulted_task(first) {
            kipc::reinit_task(task, true);
            first = TaskIndex(task.0 + 1);
        }
    }
}
