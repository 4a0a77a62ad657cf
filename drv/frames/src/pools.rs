//! The pools of this image, as the builder describes them.

use idl::types::{BUFFERS_MAX, Pool};

/// Most pools of an image: seven video nodes, two statistics engines that write to memory, and the tables
/// that hardware reads.
pub const POOLS_MAX: usize = 10;

/// Buffers begin and end at multiples of this, in bytes: the granularity of the DMA windows and of
/// the address registers of the ISP (TRM: 32-byte bursts).
pub const ALIGN_BYTES: u32 = 32;

/// The checked pools.
#[derive(Clone, Copy, Debug)]
pub struct PoolTable {
    pools: [Pool; POOLS_MAX],
    count: usize,
}

impl PoolTable {
    /// Reads the configuration: `regions` holds base and length in bytes of each pool's region,
    /// `buffers` the number of buffers in each.
    ///
    /// # Panics
    /// If the lengths of the two do not fit, a pool has no or more than [`BUFFERS_MAX`] buffers, a
    /// base is not aligned, or a buffer would be empty: the image is wrong and must not run.
    #[must_use]
    pub fn new(regions: &[u32], buffers: &[u32]) -> Self {
        assert!(regions.len() == buffers.len() * 2, "`pools` and `buffers` name different pools");
        assert!(buffers.len() <= POOLS_MAX, "more pools than POOLS_MAX");
        let mut table = Self {
            pools: [Pool { base: 0, buffer_bytes: 0, count: 0 }; POOLS_MAX],
            count: buffers.len(),
        };
        for (pool, (region, &count)) in table.pools.iter_mut().zip(regions.chunks(2).zip(buffers)) {
            *pool = checked(region[0], region[1], count);
        }
        table
    }

    /// The pools.
    #[must_use]
    pub fn as_slice(&self) -> &[Pool] {
        &self.pools[..self.count]
    }
}

fn checked(base: u32, region_bytes: u32, count: u32) -> Pool {
    assert!((1..=BUFFERS_MAX as u32).contains(&count), "a pool of 0 or too many buffers");
    assert!(base.is_multiple_of(ALIGN_BYTES), "a pool's base is not aligned");
    let buffer_bytes = region_bytes / count / ALIGN_BYTES * ALIGN_BYTES;
    assert!(buffer_bytes > 0, "a pool of empty buffers");
    Pool { base, buffer_bytes, count: count as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_cut_into_equal_aligned_buffers() {
        let table = PoolTable::new(&[0x8001_0000, 2_457_600, 0x8030_0000, 1000], &[4, 3]);
        assert_eq!(
            table.as_slice(),
            [
                Pool { base: 0x8001_0000, buffer_bytes: 614_400, count: 4 },
                Pool { base: 0x8030_0000, buffer_bytes: 320, count: 3 },
            ]
        );
    }
}
