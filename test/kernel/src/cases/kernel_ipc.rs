//! Messages to the kernel, well formed and not, with and without the grant.

use super::harness::*;
use crate::misbehave::Kind;
use crate::protocol::assist;
use hubris_derive::test_case;
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

#[test_case]
pub fn status_works_for_every_task_and_faults_behind_the_last() {
    let count = userlib::task_count!();
    for index in 0..count {
        let _state = state(TaskIndex(index as u8));
    }
    refused(Kipc::ReadTaskStatus, &count.to_le_bytes(), UsageError::TaskOutOfRange);
}

#[test_case]
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

#[test_case]
pub fn restart_of_an_index_out_of_range_faults() {
    out_of_range(Kipc::ReinitTask, &[1]);
}

#[test_case]
pub fn fault_of_an_index_out_of_range_faults() {
    out_of_range(Kipc::FaultTask, &[]);
}

#[test_case]
pub fn kill_of_an_index_out_of_range_faults() {
    out_of_range(Kipc::KillTask, &[0]);
}

#[test_case]
pub fn faulting_the_supervisor_is_illegal() {
    refused(Kipc::FaultTask, &0u32.to_le_bytes(), UsageError::IllegalTask);
}

#[test_case]
pub fn faulting_oneself_is_illegal() {
    let own = u32::from(assist_index().0).to_le_bytes();
    refused(Kipc::FaultTask, &own, UsageError::IllegalTask);
}

#[test_case]
pub fn killing_the_supervisor_is_illegal() {
    let [a, b, c, d] = 0u32.to_le_bytes();
    refused(Kipc::KillTask, &[a, b, c, d, 0], UsageError::IllegalTask);
}

#[test_case]
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

#[test_case]
pub fn restart_needs_the_grant() {
    refused(Kipc::ReinitTask, &client_and(&[1])[..5], UsageError::NotAuthorized);
}

#[test_case]
pub fn kill_needs_the_grant() {
    refused(Kipc::KillTask, &client_and(&[0])[..5], UsageError::NotAuthorized);
}

#[test_case]
pub fn fault_injection_needs_the_grant() {
    refused(Kipc::FaultTask, &client_and(&[])[..4], UsageError::NotAuthorized);
}

#[test_case]
pub fn publishing_needs_the_grant() {
    refused(Kipc::PublishEdge, &client_and(&[0, 0, 0, 0, 0])[..9], UsageError::NotAuthorized);
}

#[test_case]
pub fn software_interrupts_need_the_grant() {
    refused(Kipc::SoftwareIrq, &client_and(&[1, 0, 0, 0])[..8], UsageError::NotAuthorized);
}

#[test_case]
pub fn reset_needs_the_grant() {
    refused(Kipc::Reset, &[], UsageError::NotAuthorized);
}

#[test_case]
pub fn an_unknown_kernel_op_faults() {
    for op in [0, 6, 7, 14, u16::MAX] {
        assist_asks_kernel(op, &[0; 4], 32);
        expect_assist_fault(FaultInfo::SyscallUsage(UsageError::BadKernelMessage));
        kipc::reinit_task(assist_index(), true);
    }
}

#[test_case]
pub fn a_short_kernel_message_faults() {
    refused(Kipc::ReadTaskStatus, &[0; 3], UsageError::BadKernelMessage);
}

#[test_case]
pub fn a_long_kernel_message_faults() {
    refused(Kipc::ReadTaskStatus, &[0; 5], UsageError::BadKernelMessage);
    kipc::reinit_task(assist_index(), true);
    refused(Kipc::ReadTaskStatus, &[0; 32], UsageError::BadKernelMessage);
}

#[test_case]
pub fn a_kernel_message_with_a_bad_bool_faults() {
    refused(Kipc::ReinitTask, &client_and(&[2])[..5], UsageError::BadKernelMessage);
}

#[test_case]
pub fn a_kernel_reply_that_does_not_fit_faults() {
    assist_asks_kernel(Kipc::ReadImageId as u16, &[], 7);
    expect_assist_fault(FaultInfo::SyscallUsage(UsageError::BadKernelMessage));
}

#[test_case]
pub fn fault_injection_names_the_injector() {
    kipc::fault_task(assist_index());
    let fault = FaultInfo::Injected(sys_refresh_task_id(SUITE));
    let original_state = SchedState::InRecv(None);
    assert!(state(assist_index()) == TaskState::Faulted { fault, original_state }, "injected");
}

#[test_case]
pub fn the_first_faulted_task_is_found() {
    assert!(kipc::find_faulted_task(TaskIndex(0)).is_none(), "nobody yet");
    kipc::fault_task(CLIENT0);
    kipc::fault_task(assist_index());
    assert!(kipc::find_faulted_task(TaskIndex(0)) == Some(assist_index()), "the first");
    let behind = TaskIndex(assist_index().0 + 1);
    assert!(kipc::find_faulted_task(behind) == Some(CLIENT0), "the next");
}

#[test_case]
pub fn finding_faults_behind_the_last_task_finds_none() {
    let count = TaskIndex(userlib::task_count!() as u8);
    assert!(kipc::find_faulted_task(count).is_none(), "none");
    let [a, b, c, d] = (u32::from(count.0) + 1).to_le_bytes();
    refused(Kipc::FindFaultedTask, &[a, b, c, d], UsageError::TaskOutOfRange);
}

#[test_case]
pub fn the_image_id_is_stable() {
    assert!(kipc::read_image_id() == kipc::read_image_id(), "the same twice");
}

#[test_case]
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

#[test_case]
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

#[test_case]
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

/// Each op with the length of its request; Reset asks for the grant first.
const REQUESTS: [(Kipc, usize); 10] = [
    (Kipc::ReadTaskStatus, 4),
    (Kipc::ReinitTask, 5),
    (Kipc::FaultTask, 4),
    (Kipc::ReadImageId, 0),
    (Kipc::SoftwareIrq, 8),
    (Kipc::FindFaultedTask, 4),
    (Kipc::ReadPanicMessage, 4),
    (Kipc::KillTask, 5),
    (Kipc::PublishEdge, 9),
    (Kipc::ReadTaskStats, 4),
];

#[test_case]
pub fn every_op_refuses_a_message_of_another_length() {
    let message = client_and(&[]);
    for (op, len) in REQUESTS {
        let shorter = len.checked_sub(1);
        for wrong in [shorter, Some(len + 1)].into_iter().flatten() {
            refused(op, &message[..wrong], UsageError::BadKernelMessage);
            kipc::reinit_task(assist_index(), true);
        }
    }
}

#[test_case]
pub fn every_answer_needs_its_room() {
    let own = u32::from(assist_index().0).to_le_bytes();
    for (op, bytes, room) in [
        (Kipc::ReadTaskStatus, &own[..], 1),
        (Kipc::ReadImageId, &[][..], 7),
        (Kipc::FindFaultedTask, &own[..], 3),
        (Kipc::ReadTaskStats, &own[..], 4),
    ] {
        for capacity in [0, room] {
            assist_asks_kernel(op as u16, bytes, capacity);
            expect_assist_fault(FaultInfo::SyscallUsage(UsageError::BadKernelMessage));
            kipc::reinit_task(assist_index(), true);
        }
    }
}

#[test_case]
pub fn reading_about_an_index_out_of_range_faults() {
    out_of_range(Kipc::ReadPanicMessage, &[]);
    out_of_range(Kipc::ReadTaskStats, &[]);
}

#[test_case]
pub fn publishing_and_interrupting_an_index_out_of_range_fault() {
    out_of_range(Kipc::PublishEdge, &[0; 5]);
    out_of_range(Kipc::SoftwareIrq, &[1, 0, 0, 0]);
}

/// Client 2, which has the grants of the suite, sends this to the kernel and must die of it.
fn granted_refused(op: Kipc, bytes: &[u8], error: UsageError) {
    let mut client = Client::new(CLIENT2);
    client.fill(bytes);
    let (buffer, len) = (client.buffer, bytes.len() as u32);
    client.call(Sysnum::Send, [TaskId::KERNEL.0, op as u32, buffer, len, 0, 0, 0]);
    let_others_run();
    let wanted = FaultInfo::SyscallUsage(error);
    let fault = matches!(state(CLIENT2), TaskState::Faulted { fault, .. } if fault == wanted);
    assert!(fault, "the sender faulted");
    kipc::reinit_task(CLIENT2, true);
}

/// An index and what follows it.
fn about<const N: usize, const BYTES: usize>(task: TaskIndex, rest: [u8; N]) -> [u8; BYTES] {
    let mut message = [0; BYTES];
    message[..4].copy_from_slice(&u32::from(task.0).to_le_bytes());
    message[4..4 + N].copy_from_slice(&rest);
    message
}

const SUPERVISOR: TaskIndex = TaskIndex(0);

#[test_case]
pub fn the_grant_does_not_reach_the_supervisor() {
    granted_refused(Kipc::ReinitTask, &about::<1, 5>(SUPERVISOR, [1]), UsageError::IllegalTask);
    granted_refused(Kipc::KillTask, &about::<1, 5>(SUPERVISOR, [0]), UsageError::IllegalTask);
    granted_refused(Kipc::FaultTask, &about::<0, 4>(SUPERVISOR, []), UsageError::IllegalTask);
}

#[test_case]
pub fn the_grant_does_not_reach_oneself() {
    granted_refused(Kipc::ReinitTask, &about::<1, 5>(CLIENT2, [1]), UsageError::IllegalTask);
    granted_refused(Kipc::KillTask, &about::<1, 5>(CLIENT2, [0]), UsageError::IllegalTask);
    granted_refused(Kipc::FaultTask, &about::<0, 4>(CLIENT2, []), UsageError::IllegalTask);
}

#[test_case]
pub fn a_cause_or_an_edge_that_does_not_exist_faults() {
    let causes = Cause::ALL.len() as u8;
    let living = sys_refresh_task_id(assist_index());
    for cause in [causes, u8::MAX] {
        let message = about::<1, 5>(assist_index(), [cause]);
        granted_refused(Kipc::KillTask, &message, UsageError::BadKernelMessage);
    }
    for edge in [4, u8::MAX] {
        let message = about::<5, 9>(assist_index(), [edge, 0, 0, 0, 0]);
        granted_refused(Kipc::PublishEdge, &message, UsageError::BadKernelMessage);
    }
    assert!(sys_refresh_task_id(assist_index()) == living, "and harms nobody else");
}

#[test_case]
pub fn a_software_interrupt_of_a_mask_without_line_faults() {
    for (task, mask) in [(SUITE, 1), (CLIENT0, u8::MAX), (assist_index(), 1 << 1)] {
        let message = about::<4, 8>(task, [mask, 0, 0, 0]);
        granted_refused(Kipc::SoftwareIrq, &message, UsageError::NoIrq);
    }
}

#[test_case]
pub fn a_panic_text_is_cut_to_the_room_there_is() {
    misbehave(Kind::Panic, 0);
    let mut whole = [0; 128];
    let Ok(whole) = kipc::read_panic_message(assist_index(), &mut whole) else { panic!("a text") };
    let mut short = [0; 8];
    let read = kipc::read_panic_message(assist_index(), &mut short);
    assert!(read.is_ok_and(|text| text == &whole[..8]), "its beginning");
    let read = kipc::read_panic_message(assist_index(), &mut []);
    assert!(read.is_ok_and(<[u8]>::is_empty), "or nothing");
}
