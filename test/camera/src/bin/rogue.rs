//! The rogue of the negative control of S8: a task that maps the ISP and touches it again and
//! again, as a driver would that handles its own removal and gets it wrong.
#![cfg_attr(target_os = "none", no_std, no_main)]

use drv_isp_regs::{Block, main_block};
use test_camera::clock;
use test_camera::mmio::Registers;
use userlib::{notification, peripheral};

userlib::entry!(main);

/// Between two touches, in microseconds.
const PAUSE_US: u64 = 5_000;

fn main() -> ! {
    // SAFETY: `uses = ["isp"]` maps that block there.
    let isp = unsafe { Registers::new(peripheral!("isp"), Block::Main) };
    loop {
        clock::sleep_us(PAUSE_US, notification!("timer"));
        let _ = isp.read(&main_block::REVISION, 0);
    }
}
