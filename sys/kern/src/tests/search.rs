//! Every state that a few tasks can reach in all their lives, breadth first, to the end.
//!
//! Each actor begins with three lives left before its ids are exhausted, so the space is finite and
//! nothing is cut off: the search ends when no step of any state leads to a new one. A state is
//! everything that decides the future (scheduling states and their peers, ids, notifications, who
//! sends, who was served, what the blocked ask, who runs); time stands still, and contents of
//! messages decide nothing.

use super::steps::{Step, take};
use super::world::*;
use crate::ready::RankSet;
use crate::task::{Member, State, Task};
use std::collections::{HashSet, VecDeque};
use sys_abi::Generation;

/// Lives that each actor has.
const LIVES: u32 = 3;

/// What is needed to go on from a state.
struct Snapshot {
    tasks: Vec<Task>,
    ready: RankSet,
    current: Member,
}

impl Snapshot {
    fn of(kernel: &HostKernel) -> Self {
        Self { tasks: kernel.tasks.to_vec(), ready: kernel.ready, current: kernel.current }
    }

    fn restore(&self, kernel: &mut HostKernel) {
        kernel.tasks.copy_from_slice(&self.tasks);
        (kernel.ready, kernel.current) = (self.ready, self.current);
    }
}

/// Everything that decides the future, in words.
fn key(kernel: &HostKernel) -> Box<[u32]> {
    let mut key = vec![u32::from(kernel.current().index().0)];
    for task in kernel.tasks.iter() {
        let (kind, peer) = match task.state {
            State::Stopped => (0, 0),
            State::Down => (1, 0),
            State::Runnable => (2, 0),
            State::InSend(peer) => (3, peer.0),
            State::InReply(peer) => (4, peer.0),
            State::InRecv => (5, 0),
            State::InRecvFrom(peer) => (6, peer.0),
        };
        // The next life of a task that is down begins without either.
        let receives = task.is_live() && task.receives;
        let served = if task.is_live() { u32::from(task.served) } else { 0 };
        let served = served << 8 | u32::from(receives) << 16;
        key.extend([kind | served, peer, task.id.0, task.notifications]);
        if kind > 2 {
            key.extend(task.saved.r);
        }
    }
    key.into()
}

/// What a search has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// States.
    pub states: usize,
    /// Steps between them, those that lead back included.
    pub steps: usize,
}

/// Visits every state of an image with actors of these priorities; every step is checked.
pub fn visit_all(priorities: &'static [u8]) -> Seen {
    let mut kernel = boot_actors(priorities);
    let first_life = Generation(Generation::LAST.0 + 1 - LIVES);
    for task in kernel.tasks.iter_mut().filter(|task| task.id.index().0 != 0) {
        task.id = sys_abi::TaskId::new(task.id.index(), first_life);
        task.live = task.id;
    }
    receive(&mut kernel, 0);
    let steps = Step::all(&kernel);
    let mut keys = HashSet::from([key(&kernel)]);
    let mut frontier = VecDeque::from([Snapshot::of(&kernel)]);
    let mut taken = 0;
    while let Some(state) = frontier.pop_front() {
        for step in &steps {
            state.restore(&mut kernel);
            if take(&mut kernel, *step) {
                taken += 1;
                if keys.insert(key(&kernel)) {
                    frontier.push_back(Snapshot::of(&kernel));
                }
            }
        }
    }
    Seen { states: keys.len(), steps: taken }
}

#[track_caller]
fn check(priorities: &'static [u8], states: usize, steps: usize) {
    let seen = visit_all(priorities);
    println!("actors of priorities {priorities:?}, {LIVES} lives each: {seen:?}");
    assert_eq!(seen, Seen { states, steps });
}

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn every_state_of_a_server_and_two_equal_clients() {
    check(&[1, 2, 2], 183_770, 4_606_883);
}

#[test]
#[cfg_attr(miri, ignore = "millions of steps")]
fn every_state_of_a_chain_of_three() {
    check(&[1, 2, 3], 689_168, 16_434_818);
}
