//! One transfer on the control bus, with its retries, its recovery and its bound in time.
//!
//! ```text
//!         begin             done, acknowledged
//!  Idle ----------> Busy ------------------------> Finished
//!                   ^  |  NAK, arbitration lost, or nothing in time
//!      transfer     |  v
//!      again        Recovering (only if the data line is stuck)     after RETRIES_MAX: GaveUp
//! ```

/// Times that a transfer is made again before the bus counts as broken.
pub const RETRIES_MAX: u8 = 3;

/// Longest time of a transfer, in microseconds; it takes about 120.
pub const TRANSFER_US: u64 = 5_000;

/// What the controller shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// Write a register.
    Write {
        /// Register index.
        index: u8,
        /// Value.
        value: u16,
    },
    /// Read a register.
    Read {
        /// Register index.
        index: u8,
    },
    /// Nine clocks to free the data line.
    Recover,
}

/// One look at the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// A transfer ended since the last look.
    pub done: bool,
    /// The slave did not acknowledge.
    pub nak: bool,
    /// Another master, or a stuck line, won.
    pub arbitration_lost: bool,
    /// The data line is held low.
    pub stuck: bool,
    /// The value read.
    pub data: u16,
}

/// What a look means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is going on, or it is still going on.
    Waiting,
    /// Command this transfer.
    Again(Transfer),
    /// The transfer ended well; the value read, if it was a read.
    Finished(u16),
    /// The bus is broken.
    GaveUp,
}

/// The state of the bus.
#[derive(Clone, Copy, Debug)]
pub struct Bus {
    current: Option<Transfer>,
    recovering: bool,
    retries: u8,
    until_us: u64,
}

impl Bus {
    /// Nothing going on.
    pub const IDLE: Self = Self { current: None, recovering: false, retries: 0, until_us: 0 };

    /// Whether a transfer may begin.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.current.is_none()
    }

    /// End of the bound of the present transfer, in microseconds since boot.
    #[must_use]
    pub fn wake_us(&self) -> Option<u64> {
        self.current.map(|_| self.until_us)
    }

    /// A transfer begins; the caller commands it.
    pub fn begin(&mut self, now_us: u64, transfer: Transfer) {
        *self = Self {
            current: Some(transfer),
            recovering: false,
            retries: 0,
            until_us: now_us.saturating_add(TRANSFER_US),
        };
    }

    /// Takes a look at the controller.
    pub fn look(&mut self, now_us: u64, look: &Look) -> Verdict {
        let Some(transfer) = self.current else { return Verdict::Waiting };
        let failed = look.nak || look.arbitration_lost;
        match (look.done, failed || look.stuck) {
            (false, _) if now_us < self.until_us => Verdict::Waiting,
            (true, false) if self.recovering => self.again(now_us, transfer, false),
            (true, false) => {
                self.current = None;
                Verdict::Finished(look.data)
            }
            _ if self.retries >= RETRIES_MAX => {
                self.current = None;
                Verdict::GaveUp
            }
            _ => {
                self.retries += 1;
                self.again(now_us, transfer, look.stuck)
            }
        }
    }

    fn again(&mut self, now_us: u64, transfer: Transfer, recover: bool) -> Verdict {
        self.recovering = recover;
        self.until_us = now_us.saturating_add(TRANSFER_US);
        Verdict::Again(if recover { Transfer::Recover } else { transfer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Transfer = Transfer::Read { index: 0 };
    const QUIET: Look =
        Look { done: false, nak: false, arbitration_lost: false, stuck: false, data: 0 };
    const GOOD: Look = Look { done: true, data: 0x1801, ..QUIET };
    const NAK: Look = Look { done: true, nak: true, ..QUIET };
    const STUCK: Look = Look { done: true, arbitration_lost: true, stuck: true, ..QUIET };

    fn check(looks: &[Look], expect: &[Verdict]) {
        let mut bus = Bus::IDLE;
        bus.begin(0, READ);
        let verdicts: Vec<_> = looks.iter().map(|look| bus.look(100, look)).collect();
        assert_eq!(verdicts, expect, "{looks:?}");
    }

    #[test]
    fn a_good_transfer_gives_its_value() {
        check(
            &[QUIET, GOOD, GOOD],
            &[Verdict::Waiting, Verdict::Finished(0x1801), Verdict::Waiting],
        );
    }

    #[test]
    fn a_transfer_that_is_not_acknowledged_is_made_again_and_no_more_than_the_bound() {
        let again = Verdict::Again(READ);
        check(&[NAK, GOOD], &[again, Verdict::Finished(0x1801)]);
        check(
            &[NAK, NAK, NAK, NAK, NAK],
            &[again, again, again, Verdict::GaveUp, Verdict::Waiting],
        );
    }

    #[test]
    fn a_stuck_line_is_recovered_before_the_next_try() {
        let recover = Verdict::Again(Transfer::Recover);
        check(&[STUCK, GOOD, GOOD], &[recover, Verdict::Again(READ), Verdict::Finished(0x1801)]);
        check(&[STUCK, STUCK, STUCK, STUCK], &[recover, recover, recover, Verdict::GaveUp]);
    }

    #[test]
    fn a_lost_interrupt_is_found_by_the_timer_and_a_lost_transfer_is_made_again() {
        let mut bus = Bus::IDLE;
        bus.begin(0, READ);
        assert_eq!(bus.wake_us(), Some(TRANSFER_US));
        assert_eq!(bus.look(TRANSFER_US, &GOOD), Verdict::Finished(0x1801));
        bus.begin(0, READ);
        assert_eq!(bus.look(TRANSFER_US, &QUIET), Verdict::Again(READ));
        assert_eq!(bus.wake_us(), Some(2 * TRANSFER_US));
    }
}
