//! The tables that the image builder links into the kernel: nothing is parsed at run time.
//!
//! The builder emits one object with these symbols (all 4-aligned, read-only):
//!
//! | symbol | type | meaning |
//! |---|---|---|
//! | `KERNEL_TASKS` | `[TaskDesc; n]` | in task order |
//! | `KERNEL_TASK_COUNT` | `u32` | n |
//! | `KERNEL_UPPER`, `KERNEL_UPPER_COUNT` | `[UpperRegions]`, `u32` | [`NO_UPPER`], then those of the tasks that have some |
//! | `KERNEL_POSTS`, `KERNEL_POST_COUNT` | `[PostDesc]`, `u32` | sorted by (source, target) |
//! | `KERNEL_WATCHES`, `KERNEL_WATCH_COUNT` | `[WatchDesc]`, `u32` | sorted by (peer, watcher) |
//! | `KERNEL_INTERRUPTS`, `KERNEL_INTERRUPT_COUNT` | `[InterruptDesc]`, `u32` | sorted by irq |
//! | `KERNEL_IMAGE_ID` | `u64` | first eight bytes of the image id |
//! | `KERNEL_CYCLES_PER_US` | `u32` | SysTick clock |
//!
//! and reserves zeroed RAM at the symbols `__kernel_task_table` (task count x `KERNEL_TASK_BYTES`)
//! and `__kernel_watch_table` (watch count x `KERNEL_WATCH_BYTES`); both sizes are `u32` statics
//! of the kernel, in its section `.kernel_sizes`, which is read by the builder and not loaded.
//! Both tables are 8-aligned.
//!
//! The kernel's linker script gives it, besides: section `.vectors` kept and placed first (the
//! start of the product's flash); `__stack_limit` and `__stack_top` (8-aligned, the stack lowest
//! in the kernel's RAM, so that an overflow runs off memory); `__sdata`, `__edata`, `__sidata`,
//! `__sbss`, `__ebss` (4-aligned; the two tables may lie inside of bss); `__crash_record`, the
//! address of a [`crate::CrashRecord`] in memory that survives a reset. Entry: `_start`.

/// MPU regions per task: Armv8-M parts, and QEMU from 8.2 on, have eight.
pub const REGIONS_PER_TASK: usize = 8;

/// Regions that one burst of the kernel loads. Most tasks have no more.
pub const REGIONS_PER_BURST: usize = 4;

/// The regions of a task behind its first four.
pub type UpperRegions = [MpuRegion; REGIONS_PER_TASK - REGIONS_PER_BURST];

/// What a task has there that has no more.
pub const NO_UPPER: UpperRegions = [MpuRegion::NONE; REGIONS_PER_TASK - REGIONS_PER_BURST];

/// One MPU region as the two words that go into the hardware; unused: both zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct MpuRegion {
    /// MPU_RBAR: base | SH | AP | XN (Arm DDI 0553, MPU_RBAR).
    pub rbar: u32,
    /// MPU_RLAR: limit | AttrIndx << 1 | EN. AttrIndx 0 = normal memory, 1 = device.
    pub rlar: u32,
}

/// Bits of [`TaskDesc::flags`].
pub struct TaskFlags;

impl MpuRegion {
    /// Unused.
    pub const NONE: Self = Self { rbar: 0, rlar: 0 };
}

impl TaskFlags {
    /// Start at boot.
    pub const START: u8 = 1;
    /// May restart, kill, reset and publish edges (default: the supervisor only).
    pub const RESTART: u8 = 2;
    /// May inject faults and software interrupts (default: the supervisor only).
    pub const FAULT: u8 = 4;
    /// Its word alone ends no caller: with REPLY_FAULT it ends its own life. For tasks that may run
    /// wild with their hardware.
    pub const UNBELIEVED: u8 = 8;
}

/// Memory of one task alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct OwnMemory {
    /// First address.
    pub base: u32,
    /// Length in bytes.
    pub bytes: u32,
}

/// One task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct TaskDesc {
    /// The first regions; behind them, see [`TaskDesc::upper`]. Adjacent regions are not merged: a
    /// slice must lie in one region.
    pub mpu: [MpuRegion; REGIONS_PER_BURST],
    /// Address of the first instruction, bit 0 set.
    pub entry: u32,
    /// Initial stack pointer, 8-aligned.
    pub initial_sp: u32,
    /// Task indices that it may send to, all of them more important: bit n of word n / 32. The
    /// kernel switches straight to a server that receives.
    pub sends: [u32; 2],
    /// Its RAM (stack and data), normal memory that it may read and write and that no other task
    /// maps: where most messages are, so the kernel looks there before it looks at the regions. The
    /// stack is its lowest part: an overflow runs off it, and PSPLIM is its base.
    pub ram: OwnMemory,
    /// Its code and constants, normal memory that it may read and that no other task maps.
    pub code: OwnMemory,
    /// 0 = most important.
    pub priority: u8,
    /// [`TaskFlags`] bits.
    pub flags: u8,
    /// Place of its [`UpperRegions`]; 0 is that of [`NO_UPPER`].
    pub upper: u8,
    /// Place of its first [`PostDesc`], or of a neighbour's before it; the search starts there.
    pub first_post: u8,
}

/// Bits that `source` may post to `target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PostDesc {
    /// Posting task.
    pub source: u8,
    /// Receiving task.
    pub target: u8,
    /// Zero.
    pub reserved: u16,
    /// Allowed bits.
    pub mask: u32,
}

/// `watcher` learns edges of `peer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct WatchDesc {
    /// Watched task.
    pub peer: u8,
    /// Watching task.
    pub watcher: u8,
    /// Set of [`crate::Edge::bit`].
    pub edges: u8,
    /// Zero.
    pub reserved: u8,
    /// Notification bits of the watcher.
    pub mask: u32,
}

/// An interrupt line and the task that it wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct InterruptDesc {
    /// External interrupt number.
    pub irq: u16,
    /// Task index.
    pub task: u8,
    /// Zero.
    pub reserved: u8,
    /// Notification bits.
    pub mask: u32,
}
