//! Answers of the kernel, encoded as hubpack encodes them (little endian, one byte per variant).
//!
//! By hand, because the generic serializer brings checks that can panic, and a panic in the kernel
//! is the end of the image. Tests compare each shape with hubpack itself.

use crate::task::{End, State};
use sys_abi::{FaultInfo, FaultSource, TaskId, TaskIndex};

/// Room for the longest answer, [`sys_abi::TaskStats`]; with the length behind it, whole pairs of
/// words, which are cleared fastest.
const ANSWER_BYTES: usize = 44;

/// An encoded answer.
pub(crate) struct Answer {
    bytes: [u8; ANSWER_BYTES],
    len: usize,
}

impl Answer {
    /// No bytes yet.
    pub(crate) const EMPTY: Self = Self { bytes: [0; ANSWER_BYTES], len: 0 };

    /// What was put in.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// The first bytes, and zeros behind what was put in.
    pub(crate) fn padded(&self) -> [u8; 16] {
        self.bytes.first_chunk().copied().unwrap_or_default()
    }

    /// Adds a byte. What does not fit is dropped; the tests encode the longest of each shape.
    #[inline(never)]
    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len = self.len.wrapping_add(1);
        }
    }

    /// Adds a word.
    #[inline(never)]
    pub(crate) fn word(&mut self, word: u32) {
        let place = self.len;
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

    /// Adds a fault: its variant, a word and a byte if it has such.
    #[inline(never)]
    pub(crate) fn fault(&mut self, fault: &FaultInfo) {
        let (variant, word, last) = match *fault {
            FaultInfo::MemoryAccess { address, source } => return self.access(0, address, source),
            FaultInfo::StackOverflow { address } => (1, Some(address), None),
            FaultInfo::BusError { address, source } => return self.access(2, address, source),
            FaultInfo::DivideByZero => (3, None, None),
            FaultInfo::IllegalText => (4, None, None),
            FaultInfo::IllegalInstruction => (5, None, None),
            FaultInfo::InvalidOperation(status) => (6, Some(status), None),
            FaultInfo::SyscallUsage(error) => (7, None, Some(error as u8)),
            FaultInfo::Panic => (8, None, None),
            FaultInfo::Injected(TaskId(id)) => (9, Some(id), None),
            FaultInfo::Killed(TaskId(id), cause) => (10, Some(id), Some(cause as u8)),
            FaultInfo::FromServer(TaskId(id), reason) => (11, Some(id), Some(reason as u8)),
            FaultInfo::Accuser(TaskId(id), reason) => (12, Some(id), Some(reason as u8)),
        };
        self.byte(variant);
        if let Some(word) = word {
            self.word(word);
        }
        if let Some(last) = last {
            self.byte(last);
        }
    }

    /// Adds a [`sys_abi::SchedState`].
    #[inline(never)]
    fn sched(&mut self, state: State) {
        const IN_RECV: u8 = 4;
        let variant = match state {
            State::Stopped | State::Down => 0,
            State::Runnable => 1,
            State::InSend(_) => 2,
            State::InReply(_) => 3,
            State::InRecv | State::InRecvFrom(_) => IN_RECV,
        };
        self.byte(variant);
        let peer = state.peer().map(|TaskId(id)| id);
        match (variant, peer) {
            (IN_RECV, peer) => self.maybe(peer),
            (_, Some(id)) => self.word(id),
            (_, None) => {}
        }
    }

    /// Adds a [`sys_abi::TaskState`].
    pub(crate) fn state(&mut self, state: State, end: Option<&End>) {
        self.byte(end.is_some().into());
        let state = end.map_or(state, |end| {
            self.fault(&end.fault);
            end.original
        });
        self.sched(state);
    }

    /// Adds the index of a task, if there is one.
    pub(crate) fn index(&mut self, index: Option<TaskIndex>) {
        self.byte(index.is_some().into());
        if let Some(TaskIndex(index)) = index {
            self.byte(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubpack::SerializedSize;
    use sys_abi::{Cause, ReplyFaultReason, TaskState, TaskStats, UsageError};

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

    const STATES: [State; 7] = [
        State::Stopped,
        State::Down,
        State::Runnable,
        State::InSend(ID),
        State::InReply(ID),
        State::InRecv,
        State::InRecvFrom(ID),
    ];

    #[test]
    fn every_state_is_encoded_as_hubpack_does() {
        for state in STATES {
            let healthy = TaskState::Healthy(state.sched());
            check(&healthy, |answer| answer.state(state, None));
            for fault in faults() {
                check(&fault, |answer| answer.fault(&fault));
                let faulted = TaskState::Faulted { fault, original_state: state.sched() };
                let end = End { fault, original: state };
                check(&faulted, |answer| answer.state(State::Down, Some(&end)));
            }
        }
    }

    #[test]
    fn an_index_is_encoded_as_hubpack_does() {
        for index in [None, Some(TaskIndex(9))] {
            check(&index, |answer| answer.index(index));
        }
    }

    #[test]
    fn the_longest_answers_fit() {
        const { assert!(TaskStats::MAX_SIZE <= ANSWER_BYTES && TaskState::MAX_SIZE <= ANSWER_BYTES) };
    }
}
