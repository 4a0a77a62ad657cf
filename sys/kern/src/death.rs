//! The end and the beginning of a life.
//!
//! Order in one pass, with nothing in between: the id goes stale, interrupts are masked and
//! forgotten, timer and notifications are cleared, everybody blocked on the life gets the death
//! record and becomes runnable, watchers and the supervisor are notified. Restart is another
//! operation, on request.

use crate::arch::Arch;
use crate::kernel::Kernel;
use crate::negative;
use crate::ready::RankSet;
use crate::task::{End, Member, NEVER_US, State, Task};
use sys_abi::{
    Cause, CrashKind, DeathRecord, Edge, FAULT_NOTIFICATION, FaultInfo, Generation, RecvStatus,
    SendStatus, TaskId,
};

/// Task 0 is the supervisor: whoever it is, its end is the end of the image.
pub(crate) const SUPERVISOR: Member = Member(0);

/// The generation of a task that has used up all lives.
const EXHAUSTED: Generation = Generation(Generation::LAST.0 + 1);

/// Makes a task runnable with the record, if it still waits for the ended life. Apart from the loop
/// over all tasks, which most of them leave at once.
#[inline(never)]
fn release(task: &mut Task, ready: &mut RankSet, ended: TaskId, cause: Cause) -> bool {
    let status = match task.state {
        State::InSend(id) | State::InReply(id) if id == ended => SendStatus::Dead as u32,
        State::InRecvFrom(id) if id == ended => RecvStatus::Dead as u32,
        _ => return false,
    };
    let (peer, generation) = (ended.index(), ended.generation());
    task.set_dead_result(status, DeathRecord { peer, generation, cause });
    task.state = State::Runnable;
    ready.insert(task.rank);
    true
}

impl<A: Arch> Kernel<'_, A> {
    /// Ends the present life, if there is one. The caller chooses who runs next.
    #[inline(never)]
    pub(crate) fn end_life(&mut self, member: Member, fault: FaultInfo) {
        if !self.task(member).is_live() {
            return;
        }
        self.finish(member, &fault, fault.cause());
        self.notify(SUPERVISOR, FAULT_NOTIFICATION);
    }

    /// [`Kernel::end_life`] of a life that there is; the supervisor is not notified yet.
    #[inline(never)]
    pub(crate) fn finish(&mut self, member: Member, fault: &FaultInfo, cause: Cause) {
        if member == SUPERVISOR {
            self.current = SUPERVISOR;
            self.crash(CrashKind::Supervisor, Some(*fault));
        }
        let ended = self.task(member).id;
        // Who is current is not in the ready set, and waits for nobody.
        if member != self.current {
            self.withdraw(member);
        }
        self.bury(member, ended, cause, fault);
        self.silence_interrupts(member);
        if negative::releases() {
            self.release_peers(ended, cause);
        }
        if negative::deaths() && !self.tables.watches.is_empty() {
            self.publish(member, Edge::Died, ended.generation());
        }
    }

    /// Takes it out of the sets that it is in.
    #[inline(always)]
    fn withdraw(&mut self, member: Member) {
        let Task { state, rank, .. } = *self.task(member);
        self.ready.remove(rank);
        if let State::InSend(peer) = state
            && let Some(server) = self.tables.member(peer.index())
        {
            self.task_mut(server).senders.remove(rank);
        }
    }

    /// Writes down how it ended; its id is stale from now on. What a task that is down has no use
    /// for is cleared when its next life begins.
    #[inline(always)]
    fn bury(&mut self, member: Member, ended: TaskId, cause: Cause, fault: &FaultInfo) {
        let task = crate::arch::at_mut(self.tasks, member);
        task.died_tick_us = self.arch.tick_us();
        task.died_counter = self.arch.counter();
        task.since_ticks = self.arch.ticks();
        task.live = TaskId::KERNEL;
        if negative::generations() {
            // Whoever lived had not used up all lives.
            let next = Generation(ended.generation().0.wrapping_add(1));
            task.id = TaskId::new(member.index(), next);
        }
        task.cause = cause;
        task.end = Some(End { fault: *fault, original: task.state });
        task.state = State::Down;
        task.notifications = 0;
        task.senders = RankSet::EMPTY;
    }

    #[inline(always)]
    fn silence_interrupts(&mut self, member: Member) {
        for interrupt in self.tables.interrupts_of(member) {
            self.arch.irq_disable(interrupt.irq);
            self.arch.irq_clear_pending(interrupt.irq);
        }
    }

    /// Everybody blocked on the ended life becomes runnable with the record.
    #[inline(always)]
    fn release_peers(&mut self, ended: TaskId, cause: Cause) {
        let Self { arch, tasks, ready, .. } = self;
        for task in tasks.iter_mut() {
            if task.waits_for.0 == ended.0 && release(task, ready, ended, cause) {
                task.since_ticks = arch.ticks();
            }
        }
    }

    /// Makes the next life of a task whose life has ended; starts it if asked and if there are
    /// ids left.
    pub(crate) fn begin(&mut self, member: Member, start: bool) {
        let desc = self.desc(member);
        let now_ticks = self.arch.ticks();
        let task = crate::arch::at_mut(self.tasks, member);
        if task.id.generation() >= EXHAUSTED {
            return;
        }
        self.arch.prepare(desc, &mut task.saved);
        task.end = None;
        task.since_ticks = now_ticks;
        task.served = 0;
        task.deadline_us = NEVER_US;
        task.receives = false;
        if task.watch_pending {
            self.forget_watches(member);
        }
        let task = crate::arch::at_mut(self.tasks, member);
        if start {
            task.live = task.id;
            task.state = State::Runnable;
            let rank = task.rank;
            self.ready.insert(rank);
        } else {
            task.state = State::Stopped;
        }
    }

    /// Ends the present life if there is one, makes the next one and starts it if asked.
    pub(crate) fn reinit(&mut self, by: Member, member: Member, start: bool) {
        self.kill(by, member, Cause::Stopped);
        self.begin(member, start);
    }

    /// Ends the present life, if there is one, with a cause.
    pub(crate) fn kill(&mut self, by: Member, member: Member, cause: Cause) {
        let killer = self.task(by).id;
        self.end_life(member, FaultInfo::Killed(killer, cause));
    }
}
