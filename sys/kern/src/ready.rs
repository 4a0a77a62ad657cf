//! Sets of tasks by rank: the ready set, and who waits to send to whom.
//!
//! A rank is a task's position in the order of importance, so "the most important member" is the
//! lowest bit, whatever the number of tasks.

use sys_abi::MAX_TASKS;

const WORDS: usize = MAX_TASKS / 32;

/// A set of ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RankSet([u32; WORDS]);

impl RankSet {
    /// The empty set.
    pub const EMPTY: Self = Self([0; WORDS]);

    const fn place(rank: u8) -> (usize, u32) {
        (rank as usize / 32 % WORDS, 1 << (rank % 32))
    }

    /// Adds a rank.
    #[inline(always)]
    pub fn insert(&mut self, rank: u8) {
        let (word, bit) = Self::place(rank);
        self.0[word] |= bit;
    }

    /// Takes a rank out.
    #[inline(always)]
    pub fn remove(&mut self, rank: u8) {
        let (word, bit) = Self::place(rank);
        self.0[word] &= !bit;
    }

    /// Whether the rank is in.
    #[inline(always)]
    #[must_use]
    pub fn contains(&self, rank: u8) -> bool {
        let (word, bit) = Self::place(rank);
        self.0[word] & bit != 0
    }

    /// Whether it has no members.
    #[inline(always)]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let [low, high] = self.0;
        low | high == 0
    }

    /// The most important member.
    #[inline(always)]
    #[must_use]
    pub fn first(&self) -> Option<u8> {
        if self.0[0] != 0 {
            return Some(self.0[0].trailing_zeros() as u8);
        }
        if self.0[1] != 0 {
            return Some(32 | self.0[1].trailing_zeros() as u8);
        }
        None
    }

    /// The most important member that is less important than `rank`.
    #[must_use]
    pub fn after(&self, rank: u8) -> Option<u8> {
        let (word, bit) = Self::place(rank);
        let mut rest = *self;
        rest.0[word] &= !(bit | bit.wrapping_sub(1));
        if word == 1 {
            rest.0[0] = 0;
        }
        rest.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_after_agree_with_a_plain_search() {
        for members in [&[0_u8][..], &[31], &[32], &[63], &[0, 31, 32, 63], &[5, 6, 40], &[]] {
            let mut set = RankSet::EMPTY;
            members.iter().for_each(|rank| set.insert(*rank));
            assert_eq!(set.first(), members.first().copied());
            assert_eq!(set.is_empty(), members.is_empty());
            for rank in 0..64 {
                assert_eq!(set.contains(rank), members.contains(&rank));
                assert_eq!(set.after(rank), members.iter().copied().find(|m| *m > rank));
            }
        }
    }

    #[test]
    fn removal_undoes_insertion() {
        for rank in 0..64 {
            let mut set = RankSet::EMPTY;
            set.insert(rank);
            set.remove(rank);
            assert_eq!(set, RankSet::EMPTY);
        }
    }
}
