//! The kernel against the executable specification: random images, random walks; and what the
//! fuzzer has found worth keeping.

use crate::spec::duel::{self, Walk};
use proptest::prelude::*;

/// Walks of the property test.
const CASES: u32 = if cfg!(miri) { 3 } else { 2_000 };
/// Steps of its longest walk.
const STEPS: usize = if cfg!(miri) { 30 } else { 250 };
/// Walks of the bounded fuzzing run.
const WALKS: u64 = if cfg!(miri) { 1 } else { 2_000 };
/// Bytes of each.
const WALK_BYTES: usize = if cfg!(miri) { 16 * 30 } else { 16 * 300 };

proptest! {
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A failure shrinks to few plain steps, and prints them.
    #[test]
    fn the_kernel_does_what_is_specified(
        image in any::<[u8; 16]>(),
        steps in prop::collection::vec(any::<[u8; 16]>(), 1..STEPS),
    ) {
        let bytes = [&[image], steps.as_slice()].concat().concat();
        if let Err(difference) = duel::run(&bytes) {
            return Err(TestCaseError::fail(difference.to_string()));
        }
    }
}

/// Bytes that look random, the same for the same seed (Marsaglia, "Xorshift RNGs", 2003).
pub fn bytes_of(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(|_| next()).collect()
}

/// Prints the seed of a walk that panics.
struct OnPanic(u64);

impl Drop for OnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the walk of seed {}", self.0);
        }
    }
}

/// What `cargo xtask fuzz` does with many more, on any toolchain: the same function, other bytes.
#[test]
fn random_bytes_are_walked_without_a_difference() {
    let mut total = Walk::default();
    for seed in 0..WALKS {
        let _seed = OnPanic(seed);
        let walk = duel::run(&bytes_of(seed, WALK_BYTES)).unwrap_or_else(|error| panic!("{error}"));
        total.calls += walk.calls;
        total.deaths += walk.deaths;
        total.halts += walk.halts;
    }
    println!("{WALKS} walks: {total:?}");
    // A walk that goes nowhere would find nothing.
    assert!(total.calls > 40 * WALKS || cfg!(miri), "{total:?}");
    assert!(total.deaths > 4 * WALKS || cfg!(miri), "{total:?}");
    assert!(total.halts > 0 || cfg!(miri), "{total:?}");
}

/// What the fuzzer found worth keeping: few inputs that reach much, and every finding.
#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn the_corpus_of_the_fuzzer_is_walked_without_a_difference() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test/fuzz/corpus/kernel");
    let entries = std::fs::read_dir(folder).expect("the corpus is there");
    let mut calls = 0;
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        let bytes = std::fs::read(&path).expect("a readable file");
        let walk = duel::run(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        calls += walk.calls;
    }
    assert!(calls > 0, "the corpus makes no system call");
}
