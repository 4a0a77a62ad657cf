//! The serving side: check a message, run the operation, answer.
//!
//! # Why
//! The generated code only names types; all that is decided (in which order a message is checked,
//! who is to blame, how a result becomes a reply) is here, as pure functions over byte slices.
//! [`dispatch`] and [`serve`] are the only ones that touch the kernel, so a server is tested on the host by
//! handing its generated `dispatch_message` some bytes.
//!
//! The checks, in this order, and what the caller is faulted with:
//!
//! | check | reason |
//! |---|---|
//! | message longer than the server's buffer | `BadMessageSize` |
//! | op not declared | `UndefinedOperation` |
//! | reply buffer smaller than the op may need | `ReplyBufferTooSmall` |
//! | number of leases | `BadLeases` |
//! | arguments decode, with nothing left over | `BadMessageContents` |
//! | attributes and size of each lease | `BadLeases` |

use crate::arch::{self, Inbox, Received};
use crate::client::CODE_COMPLEX;
use crate::{BadContents, CallerGone, Encoder, RequestError};
use core::convert::Infallible;
use hubpack::SerializedSize;
use serde::Serialize;
use sys_abi::{CODE_DISCONNECTED, CODE_RESERVED_FIRST, Disconnect, FORWARD_BYTES};
use sys_abi::{ReplyFaultReason, TaskId};

const _: () = assert!(Disconnect::MAX_SIZE <= FORWARD_BYTES, "a record must fit every reply");

/// How long an op may keep its caller waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Within this many milliseconds; the supervisor faults a server that takes longer.
    WithinMs(u32),
    /// When there is an answer; the op has a time-out argument.
    Deferred,
}

/// What an interface file says about an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpInfo {
    /// Name in the interface file.
    pub name: &'static str,
    /// Upper bound of the arguments, in bytes.
    pub request_bytes: usize,
    /// Room that the caller must offer for the answer, in bytes.
    pub reply_bytes: usize,
    /// Number of leases.
    pub lease_count: usize,
    /// How long the caller may have to wait.
    pub answers: Answers,
}

/// Who calls, and with what: all of a received message but its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallInfo {
    /// The calling life.
    pub sender: TaskId,
    /// Op code, 1-based.
    pub op: u16,
    /// Length that the sender sent, in bytes; more than was received if the buffer was too small.
    pub message_bytes: usize,
    /// Room for the reply, in bytes.
    pub reply_capacity: usize,
    /// Leases that come with the message.
    pub lease_count: usize,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Answer with this code and the first `length` bytes of the reply buffer.
    Reply {
        /// 0, the error's code, or [`CODE_DISCONNECTED`].
        code: u32,
        /// Bytes of the reply.
        length: usize,
    },
    /// Fault the caller.
    Fault(ReplyFaultReason),
    /// The operation will answer later.
    Deferred,
    /// There is nobody to answer.
    CallerGone,
}

impl From<ReplyFaultReason> for Outcome {
    fn from(reason: ReplyFaultReason) -> Self {
        Self::Fault(reason)
    }
}

impl From<BadContents> for Outcome {
    fn from(bad: BadContents) -> Self {
        Self::Fault(bad.into())
    }
}

impl From<CallerGone> for Outcome {
    fn from(_: CallerGone) -> Self {
        Self::CallerGone
    }
}

/// A server as [`dispatch`] drives it; the generated code implements it for each interface.
pub trait Server {
    /// Handles one message. `message` is what was received; the reply goes to `reply`.
    fn handle(&mut self, call: &CallInfo, message: &[u8], reply: &mut [u8]) -> Outcome;
    /// Notification bits to wait for.
    fn mask(&self) -> u32;
    /// Handles notification bits.
    fn notified(&mut self, bits: u32);
    /// Called by [`serve`] before each wait. What was received last is decided; the answer to it goes
    /// out with the wait.
    fn waits(&mut self) {}
}

/// Finds the op of a call, and makes the checks that need no decoding. The result is its
/// position in `ops`.
///
/// # Errors
/// The outcome for the caller, in the order of the module's table.
pub fn admit(ops: &[OpInfo], call: &CallInfo, received_bytes: usize) -> Result<usize, Outcome> {
    if call.message_bytes > received_bytes {
        return Err(ReplyFaultReason::BadMessageSize.into());
    }
    let found =
        usize::from(call.op).checked_sub(1).and_then(|index| Some((index, ops.get(index)?)));
    let Some((index, op)) = found else {
        return Err(ReplyFaultReason::UndefinedOperation.into());
    };
    if call.reply_capacity < op.reply_bytes {
        return Err(ReplyFaultReason::ReplyBufferTooSmall.into());
    }
    if call.lease_count != op.lease_count {
        return Err(ReplyFaultReason::BadLeases.into());
    }
    Ok(index)
}

/// Turns the result of an operation into a reply in `reply`.
///
/// `value` and `error` encode; `error` gives the reply code.
///
/// # Panics
/// If the error's code is 0 or reserved: it would read as success, or as a death.
pub fn settle<T, E>(
    result: Result<T, RequestError<E>>,
    reply: &mut [u8],
    value: impl FnOnce(&mut Encoder<'_>, T),
    error: impl FnOnce(&mut Encoder<'_>, E) -> u32,
) -> Outcome {
    let mut out = Encoder::new(reply);
    let code = match result {
        Ok(done) => {
            value(&mut out, done);
            0
        }
        Err(RequestError::Op(failed)) => {
            let code = error(&mut out, failed);
            assert!(code != 0 && code < CODE_RESERVED_FIRST, "an error needs a code of its own");
            code
        }
        Err(RequestError::Disconnected(record)) => {
            out.hubpack(&record.forwarded());
            CODE_DISCONNECTED
        }
        Err(RequestError::SessionEnded(record)) => {
            out.hubpack(&record);
            CODE_DISCONNECTED
        }
        Err(RequestError::Fault(reason)) => return Outcome::Fault(reason),
        Err(RequestError::Deferred) => return Outcome::Deferred,
        Err(RequestError::CallerGone) => return Outcome::CallerGone,
    };
    Outcome::Reply { code, length: out.length() }
}

/// Encodes an error that is a code (`err: CLike`).
pub fn clike<E: Into<u16>>(_: &mut Encoder<'_>, error: E) -> u32 {
    u32::from(error.into())
}

/// Encodes an error that is a value (`err: Complex`).
pub fn complex<E: Serialize>(out: &mut Encoder<'_>, error: E) -> u32 {
    out.hubpack(&error);
    CODE_COMPLEX
}

/// "Encodes" the error of an op that has none.
pub fn never(_: &mut Encoder<'_>, error: Infallible) -> u32 {
    match error {}
}

/// Waits for one message or notification and handles it: one turn of a server's main loop.
///
/// # Restart
/// A caller that died meanwhile is not answered; the kernel ignores a reply to an ended life.
pub fn dispatch(server: &mut impl Server, incoming: &mut [u8], reply: &mut [u8]) {
    let received = arch::receive(incoming, server.mask());
    if let Some((caller, outcome)) = turn(server, received, incoming, reply) {
        deliver(caller, outcome, reply);
    }
}

/// A server's whole main loop. As [`dispatch`] again and again, but an answer and the next wait
/// are one kernel entry.
pub fn serve(server: &mut impl Server, incoming: &mut [u8], reply: &mut [u8]) -> ! {
    loop {
        serve_with_mask(server.mask(), server, incoming, reply);
    }
}

/// Serves as long as the server waits for the same notifications. It is told once more than it waits
/// when they change.
fn serve_with_mask(mask: u32, server: &mut impl Server, incoming: &mut [u8], reply: &mut [u8]) {
    let mut inbox = Inbox::new(incoming, mask);
    server.waits();
    let mut received = inbox.receive();
    loop {
        let answer = turn(server, received, inbox.buffer(), reply);
        server.waits();
        let same_mask = server.mask() == mask;
        received = match answer {
            Some((caller, Outcome::Reply { code, length })) if same_mask => {
                inbox.reply_receive(caller, code, &reply[..length])
            }
            answer => {
                if let Some((caller, outcome)) = answer {
                    deliver(caller, outcome, reply);
                }
                if !same_mask {
                    return;
                }
                inbox.receive()
            }
        };
    }
}

/// Handles what was received; a message leaves an outcome for its sender.
fn turn(
    server: &mut impl Server,
    received: Received,
    buffer: &[u8],
    reply: &mut [u8],
) -> Option<(TaskId, Outcome)> {
    match received {
        Received::Notification(bits) => {
            server.notified(bits);
            None
        }
        Received::Message(call) => {
            let received_bytes = call.message_bytes.min(buffer.len());
            Some((call.sender, server.handle(&call, &buffer[..received_bytes], reply)))
        }
    }
}

/// Carries out an outcome. [`Outcome::Deferred`] and [`Outcome::CallerGone`] need nothing.
pub fn deliver(caller: TaskId, outcome: Outcome, reply: &[u8]) {
    match outcome {
        Outcome::Reply { code, length } => arch::reply(caller, code, &reply[..length]),
        Outcome::Fault(reason) => arch::reply_fault(caller, reason),
        Outcome::Deferred | Outcome::CallerGone => {}
    }
}
