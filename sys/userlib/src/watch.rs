//! Watches: what happened to the peers that the manifest says this task watches.

use crate::arch;
use sys_abi::{Cause, Edge, Generation, Sysnum, TaskIndex, WatchEvent};

/// Takes one event out of this task's watches; `None` when all are drained.
///
/// Events of one peer come in the order in which they happened. Each watch keeps a bounded number;
/// when a task lets them pile up, `removing`, `quiet` and `ready` of older lives give way first, and
/// a gap in the generations of `died` tells how many lives ended unseen.
#[inline]
pub fn sys_watch_next() -> Option<WatchEvent> {
    // SAFETY: no memory is involved.
    let [status, peer, edge, generation, cause] = unsafe { arch::svc(Sysnum::WatchNext, [0; 5]) };
    if status == 0 {
        return None;
    }
    Some(WatchEvent {
        peer: TaskIndex(peer as u8),
        edge: Edge::from_code(edge)?,
        generation: Generation(generation),
        cause: Cause::from_code(cause)?,
    })
}
