//! The only `unsafe` of these tasks: where the witness finds bench control.

use drv_isp_regs::Block;
use test_camera::mmio::Registers;

/// Bench control, as mapped to this task.
pub fn bench_control() -> Registers {
    // SAFETY: `uses = ["bench_control"]` of the witness maps that block there.
    unsafe { Registers::new(userlib::peripheral!("bench_control"), Block::BenchControl) }
}
