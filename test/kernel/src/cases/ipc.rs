//! Messages between healthy tasks.

use super::harness::*;
use crate::protocol::{BUFFER_BYTES, assist, word};
use hubris_derive::test_case;
use sys_abi::{Cause, FaultInfo, SchedState, SendStatus, Sysnum, TaskState, UsageError};
use userlib::{
    CODE_DISCONNECTED, Received, ReplyFaultReason, TaskId, sys_recv_closed, sys_recv_open,
    sys_refresh_task_id, sys_reply, sys_reply_fault, sys_send,
};

#[test_case]
pub fn send_returns_the_answer() {
    let answer = ask(assist::JUST_REPLY, [0x1234_5678]);
    assert!(answer.code == 0 && answer.len == 4, "code 0, four bytes");
    assert!(answer.word(0) == !0x1234_5678, "the complement");
}

#[test_case]
pub fn send_and_receive_carry_the_envelope() {
    let mut reply = [0; 20];
    let leases = [userlib::Lease::read(b"a"), userlib::Lease::read(b"b")];
    let sent = sys_send(assist_id(), assist::ENVELOPE, &[1, 2, 3], &mut reply, &leases);
    assert!(sent == Ok((0, 16)), "answered");
    let seen: [u32; 4] = core::array::from_fn(|index| word(&reply, index));
    assert!(seen == [assist::ENVELOPE.into(), 3, 20, 2], "op, length, capacity, leases");
}

#[test_case]
pub fn receive_then_reply_reaches_the_sender() {
    let mut client = Client::new(CLIENT0);
    let own = sys_refresh_task_id(SUITE);
    client.call(Sysnum::Send, [own.0, 42, client.buffer, 4, client.buffer, 4, 0]);
    let mut buffer = [0; 8];
    let Received::Message(message) = sys_recv_open(&mut buffer, 0) else { panic!("a message") };
    assert!(message.sender == client.id && message.op == 42, "sender and op");
    assert!((message.len, message.reply_capacity, message.lease_count) == (4, 4, 0), "sizes");
    sys_reply(client.id, 7, &[1, 2, 3]);
    let [status, code, len, ..] = client.results();
    assert!((status, code, len) == (0, 7, 3), "status, code, length");
}

#[test_case]
pub fn reply_fault_faults_the_sender() {
    let client = Client::new(CLIENT0);
    sys_reply_fault(client.id, ReplyFaultReason::AccessViolation);
    let own = sys_refresh_task_id(SUITE);
    let fault = FaultInfo::FromServer(own, ReplyFaultReason::AccessViolation);
    let original_state = SchedState::InReply(own);
    assert!(state(CLIENT0) == TaskState::Faulted { fault, original_state }, "faulted by us");
}

#[test_case]
pub fn an_unbelieved_server_that_finds_fault_ends_its_own_life() {
    let assist = assist_id();
    let mut client = Client::new(CLIENT0);
    client.send(assist, assist::NEVER_REPLY);
    let_others_run();
    let reason = ReplyFaultReason::BadMessageSize;
    assist_calls(Sysnum::ReplyFault as u32, [client.id.0, reason as u32, 0, 0, 0, 0, 0]);
    expect_assist_fault(FaultInfo::Accuser(client.id, reason));
    let [status, peer, generation, cause, ..] = client.results();
    let told = (SendStatus::Dead as u32, assist.index().0.into(), assist.generation().0);
    assert!((status, peer, generation) == told, "the caller lives and is told who died");
    assert!(cause == Cause::Faulted as u32, "of what");
}

#[test_case]
pub fn truncation_is_reported_with_the_sent_length() {
    let mut client = Client::new(CLIENT0);
    let own = sys_refresh_task_id(SUITE);
    client.call(Sysnum::Send, [own.0, 5, client.buffer, 24, 0, 0, 0]);
    let mut buffer = [0xaa; 16];
    let received = sys_recv_open(&mut buffer[..8], 0);
    let Received::Message(message) = received else { panic!("a message") };
    assert!(message.len == 24, "the length as sent");
    assert!(buffer[8..] == [0xaa; 8], "nothing behind the buffer");
    sys_reply(client.id, 0, &[]);
}

#[test_case]
pub fn zero_length_messages_and_replies_pass() {
    let sent = sys_send(assist_id(), assist::REPLY_CODE, &[], &mut [], &[]);
    assert!(sent == Ok((0, 0)), "an empty answer");
}

#[test_case]
pub fn reply_codes_pass_unchanged() {
    for code in [1, 0x8000_0000, userlib::CODE_RESERVED_FIRST - 1] {
        assert!(ask(assist::REPLY_CODE, [code]).code == code, "the code");
    }
}

#[test_case]
pub fn a_forwarded_disconnect_code_passes() {
    let answer = ask(assist::REPLY_CODE, [CODE_DISCONNECTED]);
    assert!(answer.code == CODE_DISCONNECTED, "the code");
}

#[test_case]
pub fn closed_receive_takes_only_that_sender() {
    let mut first = Client::new(CLIENT0);
    let mut second = Client::new(CLIENT1);
    let own = sys_refresh_task_id(SUITE);
    first.send(own, 11);
    second.send(own, 12);
    let_others_run();
    for (client, op) in [(&second, 12), (&first, 11)] {
        match sys_recv_closed(&mut [], 0, client.id) {
            Ok(Received::Message(message)) => {
                assert!((message.sender, message.op) == (client.id, op), "the one we asked for");
            }
            _ => panic!("a message"),
        }
        sys_reply(client.id, 0, &[]);
    }
}

#[test_case]
pub fn closed_receive_takes_a_sender_that_waits_already() {
    let_others_run();
    assert!(
        state(CLIENT2) == TaskState::Healthy(SchedState::InSend(sys_refresh_task_id(SUITE))),
        "the client waits"
    );
    let client = Client::new(CLIENT2);
    assert!(
        state(CLIENT2) == TaskState::Healthy(SchedState::InReply(sys_refresh_task_id(SUITE))),
        "its message was taken"
    );
    sys_reply(client.id, 0, &[0; 32]);
}

#[test_case]
pub fn reply_receive_answers_and_receives() {
    for round in 0..5 {
        assert!(ask(assist::JUST_REPLY, [round]).word(0) == !round, "answered");
    }
    assert!(ask(assist::REPLY_RECEIVES, []).word(0) == 5, "by reply-and-receive");
}

#[test_case]
pub fn reply_to_somebody_who_does_not_wait_does_nothing() {
    for peer in [assist_id(), sys_refresh_task_id(ABSENT), TaskId(0x0099_9900)] {
        sys_reply(peer, 1, &[1, 2, 3]);
        sys_reply_fault(peer, ReplyFaultReason::AccessViolation);
    }
    assert!(ask(assist::JUST_REPLY, [1]).word(0) == !1, "assist goes on");
}

#[test_case]
pub fn replies_may_come_in_any_order() {
    let mut client = Client::new(CLIENT0);
    client.send(assist_id(), assist::HOLD);
    let_others_run();
    client_is_in_reply();
    assert!(ask(assist::JUST_REPLY, [0]).word(0) == 1, "the second is answered first");
    // The held message has no room for the answer's four bytes: a server's mistake.
    expect_assist_fault(FaultInfo::SyscallUsage(UsageError::ReplyTooBig));
}

fn client_is_in_reply() {
    let waits = TaskState::Healthy(SchedState::InReply(assist_id()));
    assert!(state(CLIENT0) == waits, "the client waits for the reply");
}

#[test_case]
pub fn task_config_arrives() {
    assert!(userlib::config_u32!("number") == 42, "an integer");
    assert!(userlib::config_u32!("flag") == 1, "a bool");
    assert!(userlib::config_u32!("zero") == 0, "zero is a value");
    assert!(userlib::config_str!("text") == "a linked text", "a string");
    assert!(userlib::config_u32s!("words") == [1, 2, 0xdead_beef], "integers");
    assert!(userlib::own_index!() == SUITE, "own index");
}

#[test_case]
pub fn refresh_gives_the_current_id() {
    let before = assist_id();
    userlib::kipc::reinit_task(assist_index(), true);
    let after = assist_id();
    assert!(before.index() == after.index(), "same task");
    assert!(before.generation().next() == Some(after.generation()), "next life");
}

#[test_case]
pub fn refresh_index_one_too_far_faults() {
    let id = userlib::task_count!();
    assist_misuses(Sysnum::RefreshTaskId, [id, 0, 0, 0, 0, 0, 0], UsageError::TaskOutOfRange);
}

#[test_case]
pub fn refresh_index_far_too_far_faults() {
    let id = 0xff;
    assist_misuses(Sysnum::RefreshTaskId, [id, 0, 0, 0, 0, 0, 0], UsageError::TaskOutOfRange);
}

#[test_case]
pub fn a_message_longer_than_the_registered_buffer_tells_its_length() {
    let long = [0; BUFFER_BYTES + 8];
    let mut reply = [0; 16];
    let sent = sys_send(assist_id(), assist::ENVELOPE, &long, &mut reply, &[]);
    assert!(sent == Ok((0, 16)), "answered");
    assert!(word(&reply, 1) == long.len() as u32, "the length as sent");
}

#[test_case]
pub fn a_reply_that_fits_exactly_passes() {
    for len in [0, 1, 8, BUFFER_BYTES] {
        let mut reply = [0xaa; BUFFER_BYTES + 1];
        let wanted = (len as u32).to_le_bytes();
        let id = assist_id();
        let sent = sys_send(id, assist::REPLY_RECV_BYTES, &wanted, &mut reply[..len], &[]);
        assert!(sent == Ok((0, len)), "all of it");
        assert!(reply[..len].iter().all(|byte| *byte == 7), "every byte");
        assert!(reply[len..].iter().all(|byte| *byte == 0xaa), "and no more");
    }
}
