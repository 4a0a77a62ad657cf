//! A client: less important than the suite, which it asks for a system call, makes it, and reports
//! the results with the next question.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::fp;
use test_kernel::misbehave::{Kind, perform, raw_call};
use test_kernel::protocol::{BUFFER_BYTES, bytes, client, word};
use userlib::{TaskId, sys_refresh_task_id, sys_send};

userlib::entry!(main);

fn main() -> ! {
    let suite = sys_refresh_task_id(userlib::slot!("suite"));
    // The suite reaches these through this client's system calls, so it needs the permission.
    let _ = (userlib::slot!("assist"), userlib::slot!("idol"));
    let mut buffer = [0u8; BUFFER_BYTES];
    let mut results = [0; 6];
    loop {
        let [r4, r5, r6, r7, r8, r9] = results;
        let address = buffer.as_mut_ptr().expose_provenance() as u32;
        let report: [u8; 32] = bytes([r4, r5, r6, r7, r8, r9, address, BUFFER_BYTES as u32]);
        let mut command = [0; 32];
        if sys_send(suite, client::NEXT, &report, &mut command, &[]).is_err() {
            // The suite died: its next life makes this client anew.
            userlib::sys_panic(b"the suite is gone");
        }
        if word(&command, 0) == client::SPIN {
            perform(Kind::Spin, 0);
        }
        let args: [u32; 7] = core::array::from_fn(|index| word(&command, index + 1));
        results = match word(&command, 0) {
            client::FP_SPIN => {
                let [turns, seed, ..] = args;
                [fp::spin(turns, &fp::pattern(seed)), 0, 0, 0, 0, 0]
            }
            client::SEND_THEN_MISBEHAVE => {
                let [id, op, kind, argument, ..] = args;
                let sent = sys_send(TaskId(id), op as u16, &[], &mut command, &[]);
                if let Some(kind) = Kind::from_code(kind) {
                    perform(kind, argument);
                }
                [sent.is_err().into(), 0, 0, 0, 0, 0]
            }
            number => raw_call(number, args),
        };
    }
}
