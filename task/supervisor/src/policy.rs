//! How a task comes back: delays, the give-up rule, what to scan.
//!
//! The values come from `app.toml`, as arrays with one word per task that the image builder links
//! in for whoever names them.

use sys_abi::{SlotTable, TaskIndex};

/// Deaths remembered per task; `give_up.deaths` may not exceed it.
pub const DEATHS_MAX: usize = 16;

/// Delay of the second restart, in microseconds; later ones grow by the factor (architecture:
/// first time no delay, then 10 ms times 2).
const SECOND_DELAY_US: u64 = 10_000;

/// In an array of task indices or delays: none.
const NONE: u32 = u32::MAX;

/// The linked arrays, one word per task each; a missing word means "no".
#[derive(Clone, Copy, Debug, Default)]
pub struct Tables<'a> {
    /// Index of the task that makes its hardware quiet; `u32::MAX` = none.
    pub quiesce: &'a [u32],
    /// First delay, in milliseconds; `u32::MAX` = never restarted.
    pub first_ms: &'a [u32],
    /// Growth of the delay.
    pub factor: &'a [u32],
    /// Longest delay, in milliseconds.
    pub max_ms: &'a [u32],
    /// Deaths that are the end ...
    pub deaths: &'a [u32],
    /// ... within this time, in milliseconds.
    pub within_ms: &'a [u32],
    /// Bound of the hang scan, in milliseconds; 0 = not scanned.
    pub hang_ms: &'a [u32],
    /// Priority; 0 = most important.
    pub priority: &'a [u32],
    /// Who has a slot on whom.
    pub slots: SlotTable<'a>,
}

impl Tables<'_> {
    /// No task is looked after.
    pub const NONE: Self = Self {
        quiesce: &[],
        first_ms: &[],
        factor: &[],
        max_ms: &[],
        deaths: &[],
        within_ms: &[],
        hang_ms: &[],
        priority: &[],
        slots: SlotTable(&[]),
    };

    /// Whether `caller` may send to `server`.
    #[must_use]
    pub fn calls(&self, caller: TaskIndex, server: TaskIndex) -> bool {
        self.slots.has(caller, server)
    }

    /// The task that makes hardware quiet. There is one in an image; without any, task 0.
    #[must_use]
    pub fn power(&self) -> TaskIndex {
        let helper = self.quiesce.iter().find(|helper| **helper != NONE);
        TaskIndex(helper.map_or(0, |helper| *helper as u8))
    }
}

/// The restart policy of one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Power must make its hardware quiet before the next life.
    pub quiesced: bool,
    /// It may be started again.
    pub restartable: bool,
    /// Delay of the first restart, in microseconds.
    pub first_us: u64,
    /// Growth of the delay from one restart to the next.
    pub factor: u32,
    /// Largest delay, in microseconds.
    pub max_us: u64,
    /// This many deaths within [`Policy::within_us`] are the last: it is Failed.
    pub deaths: usize,
    /// Length of the give-up window, in microseconds.
    pub within_us: u64,
    /// Longest processor time without a kernel entry, in microseconds; 0 = not scanned.
    pub hang_us: u64,
    /// 0 = most important.
    pub priority: u32,
}

impl Policy {
    /// A task that is neither scanned nor restarted.
    pub const NONE: Self = Self {
        quiesced: false,
        restartable: false,
        first_us: 0,
        factor: 0,
        max_us: 0,
        deaths: 0,
        within_us: 0,
        hang_us: 0,
        priority: 0,
    };

    /// The policy of task `index`.
    #[must_use]
    pub fn of(tables: &Tables<'_>, index: usize) -> Self {
        let word = |table: &[u32], missing| table.get(index).copied().unwrap_or(missing);
        let us = |ms: u32| u64::from(ms) * 1000;
        let first_ms = word(tables.first_ms, NONE);
        let hang_us = us(word(tables.hang_ms, 0));
        Self {
            quiesced: word(tables.quiesce, NONE) != NONE,
            restartable: first_ms != NONE,
            first_us: us(if first_ms == NONE { 0 } else { first_ms }),
            factor: word(tables.factor, 1),
            max_us: us(word(tables.max_ms, 0)),
            deaths: (word(tables.deaths, 1) as usize).clamp(1, DEATHS_MAX),
            within_us: us(word(tables.within_ms, 0)),
            hang_us,
            priority: word(tables.priority, 0),
        }
    }

    /// Delay before the next life when `deaths` lives ended within the window, in microseconds.
    #[must_use]
    pub fn delay_us(&self, deaths: usize) -> u64 {
        if deaths <= 1 {
            return self.first_us;
        }
        let mut delay_us = self.first_us.max(SECOND_DELAY_US);
        for _ in 2..deaths.min(DEATHS_MAX) {
            delay_us = delay_us.saturating_mul(u64::from(self.factor.max(1)));
        }
        delay_us.min(self.max_us)
    }
}

/// The times of the latest deaths of one task.
#[derive(Clone, Copy, Debug)]
pub struct Deaths {
    times_us: [u64; DEATHS_MAX],
    count: usize,
}

impl Deaths {
    /// None yet.
    pub const NONE: Self = Self { times_us: [0; DEATHS_MAX], count: 0 };

    /// Adds one death and gives the number of those no older than `within_us`, this one included.
    /// Older ones are forgotten; of more than [`DEATHS_MAX`] the oldest are.
    pub fn add(&mut self, now_us: u64, within_us: u64) -> usize {
        let recent = |time_us: &u64| now_us.saturating_sub(*time_us) <= within_us;
        let start = self.times_us[..self.count].iter().position(recent).unwrap_or(self.count);
        let start = start.max((self.count + 1).saturating_sub(DEATHS_MAX));
        self.times_us.copy_within(start..self.count, 0);
        self.count -= start;
        self.times_us[self.count] = now_us;
        self.count += 1;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: Tables<'static> = Tables {
        quiesce: &[NONE, 4],
        first_ms: &[NONE, 0],
        factor: &[1, 2],
        max_ms: &[0, 1000],
        deaths: &[1, 8],
        within_ms: &[0, 10_000],
        hang_ms: &[0, 50],
        priority: &[0, 3],
        slots: SlotTable(&[0, 0, 1, 0]),
    };

    #[test]
    fn who_has_no_slot_does_not_call() {
        let calls = |caller, server| TABLES.calls(TaskIndex(caller), TaskIndex(server));
        assert!(calls(1, 0) && !calls(0, 1) && !calls(1, 1));
        assert!(!calls(2, 0) && !calls(1, 32) && !calls(1, 255), "no such task");
    }

    #[test]
    fn words_become_a_policy() {
        let policy = Policy::of(&TABLES, 1);
        assert!(policy.quiesced && policy.restartable);
        assert_eq!((policy.first_us, policy.factor, policy.max_us), (0, 2, 1_000_000));
        assert_eq!((policy.deaths, policy.within_us, policy.hang_us), (8, 10_000_000, 50_000));
        let once = Policy::of(&TABLES, 0);
        assert!(!once.quiesced && !once.restartable);
        assert_eq!(TABLES.power(), TaskIndex(4));
        let missing = Policy::of(&TABLES, 2);
        assert!(!missing.quiesced && !missing.restartable);
    }

    #[test]
    fn the_first_restart_is_at_once_then_ten_milliseconds_doubling_to_one_second() {
        let policy = Policy::of(&TABLES, 1);
        let delays: Vec<_> = (1..=10).map(|deaths| policy.delay_us(deaths) / 1000).collect();
        assert_eq!(delays, [0, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    }

    #[test]
    fn a_first_delay_is_kept_and_grows() {
        let policy = Policy { first_us: 30_000, factor: 3, max_us: 100_000, ..Policy::NONE };
        assert_eq!(
            [1, 2, 3, 4].map(|deaths| policy.delay_us(deaths)),
            [30_000, 30_000, 90_000, 100_000]
        );
    }

    #[test]
    fn deaths_are_counted_within_the_window_only() {
        let mut deaths = Deaths::NONE;
        assert_eq!([0, 5, 10].map(|now| deaths.add(now, 10)), [1, 2, 3]);
        assert_eq!(deaths.add(11, 10), 3, "the death at 0 is too old");
        assert_eq!(deaths.add(1000, 10), 1);
    }

    #[test]
    fn the_death_table_forgets_the_oldest_when_full() {
        let mut deaths = Deaths::NONE;
        let counts: Vec<_> = (0..20).map(|now| deaths.add(now, 1000)).collect();
        assert_eq!(counts[14..], [15, 16, 16, 16, 16, 16]);
    }
}
