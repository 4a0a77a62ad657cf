//! Whether the sensor sends, as its registers say, which core 0 writes whenever it likes.
//!
//! ```text
//!   RESTART, PAUSE   a frame in progress     no frame in progress
//!   0, any           goes on to its end      the next one begins, if CHIP_ENABLE is set
//!   1, 0             is given up             the same, and RESTART becomes 0
//!   1, 1             is given up             none begins
//! ```

use crate::shared::{Shared, gate};
use core::sync::atomic::Ordering::SeqCst;
use drv_isp_regs::sensor::{OUTPUT_CONTROL, RESTART, output_control, restart};

/// Looks at a sensor that is being stopped and started, before it counts as stopped.
pub(super) const SENDING_READS_MAX: usize = 8;

/// Has it power and a clock?
pub(super) fn sensor_powered(shared: &Shared) -> bool {
    shared.gates.load(SeqCst) & gate::SENSOR != 0
}

/// Does the sensor start another frame?
#[must_use]
pub fn sensor_sends(shared: &Shared) -> bool {
    let output = shared.sensor(OUTPUT_CONTROL.sensor_index()).load(SeqCst);
    sensor_powered(shared)
        && output_control::CHIP_ENABLE.is_set(output)
        && !is_paused(restarts(shared))
}

/// Is the frame in progress to be given up?
pub(super) fn restart_wanted(shared: &Shared) -> bool {
    restart::RESTART.is_set(restarts(shared))
}

fn restarts(shared: &Shared) -> u32 {
    shared.sensor(RESTART.sensor_index()).load(SeqCst)
}

/// Does a restart stay before the first row? To pause is nothing without one.
fn is_paused(restarts: u32) -> bool {
    restart::PAUSE.is_set(restarts) && restart::RESTART.is_set(restarts)
}

/// A frame begins: the restart that was asked for has happened, unless core 0 has asked for another one, with
/// a pause, since the sensor was seen to send.
pub(super) fn end_restart(shared: &Shared) {
    let word = shared.sensor(RESTART.sensor_index());
    let ended = |restarts| (!is_paused(restarts)).then_some(restart::RESTART.put(restarts, 0));
    let _ = word.fetch_update(SeqCst, SeqCst, ended);
}

/// Does the sensor send, and how many stops came before? Core 0 stops and starts it whenever it likes; both
/// answers are of one moment, or a frame would be counted with those of a start that it does not belong
/// to. A sensor that changes each time does not send: core 0 rings after each change.
pub(super) fn sending(sends: impl Fn() -> bool, stops: impl Fn() -> u32) -> (bool, u32) {
    let mut before = stops();
    for _ in 0..SENDING_READS_MAX {
        let now_sends = sends();
        let after = stops();
        if after == before {
            return (now_sends, after);
        }
        before = after;
    }
    (false, before)
}
