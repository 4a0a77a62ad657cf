//! The victim of the fault bench: lives until the next tick but one, then faults.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::fault_meter::{address, op};
use test_kernel::misbehave::{Kind, perform};
use userlib::{
    notification, slot, sys_get_timer, sys_recv_notification, sys_refresh_task_id, sys_send,
    sys_set_timer,
};

userlib::entry!(main);

/// Long enough for the clients to call.
const LIFE_US: u64 = 2000;

/// Lives differ in length by up to this many loops, so that their ends fall anywhere between two
/// microseconds.
const LOOPS: u32 = 61;

fn main() -> ! {
    let begun_us = sys_get_timer().now_us;
    let supervisor = sys_refresh_task_id(slot!("supervisor"));
    let time = (begun_us as u32).to_le_bytes();
    let _answer = sys_send(supervisor, op::BEGUN, &time, &mut [], &[]);
    let timer = notification!("timer");
    sys_set_timer(Some(begun_us + LIFE_US), timer);
    sys_recv_notification(timer);
    let own = sys_refresh_task_id(userlib::own_index!());
    for _ in 0..own.generation().0 * 7 % LOOPS {
        core::hint::spin_loop();
    }
    perform(Kind::ReadByte, address(sys_get_timer().now_us));
    loop {
        core::hint::spin_loop();
    }
}
