#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]
//! The ledger of frame buffers and the DMA windows: what `frames` decides.
//!
//! Each buffer of each pool has exactly one owner. A buffer that the hardware owns has exactly one
//! window of the DMA firewall, over its own bytes and no others; no other buffer has one. So a
//! driver that has gone mad cannot make the hardware touch a picture that somebody looks at.
//!
//! ```text
//!              queue              start_dma                finish_dma
//!   Client ────────────► Queued ────────────► Hardware ────────────────► Done
//!   ▲ ▲ ▲                  │                     │ driver died            │ │
//!   │ │ └──── cancel ──────┘                     ▼                        │ │
//!   │ └─────────────────────────────────── Quarantined                    │ │
//!   │      quiet(generation), cancelled                                   │ │
//!   └───────────────────────────── hand_out, cancel ──────────────────────┘ ┘
//! ```
//!
//! | call | by whom | from |
//! |---|---|---|
//! | queue, hand_out, cancel | the node that attached the pool | Client; Done; Queued or Done |
//! | let_go | the node that attached the pool, for the client that holds it | Client |
//! | share | the node that attached the pool, for a reader | Done or Client |
//! | unshare | the node that attached the pool, for a reader that holds it | Done, Client or imported |
//! | import, release | another node, on behalf of the client that holds it | Client; Queued or Done |
//! | attach | any task but a driver, if no live one has the pool; a driver alone if it is one of tables | - |
//! | start_dma, start_read, finish_dma | a driver; finish by the life that started | Queued; Hardware |
//! | shut_windows | power | changes windows only |
//!
//! | edge | of the driver | of a node | of a client |
//! |---|---|---|---|
//! | removing | nothing | nothing | nothing |
//! | died | its Hardware buffers become Quarantined, windows stay until shut | its pools are unattached; Queued and Done become Client; what it imported is its holder's again, once hardware has let go | what it held or read is no longer its own |
//! | quiet | windows still open are shut, then Quarantined becomes Client, or Done for an importer | nothing | nothing |
//! | ready | nothing | nothing: it attaches by itself | nothing |
//!
//! # An imported buffer
//! What one node captured, another may read (preview output, then resizer input). The buffer stays in
//! its pool and changes its owner like any other; its slot remembers for whom it moves. Importer and
//! exporter may die in any order: the buffer is the client's again, exactly once.
//!
//! # Readers
//! Beside the client, other tasks may look at the same picture. A buffer with a reader is never
//! queued: `queue` refuses it, so no window can open over it. Who lets go last does not matter:
//! ```text
//!              share A, B        hand_out           A unshare     let_go          B unshare
//!   owner    Done ─────── Done ─────────► Client(c) ──── Client(c) ──► Client(-) ──── Client(-) ─queue─► Queued
//!   readers   -           A B              A B            B             B              -
//! ```
//! `owner` names the client that holds it, else a reader: the one to blame when buffers run dry. Nothing
//! is taken from a reader, neither at stream off nor by the death of node or driver; its own death, and
//! its word through the pool's node, give the buffer back.
//!
//! # Why
//! *One ledger instead of queues that agree.* When a driver dies, nobody has to ask two queues
//! which of them had the buffer: the owner says it, and the owner is kept by a task that has
//! nothing to do with the driver.
//!
//! *A quarantine with a generation.* A dead driver does not stop a DMA engine. What it may still
//! write is given out only when that life's hardware is known to be quiet; the word on a later or
//! earlier life frees nothing.
//!
//! *If this task itself dies*, all windows are shut at its next start, so no engine can write any
//! buffer, and no pool moves before its node has attached it again and said what is held.

mod ledger;
mod pools;
mod slot;

pub use ledger::{Direction, Ledger, OpenWindow, WINDOWS, WindowSet};
pub use pools::{POOLS_MAX, PoolTable};

#[cfg(test)]
mod tests;
