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
//! This node has no events yet, so a poll ends at its time-out or with the handle.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod node;

pub use node::{Config, GraphResult, Node, Upstream};
