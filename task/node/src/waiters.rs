//! Calls whose reply is deferred, in order of arrival.
//!
//! A task waits in one call at a time, so an older entry of the same task is one of a life that
//! has ended, or of a call that the kernel has already ended; the new entry replaces it.

use idl::types::{Generation, Handle, NodeError, TaskIndex};
use sys_abi::TaskId;

/// Most calls that wait in one node at a time.
pub const WAITERS_MAX: usize = 16;

/// A waiting call; `K` says what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter<K> {
    /// Who gets the reply.
    pub caller: TaskId,
    /// The handle that it called with.
    pub handle: Handle,
    /// What it waits for.
    pub kind: K,
    /// When to give up, in microseconds since boot.
    pub deadline_us: u64,
}

/// At most `N` waiting calls.
#[derive(Clone, Debug)]
pub struct Waiters<K, const N: usize> {
    /// Filled from the front, oldest first.
    entries: [Option<Waiter<K>>; N],
}

impl<K: Copy, const N: usize> Default for Waiters<K, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Copy, const N: usize> Waiters<K, N> {
    /// Nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: [None; N] }
    }

    /// Appends a waiting call.
    ///
    /// # Errors
    /// [`NodeError::TooManyWaiters`] when `N` calls of other tasks wait.
    pub fn add(&mut self, waiter: Waiter<K>) -> Result<(), NodeError> {
        self.take(|old| old.caller.index() == waiter.caller.index());
        let free = self.entries.iter_mut().find(|entry| entry.is_none());
        *free.ok_or(NodeError::TooManyWaiters)? = Some(waiter);
        Ok(())
    }

    /// Takes the oldest call that `which` picks.
    pub fn take(&mut self, which: impl Fn(&Waiter<K>) -> bool) -> Option<Waiter<K>> {
        let position = self.iter().position(which)?;
        let count = self.len();
        self.entries[position..count].rotate_left(1);
        self.entries[count - 1].take()
    }

    /// The calls, oldest first.
    fn iter(&self) -> impl Iterator<Item = &Waiter<K>> {
        self.entries.iter().map_while(Option::as_ref)
    }

    /// Takes the oldest call whose time is over.
    pub fn take_expired(&mut self, now_us: u64) -> Option<Waiter<K>> {
        self.take(|waiter| waiter.deadline_us <= now_us)
    }

    /// Forgets the call of a task that died in `generation`: the kernel has ended it.
    pub fn forget(&mut self, task: TaskIndex, generation: Generation) {
        let dead = |waiter: &Waiter<K>| {
            waiter.caller.index() == task && waiter.caller.generation() <= generation
        };
        while self.take(dead).is_some() {}
    }

    /// Whether a call that `which` picks waits.
    #[must_use]
    pub fn any(&self, which: impl Fn(&Waiter<K>) -> bool) -> bool {
        self.iter().any(which)
    }

    /// When the next call gives up, in microseconds since boot.
    #[must_use]
    pub fn next_deadline_us(&self) -> Option<u64> {
        self.iter().map(|waiter| waiter.deadline_us).min()
    }

    /// Number of waiting calls.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The time of day when a call with this time-out gives up, in microseconds since boot.
#[must_use]
pub fn deadline_us(now_us: u64, timeout_ms: u32) -> u64 {
    now_us.saturating_add(u64::from(timeout_ms) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiter(task: u8, kind: u8, deadline_us: u64) -> Waiter<u8> {
        let caller = TaskId::new(TaskIndex(task), Generation(0));
        Waiter { caller, handle: Handle(0x100), kind, deadline_us }
    }

    #[test]
    fn calls_are_answered_in_the_order_in_which_they_came() {
        let mut waiters = Waiters::<u8, 4>::new();
        for task in [8, 9, 10] {
            waiters.add(waiter(task, 0, 5)).unwrap();
        }
        let order: Vec<_> = core::iter::from_fn(|| waiters.take(|_| true))
            .map(|taken| taken.caller.index().0)
            .collect();
        assert_eq!(order, [8, 9, 10]);
        assert!(waiters.is_empty());
    }

    #[test]
    fn order_survives_a_call_taken_from_the_middle() {
        let mut waiters = Waiters::<u8, 4>::new();
        for (task, kind) in [(8, 0), (9, 1), (10, 0)] {
            waiters.add(waiter(task, kind, 5)).unwrap();
        }
        assert_eq!(waiters.take(|waiter| waiter.kind == 1).unwrap().caller.index().0, 9);
        waiters.add(waiter(11, 0, 5)).unwrap();
        let order: Vec<_> = core::iter::from_fn(|| waiters.take(|_| true))
            .map(|taken| taken.caller.index().0)
            .collect();
        assert_eq!(order, [8, 10, 11]);
    }

    #[test]
    fn a_full_table_says_so() {
        let mut waiters = Waiters::<u8, 2>::new();
        waiters.add(waiter(8, 0, 5)).unwrap();
        waiters.add(waiter(9, 0, 5)).unwrap();
        assert_eq!(waiters.add(waiter(10, 0, 5)), Err(NodeError::TooManyWaiters));
    }

    #[test]
    fn a_task_waits_in_one_call_at_a_time() {
        let mut waiters = Waiters::<u8, 2>::new();
        waiters.add(waiter(8, 0, 5)).unwrap();
        waiters.add(waiter(8, 1, 5)).unwrap();
        assert_eq!(waiters.len(), 1);
        assert_eq!(waiters.take(|_| true).unwrap().kind, 1);
    }

    #[test]
    fn deadlines_expire_in_order_and_not_early() {
        let mut waiters = Waiters::<u8, 4>::new();
        waiters.add(waiter(8, 0, 20)).unwrap();
        waiters.add(waiter(9, 0, 10)).unwrap();
        assert_eq!(waiters.next_deadline_us(), Some(10));
        assert_eq!(waiters.take_expired(9), None);
        assert_eq!(waiters.take_expired(10).unwrap().caller.index().0, 9);
        assert_eq!(waiters.take_expired(10), None);
    }

    #[test]
    fn a_dead_caller_is_forgotten() {
        let mut waiters = Waiters::<u8, 4>::new();
        waiters.add(waiter(8, 0, 20)).unwrap();
        waiters.forget(TaskIndex(8), Generation(0));
        assert!(waiters.is_empty());
    }

    #[test]
    fn a_very_long_time_out_does_not_overflow() {
        assert_eq!(deadline_us(u64::MAX - 1, u32::MAX), u64::MAX);
        assert_eq!(deadline_us(5, 2), 2005);
    }
}
