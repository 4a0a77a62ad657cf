//! A node of a statistics engine: what /dev/v4l-subdev5 (AEWB), 6 (AF) and 7 (histogram) of the
//! OMAP3 ISP are to a Linux client. It decides; `main.rs` acts.
//!
//! ```text
//!   client           node                                   isp                    hardware
//!   configure ─────► configure ───────────────────────────► checks, keeps
//!   enable ────────► enable, then every buffer it has ────► arms one per frame ──► measures
//!                    ◄─ statistics-done, statistics_next ── window shut ◄───────── done
//!   ◄─ event ─────── keeps it, gives the oldest one back
//!   request ───────► copies the oldest into the caller's lease, gives the buffer back
//! ```
//!
//! # Why
//! *Copied by lease, not mapped by clients.* V4L2 clients of this engine get a copy, and the buffer
//! is free at once: so no client holds one, there is nothing to sweep and nobody to wait for. A
//! measurement is a few kilobytes. It costs one MPU region of the node instead of one of each client,
//! and anybody may be a client without a line in `app.toml`. The message carries only the label.
//!
//! *Buffers are the ledger's.* H3A writes to a pool of this node like any engine to any pool: one
//! DMA window at a time, over the bytes of one measurement; a driver that dies leaves a quarantine.
//! The histogram has no DMA: its counts are read out through the driver into memory of this node.
//!
//! *An unread measurement gives way.* The engine always has two buffers; the other ones keep the
//! latest measurements, and the oldest is given back for the next one (omap3isp does the same).
//!
//! # Each edge of each peer
//! | edge | isp | graph, frames | client |
//! |---|---|---|---|
//! | `removing` | opens and operations answer `NoDevice` | as isp | nothing |
//! | `died` | all waiters and handles: the record; configuration and measurements are gone | as isp | its handles are closed |
//! | `quiet` | nothing: buffers of a quarantine are taken back at the next `enable` | nothing | nothing |
//! | `ready` | opens are served when all are back | as isp | nothing |
//!
//! The histogram has no ledger buffers but lives by the same table.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod buffers;
mod node;

pub use buffers::{BUFFERS_MAX, Buffers};
pub use node::{Config, EVENTS_MAX, Node, Upstream};
