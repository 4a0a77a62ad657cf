//! Controls: a kernel that breaks a promise, or a state that somebody has spoiled, must be told.

use super::BROKEN;
use super::search::visit_all;
use super::steps::{Step, boot_for_steps, take, take_with};
use super::world::*;
use crate::negative::Promise;
use crate::spec::duel;
use crate::task::State;

/// What the body says when it panics on a thread whose kernel breaks `promise`.
fn complaint(promise: Option<Promise>, body: impl FnOnce() + Send + 'static) -> String {
    let spoiled = std::thread::spawn(move || {
        BROKEN.set(promise);
        body();
    });
    let Err(payload) = spoiled.join() else { return "no complaint".into() };
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref().map(|text: &&str| (*text).into())).unwrap_or_default()
}

#[track_caller]
fn check(complaint: &str, expect: &str) {
    assert!(complaint.contains(expect), "{complaint:?} should be about {expect:?}");
}

/// The search tells what the kernel's own controls break.
fn search_tells(promise: Promise, expect: &str) {
    let told = complaint(Some(promise), || {
        let _seen = visit_all(&[1, 2, 2]);
    });
    check(&told, expect);
}

#[test]
#[cfg_attr(miri, ignore = "many steps")]
fn the_search_tells_a_death_that_does_not_end_the_id() {
    search_tells(Promise::Generations, "a death, and only that, ends the id");
}

#[test]
#[cfg_attr(miri, ignore = "many steps")]
fn the_search_tells_a_death_that_releases_nobody() {
    search_tells(Promise::Releases, "is blocked on a live id");
}

#[test]
#[cfg_attr(miri, ignore = "many steps")]
fn the_search_tells_a_send_list_that_nobody_looks_at() {
    search_tells(Promise::Sends, "sends to whom it may");
}

/// The specification tells all of them.
#[test]
#[cfg_attr(miri, ignore = "many steps")]
fn the_specification_tells_every_broken_promise() {
    const WALKS: u64 = 40;
    let promises = [
        Promise::Generations,
        Promise::Releases,
        Promise::Watches,
        Promise::Deaths,
        Promise::Sends,
    ];
    for promise in promises {
        let told = complaint(Some(promise), move || {
            for seed in 0..WALKS {
                duel::run(&super::duels::bytes_of(seed, 16 * 200))
                    .unwrap_or_else(|difference| panic!("{promise:?}: {difference}"));
            }
        });
        // Or the kernel ends everything when it should not.
        let tells = ["specified is", "crash of kind"].iter().any(|word| told.contains(word));
        assert!(tells, "{promise:?}: {told}");
    }
}

/// Server 1 receives, client 3 sends to it, client 4 queues behind; then `step` is taken, and
/// the state is spoiled before it is checked.
#[track_caller]
fn spoil(step: Step, meddle: fn(&mut HostKernel), expect: &'static str) {
    let told = complaint(None, move || {
        let mut kernel = boot_for_steps();
        let prepare =
            [Step::Receive, Step::Receive, Step::Send(1), Step::ReceiveFrom(2), Step::Send(1)];
        for step in prepare {
            assert!(take(&mut kernel, step), "{step:?} is not possible");
        }
        let _possible = take_with(&mut kernel, step, meddle);
    });
    check(&told, expect);
}

#[test]
fn an_untouched_state_is_no_cause_for_complaint() {
    spoil(Step::Receive, |_| {}, "no complaint");
    spoil(Step::Kill(1), |_| {}, "no complaint");
}

#[test]
fn a_request_that_ends_without_a_reason_is_told() {
    let wake = |kernel: &mut HostKernel| kernel.wake(member(3));
    spoil(Step::Kill(2), wake, "the request of 3 ended without its reason");
}

#[test]
fn a_request_that_is_lost_is_told() {
    let forget = |kernel: &mut HostKernel| kernel.task_mut(member(3)).state = State::InRecv;
    spoil(Step::Kill(2), forget, "the request of 3 is lost");
}

#[test]
fn a_request_that_ends_with_the_wrong_result_is_told() {
    let forge = |kernel: &mut HostKernel| kernel.task_mut(member(3)).saved.r[0] = 0;
    spoil(Step::Kill(1), forge, "and the result says which");
}

#[test]
fn a_request_that_ends_twice_is_told() {
    let told = complaint(None, || {
        let mut kernel = boot_for_steps();
        for step in [Step::Receive, Step::Receive, Step::Send(1), Step::Kill(1)] {
            assert!(take(&mut kernel, step), "{step:?} is not possible");
        }
        // The client has its record; another step gives it another result.
        let again = |kernel: &mut HostKernel| kernel.task_mut(member(3)).saved.r[1] = 7;
        let _possible = take_with(&mut kernel, Step::Kill(4), again);
    });
    check(&told, "what 3 got has ended twice");
}

#[test]
fn a_stale_id_that_delivers_is_told() {
    let told = complaint(None, || {
        let mut kernel = boot_for_steps();
        for step in [Step::Kill(2), Step::Restart(2), Step::Receive, Step::Receive] {
            assert!(take(&mut kernel, step), "{step:?} is not possible");
        }
        let deliver = |kernel: &mut HostKernel| kernel.task_mut(member(2)).notifications = 2;
        let stale = Step::Stale(sys_abi::Sysnum::Send, 2, 1);
        let _possible = take_with(&mut kernel, stale, deliver);
    });
    check(&told, "a stale id delivers: Send of 3 to 2 changes 2");
}

#[test]
fn a_spoiled_schedule_is_told() {
    let lose = |kernel: &mut HostKernel| {
        let rank = kernel.task(member(5)).rank;
        kernel.ready.remove(rank);
    };
    spoil(Step::Kill(2), lose, "ready = runnable, not running");
    let unsend = |kernel: &mut HostKernel| {
        kernel.task_mut(member(1)).senders = crate::ready::RankSet::EMPTY;
    };
    spoil(Step::Kill(2), unsend, "senders of 1: 4");
    let revive = |kernel: &mut HostKernel| {
        kernel.task_mut(member(2)).notifications = 1;
    };
    spoil(Step::Kill(2), revive, "the dead have no notifications");
}
