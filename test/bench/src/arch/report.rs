//! Lines of the bench on the host's error output, and its own end.

use super::machine::{BFAR, CFSR, HFSR, SFSR, ipsr};
use super::semihosting::{File, exit};
use core::fmt::{self, Write};

/// Longest line in bytes; the rest is cut.
const LINE_BYTES: usize = 240;

/// A line that is built before it is written, so that lines of both cores do not mix.
struct Line {
    bytes: [u8; LINE_BYTES],
    used: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let count = text.len().min(LINE_BYTES - 1 - self.used);
        self.bytes[self.used..][..count].copy_from_slice(&text.as_bytes()[..count]);
        self.used += count;
        Ok(())
    }
}

/// Prints one line, starting with "bench: ".
pub fn line(text: fmt::Arguments<'_>) {
    let mut line = Line { bytes: [0; LINE_BYTES], used: 0 };
    // Writing into the buffer cannot fail: what does not fit is cut.
    let _ = write!(line, "bench: {text}");
    line.bytes[line.used] = b'\n';
    if let Some(console) = File::console() {
        // If the host does not take the line, there is nobody else to tell.
        let _ = console.write(&line.bytes[..=line.used]);
    }
}

/// An exception in the bench itself: says so, and ends the run.
pub fn fault_in_bench(core: u32, pc: u32) -> ! {
    line(format_args!(
        "fault on core {core}: exception {} pc={pc:08x} CFSR={:08x} HFSR={:08x} BFAR={:08x} SFSR={:08x}",
        ipsr() & 0x1FF,
        CFSR.get(),
        HFSR.get(),
        BFAR.get(),
        SFSR.get()
    ));
    exit(crate::exit::BENCH_FAULT)
}

/// A panic in the bench itself.
pub fn panic_in_bench(info: &core::panic::PanicInfo<'_>) -> ! {
    line(format_args!("{info}"));
    exit(crate::exit::BENCH_PANIC)
}
