//! The clock and the timers.

use super::harness::*;
use crate::protocol::assist;
use sys_abi::Sysnum;
use userlib::{
    Received, TimerState, notification, sys_get_timer, sys_recv_notification, sys_recv_open,
    sys_set_timer,
};

pub fn the_clock_advances() {
    let start_us = sys_get_timer().now_us;
    while sys_get_timer().now_us == start_us {}
}

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

pub fn a_deadline_in_the_past_fires_at_once() {
    let timer = notification!("timer");
    for deadline_us in [0, sys_get_timer().now_us] {
        sys_set_timer(Some(deadline_us), timer);
        let received = sys_recv_open(&mut [], timer);
        assert!(received == Received::Notification(timer), "at once");
    }
}

pub fn a_disarmed_timer_does_not_fire() {
    let (timer, free) = (notification!("timer"), notification!("free"));
    sys_set_timer(Some(sys_get_timer().now_us + 1000), free);
    sys_set_timer(None, free);
    sleep_us(3000);
    sys_set_timer(Some(0), timer);
    assert!(sys_recv_notification(timer | free) == timer, "only the other");
}

pub fn a_new_deadline_replaces_the_old_one() {
    let (timer, free) = (notification!("timer"), notification!("free"));
    let start_us = sys_get_timer().now_us;
    sys_set_timer(Some(start_us + 1000), free);
    sys_set_timer(Some(start_us + 4000), timer);
    assert!(sys_recv_notification(timer | free) == timer, "the new one");
    assert!(sys_get_timer().now_us >= start_us + 4000, "at its time");
}

pub fn the_armed_timer_can_be_read() {
    let deadline_us = sys_get_timer().now_us + 0x1_0000_0000;
    sys_set_timer(Some(deadline_us), 0);
    let TimerState { now_us, deadline_us: armed } = sys_get_timer();
    assert!(armed == Some(deadline_us) && now_us < deadline_us, "as set");
    sys_set_timer(None, 0);
    assert!(sys_get_timer().deadline_us.is_none(), "not armed");
}

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
