//! Who runs when.

use super::harness::*;
use crate::protocol::assist;
use sys_abi::{SchedState, TaskState};
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

pub fn the_most_important_sender_is_served_first() {
    let [first, second, third] = clients_queue_up();
    assert!(serve() == first, "priority 3 before 4");
    let others = [serve(), serve()];
    assert!(others == [second, third] || others == [third, second], "then the equals");
}

pub fn equals_take_turns() {
    let [_, second, third] = clients_queue_up();
    kipc::kill_task(CLIENT0, userlib::Cause::Stopped);
    let first = serve();
    // The one that was served asks again at once: the other has its turn first.
    let_others_run();
    let next = serve();
    assert!([first, next] == [second, third] || [first, next] == [third, second], "turns");
}

pub fn a_woken_important_task_runs_at_once() {
    const ASSIST_FREE: u32 = 1 << 1;
    let before = kipc::read_task_stats(assist_index()).entries;
    assert!(userlib::sys_post(assist_id(), ASSIST_FREE) == Ok(()), "posted");
    let after = kipc::read_task_stats(assist_index()).entries;
    assert!(after != before, "it ran before the post returned");
}

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
