//! Core 0 from reset to the first instruction of the product: the boot sequence.
//!
//! Order and reasons: the memory system is divided into Secure and Non-secure before the SAU is
//! enabled, interrupts get their target before they are enabled, and the product is entered last.
//! After this, Secure code runs only in handlers.

use super::machine::*;
use super::{hook, link, report, semihosting};
use crate::exit;
use crate::injection::REQUEST_ADDRESS;
use crate::params::{self, Parameters};
use crate::shared::{Shared, alive};
use core::arch::asm;
use core::sync::atomic::Ordering::SeqCst;
use sys_boot::mps2_an521::{
    BENCH_PARAMETERS, BENCH_SHARED, CORE1_FLASH, PRODUCT_FLASH, PRODUCT_RAM, PSRAM, WINDOW,
};

/// SAU region that covers the register window; closed except while a fault is handed back.
pub const WINDOW_REGION: u32 = 5;
/// AIRCR key, PRIS (Secure exceptions first), BFHFNMINS (bus faults of the product are its own).
const AIRCR_VALUE: u32 = 0x05FA_0000 | 1 << 14 | 1 << 13;
/// How often core 0 looks whether core 1 has started: minutes. When time is the host's, core 1 is a
/// thread that a busy host may not run for seconds.
const START_PATIENCE: u32 = 1_000_000_000;
/// How often core 0 looks whether core 1 has stopped before a new start: a second.
const STOP_PATIENCE: u32 = 10_000_000;

/// Boots the product. Called from the reset handler, after memory start-up.
pub fn boot() -> ! {
    // SECUREFAULTENA, USGFAULTENA, BUSFAULTENA, MEMFAULTENA.
    SHCSR.set(1 << 19 | 7 << 16);
    divide_memory();
    start_time();
    let parameters = parameters();
    stop_core1(shared());
    let shared = clear_shared(&parameters);
    hook::fill_shadow_vectors();
    link::with_hardware(|_| ());
    start_core1(shared);
    give_interrupts();
    AIRCR.set(AIRCR_VALUE);
    CPACR.set(0xF << 20);
    NSACR.set(0xC00);
    start_heartbeat(parameters.heartbeat_us);
    enter_product()
}

/// The parameter block.
#[must_use]
pub fn parameters() -> Parameters {
    // SAFETY: the block lies in PSRAM, which exists and which nothing else uses at this address;
    // any bit pattern is a valid array of words.
    let words = unsafe { (BENCH_PARAMETERS.base as *const [u32; params::WORDS]).read_volatile() };
    Parameters::decode(&words)
}

/// The memory shared with core 1.
#[must_use]
pub fn shared() -> &'static Shared {
    // SAFETY: the range is reserved for this one structure, is large enough and aligned (checked
    // at compile time in `shared`), and holds only atomics, for which any bit pattern is valid.
    unsafe { &*(BENCH_SHARED.base as *const Shared) }
}

/// Secure and Non-secure parts of memory and peripherals.
fn divide_memory() {
    const SECRESPCFG: Reg = Reg(0x5008_0010);
    const APBNSPPCEXP1: Reg = Reg(0x5008_0084);
    const APBSPPPCEXP1_NS: Reg = Reg(0x4008_00C4);
    // Blocked accesses are bus errors, not zeros.
    SECRESPCFG.set(1);
    // UART 0 belongs to the product, also unprivileged.
    APBNSPPCEXP1.set_bits(1 << 5);
    APBSPPPCEXP1_NS.set_bits(1 << 5);
    let product_flash_offset = PRODUCT_FLASH.base;
    let product_ram_offset = PRODUCT_RAM.base - 0x2800_0000;
    give_blocks(Reg(0x5800_7000), product_flash_offset, PRODUCT_FLASH.bytes);
    give_blocks(Reg(0x5800_8000), product_ram_offset, PRODUCT_RAM.bytes);
    // What lies behind stays Secure: the injector's branches go there.
    sau_region(0, 0x0000_0000, REQUEST_ADDRESS);
    sau_region(1, 0x2000_0000, 0x1000_0000);
    sau_region(2, 0x4000_0000, WINDOW.base - 0x4000_0000);
    sau_region(3, PSRAM.base, PSRAM.bytes);
    sau_region(4, WINDOW.end(), 0x5000_0000 - WINDOW.end());
    sau_region(WINDOW_REGION, WINDOW.base, 0);
    SAU_CTRL.set(1);
    barrier();
}

/// Makes a part of an SSRAM Non-secure (memory protection controller: blocks of 1 KiB, 32 a word).
fn give_blocks(controller: Reg, offset_bytes: u32, bytes: u32) {
    const WORD_BYTES: u32 = 32 * 1024;
    controller.set(0x10);
    for word in offset_bytes / WORD_BYTES..(offset_bytes + bytes) / WORD_BYTES {
        controller.word(6).set(word);
        controller.word(7).set(u32::MAX);
    }
}

/// Stops core 1 if it has run before: the emulator's reset of the machine leaves it running (QEMU
/// 7.2: only core 0's reset is wired). Its answer is waited for, but not needed: where the reset
/// does stop it, nobody answers.
fn stop_core1(shared: &Shared) {
    let alive = &shared.progress.alive;
    if alive.load(SeqCst) != alive::RUNS {
        return;
    }
    alive.store(alive::STOP, SeqCst);
    ring_core1();
    for _ in 0..STOP_PATIENCE {
        if alive.load(SeqCst) == alive::STOPPED {
            return;
        }
        yield_now();
    }
}

fn clear_shared(parameters: &Parameters) -> &'static Shared {
    for offset in (0..BENCH_SHARED.bytes).step_by(4) {
        Reg((BENCH_SHARED.base + offset) as usize).set(0);
    }
    let shared = shared();
    shared.options.flags.store(parameters.flags.0, SeqCst);
    shared.options.seed.store(parameters.seed as u32, SeqCst);
    shared
}

/// Releases core 1 and waits until it runs.
fn start_core1(shared: &Shared) {
    const INITSVTOR1: Reg = Reg(0x5002_1114);
    const CPUWAIT: Reg = Reg(0x5002_1118);
    INITSVTOR1.set(CORE1_FLASH.base);
    CPUWAIT.set(CPUWAIT.get() & !2);
    for _ in 0..START_PATIENCE {
        if shared.progress.alive.load(SeqCst) == alive::RUNS {
            return;
        }
        yield_now();
    }
    report::line(format_args!("core 1 does not start"));
    semihosting::exit(exit::CORE1_SILENT)
}

/// Lines of the camera and of the tests go to the product; heartbeat and doorbell stay here.
fn give_interrupts() {
    let given = sys_boot::mps2_an521::INTERRUPTS.iter().map(|interrupt| u32::from(interrupt.irq));
    for irq in given {
        NVIC_ITNS.word(irq as usize / 32).set_bits(1 << (irq % 32));
    }
    NVIC_ISER.set(1 << MHU0_IRQ | 1 << TIMER0_IRQ);
}

fn start_heartbeat(period_us: u32) {
    if period_us != 0 {
        let period = period_us.saturating_mul(CYCLES_PER_US);
        TIMER0.word(2).set(period);
        TIMER0.word(1).set(period);
        // Enable, interrupt enable.
        TIMER0.set(1 | 1 << 3);
    }
}

fn enter_product() -> ! {
    let vectors = Reg(PRODUCT_FLASH.base as usize);
    VTOR_NS.set(PRODUCT_FLASH.base);
    let (stack, entry) = (vectors.get(), vectors.word(1).get());
    // SAFETY: the Non-secure state has its own stack and may not touch Secure memory; nothing of
    // this function is used again, because it never returns.
    unsafe {
        asm!(
            "msr msp_ns, {stack}",
            "msr control_ns, {zero}",
            "isb",
            "bxns {entry}",
            stack = in(reg) stack,
            entry = in(reg) entry & !1,
            zero = in(reg) 0,
            options(noreturn)
        )
    }
}
