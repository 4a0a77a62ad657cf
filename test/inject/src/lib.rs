//! The tasks that fault injection plays against: a client that never gives up too early, and a
//! witness that keeps the books about it.
//!
//! | task | prio | role |
//! |---|---|---|
//! | witness | 8 | told of each call before it is made and of each answer; watches the driver's lives and the bench's counts; ends the run |
//! | client | 9 | streams; checks each frame's CRC; on trouble sets up again, in the end has the driver restarted |
//!
//! # Why a task of its own counts
//! A client that counts its own answers cannot notice the answer that never comes. The witness is
//! told of a call *before* it is made, runs on its own timer, and is more important than the
//! client; so a call without an answer, an answer without a call, and two answers for one call
//! are all seen, also when the client is stuck or dead. It also ends the run: a stuck client cannot
//! keep the result from being told.
//!
//! ```text
//!   client --asked n--> witness      client --call--> node ... --result--> client
//!   client --answered n, how--> witness
//!   isp: died, quiet, ready (watch) --> witness: DMA between quiet and ready must be none
//!   client --over, why--> witness --> {"kind":"books",...} --> end of the machine
//! ```
//! What is decided is in plain modules with host tests: [`books`], [`course`], [`expected`].
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

pub mod books;
pub mod course;
pub mod expected;
pub mod line;
pub mod protocol;

/// Exit status of a machine whose witness told its books to the end.
pub const FINISHED: u8 = 10;
