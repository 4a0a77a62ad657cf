//! The trap: a Secure fault of the Non-secure side becomes a register access, or is handed back.
//!
//! ```text
//!  access to the window  -> permitted by the MPU? -> emulate -> next instruction
//!                              | no                    | verdict is a fault
//!                              v                       v
//!                        genuine MemManage       genuine bus fault        (hook)
//!  any other access to Secure memory: redirected to an unmapped address, genuine fault  (hook)
//! ```
//! Vectors 3, 5 and 7 all lead here: the emulator escalates a SecureFault to HardFault when it comes
//! out of a Non-secure handler of the highest priority.

use super::hook::{self, Redirect};
use super::machine::*;
use super::{injector, link, report, semihosting};
use crate::decode::{self, Direction, PC, Registers, SP, Transfer};
use crate::log::Who;
use crate::regs::{Instead, Kind, Request};
use core::arch::naked_asm;
use sys_boot::mps2_an521::{PRODUCT_FLASH, PRODUCT_RAM, PSRAM, WINDOW};

const SFSR_INVEP: u32 = 1 << 0;
const SFSR_AUVIOL: u32 = 1 << 3;
/// EXC_RETURN: the exception was taken from Secure state.
const FROM_SECURE: u32 = 1 << 6;
/// EXC_RETURN: thread mode.
const FROM_THREAD: u32 = 1 << 3;
/// CFSR: stacking failed, or the stack limit was passed.
const STACKING_FAILED: u32 = 1 << 4 | 1 << 20;
/// SHCSR: a fault is pending that the Non-secure state will take itself.
const FAULT_PENDED: u32 = 7 << 12 | 1 << 21;
/// SHCSR: the Non-secure HardFault is active.
const HARDFAULT_ACTIVE: u32 = 1 << 2;
/// xPSR: the frame was aligned by one word.
const FRAME_ALIGNED: u32 = 1 << 9;

/// Registers r4 to r11, as the entry pushed them; what is written here is popped.
pub type Saved = [u32; 8];

/// The frame that the processor pushed. Arm DDI 0553B, B3.19.
#[repr(C)]
pub struct Frame {
    /// r0 to r3.
    pub low: [u32; 4],
    /// r12.
    pub r12: u32,
    /// Link register.
    pub lr: u32,
    /// Address of the instruction.
    pub pc: u32,
    /// Program status.
    pub xpsr: u32,
}

/// Vector of the trap.
///
/// # Safety
/// Only the processor may call it, as an exception handler.
#[unsafe(naked)]
pub unsafe extern "C" fn entry() {
    naked_asm!(
        "sub sp, #4",
        "push.w {{r4-r11, lr}}",
        "mov r0, sp",
        "mov r1, lr",
        "bl {trap}",
        "pop.w {{r4-r11, lr}}",
        "add sp, #4",
        "bx lr",
        trap = sym trap,
    )
}

/// Everything about the instruction that trapped.
pub struct Context<'a> {
    /// Its frame.
    pub frame: &'a mut Frame,
    /// Its other registers.
    pub saved: &'a mut Saved,
    /// EXC_RETURN.
    pub exc_return: u32,
}

/// What [`entry`] calls.
///
/// # Contract with the entry
/// | register | what | who keeps it true |
/// |---|---|---|
/// | r0, `saved` | the stack pointer behind `push.w {r4-r11, lr}`: eight words, r4 lowest, then EXC_RETURN | `entry`; the pop that follows puts what is written here into the registers |
/// | r1, `exc_return` | LR at the entry of the exception (Arm DDI 0553B, B3.18) | the processor |
/// | sp | a multiple of 8 (AAPCS32, 6.2.1.2): the processor's frame is, and nine words are pushed below one that is skipped | `entry` |
///
/// r0 to r3, r12 and LR of the code that trapped are in the processor's frame on the stack of the
/// Non-secure state; this function may change them there, and all other state of that code is in
/// `saved` or untouched.
///
/// # Safety
/// Only `entry` may call it, once per exception: `saved` must be its live push, to which nothing
/// else refers until this function returns.
unsafe extern "C" fn trap(saved: *mut Saved, exc_return: u32) {
    if exc_return & FROM_SECURE != 0 {
        report::fault_in_bench(0, 0);
    }
    injector::entered();
    let secure_fault = SFSR.get();
    SFSR.set(secure_fault);
    if CFSR_NS.get() & STACKING_FAILED != 0 && SHCSR_NS.get() & FAULT_PENDED != 0 {
        // The frame is garbage. The Non-secure state has its own fault pending and takes it next.
        return;
    }
    if ipsr() & 0x1FF == 3 && SHCSR_NS.get() & HARDFAULT_ACTIVE == 0 {
        // Escalated by the emulator: the status is ours to clear, unless the product's own
        // HardFault handler is about to read it.
        HFSR.set(HFSR.get());
    }
    // SAFETY: the entry passes the address of what it pushed, and the processor pushed a frame
    // on the stack in use (stacking did not fail, see above). Nothing else refers to either.
    let mut context = unsafe {
        Context { frame: &mut *frame_address(exc_return), saved: &mut *saved, exc_return }
    };
    if secure_fault & SFSR_INVEP != 0 && hook::is_hook(context.frame) {
        return hook::close(&mut context);
    }
    if secure_fault & SFSR_INVEP != 0
        && injector::is_request(context.frame)
        && injector::serve(&mut context)
    {
        return;
    }
    dispatch(&mut context, secure_fault);
}

/// The stack that the Non-secure state was using.
fn frame_address(exc_return: u32) -> *mut Frame {
    let on_process_stack = exc_return & FROM_THREAD != 0 && control_ns() & 2 != 0;
    (if on_process_stack { psp_ns() } else { msp_ns() }) as *mut Frame
}

fn dispatch(context: &mut Context<'_>, secure_fault: u32) {
    if secure_fault & SFSR_AUVIOL == 0 {
        if secure_fault == 0 {
            give_up(context, secure_fault);
        }
        // A branch into Secure memory.
        return hook::hand_back(context, Redirect::Fetch);
    }
    let Some((first, second)) = instruction(context.frame.pc) else {
        return hook::hand_back(context, Redirect::Fetch);
    };
    let registers = context.registers();
    match decode::decode(first, second, &registers) {
        Ok(transfer) if WINDOW.contains_address(transfer.address) => {
            window_access(context, &registers, &transfer);
        }
        Ok(transfer) => match decode::base_register(first, second) {
            Some(register) if usize::from(register) != SP => {
                let address = transfer.address;
                hook::hand_back(context, Redirect::Base { register, address });
            }
            _ => hook::hand_back(context, Redirect::Fetch),
        },
        Err(refused) => {
            let is_store = decode::multiple_stores(first);
            forward_undecoded(context, &registers, refused.base, is_store);
        }
    }
}

/// Multiple, exclusive and other accesses: a bus fault, at the true address if it is the window.
fn forward_undecoded(
    context: &mut Context<'_>,
    registers: &Registers,
    base: Option<u8>,
    is_store: bool,
) {
    match base {
        Some(register) if usize::from(register) != SP => {
            let address = registers[usize::from(register)];
            if WINDOW.contains_address(address) {
                if !hook::is_repeated(context.frame, address) {
                    let kind = if is_store { Kind::Write(0) } else { Kind::Read };
                    let request = request(context, address, false, kind);
                    let permitted = may(context, address, is_store);
                    link::with_hardware(|hardware| match permitted {
                        true => hardware.unknown_access(&request),
                        false => hardware.foreign_access(&request),
                    });
                }
                hook::hand_back(context, Redirect::OpenWindow { address });
            } else {
                hook::hand_back(context, Redirect::Base { register, address });
            }
        }
        _ => hook::hand_back(context, Redirect::Fetch),
    }
}

fn window_access(context: &mut Context<'_>, registers: &Registers, transfer: &Transfer) {
    let is_store = transfer.direction == Direction::Store;
    let address = transfer.address;
    if hook::is_repeated(context.frame, address) {
        return hook::hand_back(context, Redirect::OpenWindow { address });
    }
    let may = |address| may(context, address, is_store);
    if !may(address) || (transfer.second.is_some() && !may(address.wrapping_add(4))) {
        let request = element(context, registers, transfer, 0, transfer.register);
        link::with_hardware(|hardware| hardware.foreign_access(&request));
        return hook::hand_back(context, Redirect::OpenWindow { address });
    }
    match emulate(context, registers, transfer) {
        Outcome::Done => {
            context.frame.pc += u32::from(transfer.length_bytes);
            context.frame.xpsr = decode::advance_it(context.frame.xpsr);
        }
        // The same instruction traps again, until an interrupt takes the processor away.
        Outcome::Stuck => {}
        Outcome::Mute(call) => injector::mute(context, call),
        Outcome::Fault => hook::hand_back(context, Redirect::OpenWindow { address }),
    }
}

/// How an emulated transfer ended.
enum Outcome {
    /// It was done.
    Done,
    /// It does not complete.
    Stuck,
    /// The task makes this system call instead.
    Mute(u32),
    /// It must fault.
    Fault,
}

/// Does the transfer.
fn emulate(context: &mut Context<'_>, registers: &Registers, transfer: &Transfer) -> Outcome {
    let targets = [Some(transfer.register), transfer.second];
    let mut loaded = [0; 2];
    for (index, register) in targets.into_iter().flatten().enumerate() {
        let request = element(context, registers, transfer, index, register);
        let answer = link::with_hardware(|hardware| match hardware.instead(&request) {
            Some(Instead::SystemCall(call)) => Err(Outcome::Mute(call)),
            Some(Instead::Stuck) => Err(Outcome::Stuck),
            None => hardware.access(request).map_err(|_| Outcome::Fault),
        });
        match answer {
            Ok(value) => loaded[index] = value,
            Err(outcome) => return outcome,
        }
    }
    if let Some((register, value)) = transfer.write_back {
        context.set_register(register, value);
    }
    if transfer.direction != Direction::Store {
        for (register, value) in targets.into_iter().flatten().zip(loaded) {
            context.set_register(register, transfer.extend(value));
        }
    }
    Outcome::Done
}

/// What element `index` of a transfer asks of the hardware.
fn element(
    context: &Context<'_>,
    registers: &Registers,
    transfer: &Transfer,
    index: usize,
    register: u8,
) -> Request {
    let kind = match transfer.direction {
        Direction::Store => Kind::Write(registers[usize::from(register)]),
        _ => Kind::Read,
    };
    let address = transfer.address + 4 * index as u32;
    request(context, address, transfer.bytes == 4 && transfer.is_aligned(), kind)
}

fn request(context: &Context<'_>, address: u32, is_word: bool, kind: Kind) -> Request {
    let psp = if context.exc_return & FROM_THREAD != 0 { psp_ns() } else { 0 };
    let who = Who { pc: context.frame.pc, psp };
    Request { offset: address - WINDOW.base, is_word, kind, who }
}

/// Does the memory protection allow it?
fn may(context: &Context<'_>, address: u32, is_store: bool) -> bool {
    let unprivileged = context.exc_return & FROM_THREAD != 0 && control_ns() & 1 != 0;
    non_secure_may(address, unprivileged, is_store)
}

/// The halfwords of the instruction, if it lies in memory of the product.
fn instruction(pc: u32) -> Option<(u16, u16)> {
    let in_memory = |address: u32| {
        [PRODUCT_FLASH, PRODUCT_RAM, PSRAM].iter().any(|range| range.contains_address(address))
    };
    let read = |address: u32| {
        // SAFETY: the address is even and lies in memory that exists (checked by the caller).
        unsafe { (address as *const u16).read_volatile() }
    };
    if !pc.is_multiple_of(2) || !in_memory(pc) {
        return None;
    }
    let first = read(pc);
    let second = if in_memory(pc + 2) { read(pc + 2) } else { 0 };
    Some((first, second))
}

fn give_up(context: &Context<'_>, secure_fault: u32) -> ! {
    report::line(format_args!(
        "cannot hand back: exception {} pc={:08x} SFSR={secure_fault:08x} CFSR_NS={:08x}",
        ipsr() & 0x1FF,
        context.frame.pc,
        CFSR_NS.get()
    ));
    semihosting::exit(crate::exit::FORWARD_FAILED)
}

impl Context<'_> {
    fn registers(&self) -> Registers {
        let mut registers = [0; 16];
        registers[..4].copy_from_slice(&self.frame.low);
        registers[4..12].copy_from_slice(self.saved);
        registers[12] = self.frame.r12;
        let padding = if self.frame.xpsr & FRAME_ALIGNED != 0 { 4 } else { 0 };
        let frame_end = &raw const *self.frame as u32 + size_of::<Frame>() as u32;
        registers[SP] = frame_end + padding;
        registers[14] = self.frame.lr;
        registers[PC] = self.frame.pc;
        registers
    }

    /// Sets a general register; writes to the stack pointer and the program counter are ignored.
    pub fn set_register(&mut self, register: u8, value: u32) {
        match usize::from(register) {
            index @ 0..=3 => self.frame.low[index] = value,
            index @ 4..=11 => self.saved[index - 4] = value,
            12 => self.frame.r12 = value,
            14 => self.frame.lr = value,
            _ => {}
        }
    }

    /// Value of a general register.
    #[must_use]
    pub fn register(&self, register: u8) -> u32 {
        self.registers()[usize::from(register) & 15]
    }
}
