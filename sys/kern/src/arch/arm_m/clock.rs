//! Time: a 1 ms SysTick, interpolated by its counter.

use super::registers::{ICSR, SYST_CSR, SYST_CVR, SYST_RVR};
use crate::arch::TICK_US;

const ICSR_PENDSTSET: u32 = 1 << 26;
const ENABLE_INTERRUPT_PROCESSOR_CLOCK: u32 = 0b111;

/// The tick count in the units that its readers want.
pub struct Clock {
    tick_us: u64,
    ticks: u32,
    tick_cycles: u32,
    cycles_per_us: u32,
    cycles_per_tick: u32,
}

impl Clock {
    /// Starts the tick. `cycles_per_us` is the clock of SysTick; a tick of it fits in 24 bits.
    pub fn start(cycles_per_us: u32) -> Self {
        let cycles_per_us = cycles_per_us.max(1);
        let cycles_per_tick = cycles_per_us.wrapping_mul(TICK_US);
        SYST_RVR.write(cycles_per_tick.wrapping_sub(1));
        SYST_CVR.write(0);
        SYST_CSR.write(ENABLE_INTERRUPT_PROCESSOR_CLOCK);
        Self { tick_us: 0, ticks: 0, tick_cycles: 0, cycles_per_us, cycles_per_tick }
    }

    /// One tick has passed.
    pub fn advance(&mut self) {
        self.tick_us = self.tick_us.wrapping_add(TICK_US.into());
        self.ticks = self.ticks.wrapping_add(1);
        self.tick_cycles = self.tick_cycles.wrapping_add(self.cycles_per_tick);
    }

    /// Cycles since the latest tick that `advance` has seen. The counter may have wrapped while
    /// the kernel runs: then the tick is pending, and the counter is read again behind the wrap.
    #[inline(always)]
    fn elapsed_cycles(&self) -> u32 {
        let mut value = SYST_CVR.read();
        let mut missed = 0;
        if ICSR.read() & ICSR_PENDSTSET != 0 {
            value = SYST_CVR.read();
            missed = self.cycles_per_tick;
        }
        // The interrupt comes when the counter reaches zero, the reload one cycle later.
        let passed = if value == 0 { 0 } else { self.cycles_per_tick.wrapping_sub(value) };
        passed.wrapping_add(missed)
    }

    /// Microseconds since start.
    #[inline]
    pub fn now_us(&self) -> u64 {
        // Never zero: see `start`.
        let elapsed_us = self.elapsed_cycles().checked_div(self.cycles_per_us).unwrap_or(0);
        self.tick_us.wrapping_add(elapsed_us.into())
    }

    /// The same at the latest tick.
    #[inline(always)]
    pub const fn tick_us(&self) -> u64 {
        self.tick_us
    }

    /// Ticks since start, wrapping.
    #[inline(always)]
    pub const fn ticks(&self) -> u32 {
        self.ticks
    }

    /// Cycles since some moment, wrapping; one tick behind while that tick is pending.
    #[inline(always)]
    pub fn cycles(&self) -> u32 {
        self.tick_cycles.wrapping_sub(SYST_CVR.read())
    }

    /// Clock of SysTick.
    pub const fn cycles_per_us(&self) -> u32 {
        self.cycles_per_us
    }
}
