//! The events of a node: one log for all handles, and how far each handle has read it.
//!
//! # Why
//! Every subscriber gets the same events, so one ring and a position per handle do what a queue
//! per handle would, at a fiftieth of the memory. A handle that reads too slowly loses its oldest
//! events, as with V4L2, and sees it in their numbers. The end of a handle is not an event: it
//! sticks to the handle, so no queue is too full for it.

use idl::types::{Event, QueuedEvent};

/// The latest events; at most `N` wait for one handle.
#[derive(Clone, Debug)]
pub struct EventLog<const N: usize> {
    /// What happened, and when, in microseconds since boot.
    ring: [(Event, u64); N],
    /// Events logged, wrapping; the ring's length divides the range.
    count: u32,
}

/// What a subscribed handle keeps: both count as [`EventLog`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    from: u32,
    next: u32,
}

impl<const N: usize> EventLog<N> {
    /// Nothing has happened.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N.is_power_of_two(), "the count wraps at a multiple of it") };
        Self { ring: [(Event::FrameSync { sequence: 0 }, 0); N], count: 0 }
    }

    /// Adds what happened at this time, in microseconds since boot.
    pub fn push(&mut self, event: Event, timestamp_us: u64) {
        self.ring[self.count as usize % N] = (event, timestamp_us);
        self.count = self.count.wrapping_add(1);
    }

    /// A subscription to what comes from now on.
    #[must_use]
    pub const fn subscribe(&self) -> Subscription {
        Subscription { from: self.count, next: self.count }
    }

    /// Whether an event waits.
    #[must_use]
    pub const fn has(&self, subscription: &Subscription) -> bool {
        subscription.next != self.count
    }

    /// Takes the oldest event that is still there.
    pub fn take(&self, subscription: &mut Subscription) -> Option<QueuedEvent> {
        let behind = self.count.wrapping_sub(subscription.next).min(N as u32);
        if behind == 0 {
            return None;
        }
        let position = self.count.wrapping_sub(behind);
        let (event, timestamp_us) = self.ring[position as usize % N];
        subscription.next = position.wrapping_add(1);
        Some(QueuedEvent {
            event,
            number: position.wrapping_sub(subscription.from),
            pending: (behind - 1).try_into().unwrap_or(u8::MAX),
            timestamp_us,
        })
    }
}

impl<const N: usize> Default for EventLog<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: u32 = 16;

    type Log = EventLog<{ LENGTH as usize }>;

    fn start(log: &mut Log, sequence: u32) {
        log.push(Event::FrameSync { sequence }, u64::from(sequence) * 10);
    }

    fn taken(log: &Log, subscription: &mut Subscription) -> Vec<(u32, u32, u8)> {
        core::iter::from_fn(|| log.take(subscription))
            .map(|QueuedEvent { number, pending, timestamp_us, .. }| {
                ((timestamp_us / 10) as u32, number, pending)
            })
            .collect()
    }

    #[test]
    fn a_subscription_begins_now_and_reads_each_event_once() {
        let mut log = Log::new();
        start(&mut log, 7);
        let mut subscription = log.subscribe();
        assert!(!log.has(&subscription));
        (8..11).for_each(|sequence| start(&mut log, sequence));
        assert!(log.has(&subscription));
        assert_eq!(taken(&log, &mut subscription), [(8, 0, 2), (9, 1, 1), (10, 2, 0)]);
        assert!(!log.has(&subscription));
    }

    #[test]
    fn handles_read_at_their_own_pace() {
        let mut log = Log::new();
        let (mut a, mut b) = (log.subscribe(), log.subscribe());
        start(&mut log, 1);
        assert_eq!(taken(&log, &mut a), [(1, 0, 0)]);
        start(&mut log, 2);
        assert_eq!(taken(&log, &mut a), [(2, 1, 0)]);
        assert_eq!(taken(&log, &mut b), [(1, 0, 1), (2, 1, 0)]);
    }

    #[test]
    fn a_full_queue_loses_the_oldest_and_the_numbers_show_it() {
        let mut log = Log::new();
        let mut subscription = log.subscribe();
        (0..LENGTH + 3).for_each(|sequence| start(&mut log, sequence));
        let first = log.take(&mut subscription).expect("events wait");
        assert_eq!((first.number, first.pending), (3, LENGTH as u8 - 1));
        assert_eq!(first.event, Event::FrameSync { sequence: 3 });
        assert_eq!(taken(&log, &mut subscription).len(), LENGTH as usize - 1);
    }

    #[test]
    fn the_count_wraps_and_nothing_is_lost() {
        let mut log = Log { count: u32::MAX - 1, ..Log::new() };
        let mut subscription = log.subscribe();
        (0..4).for_each(|sequence| start(&mut log, sequence));
        assert_eq!(taken(&log, &mut subscription), [(0, 0, 3), (1, 1, 2), (2, 2, 1), (3, 3, 0)]);
    }
}
