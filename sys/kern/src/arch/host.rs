//! A simulated machine for tests of the kernel on the host: memory is a few byte vectors at
//! chosen addresses, the clock stands still unless told otherwise, interrupts are sets.

use crate::arch::{Arch, TICK_US};
use crate::task::{Member, Saved, Task};
use crate::umem::{Readable, Writable};
use std::collections::BTreeSet;
use sys_abi::{CrashRecord, TaskDesc};

/// The simulated processor has no FP registers.
pub const SAVED_FP_COUNT: usize = 0;

/// Indexing by a proven index; checked here, because tests may mix two kernels.
pub(crate) fn at<T>(items: &[T], member: Member) -> &T {
    &items[member.position()]
}

/// As [`at`].
pub(crate) fn at_mut<T>(items: &mut [T], member: Member) -> &mut T {
    &mut items[member.position()]
}

/// As [`at_mut`], two at once; `None` if they are the same.
pub(crate) fn pair_mut<T>(items: &mut [T], a: Member, b: Member) -> Option<(&mut T, &mut T)> {
    let [a, b] = items.get_disjoint_mut([a.position(), b.position()]).ok()?;
    Some((a, b))
}

/// The descriptor of a task that has begun a life.
pub(crate) fn desc_of<'a>(descs: &'a [TaskDesc], _task: &Task, member: Member) -> &'a TaskDesc {
    at(descs, member)
}

/// The machine.
#[derive(Default)]
pub struct Host {
    memory: Vec<(u32, Vec<u8>)>,
    /// Time, in microseconds since boot.
    pub now_us: u64,
    /// Lines that may interrupt.
    pub enabled: BTreeSet<u16>,
    /// Lines that are pending.
    pub pending: BTreeSet<u16>,
    /// How often a task was switched to.
    pub activations: u32,
    /// First eight bytes of the image id.
    image_id: u64,
    /// What a crash left behind.
    pub crashed: Option<CrashRecord>,
}

/// Cycles of the simulated clock in a microsecond.
const CYCLES_PER_US: u32 = 20;

impl Host {
    /// A machine without memory that runs the image of this id.
    #[must_use]
    pub fn of_image(image_id: u64) -> Self {
        Self { image_id, ..Self::default() }
    }

    /// Adds zeroed memory.
    pub fn add_memory(&mut self, base: u32, bytes: usize) {
        self.memory.push((base, vec![0; bytes]));
    }

    /// The memory from `base` on.
    ///
    /// # Panics
    /// If there is none: the kernel has proven a slice that is not there.
    #[must_use]
    pub fn bytes(&self, base: u32, len: usize) -> &[u8] {
        let find = |(start, bytes): &&(u32, Vec<u8>)| {
            base.checked_sub(*start).is_some_and(|skip| skip as usize + len <= bytes.len())
        };
        let (start, bytes) = self.memory.iter().find(find).expect("memory that exists");
        &bytes[(base - start) as usize..][..len]
    }

    /// The same, to write.
    ///
    /// # Panics
    /// As [`Host::bytes`].
    pub fn bytes_mut(&mut self, base: u32, len: usize) -> &mut [u8] {
        let find = |(start, bytes): &&mut (u32, Vec<u8>)| {
            base.checked_sub(*start).is_some_and(|skip| skip as usize + len <= bytes.len())
        };
        let (start, bytes) = self.memory.iter_mut().find(find).expect("memory that exists");
        &mut bytes[(base - *start) as usize..][..len]
    }
}

impl Arch for Host {
    fn now_us(&self) -> u64 {
        self.now_us
    }

    fn tick_us(&self) -> u64 {
        u64::from(self.ticks()) * u64::from(TICK_US)
    }

    fn counter(&self) -> u32 {
        (self.now_us % u64::from(TICK_US)) as u32
    }

    fn us_at(&self, tick_us: u64, counter: u32) -> u64 {
        tick_us + u64::from(counter)
    }

    fn ticks(&self) -> u32 {
        (self.now_us / u64::from(TICK_US)) as u32
    }

    fn cycles_left(&self) -> u32 {
        (self.now_us as u32).wrapping_mul(CYCLES_PER_US).wrapping_neg()
    }

    fn cycles_per_tick(&self) -> u32 {
        0
    }

    fn cycles_per_us(&self) -> u32 {
        CYCLES_PER_US
    }

    fn prepare(&mut self, desc: &TaskDesc, saved: &mut Saved) {
        *saved = Saved { r: [0; 8], psp: desc.initial_sp, exc_return: 0, desc: 0, fp: [] };
    }

    fn activate(&mut self, _saved: &mut Saved) {
        self.activations += 1;
    }

    fn copy(&mut self, from: Readable, to: Writable) -> u32 {
        let len = from.len().min(to.len());
        if len != 0 {
            let bytes = self.bytes(from.base(), len as usize).to_vec();
            self.bytes_mut(to.base(), bytes.len()).copy_from_slice(&bytes);
        }
        len
    }

    fn load(&self, from: Readable, to: &mut [u8]) {
        let len = to.len().min(from.len() as usize);
        if len != 0 {
            to[..len].copy_from_slice(self.bytes(from.base(), len));
        }
    }

    fn store(&mut self, from: &[u8], to: Writable) {
        let len = from.len().min(to.len() as usize);
        if len != 0 {
            self.bytes_mut(to.base(), len).copy_from_slice(&from[..len]);
        }
    }

    fn irq_enable(&mut self, irq: u16) {
        self.enabled.insert(irq);
    }

    fn irq_disable(&mut self, irq: u16) {
        self.enabled.remove(&irq);
    }

    fn irq_clear_pending(&mut self, irq: u16) {
        self.pending.remove(&irq);
    }

    fn irq_pend(&mut self, irq: u16) {
        self.pending.insert(irq);
    }

    fn irq_is_enabled(&self, irq: u16) -> bool {
        self.enabled.contains(&irq)
    }

    fn irq_is_pending(&self, irq: u16) -> bool {
        self.pending.contains(&irq)
    }

    fn image_id(&self) -> u64 {
        self.image_id
    }

    fn reset(&mut self) -> ! {
        end("reset".into())
    }

    fn crash(&mut self, record: &mut CrashRecord) -> ! {
        record.image_id_lo = self.image_id as u32;
        record.image_id_hi = (self.image_id >> 32) as u32;
        self.crashed = Some(*record);
        end(format!("crash of kind {}", record.kind))
    }
}

/// Unwinds without the report of a panic: many tests want such an end.
fn end(how: String) -> ! {
    std::panic::resume_unwind(Box::new(how))
}
