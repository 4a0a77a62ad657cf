//! Reply-and-receive: one kernel entry per served message instead of two.

use crate::arch;
use crate::ipc::{Received, received};
use crate::lease::address_of;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use sys_abi::{RecvMode, Sysnum, TaskId};

/// The buffer address that the kernel has on record for this task.
static REGISTERED: AtomicUsize = AtomicUsize::new(0);

/// A receive buffer and mask that the kernel knows, so that [`Receiver::reply_recv`] passes only
/// the reply.
///
/// It holds the mutable borrow of the buffer: between two receives the bytes can be read through
/// [`Receiver::buffer`], during a receive nobody else can touch them.
pub struct Receiver<'a> {
    buf: &'a mut [u8],
    mask: u32,
}

/// Registers `buf` and `mask` for reply-and-receive.
pub fn sys_set_recv(buf: &mut [u8], mask: u32) -> Receiver<'_> {
    let receiver = Receiver { buf, mask };
    receiver.register();
    receiver
}

/// Replies to `peer` and waits for the next message or notification, in one kernel entry.
pub fn sys_reply_recv(
    receiver: &mut Receiver<'_>,
    peer: TaskId,
    code: u32,
    msg: &[u8],
) -> Received {
    receiver.reply_recv(peer, code, msg)
}

impl Receiver<'_> {
    /// The bytes of the latest message, and whatever was there before behind them.
    pub fn buffer(&mut self) -> &mut [u8] {
        self.buf
    }

    /// Waits for a message or a notification.
    #[inline]
    pub fn recv(&mut self) -> Received {
        let address = address_of(self.buf.as_mut_ptr());
        let mode = RecvMode::Open as u32;
        // SAFETY: the buffer is mutably borrowed by `self`.
        received(unsafe { arch::svc_recv([address, self.buf.len() as u32, self.mask, mode, 0]) })
    }

    /// Replies to `peer` and waits for the next message or notification.
    #[inline]
    pub fn reply_recv(&mut self, peer: TaskId, code: u32, msg: &[u8]) -> Received {
        // Another receiver may have registered itself since: the kernel must not write there.
        if REGISTERED.load(Relaxed) != self.buf.as_ptr().addr() {
            self.register();
        }
        let args = [peer.0, code, address_of(msg.as_ptr()), msg.len() as u32];
        // SAFETY: the registered buffer is mutably borrowed by `self`, the reply is borrowed.
        received(unsafe { arch::svc_reply_recv(args) })
    }

    fn register(&self) {
        let address = address_of(self.buf.as_ptr());
        // SAFETY: the kernel writes the buffer only in `reply_recv`, which checks that it is ours.
        unsafe {
            arch::svc(Sysnum::SetRecv, [address, self.buf.len() as u32, self.mask, 0, 0]);
        }
        REGISTERED.store(self.buf.as_ptr().addr(), Relaxed);
    }
}
