//! The kernel over a simulated machine.
//!
//! `duels` compares it with the executable specification ([`crate::spec`]); `world` builds an image, `lives` has the scripted cases, `search` visits every state that a few
//! tasks can reach and checks the invariants in each, `random` walks far with many steps.

mod duels;
mod lives;
mod random;
mod search;
mod steps;
mod world;
