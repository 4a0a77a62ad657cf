//! Does to the interrupted task what the host asked for, see [`crate::injection`].

use super::machine::barrier;
use super::trap::{Context, Frame};
use crate::decode::{PC, SP};
use crate::injection::{BLOCK, Fault, Injection, REQUEST_ADDRESS, WORDS, place};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// `b .`: a loop of one instruction.
const LOOP: u16 = 0xE7FE;
/// Bits of xPSR that hold the state of an IT block. Arm DDI 0553B, XPSR.
const IT_STATE: u32 = 0x0600_FC00;
/// r11 and r4, r5: number and arguments of a system call (`userlib`).
const CALL_NUMBER: u8 = 11;
const CALL_ARGUMENTS: [u8; 2] = [4, 5];

/// The code that was there before, as two halfwords with the first one lower.
static MENDS: AtomicU32 = AtomicU32::new(0);
/// 1 once the fault was injected.
static INJECTED: AtomicU32 = AtomicU32::new(0);

/// Did the host send the processor here?
#[must_use]
pub fn is_request(frame: &Frame) -> bool {
    frame.pc & !1 == REQUEST_ADDRESS
}

/// The first request injects the fault, the next one mends the code. `false` if nobody wrote a
/// block: the branch was the task's own.
#[must_use]
pub fn perform(context: &mut Context<'_>) -> bool {
    // SAFETY: the block lies in PSRAM, which exists; any bit pattern is a valid array of words.
    let words = unsafe { (BLOCK.base as *const [u32; WORDS]).read_volatile() };
    let Some(injection) = Injection::decode(&words) else { return false };
    if INJECTED.swap(1, Relaxed) == 0 {
        context.frame.pc = injection.site;
        inject(context, &injection);
    } else {
        context.frame.pc = injection.entry;
        if let Fault::Code { .. } | Fault::Hang = injection.fault {
            write_code(injection.site, MENDS.load(Relaxed));
        }
    }
    true
}

fn inject(context: &mut Context<'_>, injection: &Injection) {
    let site = injection.site;
    match injection.fault {
        Fault::Register { number, mask } if usize::from(number) == PC => {
            context.frame.pc = (site ^ mask) & !1;
        }
        Fault::Register { number, mask } => {
            let value = context.register(number);
            context.set_register(number, value ^ mask);
        }
        Fault::Ram { bit, end } => {
            if let Some((address, mask)) = place(bit, context.register(SP as u8), end) {
                // SAFETY: from the stack pointer to the end of the task's RAM there is memory;
                // no object of the bench lies in it.
                unsafe {
                    let word = address as *mut u32;
                    word.write_volatile(word.read_volatile() ^ mask);
                }
            }
        }
        Fault::Code { mask } => change_code(site, |code| code ^ mask),
        Fault::Panic { call, number } => {
            context.frame.pc = call;
            context.frame.xpsr &= !IT_STATE;
            context.set_register(CALL_NUMBER, number);
            // No words: the call is there, its text is empty.
            for register in CALL_ARGUMENTS {
                context.set_register(register, 0);
            }
        }
        Fault::Hang => change_code(site, |code| code & 0xFFFF_0000 | u32::from(LOOP)),
    }
}

fn change_code(site: u32, change: impl FnOnce(u32) -> u32) {
    let code = halfwords(site).map(|half| {
        // SAFETY: the host names an instruction that ran, so there is memory.
        u32::from(unsafe { half.read_volatile() })
    });
    let code = code[0] | code[1] << 16;
    MENDS.store(code, Relaxed);
    write_code(site, change(code));
}

fn write_code(site: u32, code: u32) {
    for (half, value) in halfwords(site).into_iter().zip([code as u16, (code >> 16) as u16]) {
        // SAFETY: as above; the product's flash is memory of the emulated board that the Secure
        // state may write, and no object of the bench lies in it.
        unsafe { half.write_volatile(value) };
    }
    barrier();
}

fn halfwords(site: u32) -> [*mut u16; 2] {
    let first = (site & !1) as *mut u16;
    [first, first.wrapping_add(1)]
}
