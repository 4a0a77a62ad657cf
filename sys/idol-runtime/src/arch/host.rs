//! A stand-in for the kernel in host tests: tasks are closures, leases are copies, replies are
//! kept for the test to look at.
//!
//! Each test thread has a world of its own. [`serve`] puts a server into it, [`die`] ends a life;
//! clients of generated code then work as on target, also from within another server, so that a
//! relay is tested with its real stubs. [`lend`] gives leases to a message that the test hands to
//! `dispatch_message` itself. What a host test cannot have is a caller that waits: a call whose
//! server defers the answer panics the test.

use super::Received;
use crate::{CallInfo, CallerGone, Lend, Outcome};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use sys_abi::{
    DeathRecord, Disconnect, Generation, LeaseAttributes, ReplyFaultReason, TaskId, TaskIndex,
};

/// The id that calls come from when the test itself calls.
pub const TEST_TASK: TaskId = TaskId::new(TaskIndex(63), Generation(0));

type Handler = Rc<RefCell<dyn FnMut(&CallInfo, &[u8], &mut [u8]) -> Outcome>>;

/// A lease as the server sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLease {
    /// What the server may do.
    pub attributes: LeaseAttributes,
    /// The memory.
    pub bytes: Vec<u8>,
}

/// An answer that was sent outside of a call: a deferred one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A reply.
    Reply {
        /// To whom.
        caller: TaskId,
        /// Reply code.
        code: u32,
        /// Contents.
        bytes: Vec<u8>,
    },
    /// The caller was faulted.
    Fault {
        /// Whom.
        caller: TaskId,
        /// Why.
        reason: ReplyFaultReason,
    },
}

#[derive(Default)]
struct World {
    servers: HashMap<TaskIndex, (TaskId, Handler)>,
    deaths: HashMap<TaskIndex, DeathRecord>,
    leases: HashMap<TaskId, Vec<HostLease>>,
    running: Vec<TaskId>,
    sent: VecDeque<Sent>,
    queue: VecDeque<(Received, Vec<u8>)>,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

fn with<T>(action: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with(|world| action(&mut world.borrow_mut()))
}

/// Starts a life: from now on, sends to `task` run `handler` (usually a closure around a
/// generated `dispatch_message`).
pub fn serve(task: TaskId, handler: impl FnMut(&CallInfo, &[u8], &mut [u8]) -> Outcome + 'static) {
    with(|world| world.servers.insert(task.index(), (task, Rc::new(RefCell::new(handler)))));
}

/// Ends a life: sends to it give this record, until `serve` starts another one.
pub fn die(record: DeathRecord) {
    with(|world| {
        world.servers.remove(&record.peer);
        world.deaths.insert(record.peer, record);
    });
}

/// Gives `lender` a lease table, as if it were waiting for a reply.
pub fn lend(lender: TaskId, leases: Vec<HostLease>) {
    with(|world| world.leases.insert(lender, leases));
}

/// Takes the lease table of `lender` back, with what servers wrote to it.
pub fn take_back(lender: TaskId) -> Vec<HostLease> {
    with(|world| world.leases.remove(&lender)).unwrap_or_default()
}

/// The next answer that was sent outside of a call, oldest first.
#[must_use]
pub fn next_sent() -> Option<Sent> {
    with(|world| world.sent.pop_front())
}

fn loan_of(lend: &Lend<'_>) -> HostLease {
    let bytes: &[u8] = match lend {
        Lend::Read(bytes) => bytes,
        Lend::Write(bytes) | Lend::ReadWrite(bytes) => bytes,
    };
    HostLease { attributes: lend.attributes(), bytes: bytes.to_vec() }
}

fn give_back(lend: &mut Lend<'_>, loan: &HostLease) {
    if let Lend::Write(bytes) | Lend::ReadWrite(bytes) = lend {
        bytes.copy_from_slice(&loan.bytes);
    }
}

/// As the kernel's SEND.
///
/// # Errors
/// The death record, if that life is over.
///
/// # Panics
/// If nobody serves or died there, if the server faults the caller, or defers the answer.
pub fn send(
    server: TaskId,
    op: u16,
    message: &[u8],
    reply: &mut [u8],
    leases: &mut [Lend<'_>],
) -> Result<(u32, usize), Disconnect> {
    let handler = with(|world| match world.servers.get(&server.index()) {
        Some((life, handler)) if *life == server => Ok(Rc::clone(handler)),
        _ => match world.deaths.get(&server.index()) {
            Some(record) => Err(Disconnect::from(*record)),
            None => panic!("no life of {server:?} was started with `serve`"),
        },
    })?;
    let sender = with(|world| *world.running.last().unwrap_or(&TEST_TASK));
    let call = CallInfo {
        sender,
        op,
        message_bytes: message.len(),
        reply_capacity: reply.len(),
        lease_count: leases.len(),
    };
    lend(sender, leases.iter().map(loan_of).collect());
    with(|world| world.running.push(server));
    let outcome = (handler.borrow_mut())(&call, message, reply);
    with(|world| world.running.pop());
    for (lend, loan) in leases.iter_mut().zip(take_back(sender)) {
        give_back(lend, &loan);
    }
    match outcome {
        Outcome::Reply { code, length } => Ok((code, length)),
        other => panic!("op {op} of {server:?} does not answer in a host test: {other:?}"),
    }
}

/// As the kernel's REPLY; kept for [`next_sent`].
pub fn reply(caller: TaskId, code: u32, bytes: &[u8]) {
    let bytes = bytes.to_vec();
    with(|world| world.sent.push_back(Sent::Reply { caller, code, bytes }));
}

/// As the kernel's REPLY_FAULT; kept for [`next_sent`].
pub fn reply_fault(caller: TaskId, reason: ReplyFaultReason) {
    with(|world| world.sent.push_back(Sent::Fault { caller, reason }));
}

/// Queues a message for the main loop under test. Its length is that of `bytes`.
pub fn queue_message(call: CallInfo, bytes: &[u8]) {
    let call = CallInfo { message_bytes: bytes.len(), ..call };
    with(|world| world.queue.push_back((Received::Message(call), bytes.to_vec())));
}

/// Queues notification bits for the main loop under test.
pub fn queue_notification(bits: u32) {
    with(|world| world.queue.push_back((Received::Notification(bits), Vec::new())));
}

/// As the kernel's RECV: the next that was queued. The mask is not looked at.
///
/// # Panics
/// If nothing is queued: that is how a test leaves a loop without end.
pub fn receive(buffer: &mut [u8], _: u32) -> Received {
    let Some((received, bytes)) = with(|world| world.queue.pop_front()) else {
        panic!("nothing is queued for the main loop");
    };
    let fits = bytes.len().min(buffer.len());
    buffer[..fits].copy_from_slice(&bytes[..fits]);
    received
}

/// A buffer that messages arrive in.
pub struct Inbox<'a>(&'a mut [u8], u32);

impl<'a> Inbox<'a> {
    /// As on target.
    pub fn new(buffer: &'a mut [u8], mask: u32) -> Self {
        Self(buffer, mask)
    }

    /// The buffer, with the latest message at its start.
    pub fn buffer(&mut self) -> &[u8] {
        self.0
    }

    /// As [`receive`].
    pub fn receive(&mut self) -> Received {
        receive(self.0, self.1)
    }

    /// [`reply`], then [`receive`].
    pub fn reply_receive(&mut self, caller: TaskId, code: u32, bytes: &[u8]) -> Received {
        reply(caller, code, bytes);
        self.receive()
    }
}

/// As the kernel's REFRESH_TASK_ID: the life that serves, else the one after the latest death.
#[must_use]
pub fn refresh(task: TaskIndex) -> TaskId {
    with(|world| match (world.servers.get(&task), world.deaths.get(&task)) {
        (Some((life, _)), _) => *life,
        (None, Some(death)) => TaskId::new(task, Generation(death.generation.0 + 1)),
        (None, None) => TaskId::new(task, Generation(0)),
    })
}

fn with_lease<T>(
    lender: TaskId,
    index: usize,
    action: impl FnOnce(&mut HostLease) -> T,
) -> Result<T, CallerGone> {
    with(|world| {
        let lease = world.leases.get_mut(&lender).and_then(|table| table.get_mut(index));
        lease.map(action).ok_or(CallerGone)
    })
}

/// As the kernel's BORROW_INFO.
///
/// # Errors
/// Nobody lends that.
pub fn borrow_info(lender: TaskId, index: usize) -> Result<(LeaseAttributes, usize), CallerGone> {
    with_lease(lender, index, |lease| (lease.attributes, lease.bytes.len()))
}

/// As the kernel's BORROW_READ.
///
/// # Errors
/// Nobody lends that.
pub fn borrow_read(
    lender: TaskId,
    index: usize,
    offset: usize,
    into: &mut [u8],
) -> Result<(), CallerGone> {
    with_lease(lender, index, |lease| {
        into.copy_from_slice(&lease.bytes[offset..offset + into.len()]);
    })
}

/// As the kernel's BORROW_WRITE.
///
/// # Errors
/// Nobody lends that.
pub fn borrow_write(
    lender: TaskId,
    index: usize,
    offset: usize,
    from: &[u8],
) -> Result<(), CallerGone> {
    with_lease(lender, index, |lease| {
        lease.bytes[offset..offset + from.len()].copy_from_slice(from);
    })
}
