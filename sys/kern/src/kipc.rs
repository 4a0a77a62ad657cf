//! Messages to the kernel ([`sys_abi::Kipc`]), and the authority that they need.

use crate::arch::{Arch, TICK_US};
use crate::death::SUPERVISOR;
use crate::kernel::{Kernel, Outcome};
use crate::refusal::{Refusal, usage};
use crate::task::Member;
use crate::umem;
use crate::wire::Answer;
use sys_abi::{
    Cause, Edge, FaultInfo, Generation, Kipc, SendStatus, TaskFlags, TaskId, UsageError,
};

/// Code of ReadPanicMessage: it has not panicked.
const NOT_PANICKED: u32 = 1;
/// Code of ReadPanicMessage: it panicked with a text that is not in its memory.
const BAD_BUFFER: u32 = 2;

const BAD_MESSAGE: Refusal = usage(UsageError::BadKernelMessage);

/// What a request must be like, by op: form first, then whom it is about, then the right to it.
#[derive(Clone, Copy)]
struct Rule {
    /// One more than its length; 0 = no such op, as no message is that long.
    behind: u8,
    /// The most that the byte behind the index may be, if there is one.
    last_byte: u8,
    about: About,
    /// Flag that the sender needs; 0 = none.
    authority: u8,
}

/// Whom a request is about: the index of a task comes first in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Nobody, or an index that may be behind the last task.
    Nobody,
    Somebody,
    /// Somebody whose life it ends: not the supervisor, and not the sender.
    Victim,
}

impl Rule {
    const fn new(bytes: u8, about: About, authority: u8) -> Self {
        Self { behind: bytes + 1, last_byte: u8::MAX, about, authority }
    }

    const fn with_byte(self, last_byte: u8) -> Self {
        Self { last_byte, ..self }
    }

    const NO_OP: Self = Self { behind: 0, ..Self::new(0, About::Nobody, 0) };

    /// By op.
    const ALL: [Self; 14] = {
        use About::{Nobody, Somebody, Victim};
        const RESTART: u8 = TaskFlags::RESTART;
        const FAULT: u8 = TaskFlags::FAULT;
        let mut rules = [Self::NO_OP; 14];
        rules[Kipc::ReadTaskStatus as usize] = Self::new(4, Somebody, 0);
        rules[Kipc::ReinitTask as usize] = Self::new(5, Victim, RESTART).with_byte(1);
        rules[Kipc::FaultTask as usize] = Self::new(4, Victim, FAULT);
        rules[Kipc::ReadImageId as usize] = Self::new(0, Nobody, 0);
        rules[Kipc::Reset as usize] = Self::new(0, Nobody, RESTART);
        rules[Kipc::SoftwareIrq as usize] = Self::new(8, Somebody, FAULT);
        rules[Kipc::FindFaultedTask as usize] = Self::new(4, Nobody, 0);
        rules[Kipc::ReadPanicMessage as usize] = Self::new(4, Somebody, 0);
        rules[Kipc::KillTask as usize] =
            Self::new(5, Victim, RESTART).with_byte(Cause::SessionEnded as u8);
        rules[Kipc::PublishEdge as usize] =
            Self::new(9, Somebody, RESTART).with_byte(Edge::Ready as u8);
        rules[Kipc::ReadTaskStats as usize] = Self::new(4, Somebody, 0);
        rules
    };
}

/// A request, of the length that its op has.
struct Request([u8; Request::BYTES]);

impl Request {
    /// The longest: PublishEdge.
    const BYTES: usize = 9;

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
        let behind = message.len().wrapping_add(1);
        let rule = Rule::ALL.get(usize::from(op));
        let Some(&Rule { last_byte, about, authority, .. }) =
            rule.filter(|rule| u32::from(rule.behind) == behind)
        else {
            return Err(BAD_MESSAGE);
        };
        let mut request = Request([0; Request::BYTES]);
        self.arch.load(message, &mut request.0);
        if request.byte() > last_byte {
            return Err(BAD_MESSAGE);
        }
        let mut target = me;
        if about != About::Nobody {
            let index = request.index();
            if index as usize >= self.tables.tasks.len() {
                return Err(usage(UsageError::TaskOutOfRange));
            }
            target = self.named(TaskId(index))?;
            // Nobody ends the supervisor's life, or its own.
            if about == About::Victim && (target == SUPERVISOR || target == me) {
                return Err(usage(UsageError::IllegalTask));
            }
        }
        if authority & !self.desc(me).flags != 0 {
            return Err(usage(UsageError::NotAuthorized));
        }
        self.kernel_op(me, op, target, &request)
    }

    /// What may be done.
    #[inline(always)]
    fn kernel_op(&mut self, me: Member, op: u16, target: Member, request: &Request) -> Outcome {
        const REINIT_TASK: u16 = Kipc::ReinitTask as u16;
        const FAULT_TASK: u16 = Kipc::FaultTask as u16;
        const RESET: u16 = Kipc::Reset as u16;
        const SOFTWARE_IRQ: u16 = Kipc::SoftwareIrq as u16;
        const READ_PANIC_MESSAGE: u16 = Kipc::ReadPanicMessage as u16;
        const KILL_TASK: u16 = Kipc::KillTask as u16;
        const PUBLISH_EDGE: u16 = Kipc::PublishEdge as u16;
        let byte = request.byte();
        match op {
            REINIT_TASK => self.reinit(me, target, byte == 1),
            KILL_TASK => {
                let cause = Cause::from_code(byte.into()).ok_or(BAD_MESSAGE)?;
                self.kill(me, target, cause);
            }
            FAULT_TASK => self.end_life(target, FaultInfo::Injected(self.task(me).id)),
            RESET => self.arch.reset(),
            SOFTWARE_IRQ => self.software_irq(target, request.word())?,
            PUBLISH_EDGE => {
                let edge = Edge::from_code(byte.into()).ok_or(BAD_MESSAGE)?;
                self.publish(target, edge, Generation(request.last_word()));
            }
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
            FIND_FAULTED_TASK => answer.word(self.find_faulted_task(request.index())?),
            // Nothing else has a length.
            _ => self.read_task_stats(target, &mut answer),
        }
        self.answer_kernel_message(me, &answer)
    }

    fn end_kernel_message(&mut self, me: Member, code: u32, len: u32) -> Outcome {
        let r = &mut self.task_mut(me).saved.r;
        r[0] = SendStatus::Replied as u32;
        r[1] = code;
        r[2] = len;
        self.choose();
        Ok(())
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

    fn software_irq(&mut self, target: Member, mask: u32) -> Outcome {
        let mut found = false;
        for interrupt in self.tables.interrupts_of(target) {
            if interrupt.mask & mask != 0 {
                self.arch.irq_pend(interrupt.irq);
                found = true;
            }
        }
        if found { Ok(()) } else { Err(usage(UsageError::NoIrq)) }
    }

    fn find_faulted_task(&self, first: u32) -> Result<u32, Refusal> {
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

    /// The time of a tick not longer ago than the counter lasts (49 days).
    fn us_of(&self, ticks: u32) -> u64 {
        let ago = self.arch.ticks().wrapping_sub(ticks);
        self.arch.tick_us().wrapping_sub(u64::from(ago) * u64::from(TICK_US))
    }

    /// [`sys_abi::TaskStats`].
    #[inline(never)]
    fn read_task_stats(&mut self, target: Member, answer: &mut Answer) {
        self.account();
        let task = self.task(target);
        answer.word(task.id.generation().0);
        answer.word(task.entries);
        answer.word(task.switches);
        answer.long(self.us_of(task.since_ticks));
        answer.long(self.arch.us_at(task.died_tick_us, task.died_counter));
        let peer = task.state.peer().map(TaskId::index);
        answer.index(peer.filter(|peer| self.tables.member(*peer).is_some()));
        answer.long(divide(task.cpu_cycles, self.arch.cycles_per_us()));
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
