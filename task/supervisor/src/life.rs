//! One task as the supervisor sees it: which life, in which phase, and what comes after it.
//!
//! ```text
//!            ready                    removing                   bound passed: kill
//! Starting ---------> Ready --------------------> Removing ---------------.
//!    |                  |                            |                     |
//!    '------ died ------+-------- died --------------+----- died ----------'
//!                       v
//!   hardware behind power? yes: Settling --- quiesced, or the switch is thrown --.
//!                       no: at once                                              v
//!                                                                quiet: Down, or Failed for good
//!    Starting <--- wanted, allowed, delay over, module present, power ready --- Down
//! ```

use crate::hang::Hang;
use crate::policy::{Deaths, Policy};
use sys_abi::{Cause, Generation, TaskIndex};

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Alive, has not said ready.
    Starting,
    /// Alive and serving.
    Ready,
    /// Alive, told to leave; killed at this time, in microseconds.
    Removing {
        /// End of the bound.
        until_us: u64,
    },
    /// Ended; its hardware is not known to be quiet. The switch is thrown at this time.
    Settling {
        /// End of the bound, in microseconds.
        until_us: u64,
    },
    /// Ended and quiet.
    Down,
    /// Ended, quiet, and not coming back unless an operator starts it.
    Failed,
}

/// All that is kept of one task.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Its policy.
    pub policy: Policy,
    /// The present life, or the one that ended last.
    pub generation: Generation,
    /// Its phase.
    pub phase: Phase,
    /// An operator wants it down.
    pub stopped: bool,
    /// It may not come back by itself: it died too often, or was not known to be quiet.
    pub doomed: bool,
    /// Earliest time of the next life, in microseconds since boot.
    pub not_before_us: u64,
    /// Lives begun by the supervisor.
    pub restarts: u16,
    /// Times of deaths that count.
    pub deaths: Deaths,
    /// The life of a driver that found fault with this one last.
    pub accuser: Option<(TaskIndex, Generation)>,
    /// Hang detection.
    pub hang: Hang,
}

impl Life {
    /// A task at boot.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self {
            policy,
            generation: Generation(0),
            phase: Phase::Starting,
            stopped: false,
            doomed: false,
            not_before_us: 0,
            restarts: 0,
            deaths: Deaths::NONE,
            accuser: None,
            hang: Hang::NEW,
        }
    }

    /// Whether a life is going on.
    #[must_use]
    pub fn alive(&self) -> bool {
        matches!(self.phase, Phase::Starting | Phase::Ready | Phase::Removing { .. })
    }

    /// Whether it will be back without an operator.
    #[must_use]
    pub fn returning(&self) -> bool {
        let down = matches!(self.phase, Phase::Settling { .. } | Phase::Down);
        down && !self.stopped && !self.doomed
    }

    /// The life ended: decides what comes after it, not yet when its hardware is quiet.
    pub fn end(&mut self, now_us: u64, generation: Generation, cause: Cause) {
        self.generation = generation;
        self.hang = Hang::NEW;
        self.accuser = None;
        self.not_before_us = now_us;
        if counts(cause) {
            let deaths = self.deaths.add(now_us, self.policy.within_us);
            self.not_before_us = now_us.saturating_add(self.policy.delay_us(deaths));
            self.doomed |= deaths >= self.policy.deaths;
        }
        self.doomed |= !self.policy.restartable || generation.next().is_none();
    }

    /// The hardware of the ended life is quiet.
    pub fn settle(&mut self) {
        self.phase = if self.doomed { Phase::Failed } else { Phase::Down };
    }

    /// The next life begins.
    pub fn begin(&mut self) {
        if let Some(next) = self.generation.next() {
            self.generation = next;
        }
        self.phase = Phase::Starting;
        self.restarts = self.restarts.saturating_add(1);
    }

    /// An operator wants it back: what counted against it is forgotten.
    pub fn pardon(&mut self, now_us: u64) {
        self.stopped = false;
        self.doomed = self.generation.next().is_none();
        self.deaths = Deaths::NONE;
        self.not_before_us = now_us;
        if self.phase == Phase::Failed && !self.doomed {
            self.phase = Phase::Down;
        }
    }
}

/// Whether a death says something against the task. What others did to it does not: a module
/// may be plugged and unplugged all day.
const fn counts(cause: Cause) -> bool {
    matches!(cause, Cause::Faulted | Cause::Panicked | Cause::Stalled | Cause::SessionEnded)
}
