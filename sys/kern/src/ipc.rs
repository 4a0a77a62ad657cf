//! SEND, RECV, REPLY, REPLY_FAULT, REPLY_RECV, SET_RECV, REFRESH_TASK_ID.
//!
//! The general paths: every case, every mistake. What happens all the time is in [`crate::fast`].

use crate::arch::{Arch, pair_mut};
use crate::kernel::{Kernel, Outcome};
use crate::negative::sends;
use crate::refusal::usage;
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
        let server = self.named(target)?;
        if sends() && Tables::sendable(self.desc(me), target).is_none() {
            return Err(usage(UsageError::SendNotAllowed));
        }
        let now_ticks = self.arch.ticks();
        let Some((client_task, server_task)) = pair_mut(self.tasks, me, server) else {
            return Err(usage(UsageError::IllegalTask));
        };
        if server_task.live != target {
            return self.tell_death(me, server, target, SendStatus::Dead as u32);
        }
        client_task.waits_for = target;
        let listens = match server_task.state {
            State::InRecv => true,
            State::InRecvFrom(peer) => peer == client_task.id,
            _ => false,
        };
        if !listens {
            client_task.state = State::InSend(target);
            server_task.senders.insert(client_task.rank);
        } else if deliver(&mut self.arch, client_task, server_task) {
            self.wake(server);
        } else {
            // Nobody has waited: the supervisor is awake, and the client goes on behind it.
            self.end_life(server, usage(UsageError::InvalidSlice).into());
            self.tell_death(me, server, target, SendStatus::Dead as u32)?;
            self.choose();
            return Ok(());
        }
        self.task_mut(me).since_ticks = now_ticks;
        self.choose();
        Ok(())
    }

    /// Ends a call or a closed RECV with the record for an id that is not live.
    ///
    /// # Errors
    /// An id from the future: nobody can have got it from the kernel.
    #[inline(never)]
    pub(crate) fn tell_death(
        &mut self,
        me: Member,
        peer: Member,
        id: TaskId,
        status: u32,
    ) -> Outcome {
        let task = self.task(peer);
        if id.generation() > task.id.generation() {
            return Err(usage(UsageError::IllegalTask));
        }
        let record = task.record();
        self.task_mut(me).set_dead_result(status, record);
        Ok(())
    }

    pub(crate) fn recv(&mut self, me: Member) -> Outcome {
        let [base, len, mask, mode, sender, ..] = self.task(me).saved.r;
        umem::writable(&self.tables, me, base, len)?;
        if mode == RecvMode::Open as u32 {
            return self.recv_open(me, mask);
        }
        if self.task_mut(me).take_notifications(mask) {
            return Ok(());
        }
        self.recv_closed(me, TaskId(sender))
    }

    /// Receives with buffer and mask in the registers, the buffer proven.
    #[inline(never)]
    fn recv_open(&mut self, me: Member, mask: u32) -> Outcome {
        if self.task_mut(me).take_notifications(mask) {
            return Ok(());
        }
        let task = self.task(me);
        match self.pick(&task.senders, task.served) {
            Some(sender) => self.accept(self.member_of(sender), me),
            None => self.wait(me, State::InRecv),
        }
    }

    /// Takes over the message of a sender that waits in `InSend`.
    #[inline(never)]
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
        Ok(())
    }

    #[inline(never)]
    fn recv_closed(&mut self, me: Member, peer_id: TaskId) -> Outcome {
        if peer_id != TaskId::KERNEL {
            let peer = self.named(peer_id)?;
            if self.task(peer).live != peer_id {
                return self.tell_death(me, peer, peer_id, RecvStatus::Dead as u32);
            }
            if self.task(peer).state == State::InSend(self.task(me).id) {
                return self.accept(peer, me);
            }
        }
        self.wait(me, State::InRecvFrom(peer_id))
    }

    pub(crate) fn reply(&mut self, me: Member) -> Outcome {
        self.answer(me)?;
        self.choose();
        Ok(())
    }

    /// Answers the peer that the registers name, if that life waits for it. It may be more important.
    #[inline(never)]
    fn answer(&mut self, me: Member) -> Outcome {
        let [peer_id, code, base, len, ..] = self.task(me).saved.r;
        let message = umem::readable(&self.tables, me, base, len)?;
        if code >= CODE_RESERVED_FIRST && code != CODE_DISCONNECTED {
            return Err(usage(UsageError::ReservedCode));
        }
        let peer = self.named(TaskId(peer_id))?;
        // Nobody waits for itself.
        let Some((client_task, own_task)) = pair_mut(self.tasks, peer, me) else {
            return Ok(());
        };
        if client_task.live.0 != peer_id || client_task.state != State::InReply(own_task.id) {
            return Ok(());
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
        self.wake(peer);
        Ok(())
    }

    pub(crate) fn reply_recv(&mut self, me: Member) -> Outcome {
        if !self.task(me).receives {
            return Err(usage(UsageError::NoRecvDescriptor));
        }
        self.answer(me)?;
        let task = self.task_mut(me);
        let ReceiveDescriptor { base, len, mask } = task.receive;
        let [r4, r5, r6, ..] = &mut task.saved.r;
        (*r4, *r5, *r6) = (base, len, mask);
        self.recv_open(me, mask)?;
        // A client more important than its server gets the processor when the server is done.
        self.choose();
        Ok(())
    }

    pub(crate) fn set_recv(&mut self, me: Member) -> Outcome {
        let [base, len, mask, ..] = self.task(me).saved.r;
        umem::writable(&self.tables, me, base, len)?;
        let task = self.task_mut(me);
        task.receive = ReceiveDescriptor { base, len, mask };
        task.receives = true;
        Ok(())
    }

    #[inline(never)]
    pub(crate) fn reply_fault(&mut self, me: Member) -> Outcome {
        let [peer_id, reason, ..] = self.task(me).saved.r;
        let Some(reason) = ReplyFaultReason::ALL.get(reason as usize) else {
            return Err(usage(UsageError::BadReplyFaultReason));
        };
        let peer_id = TaskId(peer_id);
        let peer = self.named(peer_id)?;
        let my_id = self.task(me).id;
        let task = self.task(peer);
        if task.live != peer_id || task.state != State::InReply(my_id) {
            return Ok(());
        }
        let (guilty, fault) = if self.desc(me).flags & TaskFlags::UNBELIEVED != 0 {
            (me, FaultInfo::Accuser(peer_id, *reason))
        } else {
            (peer, FaultInfo::FromServer(my_id, *reason))
        };
        self.end_life(guilty, fault);
        self.choose();
        Ok(())
    }

    pub(crate) fn refresh_task_id(&mut self, me: Member) -> Outcome {
        let [stale, ..] = self.task(me).saved.r;
        let peer = self.named(TaskId(stale))?;
        let current = self.task(peer).id;
        self.task_mut(me).saved.r[0] = current.0;
        Ok(())
    }
}
