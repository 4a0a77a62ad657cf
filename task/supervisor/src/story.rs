//! The story: a bounded, numbered list of what happened to tasks.
//!
//! Readers keep a cursor of their own, so that reading changes nothing and a restarted reader can
//! begin again. When the ring is full the oldest event goes; the gap in the numbers shows it.

use idl::types::{StoryEvent, StoryKind};
use sys_abi::TaskIndex;

/// Events kept. One death of the ISP makes about 30, and the host bridge reads every 10 ms.
pub const STORY_EVENTS: usize = 128;

/// The ring.
pub struct Story {
    events: [Option<StoryEvent>; STORY_EVENTS],
    next: u32,
}

impl Story {
    /// An empty story.
    pub const NEW: Self = Self { events: [None; STORY_EVENTS], next: 0 };

    /// Adds an event.
    pub fn add(&mut self, now_us: u64, task: TaskIndex, kind: StoryKind) {
        let event = StoryEvent { number: self.next, time_us: now_us, task, kind };
        self.events[self.next as usize % STORY_EVENTS] = Some(event);
        self.next = self.next.wrapping_add(1);
    }

    /// The oldest event that is kept and has at least the number `cursor`.
    #[must_use]
    pub fn from(&self, cursor: u32) -> Option<StoryEvent> {
        let oldest = self.next.saturating_sub(STORY_EVENTS as u32);
        let number = cursor.max(oldest);
        if number < self.next { self.events[number as usize % STORY_EVENTS] } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(count: u64) -> Story {
        let mut story = Story::NEW;
        for time_us in 0..count {
            story.add(time_us, TaskIndex(1), StoryKind::Failed);
        }
        story
    }

    #[test]
    fn a_cursor_walks_all_events_in_order() {
        let story = story(5);
        let numbers: Vec<_> =
            (0..6).map(|cursor| story.from(cursor).map(|event| event.number)).collect();
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3), Some(4), None]);
    }

    #[test]
    fn a_slow_reader_sees_a_gap_and_no_wrong_event() {
        let story = story(STORY_EVENTS as u64 + 7);
        let event = story.from(0).expect("the ring is full");
        assert_eq!((event.number, event.time_us), (7, 7));
    }
}
