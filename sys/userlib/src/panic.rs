//! A task's panic: where, and the static text if there is one. No formatting machinery.

use crate::sys_panic;
use core::panic::PanicInfo;

/// Longest text handed to the kernel, in bytes; the rest is cut off.
const TEXT_BYTES: usize = 128;

/// Appends to a fixed buffer and drops what does not fit.
struct Text {
    bytes: [u8; TEXT_BYTES],
    len: usize,
}

impl Text {
    fn push(&mut self, more: &[u8]) {
        for byte in more {
            if let Some(free) = self.bytes.get_mut(self.len) {
                *free = *byte;
                self.len = self.len.wrapping_add(1);
            }
        }
    }

    fn push_number(&mut self, mut number: u32) {
        // Ten digits hold any u32.
        let mut digits = [0; 10];
        let mut first = digits.len();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
            first = first.wrapping_sub(1);
            if number == 0 {
                break;
            }
        }
        self.push(digits.get(first..).unwrap_or(&[]));
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let mut text = Text { bytes: [0; TEXT_BYTES], len: 0 };
    text.push(b"panicked at ");
    if let Some(location) = info.location() {
        text.push(location.file().as_bytes());
        text.push(b":");
        text.push_number(location.line());
    }
    if let Some(message) = info.message().as_str() {
        text.push(b": ");
        text.push(message.as_bytes());
    }
    sys_panic(text.bytes.get(..text.len).unwrap_or(&[]))
}
