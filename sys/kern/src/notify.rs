//! Notifications: POST, interrupts, and how a posted bit ends a RECV.

use crate::arch::Arch;
use crate::kernel::{Kernel, Outcome};
use crate::refusal::usage;
use crate::task::{Member, State, Task};
use sys_abi::{IrqStatus, RecvStatus, SendStatus, TaskId, UsageError};

const ENABLE: u32 = 1;
const CLEAR_PENDING: u32 = 2;

impl Task {
    /// Gives it its notifications in `mask`, if any, as the result of its RECV.
    #[inline(never)]
    pub(crate) const fn take_notifications(&mut self, mask: u32) -> bool {
        self.take_notifications_here(mask)
    }

    /// The same without a call.
    #[inline(always)]
    pub(crate) const fn take_notifications_here(&mut self, mask: u32) -> bool {
        let fired = self.notifications & mask;
        if fired == 0 {
            return false;
        }
        self.notifications &= !fired;
        let r = &mut self.saved.r;
        r[0] = RecvStatus::Notification as u32;
        r[1] = TaskId::KERNEL.0;
        r[2] = fired;
        r[3] = 0;
        r[4] = 0;
        r[5] = 0;
        true
    }
}

impl<A: Arch> Kernel<'_, A> {
    /// Posts bits, and ends the RECV that waits for one of them. Bits for a task that is down are
    /// dropped.
    pub(crate) fn notify(&mut self, member: Member, bits: u32) {
        let task = self.task_mut(member);
        if !task.is_live() {
            return;
        }
        task.notifications |= bits;
        let mask = task.saved.r[2];
        let waits = matches!(task.state, State::InRecv | State::InRecvFrom(_));
        if waits && task.take_notifications(mask) {
            self.wake(member);
        }
    }

    pub(crate) fn post(&mut self, me: Member) -> Outcome {
        let [target, bits, ..] = self.task(me).saved.r;
        let target = TaskId(target);
        let peer = self.named(target)?;
        if bits & !self.tables.post_mask(self.desc(me), me, peer) != 0 {
            return Err(usage(UsageError::PostNotAllowed));
        }
        if self.task(peer).live != target {
            return self.tell_death(me, peer, target, SendStatus::Dead as u32);
        }
        self.task_mut(me).saved.r[0] = SendStatus::Replied as u32;
        self.notify(peer, bits);
        self.choose();
        Ok(())
    }

    /// An interrupt line is active. It stays masked until its task enables it again.
    pub fn interrupt(&mut self, irq: u16) {
        self.arch.irq_disable(irq);
        let owner = self.tables.interrupt(irq).and_then(|interrupt| {
            let member = self.tables.member(sys_abi::TaskIndex(interrupt.task))?;
            self.task(member).is_live().then_some((member, interrupt.mask))
        });
        match owner {
            Some((member, mask)) => {
                self.notify(member, mask);
                self.choose();
            }
            None => self.dropped_interrupts = self.dropped_interrupts.wrapping_add(1),
        }
    }

    pub(crate) fn irq_control(&mut self, me: Member) -> Outcome {
        let [mask, bits, ..] = self.task(me).saved.r;
        let mut mapped = false;
        for interrupt in self.tables.interrupts_of(me).filter(|interrupt| interrupt.mask == mask) {
            mapped = bits & !(ENABLE | CLEAR_PENDING) == 0;
            if !mapped {
                break;
            }
            if bits & CLEAR_PENDING != 0 {
                self.arch.irq_clear_pending(interrupt.irq);
            }
            if bits & ENABLE != 0 {
                self.arch.irq_enable(interrupt.irq);
            } else {
                self.arch.irq_disable(interrupt.irq);
            }
        }
        if mapped { Ok(()) } else { Err(usage(UsageError::NoIrq)) }
    }

    pub(crate) fn irq_status(&mut self, me: Member) -> Outcome {
        let mask = self.task(me).saved.r[0];
        let (mut mapped, mut status) = (false, 0);
        for interrupt in self.tables.interrupts_of(me).filter(|interrupt| interrupt.mask == mask) {
            mapped = true;
            if self.arch.irq_is_enabled(interrupt.irq) {
                status |= IrqStatus::ENABLED;
            }
            if self.arch.irq_is_pending(interrupt.irq) {
                status |= IrqStatus::PENDING;
            }
        }
        if !mapped {
            return Err(usage(UsageError::NoIrq));
        }
        let task = self.task_mut(me);
        if task.notifications & mask != 0 {
            status |= IrqStatus::POSTED;
        }
        task.saved.r[0] = status;
        Ok(())
    }
}
