//! Notification bits.

use super::harness::*;
use crate::protocol::assist;
use hubris_derive::test_case;
use userlib::{
    Received, TaskId, notification, sys_get_timer, sys_post, sys_recv_closed,
    sys_recv_notification, sys_recv_open, sys_set_timer,
};

/// Position of `free` in assist's notifications.
const ASSIST_FREE: u32 = 1 << 1;

#[test_case]
pub fn posted_bits_arrive_exactly() {
    assert!(ask(assist::NOTES, []).word(0) == 0, "nothing yet");
    assert!(sys_post(assist_id(), ASSIST_FREE) == Ok(()), "posted");
    assert!(ask(assist::NOTES, []).word(0) == ASSIST_FREE, "exactly that bit");
    assert!(ask(assist::NOTES, []).word(0) == 0, "once");
}

/// A deadline in the past posts any bits to oneself at once.
fn post_to_self(bits: u32) {
    sys_set_timer(Some(sys_get_timer().now_us), bits);
}

#[test_case]
pub fn bits_outside_of_the_mask_stay() {
    let (free, more) = (notification!("free"), notification!("more"));
    post_to_self(free | more);
    assert!(sys_recv_notification(more) == more, "only what was asked for");
    assert!(sys_recv_notification(free | more) == free, "the other stayed");
}

#[test_case]
pub fn notifications_beat_messages() {
    // The clients wait to send to us.
    let_others_run();
    let free = notification!("free");
    post_to_self(free);
    assert!(sys_recv_open(&mut [0; 32], free) == Received::Notification(free), "the bit first");
    assert!(matches!(sys_recv_open(&mut [0; 32], free), Received::Message(_)), "then a message");
}

#[test_case]
pub fn a_closed_receive_from_the_kernel_takes_no_message() {
    let_others_run();
    let timer = notification!("timer");
    sys_set_timer(Some(sys_get_timer().now_us + 2000), timer);
    let received = sys_recv_closed(&mut [0; 32], timer, TaskId::KERNEL);
    assert!(received == Ok(Received::Notification(timer)), "no client's message");
}

#[test_case]
pub fn a_closed_receive_from_a_peer_takes_notifications_too() {
    let client = Client::new(CLIENT0);
    let free = notification!("free");
    post_to_self(free);
    // The client waits for our answer and sends nothing.
    let received = sys_recv_closed(&mut [0; 32], free, client.id);
    assert!(received == Ok(Received::Notification(free)), "the bit");
}

#[test_case]
pub fn bits_posted_twice_arrive_once() {
    for _ in 0..3 {
        assert!(sys_post(assist_id(), ASSIST_FREE) == Ok(()), "posted");
    }
    assert!(ask(assist::NOTES, []).word(0) == ASSIST_FREE, "the bit");
    let (free, more) = (notification!("free"), notification!("more"));
    post_to_self(free);
    post_to_self(free | more);
    assert!(sys_recv_notification(free | more) == free | more, "both");
    post_to_self(more);
    assert!(sys_recv_notification(free | more) == more, "and not again");
}
