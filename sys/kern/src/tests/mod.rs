//! The kernel over a simulated machine.
//!
//! | module | does |
//! |---|---|
//! | `world`, `steps` | build an image; take one step and check the invariants |
//! | `lives`, `leases` | scripted cases |
//! | `search` | visits every state that a few tasks can reach in all their lives |
//! | `random` | walks far, with many steps; any registers |
//! | `duels` | compares with the executable specification ([`crate::spec`]) |
//! | `controls` | breaks promises, and wants the others to say so |

mod controls;
mod duels;
mod leases;
mod lives;
mod random;
mod search;
mod steps;
mod world;

use crate::negative::Promise;
use std::cell::Cell;

thread_local! {
    static BROKEN: Cell<Option<Promise>> = const { Cell::new(None) };
}

/// The promise that the kernel breaks on this thread.
pub(crate) fn broken() -> Option<Promise> {
    BROKEN.get()
}
