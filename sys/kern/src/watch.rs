//! Watches: which edges of its peers a watcher still has to learn, and WATCH_NEXT.
//!
//! Each watch keeps a short queue, so that two deaths never merge into one and an old edge is told
//! from a new one. When it is full, the oldest edge that is not a death gives way, then the oldest
//! death. So the newest edge is always there, and nothing is lost for good: `ready(g)` comes after
//! `quiet` of all lives before `g`, and a gap in the generations of `died` is the number of lives
//! that ended unseen.

use crate::arch::Arch;
use crate::kernel::{Kernel, Outcome};
use crate::negative::watches;
use crate::task::Member;
use sys_abi::{Cause, Edge, Generation, TaskIndex, WatchDesc};

/// Events that a watch keeps.
pub const EVENTS_PER_WATCH: usize = 4;

const CAUSE_SHIFT: u32 = 24;
const EDGE_SHIFT: u32 = 28;
const GENERATION_MASK: u32 = 0x00ff_ffff;

/// One event in a word: generation in bits 23..0, cause in 26..24, edge in 29..28.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed(u32);

impl Packed {
    const fn new(edge: Edge, generation: Generation, cause: Cause) -> Self {
        let (edge, cause) = (edge as u32, cause as u32);
        Self(generation.0 & GENERATION_MASK | cause << CAUSE_SHIFT | edge << EDGE_SHIFT)
    }

    const fn edge(self) -> u32 {
        self.0 >> EDGE_SHIFT
    }

    const fn cause(self) -> u32 {
        self.0 >> CAUSE_SHIFT & 7
    }

    const fn generation(self) -> u32 {
        self.0 & GENERATION_MASK
    }
}

/// What one watcher still has to learn about one peer, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct WatchQueue {
    events: [Packed; EVENTS_PER_WATCH],
    len: u32,
}

impl WatchQueue {
    /// Nothing to learn.
    pub const EMPTY: Self = Self { events: [Packed(0); EVENTS_PER_WATCH], len: 0 };

    fn push(&mut self, event: Packed) {
        if self.len as usize == EVENTS_PER_WATCH {
            let died = Edge::Died as u32;
            let victim = self.events.iter().position(|old| old.edge() != died).unwrap_or(0);
            self.remove(victim);
        }
        if let Some(free) = self.events.get_mut(self.len as usize) {
            *free = event;
            self.len = self.len.wrapping_add(1);
        }
    }

    fn pop(&mut self) -> Option<Packed> {
        if self.len == 0 {
            return None;
        }
        let [first, ..] = self.events;
        self.remove(0);
        Some(first)
    }

    #[inline(never)]
    fn remove(&mut self, place: usize) {
        let mut next = place;
        while let (Some(moved), Some(gap)) =
            (self.events.get(next.wrapping_add(1)).copied(), self.events.get_mut(next))
        {
            *gap = moved;
            next = next.wrapping_add(1);
        }
        self.len = self.len.saturating_sub(1);
    }
}

impl<A: Arch> Kernel<'_, A> {
    /// Lets the watchers of `peer` know.
    pub(crate) fn publish(&mut self, peer: Member, edge: Edge, generation: Generation) {
        if !watches() || self.tables.watches.is_empty() {
            return;
        }
        let event = Packed::new(edge, generation, self.task(peer).cause);
        for place in 0..self.tables.watches.len() {
            let Some(desc) = self.tables.watches.get(place) else { return };
            if desc.peer == peer.index().0 && desc.edges & edge.bit() != 0 {
                self.publish_to(desc, place, event);
            }
        }
    }

    fn publish_to(&mut self, desc: &WatchDesc, place: usize, event: Packed) {
        let Some(watcher) = self.tables.member(TaskIndex(desc.watcher)) else { return };
        // A watcher that is down learns nothing: its next life looks for itself.
        if !self.task(watcher).is_live() {
            return;
        }
        if let Some(queue) = self.watches.get_mut(place) {
            queue.push(event);
            self.task_mut(watcher).watch_pending = true;
            self.notify(watcher, desc.mask);
        }
    }

    /// Forgets what a life that ended had still to learn.
    pub(crate) fn forget_watches(&mut self, watcher: Member) {
        self.task_mut(watcher).watch_pending = false;
        for (desc, queue) in self.tables.watches.iter().zip(self.watches.iter_mut()) {
            if desc.watcher == watcher.index().0 {
                *queue = WatchQueue::EMPTY;
            }
        }
    }

    pub(crate) fn watch_next(&mut self, me: Member) -> Outcome {
        let next = if self.task(me).watch_pending { self.next_event(me) } else { None };
        let Some((peer, event)) = next else {
            let task = self.task_mut(me);
            task.watch_pending = false;
            task.saved.r[0] = 0;
            return Ok(());
        };
        let r = &mut self.task_mut(me).saved.r;
        r[0] = 1;
        r[1] = u32::from(peer);
        r[2] = event.edge();
        r[3] = event.generation();
        r[4] = event.cause();
        Ok(())
    }

    fn next_event(&mut self, me: Member) -> Option<(u8, Packed)> {
        let mine = me.index().0;
        let pairs = self.tables.watches.iter().zip(self.watches.iter_mut());
        let mut pairs = pairs.filter(|(desc, _)| desc.watcher == mine);
        pairs.find_map(|(desc, queue)| queue.pop().map(|event| (desc.peer, event)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(pushed: &[(Edge, u32)]) -> Vec<(u32, u32)> {
        let mut queue = WatchQueue::EMPTY;
        for (edge, generation) in pushed {
            queue.push(Packed::new(*edge, Generation(*generation), Cause::Faulted));
        }
        core::iter::from_fn(|| queue.pop())
            .map(|event| (event.edge(), event.generation()))
            .collect()
    }

    const REMOVING: u32 = Edge::Removing as u32;
    const DIED: u32 = Edge::Died as u32;
    const QUIET: u32 = Edge::Quiet as u32;
    const READY: u32 = Edge::Ready as u32;

    #[test]
    fn events_come_out_as_they_went_in() {
        let life = [(Edge::Removing, 3), (Edge::Died, 3), (Edge::Quiet, 3), (Edge::Ready, 4)];
        assert_eq!(drain(&life), [(REMOVING, 3), (DIED, 3), (QUIET, 3), (READY, 4)]);
    }

    #[test]
    fn two_lives_that_end_unseen_are_two_deaths() {
        let pushed = [
            (Edge::Removing, 3),
            (Edge::Died, 3),
            (Edge::Quiet, 3),
            (Edge::Ready, 4),
            (Edge::Died, 4),
            (Edge::Quiet, 4),
            (Edge::Ready, 5),
        ];
        assert_eq!(drain(&pushed), [(DIED, 3), (DIED, 4), (QUIET, 4), (READY, 5)]);
    }

    #[test]
    fn the_newest_event_is_always_there() {
        let deaths: Vec<_> = (0..9).map(|generation| (Edge::Died, generation)).collect();
        assert_eq!(drain(&deaths), [(DIED, 5), (DIED, 6), (DIED, 7), (DIED, 8)]);
    }

    #[test]
    fn an_event_survives_packing() {
        for edge in Edge::ALL {
            for cause in Cause::ALL {
                let event = Packed::new(edge, Generation::LAST, cause);
                assert_eq!(Edge::from_code(event.edge()), Some(edge));
                assert_eq!(Cause::from_code(event.cause()), Some(cause));
                assert_eq!(event.generation(), Generation::LAST.0);
            }
        }
    }
}
