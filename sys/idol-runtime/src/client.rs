//! The calling side: build a request, send it, sort the answer.
//!
//! # Why
//! A request remembers the task id, that is one life of the server, so nothing here can reach a
//! later life by accident. Every answer is sorted into value, the server's own error, or
//! disconnect; there is no way to look at a reply without looking at its status first.
//!
//! A server whose reply does not decode is as good as gone for this session: the call gives a
//! disconnect with cause `SessionEnded`. Panicking the caller for the server's bug was rejected.

use crate::{BadContents, Decoder, Encoder, Lend, arch, decode, ipc};
use core::cell::Cell;
use core::convert::Infallible;
use serde::{Serialize, de::DeserializeOwned};
use sys_abi::{CODE_DISCONNECTED, Cause, Disconnect, TaskId, TaskIndex};
use zerocopy::{Immutable, IntoBytes};

/// How often a call of a `retry_on_death` interface is sent at most.
pub const SENDS_MAX: usize = 3;

/// The reply code of an error that travels in the reply buffer (`err: Complex`).
pub const CODE_COMPLEX: u32 = 1;

/// The id of the present life of a task: what a client is bound to when it is made.
#[must_use]
pub fn current_life(task: TaskIndex) -> TaskId {
    arch::refresh(task)
}

/// A request under construction: at most `REQUEST` bytes of arguments, room for `REPLY` bytes of
/// answer.
pub struct Request<const REQUEST: usize, const REPLY: usize> {
    task: TaskId,
    op: u16,
    length: usize,
    message: [u8; REQUEST],
}

impl<const REQUEST: usize, const REPLY: usize> Request<REQUEST, REPLY> {
    /// A request for `op` of one life of a server.
    #[must_use]
    pub fn new(task: TaskId, op: u16) -> Self {
        Self { task, op, length: 0, message: [0; REQUEST] }
    }

    /// Appends an argument in hubpack form.
    #[must_use]
    pub fn hubpack<T: Serialize>(self, value: &T) -> Self {
        self.put(|out| out.hubpack(value))
    }

    /// Appends an argument as it lies in memory.
    #[must_use]
    pub fn zerocopy<T: IntoBytes + Immutable>(self, value: &T) -> Self {
        self.put(|out| out.zerocopy(value))
    }

    fn put(mut self, write: impl FnOnce(&mut Encoder<'_>)) -> Self {
        let mut encoder = Encoder::new(&mut self.message[self.length..]);
        write(&mut encoder);
        self.length += encoder.length();
        self
    }

    /// Sends once and waits for the answer.
    ///
    /// # Errors
    /// The server's death, or a disconnect that it forwards.
    ///
    /// # Restart
    /// The call ends at the moment of death with the death record. Nothing is sent again.
    pub fn send(&self, leases: &mut [Lend<'_>]) -> Result<Answer<REPLY>, Disconnect> {
        self.send_to(self.task, leases)
    }

    /// Sends, and sends again to the next life if the server died: at most [`SENDS_MAX`] times.
    /// Only for stateless servers (`retry_on_death: true`). `binding` follows the server.
    ///
    /// # Errors
    /// The last death, or a disconnect that the server forwards (which is never retried).
    ///
    /// # Restart
    /// The caller notices nothing, unless the server stays down.
    pub fn send_retrying(
        &self,
        binding: &Cell<TaskId>,
        leases: &mut [Lend<'_>],
    ) -> Result<Answer<REPLY>, Disconnect> {
        for _ in 1..SENDS_MAX {
            match self.send_to(binding.get(), leases) {
                Err(record) if record.hops == 0 && record.cause != Cause::SessionEnded => {
                    binding.set(arch::refresh(binding.get().index()));
                }
                answer => return answer,
            }
        }
        self.send_to(binding.get(), leases)
    }

    fn send_to(
        &self,
        server: TaskId,
        leases: &mut [Lend<'_>],
    ) -> Result<Answer<REPLY>, Disconnect> {
        let mut bytes = [0; REPLY];
        let message = &self.message[..self.length];
        let (code, length) = exchange(server, self.op, message, &mut bytes, leases)?;
        Ok(Answer { server, code, length, bytes })
    }
}

/// Sends and sorts out disconnects. Apart from [`Request`], so that there is one copy of it for
/// all sizes of messages.
#[inline(never)]
fn exchange(
    server: TaskId,
    op: u16,
    message: &[u8],
    reply: &mut [u8],
    leases: &mut [Lend<'_>],
) -> Result<(u32, usize), Disconnect> {
    let (code, length) = arch::send(server, op, message, reply, leases)?;
    if code != CODE_DISCONNECTED {
        return Ok((code, length));
    }
    let record = reply.get(..length).ok_or(BadContents);
    Err(record.and_then(|bytes| decode(bytes, |input| input.hubpack())).unwrap_or(garbled(server)))
}

/// The session with a server that answers nonsense is over, whether the server knows or not.
fn garbled(server: TaskId) -> Disconnect {
    let (peer, generation) = (server.index(), server.generation());
    Disconnect { peer, generation, cause: Cause::SessionEnded, hops: 0 }
}

/// What a living server answered.
pub struct Answer<const REPLY: usize> {
    server: TaskId,
    code: u32,
    length: usize,
    bytes: [u8; REPLY],
}

impl<const REPLY: usize> Answer<REPLY> {
    /// Sorts the answer of an op that cannot fail (`Simple` or `err: ServerDeath`).
    ///
    /// # Errors
    /// `SessionEnded` if the answer makes no sense.
    pub fn infallible<T>(
        &self,
        take: impl FnOnce(&mut Decoder<'_>) -> Result<T, BadContents>,
    ) -> Result<T, Disconnect> {
        let sorted = self.sort(take, |_| Err::<Infallible, _>(BadContents));
        match sorted.map_err(|_| garbled(self.server))? {
            Ok(value) => Ok(value),
            Err(never) => match never {},
        }
    }

    /// Sorts the answer of an op whose error is a code (`err: CLike`).
    ///
    /// # Errors
    /// The server's error, or `SessionEnded` if the answer makes no sense.
    pub fn clike<T, E: TryFrom<u32>>(
        &self,
        take: impl FnOnce(&mut Decoder<'_>) -> Result<T, BadContents>,
    ) -> Result<T, ipc::Error<E>> {
        self.finish(self.sort(take, |answer| E::try_from(answer.code).map_err(|_| BadContents)))
    }

    /// Sorts the answer of an op whose error is a value (`err: Complex`).
    ///
    /// # Errors
    /// The server's error, or `SessionEnded` if the answer makes no sense.
    pub fn complex<T, E: DeserializeOwned>(
        &self,
        take: impl FnOnce(&mut Decoder<'_>) -> Result<T, BadContents>,
    ) -> Result<T, ipc::Error<E>> {
        self.finish(self.sort(take, |answer| match answer.code {
            CODE_COMPLEX => answer.take(|input| input.hubpack()),
            _ => Err(BadContents),
        }))
    }

    fn sort<T, E>(
        &self,
        value: impl FnOnce(&mut Decoder<'_>) -> Result<T, BadContents>,
        error: impl FnOnce(&Self) -> Result<E, BadContents>,
    ) -> Result<Result<T, E>, BadContents> {
        match self.code {
            0 => self.take(value).map(Ok),
            _ => error(self).map(Err),
        }
    }

    fn finish<T, E>(&self, sorted: Result<Result<T, E>, BadContents>) -> Result<T, ipc::Error<E>> {
        match sorted {
            Ok(result) => result.map_err(ipc::Error::Op),
            Err(BadContents) => Err(ipc::Error::Disconnected(garbled(self.server))),
        }
    }

    fn take<T>(
        &self,
        take: impl FnOnce(&mut Decoder<'_>) -> Result<T, BadContents>,
    ) -> Result<T, BadContents> {
        decode(self.bytes.get(..self.length).ok_or(BadContents)?, take)
    }
}
