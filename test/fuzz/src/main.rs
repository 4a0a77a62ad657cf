//! The fuzz target: any bytes are a walk of the kernel beside its specification
//! (`sys_kern::spec::duel`); a difference or a panic is a finding.
//!
//! libFuzzer mutates the bytes towards paths of the kernel that it has not seen. `cargo test -p
//! sys-kern` replays the corpus and walks fixed seeds through the same function, on any toolchain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::atomic::{AtomicU64, Ordering};
use sys_kern::spec::duel;

/// System calls so far, and how many of them are worth a line.
static CALLS: AtomicU64 = AtomicU64::new(0);
const CALLS_PER_LINE: u64 = 1_000_000;

fuzz_target!(|bytes: &[u8]| {
    let walk = duel::run(bytes).unwrap_or_else(|difference| panic!("{difference}"));
    let before = CALLS.fetch_add(walk.calls, Ordering::Relaxed);
    let after = before + walk.calls;
    if before / CALLS_PER_LINE != after / CALLS_PER_LINE {
        eprintln!("{after} system calls");
    }
});
