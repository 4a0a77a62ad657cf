//! One step of the world, what must hold after it, and what must hold across it.

use super::world::*;
use crate::task::{State, Task};
use sys_abi::{Cause, Generation, SendStatus, Sysnum, TaskId, TaskIndex};

/// The tasks that take part; 0 is the supervisor, the last is idle, neither ever acts.
fn actors(kernel: &HostKernel) -> core::ops::Range<u8> {
    1..idle(kernel)
}

/// The task that always runs.
pub fn idle(kernel: &HostKernel) -> u8 {
    kernel.tasks.len() as u8 - 1
}

/// What the running task does, or what is done to some task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the current life.
    Send(u8),
    /// To a life that has ended, so many before the current one: to send, to receive from, to
    /// reply to, to post to.
    Stale(Sysnum, u8, u8),
    Receive,
    ReceiveFrom(u8),
    Reply(u8),
    ReplyReceive(u8),
    ReplyFault(u8),
    Post(u8),
    Fault,
    Kill(u8),
    Restart(u8),
    /// Makes the next life, and does not start it.
    Reset(u8),
    Interrupt,
}

/// How far back stale ids go.
const AGES: [u8; 2] = [1, 2];

/// Calls that name a life.
const NAMING: [Sysnum; 6] = [
    Sysnum::Send,
    Sysnum::Recv,
    Sysnum::Reply,
    Sysnum::ReplyFault,
    Sysnum::Post,
    Sysnum::BorrowInfo,
];

impl Step {
    /// Every step there is.
    pub fn all(kernel: &HostKernel) -> Vec<Self> {
        let mut steps = vec![Self::Receive, Self::Fault, Self::Interrupt];
        for peer in actors(kernel) {
            steps.extend([Self::Send(peer), Self::ReceiveFrom(peer)]);
            steps.extend([Self::Reply(peer), Self::ReplyReceive(peer), Self::ReplyFault(peer)]);
            steps.extend([Self::Post(peer), Self::Kill(peer), Self::Restart(peer)]);
            steps.push(Self::Reset(peer));
            for number in NAMING {
                steps.extend(AGES.map(|age| Self::Stale(number, peer, age)));
            }
        }
        steps
    }
}

/// Supervisor in RECV, the most important actor runs.
pub fn boot_for_steps() -> HostKernel {
    let mut kernel = boot();
    receive(&mut kernel, 0);
    kernel
}

/// The task table between two steps.
fn tasks(kernel: &HostKernel) -> Vec<Task> {
    kernel.tasks.to_vec()
}

/// Does it, and checks everything. False: it is not possible now.
pub fn take(kernel: &mut HostKernel, step: Step) -> bool {
    take_with(kernel, step, |_| {})
}

/// As [`take`]; `meddle` spoils the kernel before it is checked.
pub fn take_with(
    kernel: &mut HostKernel,
    step: Step,
    mut meddle: impl FnMut(&mut HostKernel),
) -> bool {
    let before = tasks(kernel);
    let me = kernel.current().index().0;
    let own = id(kernel, me);
    if !perform(kernel, step, me) {
        return false;
    }
    meddle(kernel);
    if let Step::Stale(number, peer, _) = step {
        nothing_delivered(kernel, number, peer, me, &before);
    }
    invariants(kernel);
    across(kernel, step, me, own, &before);
    ended_once(kernel, step, me, &before);
    true
}

/// False: it is not possible now.
fn perform(kernel: &mut HostKernel, step: Step, me: u8) -> bool {
    match step {
        Step::Kill(peer) => {
            kernel.kill(member(0), member(peer), Cause::Unplugged);
            kernel.choose();
        }
        Step::Restart(peer) => {
            kernel.reinit(member(0), member(peer), true);
            kernel.choose();
        }
        Step::Reset(peer) => {
            kernel.reinit(member(0), member(peer), false);
            kernel.choose();
        }
        Step::Interrupt => kernel.interrupt(7),
        // The idle task does nothing of its own.
        _ if me == idle(kernel) => return false,
        Step::Receive => receive(kernel, 0b1_1110),
        Step::Fault => kernel.hardware_fault(sys_abi::FaultInfo::DivideByZero),
        Step::Stale(_, peer, _) | Step::Send(peer) if peer == me => return false,
        Step::Stale(number, peer, age) => return name_stale(kernel, number, peer, age),
        Step::Send(peer)
        | Step::ReceiveFrom(peer)
        | Step::Reply(peer)
        | Step::ReplyReceive(peer)
        | Step::ReplyFault(peer)
        | Step::Post(peer) => {
            let target = id(kernel, peer);
            name(kernel, step, peer, target);
        }
    }
    true
}

/// A call of the running task that names the current life of a peer.
fn name(kernel: &mut HostKernel, step: Step, peer: u8, target: TaskId) {
    let me = kernel.current();
    match step {
        Step::Send(_) => send(kernel, target, 1),
        Step::ReceiveFrom(_) => call(kernel, Sysnum::Recv, &[0, 0, 0, 1, target.0]),
        Step::Reply(_) => reply(kernel, target, 0),
        Step::ReplyReceive(_) => {
            let buffer = ram(me.index().0) + 0x300;
            call(kernel, Sysnum::SetRecv, &[buffer, 8, 0b1_1110]);
            call(kernel, Sysnum::ReplyRecv, &[target.0, 0, 0, 0]);
        }
        Step::ReplyFault(_) => call(kernel, Sysnum::ReplyFault, &[target.0, 0]),
        _ => {
            let allowed = kernel.tables.post_mask(kernel.desc(me), me, member(peer));
            call(kernel, Sysnum::Post, &[target.0, allowed]);
        }
    }
}

/// False: there is no such life, or the call is not allowed anyway.
fn name_stale(kernel: &mut HostKernel, number: Sysnum, peer: u8, age: u8) -> bool {
    let me = kernel.current();
    let Some(life) = id(kernel, peer).generation().0.checked_sub(age.into()) else { return false };
    let target = TaskId::new(TaskIndex(peer), Generation(life));
    match number {
        Sysnum::Send if kernel.desc(me).sends[0] & 1 << peer == 0 => return false,
        Sysnum::Send => send(kernel, target, 1),
        Sysnum::Recv => call(kernel, number, &[0, 0, 0, 1, target.0]),
        Sysnum::Reply => reply(kernel, target, 0),
        Sysnum::Post => {
            let allowed = kernel.tables.post_mask(kernel.desc(me), me, member(peer));
            call(kernel, number, &[target.0, allowed]);
        }
        _ => call(kernel, number, &[target.0, 0]),
    }
    true
}

/// A stale id delivers to nobody, and its user learns so where it has an answer.
fn nothing_delivered(kernel: &HostKernel, number: Sysnum, peer: u8, me: u8, before: &[Task]) {
    for (index, task) in before.iter().enumerate() {
        let after = kernel.task(member(index as u8));
        assert!(
            after.state == task.state && after.notifications == task.notifications,
            "a stale id delivers: {number:?} of {me} to {peer} changes {index}"
        );
    }
    let status = results(kernel, me)[0];
    match number {
        Sysnum::Send | Sysnum::Post => {
            assert_eq!(status, SendStatus::Dead as u32, "a stale id delivers");
        }
        Sysnum::Recv => assert_eq!(status, 2, "a stale id can be waited for"),
        Sysnum::BorrowInfo => assert_eq!(status, 1, "a stale id lends"),
        _ => {}
    }
}

/// What holds between steps.
pub fn invariants(kernel: &HostKernel) {
    for index in 0..=idle(kernel) {
        let task = kernel.task(member(index));
        let lives = !matches!(task.state, State::Stopped | State::Down);
        assert_eq!(task.is_live(), lives, "live = has a living state");
        assert!(!lives || task.live == task.id, "live under its id");
        let waits = task.state == State::Runnable && kernel.current() != member(index);
        assert_eq!(kernel.ready.contains(task.rank), waits, "ready = runnable, not running");
        assert_eq!(task.end.is_some(), task.state == State::Down, "down = has an end");
        assert!(lives || task.notifications == 0, "the dead have no notifications");
        if let Some(peer) = task.state.peer().filter(|peer| *peer != TaskId::KERNEL) {
            let live = kernel.task(member(peer.index().0)).live;
            assert_eq!(live, peer, "task {index} is blocked on a live id");
        }
        if let State::InSend(peer) | State::InReply(peer) = task.state {
            let sends = kernel.desc(member(index)).sends[0];
            assert!(sends >> peer.index().0 & 1 != 0, "task {index} sends to whom it may");
        }
        for other in 0..=idle(kernel) {
            let sender = kernel.task(member(other));
            let waits = sender.state == State::InSend(task.id) && lives;
            assert_eq!(task.senders.contains(sender.rank), waits, "senders of {index}: {other}");
        }
    }
    let current = kernel.task(kernel.current());
    assert_eq!(current.state, State::Runnable, "who runs is runnable");
    for index in 0..=idle(kernel) {
        let task = kernel.task(member(index));
        let runnable = task.state == State::Runnable;
        assert!(!runnable || task.priority >= current.priority, "the most important runs");
        // A receiver does not sleep over what it waits for.
        if task.state == State::InRecv {
            assert_eq!(task.senders.first(), None, "no sender waits for a receiver");
        }
    }
}

/// A request that ends, ends for one reason: its server replied in this step, or died in it, or
/// its client's own life ended.
fn across(kernel: &HostKernel, step: Step, me: u8, own: TaskId, before: &[Task]) {
    for index in actors(kernel) {
        let (was, is) = (before[usize::from(index)], kernel.task(member(index)));
        let begins = matches!(step, Step::Restart(peer) | Step::Reset(peer) if peer == index);
        let ended = was.is_live() && (begins || !is.is_live());
        assert_eq!(
            is.id != was.id,
            ended,
            "{step:?}: a death, and only that, ends the id of {index}"
        );
        let (State::InReply(server) | State::InSend(server)) = was.state else { continue };
        let still = matches!(is.state, State::InReply(now) | State::InSend(now) if now == server);
        if is.id != was.id || still {
            continue;
        }
        assert_eq!(is.state, State::Runnable, "{step:?}: the request of {index} is lost");
        let server_died = kernel.task(member(server.index().0)).live != server;
        let replied = matches!(step, Step::Reply(peer) | Step::ReplyReceive(peer) if peer == index)
            && own == server
            && matches!(was.state, State::InReply(_));
        assert!(
            (replied ^ server_died) || (replied && me == server.index().0),
            "{step:?}: the request of {index} ended without its reason"
        );
        let status = if replied { SendStatus::Replied } else { SendStatus::Dead };
        assert_eq!(results(kernel, index)[0], status as u32, "and the result says which");
    }
}

/// Each request ends once: nobody writes into the registers of a task that does not wait, except
/// the task itself by its call, and a new life.
fn ended_once(kernel: &HostKernel, step: Step, me: u8, before: &[Task]) {
    for (index, was) in before.iter().enumerate() {
        let is = kernel.task(member(index as u8));
        let waited = !matches!(was.state, State::Runnable | State::Down | State::Stopped);
        let begins =
            matches!(step, Step::Restart(peer) | Step::Reset(peer) if usize::from(peer) == index);
        if waited || begins || index == usize::from(me) {
            continue;
        }
        assert_eq!(is.saved.r, was.saved.r, "{step:?}: what {index} got has ended twice");
    }
}
