//! Where messages really go: the kernel on target, a router of the test's making on the host.
//! Both files export the same names.

#[cfg(not(target_os = "none"))]
pub mod host;
#[cfg(target_os = "none")]
mod kernel;

#[cfg(not(target_os = "none"))]
pub use host::{
    Inbox, borrow_info, borrow_read, borrow_write, receive, refresh, reply, reply_fault, send,
};
#[cfg(target_os = "none")]
pub use kernel::{
    Inbox, borrow_info, borrow_read, borrow_write, receive, refresh, reply, reply_fault, send,
};

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message.
    Message(crate::CallInfo),
    /// Notification bits.
    Notification(u32),
}
