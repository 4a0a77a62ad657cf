//! Messages to the kernel ([`sys_abi::Kipc`]), and the authority that they need.

use crate::arch::{Arch, TICK_US};
use crate::death::SUPERVISOR;
use crate::kernel::{Kernel, Next, Outcome};
use crate::refusal::{Refusal, usage};
use crate::task::Member;
use crate::umem;
use crate::wire::Answer;
use sys_abi::{
    Cause, Edge, FaultInfo, Generation, Kipc, SendStatus, TaskFlags, TaskIndex, TaskStats,
    UsageError,
};

/// Code of ReadPanicMessage: it has not panicked.
const NOT_PANICKED: u32 = 1;
/// Code of ReadPanicMessage: it panicked with a text that is not in its memory.
const BAD_BUFFER: u32 = 2;

const BAD_MESSAGE: Refusal = usage(UsageError::BadKernelMessage);

/// A request, of the length that its op has.
struct Request([u8; Request::BYTES]);

impl Request {
    /// The longest: PublishEdge.
    const BYTES: usize = 9;

    /// Length of a request; `None` if there is no such op.
    const fn bytes(op: u16) -> Option<u32> {
        const READ_IMAGE_ID: u16 = Kipc::ReadImageId as u16;
        const RESET: u16 = Kipc::Reset as u16;
        const REINIT_TASK: u16 = Kipc::ReinitTask as u16;
        const KILL_TASK: u16 = Kipc::KillTask as u16;
        const SOFTWARE_IRQ: u16 = Kipc::SoftwareIrq as u16;
        const PUBLISH_EDGE: u16 = Kipc::PublishEdge as u16;
        const READ_TASK_STATUS: u16 = Kipc::ReadTaskStatus as u16;
        const FAULT_TASK: u16 = Kipc::FaultTask as u16;
        const FIND_FAULTED_TASK: u16 = Kipc::FindFaultedTask as u16;
        const READ_PANIC_MESSAGE: u16 = Kipc::ReadPanicMessage as u16;
        const READ_TASK_STATS: u16 = Kipc::ReadTaskStats as u16;
        match op {
            READ_IMAGE_ID | RESET => Some(0),
            READ_TASK_STATUS | FAULT_TASK | FIND_FAULTED_TASK | READ_PANIC_MESSAGE
            | READ_TASK_STATS => Some(4),
            REINIT_TASK | KILL_TASK => Some(5),
            SOFTWARE_IRQ => Some(8),
            PUBLISH_EDGE => Some(9),
            _ => None,
        }
    }

    /// Every op that has an argument has this one: the index of a task, in a word.
    const fn index(&self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }

    /// The byte behind the index.
    const fn byte(&self) -> u8 {
        let [_, _, _, _, byte, ..] = self.0;
        byte
    }

    /// The word behind the index.
    const fn word(&self) -> u32 {
        let [_, _, _, _, a, b, c, d, _] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }

    /// The word behind index and byte.
    const fn last_word(&self) -> u32 {
        let [_, _, _, _, _, a, b, c, d] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }
}

impl<A: Arch> Kernel<'_, A> {
    /// A SEND to the kernel, its slices proven.
    #[inline(never)]
    pub(crate) fn kernel_message(&mut self, me: Member) -> Outcome {
        let message = umem::sent_message(self.task(me));
        // The upper half is the number of leases.
        let op = self.task(me).saved.r[1] as u16;
        if Request::bytes(op) != Some(message.len()) {
            return Err(BAD_MESSAGE);
        }
        let mut request = Request([0; Request::BYTES]);
        self.arch.load(message, &mut request.0);
        self.kernel_op(me, op, &request)
    }

    #[inline(always)]
    fn kernel_op(&mut self, me: Member, op: u16, request: &Request) -> Outcome {
        const REINIT_TASK: u16 = Kipc::ReinitTask as u16;
        const FAULT_TASK: u16 = Kipc::FaultTask as u16;
        const READ_IMAGE_ID: u16 = Kipc::ReadImageId as u16;
        const RESET: u16 = Kipc::Reset as u16;
        const SOFTWARE_IRQ: u16 = Kipc::SoftwareIrq as u16;
        const FIND_FAULTED_TASK: u16 = Kipc::FindFaultedTask as u16;
        const READ_PANIC_MESSAGE: u16 = Kipc::ReadPanicMessage as u16;
        const KILL_TASK: u16 = Kipc::KillTask as u16;
        const PUBLISH_EDGE: u16 = Kipc::PublishEdge as u16;
        // A flag that is none is a bad message, whoever it is about.
        if op == REINIT_TASK && request.byte() > 1 {
            return Err(BAD_MESSAGE);
        }
        // Whom it is about; only these ops are about nobody, or about an index.
        let target = match op {
            READ_IMAGE_ID | RESET | FIND_FAULTED_TASK => me,
            _ => self.named(request.index())?,
        };
        match op {
            REINIT_TASK => self.reinit_task(me, target, request)?,
            FAULT_TASK => self.fault_task(me, target)?,
            RESET => {
                self.authorize(me, TaskFlags::RESTART)?;
                self.arch.reset()
            }
            SOFTWARE_IRQ => self.software_irq(me, target, request)?,
            KILL_TASK => self.kill_task(me, target, request)?,
            PUBLISH_EDGE => self.publish_edge(me, target, request)?,
            READ_PANIC_MESSAGE => return self.read_panic_message(me, target),
            _ => return self.read(me, target, op, request),
        }
        self.end_kernel_message(me, 0, 0)
    }

    /// What changes nothing, and has an answer that is not empty.
    #[inline(always)]
    fn read(&mut self, me: Member, target: Member, op: u16, request: &Request) -> Outcome {
        const READ_TASK_STATUS: u16 = Kipc::ReadTaskStatus as u16;
        const READ_IMAGE_ID: u16 = Kipc::ReadImageId as u16;
        const FIND_FAULTED_TASK: u16 = Kipc::FindFaultedTask as u16;
        let mut answer = Answer::EMPTY;
        match op {
            READ_TASK_STATUS => {
                let task = self.task(target);
                answer.state(task.state, task.end.as_ref());
            }
            READ_IMAGE_ID => answer.long(self.arch.image_id()),
            FIND_FAULTED_TASK => answer.word(self.find_faulted_task(request)?),
            // Nothing else has a length.
            _ => self.read_task_stats(target, &mut answer),
        }
        self.answer_kernel_message(me, &answer)
    }

    fn authorize(&self, me: Member, flag: u8) -> Result<(), Refusal> {
        if self.desc(me).flags & flag == 0 {
            return Err(usage(UsageError::NotAuthorized));
        }
        Ok(())
    }

    fn named(&self, index: u32) -> Result<Member, Refusal> {
        if index as usize >= self.tables.tasks.len() {
            return Err(usage(UsageError::TaskOutOfRange));
        }
        self.tables.member(TaskIndex(index as u8)).ok_or(usage(UsageError::TaskOutOfRange))
    }

    /// Refuses the end of a life: the supervisor's, and one's own.
    fn may_end(&self, me: Member, victim: Member) -> Result<(), Refusal> {
        if victim == SUPERVISOR || victim == me {
            return Err(usage(UsageError::IllegalTask));
        }
        Ok(())
    }

    fn end_kernel_message(&mut self, me: Member, code: u32, len: u32) -> Outcome {
        let r = &mut self.task_mut(me).saved.r;
        r[0] = SendStatus::Replied as u32;
        r[1] = code;
        r[2] = len;
        Ok(Next::Choose)
    }

    /// Answers. A reply buffer that is too small is the caller's fault.
    #[inline(never)]
    fn answer_kernel_message(&mut self, me: Member, answer: &Answer) -> Outcome {
        let bytes = answer.bytes();
        let reply = umem::reply_buffer(self.task(me));
        if (reply.len() as usize) < bytes.len() {
            return Err(BAD_MESSAGE);
        }
        self.arch.store(bytes, reply);
        self.end_kernel_message(me, 0, bytes.len() as u32)
    }

    fn reinit_task(
        &mut self,
        me: Member,
        target: Member,
        request: &Request,
    ) -> Result<(), Refusal> {
        self.may_end(me, target)?;
        self.authorize(me, TaskFlags::RESTART)?;
        self.reinit(me, target, request.byte() == 1);
        Ok(())
    }

    fn kill_task(&mut self, me: Member, target: Member, request: &Request) -> Result<(), Refusal> {
        self.may_end(me, target)?;
        let cause = Cause::from_code(request.byte().into()).ok_or(BAD_MESSAGE)?;
        self.authorize(me, TaskFlags::RESTART)?;
        self.kill(me, target, cause);
        Ok(())
    }

    fn fault_task(&mut self, me: Member, target: Member) -> Result<(), Refusal> {
        self.may_end(me, target)?;
        self.authorize(me, TaskFlags::FAULT)?;
        self.end_life(target, FaultInfo::Injected(self.task(me).id));
        Ok(())
    }

    fn software_irq(
        &mut self,
        me: Member,
        target: Member,
        request: &Request,
    ) -> Result<(), Refusal> {
        let mask = request.word();
        self.authorize(me, TaskFlags::FAULT)?;
        let mut found = false;
        for interrupt in self.tables.interrupts_of(target) {
            if interrupt.mask & mask != 0 {
                self.arch.irq_pend(interrupt.irq);
                found = true;
            }
        }
        if !found {
            return Err(usage(UsageError::NoIrq));
        }
        Ok(())
    }

    fn find_faulted_task(&self, request: &Request) -> Result<u32, Refusal> {
        let first = request.index();
        // Equal to the task count means "none behind the last".
        if first as usize > self.tables.tasks.len() {
            return Err(usage(UsageError::TaskOutOfRange));
        }
        let faulted = |member: &Member| member.0 >= first && self.task(*member).end.is_some();
        Ok(self.tables.members().find(faulted).map_or(0, |member| member.0))
    }

    fn read_panic_message(&mut self, me: Member, target: Member) -> Outcome {
        let task = self.task(target);
        if !matches!(task.end, Some(end) if end.fault == FaultInfo::Panic) {
            return self.end_kernel_message(me, NOT_PANICKED, 0);
        }
        let [base, len, ..] = task.saved.r;
        let Ok(text) = umem::readable(&self.tables, target, base, len) else {
            return self.end_kernel_message(me, BAD_BUFFER, 0);
        };
        let reply = umem::reply_buffer(self.task(me));
        if umem::overlap(text, reply) {
            return self.end_kernel_message(me, BAD_BUFFER, 0);
        }
        let copied = self.arch.copy(text, reply);
        self.end_kernel_message(me, 0, copied)
    }

    fn publish_edge(
        &mut self,
        me: Member,
        target: Member,
        request: &Request,
    ) -> Result<(), Refusal> {
        let generation = request.last_word();
        let edge = Edge::from_code(request.byte().into()).ok_or(BAD_MESSAGE)?;
        self.authorize(me, TaskFlags::RESTART)?;
        self.publish(target, edge, Generation(generation));
        Ok(())
    }

    /// The time of a tick not longer ago than the counter lasts (49 days).
    fn us_of(&self, ticks: u32) -> u64 {
        let ago = self.arch.ticks().wrapping_sub(ticks);
        self.arch.tick_us().saturating_sub(u64::from(ago) * u64::from(TICK_US))
    }

    fn read_task_stats(&mut self, target: Member, answer: &mut Answer) {
        self.account();
        let task = self.task(target);
        let stats = TaskStats {
            generation: task.id.generation(),
            entries: task.entries,
            switches: task.switches,
            since_us: self.us_of(task.since_ticks),
            died_us: self.arch.us_at(task.died_tick_us, task.died_counter),
            blocked_on: task
                .state
                .peer()
                .and_then(|peer| self.tables.member(peer.index()).map(Member::index)),
            cpu_us: divide(task.cpu_cycles, self.arch.cycles_per_us()),
        };
        answer.stats(&stats);
    }
}

/// `dividend / divisor`, digit by digit of 16 bits; the divisor, a clock in MHz, is below 65536.
/// The compiler's 64-bit division takes a kilobyte.
fn divide(dividend: u64, divisor: u32) -> u64 {
    let (high, low) = ((dividend >> 32) as u32, dividend as u32);
    let mut rest = 0;
    let mut digit = |next: u32| {
        let digits = rest << 16 | next;
        let digit = digits.checked_div(divisor).unwrap_or(0);
        rest = digits.wrapping_sub(digit.wrapping_mul(divisor));
        digit
    };
    let high = digit(high >> 16) << 16 | digit(high & 0xffff);
    let low = digit(low >> 16) << 16 | digit(low & 0xffff);
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    #[test]
    fn division_by_digits_is_division() {
        for dividend in [0, 1, 19, 20, 0xffff_ffff, 0x1234_5678_9abc_def0, u64::MAX] {
            for divisor in [1, 3, 20, 168, 65_535] {
                assert_eq!(super::divide(dividend, divisor), dividend / u64::from(divisor));
            }
        }
    }
}
