//! Interrupt lines as levels, on top of an interrupt controller whose software pend is an edge.
//!
//! A line is high while an enabled status bit is set. The controller's pending bit is made to
//! follow the level at the end of each trap, heartbeat and doorbell: high pends (again, if the
//! handler returned without clearing the cause), low takes the pend back. So a driver sees exactly
//! what a level interrupt would do. After a read nothing has changed but by the time that passed, so
//! lines are only evaluated then while one of them storms: else a handler that only reads would have
//! peace until the next heartbeat.
//!
//! Misbehaviour works on *edges*, that is on status bits that newly came up: a lost edge is hidden
//! until the next edge of the same line, a late one for some lines and with it all that come in the
//! meantime, a doubled one comes again when its cause is gone.

/// Number of lines: ISP, control bus, PRCM, firewall, host link.
pub const LINES: usize = 5;
/// Interrupt number of the first.
pub const FIRST_IRQ: u32 = drv_isp_regs::ISP_IRQ;

/// What the interrupt controller is to do with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pend {
    /// Set the pending bit.
    Set,
    /// Clear the pending bit.
    Clear,
    /// Leave it alone.
    Keep,
}

/// One line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    seen: u32,
    hidden: u32,
    hidden_until_line: Option<u32>,
    was_high: bool,
    lost_count: u32,
    late_lines: u32,
    doubled_count: u32,
    /// The edge that is up comes again when it is down.
    comes_again: bool,
    extra_pends: u32,
    given_count: u32,
}

impl Line {
    /// The next `count` edges are lost.
    pub fn lose(&mut self, count: u32) {
        self.lost_count = count;
    }

    /// The next edge comes `lines` device lines late.
    pub fn delay(&mut self, lines: u32) {
        self.late_lines = lines;
    }

    /// The next `count` edges come again after their cause was cleared.
    pub fn double(&mut self, count: u32) {
        self.doubled_count = count;
    }

    /// `count` pends without a cause, one per evaluation.
    pub fn storm(&mut self, count: u32) {
        self.extra_pends = count;
    }

    /// Does it pend without a cause?
    #[must_use]
    pub const fn is_storming(&self) -> bool {
        self.extra_pends > 0
    }

    /// How often the line came up for the processor since [`Line::count_anew`].
    #[must_use]
    pub const fn given_count(&self) -> u32 {
        self.given_count
    }

    /// Starts a new count.
    pub fn count_anew(&mut self) {
        self.given_count = 0;
    }

    /// Re-evaluates the line. `active` = status & enable; `now_line` = device lines so far.
    pub fn evaluate(&mut self, active: u32, now_line: u32) -> Pend {
        let risen = active & !self.seen;
        self.seen = active;
        self.hidden &= active;
        if self.hidden_until_line.is_some() {
            self.hidden |= risen;
        } else if risen != 0 {
            self.take_edge(risen, now_line);
        }
        if let Some(until) = self.hidden_until_line
            && now_line.wrapping_sub(until) as i32 >= 0
        {
            self.hidden_until_line = None;
            self.hidden = 0;
        }
        self.pend(active & !self.hidden != 0)
    }

    fn take_edge(&mut self, risen: u32, now_line: u32) {
        if self.lost_count > 0 {
            self.lost_count -= 1;
            self.hidden |= risen;
        } else if self.late_lines > 0 {
            self.hidden |= risen;
            self.hidden_until_line = Some(now_line.wrapping_add(self.late_lines));
            self.late_lines = 0;
        } else {
            self.hidden = 0;
            if self.doubled_count > 0 {
                self.doubled_count -= 1;
                self.comes_again = true;
            }
        }
    }

    fn pend(&mut self, high: bool) -> Pend {
        let was_high = core::mem::replace(&mut self.was_high, high);
        let extra = self.extra_pends > 0;
        let again = !extra && !high && was_high && core::mem::take(&mut self.comes_again);
        self.extra_pends -= u32::from(extra);
        self.given_count += u32::from(extra || again || (high && !was_high));
        if extra || again || high {
            Pend::Set
        } else if was_high {
            Pend::Clear
        } else {
            Pend::Keep
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_high_line_is_pended_again_until_its_cause_is_cleared() {
        let mut line = Line::default();
        assert_eq!(line.evaluate(0, 0), Pend::Keep);
        assert_eq!(line.evaluate(1, 0), Pend::Set);
        assert_eq!(line.evaluate(1, 0), Pend::Set);
        assert_eq!(line.evaluate(0, 0), Pend::Clear);
        assert_eq!(line.evaluate(0, 0), Pend::Keep);
    }

    #[test]
    fn a_lost_edge_shows_up_with_the_next_one() {
        let mut line = Line::default();
        line.lose(1);
        assert_eq!(line.evaluate(1, 0), Pend::Keep);
        assert_eq!(line.evaluate(1, 0), Pend::Keep);
        assert_eq!(line.given_count(), 0);
        assert_eq!(line.evaluate(3, 0), Pend::Set);
        assert_eq!(line.evaluate(3, 0), Pend::Set);
        assert_eq!(line.given_count(), 1);
        line.count_anew();
        assert_eq!(line.given_count(), 0);
    }

    #[test]
    fn a_late_edge_comes_after_its_lines() {
        let mut line = Line::default();
        line.delay(5);
        assert_eq!(line.evaluate(1, 10), Pend::Keep);
        assert_eq!(line.evaluate(1, 14), Pend::Keep);
        assert_eq!(line.evaluate(1, 15), Pend::Set);
    }

    #[test]
    fn a_late_edge_whose_cause_is_gone_never_comes() {
        let mut line = Line::default();
        line.delay(5);
        assert_eq!(line.evaluate(1, 10), Pend::Keep);
        assert_eq!(line.evaluate(0, 12), Pend::Keep);
        assert_eq!(line.evaluate(0, 20), Pend::Keep);
    }

    #[test]
    fn edges_within_a_delay_do_not_end_it() {
        let mut line = Line::default();
        line.delay(5);
        assert_eq!(line.evaluate(1, 10), Pend::Keep);
        assert_eq!(line.evaluate(3, 12), Pend::Keep);
        assert_eq!(line.evaluate(2, 13), Pend::Keep);
        assert_eq!(line.evaluate(7, 14), Pend::Keep);
        assert_eq!(line.evaluate(7, 15), Pend::Set);
    }

    #[test]
    fn a_delay_whose_cause_was_cleared_ends_all_the_same() {
        let mut line = Line::default();
        line.delay(5);
        assert_eq!(line.evaluate(1, 10), Pend::Keep);
        assert_eq!(line.evaluate(0, 12), Pend::Keep);
        assert_eq!(line.evaluate(2, 14), Pend::Keep);
        assert_eq!(line.evaluate(0, 20), Pend::Keep);
        assert_eq!(line.evaluate(1, 21), Pend::Set);
    }

    #[test]
    fn a_doubled_edge_comes_again_after_its_cause_was_cleared() {
        let mut line = Line::default();
        line.double(1);
        let pends: Vec<_> =
            [1, 1, 0, 0, 1, 0].into_iter().map(|active| line.evaluate(active, 0)).collect();
        let (set, keep, clear) = (Pend::Set, Pend::Keep, Pend::Clear);
        assert_eq!(pends, [set, set, set, keep, set, clear]);
        assert_eq!(line.given_count(), 3);
    }

    #[test]
    fn a_storm_pends_without_cause_and_ends() {
        let mut line = Line::default();
        line.storm(2);
        let pends: Vec<_> = (0..4).map(|_| line.evaluate(0, 0)).collect();
        assert_eq!(pends, [Pend::Set, Pend::Set, Pend::Keep, Pend::Keep]);
        assert_eq!(line.given_count(), 2);
        assert!(!line.is_storming());
    }
}
