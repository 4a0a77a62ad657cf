//! What the supervisor is told about disconnects, after everybody who waited has an answer.
//!
//! A note is a call, and a call may wait. So it is kept here while the node answers, and the main
//! loop sends it when it has nobody left to answer. The table is bounded: when it is full the
//! oldest note gives way, for a note is a line of a story and not a promise.

use idl::types::{Disconnect, Note};

const NOTES_MAX: usize = 4;

/// Notes that are still to be sent.
#[derive(Clone, Debug, Default)]
pub struct Disconnects {
    notes: [Option<Note>; NOTES_MAX],
}

impl Disconnects {
    /// No notes.
    #[must_use]
    pub const fn new() -> Self {
        Self { notes: [None; NOTES_MAX] }
    }

    /// Remembers that this many waiters and handles learned of `record`.
    pub fn told(&mut self, record: Disconnect, waiters: u16, handles: u16) {
        let Disconnect { peer, generation, .. } = record;
        self.add(Note::Told { peer, generation, waiters, handles });
    }

    /// Remembers that the session named in `record` ended although its server lives.
    pub fn nonsense(&mut self, record: Disconnect) {
        let Disconnect { peer, generation, .. } = record;
        self.add(Note::Nonsense { peer, generation });
    }

    fn add(&mut self, note: Note) {
        if self.notes.iter().all(Option::is_some) {
            self.take();
        }
        if let Some(free) = self.notes.iter_mut().find(|entry| entry.is_none()) {
            *free = Some(note);
        }
    }

    /// Takes the oldest note.
    pub fn take(&mut self) -> Option<Note> {
        let oldest = self.notes[0].take()?;
        self.notes.rotate_left(1);
        Some(oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{Cause, Generation, TaskIndex};

    fn record(generation: u32) -> Disconnect {
        let (peer, cause) = (TaskIndex(3), Cause::Faulted);
        Disconnect { peer, generation: Generation(generation), cause, hops: 0 }
    }

    fn note(generation: u32) -> Option<Note> {
        let (peer, generation) = (TaskIndex(3), Generation(generation));
        Some(Note::Told { peer, generation, waiters: 1, handles: 2 })
    }

    #[test]
    fn notes_leave_in_order_and_once() {
        let mut disconnects = Disconnects::new();
        disconnects.told(record(0), 1, 2);
        disconnects.told(record(1), 1, 2);
        assert_eq!(disconnects.take(), note(0));
        assert_eq!(disconnects.take(), note(1));
        assert_eq!(disconnects.take(), None);
    }

    #[test]
    fn the_oldest_note_gives_way() {
        let mut disconnects = Disconnects::new();
        for generation in 0..6 {
            disconnects.told(record(generation), 1, 2);
        }
        assert_eq!(disconnects.take(), note(2));
    }
}
