//! A small image on a simulated machine.

use crate::arch::host::Host;
use crate::kernel::Kernel;
use crate::spec::plan::{Area, Kind, describe};
use crate::tables::Tables;
use crate::task::{Member, State, Task};
use crate::watch::WatchQueue;
use sys_abi::{InterruptDesc, PostDesc, Sysnum, TaskDesc, TaskFlags, TaskId, TaskIndex, WatchDesc};

pub type HostKernel = Kernel<'static, Host>;

/// Where task `index` has its memory.
pub const fn ram(index: u8) -> u32 {
    0x2000_0000 + 0x1000 * index as u32
}

/// Memory that all tasks map.
pub const SHARED: u32 = 0x3000_0000;

/// Bytes of each.
pub const RAM_BYTES: usize = 0x400;

const START: u8 = TaskFlags::START;
const SUPERVISOR: u8 = START | TaskFlags::RESTART | TaskFlags::FAULT;
const IDLE_PRIORITY: u8 = 9;

/// Supervisor, two servers, two clients of equal importance, idle.
const ACTORS: [u8; 4] = [1, 2, 3, 3];

/// How many.
pub const TASKS: u8 = ACTORS.len() as u8 + 2;

/// Descriptors of supervisor, actors, idle.
fn descs(actors: &[u8]) -> Vec<TaskDesc> {
    let priorities = [&[0], actors, &[IDLE_PRIORITY]].concat();
    let desc = |(index, priority): (usize, &u8)| {
        // What the manifest allows: sends to more important tasks only.
        let uphill = priorities.iter().enumerate().filter(|(_, theirs)| *theirs < priority);
        let sends = uphill.fold(0, |sends, (peer, _)| sends | 1 << peer);
        let areas = [
            Area { base: ram(index as u8), bytes: RAM_BYTES as u32, kind: Kind::Ram },
            Area { base: SHARED, bytes: RAM_BYTES as u32, kind: Kind::Write },
        ];
        let flags = if index == 0 { SUPERVISOR } else { START };
        describe(&areas, *priority, flags, sends, &mut Vec::new())
    };
    priorities.iter().enumerate().map(desc).collect()
}

const POSTS: [PostDesc; 2] = [
    PostDesc { source: 3, target: 1, reserved: 0, mask: 0b0110 },
    PostDesc { source: 4, target: 1, reserved: 0, mask: 0b0010 },
];

const EDGES: u8 = 0b1111;

const WATCHES: [WatchDesc; 3] = [
    WatchDesc { peer: 1, watcher: 2, edges: EDGES, reserved: 0, mask: 0b1000 },
    WatchDesc { peer: 1, watcher: 3, edges: EDGES, reserved: 0, mask: 0b1000 },
    WatchDesc { peer: 2, watcher: 3, edges: EDGES, reserved: 0, mask: 0b1000 },
];

const INTERRUPTS: [InterruptDesc; 2] = [
    InterruptDesc { irq: 7, task: 1, reserved: 0, mask: 0b1_0000 },
    InterruptDesc { irq: 9, task: 2, reserved: 0, mask: 0b1_0000 },
];

fn leak<T>(items: Vec<T>) -> &'static mut [T] {
    Box::leak(items.into_boxed_slice())
}

/// A kernel that has just started its first task.
pub fn boot() -> HostKernel {
    start(&ACTORS, &POSTS, &WATCHES)
}

/// The same with other actors, of whom one may post one bit, and without watches: what they have
/// to learn would multiply the states.
pub fn boot_actors(actors: &[u8]) -> HostKernel {
    const POST: PostDesc = PostDesc { source: 3, target: 1, reserved: 0, mask: 0b10 };
    start(actors, &[POST], &[])
}

fn start(actors: &[u8], posts: &'static [PostDesc], watches: &'static [WatchDesc]) -> HostKernel {
    let descs: &'static [TaskDesc] = leak(descs(actors));
    let count = descs.len() as u8;
    let mut host = Host::of_image(0x1122_3344_5566_7788);
    (0..count).for_each(|index| host.add_memory(ram(index), RAM_BYTES));
    host.add_memory(SHARED, RAM_BYTES);
    let (upper, interrupts) = (&[], &INTERRUPTS);
    let tables = Tables { tasks: descs, upper, posts, watches, interrupts };
    let tasks = leak((0..count).map(|index| Task::new(TaskIndex(index))).collect());
    let queues = leak(vec![WatchQueue::EMPTY; watches.len()]);
    let mut kernel = Kernel::new(host, tables, tasks, queues);
    kernel.start();
    kernel
}

pub fn member(index: u8) -> Member {
    Member(index.into())
}

pub fn state(kernel: &HostKernel, index: u8) -> State {
    kernel.task(member(index)).state
}

pub fn id(kernel: &HostKernel, index: u8) -> TaskId {
    kernel.task(member(index)).id
}

/// The current task makes a system call.
pub fn call(kernel: &mut HostKernel, number: Sysnum, args: &[u32]) {
    let me = kernel.current();
    let r = &mut kernel.task_mut(me).saved.r;
    *r = [0; 8];
    r[..args.len()].copy_from_slice(args);
    r[7] = number as u32;
    kernel.syscall();
}

/// Registers r4..r9 of a task.
pub fn results(kernel: &HostKernel, index: u8) -> [u32; 6] {
    let [r4, r5, r6, r7, r8, r9, ..] = kernel.task(member(index)).saved.r;
    [r4, r5, r6, r7, r8, r9]
}

/// The current task receives from anybody, with a buffer of eight bytes.
pub fn receive(kernel: &mut HostKernel, mask: u32) {
    let buffer = ram(kernel.current().index().0) + 0x300;
    call(kernel, Sysnum::Recv, &[buffer, 8, mask, 0, 0]);
}

/// The current task sends four bytes and has room for eight.
pub fn send(kernel: &mut HostKernel, target: TaskId, op: u16) {
    let base = ram(kernel.current().index().0) + 0x280;
    call(kernel, Sysnum::Send, &[target.0, op.into(), base, 4, base + 0x20, 8, 0]);
}

/// The current task replies with four bytes.
pub fn reply(kernel: &mut HostKernel, peer: TaskId, code: u32) {
    let base = ram(kernel.current().index().0) + 0x2c0;
    call(kernel, Sysnum::Reply, &[peer.0, code, base, 4]);
}

/// Supervisor, servers and what else is more important block in RECV, until `index` runs.
pub fn until_runs(kernel: &mut HostKernel, index: u8) {
    for _ in 0..TASKS {
        if kernel.current() == member(index) {
            return;
        }
        receive(kernel, 0);
    }
    panic!("task {index} does not run");
}
