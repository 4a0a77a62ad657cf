//! The presence pin, debounced: a loss counts at once, a return only after it has been steady.
//!
//! ```text
//!           pin low, or it changed meanwhile
//! Present <----------------------------------------.
//!    |                                             |
//!    '--> Absent -- pin high --> Bouncing -- steady for DEBOUNCE_US --> Present (identity read)
//!            ^                      |  changed: count again
//!            '------ pin low -------'
//! ```
//! Believing a loss at once is the safe side: an access to an absent module is a bus fault.

/// How long a returning pin must be steady, in microseconds (connectors bounce for some
/// milliseconds; the mission asks for a debounced return).
pub const DEBOUNCE_US: u64 = 20_000;

/// What the pin says, as read in one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// A module is plugged now.
    pub present: bool,
    /// The pin changed since the last look.
    pub changed: bool,
    /// Identity of the module; 0 when absent, and when nobody needs it: a module that is believed
    /// in keeps its identity until the pin changes.
    pub module: u32,
}

/// What to tell the supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The module is gone.
    Lost,
    /// This module is there.
    Found(u32),
}

/// The debounced state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Nobody has looked yet.
    Unknown,
    /// No module.
    Absent,
    /// A module, but not yet steady; believed at this time, in microseconds since boot.
    Bouncing {
        /// End of the steady time.
        until_us: u64,
    },
    /// This module.
    Present(u32),
}

impl Presence {
    /// Takes a look at the pin. At most one report follows, except for a module that was away
    /// between two looks: then the loss is reported now and the return after the debounce time.
    pub fn look(&mut self, now_us: u64, pin: Pin) -> Option<Report> {
        let bouncing = Self::Bouncing { until_us: now_us.saturating_add(DEBOUNCE_US) };
        let (next, report) = match (*self, pin.present) {
            (Self::Unknown | Self::Present(_), false) => (Self::Absent, Some(Report::Lost)),
            (_, false) => (Self::Absent, None),
            (Self::Unknown, true) => (Self::Present(pin.module), Some(Report::Found(pin.module))),
            (Self::Present(_), true) if pin.changed => (bouncing, Some(Report::Lost)),
            (Self::Absent, true) => (bouncing, None),
            (Self::Bouncing { .. }, true) if pin.changed => (bouncing, None),
            (Self::Bouncing { until_us }, true) if now_us >= until_us => {
                (Self::Present(pin.module), Some(Report::Found(pin.module)))
            }
            (same, true) => (same, None),
        };
        *self = next;
        report
    }

    /// Whether a steady module is there.
    #[must_use]
    pub fn is_present(self) -> bool {
        matches!(self, Self::Present(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIGH: Pin = Pin { present: true, changed: false, module: 7 };
    const ROSE: Pin = Pin { changed: true, ..HIGH };
    const LOW: Pin = Pin { present: false, changed: true, module: 0 };

    fn check(looks: &[(u64, Pin)], expect: &[Option<Report>]) {
        let mut presence = Presence::Unknown;
        let reports: Vec<_> =
            looks.iter().map(|(now_ms, pin)| presence.look(now_ms * 1000, *pin)).collect();
        assert_eq!(reports, expect, "{looks:?}");
    }

    #[test]
    fn at_boot_the_pin_is_believed() {
        check(&[(0, HIGH), (1, HIGH)], &[Some(Report::Found(7)), None]);
        check(&[(0, LOW), (1, LOW)], &[Some(Report::Lost), None]);
    }

    #[test]
    fn a_loss_is_reported_at_once_and_once() {
        check(
            &[(0, HIGH), (1, LOW), (2, LOW)],
            &[Some(Report::Found(7)), Some(Report::Lost), None],
        );
    }

    #[test]
    fn a_return_is_reported_when_steady() {
        let looks = [(0, LOW), (1, ROSE), (20, HIGH), (21, HIGH)];
        check(&looks, &[Some(Report::Lost), None, None, Some(Report::Found(7))]);
    }

    #[test]
    fn bouncing_starts_the_time_again() {
        let looks =
            [(0, LOW), (1, ROSE), (15, LOW), (16, ROSE), (30, ROSE), (49, HIGH), (50, HIGH)];
        let found = Some(Report::Found(7));
        check(&looks, &[Some(Report::Lost), None, None, None, None, None, found]);
    }

    #[test]
    fn a_gap_between_two_looks_is_a_loss_and_a_debounced_return() {
        let looks = [(0, HIGH), (1, ROSE), (20, HIGH), (21, HIGH)];
        let (lost, found) = (Some(Report::Lost), Some(Report::Found(7)));
        check(&looks, &[found, lost, None, found]);
    }

    #[test]
    fn a_different_module_is_a_loss_too() {
        let other = Pin { module: 8, ..HIGH };
        let looks = [(0, HIGH), (1, Pin { changed: true, ..other }), (21, other)];
        check(&looks, &[Some(Report::Found(7)), Some(Report::Lost), Some(Report::Found(8))]);
    }
}
