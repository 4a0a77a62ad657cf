//! What a task is made of: start-up, system calls, kernel IPC, linked configuration, panic.
//!
//! Names follow Hubris (`sys_send`, `sys_recv_open`, `sys_borrow_read`, ...). Everything that is
//! `unsafe` lives in [`arch`], which exports the same names for the target and for the host; on
//! the host a system call panics, so that task crates compile, lint and unit-test there while
//! only their pure parts run.
//!
//! # Why
//! * Types instead of registers: a dead peer is an `Err(DeathRecord)`, a lease borrows the memory
//!   that it lends for exactly as long as the call lasts, and received bytes cannot be touched
//!   while the kernel may write them.
//! * The macros that read linked constants expand to inline assembly inside this crate's hygiene,
//!   so that task crates keep `#![forbid(unsafe_code)]`.
//!
//! ```no_run
//! userlib::entry!(main);
//!
//! fn main() -> ! {
//!     let mut buffer = [0; 16];
//!     loop {
//!         match userlib::sys_recv_open(&mut buffer, 0) {
//!             userlib::Received::Message(message) => userlib::sys_reply(message.sender, 0, &[]),
//!             userlib::Received::Notification(_) => {}
//!         }
//!     }
//! }
//! ```
#![cfg_attr(target_os = "none", no_std)]

mod answers;
pub mod arch;
mod borrow;
mod ipc;
mod irq;
pub mod kipc;
mod lease;
mod linked;
#[cfg(target_os = "none")]
mod panic;
mod receiver;
mod time;
mod watch;

pub use arch::{TaskCell, wait_for_interrupt};
pub use borrow::{BorrowInfo, Defect, sys_borrow_info, sys_borrow_read, sys_borrow_write};
pub use ipc::{
    Message, Received, sys_panic, sys_post, sys_recv_closed, sys_recv_notification, sys_recv_open,
    sys_refresh_task_id, sys_reply, sys_reply_fault, sys_send,
};
pub use irq::{sys_irq_control, sys_irq_control_clear_pending, sys_irq_status};
pub use lease::Lease;
pub use receiver::{Receiver, sys_reply_recv, sys_set_recv};
pub use sys_abi::{
    CODE_DISCONNECTED, CODE_RESERVED_FIRST, Cause, DeathRecord, Disconnect, Edge, FORWARD_BYTES,
    FaultInfo, FaultSource, Generation, IrqStatus, LeaseAttributes, ReplyFaultReason, SchedState,
    TaskId, TaskIndex, TaskState, TaskStats, UsageError, WatchEvent,
};
pub use time::{Alarm, TimerState, sys_get_timer, sys_set_timer};
pub use watch::sys_watch_next;
