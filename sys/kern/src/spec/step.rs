//! What may happen next, drawn from sixteen bytes.
//!
//! Most steps are what a sensible task does in the present state (so that walks go deep), some are
//! stale or almost right, a few are anything. Which, each argument says for itself by its first
//! byte; its second byte chooses the value.

use super::Spec;
use super::plan::{
    CODE_BYTES, DEVICE, IRQ_MASKS, IRQS, RAM_BYTES, SHARED, SHARED_BYTES, TOP, code, ram,
};
use sys_abi::{
    CODE_DISCONNECTED, CODE_RESERVED_FIRST, FaultInfo, FaultSource, Kipc, SchedState, Sysnum,
    TaskId,
};

/// Bytes that a step is drawn from.
pub(crate) const STEP_BYTES: usize = 16;

/// Where a task keeps its lease table, in its RAM.
const LEASES_AT: u32 = 0xc0;
const LEASE_BYTES: u32 = 12;
/// Leases that a table has room for.
const LEASE_COUNT: u8 = 4;
/// Where a task writes its requests to the kernel.
const REQUEST_AT: u32 = 0xa0;

/// First bytes of an argument below this are sensible.
const SENSIBLE: u8 = 238;
/// From here on they are anything.
const ANYTHING: u8 = 250;
/// Last bytes of a step from here on make supervisor and idle careless.
const CARELESS: u8 = 240;
/// Values that have broken kernels.
const EDGES: [u32; 16] = [
    0,
    1,
    0x7fff_ffff,
    0x8000_0000,
    u32::MAX,
    u32::MAX - 1,
    u32::MAX - 31,
    64,
    255,
    0xffff,
    0x1_0000,
    CODE_DISCONNECTED,
    CODE_RESERVED_FIRST,
    DEVICE,
    TOP,
    SHARED - 1,
];

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The current task writes into its RAM: offset and bytes.
    Write(u32, Vec<u8>),
    /// The current task makes a system call: r4..r11.
    Syscall([u32; 8]),
    /// The current task does what the processor refuses.
    Fault(FaultInfo),
    /// Time goes by, in microseconds; then a tick comes.
    Pass(u64),
    /// A line becomes active.
    Raise(u16),
    /// The controller delivers a line that is enabled, or one that is not.
    Interrupt(u16),
}

/// What an argument means.
#[derive(Clone, Copy)]
enum Shape {
    /// A task that one may send to.
    Server,
    /// A task that waits for a reply.
    Caller,
    /// A task, or the kernel.
    Anybody,
    /// Memory to read or write.
    Address,
    Length,
    /// The lease table.
    Table,
    /// Op and number of leases.
    Op,
    /// Reply code.
    Code,
    /// Notification bits.
    Bits,
    /// Bits of interrupt lines.
    Lines,
    /// A lease of the first argument's task.
    Index,
    /// A small number.
    Small,
    /// Zero, or rarely not.
    Zero,
    /// A moment soon.
    Soon,
}

use Shape::*;

const CALLS: [(Sysnum, [Shape; 7]); 17] = [
    (Sysnum::Send, [Server, Op, Address, Length, Address, Length, Table]),
    (Sysnum::Recv, [Address, Length, Bits, Zero, Anybody, Small, Small]),
    (Sysnum::Reply, [Caller, Code, Address, Length, Small, Small, Small]),
    (Sysnum::SetTimer, [Small, Soon, Zero, Bits, Small, Small, Small]),
    (Sysnum::BorrowRead, [Caller, Index, Small, Address, Length, Small, Small]),
    (Sysnum::BorrowWrite, [Caller, Index, Small, Address, Length, Small, Small]),
    (Sysnum::BorrowInfo, [Caller, Index, Small, Small, Small, Small, Small]),
    (Sysnum::IrqControl, [Lines, Small, Small, Small, Small, Small, Small]),
    (Sysnum::Panic, [Address, Length, Small, Small, Small, Small, Small]),
    (Sysnum::GetTimer, [Small, Small, Small, Small, Small, Small, Small]),
    (Sysnum::RefreshTaskId, [Anybody, Small, Small, Small, Small, Small, Small]),
    (Sysnum::Post, [Anybody, Bits, Small, Small, Small, Small, Small]),
    (Sysnum::ReplyFault, [Caller, Small, Small, Small, Small, Small, Small]),
    (Sysnum::IrqStatus, [Lines, Small, Small, Small, Small, Small, Small]),
    (Sysnum::ReplyRecv, [Caller, Code, Address, Length, Small, Small, Small]),
    (Sysnum::SetRecv, [Address, Length, Bits, Small, Small, Small, Small]),
    (Sysnum::WatchNext, [Small, Small, Small, Small, Small, Small, Small]),
];

/// How often each system call comes, by its number; the rest is other steps.
const CALL_WEIGHTS: [u8; 17] = [44, 40, 18, 8, 8, 8, 3, 6, 1, 2, 2, 8, 3, 3, 20, 8, 6];

/// Kernel-IPC ops, restart more often than the others.
const KERNEL_OPS: [Kipc; 16] = [
    Kipc::ReinitTask,
    Kipc::ReinitTask,
    Kipc::ReinitTask,
    Kipc::ReinitTask,
    Kipc::ReadTaskStatus,
    Kipc::FaultTask,
    Kipc::ReadImageId,
    Kipc::Reset,
    Kipc::SoftwareIrq,
    Kipc::FindFaultedTask,
    Kipc::ReadPanicMessage,
    Kipc::KillTask,
    Kipc::PublishEdge,
    Kipc::ReadTaskStats,
    Kipc::ReadTaskStats,
    Kipc::SoftwareIrq,
];

/// Draws steps in a state.
pub(crate) struct Draw<'s> {
    spec: &'s Spec<'s>,
    bytes: [u8; STEP_BYTES],
}

impl<'s> Draw<'s> {
    pub(crate) const fn new(spec: &'s Spec<'s>, bytes: [u8; STEP_BYTES]) -> Self {
        Self { spec, bytes }
    }

    /// What these bytes mean here: one step, or two when a request is written first.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let [choice, a, b, c, d, ..] = self.bytes;
        if let Some(steps) = self.habit() {
            return steps;
        }
        let mut left = choice;
        for ((number, shapes), weight) in CALLS.iter().zip(CALL_WEIGHTS) {
            if left < weight {
                return vec![self.call(*number, shapes)];
            }
            left -= weight;
        }
        match left {
            0..=9 => self.request(),
            10..=25 => vec![self.lease()],
            26..=31 => vec![Step::Write(u32::from(a) & 0x7f, vec![b, c, d])],
            32..=47 => vec![Step::Pass(microseconds(a, b))],
            48..=52 => vec![Step::Raise(IRQS[usize::from(a) % IRQS.len()])],
            53..=57 => vec![Step::Interrupt(self.line())],
            58..=60 => vec![Step::Fault(self.fault())],
            _ => vec![Step::Syscall([0, 0, 0, 0, 0, 0, 0, self.any(4).max(17)])],
        }
    }

    /// What supervisor and idle do most of the time; otherwise nobody else would run.
    fn habit(&self) -> Option<Vec<Step>> {
        const WAIT: [Shape; 7] = [Address, Length, Small, Zero, Anybody, Small, Small];
        const POST: [Shape; 7] = [Anybody, Bits, Small, Small, Small, Small, Small];
        let [choice, a, b, ..] = self.bytes;
        if self.mood() >= CARELESS {
            return None;
        }
        if self.me() == 0 {
            let waits = choice % 3 != 0;
            return Some(if waits { vec![self.call(Sysnum::Recv, &WAIT)] } else { self.request() });
        }
        if self.me() != self.idle() {
            return None;
        }
        Some(match choice % 8 {
            0..=3 => self.request(),
            4 => vec![Step::Pass(microseconds(a, b))],
            5 => vec![self.call(Sysnum::Post, &POST)],
            6 => vec![Step::Raise(IRQS[usize::from(a) % IRQS.len()])],
            _ => vec![Step::Interrupt(self.line())],
        })
    }

    fn me(&self) -> usize {
        self.spec.current
    }

    const fn idle(&self) -> usize {
        self.spec.tasks.len() - 1
    }

    /// How sensible an argument is, and its value. Those without whom nothing goes on are sensible
    /// most of the time.
    fn argument(&self, place: usize) -> (u8, u8) {
        let (kind, value) = (self.bytes[1 + 2 * place], self.bytes[2 + 2 * place]);
        let careful = (self.me() == 0 || self.me() == self.idle()) && self.mood() < CARELESS;
        (if careful { kind % SENSIBLE } else { kind }, value)
    }

    const fn mood(&self) -> u8 {
        self.bytes[STEP_BYTES - 1]
    }

    /// Any word, made of the argument's value.
    fn any(&self, place: usize) -> u32 {
        let (_, value) = self.argument(place);
        match value {
            0..=127 => EDGES[usize::from(value) % EDGES.len()],
            _ => u32::from(value).wrapping_mul(0x9e37_79b1),
        }
    }

    fn call(&self, number: Sysnum, shapes: &[Shape; 7]) -> Step {
        let mut registers = [0; 8];
        for (place, shape) in shapes.iter().enumerate() {
            registers[place] = self.shaped(place, *shape);
        }
        registers[7] = number as u32;
        Step::Syscall(registers)
    }

    fn shaped(&self, place: usize, shape: Shape) -> u32 {
        let (kind, value) = self.argument(place);
        if kind >= ANYTHING {
            return self.any(place);
        }
        let odd = kind >= SENSIBLE;
        match shape {
            Server => self.task(kind, value, |spec, peer| {
                spec.plan.descs[spec.current].sends[0] >> peer & 1 != 0
            }),
            Caller => self.task(kind, value, |spec, peer| {
                spec.tasks[peer].doing == SchedState::InReply(spec.id(spec.current))
            }),
            Anybody if value == u8::MAX => TaskId::KERNEL.0,
            Anybody => self.task(kind, value, |_, _| true),
            Address => self.address(kind, value),
            Length if odd => u32::from(value) + 0x40,
            Length => u32::from(value) % 24,
            Table => ram(self.me()) + LEASES_AT + if odd { u32::from(value % 64) } else { 0 },
            Op if kind % 2 == 0 => u32::from(value) | u32::from(value % (LEASE_COUNT + 1)) << 16,
            Op => u32::from(value),
            Code if odd => CODE_RESERVED_FIRST + u32::from(value),
            Code => u32::from(value),
            Bits => u32::from(value),
            Lines => IRQ_MASKS[usize::from(value) % IRQ_MASKS.len()],
            Index => {
                let lender = usize::from(TaskId(self.shaped(0, Caller)).index().0);
                let lender = self.spec.tasks.get(lender);
                let count = lender.map_or(0, |task| task.registers[1] >> 16);
                u32::from(value) % if odd { 6 } else { count.max(1) }
            }
            Small => u32::from(value) % 6,
            Zero => odd.into(),
            Soon => (self.spec.now_us as u32).wrapping_add(u32::from(value) * 20),
        }
    }

    /// The id of one of the tasks that are wanted, or of any if there is none; odd ones are of
    /// another life.
    fn task(&self, kind: u8, value: u8, wanted: impl Fn(&Spec<'_>, usize) -> bool) -> u32 {
        let all = 0..self.spec.tasks.len();
        let fitting: Vec<usize> = all.clone().filter(|peer| wanted(self.spec, *peer)).collect();
        let from = if fitting.is_empty() { all.collect() } else { fitting };
        let peer = from[usize::from(value) % from.len()];
        let current = self.spec.id(peer).0;
        match kind {
            0..SENSIBLE => current,
            // The life before.
            SENSIBLE..246 => current.wrapping_sub(0x100),
            // The life to come.
            _ => current.wrapping_add(0x100),
        }
    }

    fn address(&self, kind: u8, value: u8) -> u32 {
        let (me, offset) = (self.me(), u32::from(value));
        let other = usize::from(value) % self.spec.tasks.len();
        let maps = |base: u32| self.spec.plan.areas[me].iter().any(|area| area.base == base);
        match kind {
            170..210 if maps(SHARED) => SHARED + offset % SHARED_BYTES,
            210..220 if maps(TOP) => TOP + offset % 32,
            220..226 => code(me) + offset % (CODE_BYTES * 2),
            0..SENSIBLE => ram(me) + (offset & 0x7c),
            SENSIBLE..242 => DEVICE + offset % 32,
            242..245 => ram(me) + RAM_BYTES - offset % 32,
            245..248 => ram(other) + offset / 2,
            _ => ram(me) + offset,
        }
    }

    /// Writes a request to the kernel, then sends it.
    fn request(&self) -> Vec<Step> {
        let (kind, value) = self.argument(0);
        let op = KERNEL_OPS[usize::from(value) % KERNEL_OPS.len()];
        let (index_kind, index_value) = self.argument(1);
        let down = |spec: &Spec<'_>, peer: usize| match op {
            Kipc::ReinitTask => peer != 0 && !spec.lives(peer),
            Kipc::KillTask | Kipc::FaultTask => peer != 0 && peer + 1 != spec.tasks.len(),
            Kipc::ReadPanicMessage => spec.tasks[peer].end.is_some(),
            _ => true,
        };
        let index = match index_kind {
            ANYTHING.. => self.any(1),
            SENSIBLE.. => u32::from(index_value) % 8,
            _ => self.task(0, index_value, down) & 0xff,
        };
        let (_, byte) = self.argument(2);
        let (_, word) = self.argument(3);
        let word = u32::from(word);
        let mut request = index.to_le_bytes().to_vec();
        match op {
            Kipc::ReadImageId | Kipc::Reset => request.clear(),
            Kipc::ReinitTask => request.push(start(byte)),
            Kipc::KillTask => request.push(byte % 9),
            Kipc::SoftwareIrq => request.extend((word | 0x40).to_le_bytes()),
            Kipc::PublishEdge => {
                request.push(byte % 5);
                request.extend(word.to_le_bytes());
            }
            _ => {}
        }
        let (cut, op) = match kind {
            0..SENSIBLE => (0, op as u32),
            SENSIBLE..ANYTHING => (1, op as u32),
            ANYTHING.. => (0, u32::from(value) & 0x1f),
        };
        let len = (request.len() as u32).saturating_sub(cut);
        let (room_kind, room) = self.argument(5);
        let capacity = if room_kind < SENSIBLE { 64 } else { u32::from(room) % 24 };
        let base = ram(self.me()) + REQUEST_AT;
        let reply = self.shaped(4, Address);
        let send = [TaskId::KERNEL.0, op, base, len, reply, capacity, 0, Sysnum::Send as u32];
        vec![Step::Write(REQUEST_AT, request), Step::Syscall(send)]
    }

    /// Writes an entry of the lease table.
    fn lease(&self) -> Step {
        let (slot, attributes) = self.argument(0);
        let entry = [u32::from(attributes) % 4, self.shaped(1, Address), self.shaped(2, Length)];
        let place = LEASES_AT + u32::from(slot % LEASE_COUNT) * LEASE_BYTES;
        Step::Write(place, entry.iter().flat_map(|word| word.to_le_bytes()).collect())
    }

    fn line(&self) -> u16 {
        let (kind, value) = self.argument(0);
        let known = IRQS[usize::from(value) % IRQS.len()];
        if kind < SENSIBLE { known } else { u16::from(value) }
    }

    fn fault(&self) -> FaultInfo {
        let address = Some(self.any(1));
        let source = FaultSource::User;
        match self.bytes[1] % 6 {
            0 => FaultInfo::MemoryAccess { address, source },
            1 => FaultInfo::StackOverflow { address: self.any(1) },
            2 => FaultInfo::BusError { address: None, source },
            3 => FaultInfo::DivideByZero,
            4 => FaultInfo::IllegalText,
            _ => FaultInfo::InvalidOperation(self.any(1)),
        }
    }
}

/// Whether to start: mostly, rarely not, hardly ever something else.
const fn start(value: u8) -> u8 {
    match value {
        0..220 => 1,
        220..ANYTHING => 0,
        _ => 2,
    }
}

/// Mostly less than some ticks, rarely most of a minute.
const fn microseconds(kind: u8, value: u8) -> u64 {
    match kind {
        0..SENSIBLE => (value as u64) << (kind % 6),
        SENSIBLE..ANYTHING => value as u64 * 1000,
        _ => value as u64 * 200_000,
    }
}
