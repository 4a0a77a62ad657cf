//! What a server's operation says when it does not say a value.

use crate::ipc;
use core::convert::Infallible;
use sys_abi::{Disconnect, ReplyFaultReason};

/// Marks the error type of an interface, so that `?` turns it into [`RequestError::Op`].
/// `#[derive(IdolError)]` implements it.
pub trait OpError {}

impl OpError for Infallible {}

/// Why an operation gives no value (yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError<E> {
    /// The operation failed; the caller learns the code.
    Op(E),
    /// Somebody this server depends on is gone. The record is the one this server saw; the caller
    /// gets it with one hop added. `?` on a call's result produces this.
    Disconnected(Disconnect),
    /// This server lives, but the caller's session does not. The record is this server's own and
    /// goes to the caller as it is.
    SessionEnded(Disconnect),
    /// The caller broke the protocol; it is faulted.
    Fault(ReplyFaultReason),
    /// The answer comes later, by the op's generated `reply_<op>`. For ops with `defers: true`.
    Deferred,
    /// The caller died (or broke its lease table) while the server worked for it: no answer.
    CallerGone,
}

impl<E: OpError> From<E> for RequestError<E> {
    fn from(error: E) -> Self {
        Self::Op(error)
    }
}

impl<E> From<Disconnect> for RequestError<E> {
    fn from(record: Disconnect) -> Self {
        Self::Disconnected(record)
    }
}

/// The heart of a relay: a disconnect below is forwarded, an error below is translated.
impl<E: From<F>, F> From<ipc::Error<F>> for RequestError<E> {
    fn from(error: ipc::Error<F>) -> Self {
        match error {
            ipc::Error::Op(error) => Self::Op(E::from(error)),
            ipc::Error::Disconnected(record) => Self::Disconnected(record),
        }
    }
}

/// The lender of a lease is no longer waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerGone;

impl<E> From<CallerGone> for RequestError<E> {
    fn from(_: CallerGone) -> Self {
        Self::CallerGone
    }
}
