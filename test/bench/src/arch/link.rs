//! Core 0's hardware in place: the one instance, its processor side, and the host link.

use super::exclusive::{Exclusive, Lent};
use super::machine::{
    CYCLES_PER_US, NVIC_ICPR, NVIC_ISPR, TIMER0, clear_core0_doorbell, cycles, ring_core1,
    yield_now,
};
use super::semihosting::{File, Mode, exit};
use super::{boot, injector, report};
use crate::irq::{FIRST_IRQ, Pend};
use crate::log::{Access, Log};
use crate::misbehaviour::host_command;
use crate::regs::{Hardware, HostTransfer, Platform};
use crate::script::Entry;
use core::ffi::CStr;
use core::fmt::Write as _;
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::host_link::{KIND_EXIT, KIND_LINE, KIND_PICTURE, MAX_BYTES};
use sys_boot::MemoryRange;
use sys_boot::mps2_an521::{PRODUCT_FLASH, PRODUCT_RAM, PSRAM};

/// The access log; a debugger finds it by this name.
#[unsafe(no_mangle)]
static ACCESS_LOG: Lent<Log> = Lent::new(Log::new());

static HARDWARE: Exclusive<Hardware<'static, Core0>> = Exclusive::new();

/// A misbehaviour that a debugger asks for: it writes the words while the machine stands still, the
/// first one last. A debugger finds it by this name.
#[unsafe(no_mangle)]
static HOST_COMMAND: [AtomicU32; host_command::WORDS] = [const { AtomicU32::new(0) }; 6];

/// Uses the hardware; it powers up at the first use.
pub fn with_hardware<R>(action: impl FnOnce(&mut Hardware<'static, Core0>) -> R) -> R {
    HARDWARE.with(power_on, action)
}

/// Out of line, because the parameter block is large and this happens once.
#[cold]
#[inline(never)]
fn power_on() -> Hardware<'static, Core0> {
    // SAFETY: `HARDWARE` calls this once, at the first use.
    let log = unsafe { ACCESS_LOG.lend() };
    Hardware::new(boot::shared(), log, Core0::new(), &boot::parameters())
}

/// Handler of the heartbeat: time passes, and core 1 gets its turn.
pub extern "C" fn heartbeat() {
    TIMER0.word(3).set(1);
    boot::shared().beats.fetch_add(1, SeqCst);
    injector::entered();
    with_hardware(|hardware| {
        hardware.tick();
        serve_host(hardware);
        hardware.platform().check_time_limit();
    });
    yield_now();
}

fn serve_host(hardware: &mut Hardware<'static, Core0>) {
    let [state, kind, a, b, frame, line] = HOST_COMMAND.each_ref().map(|word| word.load(SeqCst));
    let accepted = match state {
        host_command::ASKED => hardware.schedule(Entry { frame, line, kind, a, b }),
        host_command::ASKED_OPERATOR => hardware.ask_operator(kind),
        _ => return,
    };
    let answer = if accepted { host_command::ACCEPTED } else { host_command::REFUSED };
    HOST_COMMAND[0].store(answer, SeqCst);
}

/// Handler of core 1's doorbell.
pub extern "C" fn doorbell() {
    clear_core0_doorbell();
    injector::entered();
    with_hardware(Hardware::tick);
}

/// The processor as the hardware sees it.
pub struct Core0 {
    seen_cycles: u32,
    /// Cycles that are not a whole microsecond yet.
    spare_cycles: u32,
    time_us: u64,
    time_limit_us: Option<u64>,
    console: Option<File>,
    /// Number of the picture file that is being written.
    picture: Option<u32>,
}

impl Core0 {
    fn new() -> Self {
        let limit_ms = boot::parameters().time_limit_ms;
        Self {
            seen_cycles: cycles(),
            spare_cycles: 0,
            time_us: 0,
            time_limit_us: (limit_ms != 0).then_some(u64::from(limit_ms) * 1000),
            console: None,
            picture: None,
        }
    }

    fn check_time_limit(&mut self) {
        let now_us = self.now_us();
        if self.time_limit_us.is_some_and(|limit_us| now_us >= limit_us) {
            report::line(format_args!("time limit of {} ms", now_us / 1000));
            exit(crate::exit::TIME_LIMIT);
        }
    }

    fn write_line(&mut self, address: u32, bytes: u32) -> bool {
        if self.console.is_none() {
            self.console = File::console();
        }
        let Some(console) = &self.console else { return false };
        console.write_from(address, bytes) && console.write(b"\n")
    }

    /// The first transfer of a picture empties its file, the following ones append.
    fn write_picture(&mut self, number: u32, address: u32, bytes: u32) -> bool {
        let mut name = PathBuffer::default();
        // The name is shorter than the buffer for every number.
        let _ = write!(name, "picture-{number}.raw");
        let mode = if self.picture == Some(number) { Mode::Append } else { Mode::Write };
        self.picture = Some(number);
        let file = name.path().and_then(|path| File::open(path, mode));
        file.is_some_and(|file| file.write_from(address, bytes))
    }
}

impl Platform for Core0 {
    /// The counter wraps every 214 s; the heartbeat reads it far more often.
    fn now_us(&mut self) -> u64 {
        let now = cycles();
        let passed = now.wrapping_sub(self.seen_cycles).saturating_add(self.spare_cycles);
        self.seen_cycles = now;
        self.spare_cycles = passed % CYCLES_PER_US;
        self.time_us += u64::from(passed / CYCLES_PER_US);
        self.time_us
    }

    fn ring_core1(&mut self) {
        ring_core1();
    }

    fn relax(&mut self) {
        yield_now();
    }

    fn pend(&mut self, line: usize, pend: Pend) {
        let irq = FIRST_IRQ as usize + line;
        let (word, bit) = (irq / 32, 1 << (irq % 32));
        match pend {
            Pend::Set => NVIC_ISPR.word(word).set(bit),
            Pend::Clear => NVIC_ICPR.word(word).set(bit),
            Pend::Keep => {}
        }
    }

    fn send_to_host(&mut self, transfer: HostTransfer) -> bool {
        let HostTransfer { kind, address, bytes, argument } = transfer;
        if kind == KIND_EXIT {
            exit(argument);
        }
        if !is_product_memory(address, bytes) {
            return false;
        }
        match kind {
            KIND_LINE => self.write_line(address, bytes),
            KIND_PICTURE => self.write_picture(argument, address, bytes),
            _ => false,
        }
    }

    fn trace(&mut self, access: &Access) {
        let name = drv_isp_regs::lookup(u32::from(access.offset)).map_or("?", |(row, _)| row.name);
        report::line(format_args!(
            "{:>10} us pc={:08x} psp={:08x} {} {:04x} {name} {:08x} {:?}",
            access.time_us,
            access.who.pc,
            access.who.psp,
            if access.write { "write" } else { "read " },
            access.offset,
            access.value,
            access.verdict
        ));
    }
}

/// Only memory of the product leaves by the host link.
fn is_product_memory(address: u32, bytes: u32) -> bool {
    bytes <= MAX_BYTES
        && address.checked_add(bytes).is_some()
        && [PRODUCT_FLASH, PRODUCT_RAM, PSRAM]
            .iter()
            .any(|range| range.contains(MemoryRange::new(address, bytes)))
}

/// A short zero-terminated path.
#[derive(Default)]
struct PathBuffer {
    bytes: [u8; 32],
    used: usize,
}

impl PathBuffer {
    fn path(&self) -> Option<&CStr> {
        CStr::from_bytes_until_nul(&self.bytes).ok()
    }
}

impl core::fmt::Write for PathBuffer {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        // The last byte stays zero.
        let room = self.bytes.len() - 1 - self.used;
        let target = self.bytes[self.used..].get_mut(..text.len().min(room));
        let target = target.ok_or(core::fmt::Error)?;
        target.copy_from_slice(&text.as_bytes()[..target.len()]);
        self.used += target.len();
        if target.len() == text.len() { Ok(()) } else { Err(core::fmt::Error) }
    }
}
