//! Who runs when.

use super::harness::*;
use crate::protocol::assist;
use hubris_derive::test_case;
use sys_abi::{SchedState, Sysnum, TaskState};
use userlib::{
    Received, TaskId, kipc, sys_get_timer, sys_recv_open, sys_refresh_task_id, sys_reply,
};

/// The next message's sender; it gets an empty answer.
fn serve() -> TaskId {
    match sys_recv_open(&mut [0; 32], 0) {
        Received::Message(message) => {
            sys_reply(message.sender, 0, &[]);
            message.sender
        }
        Received::Notification(_) => panic!("a message"),
    }
}

/// All three clients wait to send to us, the least important one first in time.
fn clients_queue_up() -> [TaskId; 3] {
    let own = sys_refresh_task_id(SUITE);
    for index in [CLIENT2, CLIENT1, CLIENT0] {
        let mut client = Client::new(index);
        client.send(own, 77);
        let_others_run();
        let waits = TaskState::Healthy(SchedState::InSend(own));
        assert!(state(index) == waits, "in the queue");
    }
    [CLIENT0, CLIENT1, CLIENT2].map(sys_refresh_task_id)
}

#[test_case]
pub fn the_most_important_sender_is_served_first() {
    let [first, second, third] = clients_queue_up();
    assert!(serve() == first, "priority 3 before 4");
    let others = [serve(), serve()];
    assert!(others == [second, third] || others == [third, second], "then the equals");
}

#[test_case]
pub fn equals_take_turns() {
    let [_, second, third] = clients_queue_up();
    kipc::kill_task(CLIENT0, userlib::Cause::Stopped);
    let first = serve();
    // The one that was served asks again at once: the other has its turn first.
    let_others_run();
    let next = serve();
    assert!([first, next] == [second, third] || [first, next] == [third, second], "turns");
}

#[test_case]
pub fn a_woken_important_task_runs_at_once() {
    const ASSIST_FREE: u32 = 1 << 1;
    let before = kipc::read_task_stats(assist_index()).entries;
    assert!(userlib::sys_post(assist_id(), ASSIST_FREE) == Ok(()), "posted");
    let after = kipc::read_task_stats(assist_index()).entries;
    assert!(after != before, "it ran before the post returned");
}

#[test_case]
pub fn an_important_timer_preempts_a_spinning_task() {
    // Client 0 spins below us for ever; our timer, and the runner's, come through.
    let start_us = sys_get_timer().now_us;
    let mut client = Client::new(CLIENT0);
    client.spin();
    let_others_run();
    assert!(sys_get_timer().now_us - start_us < 4500, "on time");
    assert!(state(CLIENT0) == TaskState::Healthy(SchedState::Runnable), "it spins");
    let before_us = kipc::read_task_stats(CLIENT0).cpu_us;
    sleep_us(2000);
    let used_us = kipc::read_task_stats(CLIENT0).cpu_us - before_us;
    assert!((1500..=4000).contains(&used_us), "the time that we slept is its own");
}

#[test_case]
pub fn less_important_tasks_wait() {
    let mut client = Client::new(CLIENT0);
    client.send(assist_id(), assist::NEVER_REPLY);
    let before = kipc::read_task_stats(CLIENT0).entries;
    let end_us = sys_get_timer().now_us + 3000;
    while sys_get_timer().now_us < end_us {}
    assert!(kipc::read_task_stats(CLIENT0).entries == before, "not while we run");
    let_others_run();
    assert!(kipc::read_task_stats(CLIENT0).entries != before, "but when we wait");
}

#[test_case]
pub fn equals_alternate_for_many_rounds() {
    let_others_run();
    kipc::kill_task(CLIENT0, userlib::Cause::Stopped);
    let mut last = serve();
    for _ in 0..8 {
        // Both ask again as soon as they are answered.
        let_others_run();
        let next = serve();
        assert!(next != last, "each in its turn");
        last = next;
    }
}

#[test_case]
pub fn a_reply_does_not_reschedule() {
    let mut client = Client::new(CLIENT0);
    let (ours, theirs) = (kipc::read_task_stats(SUITE), kipc::read_task_stats(CLIENT0));
    client.send(assist_id(), assist::JUST_REPLY);
    assert!(kipc::read_task_stats(SUITE).switches == ours.switches, "we go on");
    assert!(kipc::read_task_stats(CLIENT0).switches == theirs.switches, "they wait");
    assert!(state(CLIENT0) == TaskState::Healthy(SchedState::Runnable), "and may run");
}

#[test_case]
pub fn a_message_and_its_answer_are_two_switches() {
    let assist = assist_index();
    // A client that could run must not, in between.
    let mut client = Client::new(CLIENT0);
    client.spin();
    let switches = |task| kipc::read_task_stats(task).switches;
    let before = [switches(assist), switches(SUITE), switches(CLIENT0)];
    for _ in 0..10 {
        ask(assist::JUST_REPLY, [1]);
    }
    let after = [switches(assist), switches(SUITE), switches(CLIENT0)];
    for ((before, after), wanted) in before.into_iter().zip(after).zip([10, 10, 0]) {
        assert!(after.wrapping_sub(before) == wanted, "there and back, nobody else");
    }
}

#[test_case]
pub fn a_post_to_a_less_important_task_does_not_switch() {
    const CLIENT_FREE: u32 = 1 << 1;
    let mut client = Client::new(CLIENT0);
    let closed = sys_abi::RecvMode::Closed as u32;
    client.call(Sysnum::Recv, [0, 0, CLIENT_FREE, closed, TaskId::KERNEL.0, 0, 0]);
    let_others_run();
    let before = kipc::read_task_stats(SUITE).switches;
    assert!(userlib::sys_post(client.id, CLIENT_FREE) == Ok(()), "posted");
    assert!(kipc::read_task_stats(SUITE).switches == before, "we go on");
    assert!(state(CLIENT0) == TaskState::Healthy(SchedState::Runnable), "it is awake");
    let [status, sender, bits, ..] = client.results();
    assert!(status == sys_abi::RecvStatus::Notification as u32, "a notification");
    assert!(sender == CLIENT_FREE || bits == CLIENT_FREE, "with that bit");
}

#[test_case]
pub fn an_interrupt_of_a_more_important_task_runs_it_at_once() {
    const ASSIST_LINE: u32 = 1;
    assist_call_results(Sysnum::IrqControl, [ASSIST_LINE, 1, 0, 0, 0, 0, 0]);
    let before = kipc::read_task_stats(assist_index()).switches;
    kipc::software_irq(assist_index(), ASSIST_LINE);
    let after = kipc::read_task_stats(assist_index()).switches;
    assert!(after.wrapping_sub(before) == 1, "before our next instruction");
}
