//! What the kernel keeps per task.

use crate::arch::SAVED_FP_COUNT;
use sys_abi::{Cause, DeathRecord, FaultInfo, Generation, SchedState, TaskId, TaskIndex};

/// A task index that is known to be below the task count.
///
/// Invariant 1: made only by [`crate::tables::Tables`], from a comparison with the task count, by
/// iteration, or from a bit of a send list, so indexing the task table with it needs no check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member(pub(crate) u32);

impl Member {
    /// Position in the task table.
    #[inline(always)]
    pub(crate) const fn position(self) -> usize {
        self.0 as usize
    }

    /// The same, as the outside names it.
    #[must_use]
    pub const fn index(self) -> TaskIndex {
        TaskIndex(self.0 as u8)
    }
}

/// Registers of a task that is not running, in the order in which the trap stores them.
///
/// The other registers are in the exception frame on the task's stack.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Saved {
    /// r4..r11: arguments, results, system call number.
    pub r: [u32; 8],
    /// Process stack pointer.
    pub psp: u32,
    /// EXC_RETURN with which to go back.
    pub exc_return: u32,
    /// Address of the task's descriptor, for those who cannot afford to compute it.
    pub desc: u32,
    /// FP registers, on a processor that has some.
    pub fp: [u32; SAVED_FP_COUNT],
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Made, not started.
    Stopped,
    /// Its life has ended and the next one is not made yet.
    Down,
    /// Wants the processor.
    Runnable,
    /// Waits until the peer receives.
    InSend(TaskId),
    /// Waits until the peer replies. The message was delivered.
    InReply(TaskId),
    /// Waits for any message or notification.
    InRecv,
    /// Waits for a message of one life, or a notification.
    InRecvFrom(TaskId),
}

impl State {
    /// As the outside sees it.
    #[must_use]
    pub const fn sched(self) -> SchedState {
        match self {
            Self::Stopped | Self::Down => SchedState::Stopped,
            Self::Runnable => SchedState::Runnable,
            Self::InSend(peer) => SchedState::InSend(peer),
            Self::InReply(peer) => SchedState::InReply(peer),
            Self::InRecv => SchedState::InRecv(None),
            Self::InRecvFrom(peer) => SchedState::InRecv(Some(peer)),
        }
    }

    /// The life it waits for, if any.
    #[must_use]
    pub const fn peer(self) -> Option<TaskId> {
        match self {
            Self::InSend(peer) | Self::InReply(peer) | Self::InRecvFrom(peer) => Some(peer),
            _ => None,
        }
    }
}

/// How the latest life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// What ended it.
    pub fault: FaultInfo,
    /// What it did then.
    pub original: State,
}

/// Where REPLY_RECV receives; the buffer was proven when it was registered.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReceiveDescriptor {
    /// First byte.
    pub base: u32,
    /// Length in bytes.
    pub len: u32,
    /// Notification mask.
    pub mask: u32,
}

/// One task.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Task {
    /// Registers. First, because the trap addresses them.
    pub saved: Saved,
    /// Id that SEND, REPLY and the like must name; [`TaskId::KERNEL`] (which names no task) while
    /// the task is down or stopped, so that one comparison decides.
    pub live: TaskId,
    /// Current life; while down, the life to come.
    pub id: TaskId,
    /// What it does.
    pub state: State,
    /// Notifications posted and not received.
    pub notifications: u32,
    /// Ranks of the tasks that are `InSend` to this life.
    pub senders: crate::ready::RankSet,
    /// Position in the order of importance; unique.
    pub rank: u8,
    /// Copy of the descriptor's priority, 0 = most important.
    pub priority: u8,
    /// Whether another task has the same priority (then turns are taken).
    pub shares_priority: bool,
    /// Rank of the sender served last, so that equals take turns.
    pub served: u8,
    /// Whether SET_RECV was called in this life.
    pub receives: bool,
    /// Whether one of its watches holds an event.
    pub watch_pending: bool,
    /// Cause of the latest death.
    pub cause: Cause,
    /// How the latest life ended; `None` once the next one is made.
    pub end: Option<End>,
    /// Where REPLY_RECV receives.
    pub receive: ReceiveDescriptor,
    /// Notification bits of the timer.
    pub timer_mask: u32,
    /// See `died_tick_us`; here, because what follows is 8-aligned.
    pub died_counter: u32,
    /// When the timer fires, in microseconds; `u64::MAX` = not armed.
    pub deadline_us: u64,
    /// When `state` was entered, in ticks since boot, wrapping ([`crate::arch::Arch::ticks`]).
    pub since_ticks: u32,
    /// Whom the latest state that waits for a life named; counts in such a state only. One word to
    /// compare, where a death looks at everybody.
    pub waits_for: TaskId,
    /// When the latest life ended: tick, and the counter in it ([`crate::arch::Arch::us_at`]); both
    /// zero = never.
    pub died_tick_us: u64,
    /// Processor time of all lives, in cycles of the clock.
    pub cpu_cycles: u64,
    /// System calls of all lives, wrapping.
    pub entries: u32,
    /// Times it was switched to, wrapping.
    pub switches: u32,
}

/// A timer that is not armed.
pub const NEVER_US: u64 = u64::MAX;

impl Task {
    /// A task that has not lived: stopped, generation 0.
    #[must_use]
    #[inline(never)]
    pub const fn new(index: TaskIndex) -> Self {
        Self {
            saved: Saved { r: [0; 8], psp: 0, exc_return: 0, desc: 0, fp: [0; SAVED_FP_COUNT] },
            live: TaskId::KERNEL,
            id: TaskId::new(index, Generation(0)),
            state: State::Stopped,
            notifications: 0,
            senders: crate::ready::RankSet::EMPTY,
            rank: 0,
            priority: 0,
            shares_priority: false,
            served: 0,
            receives: false,
            watch_pending: false,
            cause: Cause::Stopped,
            end: None,
            receive: ReceiveDescriptor { base: 0, len: 0, mask: 0 },
            timer_mask: 0,
            died_counter: 0,
            deadline_us: NEVER_US,
            since_ticks: 0,
            waits_for: TaskId::KERNEL,
            died_tick_us: 0,
            cpu_cycles: 0,
            entries: 0,
            switches: 0,
        }
    }

    /// Puts the time since `since` to its account, and starts again from `now`; both as
    /// [`crate::arch::Arch::cycles_left`] has them.
    #[inline(always)]
    pub(crate) fn charge(&mut self, now: u32, since: &mut u32) {
        // Signed: while a tick is pending, the counter is one tick off, and the tick makes up for it.
        let used = since.wrapping_sub(now).cast_signed();
        *since = now;
        self.cpu_cycles = self.cpu_cycles.wrapping_add_signed(used.into());
    }

    /// Whether it lives (and was started).
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.live != TaskId::KERNEL
    }

    /// The record of the latest death. A task always has one while it is not live: a life that
    /// was never started counts as stopped.
    #[must_use]
    pub fn record(&self) -> DeathRecord {
        DeathRecord {
            peer: self.id.index(),
            generation: Generation(self.id.generation().0.saturating_sub(1)),
            cause: self.cause,
        }
    }
}
