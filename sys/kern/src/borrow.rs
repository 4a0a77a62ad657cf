//! BORROW_READ, BORROW_WRITE, BORROW_INFO.
//!
//! A lease lives only while the lender waits for the borrower's reply. Its table entry is read from
//! the lender's memory at each borrow, and checked against the lender's regions then.

use crate::arch::Arch;
use crate::kernel::{Kernel, Next, Outcome};
use crate::refusal::{Refusal, usage};
use crate::task::{Member, State};
use crate::umem::{self, Readable, Writable};
use sys_abi::{LeaseAttributes, LeaseDescriptor, TaskId, UsageError};
use zerocopy::FromBytes;

const OK: u32 = 0;
const DEFECT: u32 = 1;
const LEASE_BYTES: usize = size_of::<LeaseDescriptor>();

/// A lease of a lender that waits for us.
struct Lent {
    lender: Member,
    lease: LeaseDescriptor,
}

impl<A: Arch> Kernel<'_, A> {
    /// Finds a lease; `None` if the lender does not wait for this borrower.
    ///
    /// # Errors
    /// The borrower's fault: an index behind the table.
    fn lent(&self, me: Member, lender: TaskId, index: u32) -> Result<Option<Lent>, Refusal> {
        let Some(peer) = self.tables.member(lender.index()) else {
            return Err(usage(UsageError::TaskOutOfRange));
        };
        let task = self.task(peer);
        if task.live != lender || task.state != State::InReply(self.task(me).id) {
            return Ok(None);
        }
        let [_, op, _, _, _, _, table, _] = task.saved.r;
        let count = op >> 16;
        if index >= count {
            return Err(usage(UsageError::LeaseOutOfRange));
        }
        // SEND has proven the table; its entries stay in the lender's own memory.
        let bytes = LEASE_BYTES as u32;
        let entry = table.wrapping_add(index.wrapping_mul(bytes));
        let entry = umem::readable(&self.tables, peer, entry, bytes)?;
        let mut raw = [0; LEASE_BYTES];
        self.arch.load(entry, &mut raw);
        Ok(LeaseDescriptor::read_from_bytes(&raw).ok().map(|lease| Lent { lender: peer, lease }))
    }

    fn borrowed(&mut self, me: Member, status: u32, second: u32, third: u32) -> Outcome {
        let r = &mut self.task_mut(me).saved.r;
        r[0] = status;
        r[1] = second;
        r[2] = third;
        Ok(Next::Same)
    }

    /// The lease's memory is not the lender's: the lender dies, the borrower gets a defect.
    fn bad_lease(&mut self, me: Member, lender: Member, refusal: Refusal) -> Outcome {
        self.borrowed(me, DEFECT, 0, 0)?;
        self.end_life(lender, refusal.into());
        Ok(Next::Choose)
    }

    pub(crate) fn borrow_info(&mut self, me: Member) -> Outcome {
        let [lender, index, ..] = self.task(me).saved.r;
        match self.lent(me, TaskId(lender), index)? {
            Some(Lent { lease, .. }) => self.borrowed(me, OK, lease.attributes, lease.length),
            None => self.borrowed(me, DEFECT, 0, 0),
        }
    }

    pub(crate) fn borrow_read(&mut self, me: Member) -> Outcome {
        let [.., base, len, _, _, _] = self.task(me).saved.r;
        let to = umem::writable(&self.tables, me, base, len)?;
        let Some(Lent { lender, lease }) = self.lent_for(me, LeaseAttributes::READ)? else {
            return self.borrowed(me, DEFECT, 0, 0);
        };
        match umem::readable(&self.tables, lender, lease.base, lease.length) {
            Ok(memory) => self.move_borrowed(me, memory.skip(self.offset(me)), to),
            Err(refusal) => self.bad_lease(me, lender, refusal),
        }
    }

    pub(crate) fn borrow_write(&mut self, me: Member) -> Outcome {
        let [.., base, len, _, _, _] = self.task(me).saved.r;
        let from = umem::readable(&self.tables, me, base, len)?;
        let Some(Lent { lender, lease }) = self.lent_for(me, LeaseAttributes::WRITE)? else {
            return self.borrowed(me, DEFECT, 0, 0);
        };
        match umem::writable(&self.tables, lender, lease.base, lease.length) {
            Ok(memory) => self.move_borrowed(me, from, memory.skip(self.offset(me))),
            Err(refusal) => self.bad_lease(me, lender, refusal),
        }
    }

    fn offset(&self, me: Member) -> u32 {
        let [_, _, offset, ..] = self.task(me).saved.r;
        offset
    }

    /// The lease that the registers name, if it grants `right`.
    ///
    /// # Errors
    /// The borrower's fault: an index or an offset behind the end.
    #[inline(never)]
    fn lent_for(&self, me: Member, right: LeaseAttributes) -> Result<Option<Lent>, Refusal> {
        let [lender, index, offset, ..] = self.task(me).saved.r;
        let Some(lent) = self.lent(me, TaskId(lender), index)? else { return Ok(None) };
        if offset > lent.lease.length {
            return Err(usage(UsageError::OffsetOutOfRange));
        }
        Ok(LeaseAttributes(lent.lease.attributes).contains(right).then_some(lent))
    }

    #[inline(never)]
    fn move_borrowed(&mut self, me: Member, from: Readable, to: Writable) -> Outcome {
        if umem::overlap(from, to) {
            return Err(usage(UsageError::InvalidSlice));
        }
        let bytes = self.arch.copy(from, to);
        self.borrowed(me, OK, bytes, 0)
    }
}
