//! Waiting, always with a bound.

use userlib::{sys_get_timer, sys_recv_notification, sys_set_timer};

/// Now, in microseconds since boot.
#[must_use]
pub fn now_us() -> u64 {
    sys_get_timer().now_us
}

/// A moment in the future.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at_us: u64,
}

impl Deadline {
    /// So many microseconds from now.
    #[must_use]
    pub fn after(us: u64) -> Self {
        Self { at_us: now_us() + us }
    }

    /// Whether it has passed.
    #[must_use]
    pub fn is_over(self) -> bool {
        now_us() >= self.at_us
    }
}

/// Lets the timer post `mask` at the deadline.
pub fn arm(deadline: Deadline, mask: u32) {
    sys_set_timer(Some(deadline.at_us), mask);
}

/// Stops the timer.
pub fn disarm() {
    sys_set_timer(None, 0);
}

/// Lets less important tasks and hardware run for a time.
pub fn sleep_us(us: u64, timer: u32) {
    let deadline = Deadline::after(us);
    while !deadline.is_over() {
        arm(deadline, timer);
        sys_recv_notification(timer);
    }
}
