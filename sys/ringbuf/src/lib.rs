//! Ring buffers of typed entries that a debugger reads by name and type.
//!
//! `ringbuf!(TRACE, Event, 16, Event::None)` makes a static; `ringbuf_entry!(TRACE, event)` records
//! an event with the line of the call. The debugger finds the static by its type
//! ([`Ringbuf`]), decodes the payload by its DWARF type, and sorts by `last` and `generation`;
//! nothing is formatted on the target.
//!
//! # Why
//! * An entry equal to the latest one (same line, same payload) only counts up, so a loop that
//!   repeats itself does not push out the history.
//! * Safe without `unsafe` in users: a task has one thread and no interrupt handlers, so the
//!   [`TaskCell`] around the ring needs no lock on the target; on the host it is a mutex. A record
//!   made while the same ring is being written (impossible unless the payload's `PartialEq` itself
//!   records) is dropped.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

use userlib::TaskCell;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingbufEntry<T> {
    /// Source line of the `ringbuf_entry!`; 0 = never written.
    pub line: u16,
    /// How often this slot has been reused, wrapping: tells old from new around `last`.
    pub generation: u16,
    /// How often the event came in a row, saturating; 0 = never written.
    pub count: u32,
    /// What happened.
    pub payload: T,
}

/// The ring itself.
#[derive(Clone, Copy, Debug)]
pub struct Ring<T, const N: usize> {
    /// Index of the latest entry; `None` before the first.
    pub last: Option<usize>,
    /// The entries.
    pub entries: [RingbufEntry<T>; N],
}

impl<T: Copy + PartialEq, const N: usize> Ring<T, N> {
    /// An empty ring; `payload` fills the slots that were never written.
    #[must_use]
    pub const fn new(payload: T) -> Self {
        let empty = RingbufEntry { line: 0, generation: 0, count: 0, payload };
        Self { last: None, entries: [empty; N] }
    }

    /// Records `payload`, merging it with the latest entry if nothing changed.
    pub fn record(&mut self, line: u16, payload: T) {
        if let Some(entry) = self.last.and_then(|last| self.entries.get_mut(last))
            && entry.line == line
            && entry.payload == payload
        {
            entry.count = entry.count.saturating_add(1);
            return;
        }
        let next = match self.last {
            Some(last) if last.wrapping_add(1) < N => last.wrapping_add(1),
            _ => 0,
        };
        if let Some(entry) = self.entries.get_mut(next) {
            let reused = entry.count != 0;
            let generation = entry.generation.wrapping_add(reused.into());
            *entry = RingbufEntry { line, generation, count: 1, payload };
            self.last = Some(next);
        }
    }
}

/// A ring as a static of a task.
pub struct Ringbuf<T, const N: usize> {
    ring: TaskCell<Ring<T, N>>,
}

impl<T: Copy + PartialEq, const N: usize> Ringbuf<T, N> {
    /// An empty ring; `payload` fills the slots that were never written.
    pub const fn new(payload: T) -> Self {
        Self { ring: TaskCell::new(Ring::new(payload)) }
    }

    /// Records `payload`.
    pub fn record(&self, line: u16, payload: T) {
        let _dropped_on_reentry = self.ring.with(|ring| ring.record(line, payload));
    }

    /// A copy of the ring as it is now.
    pub fn snapshot(&self) -> Option<Ring<T, N>> {
        self.ring.with(|ring| *ring)
    }
}

/// Makes a static ring buffer: `ringbuf!(NAME, Type, entries, filler)`.
#[macro_export]
macro_rules! ringbuf {
    ($name:ident, $type:ty, $entries:expr, $filler:expr) => {
        #[used]
        static $name: $crate::Ringbuf<$type, { $entries }> = $crate::Ringbuf::new($filler);
    };
}

/// Records an event: `ringbuf_entry!(NAME, payload)`.
#[macro_export]
macro_rules! ringbuf_entry {
    ($name:expr, $payload:expr) => {
        $name.record(line!() as u16, $payload)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Event {
        None,
        Frame(u32),
    }

    #[test]
    fn equal_events_of_one_line_only_count() {
        let mut ring = Ring::<Event, 4>::new(Event::None);
        for _ in 0..3 {
            ring.record(7, Event::Frame(1));
        }
        let entry = RingbufEntry { line: 7, generation: 0, count: 3, payload: Event::Frame(1) };
        assert_eq!((ring.last, ring.entries[0], ring.entries[1].count), (Some(0), entry, 0));
    }

    #[test]
    fn an_equal_event_of_another_line_is_a_new_entry() {
        let mut ring = Ring::<Event, 4>::new(Event::None);
        ring.record(7, Event::Frame(1));
        ring.record(8, Event::Frame(1));
        assert_eq!(ring.last, Some(1));
    }

    #[test]
    fn a_reused_slot_counts_its_generation() {
        let mut ring = Ring::<Event, 2>::new(Event::None);
        for number in 0..5 {
            ring.record(1, Event::Frame(number));
        }
        let generations = ring.entries.map(|entry| (entry.payload, entry.generation));
        assert_eq!(generations, [(Event::Frame(4), 2), (Event::Frame(3), 1)]);
        assert_eq!(ring.last, Some(0));
    }

    #[test]
    fn a_static_ring_records_the_line() {
        ringbuf!(TRACE, Event, 4, Event::None);
        ringbuf_entry!(TRACE, Event::Frame(9));
        let ring = TRACE.snapshot().expect("nobody else holds the ring");
        assert_eq!(ring.entries[0].payload, Event::Frame(9));
        assert_ne!(ring.entries[0].line, 0);
    }
}
