//! Assertions of the cases: each failure says what was expected and what was found.

use core::fmt::Debug;
use idl::ipc;
use idl::types::{Cause, Disconnect, Generation, NodeError, TaskIndex};

use crate::text::Text;

/// Why a case failed.
pub type Failure = Text;

/// How a case ends: with what is worth telling of it, or with what was wrong.
pub type Verdict = Result<Text, Failure>;

/// Ends the case with a formatted failure unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err($crate::text::Text::of(format_args!($($words)+)));
        }
    };
}

/// A failure from format arguments.
#[macro_export]
macro_rules! failure {
    ($($words:tt)+) => { $crate::text::Text::of(format_args!($($words)+)) };
}

/// The value of a call that must succeed.
///
/// # Errors
/// If it did not.
pub fn ok<T, E: Debug>(what: &str, result: Result<T, E>) -> Result<T, Failure> {
    result.map_err(|error| failure!("{what}: expected a value, found {error:?}"))
}

/// Both must be equal.
///
/// # Errors
/// If they are not.
pub fn equal<T: Debug + PartialEq>(what: &str, found: T, expected: T) -> Result<(), Failure> {
    ensure!(found == expected, "{what}: expected {expected:?}, found {found:?}");
    Ok(())
}

/// The number must be at most `most`.
///
/// # Errors
/// If it is more.
pub fn at_most(what: &str, found: u64, most: u64) -> Result<(), Failure> {
    ensure!(found <= most, "{what}: expected at most {most}, found {found}");
    Ok(())
}

/// The operation must be refused with this error.
///
/// # Errors
/// If it was not.
pub fn refused<T: Debug>(
    what: &str,
    result: Result<T, ipc::Error<NodeError>>,
    expected: NodeError,
) -> Result<(), Failure> {
    match result {
        Err(ipc::Error::Op(found)) if found == expected => Ok(()),
        other => Err(failure!("{what}: expected {expected:?}, found {other:?}")),
    }
}

/// The record that a call must end with.
///
/// # Errors
/// If the call ended in any other way.
pub fn disconnected<T: Debug>(
    what: &str,
    result: Result<T, ipc::Error<NodeError>>,
) -> Result<Disconnect, Failure> {
    match result {
        Err(ipc::Error::Disconnected(record)) => Ok(record),
        other => Err(failure!("{what}: expected Disconnected, found {other:?}")),
    }
}

/// What a record must say.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// Who died.
    pub peer: TaskIndex,
    /// Which life.
    pub generation: Generation,
    /// Any of these.
    pub causes: &'a [Cause],
}

/// The record must name this death, seen through exactly one relay (the node that was called).
///
/// # Errors
/// If it names another one.
pub fn names(what: &str, record: Disconnect, ended: &Ended<'_>) -> Result<(), Failure> {
    let same = record.peer == ended.peer
        && record.generation == ended.generation
        && ended.causes.contains(&record.cause);
    ensure!(same, "{what}: expected {ended:?}, found {record:?}");
    ensure!(record.hops >= 1, "{what}: a relayed record has a hop, found {record:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Disconnect = Disconnect {
        peer: TaskIndex(3),
        generation: Generation(7),
        cause: Cause::Stopped,
        hops: 1,
    };

    fn ended(peer: u8, generation: u32, causes: &[Cause]) -> Ended<'_> {
        Ended { peer: TaskIndex(peer), generation: Generation(generation), causes }
    }

    #[test]
    fn a_record_must_agree_in_every_part() {
        let cause = [Cause::Stopped];
        assert!(names("x", RECORD, &ended(3, 7, &cause)).is_ok());
        assert!(names("x", RECORD, &ended(4, 7, &cause)).is_err());
        assert!(names("x", RECORD, &ended(3, 8, &cause)).is_err());
        assert!(names("x", RECORD, &ended(3, 7, &[Cause::Faulted])).is_err());
        assert!(names("x", Disconnect { hops: 0, ..RECORD }, &ended(3, 7, &cause)).is_err());
    }

    #[test]
    fn only_the_named_outcome_passes() {
        let op = |error| Err::<(), _>(ipc::Error::Op(error));
        assert!(refused("x", op(NodeError::NoDevice), NodeError::NoDevice).is_ok());
        assert!(refused("x", op(NodeError::Busy), NodeError::NoDevice).is_err());
        assert!(refused("x", Ok(()), NodeError::NoDevice).is_err());
        assert!(disconnected("x", op(NodeError::NoDevice)).is_err());
        assert!(disconnected("x", Ok(())).is_err());
        assert_eq!(
            disconnected("x", Err::<(), _>(ipc::Error::Disconnected(RECORD))).ok(),
            Some(RECORD)
        );
        assert!(at_most("x", 3, 2).is_err());
        assert!(at_most("x", 2, 2).is_ok());
        assert!(equal("x", 1, 2).is_err());
    }
}
