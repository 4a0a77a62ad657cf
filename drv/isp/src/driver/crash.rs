//! What becomes of a pipeline when one of its blocks hangs in the middle of the stream.
//!
//! ```text
//!   CCDC busy after its limit: marked ──► its pipeline: all buffers back with ERROR, takes none
//!                                │                                         │ stop
//!                 who needs it is refused: Crashed                         ▼
//!                                └────── reset, mark cleared ◄── ended, and it was the last
//! ```
//! Others run on. The pipeline stays the user of its blocks until it is told to stop; a loss of power
//! meanwhile clears the mark, and still it takes no buffer before that (V4L2: `VIDIOC_QBUF`, EIO; Linux
//! omap3isp: until `VIDIOC_STREAMOFF`).

use drv_isp_regs::main_block::IRQ0ENABLE;

use super::Driver;
use crate::program::Blocks;
use crate::registers::Registers;
use crate::stream::{Ledger, Outside};

impl Driver {
    /// Ends the stream of those pipelines that hang, by what events of IRQ0STATUS say. Before these are
    /// handled: the frame that has not ended is not to be called good.
    pub(super) fn poll_crashes<R: Registers, L: Ledger>(
        &mut self,
        events: u32,
        outside: &mut Outside<'_, R, L>,
    ) {
        let mut hanging = Blocks::NONE;
        for running in self.running.iter_mut().flatten() {
            let of_this = running.hanging(events, outside);
            if of_this != Blocks::NONE {
                running.crash(outside, &mut self.outboxes);
            }
            hanging = hanging.and(of_this);
        }
        if hanging == Blocks::NONE {
            return;
        }
        self.crashed = self.crashed.and(hanging);
        // No frame is measured any more.
        self.statistics.stream_pauses();
        outside.registers.write(&IRQ0ENABLE, self.wanted_events());
    }
}
