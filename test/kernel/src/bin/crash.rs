//! A supervisor that faults in the first boot, and tells in the next one what the kernel left.
#![cfg_attr(target_os = "none", no_std, no_main)]

use sys_abi::CrashRecord;
use test_kernel::misbehave::{Kind, perform};
use test_kernel::report;
use test_kernel::uart::Uart;
use userlib::{kipc, peripheral, region};

userlib::entry!(main);

/// Where there is no memory.
const NOWHERE: u32 = 0xC0DE_0000;

fn main() -> ! {
    let (base, bytes) = region!("crash");
    // SAFETY: the region is mapped read-only for this task, and nothing writes it while tasks run.
    let left = unsafe { userlib::arch::linked_bytes(base as u32, bytes as u32) };
    match CrashRecord::find(left) {
        None => perform(Kind::ReadWord, NOWHERE),
        Some(record) => {
            // SAFETY: the manifest gives this task the UART, and no other.
            let mut uart = unsafe { Uart::new(peripheral!("uart0")) };
            report::crash(&mut uart, &record);
        }
    }
    kipc::reset()
}
