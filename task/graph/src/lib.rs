//! The media graph: committed links, active pad formats, and the lock of running pipelines.
//!
//! # Why
//! The graph is the one place that knows which entities exist. Drivers describe what they have
//! and keep no graph; nodes ask and keep no copy. So when a driver dies, one task forgets its
//! entities, and nobody holds a reference to them but an id that is never used again.
//!
//! * [`Topology`]: entities, links, formats; pure data with the rules of ids, versions and
//!   exclusive links.
//! * [`pipeline`]: from a video node upstream to the sensor or to memory, and whether the formats fit.
//! * [`Graph`]: members that join and leave, pipelines that start and stop. It calls the drivers
//!   through [`Drivers`], so that it runs on the host with drivers of a test's making.
//!
//! ```text
//!   member:   Away ──ready──► Live ──described──► Joined ──died──► Away     (entities leave, version + 1)
//!   pipeline: free ──start──► locked to the starter's life ──stop | starter died | member died──► free
//! ```
//! A pipeline from memory to memory has a node at each end. The first start locks it, the second one
//! starts the ISP; the stop or the death of either node stops it for both.
//!
//! # Each edge of each peer
//! | edge | isp | sensor | a video node |
//! |---|---|---|---|
//! | `removing` | nothing: its entities serve until it dies, the nodes refuse | as isp | nothing |
//! | `died` | its entities and links leave, version + 1; pipelines are released; the sensor is stopped | its entity and link leave, version + 1; pipelines through it are released and stopped at the isp, those from memory go on | pipelines that it started are stopped and released |
//! | `quiet` | nothing | nothing | nothing |
//! | `ready` | it is described again: new entities, new ids, version + 1 | as isp | nothing |
//!
//! # When the graph itself dies
//! Streams end: the nodes tell their clients. The next life finds every live member again,
//! stops what still runs, and starts from the drivers' defaults (the settings may be the poison).
//! Until all live members are described, operations answer `Rebuilding`.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

pub mod drivers;
mod graph;
pub mod pipeline;
mod running;
mod topology;

pub use drivers::Drivers;
pub use graph::{Graph, RETRY_US};
pub use topology::{ENTITIES_MAX, LINKS_MAX, Member, Node, Topology};
