//! Every state that the actors can reach within a number of steps, breadth first.
//!
//! A state is what decides the future: scheduling states, generations (two deaths per task are
//! enough to tell stale from current), pending notifications, who runs. Each new state is reached
//! again from boot by its shortest path, so nothing of the kernel needs to be cloned.

use super::steps::{Step, boot_for_steps, take};
use super::world::*;
use crate::task::State;
use std::collections::HashSet;
use sys_abi::TaskId;

/// Deepest path: a client is served, another queues, the server dies, comes back, and is called by
/// its old id.
const DEPTH: usize = 5;

/// Lives per task beyond which a path is not followed.
const GENERATIONS: u32 = 3;

type Fingerprint = (u8, Vec<(u8, Option<TaskId>, u32, u32)>);

fn fingerprint(kernel: &HostKernel) -> Fingerprint {
    let tasks = (0..TASKS).map(|index| {
        let task = kernel.task(member(index));
        let kind = match task.state {
            State::Stopped => 0,
            State::Down => 1,
            State::Runnable => 2,
            State::InSend(_) => 3,
            State::InReply(_) => 4,
            State::InRecv => 5,
            State::InRecvFrom(_) => 6,
        };
        (kind, task.state.peer(), task.id.generation().0, task.notifications)
    });
    (kernel.current().0, tasks.collect())
}

fn replay(path: &[Step]) -> HostKernel {
    let mut kernel = boot_for_steps();
    path.iter().for_each(|step| take(&mut kernel, *step));
    kernel
}

#[test]
fn every_reachable_state_keeps_the_invariants() {
    let steps = Step::all();
    let mut seen = HashSet::from([fingerprint(&boot_for_steps())]);
    let mut frontier: Vec<Vec<Step>> = vec![Vec::new()];
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for path in &frontier {
            for step in &steps {
                let mut kernel = replay(path);
                take(&mut kernel, *step);
                let fingerprint = fingerprint(&kernel);
                let young = fingerprint.1.iter().all(|(_, _, life, _)| *life < GENERATIONS);
                if young && seen.insert(fingerprint) {
                    next.push([path.as_slice(), &[*step]].concat());
                }
            }
        }
        frontier = next;
    }
    println!("{} states", seen.len());
    assert!(seen.len() > 1000, "the search has reached {} states only", seen.len());
}
