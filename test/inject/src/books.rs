//! The witness's books: requests and their results, and what DMA did when it should be quiet.

use crate::protocol::{Call, Ending};

/// Longest time that a request may take, in microseconds of virtual time: the longest time-out that
/// the client passes, and a hang scan with a restart on top.
pub const ANSWER_US: u64 = 1_000_000;

/// What happened to requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Requests that were announced.
    pub requests: u32,
    /// Requests that ended: with a value, refused, disconnected.
    pub done: u32,
    /// See `done`.
    pub refused: u32,
    /// See `done`.
    pub disconnected: u32,
    /// Answers to a request that had ended before.
    pub twice: u32,
    /// Answers to a request that was never announced, and requests announced out of turn.
    pub unasked: u32,
    /// Requests that took longer than [`ANSWER_US`].
    pub overdue: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    number: u32,
    call: Call,
    since_us: u64,
    late: bool,
}

impl Books {
    /// A request is about to be made.
    pub fn asked(&mut self, now_us: u64, number: u32, call: Call) {
        // The client makes one call at a time, in order.
        if self.open.is_some() || number != self.requests {
            self.unasked += 1;
        }
        self.requests += 1;
        self.open = Some(Open { number, call, since_us: now_us, late: false });
    }

    /// A request has ended; gives which, if it was the open one.
    pub fn answered(&mut self, now_us: u64, number: u32, ending: Ending) -> Option<Call> {
        self.look(now_us);
        match self.open {
            Some(open) if open.number == number => {
                self.open = None;
                match ending {
                    Ending::Done => self.done += 1,
                    Ending::Refused(_) => self.refused += 1,
                    Ending::Disconnected(_) => self.disconnected += 1,
                }
                Some(open.call)
            }
            _ if number < self.requests => {
                self.twice += 1;
                None
            }
            _ => {
                self.unasked += 1;
                None
            }
        }
    }

    /// Notices a request that takes too long; gives it once.
    pub fn look(&mut self, now_us: u64) -> Option<Call> {
        let open = self.open.as_mut()?;
        let late = now_us.saturating_sub(open.since_us) > ANSWER_US;
        if !late || open.late {
            return None;
        }
        open.late = true;
        self.overdue += 1;
        Some(open.call)
    }

    /// Requests without a result.
    #[must_use]
    pub const fn open(&self) -> u32 {
        self.requests.saturating_sub(self.done + self.refused + self.disconnected)
    }
}

/// What DMA did while the driver's hardware was quiet and its next life was not ready. A driver that does not
/// come back is quiet to the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// It should be quiet.
    is_quiet: bool,
    /// Bytes that were written all the same.
    pub bytes: u32,
    /// Accesses that were refused all the same.
    pub refused: u32,
}

impl Silence {
    /// So much has happened since the last call, and from now on it should be quiet, or need not be.
    pub fn pass(&mut self, bytes: u32, refused: u32, is_quiet: bool) {
        if self.is_quiet {
            self.bytes += bytes;
            self.refused += refused;
        }
        self.is_quiet = is_quiet;
    }

    /// It should be quiet now.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        self.is_quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::{Cause, Disconnect, Generation, TaskIndex};

    const GONE: Ending = Ending::Disconnected(Disconnect {
        peer: TaskIndex(3),
        generation: Generation(0),
        cause: Cause::Faulted,
        hops: 1,
    });

    #[test]
    fn each_request_has_one_result() {
        let mut books = Books::default();
        for (number, ending) in [(0, Ending::Done), (1, Ending::Refused(9)), (2, GONE)] {
            books.asked(10, number, Call::Dequeue);
            assert_eq!(books.open(), 1);
            assert_eq!(books.answered(20, number, ending), Some(Call::Dequeue));
        }
        let expect =
            Books { requests: 3, done: 1, refused: 1, disconnected: 1, ..Books::default() };
        assert_eq!((books, books.open()), (expect, 0));
    }

    #[test]
    fn a_second_answer_and_one_that_nobody_asked_for_are_seen() {
        let mut books = Books::default();
        books.asked(0, 0, Call::Open);
        books.answered(1, 0, Ending::Done);
        assert_eq!(books.answered(2, 0, GONE), None);
        assert_eq!(books.answered(3, 7, GONE), None);
        assert_eq!((books.twice, books.unasked, books.open()), (1, 1, 0));
    }

    #[test]
    fn a_request_that_never_ends_is_overdue_once() {
        let mut books = Books::default();
        books.asked(0, 0, Call::Dequeue);
        assert_eq!(books.look(ANSWER_US), None);
        assert_eq!(books.look(ANSWER_US + 1), Some(Call::Dequeue));
        assert_eq!(books.look(ANSWER_US + 2), None);
        assert_eq!((books.overdue, books.open()), (1, 1));
    }

    #[test]
    fn a_late_answer_counts_as_overdue() {
        let mut books = Books::default();
        books.asked(0, 0, Call::Dequeue);
        books.answered(2 * ANSWER_US, 0, Ending::Done);
        assert_eq!((books.overdue, books.open()), (1, 0));
    }

    #[test]
    fn what_dma_does_in_silence_counts_also_if_it_never_ends() {
        let mut silence = Silence::default();
        silence.pass(100, 1, false);
        silence.pass(200, 2, true);
        assert_eq!((silence.bytes, silence.refused), (0, 0));
        silence.pass(3, 4, true);
        assert_eq!(
            (silence.bytes, silence.refused),
            (3, 4),
            "a life that died before it was ready"
        );
        silence.pass(5, 6, false);
        silence.pass(700, 70, false);
        assert_eq!((silence.bytes, silence.refused, silence.is_quiet()), (8, 10, false));
    }

    #[test]
    fn a_request_over_an_open_one_is_out_of_turn() {
        let mut books = Books::default();
        books.asked(0, 0, Call::Open);
        books.asked(0, 1, Call::Open);
        assert_eq!((books.unasked, books.open()), (1, 2));
    }
}
