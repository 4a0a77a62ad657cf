//! Watches: the suite watches assist and client 0 behind one bit.

use super::harness::*;
use hubris_derive::test_case;
use userlib::{
    Cause, Edge, Generation, TaskIndex, WatchEvent, kipc, notification, sys_recv_notification,
    sys_watch_next,
};

fn generation_of(task: TaskIndex) -> Generation {
    userlib::sys_refresh_task_id(task).generation()
}

/// Takes the bit that the peers' fresh start of this case has left.
fn settle() {
    let edge = notification!("peer_edge");
    userlib::sys_set_timer(Some(0), notification!("timer"));
    sys_recv_notification(edge | notification!("timer"));
    userlib::sys_set_timer(Some(0), notification!("timer"));
    sys_recv_notification(edge | notification!("timer"));
    while sys_watch_next().is_some() {}
}

fn next(peer: TaskIndex, edge: Edge, generation: Generation, cause: Cause) {
    let wanted = WatchEvent { peer, edge, generation, cause };
    assert!(sys_watch_next() == Some(wanted), "this event");
}

#[test_case]
pub fn a_death_is_an_event_with_its_generation() {
    settle();
    let living = generation_of(assist_index());
    kipc::kill_task(assist_index(), Cause::Unplugged);
    let edge = notification!("peer_edge");
    assert!(sys_recv_notification(edge) == edge, "the bit");
    next(assist_index(), Edge::Died, living, Cause::Unplugged);
    assert!(sys_watch_next().is_none(), "once");
}

#[test_case]
pub fn two_deaths_are_two_events() {
    settle();
    let first = generation_of(assist_index());
    kipc::kill_task(assist_index(), Cause::Faulted);
    kipc::reinit_task(assist_index(), true);
    kipc::kill_task(assist_index(), Cause::Stalled);
    kipc::reinit_task(assist_index(), true);
    next(assist_index(), Edge::Died, first, Cause::Faulted);
    next(assist_index(), Edge::Died, Generation(first.0 + 1), Cause::Stalled);
    assert!(sys_watch_next().is_none(), "exactly two");
}

#[test_case]
pub fn published_edges_arrive_in_order() {
    settle();
    let living = generation_of(assist_index());
    kipc::publish_edge(assist_index(), Edge::Removing, living);
    kipc::kill_task(assist_index(), Cause::Stopped);
    kipc::publish_edge(assist_index(), Edge::Quiet, living);
    kipc::reinit_task(assist_index(), true);
    kipc::publish_edge(assist_index(), Edge::Ready, Generation(living.0 + 1));
    for (edge, generation) in [
        (Edge::Removing, living),
        (Edge::Died, living),
        (Edge::Quiet, living),
        (Edge::Ready, Generation(living.0 + 1)),
    ] {
        let event = sys_watch_next();
        let matches = matches!(event, Some(e) if e.edge == edge && e.generation == generation);
        assert!(matches, "edge and generation");
    }
    assert!(sys_watch_next().is_none(), "no more");
}

#[test_case]
pub fn two_peers_behind_one_bit_are_told_apart() {
    settle();
    let (assist, client) = (generation_of(assist_index()), generation_of(CLIENT0));
    kipc::kill_task(CLIENT0, Cause::PowerLost);
    kipc::kill_task(assist_index(), Cause::Unplugged);
    next(assist_index(), Edge::Died, assist, Cause::Unplugged);
    next(CLIENT0, Edge::Died, client, Cause::PowerLost);
    assert!(sys_watch_next().is_none(), "no more");
}

#[test_case]
pub fn a_full_watch_keeps_deaths_and_the_newest() {
    settle();
    let first = generation_of(assist_index());
    for life in 0..2 {
        let generation = Generation(first.0 + life);
        kipc::publish_edge(assist_index(), Edge::Removing, generation);
        kipc::kill_task(assist_index(), Cause::Stopped);
        kipc::publish_edge(assist_index(), Edge::Quiet, generation);
        kipc::reinit_task(assist_index(), true);
    }
    let ready = Generation(first.0 + 2);
    kipc::publish_edge(assist_index(), Edge::Ready, ready);
    next(assist_index(), Edge::Died, first, Cause::Stopped);
    next(assist_index(), Edge::Died, Generation(first.0 + 1), Cause::Stopped);
    next(assist_index(), Edge::Quiet, Generation(first.0 + 1), Cause::Stopped);
    next(assist_index(), Edge::Ready, ready, Cause::Stopped);
    assert!(sys_watch_next().is_none(), "no more");
}

#[test_case]
pub fn nothing_pending_is_none() {
    settle();
    assert!(sys_watch_next().is_none(), "nothing happened");
}

#[test_case]
pub fn edges_of_somebody_not_watched_do_not_arrive() {
    settle();
    kipc::kill_task(CLIENT1, Cause::Unplugged);
    kipc::publish_edge(CLIENT2, Edge::Removing, generation_of(CLIENT2));
    assert!(sys_watch_next().is_none(), "not ours");
}

#[test_case]
pub fn more_deaths_than_a_watch_holds_leave_a_gap_in_the_generations() {
    settle();
    let first = generation_of(assist_index());
    for _ in 0..6 {
        kipc::kill_task(assist_index(), Cause::Stalled);
        kipc::reinit_task(assist_index(), true);
    }
    for life in 2..6 {
        next(assist_index(), Edge::Died, Generation(first.0 + life), Cause::Stalled);
    }
    assert!(sys_watch_next().is_none(), "the two oldest gave way");
}

#[test_case]
pub fn a_full_watch_of_one_peer_keeps_the_events_of_another() {
    settle();
    let quiet_one = generation_of(CLIENT0);
    kipc::kill_task(CLIENT0, Cause::PowerLost);
    for _ in 0..6 {
        kipc::kill_task(assist_index(), Cause::Stalled);
        kipc::reinit_task(assist_index(), true);
    }
    let mut of_client = 0;
    let mut of_assist = 0;
    while let Some(event) = sys_watch_next() {
        if event.peer == CLIENT0 {
            assert!((event.generation, event.cause) == (quiet_one, Cause::PowerLost), "its death");
            of_client += 1;
        } else {
            of_assist += 1;
        }
    }
    assert!((of_client, of_assist) == (1, 4), "each watch has its own bound");
}

#[test_case]
pub fn an_edge_posts_its_bit_once_for_all_that_is_queued() {
    settle();
    let (edge, timer) = (notification!("peer_edge"), notification!("timer"));
    kipc::kill_task(assist_index(), Cause::Stopped);
    kipc::kill_task(CLIENT0, Cause::Stopped);
    assert!(sys_recv_notification(edge) == edge, "the bit");
    userlib::sys_set_timer(Some(0), timer);
    assert!(sys_recv_notification(edge | timer) == timer, "once");
    assert!(sys_watch_next().is_some() && sys_watch_next().is_some(), "for both");
}
