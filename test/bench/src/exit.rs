//! Exit codes of the emulator process that the bench chooses itself.
//!
//! The product chooses its own with the host link (`KIND_EXIT`), below 64 by convention.

/// An exception in the bench itself: a defect of the bench.
pub const BENCH_FAULT: u32 = 97;
/// A panic in the bench itself.
pub const BENCH_PANIC: u32 = 98;
/// The time limit of the parameter block is over.
pub const TIME_LIMIT: u32 = 99;
/// The Non-secure side faulted in a way that cannot be handed back to it.
pub const FORWARD_FAILED: u32 = 96;
/// Core 1 did not start or does not answer.
pub const CORE1_SILENT: u32 = 95;
