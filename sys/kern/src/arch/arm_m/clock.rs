//! Time: a 1 ms SysTick, interpolated by its counter.

use super::registers::{
    ICSR_OFFSET, SYST_CSR, SYST_CVR, SYST_CVR_OFFSET, SYST_RVR, SYSTEM_CONTROL,
};
use crate::arch::TICK_US;
use core::arch::asm;
use core::num::NonZeroU32;

const ICSR_PENDSTSET: u32 = 1 << 26;
/// The counter has 24 bits.
const MISSED: u32 = 1 << 31;
const ENABLE_INTERRUPT_PROCESSOR_CLOCK: u32 = 0b111;

/// The tick count in the units that its readers want.
pub struct Clock {
    tick_us: u64,
    ticks: u32,
    cycles_per_us: NonZeroU32,
    cycles_per_tick: u32,
}

impl Clock {
    /// Starts the tick. `cycles_per_us` is the clock of SysTick; a tick of it fits in 24 bits.
    pub fn start(cycles_per_us: u32) -> Self {
        let cycles_per_us = NonZeroU32::new(cycles_per_us).unwrap_or(NonZeroU32::MIN);
        let cycles_per_tick = cycles_per_us.get().wrapping_mul(TICK_US);
        SYST_RVR.write(cycles_per_tick.wrapping_sub(1));
        SYST_CVR.write(0);
        SYST_CSR.write(ENABLE_INTERRUPT_PROCESSOR_CLOCK);
        Self { tick_us: 0, ticks: 0, cycles_per_us, cycles_per_tick }
    }

    /// One tick has passed.
    pub fn advance(&mut self) {
        self.tick_us = self.tick_us.wrapping_add(TICK_US.into());
        self.ticks = self.ticks.wrapping_add(1);
    }

    /// How far the present tick is: what the counter holds, and [`MISSED`] if it has wrapped while the
    /// kernel runs: then the tick is pending, and the counter is read again behind the wrap.
    #[inline(always)]
    pub fn counter(&self) -> u32 {
        let (left, control) = counter_and_pending();
        if control & ICSR_PENDSTSET != 0 { self.cycles_left() | MISSED } else { left }
    }

    /// When the latest tick was at `tick_us` and [`Clock::counter`] gave this.
    #[inline(always)]
    pub fn us_at(&self, tick_us: u64, counter: u32) -> u64 {
        let left = counter & !MISSED;
        let missed = if counter & MISSED != 0 { self.cycles_per_tick } else { 0 };
        // The interrupt comes when the counter reaches zero, the reload one cycle later.
        let passed = if left == 0 { 0 } else { self.cycles_per_tick.wrapping_sub(left) };
        let elapsed_us = passed.wrapping_add(missed) / self.cycles_per_us;
        tick_us.wrapping_add(elapsed_us.into())
    }

    /// Microseconds since start.
    #[inline]
    pub fn now_us(&self) -> u64 {
        self.us_at(self.tick_us, self.counter())
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

    /// What the counter holds: cycles until the next tick.
    #[inline(always)]
    pub fn cycles_left(&self) -> u32 {
        let left;
        // SAFETY: reads a register of the system control space; no memory is touched.
        unsafe {
            asm!(
                "ldr {left}, [{control}, #{offset}]",
                left = lateout(reg) left,
                control = in(reg) SYSTEM_CONTROL,
                offset = const SYST_CVR_OFFSET,
                options(nostack, preserves_flags, readonly),
            );
        }
        left
    }

    /// The same, on below zero if the tick is pending: nobody has moved the other stamps up yet.
    pub fn exact_cycles_left(&self) -> u32 {
        let (left, control) = counter_and_pending();
        if control & ICSR_PENDSTSET == 0 {
            return left;
        }
        self.cycles_left().wrapping_sub(self.cycles_per_tick)
    }

    /// Length of a tick.
    pub const fn cycles_per_tick(&self) -> u32 {
        self.cycles_per_tick
    }

    /// Clock of SysTick.
    pub const fn cycles_per_us(&self) -> u32 {
        self.cycles_per_us.get()
    }
}

/// SysTick's counter and then ICSR, through one base.
#[inline(always)]
fn counter_and_pending() -> (u32, u32) {
    let (left, pending);
    // SAFETY: as in `cycles_left`.
    unsafe {
        asm!(
            "ldr {left}, [{control}, #{counter}]",
            "ldr {pending}, [{control}, #{icsr}]",
            left = out(reg) left,
            pending = lateout(reg) pending,
            control = in(reg) SYSTEM_CONTROL,
            counter = const SYST_CVR_OFFSET,
            icsr = const ICSR_OFFSET,
            options(nostack, preserves_flags, readonly),
        );
    }
    (left, pending)
}
