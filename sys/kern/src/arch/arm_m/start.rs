//! Boot: the linked tables become the kernel, the first trap becomes the first task; and the
//! functions that the trap code calls.

use super::registers::{CCR, ICSR, SHCSR};
use super::{ArmM, clock::Clock, entry, fault, fp, mpu};
use crate::kernel::Kernel;
use crate::tables::Tables;
use crate::task::{Saved, Task};
use crate::watch::WatchQueue;
use core::arch::{asm, global_asm};
use core::cell::UnsafeCell;
use core::mem::{MaybeUninit, offset_of};
use sys_abi::{InterruptDesc, PostDesc, TaskDesc, UpperRegions, WatchDesc};

// SAFETY: the image builder links these with the types of `sys_abi` (its `tables` module lists them)
// and reserves the two tables for this kernel alone.
unsafe extern "C" {
    static KERNEL_TASKS: TaskDesc;
    static KERNEL_TASK_COUNT: u32;
    static KERNEL_UPPER: UpperRegions;
    static KERNEL_UPPER_COUNT: u32;
    static KERNEL_POSTS: PostDesc;
    static KERNEL_POST_COUNT: u32;
    static KERNEL_WATCHES: WatchDesc;
    static KERNEL_WATCH_COUNT: u32;
    static KERNEL_INTERRUPTS: InterruptDesc;
    static KERNEL_INTERRUPT_COUNT: u32;
    static KERNEL_IMAGE_ID: [u32; 2];
    static KERNEL_CYCLES_PER_US: u32;
    static mut __kernel_task_table: u64;
    static mut __kernel_watch_table: u64;
}

/// RAM that the builder reserves per task; read from the object file, not loaded.
#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".kernel_sizes")]
static KERNEL_TASK_BYTES: u32 = size_of::<Task>() as u32;

/// The same per watch.
#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".kernel_sizes")]
static KERNEL_WATCH_BYTES: u32 = size_of::<WatchQueue>() as u32;

/// The kernel object; made by [`kernel_start`] before anything reads it.
#[repr(transparent)]
pub(super) struct TheKernel(UnsafeCell<MaybeUninit<Kernel<'static, ArmM>>>);

// SAFETY: only handlers touch it, all of one priority: one at a time.
unsafe impl Sync for TheKernel {}

pub(super) static KERNEL: TheKernel = TheKernel(UnsafeCell::new(MaybeUninit::uninit()));

/// Where the trap finds the address of the current task's registers in the kernel object.
pub(super) const CURRENT_OFFSET: usize =
    offset_of!(Kernel<'static, ArmM>, arch) + offset_of!(ArmM, current);

/// Where the way out finds whose upper regions the MPU holds.
pub(super) const LOADED_OFFSET: usize =
    offset_of!(Kernel<'static, ArmM>, arch) + offset_of!(ArmM, loaded);

// Paints the stack, copies the initialised data, clears the rest, and goes on in Rust. The loader has
// set msp from the vector table; its limit is set here.
global_asm!(
    ".section .text._start, \"ax\", %progbits",
    ".globl _start",
    ".type _start, %function",
    ".thumb_func",
    "_start:",
    "movw r0, #:lower16:__stack_limit",
    "movt r0, #:upper16:__stack_limit",
    "msr msplim, r0",
    "mov r1, sp",
    "movw r2, #0xCAFE",
    "movt r2, #0xBADD",
    "5: cmp r0, r1",
    "bhs 6f",
    "stmia r0!, {{r2}}",
    "b 5b",
    "6:",
    "movw r0, #:lower16:__sdata",
    "movt r0, #:upper16:__sdata",
    "movw r1, #:lower16:__edata",
    "movt r1, #:upper16:__edata",
    "movw r2, #:lower16:__sidata",
    "movt r2, #:upper16:__sidata",
    "1: cmp r0, r1",
    "bhs 2f",
    "ldmia r2!, {{r3}}",
    "stmia r0!, {{r3}}",
    "b 1b",
    "2: movw r0, #:lower16:__sbss",
    "movt r0, #:upper16:__sbss",
    "movw r1, #:lower16:__ebss",
    "movt r1, #:upper16:__ebss",
    "movs r3, #0",
    "3: cmp r0, r1",
    "bhs 4f",
    "stmia r0!, {{r3}}",
    "b 3b",
    "4: bl kernel_main",
    "udf #0",
    ".size _start, . - _start",
);

const ICSR_PENDSVSET: u32 = 1 << 28;
const CCR_DIV_0_TRP: u32 = 1 << 4;
const SHCSR_MEM_BUS_USAGE: u32 = 0b111 << 16;

/// What the kernel's program does: turns the fault handlers and the MPU on, and traps into
/// `kernel_start`, because only a trap can return to a task. Clock and interrupts stay off until
/// then, so PendSV is the only one that can come.
pub fn boot() -> ! {
    CCR.write(CCR.read() | CCR_DIV_0_TRP);
    SHCSR.write(SHCSR.read() | SHCSR_MEM_BUS_USAGE);
    mpu::start();
    fp::start();
    ICSR.write(ICSR_PENDSVSET);
    // SAFETY: the trap starts the first task and never comes back.
    unsafe { asm!("dsb", "isb", "udf #0", options(noreturn)) };
}

/// Items of a linked table.
///
/// # Safety
/// `first` is the first of `count` items that live as long as the image and are not written.
unsafe fn table<T>(first: *const T, count: u32) -> &'static [T] {
    // SAFETY: promised by the caller.
    unsafe { core::slice::from_raw_parts(first, count as usize) }
}

/// The tables as the builder linked them.
fn tables() -> Tables<'static> {
    // SAFETY: the builder emits each table with the count beside it (`sys_abi`'s documentation),
    // read-only.
    unsafe {
        Tables {
            tasks: table(&raw const KERNEL_TASKS, KERNEL_TASK_COUNT),
            upper: table(&raw const KERNEL_UPPER, KERNEL_UPPER_COUNT),
            posts: table(&raw const KERNEL_POSTS, KERNEL_POST_COUNT),
            watches: table(&raw const KERNEL_WATCHES, KERNEL_WATCH_COUNT),
            interrupts: table(&raw const KERNEL_INTERRUPTS, KERNEL_INTERRUPT_COUNT),
        }
    }
}

/// First eight bytes of the image id.
pub fn image_id() -> u64 {
    // SAFETY: two words that the builder emits and nobody writes.
    let [low, high] = unsafe { KERNEL_IMAGE_ID };
    u64::from(high) << 32 | u64::from(low)
}

/// First trap. `lr` is the EXC_RETURN that would go back to the boot code on the main stack, which
/// has no FP context; the one for tasks differs in bit 2 only.
#[unsafe(no_mangle)]
extern "C" fn kernel_start(lr: u32) -> *const Saved {
    // Thread mode is the tasks' from now on: unprivileged (CONTROL.nPRIV). The stack pointer is
    // chosen by EXC_RETURN.
    // SAFETY: the kernel itself runs in handler mode, always privileged, from here on.
    unsafe { asm!("msr control, {}", in(reg) 1, options(nomem, nostack, preserves_flags)) };
    let tables = tables();
    // SAFETY: the builder reserves as many entries as there are descriptors, zeroed, for the
    // kernel alone; this function runs once.
    let (tasks, watches) = unsafe {
        let tasks = (&raw mut __kernel_task_table).cast::<MaybeUninit<Task>>();
        for place in 0..tables.tasks.len() {
            (*tasks.add(place)).write(Task::new(sys_abi::TaskIndex(place as u8)));
        }
        // Zeroed, a queue is empty.
        let watches = (&raw mut __kernel_watch_table).cast::<WatchQueue>();
        (
            core::slice::from_raw_parts_mut(tasks.cast::<Task>(), tables.tasks.len()),
            core::slice::from_raw_parts_mut(watches, tables.watches.len()),
        )
    };
    // SAFETY: a linked constant.
    let cycles_per_us = unsafe { KERNEL_CYCLES_PER_US };
    let clock = Clock::start(cycles_per_us);
    let arch = ArmM { clock, exc_return: lr | 1 << 2, loaded: 0, current: core::ptr::null_mut() };
    // SAFETY: nobody else refers to it yet.
    let kernel = unsafe { (*KERNEL.0.get()).write(Kernel::unborn(arch, tables, tasks, watches)) };
    kernel.begin_lives();
    kernel.start();
    kernel.arch.current
}

/// The kernel, for the length of one trap.
type TheOne = Kernel<'static, ArmM>;

// The traps call these with the kernel object, which `kernel_start`, the first trap, has made.
// Handlers do not interrupt each other, so `kernel` is the only reference.

#[unsafe(no_mangle)]
extern "C" fn kernel_svc(kernel: &mut TheOne) -> *const Saved {
    kernel.syscall_other();
    kernel.arch.current
}

#[unsafe(no_mangle)]
extern "C" fn kernel_send(kernel: &mut TheOne) -> *const Saved {
    kernel.syscall_send();
    kernel.arch.current
}

#[unsafe(no_mangle)]
extern "C" fn kernel_recv(kernel: &mut TheOne) -> *const Saved {
    kernel.syscall_recv();
    kernel.arch.current
}

#[unsafe(no_mangle)]
extern "C" fn kernel_reply_recv(kernel: &mut TheOne) -> *const Saved {
    kernel.syscall_reply_recv();
    kernel.arch.current
}

#[unsafe(no_mangle)]
extern "C" fn kernel_post(kernel: &mut TheOne) -> *const Saved {
    kernel.syscall_post();
    kernel.arch.current
}

#[unsafe(no_mangle)]
extern "C" fn kernel_get_timer(kernel: &mut TheOne) -> *const Saved {
    kernel.syscall_get_timer();
    kernel.arch.current
}

#[unsafe(no_mangle)]
extern "C" fn kernel_tick(kernel: &mut TheOne) -> *const Saved {
    kernel.arch.clock.advance();
    kernel.tick();
    kernel.arch.current
}

#[unsafe(no_mangle)]
extern "C" fn kernel_interrupt(kernel: &mut TheOne) -> *const Saved {
    let exception: u32;
    // SAFETY: reads the number of the exception being handled.
    unsafe { asm!("mrs {}, ipsr", out(reg) exception, options(nomem, nostack, preserves_flags)) };
    let irq = exception.wrapping_sub(entry::FIRST_INTERRUPT);
    kernel.interrupt(irq as u16);
    kernel.arch.current
}

#[unsafe(no_mangle)]
extern "C" fn kernel_fault(kernel: &mut TheOne) -> *const Saved {
    let psp: u32;
    // SAFETY: reads the stack pointer of the task.
    unsafe { asm!("mrs {}, psp", out(reg) psp, options(nomem, nostack, preserves_flags)) };
    if !crate::negative::SURVIVES_FAULTS {
        // SAFETY: an undefined instruction of the kernel: the processor goes to HardFault.
        unsafe { asm!("udf #0", options(noreturn)) };
    }
    kernel.hardware_fault(fault::take(psp));
    kernel.arch.current
}
