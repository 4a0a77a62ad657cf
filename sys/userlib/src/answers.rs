//! Answers of the kernel, decoded: hubpack's format (little endian, one byte per variant), as the
//! kernel encodes it.
//!
//! By hand, because the generic deserializer takes some 200 instructions for a task's state, on the
//! way from a death to the next life, and 700 bytes in each task that asks. Tests compare each shape
//! with hubpack itself.

use sys_abi::{
    Cause, FaultInfo, FaultSource, Generation, ReplyFaultReason, SchedState, TaskId, TaskIndex,
    TaskState, TaskStats, UsageError,
};

/// What is left to read; nothing is read behind the end, or from what is no such value.
pub struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// A word.
    pub fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*word))
    }

    /// Two words.
    pub fn long(&mut self) -> Option<u64> {
        let (long, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*long))
    }

    fn id(&mut self) -> Option<TaskId> {
        self.word().map(TaskId)
    }

    fn has(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn maybe(&mut self) -> Option<Option<u32>> {
        if self.has()? { self.word().map(Some) } else { Some(None) }
    }

    fn source(&mut self) -> Option<FaultSource> {
        Some(if self.has()? { FaultSource::Kernel } else { FaultSource::User })
    }

    fn cause(&mut self) -> Option<Cause> {
        Cause::from_code(self.byte()?.into())
    }

    fn reason(&mut self) -> Option<ReplyFaultReason> {
        ReplyFaultReason::ALL.get(usize::from(self.byte()?)).copied()
    }

    fn usage(&mut self) -> Option<UsageError> {
        UsageError::ALL.get(usize::from(self.byte()?)).copied()
    }

    fn fault(&mut self) -> Option<FaultInfo> {
        Some(match self.byte()? {
            0 => FaultInfo::MemoryAccess { address: self.maybe()?, source: self.source()? },
            1 => FaultInfo::StackOverflow { address: self.word()? },
            2 => FaultInfo::BusError { address: self.maybe()?, source: self.source()? },
            3 => FaultInfo::DivideByZero,
            4 => FaultInfo::IllegalText,
            5 => FaultInfo::IllegalInstruction,
            6 => FaultInfo::InvalidOperation(self.word()?),
            7 => FaultInfo::SyscallUsage(self.usage()?),
            8 => FaultInfo::Panic,
            9 => FaultInfo::Injected(self.id()?),
            10 => FaultInfo::Killed(self.id()?, self.cause()?),
            11 => FaultInfo::FromServer(self.id()?, self.reason()?),
            12 => FaultInfo::Accuser(self.id()?, self.reason()?),
            _ => return None,
        })
    }

    fn sched(&mut self) -> Option<SchedState> {
        Some(match self.byte()? {
            0 => SchedState::Stopped,
            1 => SchedState::Runnable,
            2 => SchedState::InSend(self.id()?),
            3 => SchedState::InReply(self.id()?),
            4 => SchedState::InRecv(self.maybe()?.map(TaskId)),
            _ => return None,
        })
    }

    /// A task's state.
    pub fn state(&mut self) -> Option<TaskState> {
        if !self.has()? {
            return self.sched().map(TaskState::Healthy);
        }
        let fault = self.fault()?;
        Some(TaskState::Faulted { fault, original_state: self.sched()? })
    }

    /// What the supervisor watches.
    pub fn stats(&mut self) -> Option<TaskStats> {
        Some(TaskStats {
            generation: Generation(self.word()?),
            entries: self.word()?,
            switches: self.word()?,
            since_us: self.long()?,
            died_us: self.long()?,
            blocked_on: if self.has()? { Some(TaskIndex(self.byte()?)) } else { None },
            cpu_us: self.long()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Debug;
    use hubpack::SerializedSize;

    const ID: TaskId = TaskId(0x1234_5678);

    /// The value comes back, and no shorter message is one.
    fn check<T: serde::Serialize + PartialEq + Debug>(
        value: &T,
        decode: impl Fn(&mut Reader<'_>) -> Option<T>,
    ) {
        let mut bytes = [0xff; TaskStats::MAX_SIZE];
        let len = hubpack::serialize(&mut bytes, value).expect("room");
        let mut reader = Reader(&bytes[..len]);
        assert_eq!(decode(&mut reader).as_ref(), Some(value));
        assert!(reader.0.is_empty(), "{value:?}");
        for short in 0..len {
            assert_eq!(decode(&mut Reader(&bytes[..short])), None, "{value:?} cut to {short}");
        }
    }

    fn faults() -> Vec<FaultInfo> {
        let (address, source) = (Some(0x1122_3344), FaultSource::Kernel);
        let mut faults = vec![
            FaultInfo::MemoryAccess { address, source },
            FaultInfo::MemoryAccess { address: None, source: FaultSource::User },
            FaultInfo::StackOverflow { address: 7 },
            FaultInfo::BusError { address, source },
            FaultInfo::DivideByZero,
            FaultInfo::IllegalText,
            FaultInfo::IllegalInstruction,
            FaultInfo::InvalidOperation(0x10000),
            FaultInfo::Panic,
            FaultInfo::Injected(ID),
        ];
        faults.extend(UsageError::ALL.map(FaultInfo::SyscallUsage));
        faults.extend(Cause::ALL.map(|cause| FaultInfo::Killed(ID, cause)));
        for reason in ReplyFaultReason::ALL {
            faults.extend([FaultInfo::FromServer(ID, reason), FaultInfo::Accuser(ID, reason)]);
        }
        faults
    }

    #[test]
    fn every_state_comes_back_from_hubpack() {
        let states = [
            SchedState::Stopped,
            SchedState::Runnable,
            SchedState::InSend(ID),
            SchedState::InReply(ID),
            SchedState::InRecv(None),
            SchedState::InRecv(Some(ID)),
        ];
        for original_state in states {
            check(&TaskState::Healthy(original_state), |answer| answer.state());
            for fault in faults() {
                check(&TaskState::Faulted { fault, original_state }, |answer| answer.state());
            }
        }
    }

    #[test]
    fn stats_come_back_from_hubpack() {
        for blocked_on in [None, Some(TaskIndex(9))] {
            let stats = TaskStats {
                generation: Generation(1),
                entries: 2,
                switches: 3,
                since_us: 0x4_0000_0005,
                died_us: u64::MAX,
                blocked_on,
                cpu_us: 6,
            };
            check(&stats, |answer| answer.stats());
        }
    }

    /// Every message of up to two bytes, and every beginning of a longer one: as hubpack sees it.
    #[test]
    fn what_is_no_value_is_none() {
        let bytes = |value: u32, len: usize| value.to_le_bytes().into_iter().take(len);
        for len in 0..=2 {
            for value in 0..1_u32 << (8 * len) {
                let message: Vec<u8> = bytes(value, len).collect();
                let ours = Reader(&message).state();
                let theirs = hubpack::deserialize::<TaskState>(&message).ok().map(|(v, _)| v);
                assert_eq!(ours, theirs, "{message:x?}");
            }
        }
        for value in 0..1_u32 << 16 {
            let message: Vec<u8> = bytes(value, 2).chain([3; 16]).collect();
            let ours = Reader(&message).state();
            let theirs = hubpack::deserialize::<TaskState>(&message).ok().map(|(v, _)| v);
            assert_eq!(ours, theirs, "{message:x?}");
        }
    }
}
