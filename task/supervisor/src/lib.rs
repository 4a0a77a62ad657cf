#![cfg_attr(target_os = "none", no_std)]
//! Who lives, who comes back, and when: the policy of the whole system, as a pure state machine.
//!
//! The kernel ends lives and tells the peers; it knows no policy. This crate decides what follows:
//! whose hardware must be made quiet first, when the next life may begin, who dies along, what the
//! others are told. [`Supervisor::step`] takes one event and gives actions; `main.rs` performs them.
//! It sends to nobody but the kernel, so no task can hold it up: everything else comes to it as a
//! call, and what it has to say goes out as a notification or an edge.
//!
//! # Why one state machine for all tasks
//! Removal, crash, hang, unplug and the loss of power differ only in the cause. Each ends in the
//! same path (dead, quiet, back), so there is one path, and a second event on the way (removed
//! twice, dies while being removed) finds the task already on it and changes nothing.
//!
//! # What it does on each edge of each peer
//! | peer | died | quiet | ready | other |
//! |---|---|---|---|---|
//! | power | throws the kill switch, kills what lives on the domain (DependencyLost), forgets the module, restarts power, then frames, isp, sensor in this order | at once: it has no DMA | lets the tasks of the domain start if a module is present | `presence(absent)`: kills the tasks of the domain (Unplugged); late or double `quiesced`: NotPending |
//! | isp, sensor (`quiesce = "power"`) | posts `quiesce` to power; bound passed: kill switch, all of the domain Failed | published after `quiesced`; then restart, Absent, Stopped or Failed | published | `lost`, or a caller cannot decode its answer: killed (Faulted); removal: `removing`, killed at the bound; two lives in a row find fault with one caller: that is killed (Faulted) |
//! | any other | restart after its delay; the domain's tasks wait for more important ones that are on their way back | at once | published | too many deaths: Failed |
//! | itself | the kernel resets the machine; the next boot begins its story with the crash record | | | |
//!
//! # Bounds
//! [`TASKS_MAX`] tasks, [`STORY_EVENTS`] events kept, [`DEATHS_MAX`] deaths remembered per task,
//! [`REMOVING_US`] for an orderly removal, the quiesce bound from `app.toml`.
#![forbid(unsafe_code)]

mod calls;
mod endings;
mod event;
mod hang;
mod life;
mod policy;
mod story;
mod supervise;
#[cfg(test)]
mod tests;

pub use event::{Action, Config, Event};
pub use hang::{KEEP_US, SCAN_US};
pub use policy::{DEATHS_MAX, Policy, Tables};
pub use story::STORY_EVENTS;
pub use supervise::{REMOVING_US, Supervisor, TASKS_MAX};
