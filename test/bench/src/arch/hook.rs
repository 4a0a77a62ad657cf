//! The hook: how a fault goes back to the Non-secure side as its own, genuine fault.
//!
//! ```text
//!  hand_back: make the access fault by itself (open the window, or redirect it to an unmapped
//!             address), point VTOR_NS to the shadow table, return: the instruction is repeated
//!     -> the processor raises the real MemManage or BusFault
//!     -> its vector, from the shadow table, is a Secure address: SecureFault before the first
//!        instruction of the handler
//!  close:     undo everything, correct the fault address register, go on at the real vector
//! ```
//! If an interrupt of the product comes first, the hook closes at that one's vector, and the
//! instruction simply traps again later; [`is_repeated`] keeps it from being done or logged twice.

use super::boot::WINDOW_REGION;
use super::exclusive::Exclusive;
use super::machine::*;
use super::trap::{Context, Frame};
use super::{report, semihosting};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sys_boot::mps2_an521::{SHADOW_VECTORS, WINDOW};

/// A Secure address; a Non-secure vector that points there is an invalid entry.
const HOOK_VECTOR: u32 = 0x3000_0000;
/// A Non-secure address that nothing answers.
const NOWHERE: u32 = 0x4F80_0000;
/// Entries of the shadow table: all vectors that there can be.
const SHADOW_ENTRIES: usize = SHADOW_VECTORS.bytes as usize / 4;
const MMARVALID: u32 = 1 << 7;
const BFARVALID: u32 = 1 << 15;

/// How the access is made to fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// The window is opened: the address faults by itself, by MPU or because nothing answers.
    OpenWindow {
        /// The effective address.
        address: u32,
    },
    /// The base register is patched so that the access goes nowhere.
    Base {
        /// The register.
        register: u8,
        /// The true effective address.
        address: u32,
    },
    /// The program counter is patched: a fetch from nowhere.
    Fetch,
}

/// What has to be undone.
struct Armed {
    redirect: Redirect,
    frame: u32,
    pc: u32,
    base_value: u32,
    vectors: u32,
}

#[derive(Default)]
struct State {
    armed: Option<Armed>,
    /// Instruction and address of an access that faulted but whose fault did not come yet.
    interrupted: Option<(u32, u32)>,
}

static STATE: Exclusive<State> = Exclusive::new();
/// `State::interrupted` is some, which is rare; asked for at each access.
static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

fn with_state<R>(action: impl FnOnce(&mut State) -> R) -> R {
    STATE.with(State::default, action)
}

/// Fills the shadow table.
pub fn fill_shadow_vectors() {
    for entry in 0..SHADOW_ENTRIES {
        Reg(SHADOW_VECTORS.base as usize).word(entry).set(HOOK_VECTOR | 1);
    }
}

/// Is this the fault of an armed hook?
#[must_use]
pub fn is_hook(frame: &Frame) -> bool {
    frame.pc & !1 == HOOK_VECTOR && VTOR_NS.get() == SHADOW_VECTORS.base
}

/// Was this access already found to fault, and only its fault interrupted?
pub fn is_repeated(frame: &Frame, address: u32) -> bool {
    IS_INTERRUPTED.load(Relaxed) && {
        IS_INTERRUPTED.store(false, Relaxed);
        with_state(|state| state.interrupted.take() == Some((frame.pc, address)))
    }
}

/// Arms the hook; the instruction is repeated and faults.
pub fn hand_back(context: &mut Context<'_>, redirect: Redirect) {
    let mut base_value = 0;
    let pc = context.frame.pc;
    match redirect {
        Redirect::OpenWindow { .. } => sau_region(WINDOW_REGION, WINDOW.base, WINDOW.bytes),
        Redirect::Base { register, address } => {
            base_value = context.register(register);
            let offset = base_value.wrapping_sub(address);
            context.set_register(register, offset.wrapping_add(NOWHERE | address & 15));
        }
        Redirect::Fetch => context.frame.pc = NOWHERE,
    }
    let frame = &raw const *context.frame as u32;
    let vectors = VTOR_NS.get();
    VTOR_NS.set(SHADOW_VECTORS.base);
    barrier();
    let armed = Armed { redirect, frame, pc, base_value, vectors };
    let former = with_state(|state| state.armed.replace(armed));
    if former.is_some() {
        // Each arming is closed at the next Non-secure vector, so this cannot be.
        report::line(format_args!("hook armed twice, pc={pc:08x}"));
        semihosting::exit(crate::exit::FORWARD_FAILED);
    }
}

/// Undoes the redirection and goes on at the real vector.
pub fn close(context: &mut Context<'_>) {
    let Some(armed) = with_state(|state| state.armed.take()) else {
        report::line(format_args!("hook not armed"));
        semihosting::exit(crate::exit::FORWARD_FAILED);
    };
    VTOR_NS.set(armed.vectors);
    sau_region(WINDOW_REGION, WINDOW.base, 0);
    let exception = context.frame.xpsr & 0x1FF;
    context.frame.pc = Reg(armed.vectors as usize).word(exception as usize).get() & !1;
    // Exceptions 3 to 6 are faults; anything else came in between.
    let is_fault = (3..=6).contains(&exception);
    undo(context, &armed);
    match armed.redirect {
        Redirect::OpenWindow { address } | Redirect::Base { address, .. } if is_fault => {
            correct_fault_address(address);
        }
        Redirect::OpenWindow { address } => {
            with_state(|state| state.interrupted = Some((armed.pc, address)));
            IS_INTERRUPTED.store(true, Relaxed);
        }
        _ => {}
    }
}

/// Puts back the register or program counter that was patched. The fault has pushed a new frame
/// at the place of the old one, because the stack pointer is the same.
fn undo(context: &mut Context<'_>, armed: &Armed) {
    if matches!(armed.redirect, Redirect::OpenWindow { .. }) {
        return;
    }
    // SAFETY: the frame is where it was pushed at the trap, on a Non-secure stack that the
    // processor just used again; the exception that the hook interrupts lies below it, so it is
    // not the frame of `context`.
    let frame = unsafe { &mut *(armed.frame as *mut Frame) };
    match armed.redirect {
        Redirect::Base { register, .. } => {
            let mut faulted =
                Context { frame, saved: context.saved, exc_return: context.exc_return };
            faulted.set_register(register, armed.base_value);
        }
        _ => frame.pc = armed.pc,
    }
}

/// The product sees the address that its instruction meant.
fn correct_fault_address(address: u32) {
    let status = CFSR_NS.get();
    if status & MMARVALID != 0 {
        MMFAR_NS.set(address);
    }
    if status & BFARVALID != 0 {
        BFAR_NS.set(address);
    }
}
