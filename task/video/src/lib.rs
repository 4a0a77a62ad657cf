//! A video node: what /dev/videoN is to a Linux client.
//!
//! # Why
//! The node is the only task that knows the clients of a queue, so it is the one that tells them
//! of a disconnect. It touches no hardware and no pixels: it moves buffers through the ledger
//! (`frames`), asks the graph to start and stop, and gives buffers to the ISP in the order in
//! which they were queued.
//!
//! * [`Formats`]: what this node can hold in memory.
//! * [`Buffers`]: the place of each buffer and the order of the queues; pure data.
//! * [`Node`]: the operations and the disconnect procedure. It calls its peers, and answers
//!   waiting calls, through [`Upstream`], so that it runs on the host with peers of a test's making.
//!
//! ```text
//!   stream:  Off ──stream_on──► On ──stream_off | last close──► Stopping ──Stopped──► Off
//!             ▲                  ▲ └──────── disconnect ──────────┴──► Lost ──quiet──► Off
//!             └──────── Half ────┘  (from memory: until the node at the other end has started it too)
//!   buffer:  Unused ─request─► Client ─queue─► Queued ─► Driver ─► Filled ─dequeue─► Client
//!                                 │ ▲             ▲ └──── stream off ───┘
//!                                 └─queue─► Read ─┘ the last reader lets go
//!                                 └─reclaim── Cancelled ◄──quiet── all of these at a disconnect
//! ```
//! A driver whose block has crashed takes no buffer until the stream is off. A `queue` that it refuses fails, and its
//! buffer stays the client's (V4L2: VIDIOC_QBUF; Linux videobuf2). What was queued before, at a start or while
//! readers looked at it, has been answered, and waits as `Queued` until stream off (V4L2: VIDIOC_STREAMOFF).
//!
//! # From memory to memory
//! A video output node (CCP2 input, preview input, resizer input) queues buffers that the client has
//! filled, or that it holds at another node (`import_buffer`: a transfer in the ledger, no copy). With the
//! capture node at the other end it makes one pipeline: it runs when both have started it, and the end of
//! either stream is the end of both, with `Stopped` for the other one: its waiting client is told
//! `NotStreaming`.
//! A job settles as a unit: both buffers come back with the same number, time and flags. The time is
//! what the client gave with the frame that was read (V4L2: V4L2_BUF_FLAG_TIMESTAMP_COPY).
//!
//! # Who holds a buffer
//! Nothing is taken from a client. A request for buffers that another client holds, perhaps since an
//! earlier life of this node, is refused (`NoBuffers`), and `holder` names it.
//!
//! # Readers
//! Other tasks can have the frames of a capture node too, each with a handle of its own (`subscribe`):
//! ```text
//!   frame ──► client: dequeue_buffer ─► queue_buffer ─────────┐
//!         ├─► must:     next_frame ─► let_go ─────────────────┼─ the last one ─► Queued
//!         └─► may skip: next_frame ─► let_go ─────────────────┘
//!                └─ has max_held frames, taken or not: skipped, and counted in the next one
//! ```
//! A frame is given when it comes, so it counts as held before it is taken. `queue_buffer` of a buffer
//! that somebody reads is accepted; the buffer is at `Read` until the last reader lets go. So a must reader
//! that never does costs the stream one buffer after the other: the waits for frames end with
//! `NoBuffers`, and `holder` names it. Its own death, or its close, gives all back.
//!
//! | | a reader that may skip | a must reader |
//! |---|---|---|
//! | stream off | keeps what it has taken; the rest is skipped | keeps all |
//! | disconnect | keeps what it has taken; the rest is gone; the record | the same |
//! | request_buffers of what it holds | `NoBuffers` for the client | the same |
//! | another stream of the node | its frames come, too | the same |
//!
//! # Calls allowed per handle
//! | handle | allowed |
//! |---|---|
//! | open | all but `reclaim` |
//! | open, reads | as open, but no queue: `request_buffers` answers `Busy` |
//! | ended | `close`, `reclaim`, `let_go`; all others answer the record that ended it |
//!
//! A queue belongs to the handle that requested its buffers and to the handles delegated from it;
//! other handles get `Busy`. It is free again when the last of them is closed.
//!
//! # Each edge of each peer
//! | edge | isp | graph | frames | sensor | client |
//! |---|---|---|---|---|---|
//! | `removing` | opens and operations answer `NoDevice` | as isp | as isp | nothing | nothing |
//! | `died` | all waiters and handles: the record; buffers wait for `quiet` | all waiters and handles: the record; buffers wait until the next graph has stopped the ISP | all waiters and handles: the record; the pipeline is stopped; buffers wait until the pool is attached again | waiters and handles of a stream that it has a part in: the record; buffers wait until the graph has stopped the ISP | its handles are closed, its stream is stopped, what it read goes back |
//! | `quiet` | buffers of that life come back as `Cancelled` | nothing | nothing | nothing | nothing |
//! | `ready` | opens are served when all three are back | as isp | the pool is attached | nothing | nothing |
//!
//! A poll that waits when the handle ends is answered with error, hang-up and priority; every
//! later call, polls included, gets the typed record.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

mod buffers;
mod formats;
mod node;
mod output;
mod readers;
mod reading;
mod stream;
mod upstream;

pub use buffers::{Buffers, Place, Queued};
pub use formats::Formats;
pub use node::{Config, Node};
pub use upstream::{Answer, FramesResult, GraphResult, IspResult, Memory, Upstream};
