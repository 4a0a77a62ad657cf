//! Disconnect at death: who is told, what, and when.

use super::harness::*;
use crate::misbehave::Kind;
use crate::protocol::assist;
use hubris_derive::test_case;
use sys_abi::{FaultInfo, RecvMode, SchedState, Sysnum, TaskState, UsageError};
use userlib::{
    Cause, DeathRecord, TaskId, kipc, sys_get_timer, sys_post, sys_recv_closed, sys_reply, sys_send,
};

/// Assist stops receiving: it waits for notifications that nobody posts.
fn deafen_assist() {
    let closed = RecvMode::Closed as u32;
    assist_calls(Sysnum::Recv as u32, [0, 0, 0, closed, TaskId::KERNEL.0, 0, 0]);
}

#[test_case]
pub fn death_releases_everybody_in_every_state() {
    let living = assist_id();
    let mut in_reply = Client::new(CLIENT1);
    in_reply.send(living, assist::NEVER_REPLY);
    let mut in_recv = Client::new(CLIENT2);
    let closed = RecvMode::Closed as u32;
    in_recv.call(Sysnum::Recv, [0, 0, 0, closed, living.0, 0, 0]);
    let_others_run();
    deafen_assist();
    let mut in_send = Client::new(CLIENT0);
    in_send.send(living, assist::JUST_REPLY);
    let_others_run();
    assert!(state(CLIENT0) == TaskState::Healthy(SchedState::InSend(living)), "in send");
    assert!(state(CLIENT1) == TaskState::Healthy(SchedState::InReply(living)), "in reply");
    assert!(state(CLIENT2) == TaskState::Healthy(SchedState::InRecv(Some(living))), "in recv");

    kipc::kill_task(assist_index(), Cause::Unplugged);
    for client in [CLIENT0, CLIENT1, CLIENT2] {
        assert!(state(client) == TaskState::Healthy(SchedState::Runnable), "in the same pass");
    }
    let record = [u32::from(assist_index().0), living.generation().0, Cause::Unplugged as u32];
    for (mut client, dead) in [(in_send, 1), (in_reply, 1), (in_recv, 2)] {
        let [status, peer, generation, cause, ..] = client.results();
        assert!(status == dead && [peer, generation, cause] == record, "status and record");
    }
}

#[test_case]
pub fn send_to_the_dead_returns_at_once() {
    let living = assist_id();
    misbehave(Kind::Undefined, 0);
    let record = DeathRecord {
        peer: assist_index(),
        generation: living.generation(),
        cause: Cause::Faulted,
    };
    let before_us = sys_get_timer().now_us;
    for id in [living, assist_id()] {
        let sent = sys_send(id, assist::JUST_REPLY, &[1; 4], &mut [0; 4], &[]);
        assert!(sent == Err(record), "the record, for the old id and the current one");
    }
    assert!(sys_get_timer().now_us - before_us < 1000, "at once");
}

#[test_case]
pub fn post_to_the_dead_returns_the_record() {
    let living = assist_id();
    kipc::kill_task(assist_index(), Cause::DependencyLost);
    let record = DeathRecord {
        peer: assist_index(),
        generation: living.generation(),
        cause: Cause::DependencyLost,
    };
    assert!(sys_post(living, 1 << 1) == Err(record), "the record");
}

#[test_case]
pub fn closed_receive_from_the_dead_returns_the_record() {
    let living = assist_id();
    kipc::kill_task(assist_index(), Cause::Stalled);
    let received = sys_recv_closed(&mut [], 0, living);
    let Err(record) = received else { panic!("a record") };
    assert!(record.generation == living.generation() && record.cause == Cause::Stalled, "record");
}

#[test_case]
pub fn death_of_a_blocked_sender_leaves_no_message() {
    deafen_assist();
    let mut client = Client::new(CLIENT0);
    client.send(assist_id(), assist::STORE);
    let_others_run();
    kipc::kill_task(CLIENT0, Cause::Stopped);
    // Wakes assist out of its deaf receive: a kill would hide a message that is still there.
    kipc::reinit_task(assist_index(), true);
    assert!(ask(assist::STORE, [3]).word(0) == 0, "nobody stored anything");
}

#[test_case]
pub fn death_of_a_client_in_reply_makes_the_reply_void() {
    let client = Client::new(CLIENT0);
    kipc::reinit_task(CLIENT0, true);
    sys_reply(client.id, 0, &[0xff; 32]);
    let next = Client::new(CLIENT0);
    assert!(next.id != client.id, "another life");
}

#[test_case]
pub fn the_cause_is_the_one_given() {
    for cause in Cause::ALL {
        kipc::kill_task(assist_index(), cause);
        let sent = sys_send(assist_id(), assist::JUST_REPLY, &[], &mut [], &[]);
        assert!(matches!(sent, Err(record) if record.cause == cause), "the cause");
        kipc::reinit_task(assist_index(), true);
    }
}

#[test_case]
pub fn the_cause_of_a_panic_is_panicked() {
    misbehave(Kind::Panic, 0);
    let sent = sys_send(assist_id(), assist::JUST_REPLY, &[], &mut [], &[]);
    assert!(matches!(sent, Err(DeathRecord { cause: Cause::Panicked, .. })), "panicked");
}

#[test_case]
pub fn the_cause_of_a_fault_is_faulted() {
    misbehave(Kind::ReadWord, 0);
    let sent = sys_send(assist_id(), assist::JUST_REPLY, &[], &mut [], &[]);
    assert!(matches!(sent, Err(DeathRecord { cause: Cause::Faulted, .. })), "faulted");
}

/// Assist answers with a code that it may not use: the asker learns of its death.
fn reserved(code: u32) {
    let living = assist_id();
    let sent = sys_send(living, assist::REPLY_CODE, &code.to_le_bytes(), &mut [0; 16], &[]);
    let record = DeathRecord {
        peer: assist_index(),
        generation: living.generation(),
        cause: Cause::Faulted,
    };
    assert!(sent == Err(record), "the true record, not a forged one");
    expect_assist_fault(FaultInfo::SyscallUsage(UsageError::ReservedCode));
}

#[test_case]
pub fn replying_with_a_reserved_code_faults_the_server() {
    reserved(userlib::CODE_RESERVED_FIRST);
}

#[test_case]
pub fn all_reserved_codes_fault_the_server() {
    for code in [userlib::CODE_DISCONNECTED - 1, userlib::CODE_DISCONNECTED + 1, u32::MAX] {
        reserved(code);
        kipc::reinit_task(assist_index(), true);
    }
}

#[test_case]
pub fn a_too_long_reply_faults_the_server() {
    let living = assist_id();
    let sent = sys_send(living, assist::JUST_REPLY, &[1; 4], &mut [0; 3], &[]);
    assert!(matches!(sent, Err(record) if record.generation == living.generation()), "its death");
    expect_assist_fault(FaultInfo::SyscallUsage(UsageError::ReplyTooBig));
}

#[test_case]
pub fn a_task_dying_in_receive_leaves_senders_released() {
    let living = assist_id();
    deafen_assist();
    let mut first = Client::new(CLIENT1);
    let mut second = Client::new(CLIENT2);
    first.send(living, assist::JUST_REPLY);
    second.send(living, assist::JUST_REPLY);
    let_others_run();
    kipc::fault_task(assist_index());
    let original = match state(assist_index()) {
        TaskState::Faulted { original_state, .. } => original_state,
        TaskState::Healthy(_) => panic!("assist is healthy"),
    };
    assert!(original == SchedState::InRecv(Some(TaskId::KERNEL)), "it was receiving");
    for mut client in [first, second] {
        assert!(client.results()[0] == 1, "dead");
    }
}
