//! The quiescer of the fault bench: the messages of a quiesce, without hardware.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::fault_meter::op;
use userlib::{notification, slot, sys_recv_notification, sys_refresh_task_id, sys_send};

userlib::entry!(main);

fn main() -> ! {
    let supervisor = sys_refresh_task_id(slot!("supervisor"));
    loop {
        sys_recv_notification(notification!("quiesce"));
        for op in [op::PENDING, op::QUIESCED] {
            let _answer = sys_send(supervisor, op, &[], &mut [], &[]);
        }
    }
}
