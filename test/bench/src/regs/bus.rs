//! The sensor control bus: transfers that take time, and fail in the ways that buses fail.
//!
//! ```text
//!         GO                    TRANSFER_US later
//!  Idle -----> Transfer { .. } -------------------> Idle, DONE [+ NAK | ARBITRATION_LOST]
//!   |  RECOVER                  RECOVER_US later
//!   '--------> Recovering -------------------------> Idle, DONE, not stuck any more
//!  a reset in the middle of a transfer -> Idle, stuck
//! ```

use drv_isp_regs::sensor_bus::status;

/// Duration of a transfer: 5 bytes of 9 bits at 400 kHz (I2C-bus specification, fast mode), rounded up.
pub const TRANSFER_US: u64 = 120;
/// Duration of a recovery: nine clocks and a stop at 400 kHz.
pub const RECOVER_US: u64 = 30;

/// What is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// 7-bit slave address.
    pub slave: u8,
    /// Register index.
    pub index: u8,
    /// `None` reads, else the value to write.
    pub write: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Transfer { request: Request, end_us: u64 },
    Recovering { end_us: u64 },
}

/// The controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bus {
    state: State,
    stuck: bool,
    /// Transfers that the sensor will not acknowledge.
    pub nak_count: u32,
    /// Transfers that will lose arbitration.
    pub arbitration_count: u32,
}

/// How something that was going on ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The request goes through: the caller performs it (or finds that nobody acknowledges).
    Transfer(Request),
    /// STATUS bits besides DONE.
    Failed(u32),
}

impl Bus {
    /// Idle and free.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Idle, stuck: false, nak_count: 0, arbitration_count: 0 }
    }

    /// Is something going on?
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    /// The read-only bits of STATUS.
    #[must_use]
    pub const fn state_bits(&self) -> u32 {
        status::BUSY.of(self.is_busy() as u32) | status::STUCK.of(self.stuck as u32)
    }

    /// GO. Dropped while busy.
    pub fn start(&mut self, request: Request, now_us: u64) {
        if !self.is_busy() {
            self.state = State::Transfer { request, end_us: now_us + TRANSFER_US };
        }
    }

    /// RECOVER. Dropped while busy.
    pub fn recover(&mut self, now_us: u64) {
        if !self.is_busy() {
            self.state = State::Recovering { end_us: now_us + RECOVER_US };
        }
    }

    /// Reset of the controller, with the slave still powered or not.
    pub fn reset(&mut self, slave_powered: bool) {
        let in_transfer = matches!(self.state, State::Transfer { .. });
        self.stuck = slave_powered && (self.stuck || in_transfer);
        self.state = State::Idle;
    }

    /// Ends what is due.
    pub fn poll(&mut self, now_us: u64) -> Option<Ended> {
        match self.state {
            State::Transfer { request, end_us } if end_us <= now_us => {
                self.state = State::Idle;
                Some(self.end_transfer(request))
            }
            State::Recovering { end_us } if end_us <= now_us => {
                self.state = State::Idle;
                self.stuck = false;
                Some(Ended::Failed(0))
            }
            _ => None,
        }
    }

    fn end_transfer(&mut self, request: Request) -> Ended {
        if self.stuck {
            Ended::Failed(status::ARBITRATION_LOST.mask())
        } else if self.arbitration_count > 0 {
            self.arbitration_count -= 1;
            Ended::Failed(status::ARBITRATION_LOST.mask())
        } else if self.nak_count > 0 {
            self.nak_count -= 1;
            Ended::Failed(status::NAK.mask())
        } else {
            Ended::Transfer(request)
        }
    }
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Request = Request { slave: 0x48, index: 0, write: None };

    #[test]
    fn a_transfer_ends_after_its_time_and_only_once() {
        let mut bus = Bus::new();
        bus.start(READ, 1000);
        assert_eq!(bus.poll(1000 + TRANSFER_US - 1), None);
        assert_eq!(bus.state_bits(), status::BUSY.mask());
        assert_eq!(bus.poll(1000 + TRANSFER_US), Some(Ended::Transfer(READ)));
        assert_eq!(bus.poll(9999), None);
        assert_eq!(bus.state_bits(), 0);
    }

    #[test]
    fn a_second_go_is_dropped_while_busy() {
        let mut bus = Bus::new();
        bus.start(READ, 0);
        bus.start(Request { index: 9, ..READ }, 1);
        assert_eq!(bus.poll(500), Some(Ended::Transfer(READ)));
        assert_eq!(bus.poll(500), None);
    }

    #[test]
    fn injected_failures_are_used_up() {
        let mut bus = Bus::new();
        bus.nak_count = 1;
        bus.arbitration_count = 1;
        let mut ends = vec![];
        for round in 0..3 {
            bus.start(READ, round * 1000);
            ends.push(bus.poll(round * 1000 + 500).expect("ends"));
        }
        assert_eq!(
            ends,
            [
                Ended::Failed(status::ARBITRATION_LOST.mask()),
                Ended::Failed(status::NAK.mask()),
                Ended::Transfer(READ)
            ]
        );
    }

    #[test]
    fn a_reset_in_mid_transfer_leaves_the_line_stuck_until_recovery() {
        let mut bus = Bus::new();
        bus.start(READ, 0);
        bus.reset(true);
        assert_eq!(bus.state_bits(), status::STUCK.mask());
        bus.start(READ, 0);
        assert_eq!(bus.poll(500), Some(Ended::Failed(status::ARBITRATION_LOST.mask())));
        bus.recover(1000);
        assert_eq!(bus.poll(1000 + RECOVER_US), Some(Ended::Failed(0)));
        bus.start(READ, 2000);
        assert_eq!(bus.poll(2500), Some(Ended::Transfer(READ)));
    }

    #[test]
    fn a_slave_without_power_lets_go_of_the_line() {
        let mut bus = Bus::new();
        bus.start(READ, 0);
        bus.reset(false);
        assert_eq!(bus.state_bits(), 0);
    }
}
