//! SEND, RECV, REPLY, their relatives and leases: as the kernel promises them.

use super::{Call, Spec};
use sys_abi::{
    CODE_DISCONNECTED, CODE_RESERVED_FIRST, FaultInfo, LeaseAttributes, RecvMode, RecvStatus,
    ReplyFaultReason, SchedState, SendStatus, TaskFlags, TaskId, UsageError,
};

const LEASE_BYTES: u32 = 12;
/// What BORROW gives first.
const OK: u32 = 0;
/// The lender does not lend that.
const DEFECT: u32 = 1;

/// A lease of a lender that waits for the borrower's reply.
struct Lease {
    lender: usize,
    attributes: u32,
    base: u32,
    length: u32,
}

impl Spec<'_> {
    pub(super) fn send(&mut self, me: usize, registers: [u32; 8]) -> Call {
        let [target, op, base, len, reply_base, reply_len, leases, _] = registers;
        self.check_slice(me, base, len, false)?;
        self.check_slice(me, reply_base, reply_len, true)?;
        let lease_count = op >> 16;
        if lease_count != 0 {
            if leases % 4 != 0 {
                return Err(UsageError::InvalidSlice.into());
            }
            self.check_slice(me, leases, lease_count * LEASE_BYTES, false)?;
        }
        let target = TaskId(target);
        if target == TaskId::KERNEL {
            return self.kernel_message(me, op as u16);
        }
        let peer = self.named(target)?;
        if self.plan.descs[me].sends[0] >> peer & 1 == 0 {
            return Err(UsageError::SendNotAllowed.into());
        }
        if !self.is_live(peer, target) {
            let record = self.record(peer, target)?;
            self.give_record(me, SendStatus::Dead as u32, record);
            return Ok(());
        }
        let listens = match self.tasks[peer].doing {
            SchedState::InRecv(from) => from.is_none_or(|from| from == self.id(me)),
            _ => false,
        };
        if !listens {
            self.becomes(me, SchedState::InSend(target));
        } else if self.deliver(me, peer) {
            self.becomes(peer, SchedState::Runnable);
        } else {
            // The sender goes on at once, as if its server had been dead before.
            self.end(peer, FaultInfo::SyscallUsage(UsageError::InvalidSlice))?;
            self.give_record(me, SendStatus::Dead as u32, self.latest_death(peer));
        }
        Ok(())
    }

    /// Moves a message. False: the receiver's buffer overlaps it, which is the receiver's mistake.
    fn deliver(&mut self, sender: usize, receiver: usize) -> bool {
        let [_, op, base, len, _, capacity, ..] = self.tasks[sender].registers;
        let [buffer, room, ..] = self.tasks[receiver].registers;
        if self.copy((base, len), (buffer, room)).is_none() {
            return false;
        }
        self.becomes(sender, SchedState::InReply(self.id(receiver)));
        let status = RecvStatus::Message as u32;
        let from = self.id(sender).0;
        self.give(receiver, &[status, from, op & 0xffff, len, capacity, op >> 16]);
        true
    }

    pub(super) fn recv(&mut self, me: usize, registers: [u32; 8]) -> Call {
        let [base, len, mask, mode, from, ..] = registers;
        self.check_slice(me, base, len, true)?;
        if mode == RecvMode::Open as u32 {
            return self.recv_open(me, mask);
        }
        if self.receive_bits(me, mask) {
            return Ok(());
        }
        let from = TaskId(from);
        if from != TaskId::KERNEL {
            let peer = self.named(from)?;
            if !self.is_live(peer, from) {
                let record = self.record(peer, from)?;
                self.give_record(me, RecvStatus::Dead as u32, record);
                return Ok(());
            }
            if self.tasks[peer].doing == SchedState::InSend(self.id(me)) {
                return self.take(me, peer);
            }
        }
        self.becomes(me, SchedState::InRecv(Some(from)));
        Ok(())
    }

    fn recv_open(&mut self, me: usize, mask: u32) -> Call {
        if self.receive_bits(me, mask) {
            return Ok(());
        }
        match self.next_sender(me) {
            Some(sender) => self.take(me, sender),
            None => {
                self.becomes(me, SchedState::InRecv(None));
                Ok(())
            }
        }
    }

    /// The most important sender; equals take turns behind the one served last.
    fn next_sender(&self, me: usize) -> Option<usize> {
        let own = SchedState::InSend(self.id(me));
        let senders = (0..self.tasks.len()).filter(|task| self.tasks[*task].doing == own);
        let senders: Vec<usize> = senders.collect();
        let best = senders.iter().map(|task| self.priority(*task)).min()?;
        let mut equals = senders.into_iter().filter(|task| self.priority(*task) == best);
        let first = equals.clone().next();
        let behind = |task: &usize| {
            self.tasks[me]
                .served
                .is_some_and(|served| self.priority(served) == best && *task > served)
        };
        equals.find(behind).or(first)
    }

    fn take(&mut self, me: usize, sender: usize) -> Call {
        if !self.deliver(sender, me) {
            return Err(UsageError::InvalidSlice.into());
        }
        self.tasks[me].served = Some(sender);
        Ok(())
    }

    /// Whether this life waits for a reply from `me`.
    fn waits_for(&self, peer: usize, id: TaskId, me: usize) -> bool {
        self.is_live(peer, id) && self.tasks[peer].doing == SchedState::InReply(self.id(me))
    }

    pub(super) fn reply(&mut self, me: usize, to: TaskId, code: u32, base: u32, len: u32) -> Call {
        self.check_slice(me, base, len, false)?;
        if code >= CODE_RESERVED_FIRST && code != CODE_DISCONNECTED {
            return Err(UsageError::ReservedCode.into());
        }
        let peer = self.named(to)?;
        if !self.waits_for(peer, to, me) {
            return Ok(());
        }
        let [_, _, _, _, buffer, capacity, ..] = self.tasks[peer].registers;
        if len > capacity {
            return Err(UsageError::ReplyTooBig.into());
        }
        if self.copy((base, len), (buffer, capacity)).is_none() {
            return Err(UsageError::InvalidSlice.into());
        }
        self.give(peer, &[SendStatus::Replied as u32, code, len]);
        self.becomes(peer, SchedState::Runnable);
        Ok(())
    }

    pub(super) fn reply_recv(&mut self, me: usize, registers: [u32; 8]) -> Call {
        let [to, code, base, len, ..] = registers;
        let receiver = self.tasks[me].receiver.ok_or(UsageError::NoRecvDescriptor)?;
        self.reply(me, TaskId(to), code, base, len)?;
        self.give(me, &receiver);
        self.recv_open(me, receiver[2])
    }

    pub(super) fn set_recv(&mut self, me: usize, registers: [u32; 8]) -> Call {
        let [base, len, mask, ..] = registers;
        self.check_slice(me, base, len, true)?;
        self.tasks[me].receiver = Some([base, len, mask]);
        Ok(())
    }

    pub(super) fn reply_fault(&mut self, me: usize, to: TaskId, reason: u32) -> Call {
        let reason = ReplyFaultReason::ALL.get(reason as usize);
        let reason = *reason.ok_or(UsageError::BadReplyFaultReason)?;
        let peer = self.named(to)?;
        if !self.waits_for(peer, to, me) {
            return Ok(());
        }
        // Who is not believed any more ends itself by accusing somebody.
        if self.plan.descs[me].flags & TaskFlags::UNBELIEVED != 0 {
            self.end(me, FaultInfo::Accuser(to, reason))?;
        } else {
            self.end(peer, FaultInfo::FromServer(self.id(me), reason))?;
        }
        Ok(())
    }

    pub(super) fn refresh(&mut self, me: usize, any: TaskId) -> Call {
        let peer = self.named(any)?;
        self.give(me, &[self.id(peer).0]);
        Ok(())
    }

    /// The lease, if its lender waits for this borrower.
    fn lease(&self, me: usize, lender: u32, index: u32) -> Call<Option<Lease>> {
        let lender_id = TaskId(lender);
        let lender = self.named(lender_id)?;
        if !self.waits_for(lender, lender_id, me) {
            return Ok(None);
        }
        let [_, op, _, _, _, _, table, _] = self.tasks[lender].registers;
        if index >= op >> 16 {
            return Err(UsageError::LeaseOutOfRange.into());
        }
        let word = |place: u32| {
            let bytes = self.read(table + index * LEASE_BYTES + 4 * place, 4);
            u32::from_le_bytes(bytes.try_into().expect("four bytes"))
        };
        Ok(Some(Lease { lender, attributes: word(0), base: word(1), length: word(2) }))
    }

    pub(super) fn borrow_info(&mut self, me: usize, registers: [u32; 8]) -> Call {
        let [lender, index, ..] = registers;
        match self.lease(me, lender, index)? {
            Some(lease) => self.give(me, &[OK, lease.attributes, lease.length]),
            None => self.give(me, &[DEFECT, 0, 0]),
        }
        Ok(())
    }

    pub(super) fn borrow(&mut self, me: usize, registers: [u32; 8], write: bool) -> Call {
        let [lender, index, offset, base, len, ..] = registers;
        self.check_slice(me, base, len, !write)?;
        let Some(lease) = self.lease(me, lender, index)? else {
            self.give(me, &[DEFECT, 0, 0]);
            return Ok(());
        };
        if offset > lease.length {
            return Err(UsageError::OffsetOutOfRange.into());
        }
        let wanted = if write { LeaseAttributes::WRITE } else { LeaseAttributes::READ };
        if lease.attributes & wanted.0 == 0 {
            self.give(me, &[DEFECT, 0, 0]);
            return Ok(());
        }
        if let Err(fault) = self.check_slice(lease.lender, lease.base, lease.length, write) {
            self.give(me, &[DEFECT, 0, 0]);
            self.end(lease.lender, fault)?;
            return Ok(());
        }
        let lent = (lease.base.wrapping_add(offset), lease.length - offset);
        let own = (base, len);
        let (from, to) = if write { (own, lent) } else { (lent, own) };
        let copied = self.copy(from, to).ok_or(UsageError::InvalidSlice)?;
        self.give(me, &[OK, copied, 0]);
        Ok(())
    }
}
