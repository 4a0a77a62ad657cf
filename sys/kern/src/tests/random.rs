//! Long random walks, and random registers.

use super::steps::{Step, boot_for_steps, take};
use super::world::*;
use proptest::prelude::*;
use sys_abi::{MAX_TASKS, Sysnum};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_long_walk_keeps_the_invariants(walk in prop::collection::vec(any::<prop::sample::Index>(), 1..300)) {
        let mut kernel = boot_for_steps();
        let steps = Step::all(&kernel);
        for choice in walk {
            let _possible = take(&mut kernel, *choice.get(&steps));
        }
    }

    /// Any registers: the caller may die of it, the kernel and the supervisor may not.
    #[test]
    fn no_registers_harm_the_kernel(
        calls in prop::collection::vec((0..20u32, registers()), 1..60),
    ) {
        let mut kernel = boot_for_steps();
        for (number, args) in calls {
            // Idle must stay runnable, as in an image; the supervisor never runs again.
            if kernel.current().index().0 == TASKS - 1 {
                for task in 1..TASKS - 1 {
                    kernel.reinit(member(0), member(task), true);
                }
                kernel.choose();
            }
            let me = kernel.current();
            let r = &mut kernel.task_mut(me).saved.r;
            r[..7].copy_from_slice(&args);
            r[7] = number;
            kernel.syscall();
            prop_assert!(kernel.task(member(0)).is_live());
            prop_assert!(kernel.task(member(TASKS - 1)).is_live());
        }
    }
}

/// Values that mean something in some register, or anything.
fn registers() -> impl Strategy<Value = [u32; 7]> {
    prop::array::uniform7(prop_oneof![
        0..12u32,
        (0..TASKS, 0..3u32).prop_map(|(index, life)| life << 8 | u32::from(index)),
        (0..TASKS, 0..0x500u32).prop_map(|(index, offset)| ram(index) + offset),
        Just(u32::MAX),
        Just(1 << 16),
        Just(MAX_TASKS as u32),
        any::<u32>(),
    ])
}

#[test]
fn every_number_is_dispatched() {
    for number in Sysnum::ALL {
        let mut kernel = boot_for_steps();
        call(&mut kernel, number, &[]);
    }
}
