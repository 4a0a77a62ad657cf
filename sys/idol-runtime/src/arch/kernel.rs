//! The kernel's system calls in the terms of this crate.

use super::Received;
use crate::lease::LEASES_MAX;
use crate::{CallInfo, CallerGone, Lend};
use sys_abi::{Disconnect, LeaseAttributes, ReplyFaultReason, TaskId, TaskIndex};
use userlib::{Lease, Receiver};

/// Sends and waits; a death ends the wait.
pub fn send(
    server: TaskId,
    op: u16,
    message: &[u8],
    reply: &mut [u8],
    leases: &mut [Lend<'_>],
) -> Result<(u32, usize), Disconnect> {
    if leases.is_empty() {
        return userlib::sys_send(server, op, message, reply, &[]).map_err(Disconnect::from);
    }
    let mut table: [Lease<'_>; LEASES_MAX] = core::array::from_fn(|_| Lease::read(&[]));
    let count = leases.len();
    for (entry, lend) in table.iter_mut().zip(leases) {
        *entry = match lend {
            Lend::Read(bytes) => Lease::read(bytes),
            Lend::Write(bytes) => Lease::write(bytes),
            Lend::ReadWrite(bytes) => Lease::read_write(bytes),
        };
    }
    userlib::sys_send(server, op, message, reply, &table[..count]).map_err(Disconnect::from)
}

/// Waits for a message or for a notification of `mask`.
pub fn receive(buffer: &mut [u8], mask: u32) -> Received {
    translate(userlib::sys_recv_open(buffer, mask))
}

/// A buffer that the kernel knows, so that an answer and the next wait are one entry.
pub struct Inbox<'a>(Receiver<'a>);

impl<'a> Inbox<'a> {
    /// An inbox that also waits for the notifications of `mask`.
    pub fn new(buffer: &'a mut [u8], mask: u32) -> Self {
        Self(userlib::sys_set_recv(buffer, mask))
    }

    /// The buffer, with the latest message at its start.
    pub fn buffer(&mut self) -> &[u8] {
        self.0.buffer()
    }

    /// Waits for a message or a notification.
    pub fn receive(&mut self) -> Received {
        translate(self.0.recv())
    }

    /// Answers a message, then waits.
    pub fn reply_receive(&mut self, caller: TaskId, code: u32, bytes: &[u8]) -> Received {
        translate(self.0.reply_recv(caller, code, bytes))
    }
}

fn translate(received: userlib::Received) -> Received {
    match received {
        userlib::Received::Notification(bits) => Received::Notification(bits),
        userlib::Received::Message(message) => Received::Message(CallInfo {
            sender: message.sender,
            op: message.op,
            message_bytes: message.len,
            reply_capacity: message.reply_capacity,
            lease_count: message.lease_count,
        }),
    }
}

/// Answers a message.
pub fn reply(caller: TaskId, code: u32, bytes: &[u8]) {
    userlib::sys_reply(caller, code, bytes);
}

/// Faults a caller.
pub fn reply_fault(caller: TaskId, reason: ReplyFaultReason) {
    userlib::sys_reply_fault(caller, reason);
}

/// The present life of a task.
pub fn refresh(task: TaskIndex) -> TaskId {
    userlib::sys_refresh_task_id(task)
}

/// Attributes and length of a lease.
pub fn borrow_info(lender: TaskId, index: usize) -> Result<(LeaseAttributes, usize), CallerGone> {
    let info = userlib::sys_borrow_info(lender, index).map_err(|_| CallerGone)?;
    Ok((info.attributes, info.length))
}

/// Copies out of a lease; less than asked for means that the lender's table lied.
pub fn borrow_read(
    lender: TaskId,
    index: usize,
    offset: usize,
    into: &mut [u8],
) -> Result<(), CallerGone> {
    match userlib::sys_borrow_read(lender, index, offset, into) {
        Ok(copied) if copied == into.len() => Ok(()),
        _ => Err(CallerGone),
    }
}

/// Copies into a lease; less than asked for means that the lender's table lied.
pub fn borrow_write(
    lender: TaskId,
    index: usize,
    offset: usize,
    from: &[u8],
) -> Result<(), CallerGone> {
    match userlib::sys_borrow_write(lender, index, offset, from) {
        Ok(copied) if copied == from.len() => Ok(()),
        _ => Err(CallerGone),
    }
}
