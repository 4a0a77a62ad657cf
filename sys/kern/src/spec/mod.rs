//! The executable specification: what the kernel promises, as simply as it can be written.
//!
//! | module | says |
//! |---|---|
//! | `plan` | which image is meant |
//! | this one | what a task is, who runs, whose memory is whose |
//! | `life` | death, restart, notifications, watches, timers, interrupts |
//! | `message` | SEND, RECV, REPLY and their relatives, leases |
//! | `to_kernel` | messages to the kernel |
//! | `step` | what may happen next, drawn from bytes |
//! | [`duel`] | the kernel and the specification side by side |
//!
//! # Why
//! The specification shares nothing with the kernel but `sys_abi`: no ranks, no ready set, no
//! queues of senders, no fast paths, no stamps that are cheap. Whatever can be found by looking at
//! all tasks is found so. Property tests, the fuzzer and the corpus all run [`duel::run`]: a
//! difference of any result register, state, record, notification or byte of memory after any step
//! is a failure. It is compiled for tests and for `cargo fuzz` only.

pub mod duel;
mod life;
mod message;
pub(crate) mod plan;
mod step;
mod to_kernel;

use plan::{Kind, Plan};
use std::collections::BTreeSet;
use sys_abi::{
    Cause, CrashKind, DeathRecord, FaultInfo, FaultSource, Generation, SchedState, Sysnum,
    TaskFlags, TaskId, TaskIndex, UsageError,
};

/// The life that a task has when all are used up.
const EXHAUSTED: u32 = Generation::LAST.0 + 1;
/// Microseconds in a tick.
const TICK_US: u64 = 1000;

/// What ends everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// A crash while this task was current.
    Crash(CrashKind, TaskId, Option<FaultInfo>),
    /// Somebody asked for a reset.
    Reset,
}

/// Why a call does not do what it says.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// The caller's life ends.
    Fault(FaultInfo),
    /// Everything ends.
    Halt(Halt),
}

impl From<UsageError> for Wrong {
    fn from(error: UsageError) -> Self {
        Self::Fault(FaultInfo::SyscallUsage(error))
    }
}

impl From<FaultInfo> for Wrong {
    fn from(fault: FaultInfo) -> Self {
        Self::Fault(fault)
    }
}

impl From<Halt> for Wrong {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

type Call<T = ()> = Result<T, Wrong>;

/// One task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// This life; while there is none, the next.
    pub generation: u32,
    /// What it does; a task that is down does what a stopped one does.
    pub doing: SchedState,
    /// r4..r11: of a blocked task what it asked, of a runnable one what it got.
    pub registers: [u32; 8],
    /// Notifications.
    pub bits: u32,
    /// How the latest life ended, until the next is made.
    pub end: Option<(FaultInfo, SchedState)>,
    /// Of the latest death.
    pub cause: Cause,
    /// When the timer fires.
    pub deadline_us: Option<u64>,
    timer_bits: u32,
    /// Base, length and mask that REPLY_RECV receives with.
    receiver: Option<[u32; 3]>,
    /// Whose message it took last in this life.
    served: Option<usize>,
    /// System calls.
    pub entries: u32,
    /// Times it was switched to.
    pub switches: u32,
    /// Processor time.
    pub cpu_us: u64,
    /// Tick in which it began to do what it does.
    pub since_tick: u64,
    /// Latest death; 0 = none.
    pub died_us: u64,
}

/// Something that a watcher has to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct News {
    edge: sys_abi::Edge,
    generation: u32,
    cause: Cause,
}

/// The whole machine.
#[derive(Clone, Debug)]
pub(crate) struct Spec<'p> {
    plan: &'p Plan,
    pub tasks: Vec<Task>,
    /// One list per watch of the plan, oldest first.
    news: Vec<Vec<News>>,
    /// Base and contents.
    pub memory: Vec<(u32, Vec<u8>)>,
    pub now_us: u64,
    /// Who runs.
    pub current: usize,
    /// Lines that may interrupt.
    pub enabled: BTreeSet<u16>,
    /// Lines that are pending.
    pub pending: BTreeSet<u16>,
    /// Interrupts for nobody.
    pub dropped: u32,
}

impl<'p> Spec<'p> {
    /// The machine right after its start.
    pub(crate) fn boot(plan: &'p Plan) -> Self {
        let zeroed = |(base, bytes): (u32, u32)| (base, vec![0; bytes as usize]);
        let mut spec = Self {
            plan,
            tasks: (0..plan.descs.len()).map(|task| Task::first(plan, task)).collect(),
            news: vec![Vec::new(); plan.watches.len()],
            memory: plan.memory().into_iter().map(zeroed).collect(),
            now_us: 0,
            current: 0,
            enabled: BTreeSet::new(),
            pending: BTreeSet::new(),
            dropped: 0,
        };
        // The supervisor is most important, and started.
        spec.tasks[0].switches = 1;
        spec
    }

    /// The current task, its registers set, makes its system call.
    pub(crate) fn syscall(&mut self) -> Result<(), Halt> {
        let me = self.current;
        self.tasks[me].entries += 1;
        match self.call(me) {
            Ok(()) => {}
            Err(Wrong::Fault(fault)) => self.end(me, fault)?,
            Err(Wrong::Halt(halt)) => return Err(halt),
        }
        self.schedule()
    }

    fn call(&mut self, me: usize) -> Call {
        let registers = self.tasks[me].registers;
        let number = Sysnum::ALL.get(registers[7] as usize);
        let [a, b, c, d, ..] = registers;
        match number.ok_or(UsageError::BadSyscallNumber)? {
            Sysnum::Send => self.send(me, registers),
            Sysnum::Recv => self.recv(me, registers),
            Sysnum::Reply => self.reply(me, TaskId(a), b, c, d),
            Sysnum::ReplyRecv => self.reply_recv(me, registers),
            Sysnum::SetRecv => self.set_recv(me, registers),
            Sysnum::ReplyFault => self.reply_fault(me, TaskId(a), b),
            Sysnum::RefreshTaskId => self.refresh(me, TaskId(a)),
            Sysnum::BorrowRead => self.borrow(me, registers, false),
            Sysnum::BorrowWrite => self.borrow(me, registers, true),
            Sysnum::BorrowInfo => self.borrow_info(me, registers),
            Sysnum::Post => self.post(me, TaskId(a), b),
            Sysnum::SetTimer => self.set_timer(me, registers),
            Sysnum::GetTimer => self.get_timer(me),
            Sysnum::IrqControl => self.irq_control(me, a, b),
            Sysnum::IrqStatus => self.irq_status(me, a),
            Sysnum::WatchNext => self.watch_next(me),
            Sysnum::Panic => Err(FaultInfo::Panic.into()),
        }
    }

    /// The most important runnable task runs. Equals do not preempt each other; when the current
    /// one stops, they take turns in the order of their indices.
    fn schedule(&mut self) -> Result<(), Halt> {
        let me = self.current;
        let own = self.priority(me);
        let goes_on = self.tasks[me].doing == SchedState::Runnable;
        let others = (0..self.tasks.len())
            .filter(|task| *task != me && self.tasks[*task].doing == SchedState::Runnable);
        let others: Vec<usize> = others.collect();
        let Some(best) = others.iter().map(|task| self.priority(*task)).min() else {
            let crash = Halt::Crash(CrashKind::NothingRunnable, self.id(me), None);
            return if goes_on { Ok(()) } else { Err(crash) };
        };
        if goes_on && own <= best {
            return Ok(());
        }
        let mut equals = others.iter().copied().filter(|task| self.priority(*task) == best);
        let first = equals.clone().next();
        let turn = equals.find(|task| best == own && *task > me).or(first);
        self.current = turn.unwrap_or(me);
        self.tasks[self.current].switches += 1;
        Ok(())
    }

    fn priority(&self, task: usize) -> u8 {
        self.plan.descs[task].priority
    }

    fn id(&self, task: usize) -> TaskId {
        TaskId::new(TaskIndex(task as u8), Generation(self.tasks[task].generation))
    }

    pub(crate) fn lives(&self, task: usize) -> bool {
        self.tasks[task].doing != SchedState::Stopped
    }

    /// The task that an id names.
    fn named(&self, id: TaskId) -> Result<usize, UsageError> {
        let index = usize::from(id.index().0);
        if index < self.tasks.len() { Ok(index) } else { Err(UsageError::TaskOutOfRange) }
    }

    fn is_live(&self, peer: usize, id: TaskId) -> bool {
        self.lives(peer) && self.id(peer) == id
    }

    /// The record for an id that names no life; ids from the future are a lie.
    fn record(&self, peer: usize, id: TaskId) -> Result<DeathRecord, UsageError> {
        if id.generation().0 > self.tasks[peer].generation {
            return Err(UsageError::IllegalTask);
        }
        Ok(self.latest_death(peer))
    }

    fn latest_death(&self, peer: usize) -> DeathRecord {
        let generation = Generation(self.tasks[peer].generation - 1);
        DeathRecord { peer: TaskIndex(peer as u8), generation, cause: self.tasks[peer].cause }
    }

    fn give(&mut self, task: usize, results: &[u32]) {
        self.tasks[task].registers[..results.len()].copy_from_slice(results);
    }

    fn give_record(&mut self, task: usize, status: u32, record: DeathRecord) {
        let DeathRecord { peer, generation, cause } = record;
        self.give(task, &[status, peer.0.into(), generation.0, cause as u32]);
    }

    fn becomes(&mut self, task: usize, doing: SchedState) {
        self.tasks[task].doing = doing;
        self.tasks[task].since_tick = self.now_us / TICK_US;
    }

    /// Whether the task may give this slice to the kernel: no bytes, or all in one area.
    fn check_slice(&self, task: usize, base: u32, len: u32, write: bool) -> Result<(), FaultInfo> {
        let (first, end) = (u64::from(base), u64::from(base) + u64::from(len));
        if len == 0 {
            return Ok(());
        }
        if end > 1 << 32 {
            return Err(FaultInfo::SyscallUsage(UsageError::InvalidSlice));
        }
        let possible = |kind: Kind| match kind {
            Kind::Ram | Kind::Write => true,
            Kind::Code | Kind::Read | Kind::Shown => !write,
            Kind::Device => false,
        };
        let inside = self.plan.areas[task].iter().any(|area| {
            let area_end = u64::from(area.base) + u64::from(area.bytes);
            possible(area.kind) && u64::from(area.base) <= first && end <= area_end
        });
        let fault = FaultInfo::MemoryAccess { address: Some(base), source: FaultSource::Kernel };
        if inside { Ok(()) } else { Err(fault) }
    }

    /// Bytes of memory; none of an empty slice, wherever it is.
    pub(crate) fn read(&self, base: u32, len: u32) -> Vec<u8> {
        (0..len).map(|offset| self.byte(base + offset)).collect()
    }

    fn byte(&self, address: u32) -> u8 {
        let found = self.memory.iter().find_map(|(base, bytes)| {
            address.checked_sub(*base).and_then(|offset| bytes.get(offset as usize))
        });
        *found.expect("a checked address")
    }

    pub(crate) fn write(&mut self, base: u32, bytes: &[u8]) {
        for (offset, byte) in bytes.iter().enumerate() {
            let address = base + offset as u32;
            let place = self.memory.iter_mut().find_map(|(base, bytes)| {
                address.checked_sub(*base).and_then(|offset| bytes.get_mut(offset as usize))
            });
            *place.expect("a checked address") = *byte;
        }
    }

    /// Copies as many bytes as both sides have; `None` if it would read what it has written.
    fn copy(&mut self, from: (u32, u32), to: (u32, u32)) -> Option<u32> {
        let len = from.1.min(to.1);
        let apart = u64::from(from.0.abs_diff(to.0)) >= u64::from(len);
        if !apart {
            return None;
        }
        let bytes = self.read(from.0, len);
        self.write(to.0, &bytes);
        Some(len)
    }
}

impl Task {
    fn first(plan: &Plan, task: usize) -> Self {
        let started = plan.descs[task].flags & TaskFlags::START != 0;
        Self {
            // A life that was never started counts as ended.
            generation: if started { plan.lives[task].0 } else { 1 },
            doing: if started { SchedState::Runnable } else { SchedState::Stopped },
            registers: [0; 8],
            bits: 0,
            end: None,
            cause: Cause::Stopped,
            deadline_us: None,
            timer_bits: 0,
            receiver: None,
            served: None,
            entries: 0,
            switches: 0,
            cpu_us: 0,
            since_tick: 0,
            died_us: 0,
        }
    }
}
