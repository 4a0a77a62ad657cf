//! A client of the fault bench: calls the victim, and tells the supervisor how the call ended.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::fault_meter::op;
use userlib::{Cause, slot, sys_refresh_task_id, sys_send};

userlib::entry!(main);

fn main() -> ! {
    let supervisor = sys_refresh_task_id(slot!("supervisor"));
    loop {
        let victim = sys_refresh_task_id(slot!("victim"));
        let ended = sys_send(victim, 0, &[], &mut [], &[]);
        let typed = matches!(
            ended,
            Err(record) if record.peer == victim.index()
                && record.generation == victim.generation()
                && record.cause == Cause::Faulted
        );
        let told = u32::from(typed).to_le_bytes();
        let _answer = sys_send(supervisor, op::RELEASED, &told, &mut [], &[]);
    }
}
