//! Messages, notifications and ids.
//!
//! # Restart
//! A call that was blocked on a life that ends returns `Err(DeathRecord)` in the same kernel pass;
//! a call to a task that is down returns it at once. Nothing here retries.

use crate::arch;
use crate::lease::{Lease, address_of};
use sys_abi::{
    Cause, DeathRecord, Generation, RecvMode, RecvStatus, ReplyFaultReason, SendStatus, Sysnum,
    TaskId, TaskIndex,
};

/// A received message. Its sender waits for the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who sent it: exactly one life of one task.
    pub sender: TaskId,
    /// Operation code.
    pub op: u16,
    /// Length as sent, in bytes; more than the receive buffer holds means it was truncated.
    pub len: usize,
    /// Room in the sender's reply buffer, in bytes. A longer reply faults the server.
    pub reply_capacity: usize,
    /// Number of leases.
    pub lease_count: usize,
}

/// What ended a receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message; its bytes are in the buffer.
    Message(Message),
    /// Notification bits, cleared by this receive. They beat messages.
    Notification(u32),
}

/// Sends `msg` to `target` and waits for the answer.
///
/// Gives the server's code and the length of the answer in `reply`.
///
/// # Errors
/// The death record if the peer is down, or dies before it answers: at most once, effect unknown.
///
/// # Panics
/// With more leases than fit in 16 bits.
#[inline]
pub fn sys_send(
    target: TaskId,
    op: u16,
    msg: &[u8],
    reply: &mut [u8],
    leases: &[Lease<'_>],
) -> Result<(u32, usize), DeathRecord> {
    assert!(leases.len() <= usize::from(u16::MAX));
    // SAFETY: message and table are borrowed, the reply buffer and the write leases mutably
    // borrowed, until the call returns.
    let [status, r5, r6, r7] = unsafe {
        arch::svc_send([
            target.0,
            u32::from(op) | (leases.len() as u32) << 16,
            address_of(msg.as_ptr()),
            msg.len() as u32,
            address_of(reply.as_mut_ptr()),
            reply.len() as u32,
            address_of(leases.as_ptr()),
        ])
    };
    if status == SendStatus::Replied as u32 {
        Ok((r5, r6 as usize))
    } else {
        Err(record(r5, r6, r7))
    }
}

/// Waits for a message from anybody or for a notification in `mask`.
#[inline]
pub fn sys_recv_open(buf: &mut [u8], mask: u32) -> Received {
    // SAFETY: the buffer is mutably borrowed during the call.
    let results = unsafe {
        arch::svc_recv([
            address_of(buf.as_mut_ptr()),
            buf.len() as u32,
            mask,
            RecvMode::Open as u32,
            0,
        ])
    };
    received(results)
}

/// Waits for a message from `sender` only, or for a notification in `mask`.
///
/// # Errors
/// The death record if `sender` is down or dies meanwhile.
#[inline]
pub fn sys_recv_closed(buf: &mut [u8], mask: u32, sender: TaskId) -> Result<Received, DeathRecord> {
    // SAFETY: the buffer is mutably borrowed during the call.
    let results = unsafe {
        arch::svc_recv([
            address_of(buf.as_mut_ptr()),
            buf.len() as u32,
            mask,
            RecvMode::Closed as u32,
            sender.0,
        ])
    };
    if results[0] == RecvStatus::Dead as u32 {
        return Err(record(results[1], results[2], results[3]));
    }
    Ok(received(results))
}

/// Waits for notifications in `mask` and gives those that came.
#[inline]
pub fn sys_recv_notification(mask: u32) -> u32 {
    match sys_recv_closed(&mut [], mask, TaskId::KERNEL) {
        Ok(Received::Notification(bits)) => bits,
        // The kernel neither sends messages nor dies.
        Ok(Received::Message(_)) | Err(_) => 0,
    }
}

/// Answers `peer`. If that life no longer waits for this task, nothing happens.
#[inline]
pub fn sys_reply(peer: TaskId, code: u32, msg: &[u8]) {
    let args = [peer.0, code, address_of(msg.as_ptr()), msg.len() as u32, 0];
    // SAFETY: the message is borrowed during the call.
    unsafe { arch::svc(Sysnum::Reply, args) };
}

/// Answers `peer` by faulting it.
#[inline]
pub fn sys_reply_fault(peer: TaskId, reason: ReplyFaultReason) {
    // SAFETY: no memory is involved.
    unsafe { arch::svc(Sysnum::ReplyFault, [peer.0, reason as u32, 0, 0, 0]) };
}

/// Posts notification bits.
///
/// # Errors
/// The death record if the peer is down or the id stale.
#[inline]
pub fn sys_post(target: TaskId, bits: u32) -> Result<(), DeathRecord> {
    // SAFETY: no memory is involved.
    let [status, r5, r6, r7, _] = unsafe { arch::svc(Sysnum::Post, [target.0, bits, 0, 0, 0]) };
    if status == SendStatus::Replied as u32 { Ok(()) } else { Err(record(r5, r6, r7)) }
}

/// The id of the current life of a task.
#[inline]
#[must_use]
pub fn sys_refresh_task_id(index: TaskIndex) -> TaskId {
    let id = TaskId::new(index, Generation(0));
    // SAFETY: no memory is involved.
    TaskId(unsafe { arch::svc(Sysnum::RefreshTaskId, [id.0, 0, 0, 0, 0]) }[0])
}

/// Ends this life with a text for the supervisor and the debugger.
pub fn sys_panic(text: &[u8]) -> ! {
    loop {
        let args = [address_of(text.as_ptr()), text.len() as u32, 0, 0, 0];
        // SAFETY: the kernel only records where the text is; this task never runs again.
        unsafe { arch::svc(Sysnum::Panic, args) };
    }
}

#[inline]
pub(crate) fn received(results: [u32; 6]) -> Received {
    let [status, r5, r6, r7, r8, r9] = results;
    if status == RecvStatus::Notification as u32 {
        return Received::Notification(r6);
    }
    Received::Message(Message {
        sender: TaskId(r5),
        op: r6 as u16,
        len: r7 as usize,
        reply_capacity: r8 as usize,
        lease_count: r9 as usize,
    })
}

#[inline]
pub(crate) fn record(peer: u32, generation: u32, cause: u32) -> DeathRecord {
    DeathRecord {
        peer: TaskIndex(peer as u8),
        generation: Generation(generation),
        // The kernel gives no other codes.
        cause: Cause::from_code(cause).unwrap_or(Cause::Faulted),
    }
}
