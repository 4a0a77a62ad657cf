//! Time in microseconds since boot, and the task's one timer.
//!
//! Deadlines fire at the kernel's tick (1 ms); the clock is finer.

use crate::arch;
use sys_abi::Sysnum;

/// The clock and the task's timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerState {
    /// Now, in microseconds since boot.
    pub now_us: u64,
    /// When the timer fires, if it is armed.
    pub deadline_us: Option<u64>,
}

/// Arms the timer: `mask` is posted at the first tick at or after the deadline, at once if it has
/// passed. `None` disarms. A new deadline replaces the old one.
#[inline]
pub fn sys_set_timer(deadline_us: Option<u64>, mask: u32) {
    let deadline = deadline_us.unwrap_or(0);
    let (lo, hi) = (deadline as u32, (deadline >> 32) as u32);
    // SAFETY: no memory is involved.
    unsafe { arch::svc(Sysnum::SetTimer, [deadline_us.is_some().into(), lo, hi, mask, 0]) };
}

/// Reads the clock and the timer.
#[inline]
#[must_use]
pub fn sys_get_timer() -> TimerState {
    let [now_lo, now_hi, armed, lo, hi] = arch::svc_get_timer();
    TimerState { now_us: join(now_lo, now_hi), deadline_us: (armed != 0).then_some(join(lo, hi)) }
}

/// The task's timer, for a server whose deadline moves away with each message that it handles: the timer
/// is set only when it has to fire earlier than it is going to. So it may fire early, and the server looks
/// at its own deadline.
#[derive(Debug)]
pub struct Alarm {
    mask: u32,
    armed_us: Option<u64>,
}

impl Alarm {
    /// An alarm that posts `mask`. No timer is set.
    #[must_use]
    pub const fn new(mask: u32) -> Self {
        Self { mask, armed_us: None }
    }

    /// Fires at this deadline or before; `None` = it need not fire.
    pub fn set(&mut self, deadline_us: Option<u64>) {
        let Some(deadline_us) = deadline_us else { return };
        if self.armed_us.is_none_or(|armed_us| deadline_us < armed_us) {
            self.armed_us = Some(deadline_us);
            sys_set_timer(self.armed_us, self.mask);
        }
    }

    /// Its notification came: to be called before the next [`Alarm::set`].
    pub fn fired(&mut self) {
        self.armed_us = None;
    }
}

fn join(lo: u32, hi: u32) -> u64 {
    u64::from(hi) << 32 | u64::from(lo)
}
