//! Core 1 waits: for its next line, for core 0, or for anything to do.

use super::machine::*;
use crate::core1::alarm_due;
use crate::pace::{Lead, beats, event_is_pending, service_is_over};
use crate::params::Flags;
use crate::shared::{Shared, alive};
use core::sync::atomic::Ordering::SeqCst;

/// What core 1 waits for: the doorbell and the line timer.
const WAKES: u32 = 1 << MHU0_IRQ | 1 << TIMER1_IRQ;
/// How often core 1 looks whether core 0 has served the fault script, before it goes on without;
/// when instructions are counted, which leaves core 0 its turns.
const ALARM_PATIENCE: u32 = 1_000_000;
/// Between two looks at core 0 when time is the host's.
const CORE0_POLL_US: u32 = 50;
/// After so many looks (a minute) core 0 has halted, and nobody waits for a camera.
const HALTED_POLLS: u32 = 1_200_000;

/// Lets the interrupts that core 1 waits for become pending.
pub fn listen() {
    NVIC_ISER.set(WAKES);
}

/// How core 1 passes time.
pub struct Pace {
    shared: &'static Shared,
    /// Virtual time is the host's time.
    host_time: bool,
    lead: Lead,
}

impl Pace {
    /// As the options say.
    pub fn new(shared: &'static Shared) -> Self {
        let host_time = Flags(shared.options.flags.load(SeqCst)).has(Flags::HOST_TIME);
        Self { shared, host_time, lead: Lead::new() }
    }

    /// Passes time until the doorbell or the line timer.
    ///
    /// # Why it does not always sleep
    /// When both cores sleep, the emulator's main thread moves the counted time on to the next
    /// timer. It also looks for that after each timer, at a moment that the host's scheduler
    /// chooses, and when it finds both cores asleep a second time, before the timer's interrupt has
    /// woken one, it kicks both: then another core is the first to run, and the run is another one.
    /// A core that never sleeps leaves nothing to that thread.
    pub fn sleep(&self) {
        if self.host_time {
            wait_for_interrupt();
        }
        while NVIC_ISPR.get() & WAKES == 0 {
            pass_time();
            yield_now();
        }
        clear_core1_doorbell();
        TIMER1.word(3).set(1);
        NVIC_ICPR.set(WAKES);
    }

    /// Sleeps for this time, or until the doorbell.
    fn sleep_cycles(&self, cycles: u32) {
        // CMSDK timer: value, then enable with interrupt. It is stopped again after the sleep.
        TIMER1.word(1).set(cycles);
        TIMER1.set(1 | 1 << 3);
        self.sleep();
        TIMER1.set(0);
    }

    /// Core 0 looks at the interrupt lines. If its thread depends on the host, device time waits
    /// until the driver has served the event.
    pub fn serve_event(&self) {
        ring_core0();
        if self.host_time {
            self.wait_for_service(event_is_pending);
        }
    }

    /// Gives core 0 the time to do what the script says for this very line.
    pub fn serve_alarm(&self) {
        if !alarm_due(self.shared) {
            return;
        }
        ring_core0();
        if self.host_time {
            return self.wait_for_service(alarm_due);
        }
        for _ in 0..ALARM_PATIENCE {
            if !alarm_due(self.shared) {
                return;
            }
            yield_now();
        }
    }

    /// A line has passed. If core 0's thread depends on the host, the next one waits until device
    /// time is not too far ahead.
    pub fn keep_with_core0(&mut self) {
        if !self.host_time {
            return;
        }
        self.lead.pass_line();
        let (shared, mut lead) = (self.shared, self.lead);
        self.wait_while(|| !lead.has_room(beats(shared)));
        self.lead = lead;
    }

    fn wait_for_service(&self, is_due: fn(&Shared) -> bool) {
        let (shared, raised) = (self.shared, beats(self.shared));
        self.wait_while(|| is_due(shared) && !service_is_over(raised, beats(shared)));
    }

    /// A core 0 that begins again is not waited for: it waits for this core.
    fn wait_while(&self, mut behind: impl FnMut() -> bool) {
        let alive = &self.shared.progress.alive;
        for _ in 0..HALTED_POLLS {
            if !behind() || alive.load(SeqCst) == alive::STOP {
                return;
            }
            self.sleep_cycles(CORE0_POLL_US * CYCLES_PER_US);
        }
    }
}

/// Gives lines the time that the sensor's registers say. A line that takes longer to compute is late, and so is
/// its frame: nothing can be done about that here but to choose a slower pixel clock (`app.toml`).
pub struct LineClock {
    next: u32,
}

impl LineClock {
    /// The first line may come at once.
    pub fn from_now() -> Self {
        Self { next: cycles() }
    }

    /// The next line may come at once.
    pub fn restart(&mut self) {
        self.next = cycles();
    }

    /// Waits for the time of the next line. One that is late by less than its own time is caught up with;
    /// lines that take longer to compute than they should do not shorten those after them.
    pub fn wait(&mut self, pace: &Pace, line_cycles: u32) {
        self.next = self.next.wrapping_add(line_cycles);
        loop {
            let left = self.next.wrapping_sub(cycles()) as i32;
            if left <= 0 {
                if left < -(line_cycles as i32) {
                    self.next = cycles();
                }
                return yield_now();
            }
            pace.sleep_cycles(left as u32);
        }
    }
}
