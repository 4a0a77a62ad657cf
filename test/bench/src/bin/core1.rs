//! The bench on core 1: vector table and reset.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod target {
    use test_bench::arch::{core1, report, start};

    #[used]
    #[unsafe(link_section = ".vectors")]
    static VECTORS: start::Vectors = start::Vectors::new(reset, unexpected);

    // SAFETY (obligation): only the processor calls it, once, at reset or as if it were one.
    unsafe extern "C" fn reset() {
        // SAFETY: this is the reset handler: nothing has run before.
        unsafe { start::init_memory() };
        core1::run()
    }

    unsafe extern "C" fn unexpected() {
        report::fault_in_bench(1, 0)
    }

    #[panic_handler]
    fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
        report::panic_in_bench(info)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
