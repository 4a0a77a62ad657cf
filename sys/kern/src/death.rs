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
use crate::task::{End, Member, NEVER_US, ReceiveDescriptor, State};
use sys_abi::{
    Cause, CrashKind, Edge, FAULT_NOTIFICATION, FaultInfo, Generation, RecvStatus, SendStatus,
    TaskId,
};

/// Task 0 is the supervisor: whoever it is, its end is the end of the image.
pub(crate) const SUPERVISOR: Member = Member(0);

/// The generation of a task that has used up all lives.
const EXHAUSTED: Generation = Generation(Generation::LAST.0 + 1);

impl<A: Arch> Kernel<'_, A> {
    /// Ends the present life, if there is one. The caller chooses who runs next.
    #[inline(never)]
    pub(crate) fn end_life(&mut self, member: Member, fault: FaultInfo) {
        if !self.task(member).is_live() {
            return;
        }
        if member == SUPERVISOR {
            self.current = SUPERVISOR;
            self.crash(CrashKind::Supervisor, Some(fault));
        }
        let ended = self.bury(member, fault);
        self.silence_interrupts(member);
        if negative::releases() {
            self.release_peers(member, ended);
        }
        self.forget_watches(member);
        if negative::deaths() {
            self.publish(member, Edge::Died, ended.generation());
        }
        self.notify(SUPERVISOR, FAULT_NOTIFICATION);
    }

    /// Writes down how it ended, and gives the id that is stale from now on.
    fn bury(&mut self, member: Member, fault: FaultInfo) -> TaskId {
        let now_us = self.arch.now_us();
        let now_ticks = self.arch.ticks();
        let task = self.task_mut(member);
        let ended = task.id;
        let (original, rank) = (task.state, task.rank);
        task.live = TaskId::KERNEL;
        if negative::generations() {
            task.id = TaskId::new(member.index(), ended.generation().next().unwrap_or(EXHAUSTED));
        }
        task.cause = fault.cause();
        task.end = Some(End { fault, original });
        task.state = State::Down;
        task.since_ticks = now_ticks;
        task.died_us = now_us;
        task.notifications = 0;
        task.deadline_us = NEVER_US;
        task.receive = ReceiveDescriptor::default();
        task.senders = RankSet::EMPTY;
        self.ready.remove(rank);
        if let State::InSend(peer) = original
            && let Some(server) = self.tables.member(peer.index())
        {
            self.task_mut(server).senders.remove(rank);
        }
        ended
    }

    fn silence_interrupts(&mut self, member: Member) {
        for interrupt in self.tables.interrupts_of(member) {
            self.arch.irq_disable(interrupt.irq);
            self.arch.irq_clear_pending(interrupt.irq);
        }
    }

    /// Everybody blocked on the ended life becomes runnable with the record.
    fn release_peers(&mut self, member: Member, ended: TaskId) {
        let record = self.task(member).record();
        for peer in self.tables.members() {
            let status = match self.task(peer).state {
                State::InSend(id) | State::InReply(id) if id == ended => SendStatus::Dead as u32,
                State::InRecvFrom(id) if id == ended => RecvStatus::Dead as u32,
                _ => continue,
            };
            self.set_dead_result(peer, status, record);
            self.unblock(peer);
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
