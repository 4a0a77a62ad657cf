//! Messages to the kernel: as the kernel promises them. Answers are encoded by `hubpack`.

use super::{Call, Halt, Spec, TICK_US};
use crate::spec::plan::IMAGE_ID;
use serde::Serialize;
use sys_abi::{
    Cause, Edge, FaultInfo, Generation, Kipc, SchedState, SendStatus, TaskFlags, TaskIndex,
    TaskState, TaskStats, UsageError,
};

const BAD: UsageError = UsageError::BadKernelMessage;
/// Longest request.
const REQUEST_BYTES: u32 = 9;
/// Room for any answer.
const ANSWER_BYTES: usize = 64;
/// Codes of ReadPanicMessage.
const NOT_PANICKED: u32 = 1;
const BAD_BUFFER: u32 = 2;

/// The request as `hubpack` has it: words and bytes, all of them.
fn split<const WORDS: usize, const BYTES: usize>(
    request: &[u8],
    bytes_at: usize,
) -> Call<([u32; WORDS], [u8; BYTES])> {
    if request.len() != 4 * WORDS + BYTES {
        return Err(BAD.into());
    }
    let mut words = [0; WORDS];
    let mut place = 0;
    let mut bytes = [0; BYTES];
    for (position, word) in words.iter_mut().enumerate() {
        if position == bytes_at {
            place += BYTES;
        }
        *word = u32::from_le_bytes(request[place..place + 4].try_into().expect("four bytes"));
        place += 4;
    }
    let first = 4 * bytes_at.min(WORDS);
    bytes.copy_from_slice(&request[first..first + BYTES]);
    Ok((words, bytes))
}

impl Spec<'_> {
    pub(super) fn kernel_message(&mut self, me: usize, op: u16) -> Call {
        let [_, _, base, len, ..] = self.tasks[me].registers;
        if len > REQUEST_BYTES {
            return Err(BAD.into());
        }
        let request = self.read(base, len);
        const OPS: [Kipc; 11] = [
            Kipc::ReadTaskStatus,
            Kipc::ReinitTask,
            Kipc::FaultTask,
            Kipc::ReadImageId,
            Kipc::Reset,
            Kipc::SoftwareIrq,
            Kipc::FindFaultedTask,
            Kipc::ReadPanicMessage,
            Kipc::KillTask,
            Kipc::PublishEdge,
            Kipc::ReadTaskStats,
        ];
        let known = OPS.into_iter().find(|known| *known as u16 == op).ok_or(BAD)?;
        self.kernel_op(me, known, &request)
    }

    fn kernel_op(&mut self, me: usize, op: Kipc, request: &[u8]) -> Call {
        match op {
            Kipc::ReadTaskStatus => {
                let task = self.only_index(request)?;
                let status = self.status(task);
                self.answer(me, &status)
            }
            Kipc::ReadTaskStats => {
                let task = self.only_index(request)?;
                let stats = self.stats(task);
                self.answer(me, &stats)
            }
            Kipc::ReadImageId => {
                split::<0, 0>(request, 0)?;
                self.answer(me, &IMAGE_ID)
            }
            Kipc::FindFaultedTask => {
                let ([first], []) = split(request, 1)?;
                self.find_faulted(me, first as usize)
            }
            Kipc::ReadPanicMessage => {
                let task = self.only_index(request)?;
                self.panic_message(me, task)
            }
            Kipc::Reset => {
                split::<0, 0>(request, 0)?;
                self.granted(me, TaskFlags::RESTART)?;
                Err(Halt::Reset.into())
            }
            Kipc::SoftwareIrq => {
                let ([index, mask], []) = split(request, 2)?;
                self.software_irq(me, index, mask)
            }
            Kipc::ReinitTask | Kipc::FaultTask | Kipc::KillTask => self.against(me, op, request),
            Kipc::PublishEdge => {
                let ([index, generation], [edge]) = split(request, 1)?;
                let edge = Edge::from_code(edge.into()).ok_or(BAD)?;
                let task = self.at_index(index)?;
                self.granted(me, TaskFlags::RESTART)?;
                self.publish(task, edge, Generation(generation));
                self.done(me)
            }
        }
    }

    /// What ends a life: neither the supervisor's nor the caller's.
    fn against(&mut self, me: usize, op: Kipc, request: &[u8]) -> Call {
        let (index, byte) = if op == Kipc::FaultTask {
            let ([index], []) = split(request, 1)?;
            (index, 0)
        } else {
            let ([index], [byte]) = split(request, 1)?;
            (index, byte)
        };
        let cause = match op {
            Kipc::KillTask => Cause::from_code(byte.into()).ok_or(BAD)?,
            _ => Cause::Stopped,
        };
        if op == Kipc::ReinitTask && byte > 1 {
            return Err(BAD.into());
        }
        let task = self.at_index(index)?;
        if task == 0 || task == me {
            return Err(UsageError::IllegalTask.into());
        }
        if op == Kipc::FaultTask {
            self.granted(me, TaskFlags::FAULT)?;
            self.end(task, FaultInfo::Injected(self.id(me)))?;
            return self.done(me);
        }
        self.granted(me, TaskFlags::RESTART)?;
        self.kill(me, task, cause)?;
        if op == Kipc::ReinitTask {
            self.begin(task, byte == 1);
        }
        self.done(me)
    }

    fn at_index(&self, index: u32) -> Result<usize, UsageError> {
        let index = index as usize;
        if index < self.tasks.len() { Ok(index) } else { Err(UsageError::TaskOutOfRange) }
    }

    fn only_index(&self, request: &[u8]) -> Call<usize> {
        let ([index], []) = split(request, 1)?;
        Ok(self.at_index(index)?)
    }

    fn granted(&self, me: usize, flag: u8) -> Result<(), UsageError> {
        let granted = self.plan.descs[me].flags & flag != 0;
        if granted { Ok(()) } else { Err(UsageError::NotAuthorized) }
    }

    fn done(&mut self, me: usize) -> Call {
        self.give(me, &[SendStatus::Replied as u32, 0, 0]);
        Ok(())
    }

    /// An answer that does not fit is the caller's fault.
    fn answer(&mut self, me: usize, answer: &impl Serialize) -> Call {
        let mut bytes = [0; ANSWER_BYTES];
        let len = hubpack::serialize(&mut bytes, answer).expect("room for any answer");
        let [_, _, _, _, base, capacity, ..] = self.tasks[me].registers;
        if (capacity as usize) < len {
            return Err(BAD.into());
        }
        self.write(base, &bytes[..len]);
        self.give(me, &[SendStatus::Replied as u32, 0, len as u32]);
        Ok(())
    }

    fn status(&self, task: usize) -> TaskState {
        match self.tasks[task].end {
            Some((fault, original_state)) => TaskState::Faulted { fault, original_state },
            None => TaskState::Healthy(self.tasks[task].doing),
        }
    }

    fn stats(&self, task: usize) -> TaskStats {
        let count = self.tasks.len();
        let task = &self.tasks[task];
        let peer = match task.doing {
            SchedState::InSend(peer) | SchedState::InReply(peer) => Some(peer.index()),
            SchedState::InRecv(peer) => peer.map(|peer| peer.index()),
            _ => None,
        };
        TaskStats {
            generation: Generation(task.generation),
            entries: task.entries,
            switches: task.switches,
            since_us: task.since_tick * TICK_US,
            died_us: task.died_us,
            blocked_on: peer.filter(|TaskIndex(index)| usize::from(*index) < count),
            cpu_us: task.cpu_us,
        }
    }

    fn find_faulted(&mut self, me: usize, first: usize) -> Call {
        if first > self.tasks.len() {
            return Err(UsageError::TaskOutOfRange.into());
        }
        let found = (first..self.tasks.len()).find(|task| self.tasks[*task].end.is_some());
        self.answer(me, &(found.unwrap_or(0) as u32))
    }

    fn panic_message(&mut self, me: usize, task: usize) -> Call {
        let replied = SendStatus::Replied as u32;
        if !matches!(self.tasks[task].end, Some((FaultInfo::Panic, _))) {
            self.give(me, &[replied, NOT_PANICKED, 0]);
            return Ok(());
        }
        let [base, len, ..] = self.tasks[task].registers;
        let [_, _, _, _, reply_base, capacity, ..] = self.tasks[me].registers;
        let readable = self.check_slice(task, base, len, false).is_ok();
        let copied = if readable { self.copy((base, len), (reply_base, capacity)) } else { None };
        match copied {
            Some(copied) => self.give(me, &[replied, 0, copied]),
            None => self.give(me, &[replied, BAD_BUFFER, 0]),
        }
        Ok(())
    }

    fn software_irq(&mut self, me: usize, index: u32, mask: u32) -> Call {
        let task = self.at_index(index)?;
        self.granted(me, TaskFlags::FAULT)?;
        let lines = self.plan.interrupts.iter();
        let lines = lines.filter(|line| usize::from(line.task) == task && line.mask & mask != 0);
        let lines: Vec<u16> = lines.map(|line| line.irq).collect();
        if lines.is_empty() {
            return Err(UsageError::NoIrq.into());
        }
        self.pending.extend(lines);
        self.done(me)
    }
}
