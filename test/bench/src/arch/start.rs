//! Memory start-up and vector tables, the same for both cores.

use core::ptr::addr_of_mut;

// SAFETY: the linker script of the image builder defines them as bounds of this program's own data;
// only their addresses are used.
unsafe extern "C" {
    static mut __sdata: u32;
    static mut __edata: u32;
    static __sidata: u32;
    static mut __sbss: u32;
    static mut __ebss: u32;
    /// Top of the stack: the first word of the vector table.
    static __stack_top: u32;
}

/// A handler in a vector table.
///
/// # Safety
/// Only the processor calls it, at its exception: calling it by name is what is unsafe.
pub type Handler = unsafe extern "C" fn();

/// Exceptions 1 to 15 and the first 48 interrupts (those beyond never become enabled).
const VECTORS: usize = 15 + 48;

/// A vector table: initial stack pointer and handlers. Arm DDI 0553B, B3.30.
#[repr(C, align(512))]
pub struct Vectors {
    stack: *const u32,
    handlers: [Handler; VECTORS],
}

// SAFETY: a vector table is never written; the pointer is an address for the processor only.
unsafe impl Sync for Vectors {}

impl Vectors {
    /// A table whose handlers are all `default`.
    #[must_use]
    pub const fn new(reset: Handler, default: Handler) -> Self {
        let mut handlers = [default; VECTORS];
        handlers[0] = reset;
        // Taking the address of the symbol reads nothing.
        Self { stack: &raw const __stack_top, handlers }
    }

    /// The same with this handler for exception `number`.
    #[must_use]
    pub const fn exception(mut self, number: usize, handler: Handler) -> Self {
        self.handlers[number - 1] = handler;
        self
    }

    /// The same with this handler for interrupt `irq`.
    #[must_use]
    pub const fn interrupt(self, irq: u32, handler: Handler) -> Self {
        self.exception(16 + irq as usize, handler)
    }
}

/// Copies .data and zeroes .bss.
///
/// # Safety
/// Called once, first thing after reset, before any static is used.
pub unsafe fn init_memory() {
    // SAFETY: the linker script defines the symbols as word-aligned bounds of memory that nothing
    // uses yet (the caller's obligation); the loops stay inside.
    unsafe {
        let mut source = &raw const __sidata;
        let mut target = addr_of_mut!(__sdata);
        while target < addr_of_mut!(__edata) {
            target.write_volatile(source.read_volatile());
            target = target.add(1);
            source = source.add(1);
        }
        let mut target = addr_of_mut!(__sbss);
        while target < addr_of_mut!(__ebss) {
            target.write_volatile(0);
            target = target.add(1);
        }
    }
}
