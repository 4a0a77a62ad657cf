//! SEND, RECV, REPLY, REPLY_FAULT, REPLY_RECV, SET_RECV, REFRESH_TASK_ID.
//!
//! The general paths: every case, every mistake. What happens all the time is in [`crate::fast`].

use crate::arch::{Arch, pair_mut};
use crate::kernel::{Kernel, Next, Outcome};
use crate::negative::sends;
use crate::refusal::{Refusal, usage};
use crate::tables::Tables;
use crate::task::{Member, ReceiveDescriptor, State, Task};
use crate::umem;
use sys_abi::{
    CODE_DISCONNECTED, CODE_RESERVED_FIRST, DeathRecord, FaultInfo, LeaseDescriptor, RecvMode,
    RecvStatus, ReplyFaultReason, SendStatus, TaskFlags, TaskId, UsageError,
};

const LEASE_BYTES: u32 = size_of::<LeaseDescriptor>() as u32;

/// Moves the message of `sender` to `receiver`, whose receive buffer is in its registers. False if
/// the buffer overlaps the message: the receiver's mistake.
fn deliver<A: Arch>(arch: &mut A, sender: &mut Task, receiver: &mut Task) -> bool {
    let from = umem::sent_message(sender);
    let to = umem::receive_buffer(receiver);
    if umem::overlap(from, to) {
        return false;
    }
    arch.copy(from, to);
    sender.state = State::InReply(receiver.id);
    let [_, op, _, len, _, capacity, ..] = sender.saved.r;
    let [r4, r5, r6, r7, r8, r9, ..] = &mut receiver.saved.r;
    *r4 = RecvStatus::Message as u32;
    *r5 = sender.id.0;
    *r6 = op & 0xffff;
    *r7 = len;
    *r8 = capacity;
    *r9 = op >> 16;
    true
}

impl Task {
    /// Ends a call or a closed RECV with the record of a death.
    pub(crate) const fn set_dead_result(&mut self, status: u32, record: DeathRecord) {
        let r = &mut self.saved.r;
        r[0] = status;
        r[1] = record.peer.0 as u32;
        r[2] = record.generation.0;
        r[3] = record.cause as u32;
    }
}

impl<A: Arch> Kernel<'_, A> {
    pub(crate) fn send(&mut self, me: Member) -> Outcome {
        let [target, op, base, len, reply_base, reply_len, leases, _] = self.task(me).saved.r;
        umem::readable(&self.tables, me, base, len)?;
        umem::writable(&self.tables, me, reply_base, reply_len)?;
        let lease_count = op >> 16;
        if lease_count != 0 {
            if leases % 4 != 0 {
                return Err(usage(UsageError::InvalidSlice));
            }
            // At most 65535 * 12 bytes: no overflow.
            let lease_bytes = lease_count.wrapping_mul(LEASE_BYTES);
            umem::readable(&self.tables, me, leases, lease_bytes)?;
        }
        let target = TaskId(target);
        if target == TaskId::KERNEL {
            return self.kernel_message(me);
        }
        let Some(server) = self.tables.member(target.index()) else {
            return Err(usage(UsageError::TaskOutOfRange));
        };
        if sends() && Tables::sendable(self.desc(me), target).is_none() {
            return Err(usage(UsageError::SendNotAllowed));
        }
        let now_ticks = self.arch.ticks();
        let Some((client_task, server_task)) = pair_mut(self.tasks, me, server) else {
            return Err(usage(UsageError::IllegalTask));
        };
        if server_task.live != target {
            return self.send_to_the_dead(me, server, target);
        }
        client_task.waits_for = target;
        let listens = match server_task.state {
            State::InRecv => true,
            State::InRecvFrom(peer) => peer == client_task.id,
            _ => false,
        };
        if !listens {
            client_task.state = State::InSend(target);
            client_task.since_ticks = now_ticks;
            server_task.senders.insert(client_task.rank);
            return Ok(Next::Choose);
        }
        if !deliver(&mut self.arch, client_task, server_task) {
            self.end_life(server, usage(UsageError::InvalidSlice).into());
            self.send_to_the_dead(me, server, target)?;
            return Ok(Next::Choose);
        }
        client_task.since_ticks = now_ticks;
        server_task.state = State::Runnable;
        server_task.since_ticks = now_ticks;
        self.ready.insert(server_task.rank);
        Ok(Next::Choose)
    }

    #[cold]
    #[inline(never)]
    fn send_to_the_dead(&mut self, me: Member, server: Member, target: TaskId) -> Outcome {
        let record = self.known_death(server, target)?;
        self.task_mut(me).set_dead_result(SendStatus::Dead as u32, record);
        Ok(Next::Same)
    }

    /// The record for an id that is not live.
    ///
    /// # Errors
    /// An id from the future: nobody can have got it from the kernel.
    pub(crate) fn known_death(&self, peer: Member, id: TaskId) -> Result<DeathRecord, Refusal> {
        if id.generation() > self.task(peer).id.generation() {
            return Err(usage(UsageError::IllegalTask));
        }
        Ok(self.task(peer).record())
    }

    pub(crate) fn recv(&mut self, me: Member) -> Outcome {
        let [base, len, mask, mode, sender, ..] = self.task(me).saved.r;
        umem::writable(&self.tables, me, base, len)?;
        if mode == RecvMode::Open as u32 {
            return self.recv_open(me, mask);
        }
        if self.task_mut(me).take_notifications(mask) {
            return Ok(Next::Same);
        }
        self.recv_closed(me, TaskId(sender))
    }

    /// Receives with buffer and mask in the registers, the buffer proven.
    fn recv_open(&mut self, me: Member, mask: u32) -> Outcome {
        if self.task_mut(me).take_notifications(mask) {
            return Ok(Next::Same);
        }
        let task = self.task(me);
        let Some(sender) = self.pick(&task.senders, task.served) else {
            self.block(me, State::InRecv);
            return Ok(Next::Choose);
        };
        self.accept(sender, me)
    }

    /// Takes over the message of a sender that waits in `InSend`.
    fn accept(&mut self, sender: Member, me: Member) -> Outcome {
        let now_ticks = self.arch.ticks();
        let Some((client_task, own_task)) = pair_mut(self.tasks, sender, me) else {
            return Err(usage(UsageError::IllegalTask));
        };
        if !deliver(&mut self.arch, client_task, own_task) {
            return Err(usage(UsageError::InvalidSlice));
        }
        own_task.senders.remove(client_task.rank);
        own_task.served = client_task.rank;
        client_task.since_ticks = now_ticks;
        Ok(Next::Same)
    }

    #[inline(never)]
    fn recv_closed(&mut self, me: Member, peer_id: TaskId) -> Outcome {
        if peer_id == TaskId::KERNEL {
            self.block(me, State::InRecvFrom(peer_id));
            return Ok(Next::Choose);
        }
        let Some(peer) = self.tables.member(peer_id.index()) else {
            return Err(usage(UsageError::TaskOutOfRange));
        };
        if self.task(peer).live != peer_id {
            let record = self.known_death(peer, peer_id)?;
            self.task_mut(me).set_dead_result(RecvStatus::Dead as u32, record);
            return Ok(Next::Same);
        }
        if self.task(peer).state == State::InSend(self.task(me).id) {
            return self.accept(peer, me);
        }
        self.block(me, State::InRecvFrom(peer_id));
        Ok(Next::Choose)
    }

    pub(crate) fn reply(&mut self, me: Member) -> Outcome {
        let [peer, code, base, len, ..] = self.task(me).saved.r;
        match self.answer(me, TaskId(peer), code, base, len)? {
            Some(peer) if self.task(peer).priority < self.task(me).priority => Ok(Next::Choose),
            _ => Ok(Next::Same),
        }
    }

    /// Answers `peer` if that life waits for it, and says who that was.
    fn answer(
        &mut self,
        me: Member,
        peer_id: TaskId,
        code: u32,
        base: u32,
        len: u32,
    ) -> Result<Option<Member>, Refusal> {
        let message = umem::readable(&self.tables, me, base, len)?;
        if code >= CODE_RESERVED_FIRST && code != CODE_DISCONNECTED {
            return Err(usage(UsageError::ReservedCode));
        }
        let Some(peer) = self.tables.member(peer_id.index()) else {
            return Err(usage(UsageError::TaskOutOfRange));
        };
        let now_ticks = self.arch.ticks();
        // Nobody waits for itself.
        let Some((client_task, own_task)) = pair_mut(self.tasks, peer, me) else {
            return Ok(None);
        };
        if client_task.live != peer_id || client_task.state != State::InReply(own_task.id) {
            return Ok(None);
        }
        let buffer = umem::reply_buffer(client_task);
        if len > buffer.len() {
            return Err(usage(UsageError::ReplyTooBig));
        }
        if umem::overlap(message, buffer) {
            return Err(usage(UsageError::InvalidSlice));
        }
        self.arch.copy(message, buffer);
        let [status, reply_code, reply_len, ..] = &mut client_task.saved.r;
        (*status, *reply_code, *reply_len) = (SendStatus::Replied as u32, code, len);
        client_task.state = State::Runnable;
        client_task.since_ticks = now_ticks;
        self.ready.insert(client_task.rank);
        Ok(Some(peer))
    }

    pub(crate) fn reply_recv(&mut self, me: Member) -> Outcome {
        let [peer, code, base, len, ..] = self.task(me).saved.r;
        let receive = self.task(me).receive;
        if !self.task(me).receives {
            return Err(usage(UsageError::NoRecvDescriptor));
        }
        self.answer(me, TaskId(peer), code, base, len)?;
        let r = &mut self.task_mut(me).saved.r;
        r[0] = receive.base;
        r[1] = receive.len;
        r[2] = receive.mask;
        // A client more important than its server gets the processor when the server is done.
        self.recv_open(me, receive.mask)?;
        Ok(Next::Choose)
    }

    pub(crate) fn set_recv(&mut self, me: Member) -> Outcome {
        let [base, len, mask, ..] = self.task(me).saved.r;
        umem::writable(&self.tables, me, base, len)?;
        let task = self.task_mut(me);
        task.receive = ReceiveDescriptor { base, len, mask };
        task.receives = true;
        Ok(Next::Same)
    }

    #[inline(never)]
    pub(crate) fn reply_fault(&mut self, me: Member) -> Outcome {
        let [peer, reason, ..] = self.task(me).saved.r;
        let Some(reason) = ReplyFaultReason::ALL.get(reason as usize) else {
            return Err(usage(UsageError::BadReplyFaultReason));
        };
        let peer_id = TaskId(peer);
        let Some(peer) = self.tables.member(peer_id.index()) else {
            return Err(usage(UsageError::TaskOutOfRange));
        };
        let my_id = self.task(me).id;
        let task = self.task(peer);
        if task.live != peer_id || task.state != State::InReply(my_id) {
            return Ok(Next::Same);
        }
        if self.desc(me).flags & TaskFlags::UNBELIEVED != 0 {
            self.end_life(me, FaultInfo::Accuser(peer_id, *reason));
        } else {
            self.end_life(peer, FaultInfo::FromServer(my_id, *reason));
        }
        Ok(Next::Choose)
    }

    pub(crate) fn refresh_task_id(&mut self, me: Member) -> Outcome {
        let stale = TaskId(self.task(me).saved.r[0]);
        let Some(peer) = self.tables.member(stale.index()) else {
            return Err(usage(UsageError::TaskOutOfRange));
        };
        let current = self.task(peer).id;
        self.task_mut(me).saved.r[0] = current.0;
        Ok(Next::Same)
    }
}
