//! What a call gives back when it does not give a value.

use sys_abi::Disconnect;

/// The result of a call that the server may refuse, and that the server may not survive.
///
/// `Disconnected` means *at most once, effect unknown*: the request may or may not have been
/// carried out. A new life of the server starts at its defaults; bind to it with `rebind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// The operation failed; the server and the session are alive.
    Op(E),
    /// The server, or somebody it depends on, is gone; the record says who.
    Disconnected(Disconnect),
}

impl<E> Error<E> {
    /// The record, if this is a disconnect.
    pub fn disconnect(self) -> Option<Disconnect> {
        match self {
            Self::Op(_) => None,
            Self::Disconnected(record) => Some(record),
        }
    }

    /// The same error with the server's own part translated; disconnects stay as they are.
    pub fn map_op<F>(self, translate: impl FnOnce(E) -> F) -> Error<F> {
        match self {
            Self::Op(error) => Error::Op(translate(error)),
            Self::Disconnected(record) => Error::Disconnected(record),
        }
    }
}

impl<E> From<Disconnect> for Error<E> {
    fn from(record: Disconnect) -> Self {
        Self::Disconnected(record)
    }
}
