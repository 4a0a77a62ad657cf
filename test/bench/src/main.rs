//! The bench on core 0: vector table and reset.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod target {
    use test_bench::arch::{boot, link, machine, report, start, trap};

    #[used]
    #[unsafe(link_section = ".vectors")]
    static VECTORS: start::Vectors = start::Vectors::new(reset, unexpected)
        .exception(3, trap::entry)
        .exception(5, trap::entry)
        .exception(7, trap::entry)
        .interrupt(machine::TIMER0_IRQ, heartbeat)
        .interrupt(machine::MHU0_IRQ, doorbell);

    // SAFETY (obligation): only the processor calls it, once, at reset or as if it were one.
    unsafe extern "C" fn reset() {
        // SAFETY: this is the reset handler: nothing has run before.
        unsafe { start::init_memory() };
        boot::boot()
    }

    // The debugger looks at a running image here, by this name.
    extern "C" fn heartbeat() {
        link::heartbeat();
    }

    extern "C" fn doorbell() {
        link::doorbell();
    }

    extern "C" fn unexpected() {
        report::fault_in_bench(0, 0)
    }

    #[panic_handler]
    fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
        report::panic_in_bench(info)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
