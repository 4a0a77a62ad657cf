//! What a death costs, in guest instructions: the parts that its four tasks share.
//!
//! | task | prio | role |
//! |---|---|---|
//! | supervisor | 0 | sees the fault, has it quiesced, restarts the victim, prints how many deaths went as they should |
//! | power | 1 | asks what is pending and says that it is quiet, as its namesake in the product does |
//! | victim | 2 | tells when its life begins, waits for a tick, faults |
//! | client0..7 | 3 | only in one of the two images: blocked on the victim; tell the supervisor that they were released |
//!
//! Nobody here reads a clock: `cargo xtask bench` counts in the stream of executed instructions, from
//! the one that faults to the first of the supervisor and to the first of the next life.

/// Lives per image.
pub const SAMPLES: u32 = 24;

/// Ops of the supervisor.
pub mod op {
    /// Victim: a life has begun.
    pub const BEGUN: u16 = 1;
    /// Client, `[1]` or `[0]`: a call ended with a typed reason, or otherwise.
    pub const RELEASED: u16 = 2;
    /// Power: what is pending?
    pub const PENDING: u16 = 3;
    /// Power: it is quiet.
    pub const QUIESCED: u16 = 4;
}

/// Where no memory is.
pub const NOWHERE: u32 = 0xC000_0000;
