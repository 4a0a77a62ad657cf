//! The victim of the fault bench: lives until the next tick but one, then faults.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::fault_meter::{NOWHERE, op};
use test_kernel::misbehave::{Kind, perform};
use userlib::{
    notification, slot, sys_get_timer, sys_recv_notification, sys_refresh_task_id, sys_send,
    sys_set_timer,
};

userlib::entry!(main);

/// Long enough for the clients to call.
const LIFE_US: u64 = 2000;

fn main() -> ! {
    let supervisor = sys_refresh_task_id(slot!("supervisor"));
    let _answer = sys_send(supervisor, op::BEGUN, &[0; 4], &mut [], &[]);
    let timer = notification!("timer");
    sys_set_timer(Some(sys_get_timer().now_us + LIFE_US), timer);
    sys_recv_notification(timer);
    perform(Kind::ReadByte, NOWHERE);
    loop {
        core::hint::spin_loop();
    }
}
