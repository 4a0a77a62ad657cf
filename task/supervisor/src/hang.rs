//! Hang detection from what the kernel counts: no task is asked anything.
//!
//! A ping was rejected: sends go uphill only, so the supervisor cannot send to a suspect, and a
//! task that answers pings may still be stuck. Reports of others were rejected too: a server that is
//! idle enters the kernel for nobody, so that whoever reports it would end it, and one that does not
//! answer keeps its caller, which is seen. Each sample of a task is compared with earlier ones:
//!
//! | symptom | evidence | bound |
//! |---|---|---|
//! | spins | processor time grew, kernel entries did not | `hang_ms` of processor time |
//! | storms (interrupts, busy polling) | 7/8 of all time of a window | 4 x `hang_ms` |
//! | starves the others, perhaps by calls (drivers only) | nothing less important ran in a window, it did at each sample | 4 x `hang_ms` |
//! | keeps a caller (drivers only) | the caller is blocked on it, it is blocked on nobody | [`KEEP_US`] |
//!
//! Processor time and not wall time is what counts for spinning: a task that is merely starved by
//! a more important one has done nothing wrong. And a verdict needs several samples: when the
//! machine itself stood still (an emulator that its host did not run), time has jumped, but the
//! supervisor has not scanned meanwhile.

use crate::policy::Policy;
use sys_abi::{TaskIndex, TaskStats};

/// Time between two samples of a task, in microseconds.
pub const SCAN_US: u64 = 10_000;

/// How long a driver may keep a caller, in microseconds: ten times the `within` of its ops, because
/// the caller may have waited for others before.
pub const KEEP_US: u64 = 200_000;

/// A task is not judged by fewer samples than these.
const SAMPLES_MIN: u32 = 4;

/// A storm is judged over this many times `hang_ms`.
const STORM_WINDOWS: u64 = 4;

/// What is remembered of one task between samples.
#[derive(Clone, Copy, Debug)]
pub struct Hang {
    /// Since the kernel entries last changed.
    still: Option<Still>,
    window: Option<Window>,
    /// Whom it was blocked on at the latest sample.
    blocked: Option<Blocked>,
    /// Processor time at the latest sample; samples since it last grew, and since it last did not.
    cpu_us: u64,
    quiet_samples: u32,
    busy_samples: u32,
}

#[derive(Clone, Copy, Debug)]
struct Still {
    entries: u32,
    cpu_us: u64,
    samples: u32,
}

/// What a storm is judged by.
#[derive(Clone, Copy, Debug)]
struct Window {
    start_us: u64,
    cpu_us: u64,
    samples: u32,
}

/// One wait for another task.
#[derive(Clone, Copy, Debug)]
struct Blocked {
    on: TaskIndex,
    since_us: u64,
    samples: u32,
}

impl Hang {
    /// Nothing known: what each life begins with.
    pub const NEW: Self = Self {
        still: None,
        window: None,
        blocked: None,
        cpu_us: 0,
        quiet_samples: 0,
        busy_samples: 0,
    };

    /// Whether it had processor time between the two latest samples.
    #[must_use]
    pub fn ran(&self) -> bool {
        self.quiet_samples == 0
    }

    /// Whether it had none in a window in which a task of this policy may not starve it.
    #[must_use]
    pub fn starves(&self, policy: &Policy) -> bool {
        u64::from(self.quiet_samples) * SCAN_US >= policy.hang_us * STORM_WINDOWS
    }

    /// Whether it had some at each sample of such a window: who has just begun starved nobody.
    #[must_use]
    pub fn ran_all_along(&self, policy: &Policy) -> bool {
        u64::from(self.busy_samples) * SCAN_US >= policy.hang_us * STORM_WINDOWS
    }

    /// Whom it is blocked on.
    #[must_use]
    pub fn blocked(&self) -> Option<TaskIndex> {
        self.blocked.map(|blocked| blocked.on)
    }

    /// Who keeps it for longer than [`KEEP_US`].
    #[must_use]
    pub fn kept_by(&self, now_us: u64) -> Option<TaskIndex> {
        let long = |blocked: &Blocked| {
            now_us.saturating_sub(blocked.since_us) >= KEEP_US && blocked.samples >= SAMPLES_MIN
        };
        self.blocked.filter(long).map(|blocked| blocked.on)
    }

    /// Takes a sample; true means that the task hangs.
    pub fn sample(&mut self, now_us: u64, policy: &Policy, stats: &TaskStats) -> bool {
        self.blocked = stats.blocked_on.map(|on| {
            let same = |former: &Blocked| (former.on, former.since_us) == (on, stats.since_us);
            let former = self.blocked.filter(same).map_or(0, |former| former.samples);
            Blocked { on, since_us: stats.since_us, samples: former.saturating_add(1) }
        });
        let quiet = stats.cpu_us == core::mem::replace(&mut self.cpu_us, stats.cpu_us);
        let (counted, ended) = match quiet {
            true => (&mut self.quiet_samples, &mut self.busy_samples),
            false => (&mut self.busy_samples, &mut self.quiet_samples),
        };
        (*counted, *ended) = (counted.saturating_add(1), 0);
        // The kernel's account of a young task may be a tick below zero for a moment, and then
        // reads as ages: what cannot be is no evidence.
        if stats.cpu_us > now_us {
            (self.still, self.window) = (None, None);
            return false;
        }
        let spins = self.spins(policy, stats);
        let storms = self.storms(now_us, policy, stats);
        spins || storms
    }

    fn spins(&mut self, policy: &Policy, stats: &TaskStats) -> bool {
        match &mut self.still {
            Some(still) if still.entries == stats.entries => {
                still.samples = still.samples.saturating_add(1);
                let spent_us = stats.cpu_us.saturating_sub(still.cpu_us);
                let long = spent_us >= policy.hang_us && still.samples >= SAMPLES_MIN;
                policy.hang_us != 0 && long
            }
            still => {
                *still = Some(Still { entries: stats.entries, cpu_us: stats.cpu_us, samples: 0 });
                false
            }
        }
    }

    fn storms(&mut self, now_us: u64, policy: &Policy, stats: &TaskStats) -> bool {
        let fresh = Window { start_us: now_us, cpu_us: stats.cpu_us, samples: 0 };
        let window = self.window.get_or_insert(fresh);
        window.samples = window.samples.saturating_add(1);
        let wall_us = now_us.saturating_sub(window.start_us);
        if policy.hang_us == 0 || wall_us < policy.hang_us * STORM_WINDOWS {
            return false;
        }
        let spent_us = stats.cpu_us.saturating_sub(window.cpu_us);
        let stormy = spent_us >= wall_us / 8 * 7 && window.samples >= SAMPLES_MIN * 2;
        self.window = Some(fresh);
        stormy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys_abi::Generation;

    const POLICY: Policy = Policy { hang_us: 50_000, ..Policy::NONE };

    fn stats(entries: u32, cpu_us: u64, blocked_on: Option<u8>) -> TaskStats {
        TaskStats {
            generation: Generation(0),
            entries,
            switches: 0,
            since_us: 0,
            died_us: 0,
            blocked_on: blocked_on.map(TaskIndex),
            cpu_us,
        }
    }

    fn fresh() -> Hang {
        Hang::NEW
    }

    /// Samples every 10 ms; the number of the sample that says "hangs", if any.
    fn check(hang: &mut Hang, samples: impl IntoIterator<Item = TaskStats>) -> Option<usize> {
        let mut samples = samples.into_iter().enumerate();
        samples.find(|(n, stats)| hang.sample(*n as u64 * 10_000, &POLICY, stats)).map(|(n, _)| n)
    }

    #[test]
    fn a_task_that_computes_without_a_kernel_entry_hangs_at_its_bound() {
        let found = check(&mut fresh(), (0..20).map(|n| stats(7, n * 10_000, None)));
        assert_eq!(found, Some(5));
    }

    #[test]
    fn a_starved_or_waiting_task_does_not_hang() {
        assert_eq!(check(&mut fresh(), (0..100).map(|_| stats(7, 0, None))), None);
    }

    #[test]
    fn a_busy_task_that_enters_the_kernel_and_leaves_time_does_not_hang() {
        let busy = (0..100).map(|n| stats(n as u32, n * 8_000, None));
        assert_eq!(check(&mut fresh(), busy), None);
    }

    #[test]
    fn a_storm_takes_all_time_although_it_enters_the_kernel() {
        let storm = (0..100).map(|n| stats(n as u32 * 50, n * 9_900, None));
        assert_eq!(check(&mut fresh(), storm), Some(20));
    }

    #[test]
    fn who_gets_no_time_for_a_window_starves() {
        let mut hang = fresh();
        check(&mut hang, (0..19).map(|n| stats(n, 0, None)));
        assert!(!hang.starves(&POLICY) && !hang.ran());
        check(&mut hang, [stats(20, 0, None)]);
        assert!(hang.starves(&POLICY));
        check(&mut hang, [stats(20, 1, None)]);
        assert!(!hang.starves(&POLICY) && hang.ran());
    }

    #[test]
    fn an_impossible_account_is_no_evidence() {
        let mut samples: Vec<_> = (0..9).map(|_| stats(7, 0, None)).collect();
        samples[6] = stats(7, u64::MAX / 20, None);
        assert_eq!(check(&mut fresh(), samples), None);
    }

    #[test]
    fn a_jump_of_time_is_no_hang() {
        let jump = [stats(7, 0, None), stats(7, 900_000, None), stats(8, 900_100, None)];
        let mut hang = fresh();
        for (now_us, stats) in [0, 901_000, 911_000].into_iter().zip(&jump) {
            assert!(!hang.sample(now_us, &POLICY, stats));
        }
    }
}
