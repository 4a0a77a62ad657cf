//! What the client does next: the ladder from "go on" to "have the driver restarted".
//!
//! ```text
//!   good frame ──► go on ─(enough)─► stop: streamed
//!   disconnected ──► set up again
//!   wrong frame, no frame, refusal ──► go on once ──► set up again, twice ──► restart the driver,
//!                                      twice ──► gave up
//!   driver away: wait, as long as the supervisor gives it an outlook; down for good ──► down
//! ```
//! A client cannot see every fault of a driver: one that answers and delivers wrong pixels looks
//! healthy to kernel and supervisor. Whoever checks the pixels (here by CRC) has the driver
//! restarted, as an operator would; that must help.

use idl::types::Outlook;

/// Good frames in a row that are wanted after trouble.
pub const RECOVERED: u32 = 3;
/// Troubles in a row before the driver is restarted.
const TROUBLES_MAX: u32 = 4;
/// Restarts before the client gives up.
const RESTARTS_MAX: u32 = 2;
/// Tries while the driver is away, [`RETRY_US`] apart.
const AWAY_MAX: u32 = 600;
/// Between two tries while the driver is away, in microseconds.
pub const RETRY_US: u64 = 10_000;

/// What the client saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A frame whose pixels are right.
    Good,
    /// A frame that is damaged, whether marked or not; no frame in time; a refusal.
    Trouble,
    /// A typed disconnect.
    Disconnected,
}

/// What the client does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on with this stream.
    GoOn,
    /// Stop the stream in order; all is well.
    Stop,
    /// Close and set everything up again.
    SetUpAgain,
    /// Close and have the driver restarted.
    Restart,
    /// Close; it does not help.
    GiveUp,
}

/// What the client does when it cannot set up because of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Try again after [`RETRY_US`].
    Wait,
    /// The driver serves: it is trouble.
    Trouble,
    /// It will not come back, says the supervisor.
    Down,
    /// It should have come back.
    GiveUp,
}

/// Where the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    good: u32,
    wanted: u32,
    troubles: u32,
    restarts: u32,
    away: u32,
}

impl Course {
    /// The start of a run that ends after `wanted` good frames if nothing happens.
    #[must_use]
    pub const fn new(wanted: u32) -> Self {
        Self { good: 0, wanted, troubles: 0, restarts: 0, away: 0 }
    }

    /// Takes what was seen and says what to do.
    pub fn step(&mut self, seen: Seen) -> Next {
        match seen {
            Seen::Good => {
                self.away = 0;
                self.good += 1;
                if self.good >= RECOVERED {
                    self.troubles = 0;
                }
                if self.good >= self.wanted { Next::Stop } else { Next::GoOn }
            }
            Seen::Disconnected => {
                (self.good, self.wanted) = (0, RECOVERED);
                Next::SetUpAgain
            }
            Seen::Trouble => self.trouble(),
        }
    }

    fn trouble(&mut self) -> Next {
        (self.good, self.wanted) = (0, RECOVERED);
        self.troubles += 1;
        match self.troubles {
            1 => Next::GoOn,
            2..TROUBLES_MAX => Next::SetUpAgain,
            _ if self.restarts == RESTARTS_MAX => Next::GiveUp,
            _ => {
                self.troubles = 0;
                self.restarts += 1;
                Next::Restart
            }
        }
    }

    /// The set-up was refused; `outlook` is what the supervisor says of the driver.
    pub fn refused(&mut self, outlook: Outlook) -> Patience {
        match outlook {
            Outlook::Failed { .. } | Outlook::Stopped => Patience::Down,
            // Ready is also said a moment before the nodes have heard of it.
            _ if self.away < AWAY_MAX => {
                self.away += 1;
                let serves = matches!(outlook, Outlook::Ready { .. });
                if serves && self.away.is_multiple_of(8) {
                    Patience::Trouble
                } else {
                    Patience::Wait
                }
            }
            Outlook::Absent => Patience::Down,
            _ => Patience::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::types::Generation;

    fn run(course: &mut Course, seen: &[Seen]) -> Next {
        seen.iter().map(|seen| course.step(*seen)).last().expect("something seen")
    }

    #[test]
    fn an_undisturbed_run_ends_after_its_frames() {
        let mut course = Course::new(5);
        assert_eq!(run(&mut course, &[Seen::Good; 4]), Next::GoOn);
        assert_eq!(course.step(Seen::Good), Next::Stop);
    }

    #[test]
    fn after_a_disconnect_fewer_frames_are_enough_but_none_of_before_count() {
        let mut course = Course::new(5);
        run(&mut course, &[Seen::Good; 4]);
        assert_eq!(course.step(Seen::Disconnected), Next::SetUpAgain);
        assert_eq!(run(&mut course, &[Seen::Good; 2]), Next::GoOn);
        assert_eq!(course.step(Seen::Good), Next::Stop);
    }

    #[test]
    fn lasting_trouble_climbs_the_ladder_and_ends() {
        let mut course = Course::new(5);
        let all: Vec<_> = (0..12).map(|_| course.step(Seen::Trouble)).collect();
        use Next::*;
        let round = [GoOn, SetUpAgain, SetUpAgain];
        let expect = [&round[..], &[Restart], &round, &[Restart], &round, &[GiveUp]].concat();
        assert_eq!(all, expect);
    }

    #[test]
    fn good_frames_between_troubles_do_not_hide_trouble_that_stays() {
        let mut course = Course::new(5);
        let pairs = [Seen::Good, Seen::Trouble].repeat(4);
        assert_eq!(run(&mut course, &pairs), Next::Restart);
    }

    #[test]
    fn the_client_waits_for_whoever_comes_back_and_believes_the_outlook() {
        let mut course = Course::new(5);
        assert_eq!(course.refused(Outlook::Settling), Patience::Wait);
        assert_eq!(course.refused(Outlook::Absent), Patience::Wait);
        assert_eq!(course.refused(Outlook::Failed { restarts: 8 }), Patience::Down);
        let ready = Outlook::Ready { generation: Generation(1) };
        let said: Vec<_> = (0..16).map(|_| course.refused(ready)).collect();
        assert!(said.contains(&Patience::Trouble) && said[0] == Patience::Wait);
    }

    #[test]
    fn patience_ends() {
        let mut course = Course::new(5);
        let settling = (0..=AWAY_MAX).map(|_| course.refused(Outlook::Settling)).last();
        assert_eq!(settling, Some(Patience::GiveUp));
        assert_eq!(course.refused(Outlook::Absent), Patience::Down);
    }
}
