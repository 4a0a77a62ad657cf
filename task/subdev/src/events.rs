//! Frame starts as events: one log for all handles, and how far each handle has read it.
//!
//! # Why
//! Every subscriber gets the same events, so one ring and a position per handle do what a queue
//! per handle would, at a fiftieth of the memory. A handle that reads too slowly loses its oldest
//! events, as with V4L2, and sees it in their numbers. The end of a handle is not an event: it
//! sticks to the handle, so no queue is too full for it.

use idl::types::{Event, FrameStart, QueuedEvent};

/// Most events that wait for one handle (omap3isp: `OMAP3ISP_CCDC_NEVENTS`).
pub const EVENTS_MAX: u32 = 16;

/// The latest frame starts.
#[derive(Clone, Debug)]
pub struct EventLog {
    ring: [FrameStart; EVENTS_MAX as usize],
    /// Frame starts logged, wrapping; the ring's length divides the range.
    count: u32,
}

/// What a subscribed handle keeps: both count as [`EventLog`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    from: u32,
    next: u32,
}

impl EventLog {
    /// Nothing has happened.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(EVENTS_MAX.is_power_of_two(), "the count wraps at a multiple of it") };
        Self { ring: [FrameStart { sequence: 0, timestamp_us: 0 }; EVENTS_MAX as usize], count: 0 }
    }

    /// Adds a frame start.
    pub fn push(&mut self, start: FrameStart) {
        self.ring[(self.count % EVENTS_MAX) as usize] = start;
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
        let behind = self.count.wrapping_sub(subscription.next).min(EVENTS_MAX);
        if behind == 0 {
            return None;
        }
        let position = self.count.wrapping_sub(behind);
        let FrameStart { sequence, timestamp_us } = self.ring[(position % EVENTS_MAX) as usize];
        subscription.next = position.wrapping_add(1);
        Some(QueuedEvent {
            event: Event::FrameSync { sequence },
            number: position.wrapping_sub(subscription.from),
            // At most EVENTS_MAX.
            pending: (behind - 1) as u8,
            timestamp_us,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(sequence: u32) -> FrameStart {
        FrameStart { sequence, timestamp_us: u64::from(sequence) * 10 }
    }

    fn taken(log: &EventLog, subscription: &mut Subscription) -> Vec<(u32, u32, u8)> {
        core::iter::from_fn(|| log.take(subscription))
            .map(|QueuedEvent { event: Event::FrameSync { sequence }, number, pending, .. }| {
                (sequence, number, pending)
            })
            .collect()
    }

    #[test]
    fn a_subscription_begins_now_and_reads_each_event_once() {
        let mut log = EventLog::new();
        log.push(start(7));
        let mut subscription = log.subscribe();
        assert!(!log.has(&subscription));
        (8..11).for_each(|sequence| log.push(start(sequence)));
        assert!(log.has(&subscription));
        assert_eq!(taken(&log, &mut subscription), [(8, 0, 2), (9, 1, 1), (10, 2, 0)]);
        assert!(!log.has(&subscription));
    }

    #[test]
    fn handles_read_at_their_own_pace() {
        let mut log = EventLog::new();
        let (mut a, mut b) = (log.subscribe(), log.subscribe());
        log.push(start(1));
        assert_eq!(taken(&log, &mut a), [(1, 0, 0)]);
        log.push(start(2));
        assert_eq!(taken(&log, &mut a), [(2, 1, 0)]);
        assert_eq!(taken(&log, &mut b), [(1, 0, 1), (2, 1, 0)]);
    }

    #[test]
    fn a_full_queue_loses_the_oldest_and_the_numbers_show_it() {
        let mut log = EventLog::new();
        let mut subscription = log.subscribe();
        (0..EVENTS_MAX + 3).for_each(|sequence| log.push(start(sequence)));
        let first = log.take(&mut subscription).expect("events wait");
        assert_eq!((first.number, first.pending), (3, EVENTS_MAX as u8 - 1));
        assert_eq!(first.event, Event::FrameSync { sequence: 3 });
        assert_eq!(taken(&log, &mut subscription).len(), EVENTS_MAX as usize - 1);
    }

    #[test]
    fn the_count_wraps_and_nothing_is_lost() {
        let mut log = EventLog { count: u32::MAX - 1, ..EventLog::new() };
        let mut subscription = log.subscribe();
        (0..4).for_each(|sequence| log.push(start(sequence)));
        assert_eq!(taken(&log, &mut subscription), [(0, 0, 3), (1, 1, 2), (2, 2, 1), (3, 3, 0)]);
    }
}
