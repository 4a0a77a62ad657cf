//! Messages to the kernel ([`sys_abi::Kipc`]), and the authority that they need.

use crate::arch::{Arch, TICK_US};
use crate::death::SUPERVISOR;
use crate::kernel::{Kernel, Next, Outcome, usage};
use crate::task::Member;
use crate::umem;
use crate::wire::Answer;
use sys_abi::{
    Cause, Edge, FaultInfo, Generation, Kipc, SendStatus, TaskFlags, TaskIndex, TaskState,
    TaskStats, UsageError,
};

/// Longest request, in bytes.
const REQUEST_BYTES: usize = 9;

/// Code of ReadPanicMessage: it has not panicked.
const NOT_PANICKED: u32 = 1;
/// Code of ReadPanicMessage: it panicked with a text that is not in its memory.
const BAD_BUFFER: u32 = 2;

/// Takes a request apart, front to back; what is missing, or left over, is the caller's fault.
struct Request<'m>(&'m [u8]);

const BAD_MESSAGE: FaultInfo = usage(UsageError::BadKernelMessage);

impl Request<'_> {
    fn byte(&mut self) -> Result<u8, FaultInfo> {
        let (first, rest) = self.0.split_first().ok_or(BAD_MESSAGE)?;
        self.0 = rest;
        Ok(*first)
    }

    fn word(&mut self) -> Result<u32, FaultInfo> {
        let (first, rest) = self.0.split_first_chunk().ok_or(BAD_MESSAGE)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*first))
    }

    fn flag(&mut self) -> Result<bool, FaultInfo> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(BAD_MESSAGE),
        }
    }

    fn finish(self) -> Result<(), FaultInfo> {
        if self.0.is_empty() { Ok(()) } else { Err(BAD_MESSAGE) }
    }
}

impl<A: Arch> Kernel<'_, A> {
    /// A SEND to the kernel, its slices proven.
    #[inline(never)]
    pub(crate) fn kernel_message(&mut self, me: Member) -> Outcome {
        let message = umem::sent_message(self.task(me));
        let len = message.len() as usize;
        let mut bytes = [0; REQUEST_BYTES];
        let Some(request) = bytes.get_mut(..len) else {
            return Err(BAD_MESSAGE);
        };
        self.arch.load(message, request);
        let op = self.task(me).saved.r[1] as u16;
        self.kernel_op(me, op, Request(request))
    }

    fn kernel_op(&mut self, me: Member, op: u16, request: Request<'_>) -> Outcome {
        const READ_TASK_STATUS: u16 = Kipc::ReadTaskStatus as u16;
        const REINIT_TASK: u16 = Kipc::ReinitTask as u16;
        const FAULT_TASK: u16 = Kipc::FaultTask as u16;
        const READ_IMAGE_ID: u16 = Kipc::ReadImageId as u16;
        const RESET: u16 = Kipc::Reset as u16;
        const SOFTWARE_IRQ: u16 = Kipc::SoftwareIrq as u16;
        const FIND_FAULTED_TASK: u16 = Kipc::FindFaultedTask as u16;
        const READ_PANIC_MESSAGE: u16 = Kipc::ReadPanicMessage as u16;
        const KILL_TASK: u16 = Kipc::KillTask as u16;
        const PUBLISH_EDGE: u16 = Kipc::PublishEdge as u16;
        const READ_TASK_STATS: u16 = Kipc::ReadTaskStats as u16;
        match op {
            READ_TASK_STATUS => self.read_task_status(me, request),
            REINIT_TASK => self.reinit_task(me, request),
            FAULT_TASK => self.fault_task(me, request),
            READ_IMAGE_ID => {
                request.finish()?;
                let mut answer = Answer::EMPTY;
                answer.long(self.tables.image_id);
                self.answer_kernel_message(me, &answer)
            }
            RESET => {
                self.authorize(me, TaskFlags::RESTART)?;
                request.finish()?;
                self.arch.reset()
            }
            SOFTWARE_IRQ => self.software_irq(me, request),
            FIND_FAULTED_TASK => self.find_faulted_task(me, request),
            READ_PANIC_MESSAGE => self.read_panic_message(me, request),
            KILL_TASK => self.kill_task(me, request),
            PUBLISH_EDGE => self.publish_edge(me, request),
            READ_TASK_STATS => self.read_task_stats(me, request),
            _ => Err(BAD_MESSAGE),
        }
    }

    fn authorize(&self, me: Member, flag: u8) -> Result<(), FaultInfo> {
        if self.desc(me).flags & flag == 0 {
            return Err(usage(UsageError::NotAuthorized));
        }
        Ok(())
    }

    fn named(&self, index: u32) -> Result<Member, FaultInfo> {
        let index = u8::try_from(index).ok().map(TaskIndex);
        index.and_then(|index| self.tables.member(index)).ok_or(usage(UsageError::TaskOutOfRange))
    }

    /// A task whose life the caller wants to end: not the supervisor's, not its own.
    fn victim(&self, me: Member, index: u32) -> Result<Member, FaultInfo> {
        let member = self.named(index)?;
        if member == SUPERVISOR || member == me {
            return Err(usage(UsageError::IllegalTask));
        }
        Ok(member)
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

    fn read_task_status(&mut self, me: Member, mut request: Request<'_>) -> Outcome {
        let index = request.word()?;
        request.finish()?;
        let task = self.task(self.named(index)?);
        let status = match task.end {
            None => TaskState::Healthy(task.state.sched()),
            Some(end) => {
                TaskState::Faulted { fault: end.fault, original_state: end.original.sched() }
            }
        };
        let mut answer = Answer::EMPTY;
        answer.state(&status);
        self.answer_kernel_message(me, &answer)
    }

    fn reinit_task(&mut self, me: Member, mut request: Request<'_>) -> Outcome {
        let (index, start) = (request.word()?, request.flag()?);
        request.finish()?;
        let target = self.victim(me, index)?;
        self.authorize(me, TaskFlags::RESTART)?;
        self.reinit(me, target, start);
        self.end_kernel_message(me, 0, 0)
    }

    fn kill_task(&mut self, me: Member, mut request: Request<'_>) -> Outcome {
        let (index, cause) = (request.word()?, request.byte()?);
        request.finish()?;
        let target = self.victim(me, index)?;
        let cause = Cause::from_code(cause.into()).ok_or(BAD_MESSAGE)?;
        self.authorize(me, TaskFlags::RESTART)?;
        self.kill(me, target, cause);
        self.end_kernel_message(me, 0, 0)
    }

    fn fault_task(&mut self, me: Member, mut request: Request<'_>) -> Outcome {
        let index = request.word()?;
        request.finish()?;
        let target = self.victim(me, index)?;
        self.authorize(me, TaskFlags::FAULT)?;
        self.end_life(target, FaultInfo::Injected(self.task(me).id));
        self.end_kernel_message(me, 0, 0)
    }

    fn software_irq(&mut self, me: Member, mut request: Request<'_>) -> Outcome {
        let (index, mask) = (request.word()?, request.word()?);
        request.finish()?;
        let target = self.named(index)?;
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
        self.end_kernel_message(me, 0, 0)
    }

    fn find_faulted_task(&mut self, me: Member, mut request: Request<'_>) -> Outcome {
        let first = request.word()?;
        request.finish()?;
        // Equal to the task count means "none behind the last".
        if first as usize > self.tables.tasks.len() {
            return Err(usage(UsageError::TaskOutOfRange));
        }
        let faulted = |member: &Member| {
            member.position() >= first as usize && self.task(*member).end.is_some()
        };
        let found = self.tables.members().find(faulted).map_or(0, |member| member.position());
        let mut answer = Answer::EMPTY;
        answer.word(found as u32);
        self.answer_kernel_message(me, &answer)
    }

    fn read_panic_message(&mut self, me: Member, mut request: Request<'_>) -> Outcome {
        let index = request.word()?;
        request.finish()?;
        let target = self.named(index)?;
        let task = self.task(target);
        if !matches!(task.end, Some(end) if end.fault == FaultInfo::Panic) {
            return self.end_kernel_message(me, NOT_PANICKED, 0);
        }
        let [base, len, ..] = task.saved.r;
        let Ok(text) = umem::readable(self.desc(target), base, len) else {
            return self.end_kernel_message(me, BAD_BUFFER, 0);
        };
        let reply = umem::reply_buffer(self.task(me));
        if umem::overlap(text, reply) {
            return self.end_kernel_message(me, BAD_BUFFER, 0);
        }
        let copied = self.arch.copy(text, reply);
        self.end_kernel_message(me, 0, copied)
    }

    fn publish_edge(&mut self, me: Member, mut request: Request<'_>) -> Outcome {
        let (index, edge, generation) = (request.word()?, request.byte()?, request.word()?);
        request.finish()?;
        let target = self.named(index)?;
        let edge = Edge::from_code(edge.into()).ok_or(BAD_MESSAGE)?;
        self.authorize(me, TaskFlags::RESTART)?;
        self.publish(target, edge, Generation(generation));
        self.end_kernel_message(me, 0, 0)
    }

    /// The time of a tick not longer ago than the counter lasts (49 days).
    fn us_of(&self, ticks: u32) -> u64 {
        let ago = self.arch.ticks().wrapping_sub(ticks);
        self.arch.tick_us().saturating_sub(u64::from(ago) * u64::from(TICK_US))
    }

    fn read_task_stats(&mut self, me: Member, mut request: Request<'_>) -> Outcome {
        let index = request.word()?;
        request.finish()?;
        let target = self.named(index)?;
        self.account();
        let task = self.task(target);
        let stats = TaskStats {
            generation: task.id.generation(),
            entries: task.entries,
            switches: task.switches,
            since_us: self.us_of(task.since_ticks),
            died_us: task.died_us,
            blocked_on: task
                .state
                .peer()
                .and_then(|peer| self.tables.member(peer.index()).map(Member::index)),
            cpu_us: divide(task.cpu_cycles, self.arch.cycles_per_us()),
        };
        let mut answer = Answer::EMPTY;
        answer.stats(&stats);
        self.answer_kernel_message(me, &answer)
    }
}

/// `dividend / divisor`, digit by digit of 16 bits; the divisor, a clock in MHz, is below 65536.
/// The compiler's 64-bit division takes a kilobyte.
fn divide(dividend: u64, divisor: u32) -> u64 {
    let (mut quotient, mut rest) = (0, 0);
    for shift in [48, 32, 16, 0] {
        let digits = rest << 16 | dividend.wrapping_shr(shift) as u32 & 0xffff;
        let digit = digits.checked_div(divisor).unwrap_or(0);
        rest = digits.wrapping_sub(digit.wrapping_mul(divisor));
        quotient = quotient << 16 | u64::from(digit);
    }
    quotient
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
