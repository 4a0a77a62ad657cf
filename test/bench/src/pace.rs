//! How far device time may be ahead of core 0 when virtual time is the host's time.
//!
//! # Why
//! Then each core is a thread of the host, and the host may stop the thread of core 0 for longer
//! than a frame takes, which no processor does to its interrupts. Frames would go by that the
//! driver has never seen, two frame starts would be one event, and the sequence numbers behind them
//! would be wrong. So device time is bound to the heartbeats that core 0 has *taken*: they stand
//! still while its thread does. A wait that is counted in the host's time ends too early on some
//! machine, whatever its length.
//!
//! With counted instructions one thread runs both cores in turn, and none of this is needed.

use crate::shared::Shared;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::main_block::{IRQ0ENABLE, IRQ0STATUS};

/// Device lines that may pass between two heartbeats of core 0. A heartbeat of `cargo xtask run` is
/// 500 us, a line at least 100 us; a frame has 500 lines or more.
pub const LEAD_LINES: u32 = 16;
/// Heartbeats in which core 0 must have served an event, before device time goes on without: a
/// driver that is dead or deaf does not stop the sensor. 10 ms at 500 us.
pub const SERVICE_BEATS: u32 = 20;

/// Lines since the latest heartbeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lead {
    beats: u32,
    lines: u32,
}

impl Lead {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { beats: 0, lines: 0 }
    }

    /// A line has passed.
    pub fn pass_line(&mut self) {
        self.lines += 1;
    }

    /// May another line pass, now that core 0 has taken so many heartbeats?
    pub fn has_room(&mut self, beats: u32) -> bool {
        if self.beats != beats {
            *self = Self { beats, lines: 0 };
        }
        self.lines < LEAD_LINES
    }
}

/// Has core 0 had its time to serve an event that was raised at heartbeat `raised`?
#[must_use]
pub const fn service_is_over(raised: u32, beats: u32) -> bool {
    beats.wrapping_sub(raised) >= SERVICE_BEATS
}

/// Is there an event of the ISP that the driver wants and has not acknowledged?
#[must_use]
pub fn event_is_pending(shared: &Shared) -> bool {
    shared.get(&IRQ0STATUS) & shared.get(&IRQ0ENABLE) != 0
}

/// Heartbeats that core 0 has taken.
#[must_use]
pub fn beats(shared: &Shared) -> u32 {
    shared.beats.load(SeqCst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use drv_isp_regs::main_block::irq;

    #[test]
    fn device_time_stands_still_while_core_0_takes_no_heartbeat() {
        let mut lead = Lead::new();
        for _ in 0..LEAD_LINES {
            assert!(lead.has_room(7));
            lead.pass_line();
        }
        assert!(!lead.has_room(7) && !lead.has_room(7), "it does not wear off");
        assert!(lead.has_room(8), "one heartbeat is enough");
    }

    #[test]
    fn each_heartbeat_gives_the_same_lead_also_when_the_count_wraps() {
        let mut lead = Lead::new();
        for beats in [u32::MAX - 1, u32::MAX, 0, 1] {
            let passed =
                (0..).take_while(|_| lead.has_room(beats).then(|| lead.pass_line()).is_some());
            assert_eq!(passed.count() as u32, LEAD_LINES);
        }
    }

    #[test]
    fn the_time_for_an_event_is_the_time_of_core_0() {
        let raised = u32::MAX - 3;
        assert!(!service_is_over(raised, raised));
        assert!(!service_is_over(raised, raised.wrapping_add(SERVICE_BEATS - 1)));
        assert!(service_is_over(raised, raised.wrapping_add(SERVICE_BEATS)));
    }

    #[test]
    fn only_an_event_that_the_driver_wants_is_waited_for() {
        let shared = Shared::new();
        shared.set(&IRQ0STATUS, irq::HS_VS.mask());
        assert!(!event_is_pending(&shared));
        shared.set(&IRQ0ENABLE, irq::HS_VS.mask() | irq::CCDC_VD0.mask());
        assert!(event_is_pending(&shared));
        shared.set(&IRQ0STATUS, 0);
        assert!(!event_is_pending(&shared));
    }
}
