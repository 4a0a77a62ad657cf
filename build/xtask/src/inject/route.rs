//! The way to instruction N: from an entry into the Secure state, over instructions of the driver
//! ("stops"), each of which is next executed exactly where the route wants it.
//!
//! From the target backwards: the stop before a target must lie behind the target's previous
//! execution. Of all instructions there, the one whose own previous execution is longest ago
//! reaches back farthest; a target that was not executed since the entry needs no stop before it.
//!
//! ```text
//!   entry ........ x ......... a . y ..... a (target)     previous a < y < target
//!                              ^ next a from here on is the target, once y has been reached
//! ```
//! At a stop the instruction is a branch for a while: two halfwords. So a stop is no instruction of
//! an IT block (a branch is not executed if the condition fails), and if it has one halfword only,
//! the instruction behind it is not reached by another way meanwhile.

use super::trace::Trace;
use std::ops::Range;
use test_bench::injection::STOPS_MAX;

/// What is known of code: the halfword at an address.
pub type Halfwords<'a> = &'a dyn Fn(u32) -> u16;

/// A way to an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Number of the Secure entry at which the first stop is made, since boot, from 1 on.
    pub arm_at: u32,
    /// Addresses of the stops, in order; the last one is the target's.
    pub stops: Vec<u32>,
}

/// The way to instruction `target` over instructions in `code`. `None` if there is no way of at
/// most [`STOPS_MAX`] stops.
#[must_use]
pub fn route(
    trace: &Trace,
    code: &Range<u32>,
    half: Halfwords<'_>,
    target: usize,
) -> Option<Route> {
    let (arm_at, from) = trace.entry_before(target)?;
    let mut stops = Vec::new();
    let mut to = target;
    loop {
        if stops.len() == STOPS_MAX {
            return None;
        }
        stops.push(trace.pcs()[to]);
        let before = trace.before(to).filter(|before| *before >= from);
        let start = before.map_or(from, |before| before + 1);
        if !can_stop(trace, code, half, start, to) {
            return None;
        }
        if before.is_none() {
            break;
        }
        to = (start..to)
            .filter(|stop| can_stop(trace, code, half, *stop, *stop))
            .min_by_key(|stop| trace.before(*stop).map_or(0, |before| before + 1))?;
    }
    stops.reverse();
    Some(Route { arm_at, stops })
}

/// Whether instruction `to` can be a branch while `start..to` are executed.
fn can_stop(
    trace: &Trace,
    code: &Range<u32>,
    half: Halfwords<'_>,
    start: usize,
    to: usize,
) -> bool {
    let pcs = trace.pcs();
    let pc = pcs[to];
    let behind = pc + 2;
    code.contains(&pc)
        && !in_it_block(&pcs[..to], half)
        && (is_long(half(pc)) || !pcs[start..to].contains(&behind))
}

/// Whether the instruction has two halfwords. Arm DDI 0553B, C2.2: the upper five bits tell.
#[must_use]
pub const fn is_long(half: u16) -> bool {
    half >> 11 >= 0b11101
}

/// Whether the instruction after `executed` belongs to an IT block. IT is 0xBFxy with y != 0; the
/// lowest bit that is set in y tells the length. Arm DDI 0553B, C2.4.59.
pub fn in_it_block(executed: &[u32], half: Halfwords<'_>) -> bool {
    const IT_BLOCK_MAX: usize = 4;
    executed.iter().rev().take(IT_BLOCK_MAX).zip(1..).any(|(pc, distance)| {
        let half = half(*pc);
        let mask = u32::from(half & 0xF);
        half & 0xFF00 == 0xBF00 && mask != 0 && distance <= 4 - mask.trailing_zeros()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: u32 = 1;
    const CODE: Range<u32> = 0..1000;
    const LONG: u16 = 0xF000;

    /// Follows a route as the machine does: from each stop to the next execution of an address.
    fn follow(pcs: &[u32], from: usize, route: &Route) -> usize {
        let mut at = from;
        for (number, pc) in route.stops.iter().enumerate() {
            let begin = if number == 0 { at } else { at + 1 };
            let next = pcs[begin..].iter().position(|other| other == pc);
            at = begin + next.expect("the route's addresses are executed");
        }
        at
    }

    fn check(executed: &[u32]) -> usize {
        let trace = Trace::of(executed, ENTRY, 3);
        let half = |_| LONG;
        let mut reached = 0;
        for target in 0..trace.len() {
            if let Some(route) = route(&trace, &CODE, &half, target) {
                let (arm_at, from) = trace.entry_before(target).expect("an entry");
                assert_eq!(route.arm_at, arm_at);
                assert_eq!(follow(trace.pcs(), from, &route), target, "{executed:?} by {route:?}");
                reached += 1;
            }
        }
        reached
    }

    #[test]
    fn a_route_ends_at_its_instruction() {
        assert_eq!(check(&[ENTRY, 2, 4, 6, 8]), 4);
        assert_eq!(check(&[2, ENTRY, 2, 4, 2, 4, 2, ENTRY, 4, 6, 2]), 8);
        assert_eq!(check(&[ENTRY, 2, 4, 6, 4, 6, 4, 6, 8, 4, 6, 2, 4, 6]), 13);
        assert_eq!(check(&[2, 4, 6]), 0);
    }

    #[test]
    fn routes_through_random_programs_end_at_their_instructions() {
        for seed in 0..200u64 {
            let mut draw = super::super::draw::Draw::new(seed);
            let alphabet = 2 + draw.below(6);
            let executed: Vec<_> = std::iter::once(ENTRY)
                .chain((0..80).map(|_| match draw.below(20) {
                    0 => ENTRY,
                    _ => 2 * (1 + draw.below(alphabet)),
                }))
                .collect();
            assert!(check(&executed) > 10, "{executed:?}");
        }
    }

    #[test]
    fn stops_are_made_in_the_drivers_code_only() {
        let trace = Trace::of(&[ENTRY, 2, 2000, 2, 2000], ENTRY, 0);
        let half = |_| LONG;
        assert!(route(&trace, &CODE, &half, 0).is_some());
        // The second 2 needs a stop in between, and there is only foreign code.
        assert!(route(&trace, &CODE, &half, 2).is_none());
        assert!(route(&trace, &CODE, &half, 1).is_none());
    }

    #[test]
    fn instructions_of_an_it_block_are_no_stops() {
        // ITT: the mask 0b0100 has its lowest bit at 2, so two instructions belong to it.
        let half = |pc| if pc == 2 { 0xBF04 } else { LONG };
        let trace = Trace::of(&[ENTRY, 2, 4, 6, 8], ENTRY, 0);
        let reached: Vec<_> = (0..4).map(|to| route(&trace, &CODE, &half, to).is_some()).collect();
        assert_eq!(reached, [true, false, false, true]);
        // NOP is 0xBF00.
        let half = |pc| if pc == 2 { 0xBF00 } else { LONG };
        assert!(route(&trace, &CODE, &half, 1).is_some());
    }

    #[test]
    fn the_instruction_behind_a_short_stop_must_not_be_reached_before_it() {
        let short = |_| 0x4604;
        let trace = Trace::of(&[ENTRY, 6, 4, 6], ENTRY, 0);
        assert!(route(&trace, &CODE, &short, 1).is_none(), "6 would be half of a branch");
        assert!(route(&trace, &CODE, &|_| LONG, 1).is_some());
        assert!(route(&trace, &CODE, &short, 0).is_some());
    }
}
