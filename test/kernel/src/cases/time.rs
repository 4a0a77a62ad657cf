//! The clock and the timers.

use super::harness::*;
use crate::protocol::assist;
use hubris_derive::test_case;
use sys_abi::{RecvMode, Sysnum};
use userlib::{
    Cause, Received, TaskId, TaskIndex, TimerState, kipc, notification, sys_get_timer,
    sys_recv_notification, sys_recv_open, sys_set_timer,
};

#[test_case]
pub fn the_clock_advances() {
    let start_us = sys_get_timer().now_us;
    while sys_get_timer().now_us == start_us {}
}

#[test_case]
pub fn the_clock_never_goes_back() {
    let mut last_us = sys_get_timer().now_us;
    let end_us = last_us + 5000;
    while last_us < end_us {
        let now_us = sys_get_timer().now_us;
        assert!(now_us >= last_us, "not back");
        assert!(now_us - last_us < 500, "no jumps");
        last_us = now_us;
    }
}

#[test_case]
pub fn a_timer_fires_not_before_its_deadline() {
    let timer = notification!("timer");
    for delay_us in [1, 999, 1000, 1001, 2500] {
        let deadline_us = sys_get_timer().now_us + delay_us;
        sys_set_timer(Some(deadline_us), timer);
        assert!(sys_recv_notification(timer) == timer, "its bit");
        let now_us = sys_get_timer().now_us;
        assert!(now_us >= deadline_us, "not early");
        assert!(now_us - deadline_us < 1200, "at the next tick");
        assert!(sys_get_timer().deadline_us.is_none(), "disarmed");
    }
}

#[test_case]
pub fn a_deadline_in_the_past_fires_at_once() {
    let timer = notification!("timer");
    for deadline_us in [0, sys_get_timer().now_us] {
        sys_set_timer(Some(deadline_us), timer);
        let received = sys_recv_open(&mut [], timer);
        assert!(received == Received::Notification(timer), "at once");
    }
}

#[test_case]
pub fn a_disarmed_timer_does_not_fire() {
    let (timer, free) = (notification!("timer"), notification!("free"));
    sys_set_timer(Some(sys_get_timer().now_us + 1000), free);
    sys_set_timer(None, free);
    sleep_us(3000);
    sys_set_timer(Some(0), timer);
    assert!(sys_recv_notification(timer | free) == timer, "only the other");
}

#[test_case]
pub fn a_new_deadline_replaces_the_old_one() {
    let (timer, free) = (notification!("timer"), notification!("free"));
    let start_us = sys_get_timer().now_us;
    sys_set_timer(Some(start_us + 1000), free);
    sys_set_timer(Some(start_us + 4000), timer);
    assert!(sys_recv_notification(timer | free) == timer, "the new one");
    assert!(sys_get_timer().now_us >= start_us + 4000, "at its time");
}

#[test_case]
pub fn the_armed_timer_can_be_read() {
    let deadline_us = sys_get_timer().now_us + 0x1_0000_0000;
    sys_set_timer(Some(deadline_us), 0);
    let TimerState { now_us, deadline_us: armed } = sys_get_timer();
    assert!(armed == Some(deadline_us) && now_us < deadline_us, "as set");
    sys_set_timer(None, 0);
    assert!(sys_get_timer().deadline_us.is_none(), "not armed");
}

#[test_case]
pub fn two_tasks_have_two_timers() {
    const ASSIST_FREE: u32 = 1 << 1;
    let start_us = sys_get_timer().now_us;
    let deadline_us = start_us + 2000;
    let (lo, hi) = (deadline_us as u32, (deadline_us >> 32) as u32);
    assist_call_results(Sysnum::SetTimer, [1, lo, hi, ASSIST_FREE, 0, 0, 0]);
    sleep_us(500);
    assert!(ask(assist::NOTES, []).word(0) == 0, "ours first");
    sleep_us(3000);
    assert!(ask(assist::NOTES, []).word(0) == ASSIST_FREE, "then theirs");
}

/// Lets a client wait for its own timer.
fn sleeps_until(client: &mut Client, deadline_us: u64) {
    const CLIENT_TIMER: u32 = 1;
    let (lo, hi) = (deadline_us as u32, (deadline_us >> 32) as u32);
    client.call(Sysnum::SetTimer, [1, lo, hi, CLIENT_TIMER, 0, 0, 0]);
    client.results();
    let closed = RecvMode::Closed as u32;
    client.call(Sysnum::Recv, [0, 0, CLIENT_TIMER, closed, TaskId::KERNEL.0, 0, 0]);
}

/// Who asks us first, when several clients wake up.
fn awake_in_order() -> [TaskIndex; 3] {
    core::array::from_fn(|_| match sys_recv_open(&mut [0; 32], 0) {
        Received::Message(message) => message.sender.index(),
        Received::Notification(_) => panic!("a message"),
    })
}

#[test_case]
pub fn timers_of_several_tasks_fire_in_the_order_of_their_deadlines() {
    let start_us = sys_get_timer().now_us;
    for (index, delay_us) in [(CLIENT0, 16_000), (CLIENT1, 12_000), (CLIENT2, 8_000)] {
        sleeps_until(&mut Client::new(index), start_us + delay_us);
    }
    assert!(awake_in_order() == [CLIENT2, CLIENT1, CLIENT0], "the nearest first");
    assert!(sys_get_timer().now_us >= start_us + 16_000, "and none too early");
}

#[test_case]
pub fn timers_with_one_deadline_wake_the_most_important_first() {
    let deadline_us = sys_get_timer().now_us + 12_000;
    for index in [CLIENT2, CLIENT1, CLIENT0] {
        sleeps_until(&mut Client::new(index), deadline_us);
    }
    let order = awake_in_order();
    assert!(order[0] == CLIENT0, "priority 3 before 4");
    assert!(
        order[1..] == [CLIENT1, CLIENT2] || order[1..] == [CLIENT2, CLIENT1],
        "then the others"
    );
}

#[test_case]
pub fn a_timer_of_a_dead_task_fires_for_nobody() {
    let deadline_us = sys_get_timer().now_us + 3000;
    sleeps_until(&mut Client::new(CLIENT1), deadline_us);
    let_others_run();
    kipc::kill_task(CLIENT1, Cause::Stopped);
    kipc::reinit_task(CLIENT1, true);
    let mut next = Client::new(CLIENT1);
    next.call(Sysnum::GetTimer, [0; 7]);
    sleep_us(4000);
    let [_, _, armed, ..] = next.results();
    assert!(armed == 0, "the next life has none");
}

#[test_case]
pub fn a_timer_without_bits_wakes_nobody() {
    sys_set_timer(Some(sys_get_timer().now_us + 1000), 0);
    let end_us = sys_get_timer().now_us + 3000;
    while sys_get_timer().now_us < end_us {}
    assert!(sys_get_timer().deadline_us.is_none(), "it has fired");
    let (timer, free) = (notification!("timer"), notification!("free"));
    sys_set_timer(Some(0), timer);
    assert!(sys_recv_notification(timer | free) == timer, "and posted nothing");
}
