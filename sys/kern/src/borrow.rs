//! BORROW_READ, BORROW_WRITE, BORROW_INFO.
//!
//! A lease lives only while the lender waits for the borrower's reply. Its table entry is read from
//! the lender's memory at each borrow, and checked against the lender's regions then.

use crate::arch::Arch;
use crate::kernel::{Kernel, Outcome};
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

/// The borrower's side.
enum Own {
    To(Writable),
    From(Readable),
}

impl<A: Arch> Kernel<'_, A> {
    /// Finds the lease that the registers name; `None` if the lender does not wait for this borrower.
    ///
    /// # Errors
    /// The borrower's fault: an index behind the table.
    #[inline(never)]
    fn lent(&self, me: Member) -> Result<Option<Lent>, Refusal> {
        let [lender_id, index, ..] = self.task(me).saved.r;
        let lender = self.named(TaskId(lender_id))?;
        let task = self.task(lender);
        if task.live.0 != lender_id || task.state != State::InReply(self.task(me).id) {
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
        let entry = umem::readable(&self.tables, lender, entry, bytes)?;
        let mut raw = [0; LEASE_BYTES];
        self.arch.load(entry, &mut raw);
        Ok(LeaseDescriptor::read_from_bytes(&raw).ok().map(|lease| Lent { lender, lease }))
    }

    fn borrowed(&mut self, me: Member, status: u32, second: u32, third: u32) -> Outcome {
        let r = &mut self.task_mut(me).saved.r;
        r[0] = status;
        r[1] = second;
        r[2] = third;
        Ok(())
    }

    pub(crate) fn borrow_info(&mut self, me: Member) -> Outcome {
        match self.lent(me)? {
            Some(Lent { lease, .. }) => self.borrowed(me, OK, lease.attributes, lease.length),
            None => self.borrowed(me, DEFECT, 0, 0),
        }
    }

    /// BORROW_READ, or else BORROW_WRITE.
    #[inline(never)]
    pub(crate) fn borrow(&mut self, me: Member, reads: bool) -> Outcome {
        let [_, _, offset, base, len, ..] = self.task(me).saved.r;
        let (own, right) = if reads {
            (Own::To(umem::writable(&self.tables, me, base, len)?), LeaseAttributes::READ)
        } else {
            (Own::From(umem::readable(&self.tables, me, base, len)?), LeaseAttributes::WRITE)
        };
        let Some(Lent { lender, lease }) = self.lent(me)? else {
            return self.borrowed(me, DEFECT, 0, 0);
        };
        if offset > lease.length {
            return Err(usage(UsageError::OffsetOutOfRange));
        }
        if !LeaseAttributes(lease.attributes).contains(right) {
            return self.borrowed(me, DEFECT, 0, 0);
        }
        let (base, len) = (lease.base, lease.length);
        let pair =
            match own {
                Own::To(to) => umem::readable(&self.tables, lender, base, len)
                    .map(|from| (from.skip(offset), to)),
                Own::From(from) => umem::writable(&self.tables, lender, base, len)
                    .map(|to| (from, to.skip(offset))),
            };
        match pair {
            Ok((from, to)) if umem::overlap(from, to) => Err(usage(UsageError::InvalidSlice)),
            Ok((from, to)) => {
                let bytes = self.arch.copy(from, to);
                self.borrowed(me, OK, bytes, 0)
            }
            Err(refusal) => self.bad_lease(me, lender, refusal),
        }
    }

    /// The lease's memory is not the lender's: the lender dies, the borrower gets a defect.
    #[cold]
    fn bad_lease(&mut self, me: Member, lender: Member, refusal: Refusal) -> Outcome {
        self.borrowed(me, DEFECT, 0, 0)?;
        self.end_life(lender, refusal.into());
        self.choose();
        Ok(())
    }
}
