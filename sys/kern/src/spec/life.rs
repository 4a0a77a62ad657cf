//! Death, restart, notifications, watches, timers, interrupts: as the kernel promises them.

use super::{Call, EXHAUSTED, Halt, News, Spec, TICK_US};
use sys_abi::{
    Cause, CrashKind, Edge, FAULT_NOTIFICATION, FaultInfo, Generation, IrqStatus, RecvStatus,
    SchedState, SendStatus, TaskId, UsageError,
};

const SUPERVISOR: usize = 0;
/// Edges that a watch remembers.
const NEWS_MAX: usize = 4;

impl Spec<'_> {
    /// Ends a life. Everybody who waits for it, watches it or looks after it learns of it now.
    pub(super) fn end(&mut self, task: usize, fault: FaultInfo) -> Result<(), Halt> {
        if !self.lives(task) {
            return Ok(());
        }
        if task == SUPERVISOR {
            return Err(Halt::Crash(CrashKind::Supervisor, self.id(task), Some(fault)));
        }
        let ended = self.id(task);
        let original = self.tasks[task].doing;
        self.becomes(task, SchedState::Stopped);
        let (now_us, dead) = (self.now_us, &mut self.tasks[task]);
        dead.generation = (dead.generation + 1).min(EXHAUSTED);
        dead.end = Some((fault, original));
        dead.cause = fault.cause();
        dead.bits = 0;
        dead.deadline_us = None;
        dead.receiver = None;
        dead.died_us = now_us;
        let lines = self.plan.interrupts.iter().filter(|line| usize::from(line.task) == task);
        for line in lines {
            self.enabled.remove(&line.irq);
            self.pending.remove(&line.irq);
        }
        self.release(task, ended);
        for (watch, news) in self.plan.watches.iter().zip(&mut self.news) {
            if usize::from(watch.watcher) == task {
                news.clear();
            }
        }
        self.publish(task, Edge::Died, ended.generation());
        self.notify(SUPERVISOR, FAULT_NOTIFICATION);
        Ok(())
    }

    fn release(&mut self, dead: usize, ended: TaskId) {
        let record = self.latest_death(dead);
        for peer in 0..self.tasks.len() {
            let status = match self.tasks[peer].doing {
                SchedState::InSend(id) | SchedState::InReply(id) if id == ended => {
                    SendStatus::Dead as u32
                }
                SchedState::InRecv(Some(id)) if id == ended => RecvStatus::Dead as u32,
                _ => continue,
            };
            self.give_record(peer, status, record);
            self.becomes(peer, SchedState::Runnable);
        }
    }

    /// Makes the next life, if one is left.
    pub(super) fn begin(&mut self, task: usize, start: bool) {
        if self.tasks[task].generation == EXHAUSTED {
            return;
        }
        self.becomes(task, if start { SchedState::Runnable } else { SchedState::Stopped });
        let born = &mut self.tasks[task];
        born.registers = [0; 8];
        born.end = None;
        born.served = None;
    }

    /// The current task did what the processor refuses.
    pub(crate) fn hardware_fault(&mut self, fault: FaultInfo) -> Result<(), Halt> {
        self.end(self.current, fault)?;
        self.schedule()
    }

    pub(super) fn publish(&mut self, peer: usize, edge: Edge, generation: Generation) {
        let cause = self.tasks[peer].cause;
        let news = News { edge, generation: generation.0 & 0x00ff_ffff, cause };
        for place in 0..self.plan.watches.len() {
            let watch = self.plan.watches[place];
            let watcher = usize::from(watch.watcher);
            let told = usize::from(watch.peer) == peer && watch.edges & edge.bit() != 0;
            if !told || !self.lives(watcher) {
                continue;
            }
            self.news[place].push(news);
            forget_one(&mut self.news[place]);
            self.notify(watcher, watch.mask);
        }
    }

    pub(super) fn watch_next(&mut self, me: usize) -> Call {
        let mut mine = self
            .plan
            .watches
            .iter()
            .zip(&mut self.news)
            .filter(|(watch, news)| usize::from(watch.watcher) == me && !news.is_empty());
        let next = mine.next().map(|(watch, news)| (watch.peer, news.remove(0)));
        match next {
            Some((peer, News { edge, generation, cause })) => {
                self.give(me, &[1, peer.into(), edge as u32, generation, cause as u32]);
            }
            None => self.give(me, &[0]),
        }
        Ok(())
    }

    /// Posts bits; who waits for one of them stops waiting.
    pub(super) fn notify(&mut self, task: usize, bits: u32) {
        if !self.lives(task) {
            return;
        }
        self.tasks[task].bits |= bits;
        let mask = self.tasks[task].registers[2];
        if matches!(self.tasks[task].doing, SchedState::InRecv(_)) && self.receive_bits(task, mask)
        {
            self.becomes(task, SchedState::Runnable);
        }
    }

    /// Takes the notifications in `mask`, if there are any, as what RECV gives.
    pub(super) fn receive_bits(&mut self, task: usize, mask: u32) -> bool {
        let fired = self.tasks[task].bits & mask;
        if fired != 0 {
            self.tasks[task].bits &= !fired;
            let status = RecvStatus::Notification as u32;
            self.give(task, &[status, TaskId::KERNEL.0, fired, 0, 0, 0]);
        }
        fired != 0
    }

    pub(super) fn post(&mut self, me: usize, target: TaskId, bits: u32) -> Call {
        let peer = self.named(target)?;
        let allowed = self
            .plan
            .posts
            .iter()
            .filter(|post| (usize::from(post.source), usize::from(post.target)) == (me, peer));
        if bits & !allowed.fold(0, |all, post| all | post.mask) != 0 {
            return Err(UsageError::PostNotAllowed.into());
        }
        if !self.is_live(peer, target) {
            let record = self.record(peer, target)?;
            self.give_record(me, SendStatus::Dead as u32, record);
            return Ok(());
        }
        self.give(me, &[SendStatus::Replied as u32]);
        self.notify(peer, bits);
        Ok(())
    }

    pub(super) fn set_timer(&mut self, me: usize, registers: [u32; 8]) -> Call {
        let [armed, lo, hi, bits, ..] = registers;
        let deadline_us = u64::from(hi) << 32 | u64::from(lo);
        self.tasks[me].deadline_us = None;
        self.tasks[me].timer_bits = bits;
        if armed == 0 {
            return Ok(());
        }
        if deadline_us <= self.now_us {
            self.notify(me, bits);
        } else if deadline_us != u64::MAX {
            // The last moment never comes.
            self.tasks[me].deadline_us = Some(deadline_us);
        }
        Ok(())
    }

    pub(super) fn get_timer(&mut self, me: usize) -> Call {
        let (now_us, timer) = (self.now_us, self.tasks[me].deadline_us);
        let deadline_us = timer.unwrap_or(u64::MAX);
        let halves = |long: u64| (long as u32, (long >> 32) as u32);
        let ((now_lo, now_hi), (lo, hi)) = (halves(now_us), halves(deadline_us));
        self.give(me, &[now_lo, now_hi, timer.is_some().into(), lo, hi]);
        Ok(())
    }

    /// Time goes by, while the current task runs.
    pub(crate) fn pass(&mut self, us: u64) {
        self.now_us += us;
        self.tasks[self.current].cpu_us += us;
    }

    /// Timers are looked at when a tick is complete.
    pub(crate) fn tick(&mut self) -> Result<(), Halt> {
        let tick_us = self.now_us / TICK_US * TICK_US;
        for task in 0..self.tasks.len() {
            if self.tasks[task].deadline_us.is_some_and(|deadline_us| deadline_us <= tick_us) {
                self.tasks[task].deadline_us = None;
                self.notify(task, self.tasks[task].timer_bits);
            }
        }
        self.schedule()
    }

    /// A line is active: it is masked, and its task notified.
    pub(crate) fn interrupt(&mut self, irq: u16) -> Result<(), Halt> {
        self.enabled.remove(&irq);
        let line = self.plan.interrupts.iter().find(|line| line.irq == irq);
        match line {
            Some(line) if self.lives(line.task.into()) => self.notify(line.task.into(), line.mask),
            _ => self.dropped += 1,
        }
        self.schedule()
    }

    /// The lines mapped to exactly this mask.
    fn lines(&self, me: usize, mask: u32) -> Result<Vec<u16>, UsageError> {
        let mapped = self.plan.interrupts.iter();
        let mapped = mapped.filter(|line| usize::from(line.task) == me && line.mask == mask);
        let lines: Vec<u16> = mapped.map(|line| line.irq).collect();
        if lines.is_empty() { Err(UsageError::NoIrq) } else { Ok(lines) }
    }

    pub(super) fn irq_control(&mut self, me: usize, mask: u32, control: u32) -> Call {
        if control > 3 {
            return Err(UsageError::NoIrq.into());
        }
        for irq in self.lines(me, mask)? {
            if control & 2 != 0 {
                self.pending.remove(&irq);
            }
            if control & 1 != 0 {
                self.enabled.insert(irq);
            } else {
                self.enabled.remove(&irq);
            }
        }
        Ok(())
    }

    pub(super) fn irq_status(&mut self, me: usize, mask: u32) -> Call {
        let lines = self.lines(me, mask)?;
        let any = |set: bool, bit: u32| if set { bit } else { 0 };
        let enabled = lines.iter().any(|irq| self.enabled.contains(irq));
        let pending = lines.iter().any(|irq| self.pending.contains(irq));
        let posted = self.tasks[me].bits & mask != 0;
        let status = any(enabled, IrqStatus::ENABLED)
            | any(pending, IrqStatus::PENDING)
            | any(posted, IrqStatus::POSTED);
        self.give(me, &[status]);
        Ok(())
    }

    pub(super) fn kill(&mut self, by: usize, task: usize, cause: Cause) -> Result<(), Halt> {
        self.end(task, FaultInfo::Killed(self.id(by), cause))
    }
}

/// A full watch forgets its oldest edge that is not a death, or else its oldest death; never the
/// one that has just come.
fn forget_one(news: &mut Vec<News>) {
    if news.len() > NEWS_MAX {
        let old = &news[..NEWS_MAX];
        let place = old.iter().position(|news| news.edge != Edge::Died).unwrap_or(0);
        news.remove(place);
    }
}
