//! Who may send to whom: only to a more important task, hence never in a circle.

use super::Context;
use crate::error::Defect;
use crate::image::{Region, RegionKind, Slot, Task};
use crate::node::{Node, Value};
use crate::source::At;

use std::collections::{BTreeSet, VecDeque};

/// Checks slots, watches that slots and pools imply, and the helper that makes hardware quiet.
pub fn check(context: &mut Context<'_>, tasks: &[Task], regions: &[Region]) {
    let mut cycles = BTreeSet::new();
    for (index, task) in tasks.iter().enumerate() {
        for slot in &task.slots {
            downhill(context, tasks, index, slot, &mut cycles);
            implied_watch(context, tasks, index, slot.peer);
        }
        quiesce(context, tasks, task);
        watches_holders(context, tasks, index, regions);
    }
    one_helper(context, tasks);
}

/// The supervisor takes the one that it finds first for that of all.
fn one_helper(context: &mut Context<'_>, tasks: &[Task]) {
    let mut helped = tasks.iter().filter_map(|task| Some((task, task.quiesce?)));
    let Some((first, ours)) = helped.next() else { return };
    for (task, theirs) in helped.filter(|(_, theirs)| *theirs != ours) {
        let raw = context.raw.tasks.iter().find(|raw| raw.name.value == task.name);
        let at =
            raw.and_then(|raw| raw.quiesce.as_ref()).map_or(context.raw.name.at, |name| name.at);
        let name = |index: usize| tasks[index].name.clone();
        let (a, b) = (first.name.clone(), task.name.clone());
        context
            .defects
            .add(at, Defect::TwoHelpers { a, ours: name(ours), b, theirs: name(theirs) });
    }
}

/// A slot on a task that is not more important. Each circle of slots has one; it is the slot that is
/// named, and the circle is the remedy's reason. `cycles` are those that were named, by their members.
fn downhill(
    context: &mut Context<'_>,
    tasks: &[Task],
    index: usize,
    slot: &Slot,
    cycles: &mut BTreeSet<BTreeSet<usize>>,
) {
    let (task, peer) = (&tasks[index], &tasks[slot.peer]);
    let raw = &context.raw.tasks[index];
    let known = raw.priority.is_some() && context.raw.tasks[slot.peer].priority.is_some();
    if !known || peer.priority < task.priority {
        return;
    }
    let named = raw.slots.iter().find(|(name, _)| name.value == slot.name);
    let at = named.map_or(raw.name.at, |(name, _)| name.at);
    let Some(cycle) = path(tasks, slot.peer, index) else {
        let defect = Defect::Downhill {
            task: task.name.clone(),
            own: task.priority,
            slot: slot.name.clone(),
            peer: peer.name.clone(),
            theirs: peer.priority,
        };
        return context.defects.add(at, defect);
    };
    if cycles.insert(cycle.iter().copied().collect()) {
        let names: Vec<&str> = cycle.iter().map(|index| tasks[*index].name.as_str()).collect();
        let path = format!("{} -> {}", task.name, names.join(" -> "));
        context.defects.add(at, Defect::Cycle { path });
    }
}

/// A server that posts to its client and dies leaves the client waiting, unless it watches.
fn implied_watch(context: &mut Context<'_>, tasks: &[Task], index: usize, peer_index: usize) {
    let (task, peer) = (&tasks[index], &tasks[peer_index]);
    let posts = peer.posts.iter().any(|post| post.target == index);
    let watches = watches_death(task, peer_index);
    // The supervisor cannot be survived: its fault is a reset.
    if posts && !watches && peer_index != 0 {
        let defect = Defect::MissingWatch { task: task.name.clone(), peer: peer.name.clone() };
        context.defects.add(context.raw.tasks[index].name.at, defect);
    }
}

/// A task whose configuration lists pools keeps account of their buffers: it must hear of the death of
/// whoever can hold one.
fn watches_holders(context: &mut Context<'_>, tasks: &[Task], index: usize, regions: &[Region]) {
    let task = &tasks[index];
    for (key, node) in &context.raw.tasks[index].config {
        for (pool, at) in listed_pools(node, regions) {
            let maps = |other: &Task| other.maps.iter().any(|mapping| mapping.region == pool);
            for (peer, holder) in tasks.iter().enumerate().filter(|(_, other)| maps(other)) {
                if peer == index || watches_death(task, peer) {
                    continue;
                }
                let defect = Defect::UnwatchedHolder {
                    task: task.name.clone(),
                    key: key.value.clone(),
                    pool: regions[pool].name.clone(),
                    holder: holder.name.clone(),
                };
                context.defects.add(at, defect);
            }
        }
    }
}

/// The pools among the items of a list, and where they stand.
fn listed_pools<'a>(
    node: &'a Node,
    regions: &'a [Region],
) -> impl Iterator<Item = (usize, At)> + 'a {
    let items = match &node.value {
        Value::Array(items) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(|item| {
        let Value::Text(name) = &item.value else { return None };
        let is_pool = |region: &Region| region.kind == RegionKind::Frame && region.name == *name;
        Some((regions.iter().position(is_pool)?, item.at))
    })
}

fn watches_death(task: &Task, peer: usize) -> bool {
    let died = sys_abi::Edge::Died.bit();
    task.watches.iter().any(|watch| watch.peer == peer && watch.edges & died != 0)
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

/// The shortest way over slots from one task to another, both included; breadth first.
fn path(tasks: &[Task], from: usize, to: usize) -> Option<Vec<usize>> {
    let mut came_from = vec![None; tasks.len()];
    let mut queue = VecDeque::from([from]);
    while let Some(index) = queue.pop_front() {
        if index == to {
            let mut path = vec![index];
            while let Some(previous) = came_from[path[path.len() - 1]] {
                path.push(previous);
            }
            path.reverse();
            return Some(path);
        }
        for slot in &tasks[index].slots {
            if slot.peer != from && came_from[slot.peer].is_none() {
                came_from[slot.peer] = Some(index);
                queue.push_back(slot.peer);
            }
        }
    }
    None
}
