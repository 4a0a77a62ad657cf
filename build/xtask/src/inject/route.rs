//! The way to instruction N: addresses such that from each stop the next execution of the next
//! address is exactly where the route wants it, and no two neighbours are the same.
//!
//! From the target backwards: the stop before a target must lie behind the target's previous
//! execution. Of all instructions there, the one whose own previous execution is longest ago
//! reaches back farthest; a target that was not executed before is reached from the start.
//!
//! ```text
//!   start ........ x ......... a . y ..... a (target)     previous a < y < target
//!                              ^ next a from here on is the target, once y has been reached
//! ```

use super::trace::Trace;

/// Longest route in stops. A site deep in a loop of few instructions takes a stop per round; such
/// sites are not drawn.
pub const STOPS_MAX: usize = 2000;

/// Addresses to run to, in order; the last one is the target's. `None` if there is no route of at
/// most [`STOPS_MAX`].
#[must_use]
pub fn route(trace: &Trace, target: usize) -> Option<Vec<u32>> {
    let mut stops = Vec::new();
    let mut to = target;
    // The machine stands at instruction 0 when the route begins.
    while to != 0 {
        if stops.len() == STOPS_MAX {
            return None;
        }
        stops.push(trace.pcs()[to]);
        match trace.before(to) {
            None => break,
            Some(before) => {
                to = (before + 1..to).min_by_key(|n| trace.before(*n).map_or(0, |n| n + 1))?;
            }
        }
    }
    stops.reverse();
    Some(stops)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a route as the machine does: from each stop to the next execution of an address.
    fn follow(pcs: &[u32], route: &[u32]) -> usize {
        route.iter().fold(0, |at, pc| {
            assert_ne!(pcs[at], *pc, "a machine does not leave a breakpoint that it stands on");
            let next = pcs[at..].iter().position(|other| other == pc);
            at + next.expect("the route's addresses are executed")
        })
    }

    fn check(pcs: &[u32]) {
        let trace = Trace::of(pcs.to_vec());
        for target in 0..pcs.len() {
            if let Some(route) = route(&trace, target) {
                assert_eq!(follow(pcs, &route), target, "{pcs:?} to {target} by {route:?}");
            } else {
                let before = trace.before(target);
                assert!(before.is_some_and(|before| before + 1 == target), "no route to {target}");
            }
        }
    }

    #[test]
    fn a_route_ends_at_its_instruction() {
        check(&[1, 2, 3, 4]);
        check(&[1, 2, 1, 2, 1, 2, 3, 1]);
        check(&[1, 2, 3, 2, 3, 2, 3, 4, 2, 3, 1, 2, 3]);
        check(&[5, 1, 1, 2]);
    }

    #[test]
    fn routes_through_random_programs_end_at_their_instructions() {
        for seed in 0..200u64 {
            let mut draw = super::super::draw::Draw::new(seed);
            let alphabet = 2 + draw.below(6);
            let mut pcs = vec![99];
            for _ in 0..60 {
                let pc = draw.below(alphabet);
                if pcs.last() != Some(&pc) {
                    pcs.push(pc);
                }
            }
            check(&pcs);
        }
    }

    #[test]
    fn a_route_through_rare_code_is_short() {
        // 100 rounds of a loop, and a rare instruction after each ten.
        let mut pcs = vec![0];
        for round in 0..100 {
            pcs.extend([1, 2, 3]);
            if round % 10 == 9 {
                pcs.push(100 + round);
            }
        }
        let trace = Trace::of(pcs.clone());
        let target = trace.nth(2, 92).expect("executed");
        let route = route(&trace, target).expect("a route");
        assert!(route.len() < 8, "{route:?}");
    }
}
