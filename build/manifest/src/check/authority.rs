//! Who may send to whom: only to a more important task, hence never in a circle.

use super::Context;
use crate::error::Defect;
use crate::image::Task;

/// Checks slots, watches that slots imply, and the helper that makes hardware quiet.
pub fn check(context: &mut Context<'_>, tasks: &[Task]) {
    let mut on_a_cycle = vec![false; tasks.len()];
    for cycle in cycles(tasks) {
        let names: Vec<&str> = cycle.iter().map(|index| tasks[*index].name.as_str()).collect();
        let path = format!("{} -> {}", names.join(" -> "), names[0]);
        let at = context.raw.tasks[cycle[0]].name.at;
        context.defects.add(at, Defect::Cycle { path });
        cycle.into_iter().for_each(|index| on_a_cycle[index] = true);
    }
    for (index, task) in tasks.iter().enumerate() {
        for slot in &task.slots {
            if !(on_a_cycle[index] && on_a_cycle[slot.peer]) {
                downhill(context, tasks, index, slot.peer, &slot.name);
            }
            implied_watch(context, tasks, index, slot.peer);
        }
        quiesce(context, tasks, task);
    }
}

fn downhill(
    context: &mut Context<'_>,
    tasks: &[Task],
    index: usize,
    peer_index: usize,
    slot_name: &str,
) {
    let (task, peer) = (&tasks[index], &tasks[peer_index]);
    let raw = &context.raw.tasks[index];
    let known = raw.priority.is_some() && context.raw.tasks[peer_index].priority.is_some();
    if !known || peer.priority < task.priority {
        return;
    }
    let at = raw
        .slots
        .iter()
        .find(|(name, _)| name.value == slot_name)
        .map_or(raw.name.at, |(name, _)| name.at);
    let defect = Defect::Downhill {
        task: task.name.clone(),
        own: task.priority,
        slot: slot_name.into(),
        peer: peer.name.clone(),
        theirs: peer.priority,
    };
    context.defects.add(at, defect);
}

/// A server that posts to its client and dies leaves the client waiting, unless it watches.
fn implied_watch(context: &mut Context<'_>, tasks: &[Task], index: usize, peer_index: usize) {
    let (task, peer) = (&tasks[index], &tasks[peer_index]);
    let posts = peer.posts.iter().any(|post| post.target == index);
    let died = sys_abi::Edge::Died.bit();
    let watches =
        task.watches.iter().any(|watch| watch.peer == peer_index && watch.edges & died != 0);
    // The supervisor cannot be survived: its fault is a reset.
    if posts && !watches && peer_index != 0 {
        let defect = Defect::MissingWatch { task: task.name.clone(), peer: peer.name.clone() };
        context.defects.add(context.raw.tasks[index].name.at, defect);
    }
}

fn quiesce(context: &mut Context<'_>, tasks: &[Task], task: &Task) {
    let Some(helper) = task.quiesce else { return };
    let reachable = helper == 0 || tasks[0].posts.iter().any(|post| post.target == helper);
    if !reachable {
        let at = context.raw.tasks.iter().find(|raw| raw.name.value == task.name);
        let at = at.map_or(context.raw.name.at, |raw| raw.name.at);
        let defect = Defect::QuiesceWithoutPost {
            task: task.name.clone(),
            helper: tasks[helper].name.clone(),
            supervisor: tasks[0].name.clone(),
        };
        context.defects.add(at, defect);
    }
}

/// Each circle of slots once, beginning with its first task.
fn cycles(tasks: &[Task]) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = Vec::new();
    for start in 0..tasks.len() {
        if found.iter().any(|cycle| cycle.contains(&start)) {
            continue;
        }
        if let Some(cycle) = shortest_cycle(tasks, start) {
            found.push(cycle);
        }
    }
    found
}

/// Breadth first from `start` back to `start`.
fn shortest_cycle(tasks: &[Task], start: usize) -> Option<Vec<usize>> {
    let mut came_from = vec![None; tasks.len()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(index) = queue.pop_front() {
        for slot in &tasks[index].slots {
            if slot.peer == start {
                let mut path = vec![index];
                while let Some(previous) = came_from[path[path.len() - 1]] {
                    path.push(previous);
                }
                path.reverse();
                return Some(path);
            }
            if came_from[slot.peer].is_none() {
                came_from[slot.peer] = Some(index);
                queue.push_back(slot.peer);
            }
        }
    }
    None
}
