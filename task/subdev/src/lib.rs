//! A subdevice node: what /dev/v4l-subdevN is to a Linux client.
//!
//! # Why
//! Active formats belong to the graph, because a running pipeline is validated against them; try
//! formats belong to a handle, because they are nobody else's business. So the node keeps one
//! state per handle and asks the graph for everything else. Which entity it stands for is asked
//! at each open: a handle lives as long as that entity, and ids are not reused.
//!
//! # Each edge of each peer
//! `driver` is the isp, or for the sensor's node the sensor.
//!
//! | edge | driver | graph | client |
//! |---|---|---|---|
//! | `removing` | opens and operations answer `NoDevice` | as driver | nothing |
//! | `died` | all waiters and handles: the record | as driver | its handles are closed |
//! | `quiet` | nothing | nothing | nothing |
//! | `ready` | opens are served when both are back | as driver | nothing |
//!
//! # Events and controls
//! Frame starts come from the driver as the notification `frame-sync`; which frame it was is asked
//! only if a handle has subscribed. Controls are the driver's: each call goes to it, the node keeps
//! no value, so after a removal there is no stale one to answer with.
//!
//! A poll ends with an event, at its time-out, or with the handle.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod driver;
mod node;

pub use driver::{Driver, sensor_refused};
pub use node::{Config, EVENTS_MAX, GraphResult, Node, Upstream};
