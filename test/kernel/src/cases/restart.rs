//! Lives: restart, generations, stale ids.

use super::harness::*;
use crate::misbehave::Kind;
use crate::protocol::{assist, runner};
use hubris_derive::test_case;
use sys_abi::{SchedState, Sysnum, TaskState, UsageError};
use userlib::{
    Cause, DeathRecord, Generation, TaskId, kipc, sys_post, sys_refresh_task_id, sys_send,
};

#[test_case]
pub fn restart_returns_the_task_to_its_start() {
    assert!(ask(assist::STORE, [0xdead_f00d]).word(0) == 0, "as at boot");
    assert!(ask(assist::STORE, [1]).word(0) == 0xdead_f00d, "remembered");
    kipc::reinit_task(assist_index(), true);
    assert!(ask(assist::STORE, [2]).word(0) == 0, "as at boot again");
}

#[test_case]
pub fn restart_keeps_the_generation_of_the_death() {
    let living = assist_id();
    misbehave(Kind::Undefined, 0);
    let dead = assist_id();
    assert!(living.generation().next() == Some(dead.generation()), "plus one at death");
    kipc::reinit_task(assist_index(), true);
    assert!(assist_id() == dead, "and not at restart");
}

#[test_case]
pub fn killing_twice_ends_one_life() {
    let before = assist_id().generation();
    kipc::kill_task(assist_index(), Cause::Unplugged);
    kipc::kill_task(assist_index(), Cause::Stopped);
    kipc::fault_task(assist_index());
    assert!(before.next() == Some(assist_id().generation()), "one life");
    let record = sys_send(assist_id(), assist::JUST_REPLY, &[], &mut [], &[]);
    assert!(matches!(record, Err(DeathRecord { cause: Cause::Unplugged, .. })), "first cause");
}

#[test_case]
pub fn reinit_without_start_stays_stopped() {
    kipc::reinit_task(assist_index(), false);
    assert!(state(assist_index()) == TaskState::Healthy(SchedState::Stopped), "stopped");
    let record = sys_send(assist_id(), assist::JUST_REPLY, &[], &mut [], &[]);
    assert!(matches!(record, Err(DeathRecord { cause: Cause::Stopped, .. })), "down");
    let id = assist_id();
    kipc::reinit_task(assist_index(), true);
    assert!(assist_id() == id, "a life that never ran did not end");
    assert!(ask(assist::JUST_REPLY, [1]).word(0) == !1, "started");
}

#[test_case]
pub fn a_stale_id_gets_the_record_of_the_latest_death() {
    let old = assist_id();
    kipc::kill_task(assist_index(), Cause::PowerLost);
    kipc::reinit_task(assist_index(), true);
    let record =
        DeathRecord { peer: assist_index(), generation: old.generation(), cause: Cause::PowerLost };
    assert!(sys_send(old, assist::JUST_REPLY, &[], &mut [0; 4], &[]) == Err(record), "stale");
    assert!(ask(assist::JUST_REPLY, [1]).word(0) == !1, "the new life does not know");
}

#[test_case]
pub fn auto_restart_tells_the_blocked_sender() {
    ask_runner(runner::AUTO_RESTART, [1]);
    let living = assist_id();
    let mut client = Client::new(CLIENT0);
    client.send(living, assist::NEVER_REPLY);
    let_others_run();
    misbehave(Kind::Undefined, 0);
    ask_runner(runner::AUTO_RESTART, [0]);
    let [status, peer, generation, cause, ..] = client.results();
    assert!(status == 1 && peer == u32::from(assist_index().0), "dead, assist");
    assert!(generation == living.generation().0 && cause == Cause::Faulted as u32, "which, why");
    assert!(ask(assist::JUST_REPLY, [1]).word(0) == !1, "restarted meanwhile");
}

#[test_case]
pub fn a_task_that_was_never_started_is_down() {
    assert!(state(ABSENT) == TaskState::Healthy(SchedState::Stopped), "stopped");
    let stats = kipc::read_task_stats(ABSENT);
    assert!(stats.switches == 0 && stats.entries == 0, "never ran");
}

#[test_case]
pub fn an_id_from_the_future_is_illegal() {
    let own = sys_refresh_task_id(SUITE);
    let future = TaskId::new(own.index(), Generation(own.generation().0 + 1));
    let args = [future.0, 0, 0, 0, 0, 0, 0];
    let mut client = Client::new(CLIENT0);
    client.call(Sysnum::Send, args);
    let_others_run();
    expect_fault(CLIENT0, UsageError::IllegalTask);
}

fn expect_fault(task: userlib::TaskIndex, error: UsageError) {
    let wanted = sys_abi::FaultInfo::SyscallUsage(error);
    let fault = matches!(state(task), TaskState::Faulted { fault, .. } if fault == wanted);
    assert!(fault, "the caller faulted");
}

#[test_case]
pub fn notifications_and_timers_of_an_old_life_are_gone() {
    let free = ASSIST_FREE;
    assert!(sys_post(assist_id(), free) == Ok(()), "posted");
    let deadline_us = userlib::sys_get_timer().now_us as u32 + 3000;
    assist_call_results(Sysnum::SetTimer, [1, deadline_us, 0, free, 0, 0, 0]);
    kipc::reinit_task(assist_index(), true);
    sleep_us(5000);
    assert!(ask(assist::NOTES, []).word(0) == 0, "nothing came");
}

/// Position of `free` in assist's notifications.
const ASSIST_FREE: u32 = 1 << 1;

#[test_case]
pub fn memory_of_a_new_life_is_initialised() {
    // The receive descriptor's owner lives in .bss; a stale one would break reply-and-receive.
    assert!(ask(assist::JUST_REPLY, [1]).word(0) == !1, "first life");
    kipc::reinit_task(assist_index(), true);
    assert!(ask(assist::REPLY_RECEIVES, []).word(0) == 0, "counters start at zero");
    assert!(ask(assist::JUST_REPLY, [2]).word(0) == !2, "next life");
}

#[test_case]
pub fn restart_ends_a_life_tells_its_peers_and_begins_the_next_in_one_call() {
    let living = assist_id();
    let mut client = Client::new(CLIENT0);
    client.send(living, assist::NEVER_REPLY);
    let_others_run();
    let before = kipc::read_task_stats(SUITE).entries;
    kipc::reinit_task(assist_index(), true);
    let after = kipc::read_task_stats(SUITE).entries;
    // One for the restart, one for the question.
    assert!(after.wrapping_sub(before) == 2, "one kernel entry");
    assert!(state(CLIENT0) == TaskState::Healthy(SchedState::Runnable), "released");
    assert!(state(assist_index()) == TaskState::Healthy(SchedState::InRecv(None)), "serving");
    assert!(living.generation().next() == Some(assist_id().generation()), "the next life");
    let [status, peer, generation, cause, ..] = client.results();
    let record = [u32::from(assist_index().0), living.generation().0, Cause::Stopped as u32];
    assert!(status == 1 && [peer, generation, cause] == record, "with the record");
}

#[test_case]
pub fn a_stopped_task_is_started_by_a_second_restart() {
    kipc::reinit_task(assist_index(), false);
    let stopped = assist_id();
    kipc::reinit_task(assist_index(), false);
    assert!(assist_id() == stopped, "nothing ends that never ran");
    kipc::reinit_task(assist_index(), true);
    assert!(ask(assist::JUST_REPLY, [1]).word(0) == !1, "it serves");
}

#[test_case]
pub fn a_restart_leaves_the_lives_of_others_alone() {
    let others = [SUITE, CLIENT0, CLIENT1, CLIENT2, runner_index()];
    let before = others.map(sys_refresh_task_id);
    for _ in 0..3 {
        kipc::reinit_task(assist_index(), true);
    }
    assert!(others.map(sys_refresh_task_id) == before, "their ids are the same");
}
