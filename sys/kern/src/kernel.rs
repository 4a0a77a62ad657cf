//! Who runs: the kernel object, its entry points, the ready set and the switch.
//!
//! An entry point is called by `arch` with the registers of the current task stored. It does its
//! work, decides who runs next, and `arch` returns to that task. Nothing interrupts it.

use crate::arch::{Arch, at, at_mut};
use crate::death::SUPERVISOR;
use crate::negative::NEVER_PANICS;
use crate::ready::RankSet;
use crate::refusal::{Refusal, usage};
use crate::tables::Tables;
use crate::task::{Member, NEVER_US, State, Task};
use crate::umem;
use crate::watch::WatchQueue;
use crate::wire::Answer;
use sys_abi::{
    Cause, CrashKind, CrashRecord, FAULT_NOTIFICATION, FaultInfo, MAX_TASKS, Sysnum, TaskDesc,
    TaskFlags, TaskId, UsageError,
};

/// A system call is made, whoever runs next, or faults its caller. Two words, so that it comes back
/// in registers.
pub(crate) type Outcome = Result<(), Refusal>;

/// Exception frame on a task's stack (Arm DDI 0553, B3.20), and where pc is in it.
const FRAME_BYTES: u32 = 32;
const FRAME_PC_OFFSET: u32 = 24;

/// All state of the kernel.
pub struct Kernel<'a, A> {
    /// The hardware.
    pub arch: A,
    pub(crate) tables: Tables<'a>,
    pub(crate) tasks: &'a mut [Task],
    pub(crate) watches: &'a mut [WatchQueue],
    /// Task index by rank.
    by_rank: [u8; MAX_TASKS],
    /// Who wants the processor and does not have it: runnable, and not current.
    pub(crate) ready: RankSet,
    pub(crate) current: Member,
    /// [`Arch::cycles_left`] at the latest switch.
    pub(crate) switched_at: u32,
    /// No timer fires before this.
    pub(crate) next_deadline_us: u64,
    /// Interrupts that came for nobody: not mapped, or their task was down.
    pub(crate) dropped_interrupts: u32,
}

impl<'a, A: Arch> Kernel<'a, A> {
    /// Makes the kernel and the first life of each task. Nothing runs yet: see [`Kernel::start`].
    ///
    /// `tasks` has one entry per task descriptor, as [`Task::new`] makes it, and `watches` one per
    /// watch descriptor, empty.
    pub fn new(
        arch: A,
        tables: Tables<'a>,
        tasks: &'a mut [Task],
        watches: &'a mut [WatchQueue],
    ) -> Self {
        let mut kernel = Self::unborn(arch, tables, tasks, watches);
        kernel.begin_lives();
        kernel
    }

    /// [`Kernel::new`] without [`Kernel::begin_lives`]: the two steps apart, for a kernel that is
    /// made where it stays.
    #[inline(always)]
    pub(crate) const fn unborn(
        arch: A,
        tables: Tables<'a>,
        tasks: &'a mut [Task],
        watches: &'a mut [WatchQueue],
    ) -> Self {
        Self {
            arch,
            tables,
            tasks,
            watches,
            by_rank: [0; MAX_TASKS],
            ready: RankSet::EMPTY,
            current: Member(0),
            switched_at: 0,
            next_deadline_us: NEVER_US,
            dropped_interrupts: 0,
        }
    }

    /// Makes the first life of each task.
    pub(crate) fn begin_lives(&mut self) {
        for member in self.tables.members() {
            self.rank(member);
        }
        for member in self.tables.members() {
            self.first_life(member);
        }
    }

    /// Position in the order of importance = priority first, then index.
    fn rank(&mut self, member: Member) {
        let priority = self.desc(member).priority;
        let (mut rank, mut shares_priority) = (0_u8, false);
        for other in self.tables.members() {
            let theirs = self.desc(other).priority;
            shares_priority |= theirs == priority && other != member;
            let before = (theirs, other.0) < (priority, member.0);
            rank = rank.wrapping_add(before.into());
        }
        self.by_rank[usize::from(rank) % MAX_TASKS] = member.index().0;
        let task = self.task_mut(member);
        task.rank = rank;
        task.priority = priority;
        task.shares_priority = shares_priority;
    }

    fn first_life(&mut self, member: Member) {
        if self.desc(member).flags & TaskFlags::START != 0 {
            self.begin(member, true);
        } else {
            // Life 0 counts as stopped, so that there is a record for those who send to it.
            let task = self.task_mut(member);
            task.id = TaskId::new(member.index(), sys_abi::Generation(1));
            self.begin(member, false);
        }
    }

    /// Chooses the first task to run. Called once, when `arch` is ready to enter it.
    pub fn start(&mut self) {
        self.switched_at = self.arch.cycles_left();
        self.choose();
    }

    /// The current task executed `svc`; its number is in r11.
    #[inline]
    pub fn syscall(&mut self) {
        match self.task(self.current).saved.r[7] {
            number if number == Sysnum::Send as u32 => self.syscall_send(),
            number if number == Sysnum::Recv as u32 => self.syscall_recv(),
            number if number == Sysnum::ReplyRecv as u32 => self.syscall_reply_recv(),
            number if number == Sysnum::Post as u32 => self.syscall_post(),
            number if number == Sysnum::GetTimer as u32 => self.syscall_get_timer(),
            _ => self.syscall_other(),
        }
    }

    /// [`Kernel::syscall`] for SEND: the trap knows the number.
    #[inline(always)]
    pub fn syscall_send(&mut self) {
        if !self.fast_send() {
            self.general();
        }
    }

    /// For RECV.
    #[inline(always)]
    pub fn syscall_recv(&mut self) {
        if !self.fast_recv() {
            self.general();
        }
    }

    /// For REPLY_RECV.
    #[inline(always)]
    pub fn syscall_reply_recv(&mut self) {
        if !self.fast_reply_recv() {
            self.general();
        }
    }

    /// For POST.
    #[inline(always)]
    pub fn syscall_post(&mut self) {
        if !self.fast_post() {
            self.general();
        }
    }

    /// For GET_TIMER.
    #[inline(always)]
    pub fn syscall_get_timer(&mut self) {
        self.fast_get_timer();
    }

    /// For all others.
    #[inline(always)]
    pub fn syscall_other(&mut self) {
        let task = at_mut(self.tasks, self.current);
        task.entries = task.entries.wrapping_add(1);
        self.general();
    }

    /// Any system call, from the beginning, but for the count of entries.
    #[inline(never)]
    fn general(&mut self) {
        let me = self.current;
        let number = self.task(me).saved.r[7];
        if let Err(refusal) = self.dispatch(me, number) {
            let fault = FaultInfo::from(refusal);
            self.fault_current(fault, fault.cause());
        }
    }

    fn dispatch(&mut self, me: Member, number: u32) -> Outcome {
        const SEND: u32 = Sysnum::Send as u32;
        const RECV: u32 = Sysnum::Recv as u32;
        const REPLY: u32 = Sysnum::Reply as u32;
        const SET_TIMER: u32 = Sysnum::SetTimer as u32;
        const BORROW_READ: u32 = Sysnum::BorrowRead as u32;
        const BORROW_WRITE: u32 = Sysnum::BorrowWrite as u32;
        const BORROW_INFO: u32 = Sysnum::BorrowInfo as u32;
        const IRQ_CONTROL: u32 = Sysnum::IrqControl as u32;
        const PANIC: u32 = Sysnum::Panic as u32;
        const REFRESH_TASK_ID: u32 = Sysnum::RefreshTaskId as u32;
        const POST: u32 = Sysnum::Post as u32;
        const REPLY_FAULT: u32 = Sysnum::ReplyFault as u32;
        const IRQ_STATUS: u32 = Sysnum::IrqStatus as u32;
        const REPLY_RECV: u32 = Sysnum::ReplyRecv as u32;
        const SET_RECV: u32 = Sysnum::SetRecv as u32;
        const WATCH_NEXT: u32 = Sysnum::WatchNext as u32;
        match number {
            SEND => self.send(me),
            RECV => self.recv(me),
            REPLY => self.reply(me),
            SET_TIMER => self.set_timer(me),
            BORROW_READ | BORROW_WRITE => self.borrow(me, number == BORROW_READ),
            BORROW_INFO => self.borrow_info(me),
            IRQ_CONTROL => self.irq_control(me),
            PANIC => Err(Refusal::Panic),
            REFRESH_TASK_ID => self.refresh_task_id(me),
            POST => self.post(me),
            REPLY_FAULT => self.reply_fault(me),
            IRQ_STATUS => self.irq_status(me),
            REPLY_RECV => self.reply_recv(me),
            SET_RECV => self.set_recv(me),
            WATCH_NEXT => self.watch_next(me),
            _ => Err(usage(UsageError::BadSyscallNumber)),
        }
    }

    /// The current task did what the processor refused, which is neither a panic nor a kill.
    pub fn hardware_fault(&mut self, fault: FaultInfo) {
        self.fault_current(fault, Cause::Faulted);
    }

    #[cold]
    #[inline(never)]
    fn fault_current(&mut self, fault: FaultInfo, cause: Cause) {
        self.finish(self.current, &fault, cause);
        let now_ticks = self.arch.ticks();
        let supervisor = at_mut(self.tasks, SUPERVISOR);
        let mask = supervisor.saved.r[2];
        // Nobody is before the supervisor, and most of the time it waits for this.
        let waits = matches!(supervisor.state, State::InRecv) && supervisor.rank == 0;
        if waits && mask & FAULT_NOTIFICATION != 0 {
            supervisor.notifications |= FAULT_NOTIFICATION;
            supervisor.take_notifications_here(mask);
            supervisor.state = State::Runnable;
            supervisor.since_ticks = now_ticks;
            self.hand_over(SUPERVISOR);
        } else {
            self.notify(SUPERVISOR, FAULT_NOTIFICATION);
            self.choose();
        }
    }

    /// The running task.
    #[must_use]
    pub const fn current(&self) -> Member {
        self.current
    }

    #[inline(always)]
    pub(crate) fn task(&self, member: Member) -> &Task {
        at(self.tasks, member)
    }

    #[inline(always)]
    pub(crate) fn task_mut(&mut self, member: Member) -> &mut Task {
        at_mut(self.tasks, member)
    }

    #[inline(always)]
    pub(crate) fn desc(&self, member: Member) -> &'a TaskDesc {
        at(self.tables.tasks, member)
    }

    /// The task that an id names, whichever of its lives.
    #[inline(always)]
    pub(crate) fn named(&self, id: TaskId) -> Result<Member, Refusal> {
        self.tables.member(id.index()).ok_or(usage(UsageError::TaskOutOfRange))
    }

    /// Lets the current task enter a blocking state, and somebody else run.
    pub(crate) fn wait(&mut self, member: Member, state: State) -> Outcome {
        self.block(member, state);
        self.choose();
        Ok(())
    }

    /// Lets the current task enter a blocking state; the caller chooses who runs next.
    #[inline(always)]
    pub(crate) fn block(&mut self, member: Member, state: State) {
        let now_ticks = self.arch.ticks();
        let task = self.task_mut(member);
        task.state = state;
        task.since_ticks = now_ticks;
        if let State::InRecvFrom(peer) = state {
            task.waits_for = peer;
        }
    }

    /// Ends a wait; the caller chooses who runs next.
    #[inline(never)]
    pub(crate) fn wake(&mut self, member: Member) {
        let now_ticks = self.arch.ticks();
        let task = self.task_mut(member);
        task.state = State::Runnable;
        task.since_ticks = now_ticks;
        let rank = task.rank;
        self.ready.insert(rank);
    }

    #[inline(always)]
    pub(crate) fn member_of(&self, rank: u8) -> Member {
        Member(self.by_rank[usize::from(rank) % MAX_TASKS].into())
    }

    /// Rank of the most important of a set; equals take turns, behind the one with rank `after`.
    #[inline(always)]
    pub(crate) fn pick(&self, set: &RankSet, after: u8) -> Option<u8> {
        Some(self.turn(set, set.first()?, after))
    }

    /// The one with rank `first`, or an equal whose turn it is.
    #[inline(always)]
    fn turn(&self, set: &RankSet, first: u8, after: u8) -> u8 {
        if !self.task(self.member_of(first)).shares_priority {
            return first;
        }
        self.take_turns(set, first, after)
    }

    #[inline(never)]
    fn take_turns(&self, set: &RankSet, first: u8, after: u8) -> u8 {
        let priority = |rank| self.task(self.member_of(rank)).priority;
        match set.after(after) {
            Some(next) if priority(next) == priority(first) => next,
            _ => first,
        }
    }

    /// Runs the most important runnable task. One that is equally important as the current one
    /// has to wait until the current one blocks.
    #[inline(never)]
    pub(crate) fn choose(&mut self) {
        let Task { state, rank, priority, .. } = *self.task(self.current);
        let runnable = matches!(state, State::Runnable);
        let first = match self.ready.first() {
            Some(first) if runnable && first > rank => return,
            Some(first) => first,
            None if runnable => return,
            None => self.crash(CrashKind::NothingRunnable, None),
        };
        let next_rank = self.turn(&self.ready, first, rank);
        let next = self.member_of(next_rank);
        // Who is current and in the ready set has just begun a new life.
        if runnable && !self.ready.contains(rank) {
            if self.task(next).priority == priority {
                return;
            }
            self.ready.insert(rank);
        }
        self.ready.remove(next_rank);
        self.hand_over(next);
    }

    /// Puts the time since the latest switch to the current task's account.
    pub(crate) fn account(&mut self) {
        let now = self.arch.exact_cycles_left();
        at_mut(self.tasks, self.current).charge(now, &mut self.switched_at);
    }

    /// Where the current task was, if its stack can still be read.
    fn stacked_pc(&self) -> u32 {
        let psp = self.task(self.current).saved.psp;
        let mut pc = [0; 4];
        if let Ok(frame) = umem::readable(&self.tables, self.current, psp, FRAME_BYTES) {
            self.arch.load(frame.skip(FRAME_PC_OFFSET), &mut pc);
        }
        u32::from_le_bytes(pc)
    }

    /// Leaves a record and resets: there is nobody left who could do better.
    #[cold]
    pub(crate) fn crash(&mut self, kind: CrashKind, fault: Option<FaultInfo>) -> ! {
        if !NEVER_PANICS {
            panic!("a promise is broken on purpose");
        }
        let now_us = self.arch.now_us();
        let task = self.task(self.current);
        let mut answer = Answer::EMPTY;
        if let Some(fault) = fault {
            answer.fault(&fault);
        }
        let mut record = CrashRecord {
            task: task.id.0,
            pc: self.stacked_pc(),
            sp: task.saved.psp,
            time_us_lo: now_us as u32,
            time_us_hi: (now_us >> 32) as u32,
            fault: answer.padded(),
            ..CrashRecord::of_kind(kind)
        };
        self.arch.crash(&mut record)
    }
}
