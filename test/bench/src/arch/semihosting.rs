//! Arm semihosting: the bench's way to the host. The product never uses it.
//!
//! Source: Arm "Semihosting for AArch32 and AArch64", release 2.0.

use core::arch::asm;
use core::fmt;

const SYS_OPEN: u32 = 0x01;
const SYS_CLOSE: u32 = 0x02;
const SYS_WRITE: u32 = 0x05;
const SYS_READ: u32 = 0x06;
const SYS_SEEK: u32 = 0x0A;
const SYS_FLEN: u32 = 0x0C;
const SYS_EXIT_EXTENDED: u32 = 0x20;
/// ADP_Stopped_ApplicationExit.
const APPLICATION_EXIT: u32 = 0x2_0026;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mode {
    /// Binary, for reading.
    Read = 1,
    /// Binary, created or emptied.
    Write = 5,
    /// Binary, created or appended to.
    Append = 9,
}

/// An open file of the host.
#[derive(Debug)]
pub struct File(u32);

fn call(operation: u32, argument: &[u32]) -> i32 {
    let result: u32;
    // SAFETY: the host reads the argument block and the memory it points to, and for SYS_READ
    // writes into the buffer that the caller of `File::read` lent exclusively. `nomem` is not
    // given, so the compiler keeps memory up to date around the call.
    unsafe {
        asm!("bkpt #0xAB", inlateout("r0") operation => result, in("r1") argument.as_ptr(),
            options(nostack, preserves_flags));
    }
    result as i32
}

/// Ends the emulator with this exit code (0 to 255). Never inlined: a debugger that wants to see the end
/// stops here.
#[inline(never)]
pub fn exit(code: u32) -> ! {
    call(SYS_EXIT_EXTENDED, &[APPLICATION_EXIT, code]);
    loop {
        super::machine::wait_for_interrupt();
    }
}

impl File {
    /// Opens the file of this zero-terminated path.
    #[must_use]
    pub fn open(path: &core::ffi::CStr, mode: Mode) -> Option<Self> {
        let name = path.to_bytes();
        let block = [name.as_ptr() as u32, mode as u32, name.len() as u32];
        u32::try_from(call(SYS_OPEN, &block)).ok().map(Self)
    }

    /// The host's console.
    #[must_use]
    pub fn console() -> Option<Self> {
        Self::open(c":tt", Mode::Write)
    }

    /// Writes these bytes; `false` if not all could be written.
    #[must_use]
    pub fn write(&self, bytes: &[u8]) -> bool {
        self.write_from(bytes.as_ptr() as u32, bytes.len() as u32)
    }

    /// Writes `bytes` bytes from an address that the host reads itself.
    #[must_use]
    pub fn write_from(&self, address: u32, bytes: u32) -> bool {
        call(SYS_WRITE, &[self.0, address, bytes]) == 0
    }

    /// Reads into `buffer`; `false` if the file was too short.
    #[must_use]
    pub fn read(&self, buffer: &mut [u8]) -> bool {
        call(SYS_READ, &[self.0, buffer.as_mut_ptr() as u32, buffer.len() as u32]) == 0
    }

    /// Goes to this place of the file.
    #[must_use]
    pub fn seek(&self, position_bytes: u32) -> bool {
        call(SYS_SEEK, &[self.0, position_bytes]) == 0
    }

    /// Length of the file in bytes.
    #[must_use]
    pub fn length_bytes(&self) -> Option<u32> {
        u32::try_from(call(SYS_FLEN, &[self.0])).ok()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        call(SYS_CLOSE, &[self.0]);
    }
}

impl fmt::Write for File {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.write(text.as_bytes()) { Ok(()) } else { Err(fmt::Error) }
    }
}
