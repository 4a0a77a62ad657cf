//! Leads a task to the instruction where its fault is due, and does the fault: see
//! [`crate::injection`].

use super::exclusive::Exclusive;
use super::machine::barrier;
use super::trap::{Context, Frame};
use super::{report, semihosting};
use crate::decode::{PC, SP};
use crate::injection::{
    ARM_AT_WORD, BLOCK, Fault, Injected, Injection, Place, REQUEST_ADDRESS, WORDS, branch,
    nearest_call, place,
};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use sys_boot::mps2_an521::PRODUCT_FLASH;

/// `b .`: a loop of one instruction.
const LOOP: u32 = 0xE7FE;
/// Bits of xPSR that hold the state of an IT block. Arm DDI 0553B, XPSR.
const IT_STATE: u32 = 0x0600_FC00;
/// r11, and r4 and on: number and arguments of a system call (`userlib`).
const CALL_NUMBER: u8 = 11;
const FIRST_ARGUMENT: u8 = 4;
/// Arguments of a receive that nothing ends: no buffer, no notifications, messages of the kernel only
/// (`sys_abi::RecvMode::Closed`, `sys_abi::TaskId::KERNEL`).
const FROM_NOBODY: [u32; 5] = [0, 0, 0, 1, u32::MAX];

/// Entries into the Secure state so far.
static ENTRIES: AtomicU32 = AtomicU32::new(0);
static STATE: Exclusive<State> = Exclusive::new();

/// Where the injection is.
#[derive(Default)]
struct State {
    injection: Option<Injection>,
    /// Stops taken so far; all of them: the fault was done.
    taken: usize,
    /// The instruction that is a branch now.
    patched: Option<Code>,
    /// Code that the fault changed.
    changed: Option<Code>,
}

/// Two halfwords of code, the first one lower, and where they were.
#[derive(Clone, Copy)]
struct Code {
    site: u32,
    halfwords: u32,
}

/// Every Secure handler of core 0 calls this once per entry. Never inlined, because the host counts
/// its executions; the same number of instructions in each call but one, because runs with and
/// without an injection must be the same until then.
#[inline(never)]
pub fn entered() {
    let entries = ENTRIES.load(Relaxed).wrapping_add(1);
    ENTRIES.store(entries, Relaxed);
    // SAFETY: the block lies in PSRAM, which exists. Nobody counts up to 0.
    if entries == unsafe { (BLOCK.base as *const u32).add(ARM_AT_WORD).read_volatile() } {
        arm();
    }
}

#[cold]
fn arm() {
    // SAFETY: the block lies in PSRAM, which exists; any bit pattern is a valid array of words.
    let words = unsafe { (BLOCK.base as *const [u32; WORDS]).read_volatile() };
    let Some(injection) = Injection::decode(&words) else { return };
    STATE.with(State::default, |state| {
        state.injection = Some(injection);
        state.patch(injection.stops()[0]);
    });
}

/// Did a patched instruction bring the processor here?
#[must_use]
pub fn is_request(frame: &Frame) -> bool {
    frame.pc & !1 == REQUEST_ADDRESS
}

/// Serves a patched instruction. `false` if none is patched: the branch was the task's own.
#[must_use]
pub fn serve(context: &mut Context<'_>) -> bool {
    STATE.with(State::default, |state| {
        let (Some(injection), Some(patched)) = (state.injection, state.patched.take()) else {
            return false;
        };
        write_code(patched);
        context.frame.pc = patched.site;
        state.taken += 1;
        match injection.stops().get(state.taken) {
            Some(next) => state.patch(*next),
            None if state.taken == injection.stops().len() => {
                state.changed = inject(context, &injection);
                state.patch(injection.entry);
            }
            // The next life begins.
            None => {
                if let Some(changed) = state.changed.take() {
                    write_code(changed);
                }
            }
        }
        true
    })
}

impl State {
    fn patch(&mut self, site: u32) {
        if let Some(halfwords) = branch(site, REQUEST_ADDRESS) {
            self.patched = Some(read_code(site));
            write_code(Code { site, halfwords });
        }
    }
}

/// Does the fault; gives the code that it changed. Never inlined, as [`tell`]: between the two calls a
/// debugger sees what changed.
#[inline(never)]
fn inject(context: &mut Context<'_>, injection: &Injection) -> Option<Code> {
    let site = injection.site();
    match injection.fault {
        Fault::Nothing => {}
        Fault::Register { number, mask } => flip_register(context, number, mask),
        Fault::Ram { bit, end } => {
            if let Some((address, mask)) = place(bit, context.register(SP as u8), end) {
                flip_word(address, mask);
            }
        }
        Fault::Word { address, mask } => flip_word(address, mask),
        Fault::Code { address, mask } => return Some(change_code(address, |code| code ^ mask)),
        Fault::Panic { call, number } => {
            // No words: an empty text at no address.
            make_call(context, call, number, &[0, 0]);
            tell(&Injected { place: Place::Register(PC as u8), before: site, after: call });
        }
        Fault::Hang => return Some(change_code(site, |code| code & 0xFFFF_0000 | LOOP)),
    }
    None
}

/// Says what was changed.
#[inline(never)]
fn tell(change: &Injected) {
    report::line(format_args!("{change}"));
}

fn flip_register(context: &mut Context<'_>, number: u8, mask: u32) {
    let before = context.register(number);
    if usize::from(number) == PC {
        context.frame.pc = (before ^ mask) & !1;
    } else {
        context.set_register(number, before ^ mask);
    }
    tell(&Injected { place: Place::Register(number), before, after: context.register(number) });
}

fn flip_word(address: u32, mask: u32) {
    let word = address as *mut u32;
    // SAFETY: the host names a word of the task's RAM, or one from the stack pointer to its end:
    // there is memory, and no object of the bench lies in it.
    let read = || unsafe { word.read_volatile() };
    let before = read();
    // SAFETY: as above.
    unsafe { word.write_volatile(before ^ mask) };
    tell(&Injected { place: Place::Word(address), before, after: read() });
}

/// The task goes on with a system call.
fn make_call(context: &mut Context<'_>, call: u32, number: u32, arguments: &[u32]) {
    context.frame.pc = call;
    context.frame.xpsr &= !IT_STATE;
    context.set_register(CALL_NUMBER, number);
    for (register, argument) in (FIRST_ARGUMENT..).zip(arguments) {
        context.set_register(register, *argument);
    }
}

/// The task waits from here on, with receive call `number`, for what never comes.
pub fn mute(context: &mut Context<'_>, number: u32) {
    let code = |address| {
        // SAFETY: the product's flash is memory of the emulated board.
        PRODUCT_FLASH
            .contains_address(address)
            .then(|| unsafe { (address as *const u16).read_volatile() })
    };
    match nearest_call(context.frame.pc, code) {
        Some(call) => make_call(context, call, number, &FROM_NOBODY),
        None => {
            report::line(format_args!("no system call near {:08x}", context.frame.pc));
            semihosting::exit(crate::exit::FORWARD_FAILED);
        }
    }
}

fn change_code(site: u32, change: impl FnOnce(u32) -> u32) -> Code {
    let code = read_code(site);
    write_code(Code { site, halfwords: change(code.halfwords) });
    let (before, after) = (code.halfwords, read_code(site).halfwords);
    tell(&Injected { place: Place::Code(site), before, after });
    code
}

fn read_code(site: u32) -> Code {
    let [first, second] = halfwords(site).map(|half| {
        // SAFETY: the host names instructions of the product, so there is memory.
        u32::from(unsafe { half.read_volatile() })
    });
    Code { site, halfwords: first | second << 16 }
}

fn write_code(code: Code) {
    let values = [code.halfwords as u16, (code.halfwords >> 16) as u16];
    for (half, value) in halfwords(code.site).into_iter().zip(values) {
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
