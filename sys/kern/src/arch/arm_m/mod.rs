//! Armv8-M Mainline, in whichever security state the loader enters the kernel.
//!
//! Rules that keep it agnostic: EXC_RETURN is taken from the hardware, never written down; system
//! registers are used through their 0xE000_Exxx view of the own state only; SAU, NSACR and
//! interrupt targets are the loader's business.
//!
//! All handlers have the same priority, so none interrupts another; the kernel's own mistakes end
//! in HardFault, which is a crash.

mod builtins;
mod clock;
mod crash;
mod entry;
mod fault;
mod fp;
mod interrupts;
mod leave;
mod memory;
mod mpu;
mod registers;
mod start;

use crate::arch::Arch;
use crate::task::{Member, Saved, Task};
use crate::umem::{Readable, Writable};
use sys_abi::{CrashRecord, TaskDesc};

pub use fp::SAVED_COUNT as SAVED_FP_COUNT;
pub use start::boot;

/// Indexing by a proven index.
#[inline(always)]
pub(crate) fn at<T>(items: &[T], member: Member) -> &T {
    // SAFETY: `Member` invariant 1; the task table and the descriptor table have one length
    // (`start::boot` makes both from the same count).
    unsafe { items.get_unchecked(member.position()) }
}

/// As [`at`].
#[inline(always)]
pub(crate) fn at_mut<T>(items: &mut [T], member: Member) -> &mut T {
    // SAFETY: as in `at`.
    unsafe { items.get_unchecked_mut(member.position()) }
}

/// Two at once; `None` if they are the same.
#[inline(always)]
pub(crate) fn pair_mut<T>(items: &mut [T], a: Member, b: Member) -> Option<(&mut T, &mut T)> {
    if a == b {
        return None;
    }
    let items = items.as_mut_ptr();
    // SAFETY: as in `at`, and the two differ, so the borrows do not overlap.
    Some(unsafe { (&mut *items.add(a.position()), &mut *items.add(b.position())) })
}

/// The descriptor of a task that has begun a life: shorter than indexing.
#[inline(always)]
pub(crate) fn desc_of<'a>(_descs: &'a [TaskDesc], task: &Task, _member: Member) -> &'a TaskDesc {
    let address = core::ptr::with_exposed_provenance(task.saved.desc as usize);
    // SAFETY: every task begins a life at boot, and `prepare` has written down there which entry
    // of the descriptor table, which lives as long as the image, is the task's.
    unsafe { &*address }
}

/// The processor. There is one, and its registers are at fixed addresses, so it holds only what
/// the kernel has to remember about it.
pub struct ArmM {
    clock: clock::Clock,
    /// EXC_RETURN of a task, as this security state has it.
    exc_return: u32,
    /// Whose upper four regions the MPU holds: as [`TaskDesc::upper`].
    loaded: u8,
    /// Registers of the task that the trap stores to and loads from.
    current: *mut Saved,
}

impl Arch for ArmM {
    #[inline(never)]
    fn now_us(&self) -> u64 {
        self.clock.now_us()
    }

    #[inline(always)]
    fn tick_us(&self) -> u64 {
        self.clock.tick_us()
    }

    #[inline(always)]
    fn counter(&self) -> u32 {
        self.clock.counter()
    }

    fn us_at(&self, tick_us: u64, counter: u32) -> u64 {
        self.clock.us_at(tick_us, counter)
    }

    #[inline(always)]
    fn ticks(&self) -> u32 {
        self.clock.ticks()
    }

    #[inline(always)]
    fn cycles_left(&self) -> u32 {
        self.clock.cycles_left()
    }

    fn exact_cycles_left(&self) -> u32 {
        self.clock.exact_cycles_left()
    }

    fn cycles_per_tick(&self) -> u32 {
        self.clock.cycles_per_tick()
    }

    fn cycles_per_us(&self) -> u32 {
        self.clock.cycles_per_us()
    }

    fn prepare(&mut self, desc: &TaskDesc, saved: &mut Saved) {
        let psp = memory::prepare_stack(desc);
        let address = core::ptr::from_ref(desc).expose_provenance() as u32;
        let fp = [0; SAVED_FP_COUNT];
        *saved = Saved { r: [0; 8], psp, exc_return: self.exc_return, desc: address, fp };
    }

    #[inline(always)]
    fn activate(&mut self, saved: &mut Saved) {
        self.current = saved;
    }

    fn copy(&mut self, from: Readable, to: Writable) -> u32 {
        memory::copy(from, to)
    }

    #[inline(always)]
    fn copy_here(&mut self, from: Readable, to: Writable) -> u32 {
        memory::copy_here(from, to)
    }

    fn load(&self, from: Readable, to: &mut [u8]) {
        memory::load(from, to);
    }

    fn store(&mut self, from: &[u8], to: Writable) {
        memory::store(from, to);
    }

    fn irq_enable(&mut self, irq: u16) {
        interrupts::enable(irq);
    }

    fn irq_disable(&mut self, irq: u16) {
        interrupts::disable(irq);
    }

    fn irq_clear_pending(&mut self, irq: u16) {
        interrupts::clear_pending(irq);
    }

    fn irq_pend(&mut self, irq: u16) {
        interrupts::pend(irq);
    }

    fn irq_is_enabled(&self, irq: u16) -> bool {
        interrupts::is_enabled(irq)
    }

    fn irq_is_pending(&self, irq: u16) -> bool {
        interrupts::is_pending(irq)
    }

    fn image_id(&self) -> u64 {
        start::image_id()
    }

    fn reset(&mut self) -> ! {
        crash::reset()
    }

    fn crash(&mut self, record: &mut CrashRecord) -> ! {
        crash::leave(record)
    }
}
