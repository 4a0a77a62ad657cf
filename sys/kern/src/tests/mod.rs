//! The kernel over a simulated machine.
//!
//! `world` builds it, `lives` has the scripted cases, `search` visits every state that a few
//! tasks can reach and checks the invariants in each, `random` walks far with many steps.

mod lives;
mod random;
mod search;
mod steps;
mod world;
