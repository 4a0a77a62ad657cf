//! Answers of the kernel, encoded as hubpack encodes them (little endian, one byte per variant).
//!
//! By hand, because the generic serializer brings checks that can panic, and a panic in the kernel
//! is the end of the image. Tests compare each shape with hubpack itself.

use sys_abi::{FaultInfo, FaultSource, SchedState, TaskId, TaskState, TaskStats};

/// Room for the longest answer, [`TaskStats`].
const ANSWER_BYTES: usize = 48;

/// An encoded answer.
pub(crate) struct Answer {
    bytes: [u8; ANSWER_BYTES],
    len: u8,
}

impl Answer {
    /// No bytes yet.
    pub(crate) const EMPTY: Self = Self { bytes: [0; ANSWER_BYTES], len: 0 };

    /// What was put in.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// Adds a byte or a word. What does not fit is dropped; the tests encode the longest of each shape.
    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
            *place = byte;
            self.len = self.len.wrapping_add(1);
        }
    }

    /// Adds a word.
    #[inline(never)]
    pub(crate) fn word(&mut self, word: u32) {
        let place = usize::from(self.len);
        if let Some(room) = self.bytes.get_mut(place..).and_then(|rest| rest.first_chunk_mut()) {
            *room = word.to_le_bytes();
            self.len = self.len.wrapping_add(4);
        }
    }

    /// Adds two words.
    #[inline(never)]
    pub(crate) fn long(&mut self, long: u64) {
        self.word(long as u32);
        self.word((long >> 32) as u32);
    }

    fn maybe(&mut self, word: Option<u32>) {
        self.byte(word.is_some().into());
        if let Some(word) = word {
            self.word(word);
        }
    }

    fn access(&mut self, variant: u8, address: Option<u32>, source: FaultSource) {
        self.byte(variant);
        self.maybe(address);
        self.byte(source as u8);
    }

    fn variant(&mut self, variant: u8, word: u32) {
        self.byte(variant);
        self.word(word);
    }

    /// Adds a fault.
    #[inline(never)]
    pub(crate) fn fault(&mut self, fault: &FaultInfo) {
        match *fault {
            FaultInfo::MemoryAccess { address, source } => self.access(0, address, source),
            FaultInfo::StackOverflow { address } => self.variant(1, address),
            FaultInfo::BusError { address, source } => self.access(2, address, source),
            FaultInfo::DivideByZero => self.byte(3),
            FaultInfo::IllegalText => self.byte(4),
            FaultInfo::IllegalInstruction => self.byte(5),
            FaultInfo::InvalidOperation(status) => self.variant(6, status),
            FaultInfo::SyscallUsage(error) => {
                self.byte(7);
                self.byte(error as u8);
            }
            FaultInfo::Panic => self.byte(8),
            FaultInfo::Injected(TaskId(id)) => self.variant(9, id),
            FaultInfo::Killed(TaskId(id), cause) => {
                self.variant(10, id);
                self.byte(cause as u8);
            }
            FaultInfo::FromServer(TaskId(id), reason) => {
                self.variant(11, id);
                self.byte(reason as u8);
            }
            FaultInfo::Accuser(TaskId(id), reason) => {
                self.variant(12, id);
                self.byte(reason as u8);
            }
        }
    }

    #[inline(never)]
    fn sched(&mut self, state: SchedState) {
        match state {
            SchedState::Stopped => self.byte(0),
            SchedState::Runnable => self.byte(1),
            SchedState::InSend(TaskId(id)) => self.variant(2, id),
            SchedState::InReply(TaskId(id)) => self.variant(3, id),
            SchedState::InRecv(peer) => {
                self.byte(4);
                self.maybe(peer.map(|TaskId(id)| id));
            }
        }
    }

    /// Adds a task's state.
    pub(crate) fn state(&mut self, state: &TaskState) {
        match state {
            TaskState::Healthy(state) => {
                self.byte(0);
                self.sched(*state);
            }
            TaskState::Faulted { fault, original_state } => {
                self.byte(1);
                self.fault(fault);
                self.sched(*original_state);
            }
        }
    }

    /// Adds what the supervisor watches.
    pub(crate) fn stats(&mut self, stats: &TaskStats) {
        self.word(stats.generation.0);
        self.word(stats.entries);
        self.word(stats.switches);
        self.long(stats.since_us);
        self.long(stats.died_us);
        self.byte(stats.blocked_on.is_some().into());
        if let Some(peer) = stats.blocked_on {
            self.byte(peer.0);
        }
        self.long(stats.cpu_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubpack::SerializedSize;
    use sys_abi::{Cause, Generation, ReplyFaultReason, TaskIndex, UsageError};

    fn check<T: serde::Serialize + core::fmt::Debug>(value: &T, encode: impl Fn(&mut Answer)) {
        let mut expect = [0; ANSWER_BYTES];
        let len = hubpack::serialize(&mut expect, value).expect("room");
        let mut answer = Answer::EMPTY;
        encode(&mut answer);
        assert_eq!(answer.bytes(), &expect[..len], "{value:?}");
    }

    const ID: TaskId = TaskId(0x1234_5678);

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
            FaultInfo::SyscallUsage(UsageError::NoRecvDescriptor),
            FaultInfo::Panic,
            FaultInfo::Injected(ID),
        ];
        faults.extend(Cause::ALL.map(|cause| FaultInfo::Killed(ID, cause)));
        for reason in ReplyFaultReason::ALL {
            faults.extend([FaultInfo::FromServer(ID, reason), FaultInfo::Accuser(ID, reason)]);
        }
        faults
    }

    fn states() -> [SchedState; 6] {
        [
            SchedState::Stopped,
            SchedState::Runnable,
            SchedState::InSend(ID),
            SchedState::InReply(ID),
            SchedState::InRecv(None),
            SchedState::InRecv(Some(ID)),
        ]
    }

    #[test]
    fn every_state_is_encoded_as_hubpack_does() {
        for original_state in states() {
            let healthy = TaskState::Healthy(original_state);
            check(&healthy, |answer| answer.state(&healthy));
            for fault in faults() {
                check(&fault, |answer| answer.fault(&fault));
                let faulted = TaskState::Faulted { fault, original_state };
                check(&faulted, |answer| answer.state(&faulted));
            }
        }
    }

    #[test]
    fn stats_are_encoded_as_hubpack_does() {
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
            check(&stats, |answer| answer.stats(&stats));
        }
    }

    #[test]
    fn the_longest_answers_fit() {
        const { assert!(TaskStats::MAX_SIZE <= ANSWER_BYTES && TaskState::MAX_SIZE <= ANSWER_BYTES) };
    }
}
