//! One step of the world, what must hold after it, and what must hold across it.

use super::world::*;
use crate::task::State;
use sys_abi::{Cause, Generation, SendStatus, Sysnum, TaskId, TaskIndex};

/// The tasks that take part; 0 is the supervisor, the last is idle, neither ever acts.
pub const ACTORS: core::ops::Range<u8> = 1..TASKS - 1;

/// What the running task does, or what is done to some task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// To the current life.
    Send(u8),
    /// To the life before, if there was one.
    SendStale(u8),
    Receive,
    ReceiveFrom(u8),
    Reply(u8),
    ReplyReceive(u8),
    ReplyFault(u8),
    Post(u8),
    Fault,
    Kill(u8),
    Restart(u8),
    Interrupt,
}

impl Step {
    /// Every step there is.
    pub fn all() -> Vec<Self> {
        let mut steps = vec![Self::Receive, Self::Fault, Self::Interrupt];
        for peer in ACTORS {
            steps.extend([Self::Send(peer), Self::SendStale(peer), Self::ReceiveFrom(peer)]);
            steps.extend([Self::Reply(peer), Self::ReplyReceive(peer), Self::ReplyFault(peer)]);
            steps.extend([Self::Post(peer), Self::Kill(peer), Self::Restart(peer)]);
        }
        steps
    }
}

fn stale(kernel: &HostKernel, peer: u8) -> TaskId {
    let generation = id(kernel, peer).generation().0.saturating_sub(1);
    TaskId::new(TaskIndex(peer), Generation(generation))
}

/// Supervisor in RECV, everybody registered for reply-and-receive, the most important actor runs.
pub fn boot_for_steps() -> HostKernel {
    let mut kernel = boot();
    receive(&mut kernel, 0);
    kernel
}

/// Does it, and checks everything.
pub fn take(kernel: &mut HostKernel, step: Step) {
    let before: Vec<State> = (0..TASKS).map(|index| state(kernel, index)).collect();
    let me = kernel.current().0;
    let idle = me == TASKS - 1;
    let own = id(kernel, me);
    match step {
        Step::Kill(peer) => {
            kernel.kill(member(0), member(peer), Cause::Unplugged);
            kernel.choose();
        }
        Step::Restart(peer) => {
            kernel.reinit(member(0), member(peer), true);
            kernel.choose();
        }
        Step::Interrupt => kernel.interrupt(7),
        // The idle task does nothing of its own.
        _ if idle => return,
        Step::Send(peer) if peer == me => return,
        Step::Send(peer) => {
            let target = id(kernel, peer);
            send(kernel, target, 1);
        }
        Step::SendStale(peer) if stale(kernel, peer) == id(kernel, peer) => return,
        Step::SendStale(peer) => {
            let target = stale(kernel, peer);
            send(kernel, target, 1);
            if kernel.desc(member(me)).sends[0] & 1 << peer == 0 {
                return;
            }
            assert_eq!(results(kernel, me)[0], SendStatus::Dead as u32, "a stale id delivers");
            let after: Vec<State> = (0..TASKS).map(|index| state(kernel, index)).collect();
            assert_eq!(before, after, "a stale id changes nothing");
        }
        Step::Receive => receive(kernel, 0b1_1110),
        Step::ReceiveFrom(peer) => {
            let target = id(kernel, peer);
            call(kernel, Sysnum::Recv, &[0, 0, 0, 1, target.0]);
        }
        Step::Reply(peer) => {
            let target = id(kernel, peer);
            reply(kernel, target, 0);
        }
        Step::ReplyReceive(peer) => {
            let target = id(kernel, peer);
            let buffer = ram(me) + 0x300;
            call(kernel, Sysnum::SetRecv, &[buffer, 8, 0b1_1110]);
            call(kernel, Sysnum::ReplyRecv, &[target.0, 0, 0, 0]);
        }
        Step::ReplyFault(peer) => {
            let target = id(kernel, peer);
            call(kernel, Sysnum::ReplyFault, &[target.0, 0]);
        }
        Step::Post(peer) => {
            let target = id(kernel, peer);
            let allowed = kernel.tables.post_mask(member(me), member(peer));
            call(kernel, Sysnum::Post, &[target.0, allowed]);
        }
        Step::Fault => kernel.hardware_fault(sys_abi::FaultInfo::DivideByZero),
    }
    invariants(kernel);
    across(kernel, step, me, own, &before);
}

/// What holds between steps.
fn invariants(kernel: &HostKernel) {
    for index in 0..TASKS {
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
        for other in 0..TASKS {
            let sender = kernel.task(member(other));
            let waits = sender.state == State::InSend(task.id) && lives;
            assert_eq!(task.senders.contains(sender.rank), waits, "senders of {index}: {other}");
        }
    }
    let current = kernel.task(kernel.current());
    assert_eq!(current.state, State::Runnable, "who runs is runnable");
    for index in 0..TASKS {
        let task = kernel.task(member(index));
        let runnable = task.state == State::Runnable;
        assert!(!runnable || task.priority >= current.priority, "the most important runs");
        // A receiver does not sleep over what it waits for.
        if task.state == State::InRecv {
            assert_eq!(task.senders.first(), None, "no sender waits for a receiver");
        }
    }
}

/// A request that ends, ends for one reason: its server replied in this step, or died in it.
fn across(kernel: &HostKernel, step: Step, me: u8, own: TaskId, before: &[State]) {
    for index in ACTORS {
        let (was, is) = (before[usize::from(index)], state(kernel, index));
        let (State::InReply(server) | State::InSend(server)) = was else { continue };
        if is != State::Runnable {
            continue;
        }
        let server_died = kernel.task(member(server.index().0)).live != server;
        let replied = matches!(step, Step::Reply(peer) | Step::ReplyReceive(peer) if peer == index)
            && own == server
            && matches!(was, State::InReply(_));
        let restarted = step == Step::Restart(index);
        assert!(
            restarted || (replied ^ server_died) || (replied && me == server.index().0),
            "{step:?}: the request of {index} ended without its reason"
        );
        if !restarted {
            let status = if replied { SendStatus::Replied } else { SendStatus::Dead };
            assert_eq!(results(kernel, index)[0], status as u32, "and the result says which");
        }
    }
}
