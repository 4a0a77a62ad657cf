//! The fault script: which misbehaviour happens at which frame and line.
//!
//! Entries come from the parameter block and from bench control. Device time only moves forward,
//! so an entry whose moment is past is due at once, and each entry happens exactly once. Frames are
//! counted from the first frame of the sensor on; from then on the count goes on also while the
//! sensor is silent, in idle lines (`drv_isp_regs::prcm::IDLE_LINE_US`).

/// Most entries that wait at a time; one more is refused.
pub const CAPACITY: usize = 64;

/// One misbehaviour and its moment. Kinds and arguments: `drv_isp_regs::bench_control`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Frame of device time.
    pub frame: u32,
    /// Line of that frame, blanking included.
    pub line: u32,
    /// What happens.
    pub kind: u32,
    /// First argument.
    pub a: u32,
    /// Second argument.
    pub b: u32,
}

impl Entry {
    const fn moment(&self) -> (u32, u32) {
        (self.frame, self.line)
    }
}

/// The entries that still have to happen.
#[derive(Clone, Debug)]
pub struct Script {
    waiting: [Option<Entry>; CAPACITY],
    /// Moment of the earliest entry, because it is asked for at each heartbeat.
    next: Option<(u32, u32)>,
}

impl Script {
    /// These entries; their order among equal moments is their order of execution.
    #[must_use]
    pub fn new(waiting: [Option<Entry>; CAPACITY]) -> Self {
        let mut script = Self { waiting, next: None };
        script.find_next();
        script
    }

    /// Adds an entry; `false` if the script is full.
    pub fn add(&mut self, entry: Entry) -> bool {
        match self.waiting.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => {
                *slot = Some(entry);
                self.find_next();
                true
            }
            None => false,
        }
    }

    /// Takes the earliest entry that is due at `(frame, line)`.
    pub fn take_due(&mut self, now: (u32, u32)) -> Option<Entry> {
        let earliest = self.next_moment().filter(|moment| *moment <= now)?;
        let is_it =
            |slot: &&mut Option<Entry>| slot.is_some_and(|entry| entry.moment() == earliest);
        let taken = self.waiting.iter_mut().find(is_it)?.take();
        self.find_next();
        taken
    }

    /// Moment of the earliest entry.
    #[must_use]
    pub const fn next_moment(&self) -> Option<(u32, u32)> {
        self.next
    }

    fn find_next(&mut self) {
        self.next = self.waiting.iter().flatten().map(Entry::moment).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(frame: u32, line: u32, kind: u32) -> Entry {
        Entry { frame, line, kind, a: 0, b: 0 }
    }

    fn empty() -> Script {
        Script::new([None; CAPACITY])
    }

    #[test]
    fn entries_happen_in_the_order_of_their_moments() {
        let mut script = empty();
        for e in [entry(2, 5, 1), entry(1, 9, 2), entry(2, 4, 3), entry(1, 9, 4)] {
            assert!(script.add(e));
        }
        let mut kinds = vec![];
        while let Some(e) = script.take_due((2, 4)) {
            kinds.push(e.kind);
        }
        assert_eq!(kinds, [2, 4, 3]);
        assert_eq!(script.next_moment(), Some((2, 5)));
    }

    #[test]
    fn nothing_is_due_before_its_line() {
        let mut script = empty();
        script.add(entry(4, 10, 1));
        assert_eq!(script.take_due((4, 9)), None);
        assert_eq!(script.take_due((3, 4000)), None);
        assert!(script.take_due((4, 10)).is_some());
        assert_eq!(script.take_due((5, 0)), None);
    }

    #[test]
    fn a_full_script_refuses_one_more() {
        let mut script = empty();
        for _ in 0..CAPACITY {
            assert!(script.add(entry(0, 0, 1)));
        }
        assert!(!script.add(entry(0, 0, 1)));
        assert!(script.take_due((0, 0)).is_some());
        assert!(script.add(entry(0, 0, 1)));
    }
}
