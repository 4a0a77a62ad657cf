//! The measured server: answers with what it got, by reply-and-receive.
//!
//! Op 0 echoes as many bytes as the caller has room for; op 1 first borrows 64 bytes from lease 0.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::measure::{OP_BORROW, PAYLOAD_BYTES};
use userlib::{Received, notification, sys_borrow_read, sys_set_recv};

userlib::entry!(main);

fn main() -> ! {
    let mut buffer = [0u32; PAYLOAD_BYTES / 4].map(u32::to_ne_bytes);
    let mut lent = [0u32; PAYLOAD_BYTES / 4].map(u32::to_ne_bytes);
    let mut receiver = sys_set_recv(buffer.as_flattened_mut(), notification!("wake"));
    let answer = [0u32; PAYLOAD_BYTES / 4].map(u32::to_ne_bytes);
    let answer = answer.as_flattened();
    let mut received = receiver.recv();
    loop {
        received = match received {
            Received::Notification(_) => receiver.recv(),
            Received::Message(message) => {
                if message.op == OP_BORROW {
                    let _ = sys_borrow_read(message.sender, 0, 0, lent.as_flattened_mut());
                }
                let len = message.reply_capacity.min(PAYLOAD_BYTES);
                receiver.reply_recv(message.sender, 0, &answer[..len])
            }
        };
    }
}
