//! What a death costs, in guest instructions: the parts that its four tasks share.
//!
//! | task | prio | role |
//! |---|---|---|
//! | supervisor | 0 | meter: sees the fault, has it quiesced, restarts the victim, prints |
//! | power | 1 | asks what is pending and says that it is quiet, as its namesake in the product does |
//! | victim | 2 | tells when its life begins, waits for a tick, faults |
//! | client0..7 | 3 | only in one of the two images: blocked on the victim; tell the supervisor that they were released |
//!
//! The victim reads the clock and faults by a read of an address that holds that time, so the fault
//! itself says when it happened. The clock has whole microseconds; [`SAMPLES`] lives of different
//! length make the average exact to an instruction or two. What reading the clock costs is measured
//! and taken off.

use userlib::sys_get_timer;

/// Lives per row.
pub const SAMPLES: u32 = 128;

/// Ops of the supervisor.
pub mod op {
    /// Victim, `[time]`: a life has begun at that time.
    pub const BEGUN: u16 = 1;
    /// Client, `[1]` or `[0]`: a call ended with a typed reason, or otherwise.
    pub const RELEASED: u16 = 2;
    /// Power: what is pending?
    pub const PENDING: u16 = 3;
    /// Power: it is quiet.
    pub const QUIESCED: u16 = 4;
}

/// Where no memory is; its lower bits take the time.
const NOWHERE: u32 = 0xC000_0000;

const TIME_MASK: u32 = 0x00FF_FFFF;

/// The address that stands for a time.
#[must_use]
pub const fn address(time_us: u64) -> u32 {
    NOWHERE | time_us as u32 & TIME_MASK
}

/// Microseconds from the time in an address to `now_us`, if it is one and lies in the same tick.
#[must_use]
pub const fn since(address: u32, now_us: u64) -> Option<u32> {
    if address & !TIME_MASK != NOWHERE {
        return None;
    }
    let passed_us = (now_us as u32).wrapping_sub(address) & TIME_MASK;
    let into_tick_us = (now_us % TICK_US) as u32;
    if passed_us <= into_tick_us { Some(passed_us) } else { None }
}

const TICK_US: u64 = 1000;

/// Nanoseconds of virtual time per instruction at `shift=6`.
const NS_PER_INSTRUCTION: u64 = 64;

/// Calls of the clock that are averaged.
const CLOCK_READS: u64 = 500;

/// Samples of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    count: u32,
    sum_us: u64,
}

impl Samples {
    /// Adds one.
    pub fn add(&mut self, sample_us: u32) {
        self.count += 1;
        self.sum_us += u64::from(sample_us);
    }

    /// How many.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Their average in instructions, without `overhead_ns`.
    #[must_use]
    pub fn instructions(&self, overhead_ns: u64) -> u32 {
        let mean_ns = self.sum_us * 1000 / u64::from(self.count.max(1));
        let instructions = mean_ns.saturating_sub(overhead_ns) + NS_PER_INSTRUCTION / 2;
        (instructions / NS_PER_INSTRUCTION) as u32
    }
}

/// Nanoseconds from one reading of the clock to the next, ticks included (a few in a thousand).
#[must_use]
pub fn clock_overhead_ns() -> u64 {
    let start_us = sys_get_timer().now_us;
    for _ in 0..CLOCK_READS {
        let _now = sys_get_timer();
    }
    (sys_get_timer().now_us - start_us) * 1000 / (CLOCK_READS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_its_time() {
        assert_eq!(since(address(5_000_100), 5_000_117), Some(17));
        assert_eq!(since(address(0x1_00FF_FFFF), 0x1_0100_0002), Some(3));
        assert_eq!(since(address(5_000_990), 5_001_003), None);
        assert_eq!(since(0x1234, 5_000_117), None);
    }

    #[test]
    fn the_average_is_in_instructions() {
        let mut samples = Samples::default();
        [12, 13, 13, 14].into_iter().for_each(|sample_us| samples.add(sample_us));
        assert_eq!((samples.count(), samples.instructions(3600)), (4, 147));
    }
}
