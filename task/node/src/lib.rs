//! What every device node does the same way: handles, waiting calls, and the end of a session.
//!
//! # Why
//! No driver and no node handles removal by itself. A media, a video and a subdev node differ in
//! their operations; what happens to their handles and waiting calls when a peer dies must not
//! differ, so it is here, once, pure, and tested for each cell of the table below. A library of
//! the room `task/` is not a task: it has no `main.rs`, and tasks may depend on it.
//!
//! * [`HandleTable`]: at most `N` open handles, each bound to one life of its holder. The first
//!   [`Disconnect`](idl::types::Disconnect) of a handle sticks.
//! * [`Waiters`]: calls whose reply is deferred, in order of arrival, with their time-outs.
//! * [`Session`]: which peers are needed, which life of each serves, which lives have ended.
//! * [`Disconnects`]: what the node still has to tell the supervisor, once its waiters have their
//!   answers.
//! * [`EventLog`]: the events of the node, and how far each handle has read them; [`Subscriber`]: what
//!   handles do with it; [`PollPeers`]: what is the same for every node whose calls wait in `poll` alone.
//! * [`Base`]: the four together, with the disconnect procedure.
//!
//! # Each edge of each kind of peer
//! A *needed* peer is one without which the node cannot serve (a video node: isp, graph, frames).
//!
//! | edge | needed peer | any other watched task (a client) |
//! |---|---|---|
//! | `removing(g)` | opens and operations answer `NoDevice` from now on; waiting calls go on waiting; `close` works | nothing |
//! | `died(g)`, first news of it | [`Reaction::Disconnect`]: answer all waiters, mark all handles, then tell the supervisor | [`Reaction::Sweep`]: its handles of life `g` and older are closed |
//! | `died(g)`, known already (a call said so first, or a newer life ended) | nothing | sweep again, which finds nothing |
//! | `quiet(g)` | [`Reaction::Quiet`]: buffers that hardware may have held come back | nothing |
//! | `ready(g)`, newer than all that ended | serves again once all needed peers do | nothing |
//! | `ready(g)`, of an ended life | nothing | nothing |
//! | `ready(g)`, while an older life was thought to serve | its death was missed: [`Reaction::Disconnect`], then as above | nothing |
//!
//! ```text
//!            ready(g)                  removing(g)
//!   Away ─────────────► Serving(g) ─────────────────► Removing(g)
//!     ▲                     │ died(g), or a call said so    │
//!     └─────────────────────┴───────────────────────────────┘
//! ```
//!
//! # Order
//! On a disconnect a node first answers all its waiters, and the caller it is serving, and only
//! then sends to anyone: [`Disconnects`] keeps the note until the main loop has replied.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod base;
mod disconnects;
mod errors;
mod events;
mod handles;
mod polls;
mod session;
mod subscribers;
mod waiters;

pub use base::Base;
pub use disconnects::Disconnects;
pub use errors::{frames_refused, graph_refused, isp_refused};
pub use events::{EventLog, Subscription};
pub use handles::{HANDLES_MAX, HandleTable, Open};
pub use polls::PollPeers;
pub use session::{Reaction, Session};
pub use subscribers::Subscriber;
pub use waiters::{WAITERS_MAX, Waiter, Waiters, deadline_us};

/// Why an operation of a node gives no value: an error of its own, or the sticky record.
pub type Refusal = idol_runtime::ipc::Error<idl::types::NodeError>;
