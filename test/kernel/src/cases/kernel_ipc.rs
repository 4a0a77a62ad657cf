//! Messages to the kernel, well formed and not, with and without the grant.

use super::harness::*;
use crate::misbehave::Kind;
use crate::protocol::assist;
use sys_abi::{FaultInfo, Kipc, SchedState, Sysnum, TaskState, UsageError};
use userlib::{Cause, TaskId, TaskIndex, kipc, sys_refresh_task_id};

/// Lets assist, which has no grant, send `bytes` to the kernel out of its own buffer.
fn assist_asks_kernel(op: u16, bytes: &[u8], capacity: u32) {
    let buffer = assist_buffer();
    fill_assist_buffer(buffer, bytes);
    let len = bytes.len() as u32;
    assist_calls(
        Sysnum::Send as u32,
        [TaskId::KERNEL.0, op.into(), buffer, len, buffer, capacity, 0],
    );
}

/// Assist borrows the bytes from us into its own buffer while we wait for its answer.
fn fill_assist_buffer(buffer: u32, bytes: &[u8]) {
    let own = sys_refresh_task_id(SUITE);
    let len = bytes.len() as u32;
    let args = [Sysnum::BorrowRead as u32, own.0, 0, 0, buffer, len, 0, 0];
    let answer = ask_lending(assist::CALL_THEN_REPLY, args, &[userlib::Lease::read(bytes)]);
    assert!((answer.word(0), answer.word(1)) == (0, len), "filled");
}

fn refused(op: Kipc, bytes: &[u8], error: UsageError) {
    assist_asks_kernel(op as u16, bytes, 32);
    expect_assist_fault(FaultInfo::SyscallUsage(error));
}

const HUGE: [u8; 4] = [0xff; 4];

pub fn status_works_for_every_task_and_faults_behind_the_last() {
    let count = userlib::task_count!();
    for index in 0..count {
        let _state = state(TaskIndex(index as u8));
    }
    refused(Kipc::ReadTaskStatus, &count.to_le_bytes(), UsageError::TaskOutOfRange);
}

pub fn status_of_a_huge_index_faults() {
    refused(Kipc::ReadTaskStatus, &HUGE, UsageError::TaskOutOfRange);
}

/// An index out of range, both by one and by far.
fn out_of_range(op: Kipc, rest: &[u8]) {
    for index in [userlib::task_count!().to_le_bytes(), HUGE] {
        let mut message = [0; 12];
        message[..4].copy_from_slice(&index);
        message[4..4 + rest.len()].copy_from_slice(rest);
        refused(op, &message[..4 + rest.len()], UsageError::TaskOutOfRange);
        kipc::reinit_task(assist_index(), true);
    }
}

pub fn restart_of_an_index_out_of_range_faults() {
    out_of_range(Kipc::ReinitTask, &[1]);
}

pub fn fault_of_an_index_out_of_range_faults() {
    out_of_range(Kipc::FaultTask, &[]);
}

pub fn kill_of_an_index_out_of_range_faults() {
    out_of_range(Kipc::KillTask, &[0]);
}

pub fn faulting_the_supervisor_is_illegal() {
    refused(Kipc::FaultTask, &0u32.to_le_bytes(), UsageError::IllegalTask);
}

pub fn faulting_oneself_is_illegal() {
    let own = u32::from(assist_index().0).to_le_bytes();
    refused(Kipc::FaultTask, &own, UsageError::IllegalTask);
}

pub fn killing_the_supervisor_is_illegal() {
    let [a, b, c, d] = 0u32.to_le_bytes();
    refused(Kipc::KillTask, &[a, b, c, d, 0], UsageError::IllegalTask);
}

pub fn restarting_oneself_is_illegal() {
    let [a, b, c, d] = u32::from(assist_index().0).to_le_bytes();
    refused(Kipc::ReinitTask, &[a, b, c, d, 1], UsageError::IllegalTask);
}

fn client_and(rest: &[u8]) -> [u8; 12] {
    let mut message = [0; 12];
    message[..4].copy_from_slice(&u32::from(CLIENT0.0).to_le_bytes());
    message[4..4 + rest.len()].copy_from_slice(rest);
    message
}

pub fn restart_needs_the_grant() {
    refused(Kipc::ReinitTask, &client_and(&[1])[..5], UsageError::NotAuthorized);
}

pub fn kill_needs_the_grant() {
    refused(Kipc::KillTask, &client_and(&[0])[..5], UsageError::NotAuthorized);
}

pub fn fault_injection_needs_the_grant() {
    refused(Kipc::FaultTask, &client_and(&[])[..4], UsageError::NotAuthorized);
}

pub fn publishing_needs_the_grant() {
    refused(Kipc::PublishEdge, &client_and(&[0, 0, 0, 0, 0])[..9], UsageError::NotAuthorized);
}

pub fn software_interrupts_need_the_grant() {
    refused(Kipc::SoftwareIrq, &client_and(&[1, 0, 0, 0])[..8], UsageError::NotAuthorized);
}

pub fn reset_needs_the_grant() {
    refused(Kipc::Reset, &[], UsageError::NotAuthorized);
}

pub fn an_unknown_kernel_op_faults() {
    for op in [0, 6, 7, 14, u16::MAX] {
        assist_asks_kernel(op, &[0; 4], 32);
        expect_assist_fault(FaultInfo::SyscallUsage(UsageError::BadKernelMessage));
        kipc::reinit_task(assist_index(), true);
    }
}

pub fn a_short_kernel_message_faults() {
    refused(Kipc::ReadTaskStatus, &[0; 3], UsageError::BadKernelMessage);
}

pub fn a_long_kernel_message_faults() {
    refused(Kipc::ReadTaskStatus, &[0; 5], UsageError::BadKernelMessage);
    kipc::reinit_task(assist_index(), true);
    refused(Kipc::ReadTaskStatus, &[0; 32], UsageError::BadKernelMessage);
}

pub fn a_kernel_message_with_a_bad_bool_faults() {
    refused(Kipc::ReinitTask, &client_and(&[2])[..5], UsageError::BadKernelMessage);
}

pub fn a_kernel_reply_that_does_not_fit_faults() {
    assist_asks_kernel(Kipc::ReadImageId as u16, &[], 7);
    expect_assist_fault(FaultInfo::SyscallUsage(UsageError::BadKernelMessage));
}

pub fn fault_injection_names_the_injector() {
    kipc::fault_task(assist_index());
    let fault = FaultInfo::Injected(sys_refresh_task_id(SUITE));
    let original_state = SchedState::InRecv(None);
    assert!(state(assist_index()) == TaskState::Faulted { fault, original_state }, "injected");
}

pub fn the_first_faulted_task_is_found() {
    assert!(kipc::find_faulted_task(TaskIndex(0)).is_none(), "nobody yet");
    kipc::fault_task(CLIENT0);
    kipc::fault_task(assist_index());
    assert!(kipc::find_faulted_task(TaskIndex(0)) == Some(assist_index()), "the first");
    let behind = TaskIndex(assist_index().0 + 1);
    assert!(kipc::find_faulted_task(behind) == Some(CLIENT0), "the next");
}

pub fn finding_faults_behind_the_last_task_finds_none() {
    let count = TaskIndex(userlib::task_count!() as u8);
    assert!(kipc::find_faulted_task(count).is_none(), "none");
    let [a, b, c, d] = (u32::from(count.0) + 1).to_le_bytes();
    refused(Kipc::FindFaultedTask, &[a, b, c, d], UsageError::TaskOutOfRange);
}

pub fn the_image_id_is_stable() {
    assert!(kipc::read_image_id() == kipc::read_image_id(), "the same twice");
}

pub fn task_stats_tell_who_blocks_and_since_when() {
    let before_us = userlib::sys_get_timer().now_us;
    let mut client = Client::new(CLIENT0);
    client.send(assist_id(), assist::NEVER_REPLY);
    let_others_run();
    let stats = kipc::read_task_stats(CLIENT0);
    let after_us = userlib::sys_get_timer().now_us;
    assert!(stats.blocked_on == Some(assist_index()), "whom it waits for");
    // Stamps have the resolution of a tick.
    assert!((before_us - 1000..=after_us).contains(&stats.since_us), "since when");
    assert!(stats.generation == client.id.generation(), "its generation");
    assert!(kipc::read_task_stats(SUITE).blocked_on.is_none(), "we run");
}

pub fn entries_and_processor_time_count_up() {
    let before = kipc::read_task_stats(SUITE);
    for _ in 0..10 {
        let _now = userlib::sys_get_timer();
    }
    sleep_us(2000);
    let after = kipc::read_task_stats(SUITE);
    assert!(after.entries.wrapping_sub(before.entries) >= 12, "entries");
    assert!(after.switches.wrapping_sub(before.switches) >= 1, "switches");
    assert!(after.cpu_us > before.cpu_us, "processor time");
    assert!(after.cpu_us - before.cpu_us < 2000, "less than what passed");
    assert!(kipc::read_task_stats(assist_index()).died_us != 0, "assist has died before");
}

pub fn status_tells_each_scheduling_state() {
    let own = sys_refresh_task_id(SUITE);
    let healthy = |sched| TaskState::Healthy(sched);
    assert!(state(SUITE) == healthy(SchedState::Runnable), "runnable");
    assert!(state(ABSENT) == healthy(SchedState::Stopped), "stopped");
    assert!(state(assist_index()) == healthy(SchedState::InRecv(None)), "in recv");
    let_others_run();
    assert!(state(CLIENT0) == healthy(SchedState::InSend(own)), "in send");
    let _client = Client::new(CLIENT0);
    assert!(state(CLIENT0) == healthy(SchedState::InReply(own)), "in reply");
    misbehave(Kind::Undefined, 0);
    assert!(matches!(state(assist_index()), TaskState::Faulted { .. }), "faulted");
    kipc::kill_task(CLIENT1, Cause::Unplugged);
    let killed = matches!(
        state(CLIENT1),
        TaskState::Faulted { fault: FaultInfo::Killed(by, Cause::Unplugged), .. } if by == own
    );
    assert!(killed, "killed by us");
}
