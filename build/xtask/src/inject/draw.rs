//! Faults drawn from a seed: the same seed, the same faults.

use super::class::{Bits, Class, Shot};
use super::memory::Memory;
use super::route::{Halfwords, route};
use super::trace::Trace;
use std::collections::BTreeMap;
use std::ops::Range;

/// Bit numbers are drawn below this; more than there are bits of registers, of an instruction, or
/// of RAM in use.
const BITS: u32 = 1 << 16;
/// How often a site is drawn anew because there is no short route to it, or no memory is alive there.
const TRIES_MAX: u32 = 100;

/// Random numbers: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
/// OOPSLA 2014).
pub struct Draw(u64);

impl Draw {
    /// The numbers of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        (self.next() % u64::from(limit)) as u32
    }
}

/// What sites are drawn from: the instructions of one task that the clean run executed, by address.
///
/// The address is drawn first and one of its executions then. Otherwise the few instructions that
/// copy and compare would get nearly all faults. A bit of memory is one of a byte that is alive there.
pub struct Sites {
    memory: Memory,
    by_address: Vec<Vec<usize>>,
    code: Range<u32>,
    lines: u32,
}

impl Sites {
    /// Instructions in `code` before instruction `end`; device lines below `lines`.
    #[must_use]
    pub fn new(trace: &Trace, memory: Memory, code: &Range<u32>, end: usize, lines: u32) -> Self {
        let mut by_address: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (number, pc) in trace.pcs()[..end.min(trace.len())].iter().enumerate() {
            if code.contains(pc) {
                by_address.entry(*pc).or_default().push(number);
            }
        }
        let by_address = by_address.into_values().collect();
        Self { memory, by_address, code: code.clone(), lines }
    }

    /// Number of different instructions.
    #[must_use]
    pub fn addresses(&self) -> usize {
        self.by_address.len()
    }

    /// Number of executions.
    #[must_use]
    pub fn executions(&self) -> usize {
        self.by_address.iter().map(Vec::len).sum()
    }

    /// `count` faults, the classes in turn. `None` if the task executed nothing.
    #[must_use]
    pub fn draw(
        &self,
        trace: &Trace,
        half: Halfwords<'_>,
        classes: &[Class],
        count: u32,
        seed: u64,
    ) -> Option<Vec<Shot>> {
        let mut draw = Draw::new(seed);
        let mut classes = classes.iter().copied().cycle();
        (0..count).map(|_| self.one(trace, half, classes.next()?, &mut draw)).collect()
    }

    fn one(
        &self,
        trace: &Trace,
        half: Halfwords<'_>,
        class: Class,
        draw: &mut Draw,
    ) -> Option<Shot> {
        let any_bit = draw.below(BITS);
        if class == Class::Unplug {
            return Some(Shot { class, at: draw.below(self.lines.max(1)), bits: Bits::Any(0) });
        }
        if self.by_address.is_empty() {
            return None;
        }
        for _ in 0..TRIES_MAX {
            let executions = &self.by_address[draw.below(self.by_address.len() as u32) as usize];
            let number = executions[draw.below(executions.len() as u32) as usize];
            if route(trace, &self.code, half, number).is_none() {
                continue;
            }
            let bit = match class {
                Class::RamBit => self.alive_bit(number, draw),
                _ => Some(any_bit),
            };
            if let Some(bit) = bit {
                let at = u32::try_from(number).ok()?;
                return Some(Shot { class, at, bits: Bits::Any(bit) });
            }
        }
        None
    }

    /// A bit of a byte that the clean run reads after this instruction, before it writes it.
    fn alive_bit(&self, number: usize, draw: &mut Draw) -> Option<u32> {
        let alive = self.memory.alive(number);
        let count = u32::try_from(alive.len()).ok().filter(|count| *count != 0)?;
        Some(alive[draw.below(count) as usize] + draw.below(u8::BITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(_: u32) -> u16 {
        0xF000
    }

    fn trace() -> Trace {
        let executed: Vec<_> = (0..400)
            .map(|n| match n % 10 {
                0 => 1,
                5 => 1000 + n,
                _ => 2 + n % 7 * 2,
            })
            .collect();
        Trace::of(&executed, 1, 0)
    }

    /// Every instruction has the same byte alive: eight bits from bit 96 on.
    fn sites_of(trace: &Trace, code: &Range<u32>, end: usize, lines: u32) -> Sites {
        let memory = Memory::all_alive(trace.len(), 0x0C);
        Sites::new(trace, memory, code, end, lines)
    }

    #[test]
    fn sites_are_executed_instructions_of_the_task_in_the_window() {
        let trace = trace();
        let sites = sites_of(&trace, &(0..20), 300, 50);
        assert!(sites.executions() > sites.addresses());
        let shots = sites.draw(&trace, &long, &Class::DRAWN, 60, 7).expect("sites");
        for shot in &shots {
            if shot.class == Class::Unplug {
                assert!(shot.at < 50);
            } else {
                assert!(trace.pcs()[shot.at as usize] < 20 && shot.at < 300, "{shot:?}");
            }
            if shot.class == Class::RamBit {
                let alive = matches!(shot.bits, Bits::Any(96..104));
                assert!(alive, "{shot:?}");
            }
        }
        for class in Class::DRAWN {
            assert_eq!(shots.iter().filter(|shot| shot.class == class).count(), 10);
        }
    }

    #[test]
    fn a_seed_gives_the_same_faults_and_another_one_others() {
        let trace = trace();
        let sites = sites_of(&trace, &(0..20), 300, 50);
        assert_eq!(
            sites.draw(&trace, &long, &Class::DRAWN, 20, 3),
            sites.draw(&trace, &long, &Class::DRAWN, 20, 3)
        );
        assert_ne!(
            sites.draw(&trace, &long, &Class::DRAWN, 20, 3),
            sites.draw(&trace, &long, &Class::DRAWN, 20, 4)
        );
    }

    #[test]
    fn a_task_that_executed_nothing_has_no_sites() {
        let trace = trace();
        let sites = sites_of(&trace, &(9000..9001), 300, 50);
        assert_eq!(sites.draw(&trace, &long, &Class::DRAWN, 6, 1), None);
    }

    #[test]
    fn the_generator_is_the_published_one() {
        // First outputs for seed 0, as in the reference implementation of SplitMix64.
        let mut draw = Draw::new(0);
        assert_eq!(draw.next(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(draw.next(), 0x6E78_9E6A_A1B9_65F4);
    }
}
