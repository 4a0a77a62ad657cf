//! The hardware, as the portable kernel sees it.

use crate::task::Saved;
use crate::umem::{Readable, Writable};
use sys_abi::{CrashRecord, TaskDesc};

/// Length of a tick, in microseconds.
pub const TICK_US: u32 = 1000;

/// What the kernel needs of a processor, its clock and its interrupt controller.
///
/// The kernel runs to completion in handler mode with nothing of equal importance interrupting
/// it, so all methods are called from one context.
pub trait Arch {
    /// Microseconds since boot.
    fn now_us(&self) -> u64;

    /// Microseconds since boot at the latest tick.
    fn tick_us(&self) -> u64;

    /// How far the present tick is, as it costs least to write down.
    fn counter(&self) -> u32;

    /// The moment, in microseconds since boot, at which `tick_us` and `counter` were read; 0 if both
    /// are.
    fn us_at(&self, tick_us: u64, counter: u32) -> u64;

    /// Ticks since boot, wrapping: what stamps cost least.
    fn ticks(&self) -> u32;

    /// A counter for processor time: it runs down, and at each tick up by
    /// [`Arch::cycles_per_tick`].
    fn cycles_left(&self) -> u32;

    /// [`Arch::cycles_left`] for a figure that is told: a tick that is pending counts as passed.
    fn exact_cycles_left(&self) -> u32 {
        self.cycles_left()
    }

    /// See [`Arch::cycles_left`]; 0 if the counter runs freely.
    fn cycles_per_tick(&self) -> u32;

    /// How many of these cycles make a microsecond; not zero.
    fn cycles_per_us(&self) -> u32;

    /// Writes what a new life finds: painted stack, first exception frame, cleared registers.
    fn prepare(&mut self, desc: &TaskDesc, saved: &mut Saved);

    /// Makes the task whose registers are in `saved` the one that runs when the kernel returns.
    fn activate(&mut self, saved: &mut Saved);

    /// Copies as many bytes as both sides have and gives their number. The sides do not overlap.
    fn copy(&mut self, from: Readable, to: Writable) -> u32;

    /// The same for the fast paths: larger, without a call.
    #[inline(always)]
    fn copy_here(&mut self, from: Readable, to: Writable) -> u32 {
        self.copy(from, to)
    }

    /// Reads bytes out of a task, as many as both sides have.
    fn load(&self, from: Readable, to: &mut [u8]);

    /// Writes bytes into a task, as many as both sides have.
    fn store(&mut self, from: &[u8], to: Writable);

    /// Lets the line interrupt.
    fn irq_enable(&mut self, irq: u16);

    /// Keeps the line from interrupting.
    fn irq_disable(&mut self, irq: u16);

    /// Forgets a pending interrupt.
    fn irq_clear_pending(&mut self, irq: u16);

    /// Makes the line pending by software.
    fn irq_pend(&mut self, irq: u16);

    /// Whether the line may interrupt.
    fn irq_is_enabled(&self, irq: u16) -> bool;

    /// Whether the line is pending.
    fn irq_is_pending(&self, irq: u16) -> bool;

    /// First eight bytes of the image id, as the builder linked them.
    fn image_id(&self) -> u64;

    /// Resets the machine.
    fn reset(&mut self) -> !;

    /// Leaves `record`, with the image's id, where a reset keeps it, and resets the machine.
    fn crash(&mut self, record: &mut CrashRecord) -> !;
}

#[cfg(target_os = "none")]
pub mod arm_m;
#[cfg(target_os = "none")]
pub(crate) use arm_m::{SAVED_FP_COUNT, at, at_mut, desc_of, pair_mut};

#[cfg(not(target_os = "none"))]
pub mod host;
#[cfg(not(target_os = "none"))]
pub(crate) use host::{SAVED_FP_COUNT, at, at_mut, desc_of, pair_mut};
