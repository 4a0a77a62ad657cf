//! Measures every row, prints the figures over UART 0, resets.
#![cfg_attr(target_os = "none", no_std, no_main)]

use test_kernel::measure::{ROWS, instructions};
use test_kernel::report;
use test_kernel::uart::Uart;
use userlib::{kipc, peripheral, slot, sys_refresh_task_id};

userlib::entry!(main);

fn main() -> ! {
    // SAFETY: app.toml gives this task the UART, and no other.
    let mut uart = unsafe { Uart::new(peripheral!("uart0")) };
    let server = sys_refresh_task_id(slot!("server"));
    for row in ROWS {
        if let Some(figure) = instructions(server, row) {
            report::figure(&mut uart, row.id, figure);
        }
    }
    kipc::reset()
}
